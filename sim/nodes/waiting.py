"""Offers that wait to be fetched: one first-in-first-out queue per zone and channel of a country."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.stockpile import Stockpile
from sim.engine.tags import Origin
from sim.engine.world import World
from sim.nodes.offers import NOTHING

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


def joined(one: Lot, other: Lot) -> Lot:
    """Return two lots of one composition and origin as one."""
    kg = one.kg + other.kg
    born_day = (one.kg * one.born_day + other.kg * other.born_day) / kg if kg > 0.0 else one.born_day
    return Lot(kg, one.ref, one.tag, born_day)


def merged(lots: Iterable[Lot]) -> list[Lot]:
    """Return lots with those of one composition and origin added up, in order of first appearance."""
    sums: dict[tuple[int, int], tuple[float, float]] = {}
    for lot in lots:
        kg, kg_day = sums.get((lot.ref, lot.tag), (0.0, 0.0))
        sums[lot.ref, lot.tag] = kg + lot.kg, kg_day + lot.kg * lot.born_day
    return [Lot(kg, ref, tag, kg_day / kg if kg > 0.0 else 0.0) for (ref, tag), (kg, kg_day) in sums.items()]


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
        self._piles = [Stockpile(self.account) for _ in range(len(zones) * len(channels))]
        self._kept: list[dict[int, Lot]] = [{} for _ in self._piles]
        ledger.accounts[self.account].holdings = lambda: chain.from_iterable(pile.lots for pile in self._piles)
        ledger.accounts[self._drawers].holdings = self._in_drawers
        world.recorder.declare("collection", KEYS, MEASURES)
        self._cells: list[list[float]] = []
        self._tags: list[int] = []
        self._rows: tuple[int, ...] = ()
        self._level = np.zeros(len(self._piles))
        self._settled_day = 0.0

    def open_year(self, year: int, rows: tuple[int, ...]) -> None:
        """Book into `year` from now on; `rows` are the composition rows of this year's offers by channel."""
        tags, recorder = self._world.tags, self._world.recorder
        self._rows = rows
        self._cells, self._tags = [], []
        for queue, pile in enumerate(self._piles):
            zone, channel = self._zones[queue // len(self._channels)], self._channels[queue % len(self._channels)]
            used = rows[queue % len(rows)] != NOTHING or pile.kg > 0.0 or self._kept[queue]
            cell = recorder.cell("collection", year, self._country, zone, channel) if used else [0.0] * len(MEASURES)
            cell[START] = pile.kg
            self._cells.append(cell)
            self._tags.append(tags.of(Origin(self._country, zone, channel, "", year)))

    def close_year(self, diverted_kg: Vector) -> None:
        """Note what is left waiting, and what channels took from each other [kg by queue]."""
        self.settle()
        for cell, pile, diverted in zip(self._cells, self._piles, diverted_kg.tolist(), strict=True):
            cell[END], cell[DIVERTED] = pile.kg, diverted

    def settle(self) -> Vector:
        """Book the waiting since the last call, queues taken as changing evenly; return the queues [kg]."""
        day = self._world.clock.now
        level = self.level_kg()
        area = 0.5 * (self._level + level) * (day - self._settled_day)
        for queue in np.flatnonzero(area).tolist():
            self._cells[queue][WAIT] += float(area[queue])
        self._level, self._settled_day = level, day
        return level

    def level_kg(self) -> Vector:
        """What waits in each queue [kg]."""
        return np.array([pile.kg for pile in self._piles])

    def collected_kg(self) -> Vector:
        """What was collected this year so far from each queue [kg]."""
        return np.array([cell[COLLECTED] for cell in self._cells])

    def fill(self, kg: Vector) -> None:
        """Put in what waited before the run began [kg by queue]."""
        for queue in np.flatnonzero(kg > 0.0).tolist():
            self._enter(queue, float(kg[queue]), self._opening)
            self._cells[queue][START] += float(kg[queue])

    def offer(self, kg: Vector) -> None:
        """Let households hand over what they offer now [kg by queue]."""
        for queue in np.flatnonzero(kg > 0.0).tolist():
            self._enter(queue, float(kg[queue]), self._source)
            self._cells[queue][OFFERED] += float(kg[queue])

    def _enter(self, queue: int, kg: float, source: int) -> None:
        day = self._world.clock.now
        lot = Lot(kg, self._rows[queue % len(self._channels)], self._tags[queue], day)
        self._world.ledger.post(day, source, self.account, lot)
        self._piles[queue].put(lot)

    def decline(self, kg: float, row: int, year: int) -> None:
        """Book what is handed to no channel at all."""
        day = self._world.clock.now
        tag = self._world.tags.of(Origin(self._country, "", "", "", year))
        self._world.ledger.post(day, self._source, self._bin, Lot(kg, row, tag, day))

    def take(self, queue: int, kg: float, target: int) -> list[Lot]:
        """Hand the oldest `kg` of a queue to account `target`, which is a vehicle."""
        lots = self._piles[queue].take(kg)
        world = self._world
        self._cells[queue][COLLECTED] += world.ledger.post_all(world.clock.now, self.account, target, lots)
        return lots

    def give_up(self, room_kg: Vector, retry_share: float, hoard_share: float) -> Vector:
        """Let the oldest offers beyond `room_kg` of each queue leave it; return what is offered anew [kg by queue].

        A part is offered anew at once and goes to the end; of the rest, `hoard_share` goes into drawers, the others into
        mixed waste.
        """
        level = self.level_kg()
        again = np.zeros_like(level)
        for queue in np.flatnonzero(level - room_kg > SMALL * level).tolist():
            pile, cell = self._piles[queue], self._cells[queue]
            for lot in merged(pile.take(float(level[queue] - room_kg[queue]))):
                retried = lot.kg * retry_share
                hoarded = (lot.kg - retried) * hoard_share
                if retried > 0.0:
                    pile.put(lot.part(retried))
                    again[queue] += retried
                    cell[RETRIED] += retried
                    cell[OFFERED] += retried
                self._keep(queue, lot.part(hoarded))
                self._throw_away(lot.part(max(lot.kg - retried - hoarded, 0.0)), self.account)
                cell[LOST] += lot.kg - retried
        return again

    def release(self, share: float, open_share: Vector) -> Vector:
        """Let a share of what lies in drawers be offered anew where the channel is open; return it [kg by queue].

        `open_share` by channel; what belongs to a closed channel is thrown away when it leaves the drawer.
        """
        day, ledger = self._world.clock.now, self._world.ledger
        out = np.zeros(len(self._piles))
        for queue, kept in enumerate(self._kept):
            is_open = open_share[queue % len(self._channels)] > 0.0
            for ref, lot in kept.items():
                leaving = lot.part(lot.kg * share)
                kept[ref] = lot.part(lot.kg - leaving.kg)
                if is_open:
                    ledger.post(day, self._drawers, self.account, leaving)
                    self._piles[queue].put(leaving)
                    self._cells[queue][OFFERED] += leaving.kg
                    out[queue] += leaving.kg
                else:
                    self._throw_away(leaving, self._drawers)
        return out

    def _keep(self, queue: int, lot: Lot) -> None:
        if lot.kg > 0.0:
            self._world.ledger.post(self._world.clock.now, self.account, self._drawers, lot)
            there = self._kept[queue].get(lot.ref)
            self._kept[queue][lot.ref] = lot if there is None else joined(there, lot)

    def _throw_away(self, lot: Lot, source: int) -> None:
        if lot.kg > 0.0:
            self._world.ledger.post(self._world.clock.now, source, self._bin, lot)

    def _in_drawers(self) -> Iterator[Lot]:
        for kept in self._kept:
            yield from kept.values()
