"""Fleets and line-haul: limits, cycles, grains and the load-haul loop in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.core.lot import Lot
from sim.engine.clock import Clock
from sim.engine.recorder import Recorder
from sim.transport.fleet import Crew, Fleet, Job
from sim.transport.linehaul import travel_days
from tests.fixtures.collection_world import BOXES, CHANNEL, DELIVERY, channel, town, zones

VEHICLES = {"vehicles_per_100k_households": 20.0}


def bare_fleet(queues: int, bays: int) -> tuple[Clock, Fleet, list[float]]:
    """A fleet whose lots come from nowhere; returns what it delivered as well."""
    clock = Clock()
    delivered: list[float] = []
    fleet = Fleet(
        clock,
        "vehicle",
        queues,
        [bays],
        lambda queue, kg: [Lot(kg, 0, 0, clock.now)],
        lambda queue, lots: delivered.extend(lot.kg for lot in lots),
    )
    ones = np.ones(queues)
    crew = Crew(("van",) * queues, 1000.0 * ones, 0.3 * ones, 20.0 * ones, 0.4 * ones)
    fleet.open_year(Recorder(), 2025, "JPN", [("Z", str(queue)) for queue in range(queues)], crew)
    return clock, fleet, delivered


def test_a_route_costs_two_events_and_waiting_at_the_bay_none():
    for bays in (1, 8):
        clock, fleet, delivered = bare_fleet(1, bays)
        fleet.drive(0, [Job(0, 5.0, 1.0, 3.0, 20.0, 2.0, 0.1, 0.02)] * 400, 8)
        clock.run(1000.0)
        assert len(delivered) == 400
        assert clock.events == 800


def test_vehicles_never_work_at_two_routes_at_once():
    clock, fleet, delivered = bare_fleet(1, 4)
    fleet.drive(0, [Job(0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.1)] * 10, 2)
    clock.run(3.5)
    assert len(delivered) == 6  # two vehicles, one route a day each
    clock.run(5.5)
    assert len(delivered) == 10


@pytest.mark.parametrize(("trucks", "drive_days", "unload_days"), [(3, 1.0, 0.5), (6, 1.0, 0.3)])
def test_load_haul_loop_is_the_machine_repair_model(trucks, drive_days, unload_days):
    """Exponential drives of m trucks and one exponential bay: throughput of M/M/1//m."""
    clock, fleet, delivered = bare_fleet(1, 1)
    random = np.random.default_rng(7)
    count, days = 60_000, 12_000.0
    drives, unloads = random.exponential(drive_days, count).tolist(), random.exponential(unload_days, count).tolist()
    fleet.drive(0, (Job(0, 1.0, 1.0, 1.0, 1.0, 1.0, d, u) for d, u in zip(drives, unloads, strict=True)), trucks)
    clock.run(days)
    load = unload_days / drive_days
    weights = [math.factorial(trucks) / math.factorial(trucks - n) * load**n for n in range(trucks + 1)]
    expected = (1.0 - weights[0] / sum(weights)) / unload_days
    assert len(delivered) / days == pytest.approx(expected, rel=0.02)


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
    assert travel_days(5.0, 9.0) == pytest.approx(5.0 / 24.0)
    assert travel_days(20.0, 9.0) == pytest.approx(2.0 + 2.0 / 24.0)


def test_line_haul_pays_for_both_ways_less_backhaul():
    made = town({"pickup": channel(**VEHICLES)}).run()
    trips, km = (made.total("fleet", name, channel="linehaul") for name in ("routes", "km"))
    assert km / trips == pytest.approx(2.0 * 80.0 * 0.8)
    assert made.total("emissions", "kgco2e", stage="linehaul") == pytest.approx(made.total("fleet", "co2_kg", channel="linehaul"))
    assert made.total("payments", "usd", item="line-haul") == pytest.approx(made.total("fleet", "cost_usd", channel="linehaul"))


def test_channel_fields_are_all_used_once():
    assert set(CHANNEL) & set(BOXES) == {"kind", "participation_share"}
