"""The lines of a plant against servers, one by one: the same loads, breakdowns and fires, and every path of work compared."""

import numpy as np
import pytest

from sim.engine.clock import Clock
from sim.engine.station import Station
from sim.engine.streams import Streams
from sim.nodes.schedule import Periods, breakdowns_of
from tests.fixtures.plants import DISMANTLING, Supplier, plant, process, wire, world
from tests.validation.test_queues import check_little, ignore

BATCH_KG = 250.0  # a quarter of what one line does in a day
LINE_KG_PER_DAY = 1000.0
BREAKS = {"mean_days_between_breakdowns": 40.0, "repair_days": 5.0, "mean_days_between_fires": 200.0, "after_fire_days": 15.0}


def lines_one_by_one(stops, lines, loads, last):
    """Kilograms worked by each day, were every line a server of a station that its own breakdowns stop."""
    clock = Clock()
    station = Station(clock, lines, name="lines")
    spans = [(max(round(begin, 5), 0.0), round(end, 5)) for begin, end in stops]
    turns = [turn for begin, end in spans if end > begin for turn in ((begin, True), (end, False))]
    for day, stands in sorted(turns):  # at one instant a line is up again before it stops anew
        clock.at(day, lambda stands: station.pause(1) if stands else station.resume(1), stands)
    for day, batches in loads:
        clock.at(day, lambda count: [station.offer(None, BATCH_KG / LINE_KG_PER_DAY, ignore) for _ in range(count)], batches)
    worked = []
    for day in range(last):
        clock.run(day + 1.0)
        check_little(station)
        worked.append(station.busy_days * LINE_KG_PER_DAY)
    return np.array(worked)


@pytest.mark.parametrize(("lines", "load", "period_days"), [(1, 0.7, 1), (4, 0.6, 1), (4, 0.8, 7), (10, 0.75, 7)])
def test_lines_of_a_plant_do_what_servers_would_with_the_same_breakdowns(lines, load, period_days):
    """Lines that take from one yard are one capacity: paths of work differ by a period's work and a batch a line at most."""
    here = world(2025, 2030, audit="month")
    days, rng = here.calendar.days, Streams(20251122, 0).of(f"lines {lines} {load}")
    when = np.cumsum(rng.exponential(1.0, 2 * days))
    loads = [(float(day), int(rng.poisson(lines * load * LINE_KG_PER_DAY / BATCH_KG)) or 1) for day in when[when < days - 1.0]]
    tonnes = lines * LINE_KG_PER_DAY * 365.25 / 1000.0
    works = plant(tonnes=tonnes, lines=lines, yard_limit_days=36500)
    kind = process(DISMANTLING, **BREAKS)
    site = wire(here, [works], {"dismantling": kind}, period_days=period_days)
    one, supplier = site.plants["Works"], Supplier(here)
    for day, batches in loads:
        supplier.send_at(day, one, "phone", supplier.lot(batches * BATCH_KG))
    found: dict[float, float] = {}
    for _, end in Periods(here.calendar, period_days).spans[:-1]:
        here.clock.at(end, lambda day: found.update({day: one.worked_kg}), end)
    site.run()
    stops = list(zip(*(each.tolist() for each in breakdowns_of(works, kind).stops(here.streams, here.calendar)), strict=True))
    servers = lines_one_by_one(stops, lines, loads, days)
    gap = np.array(list(found.values())) - np.interp(list(found), np.arange(1, days + 1), servers)
    bound = lines * LINE_KG_PER_DAY * period_days + lines * BATCH_KG
    assert servers[-1] > 0.9 * load * lines * LINE_KG_PER_DAY * days, "breakdowns do not choke it"
    assert np.abs(gap).max() <= bound
    assert abs(gap.mean()) <= 0.5 * bound
    assert sum(end - begin for begin, end in stops) > 0.1 * lines * days, "lines do stand still"
