"""Routing of material: shares, overflow, limits, fallback, least cost, and what may be wrong."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.core.errors import WiringError
from sim.core.quantity import Quantity
from sim.simulate.worth import Worth
from sim.trade.allocation import MIN_LOAD_KG, Option, Route, leaking
from sim.trade.checks import border_faults, lane_faults, leak_faults, market_faults, route_faults, shock_faults
from sim.trade.least_cost import LeastCost
from sim.trade.market_spec import MarketSpec
from sim.trade.routing_spec import RouteSpec
from tests.fixtures import plants as site_of
from tests.fixtures.trade_world import MARKET, Eater, Maker, build, day, empty_world, plant, route, rule, scenario


class Room:
    """A receiver that only says how much room it has."""

    def __init__(self, name: str, room_kg: float = float("inf")) -> None:
        self.name, self.country, self.room_kg = name, "JPN", room_kg

    def space_kg(self, material: str = "") -> float:
        return self.room_kg

    def receive(self, material: str, lots: list[Any], source: int) -> None:
        raise AssertionError


def options(*pairs: tuple[float, float], limits: tuple[float | None, ...] = ()) -> list[Option]:
    made = []
    for number, (share, room) in enumerate(pairs):
        limit = limits[number] if limits else None
        made.append(
            Option(Room("ABCDE"[number], room), Quantity.constant(share), Quantity.constant(limit) if limit is not None else None)
        )
    return made


def names(plan: list[tuple[Any, float]]) -> dict[str, float]:
    return {receiver.name: kg for receiver, kg in plan}


INF = float("inf")


def test_a_large_load_is_split_by_share() -> None:
    way = Route("JPN", "board", options((0.5, INF), (0.3, INF), (0.2, INF)), None)
    assert names(way.split(100_000.0, 2025, 2025.0)) == pytest.approx({"A": 50_000.0, "B": 30_000.0, "C": 20_000.0})


def test_small_loads_travel_whole_and_keep_the_shares_over_the_year() -> None:
    way = Route("JPN", "board", options((0.5, INF), (0.3, INF), (0.2, INF)), None)
    sent = {"A": 0.0, "B": 0.0, "C": 0.0}
    for _ in range(1000):
        plan = names(way.split(500.0, 2025, 2025.5))
        assert len(plan) == 1
        for name, kg in plan.items():
            sent[name] += kg
    for name, share in (("A", 0.5), ("B", 0.3), ("C", 0.2)):
        assert sent[name] == pytest.approx(share * 500_000.0, abs=MIN_LOAD_KG)


def test_overflow_goes_on_in_the_order_given() -> None:
    way = Route("JPN", "board", options((0.6, 10_000.0), (0.0, 5_000.0), (0.4, INF), (0.0, INF)), None)
    # A has room for 10 of its 60 t; its 50 t overflow: B takes 5, C the rest on top of its 40
    assert names(way.split(100_000.0, 2025, 2025.0)) == pytest.approx({"A": 10_000.0, "B": 5_000.0, "C": 85_000.0})


def test_what_no_one_takes_waits_or_falls_back() -> None:
    assert names(Route("JPN", "board", options((1.0, 4_000.0)), None).split(10_000.0, 2025, 2025.0)) == {"A": 4_000.0}
    sink = Room("landfill")
    plan = names(Route("JPN", "board", options((1.0, 4_000.0)), sink).split(10_000.0, 2025, 2025.0))
    assert plan == {"A": 4_000.0, "landfill": 6_000.0}


def test_shares_below_one_leave_the_rest_to_the_order() -> None:
    way = Route("JPN", "board", options((0.5, INF), (0.0, INF)), Room("landfill"))
    # half by share; the other half overflows to the first with room
    assert names(way.split(10_000.0, 2025, 2025.0)) == pytest.approx({"A": 10_000.0})


def test_a_yearly_limit_holds_and_starts_again() -> None:
    way = Route("JPN", "board", options((1.0, INF), (0.0, INF), limits=(15.0, None)), None)
    first = [names(way.split(10_000.0, 2025, 2025.0)) for _ in range(2)]
    assert first == [{"A": 10_000.0}, {"A": 5_000.0, "B": 5_000.0}]
    assert names(way.split(10_000.0, 2026, 2026.0)) == {"A": 10_000.0}


def test_shares_may_change_over_the_years() -> None:
    path = Quantity(((2025.0, 1.0), (2027.0, 0.0)))
    way = Route("JPN", "board", [Option(Room("A"), path), Option(Room("B"), Quantity.constant(0.5))], None)
    assert names(way.split(100_000.0, 2026, 2026.0)) == pytest.approx({"A": 50_000.0, "B": 50_000.0})


def test_a_route_from_the_country_wins_over_one_from_anywhere() -> None:
    plants = [plant("Refinery", "JPN", port="JPYOK"), plant("Local", "IDN"), plant("Home", "JPN")]
    routes = [route("magnet", ("Refinery", 1.0)), route("magnet", ("Local", 1.0), origin="IDN")]
    world, trade, _ = build(scenario(plants=plants, routes=routes))
    assert [each.name for each, _ in trade.router.plan("IDN", "magnet", 1000.0)] == ["Local"]
    assert [each.name for each, _ in trade.router.plan("JPN", "magnet", 1000.0)] == ["Refinery"]
    assert world.warnings == []


def test_materials_are_contested_that_together_want_more_than_there_is_room_for() -> None:
    _, trade, _ = build(scenario())
    shared, other = options((1.0, 1000.0), (0.0, 1000.0))  # the other takes what overflows and is wanted by nobody
    alone = Route("JPN", "phone", [shared], None)
    together = Route("JPN", "small_appliance", [shared, other], None)
    apart = Route("JPN", "television", [other], None)
    for way in (alone, together, apart):
        trade.router.add(way)
    assert trade.router.contested("JPN", {"phone": 400.0, "small_appliance": 600.0, "television": 9e9}) == {}
    half = {"phone": 0.5, "small_appliance": 0.5}
    assert trade.router.contested("JPN", {"phone": 500.0, "small_appliance": 1500.0}) == half
    assert trade.router.contested("JPN", {"small_appliance": 2000.0}) == {}, "alone there is nobody to share with"
    trade.router.expect(shared.receiver.name, 500.0)
    assert trade.router.contested("JPN", {"phone": 400.0, "small_appliance": 600.0, "lamp": 1.0}) == half


def test_plans_made_together_share_what_room_there_is() -> None:
    _, trade, _ = build(scenario())
    shared, other = options((1.0, 1000.0), (1.0, 1000.0))
    routes = [
        Route("JPN", "phone", [shared], None),
        Route("JPN", "small_appliance", [shared], None),
        Route("JPN", "lamp", [other], None),
    ]
    for way in routes:
        trade.router.add(way)

    def plans(**kg: float) -> list[tuple[str, float, dict[str, float]]]:
        return [(material, mass, names(plan)) for material, mass, plan in trade.router.plan_together("JPN", kg)]

    whole = plans(phone=100.0, small_appliance=200.0, lamp=300.0)
    assert whole == [("phone", 100.0, {"A": 100.0}), ("small_appliance", 200.0, {"A": 200.0}), ("lamp", 300.0, {"B": 300.0})]
    assert [way.offered_kg for way in routes] == [100.0, 200.0, 300.0]
    # 700 kg of A are left for 1400: half of each, and nothing of what is over; B has 700 left and nobody else asks for it
    half = plans(phone=400.0, small_appliance=1000.0, lamp=800.0)
    assert half[:2] == [("phone", 200.0, {"A": 200.0}), ("small_appliance", 500.0, {"A": 500.0})]
    assert half[2:] == [("phone", 200.0, {}), ("small_appliance", 500.0, {}), ("lamp", 800.0, {"B": 700.0})]
    trade.router.expect("A", -700.0)
    assert plans(phone=700.0) == [("phone", 700.0, {"A": 700.0})]
    assert plans(phone=1.0, glass=1.0) == [("phone", 1.0, {}), ("glass", 1.0, {})]


def test_room_that_is_only_rounding_is_no_room() -> None:
    _, trade, _ = build(scenario())
    (shared,) = options((1.0, 1000.0))
    for material in ("phone", "small_appliance"):
        trade.router.add(Route("JPN", material, [shared], None))
    trade.router.expect("A", 1000.0 - 2e-13)
    plans = trade.router.plan_together("JPN", {"phone": 400.0, "small_appliance": 600.0})
    assert [(material, plan) for material, _, plan in plans] == [("phone", []), ("small_appliance", [])]


def test_nothing_is_sent_nowhere() -> None:
    assert Route("JPN", "phone", options((1.0, 1000.0)), None).split(0.0, 2025, 2025.0) == []


def test_fractions_without_a_route_wait_with_a_warning_and_forms_without() -> None:
    world, trade, _ = build(scenario())
    assert trade.router.plan("JPN", "board", 1.0) == []
    assert trade.router.plan("JPN", "board", 1.0) == []
    assert trade.router.plan("JPN", "ree_oxide", 1.0) == []
    assert world.warnings == ["No route takes board from JPN: it stays where it is."]


def test_groups_go_straight_to_plants_at_home_and_over_the_border_abroad() -> None:
    plants = [plant("Refinery", "JPN", port="JPYOK")]
    _, trade, eaters = build(scenario(plants=plants, routes=[route("phone", ("Refinery", 1.0))]))
    ((home, _),) = trade.router.plan("JPN", "phone", 10.0)
    ((abroad, _),) = trade.router.plan("IDN", "phone", 10.0)
    assert home is eaters["Refinery"]
    assert abroad in trade.borders
    assert abroad.passage.origin == "IDN"


def test_fallback_takes_the_rest_out_of_the_boundary() -> None:
    routes = [route("magnet", ("Refinery", 1.0), fallback="landfill")]
    world, trade, eaters = build(scenario(routes=routes), rooms={"Refinery": 3_000.0})
    maker = Maker(world, trade, "Home", "JPN", "magnet")
    maker.make_on([1.0], 10_000.0)
    world.clock.run(30.0)
    world.ledger.fold(30.0)
    assert eaters["Refinery"].pile.kg == 3_000.0
    assert maker.store.kg == 0.0
    assert world.ledger.flows[2025, "JPN", "store", "landfill"].sum() == pytest.approx(7_000.0)


# least cost


def test_least_cost_matches_brute_force() -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        costs, supply, rooms = rng.uniform(10.0, 90.0, (2, 3)), rng.integers(1, 5, 2) * 10.0, rng.integers(1, 6, 3) * 10.0
        ways = []
        plants = [Room("ABC"[j], rooms[j]) for j in range(3)]
        for r in range(2):
            made = [Option(plants[j], Quantity.constant(0.3), None, lambda usd=costs[r, j]: usd) for j in range(3)]
            ways.append(Route("JPN", f"m{r}", made, None))
            ways[-1].offered_kg = supply[r]
        LeastCost(empty_world(), ways, {}).review(90.0)
        sent = np.array([[share * supply[r] for share in ways[r].shares or []] for r in range(2)])
        assert (sent.sum(axis=0) <= rooms + 1e-6).all()
        assert float((sent * costs).sum()) <= _cheapest(costs, supply, rooms, float(sent.sum())) + 1e-3
        assert sent.sum() == pytest.approx(min(supply.sum(), rooms.sum()))


def _cheapest(costs: Any, supply: Any, rooms: Any, whole: float) -> float:
    """Least cost over all ways to send `whole` in steps of 10."""
    steps = [list(_splits(int(kg), 3)) for kg in supply]
    best = np.inf
    for first, second in itertools.product(*steps):
        sent = np.array([first, second])
        if (sent.sum(axis=0) <= rooms).all() and sent.sum() == whole:
            best = min(best, float((sent * costs).sum()))
    return best


def _splits(kg: int, places: int) -> Any:
    for cut in itertools.product(range(0, kg + 1, 10), repeat=places):
        if sum(cut) <= kg:
            yield cut


def test_equal_costs_go_by_name() -> None:
    way = Route("JPN", "m", [Option(Room(name), Quantity.constant(0.3), None, lambda: 5.0) for name in ("B", "A", "C")], None)
    way.offered_kg = 100.0
    LeastCost(empty_world(), [way], {}).review(90.0)
    assert way.shares == pytest.approx([0.0, 1.0, 0.0])


def test_least_cost_avoids_a_plant_under_a_ban_and_one_that_is_dear() -> None:
    plants = [plant("Dear", "JPN", gate_fee_usd_per_t=500.0), plant("Cheap", "JPN", gate_fee_usd_per_t=10.0)]
    routes = [route("magnet", ("Dear", 1.0), ("Cheap", 0.0), allocation="least_cost")]
    world, trade, eaters = build(scenario(plants=plants, routes=routes))
    Maker(world, trade, "Home", "JPN", "magnet").make_on([10.0, 100.0], 10_000.0)
    world.clock.run(120.0)
    # the first quarter goes by share; after it the cheap plant wins
    assert eaters["Dear"].pile.kg == 10_000.0
    assert eaters["Cheap"].pile.kg == 10_000.0


def test_least_cost_weighs_the_metal_sold_at_prices_of_the_day() -> None:
    plants = [plant("Near", "JPN", gate_fee_usd_per_t=10.0), plant("Good", "JPN", gate_fee_usd_per_t=60.0)]
    routes = [route("magnet", ("Near", 1.0), ("Good", 0.0), allocation="least_cost")]
    world, trade, eaters = build(scenario(plants=plants, routes=routes))
    sold = {"Near": 0.5, "Good": 0.9}
    trade.worth_usd_per_t = lambda country, material, name: sold[name] * (1000.0 if world.clock.now < 100.0 else 100.0)
    Maker(world, trade, "Home", "JPN", "magnet").make_on([10.0, 95.0, 185.0], 10_000.0)
    world.clock.run(200.0)
    # by share at first; then 400 USD more of metal outweigh 50 of fee; when prices fall, 40 do not
    assert [day for day, _ in eaters["Near"].came] == pytest.approx([10.0, 185.0], abs=1.0)
    assert [day for day, _ in eaters["Good"].came] == pytest.approx([95.0], abs=1.0)


def test_least_cost_asks_for_free_capacity_each_quarter() -> None:
    free = {"A": 0.0}
    way = Route("JPN", "m", [Option(Room(name, 10.0), Quantity.constant(0.5), None, lambda: 5.0) for name in ("A", "B")], None)
    made = LeastCost(empty_world(), [way], {"A": lambda: free["A"], "B": lambda: 1.0})
    for per_day, share in ((0.0, 0.1), (1.0, 1.0)):
        free["A"], way.offered_kg = per_day, 100.0
        made.review(90.0)
        assert way.shares is not None
        assert way.shares[0] == pytest.approx(share)


def test_a_tonne_is_worth_the_metal_a_plant_sells_of_it() -> None:
    here = site_of.world(2025, 2025)
    kinds = {
        "open": site_of.process({"phone": {"board": {"Cu": 0.5, "other": 0.5}}}),
        "good": site_of.process({"board": {"refined_metal": {"Cu": 0.9}}}, "refining"),
        "poor": site_of.process({"board": {"refined_metal": {"Cu": 0.4}}}, "refining"),
    }
    site = site_of.wire(here, [site_of.plant(*each) for each in (("Works", "open"), ("A", "good"), ("B", "poor"))], kinds)
    price = SimpleNamespace(faced_by=lambda country, month: np.array([90.0, 10.0, 0.0]))  # USD/kg of Nd, Cu, other
    worth = Worth(here, site.plants, site.treatment.records, price)  # type: ignore[arg-type]
    assert worth.usd_per_t("JPN", "board", "A") == 0.0, "no board was made yet"
    supplier = site_of.Supplier(here, (0.0, 0.4, 0.6))
    supplier.send_at(1.0, site.plants["Works"], "phone", supplier.lot(1000.0))
    site.run()
    assert worth.usd_per_t("JPN", "board", "A") == pytest.approx(1000.0 * 0.4 * 0.9 * 10.0)
    assert worth.usd_per_t("JPN", "board", "B") == pytest.approx(1000.0 * 0.4 * 0.4 * 10.0)
    assert worth.usd_per_t("JPN", "phone", "Works") == 0.0, "what a dismantler makes is not sold"
    assert worth.usd_per_t("VNM", "board", "A") == 0.0, "that country made none"


# faults


def faults_of(*routes: dict[str, Any]) -> list[str]:
    specs = [RouteSpec.model_validate(each) for each in routes]
    return [
        str(fault)
        for fault in route_faults(
            specs,
            ["Naoshima", "Ageo"],
            ["landfill", "leakage"],
            ["board", "magnet"],
            ["JPN", "IDN"],
            lambda name, material: (name, material) != ("Ageo", "board"),
        )
    ]


def test_right_routes_have_no_faults() -> None:
    assert faults_of(route("board", ("Naoshima", 0.7), ("leakage", 0.3)), route("board", ("landfill", 1.0), origin="IDN")) == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (route("board", ("Naoshina", 1.0)), "'Naoshina' is no plant and no outside account Did you mean 'Naoshima'?"),
        (route("board", ("Ageo", 1.0)), "'Ageo' cannot take board"),
        (route("boards", ("Naoshima", 1.0)), "'boards' is no group, fraction or product form Did you mean 'board'?"),
        (route("board", ("Naoshima", 1.0), origin="JPM"), "'JPM' is no country of the scenario Did you mean 'JPN'?"),
        (route("board", ("Naoshima", 1.0), fallback="landfil"), "'landfil' is no outside account Did you mean 'landfill'?"),
        (route("board", ("Naoshima", 0.7), ("landfill", 0.4)), "the shares sum to 1.1 They may sum to 1 at most."),
    ],
)
def test_faults_of_routes(bad: dict[str, Any], said: str) -> None:
    (told,) = faults_of(bad)
    assert said in told


def test_two_routes_for_one_material_are_a_fault() -> None:
    (told,) = faults_of(route("board", ("Naoshima", 1.0)), route("board", ("landfill", 1.0)) | {"name": "again"})
    assert "'board from anywhere' already says where board from * goes" in told


def test_faults_of_borders_market_shocks_and_lanes() -> None:
    told = border_faults([rule(name="x", origin="THA", rule="ban", fractions=["bord"])], [], ["board"], ["JPN"])
    assert [fault.message for fault in told] == [
        "'THA' is no country of the scenario",
        "'bord' is no group, fraction or product form",
    ]
    empty = rule(name="x", rule="consent", consent_days={"low": 1.0, "mode": 1.0, "high": 1.0}, quota_t=0.0)
    assert "cover nothing" in border_faults([empty], [], [], [])[0].message
    demand = {"t_per_year": 1.0, "supply_share": {"CHN": 0.6, "ROW": 0.3}, "stockpile_days": 0.0}
    market = MarketSpec.model_validate(MARKET | {"demand": {"JPN": {"Nd": demand}}, "prices": {"Ny": {"usd_per_kg": 1.0}}})
    assert [fault.message for fault in market_faults(market, ["Nd"], ["JPN"])] == [
        "'Ny' is no substance of the scenario",
        "the shares of supply sum to 0.9",
    ]
    assert [fault.message for fault in shock_faults([("s", "Dy", "CHN"), ("t", "Nd", "USA")], market)] == [
        "no market for 'Dy' is known",
        "'USA' supplies no Nd",
    ]
    assert shock_faults([("t", "Nd", "*"), ("u", "Nd", "CHN")], market) == []
    lanes = {"a": ("JPYOK", "JPYOC", Quantity.constant(0.0))}
    assert [fault.message for fault in lane_faults(lanes, ["JPYOK"], ["JPN"], ["JPN"])] == [
        "'JPYOC' is no port of the scenario",
        "must be above 0",
    ]


def test_names_are_resolved_before_the_run() -> None:
    with pytest.raises(WiringError, match="there is no plant and no outside account 'Refinary'"):
        build(scenario(routes=[route("magnet", ("Refinary", 1.0))]))
    with pytest.raises(WiringError, match="no lane leads from JPN to IDN"):
        build(scenario(plants=[plant("Local", "IDN")], routes=[route("magnet", ("Local", 1.0), origin="JPN")]))
    world, _, _ = build(scenario(plants=[plant("Local", "IDN")], routes=[route("magnet", ("Local", 1.0))]))
    assert any("no lane leads from JPN to IDN" in warning for warning in world.warnings)


def test_the_eater_of_the_fixture_takes_no_more_than_its_room() -> None:
    world = empty_world()
    assert Eater(world, "A", "JPN", 5.0).space_kg() == 5.0


# leakage by price, and room on the way


def test_the_odds_of_leakage_move_with_the_price() -> None:
    assert leaking([0.5, 0.3, 0.2], 2, 1.0) == pytest.approx([0.5, 0.3, 0.2])
    shares = leaking([0.3, 0.1, 0.4], 2, 3.0)
    assert sum(shares) == pytest.approx(0.8)
    assert shares[2] / (shares[0] + shares[1]) == pytest.approx(3.0 * 0.4 / 0.4)
    assert shares[0] / shares[1] == pytest.approx(3.0)
    assert leaking([0.0, 1.0], 1, 5.0) == [0.0, 1.0]
    assert leaking([0.0, 0.0], 1, 5.0) == [0.0, 0.0]


def test_a_dear_metal_draws_scrap_abroad() -> None:
    market = {**MARKET, "prices": {"Cu": {"usd_per_kg": {"2025": 8.0, "2027": 24.0}}}}
    sent = {}
    for sensitivity in (0.0, 1.0, 2.0):
        leak = {"leakage_metal": "Cu", "leakage_sensitivity": sensitivity}
        routes = [route("magnet", ("Refinery", 0.75), ("leakage", 0.25), **leak)]
        world, trade, _ = build(scenario(routes=routes, market=market))
        first = names(trade.router.plan("JPN", "magnet", 100_000.0))
        assert first["leakage"] == pytest.approx(25_000.0)
        world.clock.run(float(day(world, 2026, 6, 15)))
        sent[sensitivity] = names(trade.router.plan("JPN", "magnet", 100_000.0))["leakage"]
        prices = trade.market.prices.table_of("JPN")[:, world.composition.substances.index("Cu")]
        odds = (prices[world.month] / prices[0]) ** sensitivity / 3.0
        assert sent[sensitivity] == pytest.approx(100_000.0 * odds / (1.0 + odds))
    assert sent[0.0] < sent[1.0] < sent[2.0]


def test_a_leak_needs_its_metal_a_price_and_a_destination() -> None:
    with pytest.raises(ValueError, match="belong together"):
        RouteSpec.model_validate(route("magnet", ("leakage", 1.0), leakage_metal="Cu"))
    with pytest.raises(ValueError, match="needs a destination `leakage`"):
        RouteSpec.model_validate(route("magnet", ("Refinery", 1.0), leakage_metal="Cu", leakage_sensitivity=1.0))
    leaky = RouteSpec.model_validate(route("magnet", ("leakage", 1.0), leakage_metal="Cy", leakage_sensitivity=1.0))
    assert [str(fault) for fault in leak_faults([leaky], ["Cu"])] == [
        ": routes.magnet from anywhere.leakage_metal: 'Cy' has no price in market.prices Give it a price."
    ]


def test_what_is_on_its_way_overflows_to_a_destination_of_share_0() -> None:
    plants = [plant("First", "JPN"), plant("Second", "JPN")]
    routes = [route("phone", ("First", 1.0), ("Second", 0.0))]
    _, trade, eaters = build(scenario(plants=plants, routes=routes), rooms={"First": 10_000.0})
    router = trade.router
    assert names(router.plan("JPN", "phone", 8_000.0)) == {"First": 8_000.0}
    router.expect("First", 8_000.0)
    assert names(router.plan("JPN", "phone", 8_000.0)) == pytest.approx({"First": 2_000.0, "Second": 6_000.0})
    router.expect("First", 2_000.0)
    assert names(router.plan("JPN", "phone", 8_000.0)) == {"Second": 8_000.0}
    router.expect("First", -10_000.0)
    assert names(router.plan("JPN", "phone", 8_000.0)) == {"First": 8_000.0}
    assert eaters["First"].pile.kg == 0.0
