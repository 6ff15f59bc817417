"""Vehicles that fetch: each route, or all routes of a period together, is one cycle of two kernel events.

`grain = "vehicle"`: every vehicle is its own; it takes the next job of its queue when it is back. `"platoon"`: all
routes of a queue and period travel as one, with the sum of their loads. The code is the same, with fewer, larger jobs.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import HOURS_PER_DAY
from sim.core.lot import Lot
from sim.engine.clock import Clock
from sim.engine.recorder import Recorder
from sim.transport.rounds import DAYS_PER_WEEK, Fetch, Planner

Vector = NDArray[np.float64]
KEYS = ("year", "country", "zone", "channel", "vehicle")
MEASURES = ("routes", "stops", "km", "hours", "load_kg", "capacity_kg", "cost_usd", "co2_kg")
ROUTES, STOPS, KM, HOURS, LOAD, CAPACITY, COST, CO2 = range(8)


class Job(NamedTuple):
    """Routes to be driven together; stops, km and hours are of all of them.

    road_days : from departure to the bay [days]. bay_days : at the bay [days].
    """

    queue: int
    kg: float
    routes: float
    stops: float
    km: float
    hours: float
    road_days: float
    bay_days: float


@dataclass(frozen=True, slots=True)
class Crew:
    """What a queue's vehicles are called and cost; every field has one entry per queue."""

    vehicle: tuple[str, ...]
    payload_kg: Vector
    usd_per_km: Vector
    usd_per_hour: Vector
    co2_kg_per_km: Vector


