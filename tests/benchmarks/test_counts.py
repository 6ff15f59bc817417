"""Exact counts: what costs no event stays free, and twice the work costs twice the events. No clock, so these are tests."""

import pytest

from sim.scenario.load import load_scenario
from sim.simulate.run import run_replication
from tests.benchmarks.items import run_items, with_idle_plants
from tests.fixtures.collection_world import arisings, channel, town, zones

VEHICLES = {"vehicles_per_100k_households": 20.0}
CHANNELS = {"pickup": channel(**VEHICLES)}
TWICE = 2.05


def events(**changes):
    made = town(CHANNELS, **changes)
    return made.run().world.clock.events


@pytest.mark.parametrize("grain", ["vehicle", "platoon"])
def test_twice_the_years_cost_twice_the_events(grain):
    one, two = (events(offered=arisings(end=end), vehicles=grain) for end in (2025, 2026))
    assert two <= TWICE * one


@pytest.mark.parametrize("grain", ["vehicle", "platoon"])
def test_twice_the_zones_cost_at_most_twice_the_events(grain):
    homes = zones((400_000.0, 150_000.0))
    one = events(places=homes, vehicles=grain, offered=arisings(end=2025, kg_per_month=200_000.0))
    again = {f"{key}-again": zone for key, zone in homes.items()}
    two = events(places=homes | again, vehicles=grain, offered=arisings(end=2025, kg_per_month=400_000.0))
    assert two <= TWICE * one


def test_twice_the_routes_cost_twice_the_events():
    one, two = (events(vehicles="vehicle", offered=arisings(end=2025, kg_per_month=kg)) for kg in (200_000.0, 400_000.0))
    assert 1.5 * one < two <= TWICE * one


def test_routes_of_platoons_cost_no_events_of_their_own():
    one, two = (events(vehicles="platoon", offered=arisings(end=2025, kg_per_month=kg)) for kg in (200_000.0, 400_000.0))
    assert two == one


def test_unbroken_vehicles_cost_at_most_2_8_events_a_route():
    made = town(CHANNELS, vehicle={"breakdowns_per_100k_km": 0.0}, vehicles="vehicle").run()
    assert made.world.clock.events <= 2.8 * made.total("fleet", "routes", channel="pickup")


def test_two_hundred_idle_plants_cost_no_events():
    spec = load_scenario("baseline").with_set("time.end=2025").spec
    plain, crowded = (run_replication(each, seed=1, replication=0)["facts"] for each in (spec, with_idle_plants(spec)))
    assert crowded["events"] == plain["events"]


def test_items_cost_an_event_a_facility_and_month():
    years, facilities = 5, 8
    done = run_items(items=100, facilities=facilities, years=years)
    months = years * 12
    assert done.events == months * (facilities + 1)
    assert done.in_use_kg + done.stored_kg + done.landfilled_kg == pytest.approx(done.made_kg, rel=1e-12)
