"""Fleets and line-haul: limits, cycles, grains and the load-haul loop in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.core.lot import Lot
from sim.engine.clock import Clock
from sim.engine.streams import Streams
from sim.transport.breakdowns import Breakdowns
from sim.transport.fleet import Crew, Fleet, Hands, Job
from sim.transport.linehaul import travel_days
from tests.fixtures.collection_world import BOXES, CHANNEL, DELIVERY, channel, town, zones

VEHICLES = {"vehicles_per_100k_households": 20.0}


def bare_fleet(queues: int, bays: int, per_km: float = 0.0) -> tuple[Clock, Fleet, list[float]]:
    """A fleet whose lots come from nowhere; returns what it delivered as well."""
    clock = Clock()
    delivered: list[float] = []
    hands = Hands(
        lambda queue, kg: [Lot(kg, 0, 0, clock.now)],
        lambda kg: [[Lot(float(kg.sum()), 0, 0, clock.now)]],
        [lambda lots: delivered.extend(lot.kg for lot in lots)],
    )
    places = [("JPN", "Z", str(queue)) for queue in range(queues)]
    breakdowns = Breakdowns(Streams(1, 0), [f"{queue}" for queue in range(queues)])
    fleet = Fleet(clock, np.ones(queues, dtype=bool), places, np.zeros(queues, dtype=int), [bays], hands, breakdowns)
    ones = np.ones(queues)
    crew = Crew(("van",) * queues, 1000.0 * ones, 0.3 * ones, 20.0 * ones, 0.4 * ones, per_km * ones, 2.0 * ones)
    fleet.open_year(2025, crew)
    return clock, fleet, delivered


def test_a_route_costs_two_events_and_waiting_at_the_bay_none():
    for bays in (1, 8):
        clock, fleet, delivered = bare_fleet(1, bays)
        fleet.drive(0, [Job(0, 5.0, 1.0, 20.0, 0.1, 0.02)] * 400, 8)
        clock.run(1000.0)
        assert len(delivered) == 400
        assert clock.events == 800


def test_vehicles_never_work_at_two_routes_at_once():
    clock, fleet, delivered = bare_fleet(1, 4)
    fleet.drive(0, [Job(0, 1.0, 1.0, 1.0, 0.9, 0.1)] * 10, 2)
    clock.run(3.5)
    assert len(delivered) == 6  # two vehicles, one route a day each
    clock.run(5.5)
    assert len(delivered) == 10


def loop_throughput(trucks: int, drive_days: float, unload_days: float, seed: int) -> float:
    """Loads a day of m trucks that drive and unload for exponential times at one bay, after a warm-up."""
    warm_up, days = 100.0, 1500.0
    clock, fleet, delivered = bare_fleet(1, 1)
    random = np.random.default_rng(seed)
    count = int(1.2 * (warm_up + days) / unload_days)
    drives, unloads = random.exponential(drive_days, count).tolist(), random.exponential(unload_days, count).tolist()
    fleet.drive(0, (Job(0, 1.0, 1.0, 1.0, d, u) for d, u in zip(drives, unloads, strict=True)), trucks)
    clock.run(warm_up)
    before = len(delivered)
    clock.run(warm_up + days)
    assert clock.now < sum(unloads), "jobs did not run out"
    return (len(delivered) - before) / days


@pytest.mark.parametrize(("trucks", "drive_days", "unload_days"), [(3, 1.0, 0.5), (6, 1.0, 0.3)])
def test_load_haul_loop_is_the_machine_repair_model(trucks, drive_days, unload_days):
    """Throughput of M/M/1//m at 99 % over 25 independent runs: |z| <= 3.3, half-width <= 2 %."""
    found = np.array([loop_throughput(trucks, drive_days, unload_days, 1000 * trucks + seed) for seed in range(25)])
    load = unload_days / drive_days
    weights = [math.factorial(trucks) / math.factorial(trucks - n) * load**n for n in range(trucks + 1)]
    expected = (1.0 - weights[0] / sum(weights)) / unload_days
    error = found.std(ddof=1) / math.sqrt(found.size)
    assert 2.797 * error <= 0.02 * expected, "t(24) at 99 %"
    assert abs(found.mean() - expected) / error <= 3.3


def test_breakdowns_are_poisson_by_the_kilometre_and_repairs_exponential():
    """Share of ways with a breakdown, mean and variance of the repair time of a compound Poisson sum, at 99.9 %."""
    legs, km, rate = 4000, 300.0, 1e-3
    breakdowns = Breakdowns(Streams(5, 0), [str(queue) for queue in range(legs)])
    breakdowns.open_year([rate] * legs, [2.0] * legs)
    days = np.array([breakdowns.after(queue, km) for queue in range(legs)])
    struck = days[days > 0.0]
    chance = -math.expm1(-rate * km)
    assert abs(struck.size / legs - chance) <= 3.3 * math.sqrt(chance * (1.0 - chance) / legs)
    # compound Poisson: mean n m, variance 2 n m^2
    assert abs(days.mean() - 0.6) <= 3.3 * math.sqrt(2.0 * 0.3 * 4.0 / legs)
    assert days.var() == pytest.approx(2.0 * 0.3 * 4.0, rel=0.15)
    one = Breakdowns(Streams(5, 0), ["0"])
    one.open_year([rate], [2.0])
    apart = sum(one.after(0, km / 7.0) for _ in range(7 * 400))
    two = Breakdowns(Streams(5, 0), ["0"])
    two.open_year([rate], [2.0])
    assert apart == pytest.approx(two.after(0, 400 * km), rel=1e-9), "however the way is cut"


