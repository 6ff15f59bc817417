"""When plants work: those awake end their periods together, and what is ready together is one event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from sim.core.lot import Lot
from sim.engine.composition import Vector
from sim.engine.ledger import Conversion
from sim.engine.world import World
from sim.nodes.plant_lots import Batch, divide
from sim.nodes.schedule import Periods

AHEAD_DAYS = 1e-9  # what is ready at the moment a period ends is there for its work, whatever rounding makes of two such days


class Worker(Protocol):
    """A plant as the works see it."""

    def end_period(self, period: int) -> Batch | None:
        """Take out of the yard what it has to work at the end of a period."""
        ...

    def start_batch(self, batch: Batch, lots: list[Lot]) -> None:
        """Put to work a batch of which is known what `lots` it becomes."""
        ...

    def end_batch(self, batch: Batch) -> None:
        """Take what a batch has become."""
        ...


Begun = tuple[Worker, Batch]


class Works:
    """The periods of all plants of a world: one event for the end of a period, one for batches that are ready together.

    What a batch becomes is reckoned when it starts, since the batches of a period are divided in few products then.
    worked_years : decimal calendar year of the moment at which each period is worked, shape (periods,).
    """

    __slots__ = ("_awake", "_world", "periods", "worked_years")

    def __init__(self, world: World, periods: Periods) -> None:
        self._world, self.periods = world, periods
        self._awake: list[Worker] = []
        self.worked_years = np.array([world.calendar.decimal_year(day) for day in periods.ends])

    def year_sums(self, amounts: Vector) -> list[float]:
        """Sums by calendar year of the run of `amounts`, shape (periods,), which are booked when each period is worked."""
        calendar = self._world.calendar
        years = self.worked_years.astype(np.intp) - calendar.start
        sums: list[float] = np.bincount(years, amounts, len(calendar.years)).tolist()
        return sums

    def wake(self, plant: Worker) -> None:
        """Let a plant that sleeps work at the end of this period; what comes after the last one is worked no more."""
        clock = self._world.clock
        period = self.periods.number(clock.now)
        if not self._awake and period < self.periods.count:
            clock.at(self.periods.ends[period], self._end_period, period)
        self._awake.append(plant)

    def _end_period(self, period: int) -> None:
        awake, self._awake = self._awake, []
        begun = [(plant, batch) for plant in awake if (batch := plant.end_period(period)) is not None]
        if not begun:
            return
        world = self._world
        batches = [batch for _, batch in begun]
        divide(world, batches)
        becomes = [batch.becomes() for batch in batches]
        conversions = [Conversion(each.account, each.lots, lots) for each, lots in zip(batches, becomes, strict=True)]
        world.ledger.require_closed(world.clock.now, conversions)
        together: defaultdict[float, list[Begun]] = defaultdict(list)
        for (plant, batch), lots in zip(begun, becomes, strict=True):
            plant.start_batch(batch, lots)
            together[batch.days].append((plant, batch))
        for days, ready in together.items():
            world.clock.after(max(days - AHEAD_DAYS, 0.0), self._end_batches, ready)

    @staticmethod
    def _end_batches(ready: Sequence[Begun]) -> None:
        for plant, batch in ready:
            plant.end_batch(batch)
