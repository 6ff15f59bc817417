"""The yard of a plant against queueing theory (`queue_theory.py`): a plant is a server with constant service."""

import numpy as np
import pytest

from sim.engine.streams import Streams
from tests.fixtures.plants import DISMANTLING, Supplier, plant, process, rows, wire, world
from tests.validation.queue_theory import BOUNDED, Found, Service, check, customers_for, single_server_wait


def plant_queue(name, load, periods):
    """A plant that can work one lot a period, fed by Poisson arrivals of such lots; its yard over `periods`, less the last ones.

    Work starts at the end of a period, so what is left of the yard after it follows W' = max(W + A - 1, 0): the queue of
    M/D/1 seen after departures. Lots that come within a period wait half of it on average for its end.
    """
    start, tonnes = 2000, 365.25  # a tonne a day
    here = world(start, start + int(periods / 365.25), audit="month")
    site = wire(here, [plant(tonnes=tonnes, yard_limit_days=36500)], {"dismantling": process(DISMANTLING)}, period_days=1)
    works, supplier = site.plants["Works"], Supplier(here)
    rng = Streams(20251122, 0).of(name)
    when = np.cumsum(rng.exponential(1.0 / load, int(periods * load * 1.2)))
    for day in when[when < here.calendar.days - 1.0].tolist():
        supplier.send_at(day, works, "phone", supplier.lot(1000.0))
    site.run()
    months = rows(here, "plants")
    return np.array([r["wait_kg_days"] for r in months]) / 1000.0, here.calendar.days


PLANTS = [(0.5, 0.02), (0.7, 0.02), (0.9, 0.10)]  # the calendar ends with the year 9999


def plant_case(load, half_width, batches=30):
    wait, variance = single_server_wait(load, Service.fixed())
    expected = load * wait + load / 2.0  # mean yard [lots]: queue of M/D/1 and half a period of what comes
    # the yard also varies by who comes within a period, which the variance of the queue does not know: two and a half times as long
    days = int(2.5 * customers_for(expected / load, variance, half_width) / load)
    areas, run_days = plant_queue(f"plant load {load}", load, days)
    whole = len(areas) // batches * batches
    means = areas[:whole].reshape(batches, -1).sum(axis=1) / (run_days * whole / len(areas) / batches)
    error = float(means.std(ddof=1)) / batches**0.5
    yield Found(f"plant, load {load}", "mean yard, lots", expected, float(means.mean()), error, f"{run_days:,} days")


def test_a_plant_is_the_queue_with_constant_service():
    check(plant_case(0.5, 0.08), 0.08)


@pytest.mark.slow
@pytest.mark.parametrize(("load", "half_width"), PLANTS)
def test_a_busy_plant_is_the_queue_with_constant_service(load, half_width):
    wide = max(half_width, 0.05) if BOUNDED else half_width
    check(plant_case(load, wide), wide, told=not BOUNDED)
