"""Levers and rapid response: what is turned, when, and when it is let go."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from sim.core import indicators
from sim.core.errors import WiringError
from sim.engine.world import World
from sim.policy.dials import DialBoard, schedule
from sim.policy.lever_spec import ActionSpec, LeverSpec, TriggerSpec
from sim.trade.permit import FACTOR_DIAL
from tests.fixtures.trade_world import CONSENT, FREE, Maker, build, day, empty_world, plant, route, rule, scenario

DEMAND = {"t_per_year": 365.0, "supply_share": {"CHN": 0.8, "AUS": 0.2}, "stockpile_days": 42.0}
MARKET = {"prices": {"Nd": {"usd_per_kg": 100.0}}, "demand": {"JPN": {"Nd": DEMAND}}, "grid_co2_kg_per_kwh": {}}
SHOCK = {"name": "cut", "metal": "Nd", "source": "CHN", "start": date(2026, 1, 1), "days": 181.0, "supply_factor": 0.25}
WHEN = {"metal": "Nd", "indicator": "shortfall_share", "above": 0.2, "for_days": 30.0}
ALL = [{"release_stockpile_days": 20.0}, {"consent_days_factor": 0.25}, {"commissioning_factor": 0.5}, {"extra_shift": True}]


def response(actions: list[dict[str, Any]], **said: Any) -> dict[str, Any]:
    return {"name": "rapid", "when": WHEN | said.pop("when", {}), "actions": actions} | said


def run(*responses: dict[str, Any], shocks: tuple[dict[str, Any], ...] = (SHOCK,), market: Any = MARKET) -> tuple[World, Any]:
    world, trade, _ = build(scenario(market=market, shocks=list(shocks), responses=list(responses)))
    world.clock.run(world.calendar.days)
    return world, trade


def shortfall_days(world: World) -> float:
    """Loss area [days of full demand]."""
    cells = [cell for key, cell in world.recorder.rows("market") if key[1:] == ("JPN", "Nd")]
    starts = world.calendar.month_starts
    days = [b - a for a, b in pairwise(starts)]
    return indicators.loss_area([cell[4] / cell[0] for cell in cells], days)


def test_a_response_acts_once_its_trigger_has_held_and_lets_go_after() -> None:
    world, trade = run(response(ALL))
    ((started, what), (stopped, then)) = trade.responses[0].log
    assert (what, then) == ("start", "stop")
    # 60 % are missing from January on: known at the end of January, after 31 days; supply is whole again in July
    assert started == pytest.approx(world.calendar.month_starts[13], abs=1e-3)
    assert stopped == pytest.approx(world.calendar.month_starts[19], abs=1e-3)
    turned = {name: value for day, name, value in world.dials.turns if day < started + 1.0}
    assert turned == {
        "borders.consent_days_factor": 0.25,
        "commissioning.finance_factor": 0.5,
        "commissioning.permit_factor": 0.5,
        "commissioning.build_factor": 0.5,
        "plants.Refinery.hours_factor": 1.5,
    }
    assert all(world.dials[name] == 1.0 for name in turned)


def test_nothing_happens_before_the_shock() -> None:
    world, _ = run(response(ALL))
    begin = world.calendar.day_of(SHOCK["start"])
    assert all(day >= begin for day, _, _ in world.dials.turns)
    quiet, _ = run(response(ALL), shocks=())
    assert quiet.dials.turns == []

    def before(each: World) -> list[Any]:
        return [row for row in each.recorder.rows("market") if row[0][0] < 12]

    assert before(world) == before(quiet)


def test_stock_released_fills_as_many_days_as_it_holds() -> None:
    plain, _ = run()
    helped, _ = run(response([{"release_stockpile_days": 20.0}]))
    assert shortfall_days(plain) == pytest.approx(0.6 * 181.0)
    assert shortfall_days(plain) - shortfall_days(helped) == pytest.approx(20.0)
    # asking for more than there is gives all there is
    emptied, _ = run(response([{"release_stockpile_days": 400.0}]))
    assert shortfall_days(plain) - shortfall_days(emptied) == pytest.approx(42.0)


SPIKE = {"name": "spike", "kind": "price_spike", "metal": "Nd", "start": date(2026, 1, 1), "days": 31.0, "price_factor": 3.0}
DEAR = {"indicator": "price_usd_per_kg", "above": 150.0, "for_days": 0.0}  # lets go at the end of February


@pytest.mark.parametrize("actions", [[{"extra_shift": True}], [{"release_stockpile_days": 10.0}]])
def test_a_response_that_stops_leaves_what_another_has_released(actions: list[dict[str, Any]]) -> None:
    """In February 16.8 days are missing: of 30 days released on shortage 13.2 are left when the other response stops."""
    long, short = response([{"release_stockpile_days": 30.0}]), response(actions, name="short", when=DEAR)
    alone, _ = run(long, shocks=(SHOCK, SPIKE))
    both, trade = run(long, short, shocks=(SHOCK, SPIKE))
    assert [each.log[1] for each in trade.responses] == [
        (pytest.approx(both.calendar.month_starts[month], abs=1e-3), "stop") for month in (19, 14)
    ]
    assert shortfall_days(both) == pytest.approx(0.6 * 181.0 - 30.0)
    assert shortfall_days(both) == pytest.approx(shortfall_days(alone))


def test_what_two_responses_release_adds_up_and_each_closes_its_own() -> None:
    """The one that is short allows 10 days first, which are gone by the end of February; 6.8 of the other's 25 are then, too."""
    long, short = response([{"release_stockpile_days": 25.0}]), response([{"release_stockpile_days": 10.0}], name="a", when=DEAR)
    both, _ = run(short, long, shocks=(SHOCK, SPIKE))
    assert shortfall_days(both) == pytest.approx(0.6 * 181.0 - 35.0)