def test_a_broken_vehicle_is_away_for_its_repair_and_costs_one_more_event():
    clock, fleet, delivered = bare_fleet(1, 4, per_km=1.0)
    fleet.drive(0, [Job(0, 1.0, 1.0, 1.0, 0.9, 0.1)] * 60, 1)
    clock.run(1000.0)
    assert len(delivered) == 60
    broke = clock.events - 2 * 60
    assert 60 * 0.4 < broke < 60 * 0.85  # 1 - 1/e of the routes
    sound = bare_fleet(1, 4)
    sound[1].drive(0, [Job(0, 1.0, 1.0, 1.0, 0.9, 0.1)] * 60, 1)
    sound[0].run(60.5)
    assert len(sound[2]) == 60


def test_platoons_and_single_vehicles_carry_the_same():
    single, platoon = (town({"pickup": channel(**VEHICLES)}, vehicles=grain).run() for grain in ("vehicle", "platoon"))
    for table, measure in (
        ("collection", "collected_kg"),
        ("fleet", "routes"),
        ("fleet", "km"),
        ("fleet", "cost_usd"),
        ("fleet", "co2_kg"),
    ):
        where = {"channel": "pickup"}
        assert single.total(table, measure, **where) == pytest.approx(platoon.total(table, measure, **where), rel=0.01)
    assert single.world.clock.events > 3 * platoon.world.clock.events


@pytest.mark.parametrize("grain", ["vehicle", "platoon"])
def test_at_most_three_events_a_route(grain):
    made = town({"pickup": channel(**VEHICLES)}, vehicles=grain)
    made.run()
    routes = made.total("fleet", "routes", channel="pickup")
    assert made.world.clock.events <= 3.0 * routes


@pytest.mark.parametrize("days", [7, 14, 28])
def test_period_and_zones_are_grains_of_one_model(days):
    channels = {"pickup": channel(**VEHICLES), "box": channel(**{**BOXES, **VEHICLES}), "truck": channel(**DELIVERY)}
    fine = town(channels, period_days=1).run()
    coarse = town(channels, period_days=days, zones="coarse").run()
    for name in channels:
        for table, measure, bound in (("collection", "collected_kg", 0.01), ("fleet", "km", 0.02), ("fleet", "cost_usd", 0.02)):
            ours, theirs = (made.total(table, measure, channel=name, year=2026) for made in (coarse, fine))
            assert ours == pytest.approx(theirs, rel=bound)


def test_yearly_hours_cap_a_long_shift():
    far = zones(area_km2=4000.0)
    vehicle = {"shift_hours": 13.0, "driver_hours_per_year": 1000.0}
    made = town({"pickup": channel(vehicles_per_100k_households=1.0)}, vehicle=vehicle, places=far).run()
    vans = sum(math.ceil(0.8 * count / 100_000) for count in (400_000, 150_000, 50_000))
    for year in (2025, 2026):
        assert made.total("fleet", "hours", channel="pickup", year=year) <= vans * 1000.0 * (1.0 + 1e-9)


def test_breakdowns_take_capacity():
    far = zones(area_km2=4000.0)
    few = {"pickup": channel(vehicles_per_100k_households=0.2)}
    sound = town(few, vehicle={"breakdowns_per_100k_km": 0.0}, places=far).run()
    worn = town(few, vehicle={"breakdowns_per_100k_km": 100.0, "repair_days": 10.0}, places=far).run()
    assert worn.total("collection", "collected_kg") < 0.95 * sound.total("collection", "collected_kg")


def test_delivery_vans_are_capped_by_spare_minutes_and_room():
    made = town({"truck": channel(**{**DELIVERY, "participation_share": 0.9, "vehicles_per_100k_households": 1.0})}).run()
    stops = made.total("fleet", "stops", channel="truck") / made.total("fleet", "routes", channel="truck")
    assert stops == pytest.approx(2.0)  # thirty spare minutes, stops of ten and a part of the marginal way
    assert made.total("fleet", "hours", channel="truck") <= made.total("fleet", "routes", channel="truck") * 0.5


def test_point_to_point_is_one_stop_and_back():
    shop = channel(**{**BOXES, **VEHICLES, "round": "point_to_point", "kind": "retailer"})
    made = town({"shop": shop}).run()
    assert made.total("fleet", "stops", channel="shop") == pytest.approx(made.total("fleet", "routes", channel="shop"))


def test_a_driver_rests_after_each_shift():
    assert travel_days(np.array([5.0, 20.0]), 9.0) == pytest.approx([5.0 / 24.0, 2.0 + 2.0 / 24.0])


def test_line_haul_pays_for_both_ways_less_backhaul():
    made = town({"pickup": channel(**VEHICLES)}).run()
    trips, km = (made.total("fleet", name, channel="linehaul") for name in ("routes", "km"))
    assert km / trips == pytest.approx(2.0 * 80.0 * 0.8)
    assert made.total("emissions", "kgco2e", stage="linehaul") == pytest.approx(made.total("fleet", "co2_kg", channel="linehaul"))
    assert made.total("payments", "usd", item="line-haul") == pytest.approx(made.total("fleet", "cost_usd", channel="linehaul"))


def test_channel_fields_are_all_used_once():
    assert set(CHANNEL) & set(BOXES) == {"kind", "participation_share"}
