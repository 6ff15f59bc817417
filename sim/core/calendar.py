"""Days of simulation and calendar dates; day 0 is 1 January of the first year."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

DAYS_PER_YEAR = 365.25
HOURS_PER_DAY = 24.0
MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True)
class Calendar:
    """Calendar of a run from 1 January `start` to 31 December `end`.

    month_starts : day of simulation on which each month begins, one more entry for the end of the run.
    """

    start: int
    end: int
    month_starts: tuple[int, ...]
    _month_of_day: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, start: int, end: int) -> Calendar:
        """Build the calendar of the years `start` to `end`, both included."""
        zero = date(start, 1, 1).toordinal()
        firsts = [date(y, m, 1).toordinal() - zero for y in range(start, end + 1) for m in range(1, 13)]
        starts = (*firsts, date(end + 1, 1, 1).toordinal() - zero)
        months = (month for month, (a, b) in enumerate(pairwise(starts)) for _ in range(b - a))
        return cls(start, end, starts, tuple(months))

    @property
    def days(self) -> int:
        """Length of the run [days]."""
        return self.month_starts[-1]

    @property
    def months(self) -> int:
        """Number of months in the run."""
        return len(self.month_starts) - 1

    @property
    def years(self) -> range:
        """Calendar years of the run."""
        return range(self.start, self.end + 1)

    def month_of(self, day: float) -> int:
        """Index of the month that holds `day`, 0 for January of the first year; the last month after the end."""
        if 0.0 <= day < self.month_starts[-1]:
            return self._month_of_day[int(day)]
        return self.months - 1 if day >= 0.0 else -1

    def year_of(self, day: float) -> int:
        """Calendar year that holds `day`."""
        return self.start + self.month_of(day) // MONTHS_PER_YEAR

    def decimal_year(self, day: float) -> float:
        """Decimal calendar year of `day`, 2026.0 for 1 January 2026."""
        return self.date_of(day)[2]

    def date_of(self, day: float) -> tuple[int, int, float]:
        """Month, calendar year and decimal year of `day`, as `month_of`, `year_of` and `decimal_year` give them."""
        month = self.month_of(day)
        year = month // MONTHS_PER_YEAR
        first, after = self.month_starts[year * MONTHS_PER_YEAR], self.month_starts[(year + 1) * MONTHS_PER_YEAR]
        return month, self.start + year, self.start + year + (day - first) / (after - first)

    def period_edges(self, year: int, days: float) -> list[float]:
        """Return the days on which the periods of `year` begin, and its end: equal parts nearest to `days`."""
        first, last = (self.month_starts[(year - self.start + ahead) * MONTHS_PER_YEAR] for ahead in (0, 1))
        parts = max(round((last - first) / days), 1)
        return [first + (last - first) * part / parts for part in range(parts + 1)]

    def day_of(self, when: date) -> int:
        """Day of simulation of a calendar date (negative before the start)."""
        return when.toordinal() - date(self.start, 1, 1).toordinal()
