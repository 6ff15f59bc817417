"""Laws of borders and lanes over random scenarios: no illegal crossing, nothing lost, consents cover what leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.lot import Lot
from sim.engine.world import World
from sim.trade.allocation import MIN_LOAD_KG, Option, Route, _allocate
from sim.trade.permit import FACTOR_DIAL
from sim.transport.lane_spec import SeaSpec
from tests.fixtures.trade_world import FREE, SEA, Maker, build, empty_world, lane, plant, route, rule, scenario, shipments

START = date(2025, 1, 1)
FRACTIONS = ("magnet", "board")
many = settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
pairs = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

days = st.integers(0, 350)
pert = (
    st.lists(st.integers(0, 200), min_size=3, max_size=3)
    .map(sorted)
    .map(lambda three: dict(zip(("low", "mode", "high"), map(float, three), strict=True)))
)
consents = st.fixed_dictionaries(
    {
        "consent_days": pert,
        "refusal_share": st.sampled_from([0.0, 0.3, 1.0]),
        "reapply_after_days": st.sampled_from([0.0, 30.0]),
        "consent_valid_days": st.sampled_from([20.0, 90.0, 365.0]),
        "quota_t": st.sampled_from([5.0, 40.0, 1e6]),
    }
)
loads = st.lists(st.tuples(days, st.floats(1.0, 60_000.0)), min_size=1, max_size=6)
seas = st.fixed_dictionaries(
    {
        "box_payload_t": st.sampled_from([5.0, 20.0]),
        "fill_age_limit_days": st.sampled_from([0.0, 14.0, 60.0]),
        "cut_off_days": st.sampled_from([0.0, 3.0]),
    }
)


class Watcher:
    """Reads every posting as it is booked: an account of crossings that owes nothing to the code it checks."""

    def __init__(self, world: World) -> None:
        self.departures: list[tuple[float, str, float]] = []
        self._world, self._post_all = world, world.ledger.post_all
        world.ledger.post_all = self._watched  # type: ignore[method-assign]

    def _watched(self, day: float, source: int, target: int, lots: Iterable[Lot]) -> float:
        accounts, booked = self._world.ledger.accounts, list(lots)
        if accounts[target].stage == "sea":
            assert accounts[source].stage == "port"
            self.departures += [(day, accounts[target].name, lot.kg) for lot in booked]
        return self._post_all(day, source, target, booked)


@many
@given(
    banned=st.sampled_from(FRACTIONS),
    begin=days,
    lasts=st.none() | st.integers(0, 200),
    default=st.none() | consents,
    made=st.tuples(loads, loads),
    sea=seas,
    sailings=st.sampled_from([0.5, 1.0, 3.0]),
    seed=st.integers(0, 2**20),
)
def test_no_box_departs_under_a_ban(
    banned: str,
    begin: int,
    lasts: int | None,
    default: dict[str, Any] | None,
    made: Any,
    sea: dict[str, float],
    sailings: float,
    seed: int,
) -> None:
    start = START + timedelta(days=begin)
    end = start + timedelta(days=lasts) if lasts is not None else None
    ban = rule(name="ban", origin="IDN", destination="JPN", fractions=[banned], rule="ban", start=start, end=end)
    usual = (
        FREE
        if default is None
        else {"name": "usual", "origin": "*", "destination": "*", "fractions": ["*"], "rule": "consent"} | default
    )
    spec = scenario(
        border_rules=[usual, ban],
        lanes=[lane("IDTPP", "JPYOK", sailings_per_week=sailings)],
        sea=SeaSpec.model_validate(SEA | sea),
        routes=[route(fraction, ("Refinery", 1.0)) for fraction in FRACTIONS],
    )
    world, trade, _ = build(spec, empty_world(2025, 2025, seed, audit="month"))
    watcher = Watcher(world)
    for fraction, timetable in zip(FRACTIONS, made, strict=True):
        maker = Maker(world, trade, f"Mine of {fraction}", "IDN", fraction)
        for day, kg in timetable:
            maker.make_on([float(day)], kg)
    world.clock.run(world.calendar.days)
    world.ledger.audit(world.calendar.days)
    after = begin + lasts + 1 if lasts is not None else float("inf")
    assert not [each for each in watcher.departures if each[1].startswith(banned) and begin <= each[0] < after]
    for permit in trade.permits.values():
        if default is not None and permit.key[:3] == ("IDN", "JPN", "magnet"):
            _require_cover(permit.granted_days, default, [each for each in watcher.departures if each[1].startswith("magnet")])


def _require_cover(granted: list[float], terms: dict[str, Any], departures: list[tuple[float, str, float]]) -> None:
    """Every departure lies in the validity of a consent, and none carries more than the quotas granted so far."""
    gone = 0.0
    for day, _, kg in departures:
        gone += kg
        assert any(first <= day < first + terms["consent_valid_days"] for first in granted)
        allowed = sum(first <= day for first in granted) * terms["quota_t"] * 1000.0
        assert gone <= allowed * (1.0 + 1e-9)


@some
@given(
    terms=consents,
    made=st.tuples(loads, loads, loads),
    rooms=st.tuples(*[st.sampled_from([0.0, 10_000.0, 1e9])] * 3),
    shares=st.tuples(*[st.floats(0.0, 0.33)] * 3),
    fallback=st.sampled_from(["wait", "landfill"]),
    begin=days,
    sea=seas,
    seed=st.integers(0, 2**20),
)
def test_every_kilogram_is_somewhere_at_every_event(
    terms: dict[str, Any], made: Any, rooms: Any, shares: Any, fallback: str, begin: int, sea: dict[str, float], seed: int
) -> None:
    plants = [plant("Alpha", "JPN", port="JPYOK"), plant("Beta", "JPN"), plant("Gamma", "IDN")]
    names = [each.name for each in plants]
    spec = scenario(
        plants=plants,
        lanes=[lane("IDTPP", "JPYOK"), lane("JPYOK", "IDTPP"), lane("LAVTE", "IDTPP", sea_days=3.0)],
        border_rules=[
            FREE,
            {"name": "pair", "origin": "IDN", "destination": "JPN", "rule": "consent"} | terms,
            rule(name="ban", destination="IDN", rule="ban", start=START + timedelta(days=begin)),
        ],
        sea=SeaSpec.model_validate(SEA | sea),
        routes=[route("magnet", *zip(names, shares, strict=True), fallback=fallback)],
    )
    room = dict(zip(names, rooms, strict=True))
    world, trade, eaters = build(spec, empty_world(2025, 2025, seed, audit="event"), room)
    makers = [Maker(world, trade, f"Mine of {country}", country, "magnet") for country in ("IDN", "JPN", "LAO")]
    for maker, timetable in zip(makers, made, strict=True):
        for day, kg in timetable:
            maker.make_on([float(day)], kg)
    world.clock.run(world.calendar.days)  # audits after every event, and refuses overdrafts
    world.ledger.audit(world.calendar.days)
    whole = sum(kg for timetable in made for _, kg in timetable)
    ledger = world.ledger
    inside = sum(ledger.balance(each.number).sum() for each in ledger.accounts if not each.outside)
    dumped = sum(ledger.balance(each.number).sum() for each in ledger.accounts if each.stage == "landfill")
    assert inside + dumped == pytest.approx(whole, rel=1e-9)
    assert all(eaters[name].pile.kg <= room[name] * (1.0 + 1e-9) for name in names)
    assert all(border.pile.kg >= 0.0 for border in trade.borders)


@pairs
@given(terms=pert, made=loads, factor=st.floats(0.05, 1.0), seed=st.integers(0, 2**20))
def test_shorter_consent_never_brings_less(terms: dict[str, float], made: Any, factor: float, seed: int) -> None:
    """In a chain without quota, refusal or box filling; paired by common random numbers."""
    arrived = []
    for each in (1.0, factor):
        spec = scenario(
            border_rules=[
                FREE,
                {"name": "pair", "origin": "IDN", "destination": "JPN", "rule": "consent", "consent_days": terms}
                | {"consent_valid_days": 3650.0, "consent_days_factor": each},
            ],
            sea=SeaSpec.model_validate(SEA | {"fill_age_limit_days": 0.0}),
            routes=[route("magnet", ("Refinery", 1.0))],
        )
        world, trade, eaters = build(spec, empty_world(2025, 2025, seed, audit="month"))
        maker = Maker(world, trade, "Mine", "IDN", "magnet")
        for day, kg in made:
            maker.make_on([float(day)], kg)
        world.clock.run(world.calendar.days)
        arrived.append(eaters["Refinery"].pile.kg)
    assert arrived[1] >= arrived[0] * (1.0 - 1e-9)


@some
@given(made=loads, sailings=st.sampled_from([0.5, 1.0, 2.0]), sea=seas, seed=st.integers(0, 2**20))
def test_ships_leave_by_timetable_with_whole_boxes_paid_for(made: Any, sailings: float, sea: dict[str, float], seed: int) -> None:
    spec = scenario(
        lanes=[lane("IDTPP", "JPYOK", sailings_per_week=sailings)],
        sea=SeaSpec.model_validate(SEA | sea),
        routes=[route("magnet", ("Refinery", 1.0))],
    )
    world, trade, _ = build(spec, empty_world(2025, 2025, seed, audit="month"))
    watcher = Watcher(world)
    maker = Maker(world, trade, "Mine", "IDN", "magnet")
    for day, kg in made:
        maker.make_on([float(day)], kg)
    world.clock.run(world.calendar.days)
    interval = 7.0 / sailings
    for day, _, _ in watcher.departures:
        steps = (day - watcher.departures[0][0]) / interval
        assert abs(steps - round(steps)) < 1e-6
    booked = shipments(world, "IDN", "JPN", "magnet")
    assert booked["mass_kg"] == pytest.approx(sum(kg for _, _, kg in watcher.departures))
    payload = sea["box_payload_t"] * 1000.0
    assert booked["boxes"] >= booked["mass_kg"] / payload * (1.0 - 1e-6)
    freight = sum(cell[0] for key, cell in world.recorder.rows("payments") if key[3] == "sea freight")
    assert freight == pytest.approx(800.0 * booked["boxes"])


@settings(max_examples=300, deadline=None)
@given(
    kg=st.floats(1.0, 1e6),
    parts=st.lists(
        st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1e6), st.floats(0.0, 1e6) | st.just(float("inf"))), min_size=1, max_size=6
    ),
)
def test_allocation_gives_what_there_is_to_those_with_room(kg: float, parts: list[tuple[float, float, float]]) -> None:
    total = sum(share for share, _, _ in parts) or 1.0
    shares = [share / max(total, 1.0) for share, _, _ in parts]
    rooms = [room for _, _, room in parts]
    given = _allocate(kg, shares, [sent for _, sent, _ in parts], lambda i: rooms[i])
    assert all(0.0 <= part <= room * (1.0 + 1e-12) for part, room in zip(given, rooms, strict=True))
    assert sum(given) <= kg * (1.0 + 1e-9)
    assert sum(given) >= min(kg, sum(rooms)) - 1e-9 * kg


@settings(max_examples=100, deadline=None)
@given(
    loads=st.lists(st.floats(10.0, 50_000.0), min_size=30, max_size=80),
    shares=st.lists(st.floats(0.05, 1.0), min_size=2, max_size=5),
)
def test_shares_hold_over_a_year_whatever_the_loads(loads: list[float], shares: list[float]) -> None:
    class Anywhere:
        name, country = "A", "JPN"

        def space_kg(self, material: str = "") -> float:
            return float("inf")

    from sim.core.quantity import Quantity

    shares = [share / sum(shares) for share in shares]
    way = Route("JPN", "board", [Option(Anywhere(), Quantity.constant(share)) for share in shares], None)  # type: ignore[arg-type]
    for kg in loads:
        way.split(kg, 2025, 2025.0)
    for option, share in zip(way.options, shares, strict=True):
        assert option.sent_kg == pytest.approx(share * sum(loads), abs=len(shares) * MIN_LOAD_KG)


def test_the_dial_of_the_wiring_is_the_one_responses_turn() -> None:
    world, _, _ = build(scenario())
    assert FACTOR_DIAL in world.dials
