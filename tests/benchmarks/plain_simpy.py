"""The truck chain as one would write it in plain SimPy: the oracle of the fleet, and the denominator of its speed.

Every route is a process, vehicles and unload bays are `simpy.Resource`, a lot is a dictionary of substances, a trip is a
dictionary in a list. It drives the jobs that the model planned, out of queues filled with what the model offered.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from unittest import mock

import simpy

from sim.nodes.waiting import Waiting
from sim.transport.fleet import Fleet
from tests.fixtures.collection_world import MIX, SUBSTANCES, Town

DUST = 1e-9


@dataclass
class Script:
    """What the model planned: offers and jobs in order of time."""

    offers: list[tuple[float, list[float]]] = field(default_factory=list)
    jobs: list[tuple[float, int, list, int]] = field(default_factory=list)
    bays: list[int] = field(default_factory=list)
    zone: list[int] = field(default_factory=list)
    routes: int = 0


def recorded(town: Town) -> Script:
    """Run a town and write down what was offered and which jobs its vehicles were given."""
    script = Script()
    clock, enter, drive = town.world.clock, Waiting._enter, Fleet.drive

    def entered(waiting, kg, source):
        script.offers.append((clock.now, kg.tolist()))
        return enter(waiting, kg, source)

    def driven(fleet, queue, jobs, vehicles):
        jobs = [job for job in jobs if job.routes > 0.0]
        script.jobs.append((clock.now, queue, jobs, vehicles))
        return drive(fleet, queue, jobs, vehicles)

    with mock.patch.object(Waiting, "_enter", entered), mock.patch.object(Fleet, "drive", driven):
        town.run()
    script.bays = [bay.servers for bay in town.collection.fleet.bays]
    script.zone = town.collection.fleet._zone
    script.routes = sum(bay.served for bay in town.collection.fleet.bays)
    return script


class PlainTrucks:
    """Plays a script; what it counts can be compared with the model's."""

    def __init__(self, script: Script, contents: dict[str, float]) -> None:
        self.env = simpy.Environment()
        self.script, self.contents = script, contents
        vehicles = {queue: count for _, queue, _, count in script.jobs}
        self.trucks = {queue: simpy.Resource(self.env, count) for queue, count in vehicles.items()}
        self.bays = [simpy.Resource(self.env, count) for count in script.bays]
        self.queues = defaultdict(deque)
        self.depots = [defaultdict(float) for _ in script.bays]
        self.trips = []
        self.planned = defaultdict(float)  # day of the newest plan of a queue: jobs of older ones are dropped
        self.env.process(self.offer())
        self.env.process(self.plan())

    def offer(self):
        for day, kg in self.script.offers:
            yield self.env.timeout(day - self.env.now)
            for queue, each in enumerate(kg):
                if each > 0.0:
                    self.queues[queue].append({"kg": each, **{name: each * share for name, share in self.contents.items()}})

    def plan(self):
        for day, queue, jobs, _ in self.script.jobs:
            if day > self.env.now:
                yield self.env.timeout(day - self.env.now)
            self.planned[queue] = day
            for job in jobs:
                self.env.process(self.route(queue, job, day))

    def route(self, queue, job, planned):
        with self.trucks[queue].request() as truck:
            yield truck
            if self.planned[queue] != planned:
                return
            lots = self.take(queue, job.kg)
            if not lots:
                return
            left = self.env.now
            yield self.env.timeout(job.road_days)
            arrived = self.env.now
            with self.bays[self.script.zone[queue]].request() as bay:
                yield bay
                waited = self.env.now - arrived
                yield self.env.timeout(job.bay_days)
            depot = self.depots[self.script.zone[queue]]
            for lot in lots:
                for name, kg in lot.items():
                    depot[name] += kg
            self.trips.append(
                {"queue": queue, "left": left, "back": self.env.now, "km": job.km, "routes": job.routes, "waited": waited}
            )

    def take(self, queue, kg):
        lots, waiting = [], self.queues[queue]
        while kg > DUST and waiting:
            lot = waiting[0]
            if lot["kg"] <= kg * (1.0 + DUST):
                lots.append(waiting.popleft())
                kg -= lot["kg"]
            else:
                share = kg / lot["kg"]
                lots.append({name: part * share for name, part in lot.items()})
                waiting[0] = {name: part * (1.0 - share) for name, part in lot.items()}
                kg = 0.0
        return lots

    def run(self, until: float) -> PlainTrucks:
        self.env.run(until=until)
        return self


def contents_of(shares: dict[str, float]) -> dict[str, float]:
    """Substances of a kilogram of offers in which groups have `shares`."""
    return {name: sum(share * MIX[group][place] for group, share in shares.items()) for place, name in enumerate(SUBSTANCES)}
