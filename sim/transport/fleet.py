"""Vehicles that fetch: each route, or all routes of a zone and period together, is one cycle.

Alone, a vehicle takes the next job of its queue when it is back: two kernel events a route, arrival at the bay and
unloaded, and a third where it breaks down. In platoons all routes of a zone and period travel as one, with the sum of
their loads, and are unloaded at their mean time: one event.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import HOURS_PER_DAY
from sim.core.lot import Lot
from sim.engine.clock import Clock
from sim.engine.recorder import Recorder
from sim.engine.station import Station
from sim.transport.breakdowns import Breakdowns
from sim.transport.rounds import DAYS_PER_WEEK, Fetch, Shifts
from sim.transport.trips import Trace, Trip

Vector = NDArray[np.float64]
KEYS = ("year", "country", "zone", "channel", "vehicle")
MEASURES = ("routes", "stops", "km", "hours", "load_kg", "capacity_kg", "cost_usd", "co2_kg")
ROUTES, STOPS, KM, HOURS, LOAD, CAPACITY, COST, CO2 = range(8)


class Job(NamedTuple):
    """A route, or a part of one where `routes` < 1.

    kg, km : of all of it. road_days : from departure to the bay [days]. bay_days : at the bay [days].
    """

    queue: int
    kg: float
    routes: float
    km: float
    road_days: float
    bay_days: float


@dataclass(frozen=True, slots=True)
class Crew:
    """What a queue's vehicles are called, cost and suffer; every field has one entry per queue."""

    vehicle: tuple[str, ...]
    payload_kg: Vector
    usd_per_km: Vector
    usd_per_hour: Vector
    co2_kg_per_km: Vector
    breakdowns_per_km: Vector
    repair_days: Vector


@dataclass(frozen=True, slots=True)
class Hands:
    """What a fleet calls when it loads and unloads.

    take : `take(queue, kg)` hands over lots when a vehicle leaves; they are then in the vehicles' account.
    take_all : `take_all(kg)` does so for a platoon of every zone; kg by queue, lots by zone.
    deliver : by zone, `deliver[zone](lots)` takes them when they are unloaded.
    """

    take: Callable[[int, float], list[Lot]]
    take_all: Callable[[Vector], list[list[Lot]]]
    deliver: Sequence[Callable[[list[Lot]], None]]


