"""Breakdowns of vehicles: chance by the kilometre, repairs of random length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.engine.streams import Streams

Vector = NDArray[np.float64]
FIRST_BLOCK, LARGEST_BLOCK, GROWTH = 32, 8192, 4  # breakdowns drawn at a time


class Breakdowns:
    """Breakdowns of the vehicles of many queues.

    The vehicles of a queue break down as a Poisson process of the kilometres they drive together, which is what single
    vehicles that each do so add up to; a repair lasts an exponential time. Draws belong to the number of the breakdown
    in its queue, not to its moment, so scenarios share their luck.

    Parameters
    ----------
    names
        Name of the stream of each queue.
    """

    __slots__ = ("_at", "_blocks", "_done", "_names", "_next", "_odometer", "_per_km", "_repair_days", "_repairs", "_streams")

    def __init__(self, streams: Streams, names: Sequence[str]) -> None:
        self._streams, self._names = streams, names
        self._odometer, self._next = [0.0] * len(names), [0.0] * len(names)  # in mean distances between two breakdowns
        self._at = [np.zeros(1)] * len(names)  # odometer at each breakdown drawn last; before the first draw one that is over
        self._repairs = [np.zeros(2)] * len(names)  # repairs before each of them, in mean repairs
        self._done, self._blocks = [0] * len(names), [0] * len(names)
        self._per_km = self._repair_days = [0.0] * len(names)

    def open_year(self, per_km: Sequence[float], repair_days: Sequence[float]) -> None:
        """Break down at these rates from now on, by queue; forget breakdowns that are over."""
        self._per_km, self._repair_days = list(per_km), list(repair_days)
        for queue, done in enumerate(self._done):
            if done:
                self._at[queue], self._repairs[queue] = self._at[queue][done:].copy(), self._repairs[queue][done:].copy()
                self._done[queue] = 0

    def after(self, queue: int, km: float) -> float:
        """How long repairs take vehicles of a queue off the road after they have driven `km` together [vehicle days]."""
        odometer = self._odometer[queue] = self._odometer[queue] + km * self._per_km[queue]
        return self._repaired(queue, odometer) if odometer >= self._next[queue] and odometer else 0.0

    def after_all(self, km: Vector) -> Vector:
        """The same for all queues at once, shape (queues,)."""
        odometer = np.array(self._odometer) + km * self._per_km
        self._odometer = odometer.tolist()
        days = np.zeros(km.size)
        for queue in np.flatnonzero((odometer >= self._next) & (odometer > 0.0)).tolist():
            days[queue] = self._repaired(queue, self._odometer[queue])
        return days

    def _repaired(self, queue: int, odometer: float) -> float:
        """Repairs up to a reading of the odometer since those before it [vehicle days]."""
        repairs = 0.0
        while odometer >= self._next[queue]:
            at, sums, done = self._at[queue], self._repairs[queue], self._done[queue]
            passed = int(at.searchsorted(odometer, side="right"))
            repairs += float(sums[passed] - sums[done])
            if passed < len(at):
                self._done[queue], self._next[queue] = passed, float(at[passed])
            else:
                self._draw(queue)
        return repairs * self._repair_days[queue]

    def _draw(self, queue: int) -> None:
        block = self._blocks[queue]
        size = min(FIRST_BLOCK * GROWTH**block, LARGEST_BLOCK)
        gaps, repairs = self._streams.of(self._names[queue], block).standard_exponential((2, size))
        self._at[queue] = self._at[queue][-1] + np.cumsum(gaps)
        self._repairs[queue] = np.concatenate(([0.0], np.cumsum(repairs)))
        self._done[queue], self._next[queue] = 0, float(self._at[queue][0])
        self._blocks[queue] = block + 1
