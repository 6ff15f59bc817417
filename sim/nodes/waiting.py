"""Offers that wait to be fetched: one first-in-first-out queue per place and channel of every country."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.tags import Origin
from sim.engine.world import World
from sim.nodes.queues import Queues

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


class _Vintage(NamedTuple):
    """What offers of one year of discard are made of: composition rows by channel and by pile, tags by pile."""

    rows: list[int]
    pile_rows: list[int]
    tags: list[int]


class Waiting:
    """Queues, drawers and bins of all countries.

    What leaves a zone leaves it in one lot per channel and year of discard. The queues of a country share one inside
    account, its drawers another; what people give up on goes to `mixed_waste`, outside. The table `collection` is booked
    here, so that waiting_start + offered = collected + retried + lost + waiting_end holds as booked.
    """

    def __init__(self, world: World, queues: Queues) -> None:
        self._world, self._queues = world, queues
        account = world.ledger.account
        self.accounts = [account(f"{country} waiting", "waiting", country) for country in queues.countries]
        self._drawers = [account(f"{country} hoarded", "hoarded", country) for country in queues.countries]
        self._source = [account(f"{country} discard", "discard", country, outside=True) for country in queues.countries]
        self._opening = [account(f"{country} opening", "opening", country, outside=True) for country in queues.countries]
        self._bin = [account(f"{country} mixed waste", "mixed_waste", country, outside=True) for country in queues.countries]
        self._cohorts: list[_Cohort] = []
        self._front = [0] * queues.size  # cohorts of which single vehicles have left nothing in a queue
        self._taken = [0.0] * queues.size  # by them, not yet booked
        self._kept: dict[int, Vector] = {}  # in drawers, by year of discard, shape (2, queues)
        self._country_of: list[int] = queues.country_of.tolist()
        for number in range(len(queues.countries)):
            world.ledger.accounts[self.accounts[number]].holdings = partial(self._waits, number)
            world.ledger.accounts[self._drawers[number]].holdings = partial(self._lies, number)
        world.recorder.declare("collection", KEYS, MEASURES)
        self._book = np.zeros((len(MEASURES), queues.size))
        self._vintages: dict[int, _Vintage] = {}
        self._year = 0
        self._level = np.zeros(queues.size)
        self._settled_day = 0.0

    # the year

    def open_year(self, year: int, rows: Sequence[int]) -> None:
        """Take offers of `year` from now on; `rows` are their composition rows by channel."""
        queues, of = self._queues, self._world.tags.of
        tags = [of(Origin(country, zone, channel, "", year)) for country, zone, channel in queues.piles]
        self._year = year
        self._vintages[year] = _Vintage(list(rows), [rows[channel] for channel in queues.pile_channel.tolist()], tags)

    def close_year(self, diverted_kg: Vector) -> None:
        """Write the year, with what is left waiting and what channels took from each other [kg by queue]; begin the next."""
        self.settle()
        self._book[END], self._book[DIVERTED] = self._level, diverted_kg
        book = self._queues.by_pile(self._book)
        for pile in np.flatnonzero(book.any(axis=0)).tolist():
            self._world.recorder.cell("collection", self._year, *self._queues.piles[pile])[:] = book[:, pile].tolist()
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
        level = np.zeros(self._queues.size)
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

    def _enter(self, kg: Vector, sources: Sequence[int]) -> None:
        mass = np.stack((kg, kg * self._world.clock.now))
        self._post(sources, self.accounts, self._year, mass)
        self._join(self._year, mass)

    def _join(self, year: int, mass: Vector) -> None:
        """Put mass at the end of the queues."""
        if mass[0].any():
            self._cohorts.append(_Cohort(year, mass))

    def decline(self, country: int, kg: float, row: int, year: int) -> None:
        """Book what is handed to no channel at all."""
        day = self._world.clock.now
        tag = self._world.tags.of(Origin(self._queues.countries[country], "", "", "", year))
        self._world.ledger.post(day, self._source[country], self._bin[country], Lot(kg, row, tag, day))

    # out

    def take_all(self, kg: Vector, targets: Sequence[int]) -> list[list[Lot]]:
        """Hand the oldest `kg` of every queue to the account of its country; return the lots of each zone."""
        queues = self._queues
        lots: list[list[Lot]] = [[] for _ in queues.zones]
        for year, mass in self._oldest(kg).items():
            self._book[COLLECTED] += mass[0]
            self._post(self.accounts, targets, year, mass)
            _, rows, tags = self._vintages[year]
            of_piles = queues.by_pile(mass)
            some = np.flatnonzero(of_piles[0])
            for pile, zone, each, days in zip(
                some.tolist(), queues.pile_zone[some].tolist(), *of_piles[:, some].tolist(), strict=True
            ):
                lots[zone].append(Lot(each, rows[pile], tags[pile], days / each))
        return lots

    def take(self, queue: int, kg: float, targets: Sequence[int]) -> list[Lot]:
        """Hand the oldest `kg` of one queue, of a zone of one place, to the account of its country, which is vehicles'."""
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
                made = self._vintages[cohort.year]
                lots.append(Lot(part, made.pile_rows[queue], made.tags[queue], day))
                missing -= part
                if missing <= SMALL * kg:
                    break
            first += 1
        self._front[queue] = first
        world, country = self._world, self._country_of[queue]
        self._taken[queue] += world.ledger.post_all(world.clock.now, self.accounts[country], targets[country], lots)
        return lots

    def _tidy(self) -> None:
        """Forget cohorts of which nothing is left."""
        self._cohorts = [cohort for cohort in self._cohorts if cohort.mass[0].any()]
        self._front = [0] * self._queues.size
        self._book[COLLECTED] += self._taken
        self._taken = [0.0] * self._queues.size

    def _oldest(self, kg: Vector) -> dict[int, Vector]:
        """Take the oldest `kg` out of each queue; return it by year of discard, each of shape (2, queues)."""
        missing = np.where(kg >= self.level_kg() * (1.0 - SMALL), np.inf, kg)
        taken: dict[int, Vector] = {}
        for cohort in self._cohorts:
            there = cohort.mass[0]
            part = np.minimum(missing, there)
            share = np.divide(part, there, out=np.zeros(self._queues.size), where=there > 0.0)
            out = cohort.mass * share
            cohort.mass = cohort.mass - out  # exactly nothing where all of it goes
            missing = missing - part
            taken[cohort.year] = taken[cohort.year] + out if cohort.year in taken else out
        self._tidy()
        return taken

    def give_up(self, room_kg: Vector, retry_share: Vector, hoard_share: Vector) -> Vector:
        """Let the oldest offers beyond `room_kg` of each queue leave it; return what is offered anew [kg]; all by queue.

        A part is offered anew at once and goes to the end; of the rest, `hoard_share` goes into drawers, the others into
        mixed waste.
        """
        level = self.level_kg()
        again = np.zeros(self._queues.size)
        beyond = level - room_kg
        over = beyond > SMALL * level
        if not over.any():
            return again
        turns = self._turns()
        gone = self._oldest(np.where(over, beyond, 0.0))
        for year, mass in gone.items():
            retried = mass * retry_share
            hoarded = (mass - retried) * hoard_share
            again += retried[0]
            self._post(self.accounts, self._drawers, year, hoarded)
            self._kept[year] = self._kept[year] + hoarded if year in self._kept else hoarded
            self._post(self.accounts, self._bin, year, np.maximum(mass - retried - hoarded, 0.0))
            self._book[LOST] += mass[0] - retried[0]
        for year, countries in turns:
            self._join(year, gone[year] * (retry_share * countries[self._queues.country_of]))
        self._book[RETRIED] += again
        self._book[OFFERED] += again
        return again

    def _turns(self) -> list[tuple[int, NDArray[np.bool_]]]:
        """Years of discard and whose turn it is with them, so that each country has its own in the order of its queues."""
        starts = [each.start for each in self._queues.of_country]
        there = [np.add.reduceat(cohort.mass[0], starts) > 0.0 for cohort in self._cohorts]
        years = [cohort.year for cohort in self._cohorts]
        orders = [list(dict.fromkeys(compress(years, column))) for column in np.array(there).T.tolist()]
        turns = []
        while any(orders):
            year = max(orders, key=len)[0]
            turns.append((year, np.array([order[:1] == [year] for order in orders])))
            orders = [order[1:] if order[:1] == [year] else order for order in orders]
        return turns

    def release(self, share: Vector, is_open: NDArray[np.bool_]) -> Vector:
        """Let a share of what lies in drawers be offered anew where the channel is open; return it [kg]; all by queue.

        What belongs to a closed channel is thrown away when it leaves the drawer.
        """
        out = np.zeros(self._queues.size)
        for year, kept in self._kept.items():
            leaving = kept * share
            self._kept[year] = kept - leaving
            offered = leaving * is_open
            self._post(self._drawers, self.accounts, year, offered)
            self._post(self._drawers, self._bin, year, leaving - offered)
            self._join(year, offered)
            out += offered[0]
        self._book[OFFERED] += out
        return out

    # the book

    def _post(self, sources: Sequence[int], targets: Sequence[int], year: int, mass: Vector) -> None:
        """Book mass of one year of discard between the accounts of each country, the places of a channel together."""
        world, rows = self._world, self._vintages[year].rows
        kg = self._queues.by_channel(mass[0]).tolist()
        for source, target, channels in zip(sources, targets, self._queues.channels_in, strict=True):
            lots = [Lot(each, row, 0, 0.0) for each, row in zip(kg[channels], rows[channels], strict=True) if each]
            if lots:
                world.ledger.post_all(world.clock.now, source, target, lots)

    def _waits(self, country: int) -> Iterator[Lot]:
        return self._lots(country, [(each.year, each.mass) for each in self._cohorts])

    def _lies(self, country: int) -> Iterator[Lot]:
        return self._lots(country, list(self._kept.items()))

    def _lots(self, country: int, masses: Sequence[tuple[int, Vector]]) -> Iterator[Lot]:
        """What a country has of masses by year of discard, the places of a channel added up."""
        here, channels = self._queues.of_country[country], self._queues.channels_in[country]
        width = channels.stop - channels.start
        shape = len(masses), (here.stop - here.start) // width, width
        of_channels = np.array([mass[0, here] for _, mass in masses]).reshape(shape).sum(axis=1)
        for (year, _), amounts in zip(masses, of_channels.tolist(), strict=True):
            for row, kg in zip(self._vintages[year].rows[channels], amounts, strict=True):
                if kg > 0.0:
                    yield Lot(kg, row, 0, 0.0)
