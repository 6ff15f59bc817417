"""Why two runs differ: differences of the headline with paired intervals, the inputs that differ, and what the rest cost.

Runs with one seed share their random streams by name, so replication i of one is paired with replication i of the other
and what both share cancels (common random numbers, Law 2015, Simulation Modeling and Analysis, 11.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from sim.core.errors import UsageError
from sim.results.store import Results, load_results
from sim.results.summary import ALL, SHARE, STEPS, Ladder, ladder
from sim.study.changes import Cause, causes
from sim.study.stored import resolved, table_of
from sim.study.uncertainty import draw_means

Array = NDArray[np.float64]

LEVEL = 0.90  # of every interval
ROUNDING = 1e-12
HOME = "JPN"  # the country told of beside the sum of all
MEASURES = (*STEPS, SHARE)
Key = tuple[str, str, str, int]  # measure, metal, country, year


@dataclass(frozen=True, slots=True)
class Effect:
    """A mean paired difference with its 90 % interval; NaN where one unit tells no interval."""

    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero; without an interval, whether anything differs."""
        return self.low > 0.0 or self.high < 0.0 if np.isfinite(self.low) else self.mean != 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the headline in both runs."""

    measure: str
    metal: str
    country: str
    year: int
    before: float
    after: float
    effect: Effect


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other; `rows` and `causes` are empty where nothing differs.

    notes : what makes a difference besides the inputs.
    """

    first: Results
    second: Results
    causes: tuple[Cause, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs, inputs and results."""
        return not self.causes and not self.rows


def compare(first: Results | str | Path, second: Results | str | Path) -> Comparison:
    """Compare two runs of the same seed, replications and years.

    Raises
    ------
    UsageError
        If the runs cannot be paired; says why.
    ResultsError
        If a run folder is missing or damaged.
    """
    one, other = (run if isinstance(run, Results) else load_results(run) for run in (first, second))
    require_pairs(one, other)
    found = causes(resolved(one), resolved(other))
    return Comparison(one, other, found, tuple(differences(one, other)), tuple(_notes(one, other)))


def require_pairs(first: Results, second: Results) -> None:
    """Raise UsageError if replications of two runs do not belong together."""
    for name, told in (("seed", "seed"), ("replications", "number of replications"), ("repeats_per_draw", "replications per draw")):
        one, other = first.manifest.get(name), second.manifest.get(name)
        if one != other:
            raise UsageError(
                f"these runs cannot be paired: the {told} is {one} in the first and {other} in the second. "
                "Run both again with the same --seed and --replications"
            )
    one, other = first.summary["years"], second.summary["years"]
    if one != other:
        raise UsageError(f"these runs cannot be paired: the first covers {_span(one)}, the second {_span(other)}")


def _span(years: Sequence[int]) -> str:
    return f"{years[0]} to {years[-1]}" if years else "no years"


def _notes(first: Results, second: Results) -> list[str]:
    """What makes a difference besides the inputs."""
    notes = []
    tables = [
        {file: digest for file, digest in run.manifest.get("inputs", {}).items() if file.startswith("sim/")}
        for run in (first, second)
    ]
    if first.manifest.get("versions") != second.manifest.get("versions"):
        notes.append("the runs were made by different versions of the program, of Python or of its packages")
    if tables[0] != tables[1]:
        notes.append("the reference tables differ: grades and sources decide how widely a number is drawn")
    if first.manifest.get("draws") == 1:
        notes.append("the uncertain inputs were drawn once: the intervals hold chance alone, not what is unknown")
    return notes


def units_of(samples: Array, repeats: int) -> Array:
    """Independent parts of paired differences: draws, since replications of one draw share its inputs; else replications."""
    means = draw_means(samples, repeats)
    return means if len(means) > 1 else samples


def effect_of(samples: Array, repeats: int) -> Effect:
    """Mean of paired differences over replications, shape (replications,), with Student's interval over their units."""
    units = units_of(samples, repeats)
    mean = float(samples.mean())
    if len(units) < 2:
        return Effect(mean, float("nan"), float("nan"))
    half = half_width(len(units)) * float(units.std(ddof=1))
    return Effect(mean, mean - half, mean + half)


def by_replication(frame: pd.DataFrame, measure: str, results: Results) -> Array:
    """Sum of a measure over rows of a table, shape (replications,); what is missing counts as nothing."""
    values = frame[measure].to_numpy(dtype=np.float64, na_value=0.0)
    count = int(results.manifest["replications"])
    sums: Array = np.bincount(frame["replication"].to_numpy(), values, minlength=count).astype(np.float64)
    return sums


def half_width(units: int) -> float:
    """Half of the interval of a mean over the standard deviation of its units (Student)."""
    return float(stdtrit(units - 1, (1.0 + LEVEL) / 2.0) / np.sqrt(units))


def differences(first: Results, second: Results) -> list[Row]:
    """Rows of the headline that differ, for the home country and all, of metals that either run calls headline."""
    repeats = int(first.manifest["repeats_per_draw"])
    return [
        Row(*key, float(before.mean()), float(after.mean()), effect_of(after - before, repeats))
        for key, (before, after) in paired(first, second).items()
        if differ(before, after)
    ]


def differ(before: Array, after: Array) -> bool:
    """Whether samples differ by more than the rounding of long sums."""
    return bool((np.abs(after - before) > ROUNDING * np.maximum(np.abs(before), np.abs(after))).any())


def paired(first: Results, second: Results) -> dict[Key, tuple[Array, Array]]:
    """Samples of the headline in both runs, shape (replications,) each; what has no meaning in one is left out."""
    one, other = headline(first), headline(second)
    found = {}
    for key in dict.fromkeys((*one, *other)):
        known = one.get(key, other.get(key))
        assert known is not None
        nothing = np.zeros_like(known)
        before, after = one.get(key, nothing), other.get(key, nothing)
        for index, year in enumerate(first.summary["years"]):
            if np.isfinite(before[index]).all() and np.isfinite(after[index]).all():
                found[(*key, int(year))] = (before[index], after[index])
    return found


def headline(results: Results) -> dict[tuple[str, str, str], Array]:
    """Samples of the headline by measure, metal and country, shape (years, replications)."""
    found: Ladder = ladder(table_of(results, "signals"), int(results.manifest["replications"]))
    return {
        (measure, metal, country): found.values[measure][found.metals.index(metal), found.countries.index(country)]
        for metal in results.summary["headline"]
        for country in (HOME, ALL)
        if country in found.countries
        for measure in MEASURES
    }
