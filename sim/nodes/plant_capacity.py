"""What the lines of a plant can do in each period of a run: nameplate, schedule, standstill, extra shifts."""

from __future__ import annotations

import numpy as np

from sim.core.calendar import DAYS_PER_YEAR, HOURS_PER_DAY
from sim.core.series import by_year
from sim.core.units import KG_PER_T
from sim.engine.composition import Vector
from sim.engine.world import World
from sim.nodes.plant_spec import PlantSpec, ProcessSpec
from sim.nodes.schedule import Periods, Schedule, breakdowns_of


class Capacity:
    """Capacity of one plant by period; all but the day of first feed and extra shifts is known before the run begins.

    longest_factor : hours of a day over those of a normal working day, the most that extra shifts can bring.
    down_of_months : standstill in each month of the run [days].
    turns : all turns of dials so far; whoever keeps a figure of this plant reckons it again when there are more.
    """

    __slots__ = (
        "_background",
        "_dial",
        "_factors",
        "_factors_of",
        "_free",
        "_left",
        "_nameplate",
        "_nominal",
        "_other",
        "_periods",
        "_running",
        "_schedule",
        "_started",
        "_yard_kg",
        "down_of_months",
        "longest_factor",
        "turns",
    )

    def __init__(self, world: World, spec: PlantSpec, process: ProcessSpec, schedule: Schedule, periods: Periods) -> None:
        self._schedule, self._periods = schedule, periods
        self.longest_factor = HOURS_PER_DAY / min(max(process.hours_per_day.value, 1.0), HOURS_PER_DAY)
        self._dial, self.turns = f"plants.{spec.name}.hours_factor", world.dials.turns
        world.dials.declare(self._dial, 1.0)
        self._factors: list[tuple[float, float]] = []
        self._factors_of = 0  # turns
        self._nameplate = by_year(spec.capacity_t_per_year, periods.years) * (KG_PER_T / DAYS_PER_YEAR)
        self._background = by_year(spec.background_feed_t_per_year, periods.years) * (KG_PER_T / DAYS_PER_YEAR)
        free = np.maximum(self._nameplate - self._background, 0.0)
        self._free: list[float] = free.tolist()
        self._yard_kg: list[float] = (free * by_year(spec.yard_limit_days, periods.years)).tolist()
        breakdowns = breakdowns_of(spec, process)
        stops = breakdowns.stops(world.streams, world.calendar)
        self._running = 1.0 - breakdowns.down_between(periods.edges, stops) / np.diff(periods.edges)
        months = np.asarray(world.calendar.month_starts, dtype=np.float64)
        self.down_of_months = breakdowns.down_between(months, stops)
        self._left: list[float] = []  # without extra shifts
        self._started = np.nan

    def rate_kg(self, period: int) -> float:
        """Nameplate less background feed when a period begins [kg per day]: what its store is measured in."""
        return self._free[period]

    def free_kg(self, period: int) -> float:
        """What a period leaves for modelled feed: nameplate x ramp-up x time up, less background feed [kg]."""
        if self._started != self._schedule.start_day:
            self._started = self._schedule.start_day
            self._nominal, self._other = self._worth_kg()
            self._left = np.maximum(self._nominal - self._other, 0.0).tolist()
        if not self.turns:
            return self._left[period]
        return max(float(self._nominal[period]) * self._factor(period) - float(self._other[period]), 0.0)

    def room_kg(self, period: int) -> float:
        """Room of an empty yard [kg]: its limit plus what can be worked until the period ends."""
        return self.free_kg(period) + self._yard_kg[period]

    def by_month(self) -> tuple[list[float], list[float], float]:
        """Capacity and background feed by month [kg], and all background feed, reckoned when the run is over.

        They are reckoned as the work of periods was, so that use never passes 1.
        """
        periods = self._periods
        capacity, background = self._worth_kg()
        if self.turns:
            capacity *= [self._factor(period) for period in range(periods.count)]
        background = np.minimum(background, capacity)
        opens, closes = self._schedule.start_day, self._schedule.end_day
        monthly = [periods.by_month(each, opens, closes) for each in (capacity, background)]
        return monthly[0], monthly[1], float(background.sum())

    @property
    def asked_too_much(self) -> bool:
        """Whether its dial was ever turned to more hours than a day has."""
        return any(value > self.longest_factor for _, name, value in self.turns if name == self._dial)

    def _worth_kg(self) -> tuple[Vector, Vector]:
        """Capacity without extra shifts and background feed of each period [kg]."""
        days = self._schedule.full_days(self._periods.edges) * self._running
        return self._nameplate * days, self._background * days

    def _factor(self, period: int) -> float:
        """Mean hours factor of a period by the turns of its dial so far, each counted from its day on.

        Months are closed, and responses turn dials, between the moment a period is worked and its end: too late for its work.
        """
        if len(self.turns) != self._factors_of:
            self._factors = [(day, min(value, self.longest_factor)) for day, name, value in self.turns if name == self._dial]
            self._factors_of = len(self.turns)
        start, end = self._periods.spans[period]
        factor, since, area = 1.0, start, 0.0
        for day, value in self._factors:
            if day >= self._periods.ends[period]:
                break
            area += factor * (max(day, start) - since)
            factor, since = value, max(day, start)
        return (area + factor * (end - since)) / (end - start)
