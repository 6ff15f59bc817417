"""Offers that wait to be fetched: one first-in-first-out queue per place and channel of every country."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.tags import Origin
from sim.engine.world import World
from sim.nodes.queues import Queues

Vector = NDArray[np.float64]
Numbers = NDArray[np.intp]
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


class _Cells(NamedTuple):
    """What queues hold of one year of discard and arrival, one entry each, in order of arrival.

    queue, year : shape (cells,); years count from the first one of the run. mass : kg and kg x day of discard, (2, cells).
    """

    queue: Numbers
    year: Numbers
    mass: Vector

    def some(self, which: NDArray[Any]) -> _Cells:
        """A part of them, by mask or in an order."""
        return _Cells(self.queue[which], self.year[which], self.mass[:, which])

    def merged(self) -> _Cells:
        """The same with one cell for each queue and year."""
        width = int(self.queue.max(initial=0)) + 1
        key, number = np.unique(self.year * width + self.queue, return_inverse=True)
        mass = np.array([np.bincount(number, each, key.size) for each in self.mass])
        return _Cells(key % width, key // width, mass)


NOTHING = _Cells(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros((2, 0)))


class _Line:
    """Queues as single vehicles find them: the oldest cell of each last, as fields of a lot, of which the mass shrinks.

    order : cell that each entry stands for, one stack after the other.
    """

    __slots__ = ("_cells", "_order", "_stacks")

    def __init__(self, cells: _Cells, order: Numbers, stacks: list[list[list[Any]]]) -> None:
        self._cells, self._order, self._stacks = cells, order, stacks

    def take(self, queue: int, kg: float) -> list[Lot]:
        """Take the oldest `kg` of a queue."""
        stack, lots, missing = self._stacks[queue], [], kg
        while stack and missing > SMALL * kg:
            oldest = stack[-1]
            there, row, tag, day = oldest
            if there > missing * (1.0 + SMALL):
                lots.append(Lot(missing, row, tag, day))
                oldest[0] = there - missing
                break
            lots.append(Lot(there, row, tag, day))
            missing -= there
            stack.pop()
        return lots

    def left(self) -> _Cells:
        """What of the cells is left."""
        queue, _, (kg, days) = self._cells
        left = np.zeros(queue.size)
        counts = np.bincount(queue, minlength=len(self._stacks))
        begins = counts.cumsum() - counts
        at = [begin + n for begin, stack in zip(begins.tolist(), self._stacks, strict=True) for n in range(len(stack))]
        left[self._order[at]] = [each[0] for stack in self._stacks for each in stack]
        return self._cells._replace(mass=np.stack((left, left * days / kg))).some(left > 0.0)


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
        world.ledger.shared_places.append(self._held)
        world.recorder.declare("collection", KEYS, MEASURES)
        years = world.calendar.end - world.calendar.start + 1
        self._cells = NOTHING
        self._line: _Line | None = None  # while single vehicles take from it
        self._kept = np.zeros((2, years, queues.size))  # in drawers
        self._rows = np.zeros((years, len(queues.channels)), dtype=np.intp)
        self._tags = np.zeros((years, len(queues.piles)), dtype=np.intp)
        self._country_of: list[int] = queues.country_of.tolist()
        self._book = np.zeros((len(MEASURES), queues.size))
        self._year = 0
        self._level = np.zeros(queues.size)
        self._settled_day = 0.0

    # the year

    def open_year(self, year: int, rows: Sequence[int]) -> None:
        """Take offers of `year` from now on; `rows` are their composition rows by channel."""
        self._year = year - self._world.calendar.start
        of = self._world.tags.of
        self._rows[self._year] = rows
        self._tags[self._year] = [of(Origin(country, zone, channel, "", year)) for country, zone, channel in self._queues.piles]

    def close_year(self, diverted_kg: Vector) -> None:
        """Write the year, with what is left waiting and what channels took from each other [kg by queue]; begin the next."""
        self.settle()
        self._book[END], self._book[DIVERTED] = self._level, diverted_kg
        book, year = self._queues.by_pile(self._book), self._world.calendar.start + self._year
        for pile in np.flatnonzero(book.any(axis=0)).tolist():
            self._world.recorder.cell("collection", year, *self._queues.piles[pile])[:] = book[:, pile].tolist()
        self._book = np.zeros_like(self._book)
        self._book[START] = self._level

    def settle(self) -> Vector:
        """Book the waiting since the last call, queues taken as changing evenly; return the queues [kg]."""
        day, level = self._world.clock.now, self.level_kg()
        self._book[WAIT] += 0.5 * (self._level + level) * (day - self._settled_day)
        self._level, self._settled_day = level, day
        return level

    def level_kg(self) -> Vector:
        """What waits in each queue [kg]."""
        self._line_up()
        return self._by_queue(self._cells)

    def collected_kg(self) -> Vector:
        """What was collected this year so far from each queue [kg]."""
        self._line_up()
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
        queue = np.flatnonzero(kg)
        new = _Cells(queue, np.full(queue.size, self._year), np.stack((kg[queue], kg[queue] * self._world.clock.now)))
        self._post(sources, self.accounts, new)
        self._join(new)

    def _join(self, new: _Cells) -> None:
        """Put cells at the end of the queues."""
        self._line_up()
        self._cells = _Cells(*(np.concatenate(pair, axis=-1) for pair in zip(self._cells, new, strict=True)))

    def decline(self, country: int, kg: float, row: int, year: int) -> None:
        """Book what is handed to no channel at all."""
        day = self._world.clock.now
        tag = self._world.tags.of(Origin(self._queues.countries[country], "", "", "", year))
        self._world.ledger.post(day, self._source[country], self._bin[country], Lot(kg, row, tag, day))

    # out

    def take_all(self, kg: Vector, targets: Sequence[int]) -> list[list[Lot]]:
        """Hand the oldest `kg` of every queue to the account of its country; return the lots of each zone."""
        queues, gone = self._queues, self._oldest(kg)
        self._book[COLLECTED] += self._by_queue(gone)
        self._post(self.accounts, targets, gone)
        key = gone.year * len(queues.piles) + queues.pile_of[gone.queue]
        mass, days = (np.bincount(key, each) for each in gone.mass)
        some = np.flatnonzero(mass)
        year, pile = np.divmod(some, len(queues.piles))
        rows, tags = self._rows[year, queues.pile_channel[pile]], self._tags[year, pile]
        columns = queues.pile_zone[pile], mass[some], rows, tags, days[some] / mass[some]
        lots: list[list[Lot]] = [[] for _ in queues.zones]
        for zone, *lot in zip(*(column.tolist() for column in columns), strict=True):
            lots[zone].append(Lot(*lot))
        return lots

    def take(self, queue: int, kg: float, targets: Sequence[int]) -> list[Lot]:
        """Hand the oldest `kg` of one queue, of a zone of one place, to the account of its country, which is vehicles'."""
        if self._line is None:
            self._line = self._in_line()
        lots = self._line.take(queue, kg)
        world, country = self._world, self._country_of[queue]
        world.ledger.post_all(world.clock.now, self.accounts[country], targets[country], lots)
        return lots

    def _in_line(self) -> _Line:
        """The cells, queue by queue."""
        queue, year, (kg, days) = cells = self._cells
        queues = self._queues
        order = np.lexsort((-np.arange(queue.size), queue))
        rows, tags = self._rows[year, queues.channel_of[queue]], self._tags[year, queues.pile_of[queue]]
        lots = list(map(list, zip(*(column[order].tolist() for column in (kg, rows, tags, days / kg)), strict=True)))
        ends = np.bincount(queue, minlength=queues.size).cumsum().tolist()
        stacks = [lots[start:end] for start, end in pairwise([0, *ends])]
        return _Line(cells, order, stacks)

    def _line_up(self) -> None:
        """Book what single vehicles have taken, and forget what is empty."""
        if self._line is not None:
            before = self._by_queue(self._cells)
            self._cells, self._line = self._line.left(), None
            self._book[COLLECTED] += before - self._by_queue(self._cells)

    def _oldest(self, kg: Vector) -> _Cells:
        """Take the oldest `kg` out of each queue."""
        self._line_up()
        cells = self._cells
        asked = np.flatnonzero(kg[cells.queue] > 0.0)
        asked = asked[np.argsort(cells.queue[asked], kind="stable")]
        queue, there = cells.queue[asked], cells.mass[0, asked]
        begins = np.diff(queue, prepend=-1) > 0
        column, first = np.cumsum(begins) - 1, np.flatnonzero(begins)
        place = np.arange(queue.size) - first[column]  # in its queue
        table = np.zeros((int(place.max(initial=0)) + 2, first.size))
        table[place + 1, column] = there
        before = table.cumsum(axis=0)
        want = kg[queue[first]]
        want = np.where(want >= before[-1] * (1.0 - SMALL), np.inf, want)
        part = np.clip(want[column] - before[place, column], 0.0, there)
        share = np.zeros(cells.queue.size)
        share[asked] = part / there
        out = cells.mass * share
        left = cells._replace(mass=cells.mass - out)  # exactly nothing where all of it goes
        self._cells = left.some(left.mass[0] > 0.0)
        return cells._replace(mass=out).some(share > 0.0)

    def give_up(self, room_kg: Vector, retry_share: Vector, hoard_share: Vector) -> Vector:
        """Let the oldest offers beyond `room_kg` of each queue leave it; return what is offered anew [kg]; all by queue.

        A part is offered anew at once and goes to the end; of the rest, `hoard_share` goes into drawers, the others into
        mixed waste.
        """
        level = self.level_kg()
        beyond = level - room_kg
        over = beyond > SMALL * level
        if not over.any():
            return np.zeros(self._queues.size)
        turn = self._turns()
        gone = self._oldest(np.where(over, beyond, 0.0)).merged()
        queue, year, mass = gone
        retried = mass * retry_share[queue]
        hoarded = (mass - retried) * hoard_share[queue]
        self._kept[:, year, queue] += hoarded
        self._post(self.accounts, self._drawers, gone._replace(mass=hoarded))
        self._post(self.accounts, self._bin, gone._replace(mass=np.maximum(mass - retried - hoarded, 0.0)))
        back = gone._replace(mass=retried).some(retried[0] > 0.0)
        self._join(back.some(np.argsort(turn[self._queues.country_of[back.queue], back.year], kind="stable")))
        again = self._by_queue(back)
        self._book[LOST] += self._by_queue(gone) - again
        self._book[RETRIED] += again
        self._book[OFFERED] += again
        return again

    def _turns(self) -> Numbers:
        """Place in the queues of each country where a year of discard first comes, shape (countries, years).

        What is offered anew keeps this order, whichever other countries there are.
        """
        queue, year, _ = self._cells
        first = np.full((len(self.accounts), len(self._rows)), queue.size)
        np.minimum.at(first, (self._queues.country_of[queue], year), np.arange(queue.size))
        return first

    def release(self, share: Vector, is_open: NDArray[np.bool_]) -> Vector:
        """Let a share of what lies in drawers be offered anew where the channel is open; return it [kg]; all by queue.

        What belongs to a closed channel is thrown away when it leaves the drawer.
        """
        out = self._kept * share
        self._kept -= out
        year, queue = out[0].nonzero()
        leaving = _Cells(queue, year, out[:, year, queue])
        offered = leaving.some(is_open[queue])
        self._post(self._drawers, self.accounts, offered)
        self._post(self._drawers, self._bin, leaving.some(~is_open[queue]))
        self._join(offered)
        again = self._by_queue(offered)
        self._book[OFFERED] += again
        return again

    # the book

    def _by_queue(self, cells: _Cells) -> Vector:
        return np.asarray(np.bincount(cells.queue, cells.mass[0], self._queues.size), dtype=np.float64)

    def _post(self, sources: Sequence[int], targets: Sequence[int], cells: _Cells) -> None:
        """Book cells between the accounts of each country, the places of a channel and year of discard together."""
        post, now = self._world.ledger.post_all, self._world.clock.now
        for country, lots in self._lots(cells).items():
            post(now, sources[country], targets[country], lots)

    def _lots(self, cells: _Cells) -> dict[int, list[Lot]]:
        """Cells as lots by country, the places of a channel and year of discard added up."""
        queues = self._queues
        kg = np.bincount(cells.year * len(queues.channels) + queues.channel_of[cells.queue], cells.mass[0])
        some = np.flatnonzero(kg)
        year, channel = np.divmod(some, len(queues.channels))
        columns = queues.channel_country[channel], kg[some], self._rows[year, channel]
        lots: dict[int, list[Lot]] = {}
        for country, each, row in zip(*(column.tolist() for column in columns), strict=True):
            lots.setdefault(country, []).append(Lot(each, row, 0, 0.0))
        return lots

    def _held(self) -> dict[int, list[Lot]]:
        """What lies in queues and drawers, by account."""
        self._line_up()
        year, queue = self._kept[0].nonzero()
        found = (self.accounts, self._cells), (self._drawers, _Cells(queue, year, self._kept[:, year, queue]))
        return {accounts[country]: lots for accounts, cells in found for country, lots in self._lots(cells).items()}
