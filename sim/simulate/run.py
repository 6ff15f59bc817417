"""One replication from start to end."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sim.core.calendar import Calendar
from sim.core.errors import ConservationError
from sim.engine.composition import Composition
from sim.engine.ledger import Ledger
from sim.engine.streams import Streams
from sim.engine.world import World
from sim.nodes.arisings import build_arisings
from sim.scenario.schema import ScenarioSpec
from sim.simulate.chain import wire_chain
from sim.simulate.collect import Collector
from sim.simulate.deadlock import Circles
from sim.simulate.twin import run_twin, table

LITTLE_TOLERANCE = 1e-9
BY_YEAR_AND_ZONE = ("collection", "fleet")  # the tables that grow most; their year is over when it is over


@contextmanager
def _no_garbage_search() -> Iterator[None]:
    """Without Python's search for reference cycles: lots make none, and looking at all of them costs a sixth of a run."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_no_garbage_search()
def run_replication(spec: ScenarioSpec, seed: int, replication: int, trips: Callable[[Any], None] | None = None) -> dict[str, Any]:
    """Run one replication of a drawn scenario; `trips` is told of every trip of its vehicles (`transport.trips.Trip`).

    Returns
    -------
    `tables`: table name -> column name -> values; `facts`: events, CPU [s], peak memory [MB], postings, residuals, warnings.

    Raises
    ------
    ConservationError
        When the book and the places disagree; names stage, substance, day and size.
    DeadlockError
        When plants wait for each other in a circle; names it.
    """
    began = time.process_time()
    world = make_world(spec, seed, replication)
    world.trips = trips
    arisings = build_arisings(
        spec.countries, spec.products, spec.country_products, spec.groups, spec.substances, spec.scope, world.calendar
    )
    world.warnings += arisings.warnings
    chain = wire_chain(world, spec, arisings)
    collector = Collector(world, spec, arisings, chain.treatment, chain.appraiser.verdicts)
    _keep_books(world, collector, chain.circles)
    chain.start()
    world.clock.run(until=world.calendar.days)
    chain.treatment.close()
    world.ledger.audit(world.calendar.days)
    _require_little(world)
    collector.month_end()
    collector.year_end(world.calendar.end)
    world.composition.forget()  # the tables need the room
    tables = collector.tables() | {"unlimited": table(run_twin(spec, arisings))}
    acted = [response.spec.name for response in chain.trade.responses if response.log]
    return {"tables": tables, "facts": _facts(world, time.process_time() - began) | {"acted": acted}}


def make_world(spec: ScenarioSpec, seed: int, replication: int) -> World:
    """An empty world for a scenario: calendar, book and streams."""
    composition = Composition(tuple(spec.substances))
    return World(
        calendar=Calendar.of(spec.time.start, spec.time.end),
        composition=composition,
        ledger=Ledger(composition, spec.resolution.audit),
        streams=Streams(seed, replication),
    )


def _keep_books(world: World, collector: Collector, circles: Circles) -> None:
    """Audit and look for deadlocks at every month start; close the books at every year start, before anything else moves."""
    calendar = world.calendar
    world.ledger.begin_year(0.0, calendar.start)

    def month_start(month: int) -> None:
        world.ledger.audit(world.clock.now)
        circles.require_none(world.clock.now)
        if month > 0:
            collector.month_end()
        if month % 12 == 0 and month > 0:
            year = calendar.start + month // 12
            collector.year_end(year - 1)
            for table in BY_YEAR_AND_ZONE:
                world.recorder.pack(table)
            world.tags.pack_intakes(year)
            world.ledger.begin_year(world.clock.now, year)

    for month, day in enumerate(calendar.month_starts[:-1]):
        world.clock.at(float(day), month_start, month)


def _require_little(world: World) -> None:
    """Raise `ConservationError` if waits and areas under a queue disagree at any station (Little's law with its end terms)."""
    for station in world.stations:
        if station.little_gap > LITTLE_TOLERANCE:
            raise ConservationError(f"{station.name}: waiting breaks Little's law by {station.little_gap:.3g}")


def _facts(world: World, cpu_s: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    residuals = world.ledger.residuals
    return {
        "events": world.clock.events,
        "postings": world.ledger.postings,
        "cpu_s": cpu_s,
        "peak_memory_mb": peak / (1024.0**2 if sys.platform == "darwin" else 1024.0),
        "worst_posting_residual": residuals.posting,
        "worst_account_residual": residuals.account,
        "worst_account": residuals.where,
        "outside_accounts": sorted({account.stage for account in world.ledger.accounts if account.outside}),
        "warnings": list(world.warnings),
    }
