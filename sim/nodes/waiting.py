"""Offers that wait to be fetched: one first-in-first-out queue per zone and channel of a country."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.tags import Origin
from sim.engine.world import World

Vector = NDArray[np.float64]
START, OFFERED, COLLECTED, RETRIED, LOST, END, WAIT, DIVERTED = range(8)
MEASURES = (
    "waiting_start_kg",
    "offered_kg",
    "collected_kg",
    "retried_kg",
    "lost_kg",
    "waiting_end_kg",
    "wait_kg_days",
    "diverted_kg",
)
KEYS = ("year", "country", "zone", "channel")
SMALL = 1e-9  # of a queue: less is rounding, not an offer


@dataclass(slots=True)
class _Cohort:
    """What came to all queues at one time, discarded in `year`: kg and kg x day of discard, shape (2, queues)."""

    year: int
    mass: Vector


class Waiting:
    """Queues, drawers and bins of one country.

    Queue q stands for zone q // channels and channel q % channels. All queues share one inside account, all drawers
    another; what people give up on goes to `mixed_waste`, outside. The table `collection` is booked here, so that
    waiting_start + offered = collected + retried + lost + waiting_end holds as booked.
    """

    def __init__(self, world: World, country: str, zones: tuple[str, ...], channels: tuple[str, ...]) -> None:
        self._world, self._country, self._zones, self._channels = world, country, zones, channels
        ledger = world.ledger
        self.account = ledger.account(f"{country} waiting", "waiting", country)
        self._drawers = ledger.account(f"{country} hoarded", "hoarded", country)
        self._source = ledger.account(f"{country} discard", "discard", country, outside=True)
        self._opening = ledger.account(f"{country} opening", "opening", country, outside=True)
        self._bin = ledger.account(f"{country} mixed waste", "mixed_waste", country, outside=True)
        self._queues = len(zones) * len(channels)
        self._cohorts: list[_Cohort] = []
        self._front = [0] * self._queues  # cohorts of which single vehicles have left nothing in a queue
        self._taken = [0.0] * self._queues  # by them, not yet booked
        self._kept: dict[int, Vector] = {}  # in drawers, by year of discard, shape (2, queues)
        ledger.accounts[self.account].holdings = lambda: self._lots((each.year, each.mass) for each in self._cohorts)
        ledger.accounts[self._drawers].holdings = lambda: self._lots(self._kept.items())
        world.recorder.declare("collection", KEYS, MEASURES)
        self._book = np.zeros((len(MEASURES), self._queues))
        self._rows: dict[int, tuple[int, ...]] = {}
        self._tags: dict[int, list[int]] = {}
        self._year = 0
        self._level = np.zeros(self._queues)
        self._settled_day = 0.0

    # the year

    def open_year(self, year: int, rows: tuple[int, ...]) -> None:
        """Take offers of `year` from now on; `rows` are their composition rows by channel."""
        self._year, self._rows[year] = year, rows
        of = self._world.tags.of
        self._tags[year] = [
            of(Origin(self._country, zone, channel, "", year)) for zone in self._zones for channel in self._channels
        ]

    def close_year(self, diverted_kg: Vector) -> None:
        """Write the year, with what is left waiting and what channels took from each other [kg by queue]; begin the next."""
        self.settle()
        book = self._book
        book[END], book[DIVERTED] = self._level, diverted_kg
        for queue in np.flatnonzero(book.any(axis=0)).tolist():
            zone, channel = divmod(queue, len(self._channels))
            cell = self._world.recorder.cell("collection", self._year, self._country, self._zones[zone], self._channels[channel])
            cell[:] = book[:, queue].tolist()
        self._book = np.zeros_like(book)
        self._book[START] = self._level

    def settle(self) -> Vector:
        """Book the waiting since the last call, queues taken as changing evenly; return the queues [kg]."""
        self._tidy()
        day, level = self._world.clock.now, self.level_kg()
        self._book[WAIT] += 0.5 * (self._level + level) * (day - self._settled_day)
        self._level, self._settled_day = level, day
        return level

    def level_kg(self) -> Vector:
        """What waits in each queue [kg]."""
        level = np.zeros(self._queues)
        for cohort in self._cohorts:
            level += cohort.mass[0]
        return level

    def collected_kg(self) -> Vector:
        """What was collected this year so far from each queue [kg]."""
        self._tidy()
        collected: Vector = self._book[COLLECTED].copy()
        return collected

    # in

    def fill(self, kg: Vector) -> None:
        """Put in what waited before the run began [kg by queue]."""
        self._enter(kg, self._opening)
        self._book[START] += kg

    def offer(self, kg: Vector) -> None:
        """Let households hand over what they offer now [kg by queue]."""
        self._enter(kg, self._source)
        self._book[OFFERED] += kg

    def _enter(self, kg: Vector, source: int) -> None:
        mass = np.stack((kg, kg * self._world.clock.now))
        self._post(source, self.account, self._year, mass)
        self._join(self._year, mass)

    def _join(self, year: int, mass: Vector) -> None:
        """Put mass at the end of the queues."""
        if mass[0].any():
            self._cohorts.append(_Cohort(year, mass))

    def decline(self, kg: float, row: int, year: int) -> None:
        """Book what is handed to no channel at all."""
        day = self._world.clock.now
        tag = self._world.tags.of(Origin(self._country, "", "", "", year))
        self._world.ledger.post(day, self._source, self._bin, Lot(kg, row, tag, day))

    # out

    def take_all(self, kg: Vector, target: int) -> list[list[Lot]]:
        """Hand the oldest `kg` of every queue to account `target`; return the lots of each zone."""
        world, channels = self._world, len(self._channels)
        lots: list[list[Lot]] = [[] for _ in self._zones]
        for year, mass in self._oldest(kg).items():
            self._book[COLLECTED] += mass[0]
            rows, tags = self._rows[year], self._tags[year]
            some = np.flatnonzero(mass[0])
            for queue, each, days in zip(some.tolist(), *mass[:, some].tolist(), strict=True):
                zone, channel = divmod(queue, channels)
                lots[zone].append(Lot(each, rows[channel], tags[queue], days / each))
        world.ledger.post_all(world.clock.now, self.account, target, [lot for each in lots for lot in each])
        return lots

    def take(self, queue: int, kg: float, target: int) -> list[Lot]:
        """Hand the oldest `kg` of one queue to account `target`, which is a vehicle."""
        lots: list[Lot] = []
        channel, missing, first = queue % len(self._channels), kg, self._front[queue]
        for cohort in islice(self._cohorts, first, None):
            mass = cohort.mass
            there, days = mass.item(0, queue), mass.item(1, queue)
            if there > 0.0:
                whole = there <= missing * (1.0 + SMALL)
                part = there if whole else missing
                mass[0, queue], mass[1, queue] = (0.0, 0.0) if whole else (there - part, days * (1.0 - part / there))
                lots.append(Lot(part, self._rows[cohort.year][channel], self._tags[cohort.year][queue], days / there))
                missing -= part
                if missing <= SMALL * kg:
                    break
            first += 1
        self._front[queue] = first
        world = self._world
        self._taken[queue] += world.ledger.post_all(world.clock.now, self.account, target, lots)
        return lots

    def _tidy(self) -> None:
        """Forget cohorts of which nothing is left."""
        self._cohorts = [cohort for cohort in self._cohorts if cohort.mass[0].any()]
        self._front = [0] * self._queues
        self._book[COLLECTED] += self._taken
        self._taken = [0.0] * self._queues

    def _oldest(self, kg: Vector) -> dict[int, Vector]:
        """Take the oldest `kg` out of each queue; return it by year of discard, each of shape (2, queues)."""
        missing = np.where(kg >= self.level_kg() * (1.0 - SMALL), np.inf, kg)
        taken: dict[int, Vector] = {}
        for cohort in self._cohorts:
            there = cohort.mass[0]
            part = np.minimum(missing, there)
            share = np.divide(part, there, out=np.zeros(self._queues), where=there > 0.0)
            out = cohort.mass * share
            cohort.mass = cohort.mass - out  # exactly nothing where all of it goes
            missing = missing - part
            taken[cohort.year] = taken[cohort.year] + out if cohort.year in taken else out
        self._tidy()
        return taken

    def give_up(self, room_kg: Vector, retry_share: float, hoard_share: float) -> Vector:
        """Let the oldest offers beyond `room_kg` of each queue leave it; return what is offered anew [kg by queue].

        A part is offered anew at once and goes to the end; of the rest, `hoard_share` goes into drawers, the others into
        mixed waste.
        """
        level = self.level_kg()
        again = np.zeros(self._queues)
        beyond = level - room_kg
        over = beyond > SMALL * level
        if not over.any():
            return again
        for year, mass in self._oldest(np.where(over, beyond, 0.0)).items():
            retried = mass * retry_share
            hoarded = (mass - retried) * hoard_share
            self._join(year, retried)
            again += retried[0]
            self._post(self.account, self._drawers, year, hoarded)
            self._kept[year] = self._kept[year] + hoarded if year in self._kept else hoarded
            self._post(self.account, self._bin, year, np.maximum(mass - retried - hoarded, 0.0))
            self._book[LOST] += mass[0] - retried[0]
        self._book[RETRIED] += again
        self._book[OFFERED] += again
        return again

    def release(self, share: float, open_share: Vector) -> Vector:
        """Let a share of what lies in drawers be offered anew where the channel is open; return it [kg by queue].

        `open_share` by channel; what belongs to a closed channel is thrown away when it leaves the drawer.
        """
        out = np.zeros(self._queues)
        is_open = np.tile(open_share > 0.0, len(self._zones))
        for year, kept in self._kept.items():
            leaving = kept * share
            self._kept[year] = kept - leaving
            offered = leaving * is_open
            self._post(self._drawers, self.account, year, offered)
            self._post(self._drawers, self._bin, year, leaving - offered)
            self._join(year, offered)
            out += offered[0]
        self._book[OFFERED] += out
        return out

    # the book

    def _post(self, source: int, target: int, year: int, mass: Vector) -> None:
        """Book mass of one year of discard, the zones of a channel together."""
        self._world.ledger.post_all(self._world.clock.now, source, target, self._lots([(year, mass)]))

    def _lots(self, masses: Iterable[tuple[int, Vector]]) -> Iterator[Lot]:
        """Lots of masses by year of discard, the zones of a channel added up."""
        for year, mass in masses:
            of_channels = mass.reshape(2, len(self._zones), -1).sum(axis=1)
            for row, kg, days in zip(self._rows[year], *of_channels.tolist(), strict=True):
                if kg > 0.0:
                    yield Lot(kg, row, self._tags[year][0], days / kg)