def test_a_control_without_stock_shows_no_benefit() -> None:
    bare = MARKET | {"demand": {"JPN": {"Nd": DEMAND | {"stockpile_days": 0.0}}}}
    plain, _ = run(market=bare)
    helped, _ = run(response([{"release_stockpile_days": 20.0}]), market=bare)
    assert shortfall_days(helped) == shortfall_days(plain)


def test_a_delay_passes_before_it_acts_and_a_trigger_that_lets_go_stops_it() -> None:
    world, trade = run(response([{"extra_shift": True}], delay_days=45.0))
    assert trade.responses[0].log[0][0] == pytest.approx(world.calendar.month_starts[13] + 45.0, abs=1e-3)
    _, late = run(response([{"extra_shift": True}], delay_days=300.0))
    assert late.responses[0].log == []


def test_the_trigger_must_hold_without_a_break() -> None:
    short = SHOCK | {"days": 31.0}
    again = short | {"name": "again", "start": date(2026, 3, 1)}
    _, trade = run(response([{"extra_shift": True}], when={"for_days": 60.0}), shocks=(short, again))
    assert trade.responses[0].log == []
    _, trade = run(response([{"extra_shift": True}], when={"for_days": 59.0}), shocks=(SHOCK,))
    assert trade.responses[0].log


@pytest.mark.parametrize(
    ("indicator", "bound", "starts"),
    [
        ("days_of_cover", {"below": 50.0}, True),
        ("days_of_cover", {"below": 40.0}, False),
        ("price_usd_per_kg", {"above": 150.0}, True),
        ("price_usd_per_kg", {"above": 250.0}, False),
        ("import_dependence_share", {"above": 0.9}, True),
    ],
)
def test_every_indicator_can_be_watched(indicator: str, bound: dict[str, float], starts: bool) -> None:
    when = {key: value for key, value in WHEN.items() if key != "above"} | {"indicator": indicator, "for_days": 0.0} | bound
    _, trade = run({"name": "r", "when": when, "actions": [{"extra_shift": True}]}, shocks=(SHOCK | {"price_factor": 2.0},))
    assert bool(trade.responses[0].log) == starts


def test_two_causes_work_on_one_dial_and_go_one_by_one() -> None:
    world = empty_world()
    world.dials.declare("x", 2.0)
    board = DialBoard(world)
    heard: list[float] = []
    board.listen("x", heard.append)
    board.put("a", "x", 0.5)
    board.put("b", "x", 0.1)
    assert world.dials["x"] == pytest.approx(0.1)
    board.lift("a", "x")
    board.lift("a", "x")
    assert world.dials["x"] == pytest.approx(0.2)
    board.lift("b", "x")
    assert world.dials["x"] == 2.0
    assert heard == pytest.approx([0.5, 0.1, 2.0, 10.0])