class Fleet:
    """The vehicles of one country.

    Parameters
    ----------
    take
        `take(queue, kg)` hands over lots when a vehicle leaves; they are then in the vehicles' account.
    deliver
        `deliver(queue, lots)` takes them when it has unloaded.
    bays
        Number of unload bays by zone; queue q unloads at zone q // (queues / zones). Waiting for one costs no event.
    """

    def __init__(
        self,
        clock: Clock,
        grain: Literal["vehicle", "platoon"],
        queues: int,
        bays: list[int],
        take: Callable[[int, float], list[Lot]],
        deliver: Callable[[int, list[Lot]], None],
    ) -> None:
        self._clock, self._grain = clock, grain
        self._take, self._deliver = take, deliver
        self._zone = [queue * len(bays) // queues for queue in range(queues)]
        self._free_bays = list(bays)
        self._at_gate: list[deque[tuple[int, Job]]] = [deque() for _ in bays]
        self._jobs: list[deque[Job]] = [deque() for _ in range(queues)]
        self._out = [0] * queues  # vehicles on the way
        self._slots = [1] * queues
        self._travelling: dict[int, list[Lot]] = {}
        self._departures = 0
        self._recorder = Recorder()
        self._keys: list[tuple[int, str, str, str, str]] = []
        self._cells: list[list[float] | None] = []
        self._prices: list[tuple[float, float, float, float]] = []

    def held(self) -> Iterator[Lot]:
        """All lots on vehicles."""
        for lots in self._travelling.values():
            yield from lots

    def open_year(self, recorder: Recorder, year: int, country: str, places: list[tuple[str, str]], crew: Crew) -> None:
        """Book into `year` from now on; `places` are zone and channel of each queue, which get a row when a vehicle leaves."""
        recorder.declare("fleet", KEYS, MEASURES)
        self._recorder = recorder
        names = zip(places, crew.vehicle, strict=True)
        self._keys = [(year, country, zone, channel, vehicle) for (zone, channel), vehicle in names]
        self._cells = [None] * len(self._keys)
        columns = (crew.payload_kg, crew.usd_per_km, crew.usd_per_hour, crew.co2_kg_per_km)
        self._prices = list(zip(*(column.tolist() for column in columns), strict=True))

    def booked(self, measure: int) -> Vector:
        """One measure of this year so far, by queue."""
        return np.array([cell[measure] if cell else 0.0 for cell in self._cells])

    def dispatch(self, planner: Planner, fetch: Fetch) -> None:
        """Send vehicles out for one period; jobs left over from the period before are planned anew."""
        service, rounds = planner.service, planner.rounds
        bay_days = service.unload_hours / HOURS_PER_DAY
        road_days = np.maximum(fetch.hours / HOURS_PER_DAY - bay_days, 0.0)
        if self._grain == "vehicle":
            # nights and free days included, so that a vehicle makes as many trips a week as planned
            cycle = DAYS_PER_WEEK / np.maximum(service.days_per_week * rounds.trips_per_day, 1e-9)
            road_days = np.where(rounds.trips_per_day > 0.0, np.maximum(cycle - bay_days, 0.0), road_days)
        for jobs in self._jobs:
            jobs.clear()
        columns = np.stack((fetch.kg, fetch.routes, fetch.stops, fetch.km, fetch.hours, road_days, bay_days, service.vehicles))
        busy = np.flatnonzero(fetch.kg > 0.0)
        for queue, row in zip(busy.tolist(), columns[:, busy].T.tolist(), strict=True):
            kg, routes, stops, km, hours, road, bay, vehicles = row
            if self._grain == "platoon":
                self._leave(Job(queue, kg, routes, stops * routes, km * routes, hours * routes, road, bay))
                continue
            whole = Job(queue, kg / routes, 1.0, stops, km, hours, road, bay)
            self.drive(queue, [*[whole] * int(routes), _times(whole, routes % 1.0)], max(math.ceil(vehicles), 1))

    def drive(self, queue: int, jobs: Iterable[Job], vehicles: int) -> None:
        """Let at most `vehicles` at a time do jobs of a queue, each the next one as soon as it has unloaded."""
        waiting = self._jobs[queue]
        waiting.extend(job for job in jobs if job.routes > 0.0)
        self._slots[queue] = vehicles
        while waiting and self._out[queue] < vehicles:
            self._leave(waiting.popleft())

    def _leave(self, job: Job) -> None:
        queue = job.queue
        lots = self._take(queue, job.kg)
        if not lots:
            return
        cell = self._cells[queue]
        if cell is None:
            cell = self._cells[queue] = self._recorder.cell("fleet", *self._keys[queue])
        payload, per_km, per_hour, co2 = self._prices[queue]
        cell[ROUTES] += job.routes
        cell[STOPS] += job.stops
        cell[KM] += job.km
        cell[HOURS] += job.hours
        cell[LOAD] += job.kg
        cell[CAPACITY] += job.routes * payload
        cell[COST] += per_km * job.km + per_hour * job.hours
        cell[CO2] += co2 * job.km
        self._departures += 1
        self._travelling[self._departures] = lots
        self._out[queue] += 1
        self._clock.after(job.road_days, self._arrive, (self._departures, job))

    def _arrive(self, trip: tuple[int, Job]) -> None:
        job = trip[1]
        zone = self._zone[job.queue]
        if job.bay_days <= 0.0:
            self._unloaded(trip)
        elif self._free_bays[zone]:
            self._free_bays[zone] -= 1
            self._clock.after(job.bay_days, self._leave_bay, trip)
        else:
            self._at_gate[zone].append(trip)

    def _leave_bay(self, trip: tuple[int, Job]) -> None:
        zone = self._zone[trip[1].queue]
        if self._at_gate[zone]:
            following = self._at_gate[zone].popleft()
            self._clock.after(following[1].bay_days, self._leave_bay, following)
        else:
            self._free_bays[zone] += 1
        self._unloaded(trip)

    def _unloaded(self, trip: tuple[int, Job]) -> None:
        journey, job = trip
        queue = job.queue
        self._deliver(queue, self._travelling.pop(journey))
        self._out[queue] -= 1
        if self._jobs[queue] and self._out[queue] < self._slots[queue]:
            self._leave(self._jobs[queue].popleft())


def _times(job: Job, routes: float) -> Job:
    """The job of `routes` such routes at the same time."""
    return job._replace(kg=job.kg * routes, routes=routes, stops=job.stops * routes, km=job.km * routes, hours=job.hours * routes)
