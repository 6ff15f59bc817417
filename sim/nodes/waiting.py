"""Offers that wait to be fetched: one first-in-first-out queue per place and channel of a country."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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

    Queue q stands for place q // channels and channel q % channels; places are the members of zones, zone by zone, the
    first of each at `first_place`. What leaves a zone leaves it in one lot per channel and year of discard. All queues
    share one inside account, all drawers another; what people give up on goes to `mixed_waste`, outside. The table
    `collection` is booked here, so that waiting_start + offered = collected + retried + lost + waiting_end holds as booked.
    """

    def __init__(
        self,
        world: World,
        country: str,
        zones: tuple[str, ...],
        channels: tuple[str, ...],
        places: int,
        first_place: NDArray[np.intp],
    ) -> None:
        self._world, self._country, self._zones, self._channels = world, country, zones, channels
        self._first_place, self._merged, self._width = first_place, places > len(zones), len(channels)
        ledger = world.ledger
        self.account = ledger.account(f"{country} waiting", "waiting", country)
        self._drawers = ledger.account(f"{country} hoarded", "hoarded", country)
        self._source = ledger.account(f"{country} discard", "discard", country, outside=True)
        self._opening = ledger.account(f"{country} opening", "opening", country, outside=True)
        self._bin = ledger.account(f"{country} mixed waste", "mixed_waste", country, outside=True)
        self._queues = places * len(channels)
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
        self._book[END], self._book[DIVERTED] = self._level, diverted_kg
        book = self._of_zones(self._book)
        for queue in np.flatnonzero(book.any(axis=0)).tolist():
            zone, channel = divmod(queue, len(self._channels))
            cell = self._world.recorder.cell("collection", self._year, self._country, self._zones[zone], self._channels[channel])
            cell[:] = book[:, queue].tolist()
        self._book = np.zeros_like(self._book)
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
            rows, tags, of_zones = self._rows[year], self._tags[year], self._of_zones(mass)
            some = np.flatnonzero(of_zones[0])
            for pile, each, days in zip(some.tolist(), *of_zones[:, some].tolist(), strict=True):
                zone, channel = divmod(pile, channels)
                lots[zone].append(Lot(each, rows[channel], tags[pile], days / each))
        world.ledger.post_all(world.clock.now, self.account, target, [lot for each in lots for lot in each])
        return lots

    def take(self, queue: int, kg: float, account: int) -> list[Lot]:
        """Hand the oldest `kg` of one queue, of a zone of one place, to an account, which is a vehicle's."""
        lots: list[Lot] = []
        cohorts, missing, first = self._cohorts, kg, self._front[queue]
        while first < len(cohorts):
            cohort = cohorts[first]
            mass = cohort.mass
            there = mass.item(0, queue)
            if there > 0.0:
                day, part = mass.item(1, queue) / there, there
                if there > missing * (1.0 + SMALL):
                    part, rest = missing, there - missing
                    mass[0, queue], mass[1, queue] = rest, rest * day
                else:
                    mass[:, queue] = 0.0
                lots.append(Lot(part, self._rows[cohort.year][queue % self._width], self._tags[cohort.year][queue], day))
                missing -= part
                if missing <= SMALL * kg:
                    break
            first += 1
        self._front[queue] = first
        world = self._world
        self._taken[queue] += world.ledger.post_all(world.clock.now, self.account, account, lots)
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
        is_open = np.tile(open_share > 0.0, self._queues // len(self._channels))
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

    def _of_zones(self, of_queues: Vector) -> Vector:
        """Add up the places of each zone, shape (..., zones x channels)."""
        if not self._merged:
            return of_queues
        each = of_queues.reshape(len(of_queues), -1, len(self._channels))
        return np.add.reduceat(each, self._first_place, axis=1).reshape(len(of_queues), -1)

    def _post(self, source: int, target: int, year: int, mass: Vector) -> None:
        """Book mass of one year of discard, the places of a channel together."""
        self._world.ledger.post_all(self._world.clock.now, source, target, self._lots([(year, mass)]))

    def _lots(self, masses: Iterable[tuple[int, Vector]]) -> Iterator[Lot]:
        """Lots of masses by year of discard, the places of a channel added up."""
        listed, channels = list(masses), len(self._channels)
        shape = len(listed), 2, self._queues // channels, channels
        of_channels = np.array([mass for _, mass in listed]).reshape(shape).sum(axis=2)
        for (year, _), amounts in zip(listed, of_channels.tolist(), strict=True):
            for row, kg, days in zip(self._rows[year], *amounts, strict=True):
                if kg > 0.0:
                    yield Lot(kg, row, self._tags[year][0], days / kg)