def lever(**said: Any) -> LeverSpec:
    return LeverSpec.model_validate({"name": "l", "dial": "x", "start": date(2025, 3, 1), "factor": 0.5} | said)


def test_levers_work_from_their_first_to_their_last_day() -> None:
    world = empty_world()
    world.dials.declare("x", 1.0)
    levers = [
        lever(end=date(2025, 3, 31)),
        lever(name="before", start=date(2020, 1, 1), end=date(2020, 12, 31)),
        lever(name="since long", start=date(2020, 1, 1), factor=3.0),
        lever(name="never", start=date(2040, 1, 1)),
    ]
    schedule(world, DialBoard(world), levers)
    world.clock.run(world.calendar.days)
    assert world.dials.turns == [(0.0, "x", 3.0), (59.0, "x", 1.5), (90.0, "x", 3.0)]


def test_a_lever_and_a_response_of_one_name_work_side_by_side() -> None:
    dial = "plants.Refinery.hours_factor"
    spec = scenario(market=MARKET, shocks=[SHOCK], responses=[response([{"extra_shift": True}])])
    half = lever(name="rapid", dial=dial, start=date(2025, 1, 1))
    world, _, _ = build(spec.model_copy(update={"levers": [half]}))
    world.clock.run(world.calendar.days)
    assert [(name, value) for _, name, value in world.dials.turns] == [(dial, 0.5), (dial, 0.75), (dial, 0.5)]


def test_dials_and_metals_must_exist() -> None:
    world = empty_world()
    with pytest.raises(WiringError, match="'y' is no dial of this scenario"):
        schedule(world, DialBoard(world), [lever(dial="y")])
    with pytest.raises(WiringError, match="no demand for Cu is known in JPN"):
        build(scenario(market=MARKET, responses=[response(ALL, when={"metal": "Cu"})]))


def test_a_lever_hastens_consents_under_way() -> None:
    pair = rule(name="pair", origin="IDN", destination="JPN", rule="consent", consent_days=CONSENT)
    plain = scenario(border_rules=[FREE, pair], routes=[route("magnet", ("Refinery", 1.0))])
    granted = {}
    for name, levers in (("plain", []), ("fast", [lever(dial=FACTOR_DIAL, start=date(2025, 2, 1), factor=0.5)])):
        world, trade, _ = build(plain.model_copy(update={"levers": levers}))
        Maker(world, trade, "Mine", "IDN", "magnet").make_on([0.0], 20_000.0)
        world.clock.run(400.0)
        granted[name] = trade.permits["IDN", "JPN", "magnet", ""].granted_days[0]
    assert granted["plain"] > 60.0
    assert granted["fast"] == pytest.approx(31.0 + (granted["plain"] - 31.0) / 2.0)


def test_specs_of_triggers_and_actions() -> None:
    with pytest.raises(ValueError, match="exactly one of above and below"):
        TriggerSpec.model_validate({"metal": "Nd", "indicator": "days_of_cover", "for_days": 1.0})
    with pytest.raises(ValueError, match="exactly one action"):
        ActionSpec.model_validate({"extra_shift": True, "consent_days_factor": 0.5})


def test_stocks_are_built_while_prices_are_low_and_what_is_held_is_paid() -> None:
    """Price below 150 for a month: the nation means to hold 30 days of a tonne more than its 42."""
    when = {"indicator": "price_usd_per_kg", "above": None, "below": 150.0}
    market = MARKET | {"stockpile_refill_days": 365.0}
    world, _ = run(response([{"build_stockpile_days": 30.0}], when=when), shocks=(), market=market)
    last = [cell for key, cell in world.recorder.rows("market") if key[1:] == ("JPN", "Nd")][-1]
    assert last[3] == pytest.approx(72_000.0)
    paid = {key[1:]: cell[0] for key, cell in world.recorder.rows("payments") if key[1] == "stockpile JPN"}
    assert sum(paid.values()) > 0.0
    assert set(paid) == {("stockpile JPN", "primary suppliers", "stock refill of Nd")}


