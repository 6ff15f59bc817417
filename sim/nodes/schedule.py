"""When a plant may run: first feed, ramp-up, end; and when its lines stand still."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR, Calendar
from sim.engine.streams import Streams
from sim.nodes.plant_spec import PlantSpec, ProcessSpec

Days = NDArray[np.float64]
MOMENT = 1e-3  # [days] before its end a period is worked: its work belongs to its year
FAR_DAYS = 1e6  # further apart than any run is long: keeps the stops of one line behind those of the other


@dataclass(slots=True)
class Schedule:
    """Dates of one plant in days of simulation; `inf` where it has not happened and may never.

    A plant to be built has `start_day = inf` until commissioning sets it on the day of first feed.
    """

    announced_day: float = 0.0
    planned_day: float = math.inf
    financed_day: float = math.inf
    permitted_day: float = math.inf
    start_day: float = math.inf
    ramp_days: float = 0.0
    end_day: float = math.inf
    cancelled: bool = False

    @property
    def full_rate_day(self) -> float:
        """Day from which the nameplate is reached."""
        return self.start_day + self.ramp_days

    def full_days(self, edges: Days) -> Days:
        """Days at full rate that the time between neighbouring `edges` is worth, shape (edges - 1,): the ramp is linear."""
        days = np.minimum(edges, self.end_day)
        if self.start_day == -math.inf:
            return np.diff(days)
        running, ramp = np.maximum(days - self.start_day, 0.0), self.ramp_days
        climbing = running * running / (2.0 * ramp) if ramp > 0.0 else running
        return np.diff(np.where(running < ramp, climbing, np.maximum(running - ramp / 2.0, 0.0)))

    def status(self, day: float) -> str:
        """What people would call its state on a day."""
        if day >= self.end_day:
            return "closed"
        if day >= self.start_day:
            return "operating"
        if self.cancelled:
            return "cancelled"
        if day >= self.permitted_day:
            return "building"
        return "financed" if day >= self.financed_day else "announced"


class Periods:
    """The periods of a run and the months they lie in; one object for all plants, since most are open throughout.

    Like those of collection they are equal parts of each calendar year, so that no year holds the work of one more than another.

    edges : day on which each begins, and the end of the run. spans : first day of each and the day after its last.
    ends : when plants work what they could in it. years : decimal calendar year of its start, shape (periods,).
    """

    __slots__ = ("_parts", "_whole", "calendar", "count", "edges", "ends", "spans", "years")

    def __init__(self, calendar: Calendar, days: float) -> None:
        self.calendar = calendar
        starts = [start for year in calendar.years for start in calendar.period_edges(year, days)[:-1]]
        self.count = len(starts)
        self.edges = np.array([*starts, calendar.days], dtype=np.float64)
        self.years = np.array([calendar.decimal_year(start) for start in starts])
        self.spans: list[tuple[float, float]] = list(pairwise(self.edges.tolist()))
        self.ends = [end - MOMENT for _, end in self.spans]
        self._whole = [self._months_between(start, end) for start, end in self.spans]
        self._parts = self._listed(self._whole)

    def number(self, day: float) -> int:
        """Number of the period that plants work next on a day, `count` once all are over."""
        return bisect_right(self.ends, day)

    def months(self, period: int, opens: float, closes: float) -> list[tuple[int, float]]:
        """Months that the days of a period from `opens` to `closes` lie in, each with its share of them.

        Work of a period is even over these days; one who has closed and works off a yard has all of them.
        """
        start, end = self.spans[period]
        if (opens <= start and end <= closes) or min(end, closes) <= max(start, opens):
            return self._whole[period]
        return self._months_between(max(start, opens), min(end, closes))

    def by_month(self, kg: Days, opens: float, closes: float) -> list[float]:
        """Sums by month of the run of what was done in each period, spread as `months` says."""
        parts = self._parts
        if opens > 0.0 or closes < self.calendar.days:
            parts = self._listed([self.months(period, opens, closes) for period in range(self.count)])
        period, month, share = parts
        sums: list[float] = np.bincount(month, kg[period] * share, self.calendar.months).tolist()
        return sums

    @staticmethod
    def _listed(months: Sequence[Sequence[tuple[int, float]]]) -> tuple[NDArray[np.int64], NDArray[np.int64], Days]:
        """Period, month and share of every part of a period."""
        parts = [(period, month, share) for period, of_period in enumerate(months) for month, share in of_period]
        period, month, share = np.array(parts).T
        return period.astype(np.int64), month.astype(np.int64), share

    def _months_between(self, start: float, end: float) -> list[tuple[int, float]]:
        calendar, edges = self.calendar, self.calendar.month_starts
        first, last = calendar.month_of(start), calendar.month_of(math.nextafter(end, start))
        days = [(month, min(end, edges[month + 1]) - max(start, edges[month])) for month in range(first, last + 1)]
        return [(month, part / (end - start)) for month, part in days]


@dataclass(frozen=True, slots=True)
class Breakdowns:
    """Stops of the parallel lines of a plant, drawn year by year from the plant's own stream.

    Stops of one line are a Poisson process with mean distance `between_days`; each lasts an exponential time with
    mean `repair_days`. `between_days = 0` means none. Fires (of batteries in the feed) are a cause of their own, so that
    a scenario can say what becomes of them; where nothing is said of them they are among the breakdowns.
    """

    name: str
    between_days: float
    repair_days: float
    lines: int
    between_fires_days: float = 0.0
    after_fire_days: float = 0.0

    def down_between(self, edges: Days, stops: tuple[Days, Days]) -> Days:
        """Days of standstill between neighbouring `edges` [days], as whole plants: one of four lines down counts a quarter."""
        until = (_elapsed(stops[0], edges) - _elapsed(stops[1], edges)) / self.lines
        return np.clip(np.diff(until), 0.0, np.diff(edges))

    @property
    def _causes(self) -> list[tuple[str, float, float]]:
        """Stream, mean distance and mean length of every cause that stops a line."""
        causes = [("breakdowns", self.between_days, self.repair_days), ("fires", self.between_fires_days, self.after_fire_days)]
        return [cause for cause in causes if cause[1] > 0.0 and cause[2] > 0.0]

    def stops(self, streams: Streams, calendar: Calendar) -> tuple[Days, Days]:
        """First and last day of every stop from the year before the run on, since a long one may reach into it.

        A stop that comes while its line stands still already counts from the end of the earlier one.
        """
        if not self._causes:
            return np.zeros(0), np.zeros(0)
        begins, lasts, lines = [], [], []
        for year, (cause, between, repair) in product(range(calendar.start - 1, calendar.end + 1), self._causes):
            rng = streams.of(f"{self.name}/{cause}", year)
            count = int(rng.poisson(self.lines * DAYS_PER_YEAR / between))
            begins.append((year - calendar.start) * DAYS_PER_YEAR + rng.uniform(0.0, DAYS_PER_YEAR, count))
            lasts.append(rng.exponential(repair, count))
            lines.append(rng.integers(self.lines, size=count))
        start, line = np.concatenate(begins), np.concatenate(lines)
        end = start + np.concatenate(lasts)
        order = np.lexsort((start, line))
        start, end, apart = start[order], end[order], line[order] * FAR_DAYS
        latest = np.maximum.accumulate(end + apart) - apart
        start[1:] = np.maximum(start[1:], np.where(np.diff(apart) == 0.0, latest[:-1], start[1:]))
        return start, np.maximum(end, start)


def _elapsed(points: Days, days: Days) -> Days:
    """Sum over points before each day of the time since then."""
    points = np.sort(points)
    before = np.searchsorted(points, days)
    sums: Days = before * days - np.concatenate([[0.0], np.cumsum(points)])[before]
    return sums


def breakdowns_of(plant: PlantSpec, process: ProcessSpec) -> Breakdowns:
    """Breakdowns and fires of a plant by the figures of its process."""
    fires, after = process.mean_days_between_fires, process.after_fire_days or process.repair_days
    return Breakdowns(
        plant.name,
        process.mean_days_between_breakdowns.value,
        process.repair_days.value,
        plant.lines,
        fires.value if fires is not None else 0.0,
        after.value,
    )
