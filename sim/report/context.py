"""What every figure needs: the run, the language, the names, and small sums told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.report.chart import Missing, Selector, options
from sim.report.language import Language, mass_unit
from sim.report.names import HEADLINE, MORE_METALS, Names
from sim.report.reading import Run, Vector

FOCUS_COUNTRY = "JPN"
MOST_HEADLINE = 5


@dataclass
class Context:
    """One run told in one language."""

    run: Run
    say: Language

    @cached_property
    def names(self) -> Names:
        """Names of codes."""
        return Names(self.run, self.say)

    @cached_property
    def headline(self) -> tuple[str, ...]:
        """Metals of the first page, at most five."""
        given = self.run.summary.get("headline") or HEADLINE
        return tuple(metal for metal in self.metals if metal in given)[:MOST_HEADLINE] or self.metals[:MOST_HEADLINE]

    @cached_property
    def metals(self) -> tuple[str, ...]:
        """Metals that can be chosen, as far as the run has them: the best known first, then others it calls headline."""
        found = set(self.run.summary.get("ladder") or {})
        if not found and self.run.has("signals"):
            found = set(self.run.labels("signals", "metal"))
        wanted = [*HEADLINE, *MORE_METALS, *(self.run.summary.get("headline") or ())]
        return tuple(dict.fromkeys(metal for metal in wanted if metal in found))

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the run."""
        return self.run.years

    @property
    def chosen(self) -> tuple[int, ...]:
        """Years offered in selections."""
        return self.run.chosen_years

    @property
    def year(self) -> int:
        """Year shown first."""
        return self.run.focus_year

    def missing(self, name: str, question: str, table: str) -> Missing:
        """Say that a chart is left out because its table is empty."""
        return Missing(name, question, self.say("This chart is left out: the run has no rows in the table {table}.", table=table))

    def metal_selector(self, metals: Sequence[str] | None = None) -> Selector:
        """Choose a metal."""
        return Selector(self.say("Metal"), options(metals or self.metals, self.names.metal))

    def year_selector(self) -> Selector:
        """Choose a year."""
        return Selector(self.say("Year"), options(self.chosen))

    def tonnes(self, kg: float) -> float:
        """Kilograms as tonnes."""
        return kg / 1000.0

    def per_year(self, unit: str) -> str:
        """Axis title of a mass per year."""
        return self.say("{unit} per year", unit=unit)


def over_years(sums: Mapping[tuple[object, ...], float], years: Sequence[int]) -> dict[tuple[object, ...], list[float]]:
    """Series by year of sums whose key ends with the year; 0 where there is none."""
    place = {year: i for i, year in enumerate(years)}
    series: dict[tuple[object, ...], list[float]] = {}
    for (*key, year), value in sums.items():
        if year in place:
            series.setdefault(tuple(key), [0.0] * len(years))[place[year]] += value
    return series


def quantiles(values: Vector) -> dict[str, float]:
    """Mean and 5, 10, 25, 50, 75, 90, 95 % quantiles over replications."""
    found = between(values.tolist(), (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95))
    return {
        "mean": float(values.mean()),
        **dict(zip(("p5", "p10", "p25", "p50", "p75", "p90", "p95"), found, strict=True)),
    }


def between(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Quantiles as NumPy's, linear between neighbours; thousands of them from few values are faster told without it."""
    ordered, last = sorted(values), len(values) - 1
    found = []
    for share in shares:
        place = int(share * last)
        above = ordered[min(place + 1, last)]
        found.append(ordered[place] + (share * last - place) * (above - ordered[place]))
    return found


def apart(values: Vector, draw_of: NDArray[np.int64]) -> tuple[float, float]:
    """Standard deviations by chance and by ignorance: one-way analysis of variance, replications within draws.

    Chance is NaN where every replication has a draw of its own.
    """
    draws = np.unique(draw_of)
    groups = [values[draw_of == draw] for draw in draws]
    degrees = len(values) - len(groups)
    if degrees < 1:
        return float("nan"), float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / degrees
    if len(groups) < 2:
        return within**0.5, float("nan")
    between = float(np.var([group.mean() for group in groups], ddof=1)) - within * len(groups) / len(values)
    return within**0.5, max(0.0, between) ** 0.5


def unit_of(values: Sequence[float]) -> tuple[float, str]:
    """Kilograms per unit, and the unit, that suit the largest of `values`."""
    return mass_unit(max((abs(value) for value in values), default=0.0))