def test_a_response_costs_what_it_says_and_is_remembered() -> None:
    world, _ = run(response([{"permit_factor": 0.5}], cost_usd=1e6, cost_usd_per_day=1000.0))
    starts = world.calendar.month_starts
    paid = [(key, cell[0]) for key, cell in world.recorder.rows("payments") if key[1] == "government JPN"]
    ((key, usd),) = paid
    assert key == (2026, "government JPN", "response rapid", "response")
    assert usd == pytest.approx(1e6 + 1000.0 * (starts[19] - starts[13]), rel=1e-6)  # February to July
    events = [(name, event) for (name, _, event), _ in world.recorder.rows("responses")]
    assert events == [("rapid", "triggered"), ("rapid", "start"), ("rapid", "stop")]
    assert {name for _, name, _ in world.dials.turns} == {"commissioning.permit_factor"}


def rerouted(*responses: dict[str, Any]) -> dict[str, float]:
    """Mass that two plants at home got: A by route, B only when turned to."""
    spec = scenario(
        plants=[plant("A", "JPN", port="JPYOK"), plant("B", "JPN", port="JPYOK")],
        routes=[route("magnet", ("A", 1.0), ("B", 0.0))],
        market=MARKET,
        shocks=[SHOCK],
        responses=list(responses),
    )
    world, trade, eaters = build(spec)
    Maker(world, trade, "Mine", "JPN", "magnet").make_on([10.0, 470.0, 900.0], 5000.0)
    world.clock.run(world.calendar.days)
    return {name: eater.pile.kg for name, eater in eaters.items()}


def test_material_is_rerouted_while_the_trigger_holds() -> None:
    """Of three loads the second falls into the shortage of January to June 2026."""
    assert rerouted() == {"A": 15_000.0, "B": 0.0}
    turn = response([{"reroute": {"route": "magnet from anywhere", "to": "B"}}])
    assert rerouted(turn) == {"A": 10_000.0, "B": 5000.0}
    with pytest.raises(WiringError, match="has no destination 'C'"):
        rerouted(response([{"reroute": {"route": "magnet from anywhere", "to": "C"}}]))


# shocks on places


def test_a_fire_stops_a_plant_from_its_day_to_its_last_and_is_told() -> None:
    fire = {"name": "fire", "kind": "plant_fire", "plant": "Refinery", "start": date(2026, 3, 10), "days": 30.0}
    world, _ = run(shocks=(fire,))
    begin = float(day(world, 2026, 3, 10))
    assert world.dials.turns == [(begin, "plants.Refinery.hours_factor", 0.0), (begin + 30.0, "plants.Refinery.hours_factor", 1.0)]
    assert [(key, cell) for key, cell in world.recorder.rows("shocks")] == [
        (("fire", "plant_fire", "Refinery"), [begin, begin + 30.0])
    ]


def arrivals(*shocks: dict[str, Any]) -> list[tuple[float, float]]:
    """What came to the refinery from Indonesia, and when."""
    world, trade, eaters = build(scenario(routes=[route("magnet", ("Refinery", 1.0))], shocks=list(shocks)))
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([10.0, 100.0, 200.0], 20_000.0)
    world.clock.run(400.0)
    return eaters["Refinery"].came


@pytest.mark.parametrize("port", ["IDTPP", "JPYOK"])
def test_a_closed_port_holds_cargo_and_nothing_before(port: str) -> None:
    """Ninety days from day 90 on: the first load has come, the second waits for the port, the third does not."""
    closure = {"name": "strike", "kind": "port_closure", "port": port, "start": date(2025, 4, 1), "days": 90.0}
    open_, closed = arrivals(), arrivals(closure)
    assert [kg for _, kg in closed] == pytest.approx([kg for _, kg in open_])
    assert closed[0] == open_[0]
    assert open_[1][0] < 180.0 <= closed[1][0]
    assert closed[2][0] == pytest.approx(open_[2][0])


def test_a_shock_beyond_the_run_is_said_not_to_strike() -> None:
    world, _ = run(shocks=(SHOCK | {"start": date(2040, 1, 1)},))
    assert world.warnings == ["Shock 'cut' does not fall into the run."]
    assert list(world.recorder.rows("shocks")) == []
