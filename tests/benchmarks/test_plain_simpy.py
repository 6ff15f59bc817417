"""The fleet against the plain coding of the same trucks: same routes, waits and metals, in a fraction of the time."""

import pytest

from sim.engine.clock import bare_timeouts
from tests.benchmarks.plain_simpy import PlainTrucks, contents_of, recorded
from tests.fixtures.collection_world import SUBSTANCES, arisings, channel, town, zones

CHANNELS = {"pickup": channel(vehicles_per_100k_households=30.0, pickup_kg=20.0, participation_share=0.9, coverage_share=1.0)}
SOUND = {"breakdowns_per_100k_km": 0.0, "payload_kg": 200.0}
LIGHT, HEAVY = 400_000.0, 1_600_000.0  # kg a month; heavy: most vehicles wait for a bay


def made(kg_per_month=LIGHT, **changes):
    """Vehicles that travel alone and never break down, from homes that never give up waiting."""
    return town(
        CHANNELS,
        vehicle={**SOUND, **changes},
        behaviour={"patience_days": 3000.0},
        offered=arisings(end=2025, kg_per_month=kg_per_month),
        places=zones((400_000.0,)),
        vehicles="vehicle",
    )


def played(script):
    return PlainTrucks(script, contents_of({"phone": 0.2, "television": 0.8}))


@pytest.mark.parametrize("kg_per_month", [LIGHT, pytest.param(HEAVY, marks=pytest.mark.slow)])
def test_routes_waits_and_metals_are_those_of_the_plain_coding(kg_per_month):
    model = made(kg_per_month)
    script = recorded(model)
    plain = played(script).run(model.world.calendar.days)
    fleet = model.collection.fleet
    assert len(plain.trips) == sum(bay.served for bay in fleet.bays) > 1000
    waited, bays = sum(trip["waited"] for trip in plain.trips), fleet.bays
    assert waited == pytest.approx(sum(bay.wait_days for bay in bays), rel=1e-9, abs=1e-6)
    assert waited > 1.0, "some wait for a bay, or waiting is not compared"
    brought = sum(mass for key, mass in model.world.ledger.flows.items() if key[2:] == ("vehicle", "depot"))
    assert [plain.depots[0][name] for name in SUBSTANCES] == pytest.approx(brought.tolist(), rel=1e-9)


@pytest.mark.speed
@pytest.mark.parametrize("kg_per_month", [LIGHT, HEAVY], ids=["light", "heavy"])
def test_speed_over_the_plain_coding(over, kg_per_month):
    script = recorded(made(kg_per_month))
    until = made().world.calendar.days
    done = over(
        f"model over plain SimPy, {'light' if kg_per_month == LIGHT else 'heavy'} load",
        lambda: made(kg_per_month).run(),
        lambda: played(script).run(until),
        1.0 / 3.0,
    )
    assert sum(bay.served for bay in done.collection.fleet.bays) == script.routes


@pytest.mark.speed
@pytest.mark.parametrize("kg_per_month", [LIGHT, HEAVY], ids=["light", "heavy"])
def test_cost_of_a_route(over, kg_per_month):
    routes = recorded(made(kg_per_month)).routes
    done = over(
        f"CPU of a truck route over two bare timeouts, {'light' if kg_per_month == LIGHT else 'heavy'} load",
        lambda: made(kg_per_month).run(),
        lambda: bare_timeouts(2 * routes),
        6.0,
    )
    assert sum(bay.served for bay in done.collection.fleet.bays) == routes