class Fleet:
    """The vehicles of all countries. What is called a queue here is all that one zone has of one channel: a pile of `Queues`.

    Parameters
    ----------
    alone
        Whether the vehicles of a queue travel each by itself, else in platoons.
    places
        Country, zone and channel of each queue, zone by zone.
    zone_of
        Number of the zone of each queue.
    bays
        Number of unload bays by zone. Waiting for one costs no event.
    """

    def __init__(
        self,
        clock: Clock,
        alone: NDArray[np.bool_],
        places: Sequence[tuple[str, str, str]],
        zone_of: NDArray[np.intp],
        bays: Sequence[int],
        hands: Hands,
        breakdowns: Breakdowns,
        trace: Trace | None = None,
    ) -> None:
        self._clock, self._alone, self._places, self._hands = clock, alone, places, hands
        self._breakdowns, self._trace = breakdowns, trace
        queues = len(places)
        self._zone_of, self._zone = zone_of, zone_of.tolist()
        names = dict(zip(self._zone, (zone for _, zone, _ in places), strict=True))
        self.bays = [Station(clock, count, name=f"bays of {names[zone]}") for zone, count in enumerate(bays)]
        self._bay_count = np.array(bays, dtype=np.float64)
        self._jobs: list[deque[Job]] = [deque() for _ in places]
        self._out = [0] * queues  # vehicles on the way or in repair
        self._slots = [1] * queues
        self._travelling: list[dict[int, list[Lot]]] = [{} for _ in bays]
        self._planned: dict[int, tuple[int, list[float]]] = {}  # year and measures of traced vehicles on the way
        self._left_day: dict[int, float] = {}  # of them
        self._departures = self._year = 0
        self._off_days = np.zeros(queues)  # vehicle days of repair that platoons still owe
        self._behind_days = np.zeros(len(bays))  # by which bays are late with the platoons of a zone
        self._crew: Crew | None = None
        self._book = np.zeros((len(MEASURES), queues))
        self._each = np.zeros((len(MEASURES), queues))  # of one route as planned now
        self._driven = [0.0] * queues  # routes since that plan

    def held(self, zones: slice) -> Iterator[Lot]:
        """All lots on vehicles of these zones."""
        for travelling in self._travelling[zones]:
            yield from chain.from_iterable(travelling.values())

    # the year

    def open_year(self, year: int, crew: Crew) -> None:
        """Count anew and drive at these costs from now on."""
        self._year, self._crew = year, crew
        self._breakdowns.open_year(crew.breakdowns_per_km.tolist(), crew.repair_days.tolist())

    def close_year(self, recorder: Recorder, queues: slice) -> None:
        """Write the year of these queues, a row for each that vehicles drove for, and begin the next."""
        crew, book = self._crew, self.booked()
        assert crew is not None
        recorder.declare("fleet", KEYS, MEASURES)
        for queue in (queues.start + np.flatnonzero(book[ROUTES, queues])).tolist():
            recorder.cell("fleet", self._year, *self._places[queue], crew.vehicle[queue])[:] = book[:, queue].tolist()
        book[:, queues] = 0.0

    def booked(self) -> Vector:
        """Measures of this year so far, shape (measures, queues)."""
        self._book += self._each * np.array(self._driven)
        self._driven = [0.0] * len(self._driven)
        return self._book

    def _plan(self, fetch: Fetch) -> None:
        """Count what was driven so far, and know what a route is from now on."""
        self.booked()
        crew = self._crew
        assert crew is not None
        load = np.divide(fetch.kg, fetch.routes, out=np.zeros_like(fetch.kg), where=fetch.routes > 0.0)
        cost = crew.usd_per_km * fetch.km + crew.usd_per_hour * fetch.hours
        one = np.ones_like(load)
        columns = (one, fetch.stops, fetch.km, fetch.hours, load, crew.payload_kg, cost, crew.co2_kg_per_km * fetch.km)
        self._each = np.stack(columns)

    def on_the_road(self, vehicles: Vector, days: float) -> Vector:
        """Share of the fleets' time in the coming `days` that repairs leave to platoons; single vehicles are just away."""
        capacity = vehicles * days
        lost = np.minimum(self._off_days, capacity)
        self._off_days -= lost
        return 1.0 - np.divide(lost, capacity, out=np.zeros_like(lost), where=capacity > 0.0)

    # a period

    def dispatch(self, shifts: Shifts, fetch: Fetch, days: float) -> None:
        """Send vehicles out for a period of `days`; jobs left over from the period before are planned anew."""
        self._plan(fetch)
        together = np.flatnonzero((fetch.kg > 0.0) & ~self._alone)
        if together.size:
            self._send_platoons(fetch, together, shifts.unload_hours / HOURS_PER_DAY, days)
        if self._alone.any():
            self._send_vehicles(shifts, fetch)

    # platoons

    def _send_platoons(self, fetch: Fetch, queues: NDArray[np.intp], bay_days: Vector, days: float) -> None:
        """All routes of a zone leave together; where bays have more work than time, its platoons get home late."""
        kg, routes, km = np.zeros((3, fetch.kg.size))
        kg[queues], routes[queues], km[queues] = fetch.kg[queues], fetch.routes[queues], (fetch.km * fetch.routes)[queues]
        lots = self._hands.take_all(kg)
        self._book += self._each * routes
        self._off_days += self._breakdowns.after_all(km)
        work_days = self._by_zone(routes * bay_days) / self._bay_count
        self._behind_days = np.maximum(self._behind_days + work_days - days, 0.0)
        whole = self._by_zone(kg) * HOURS_PER_DAY
        delay = np.divide(self._by_zone(kg * fetch.hours), whole, out=np.zeros(len(lots)), where=whole > 0.0) + self._behind_days
        for zone, (load, each) in enumerate(zip(lots, delay.tolist(), strict=True)):
            if load:
                self._clock.after(each, self._unload_platoon, (self._depart(zone, load), zone))
        if self._trace is not None:
            for queue in queues.tolist():
                back_day = self._clock.now + float(delay[self._zone[queue]])
                self._tell(queue, self._as_planned(queue, float(routes[queue])), self._clock.now, back_day)

    def _unload_platoon(self, journey: tuple[int, int]) -> None:
        number, zone = journey
        self._hands.deliver[zone](self._travelling[zone].pop(number))

    def _by_zone(self, of_queues: Vector) -> Vector:
        return np.asarray(np.bincount(self._zone_of, of_queues, len(self.bays)), dtype=np.float64)

    # single vehicles

    def _send_vehicles(self, shifts: Shifts, fetch: Fetch) -> None:
        # nights and free days included, so that a vehicle makes as many trips a week as planned
        cycle = DAYS_PER_WEEK / np.maximum(shifts.trips_per_week, 1e-9)
        bay_days = shifts.unload_hours / HOURS_PER_DAY
        plain_days = fetch.hours / HOURS_PER_DAY - bay_days
        road_days = np.maximum(np.where(shifts.trips_per_week > 0.0, cycle - bay_days, plain_days), 0.0)
        for waiting in self._jobs:
            waiting.clear()
        busy = np.flatnonzero((fetch.kg > 0.0) & self._alone)
        columns = np.stack((fetch.routes, self._each[LOAD], fetch.km, road_days, bay_days, shifts.vehicles))
        for queue, (routes, kg, km, road, bay, vehicles) in zip(busy.tolist(), columns[:, busy].T.tolist(), strict=True):
            rest = routes % 1.0
            jobs = repeat(Job(queue, kg, 1.0, km, road, bay), int(routes))
            last = [Job(queue, kg * rest, rest, km * rest, road, bay)] if rest > 0.0 else []
            self.drive(queue, chain(jobs, last), max(math.ceil(vehicles), 1))

    def drive(self, queue: int, jobs: Iterable[Job], vehicles: int) -> None:
        """Let at most `vehicles` at a time do jobs of a queue, each the next one as soon as it has unloaded."""
        waiting = self._jobs[queue]
        waiting.extend(jobs)
        self._slots[queue] = vehicles
        while waiting and self._out[queue] < vehicles:
            self._leave(waiting.popleft())

    def _leave(self, job: Job) -> None:
        queue, kg, routes, _, road_days, _ = job
        lots = self._hands.take(queue, kg)
        if lots:
            self._driven[queue] += routes
            self._out[queue] += 1
            number = self._depart(self._zone[queue], lots)
            if self._trace is not None:
                self._planned[number], self._left_day[number] = self._as_planned(queue, routes), self._clock.now
            self._clock.after(road_days, self._arrive, (number, job))

    def _depart(self, zone: int, lots: list[Lot]) -> int:
        number = self._departures = self._departures + 1
        self._travelling[zone][number] = lots
        return number

    def _arrive(self, trip: tuple[int, Job]) -> None:
        job = trip[1]
        if job.bay_days > 0.0:
            self.bays[self._zone[job.queue]].offer(trip, job.bay_days, self._unloaded)
        else:
            self._unloaded(trip)

    def _unloaded(self, trip: tuple[int, Job]) -> None:
        number, job = trip
        queue = job.queue
        zone = self._zone[queue]
        self._hands.deliver[zone](self._travelling[zone].pop(number))
        if self._trace is not None:
            self._tell(queue, self._planned.pop(number), self._left_day.pop(number), self._clock.now)
        repair_days = self._breakdowns.after(queue, job.km)
        if repair_days > 0.0:
            self._clock.after(repair_days, self._ready, queue)
        else:
            self._ready(queue)

    def _ready(self, queue: int) -> None:
        self._out[queue] -= 1
        jobs = self._jobs[queue]
        if jobs and self._out[queue] < self._slots[queue]:
            self._leave(jobs.popleft())

    # telling

    def _as_planned(self, queue: int, routes: float) -> tuple[int, list[float]]:
        """Year and measures of `routes` that leave now: they are booked when they leave."""
        return self._year, (self._each[:, queue] * routes).tolist()

    def _tell(self, queue: int, planned: tuple[int, list[float]], left_day: float, back_day: float) -> None:
        crew = self._crew
        assert crew is not None
        assert self._trace is not None
        year, (routes, stops, km, hours, load, _, cost, co2) = planned
        where = (year, *self._places[queue], crew.vehicle[queue])
        self._trace(Trip(left_day, back_day, *where, routes, stops, km, hours, load, cost, co2))
