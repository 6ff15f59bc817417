"""What a worker of a sweep does: the runs of one chunk, each to a handful of numbers. Loads neither pandas nor pyarrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import UrbanMineError
from sim.results.summary import Ladder, ladder
from sim.results.tables import gathered
from sim.scenario import toml
from sim.scenario.draw import draw_spec, draws_of
from sim.scenario.scenario import Scenario
from sim.simulate.run import run_replication
from sim.study.design import Design

Array = NDArray[np.float64]
WHOLE_RUN = "all"
MESSAGE_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Which numbers are kept; no years: the sum over the run."""

    steps: tuple[str, ...]
    metals: tuple[str, ...]
    countries: tuple[str, ...]
    years: tuple[int, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers, as `refined_kg.Nd.JPN.2035`."""
        years = self.years or (WHOLE_RUN,)
        return tuple(
            f"{step}.{metal}.{country}.{year}"
            for step in self.steps
            for metal in self.metals
            for country in self.countries
            for year in years
        )

    def of(self, found: Ladder) -> Array:
        """The numbers of one run; zero for a country in which nothing happened."""
        places = [number for number, year in enumerate(found.years) if not self.years or year in self.years]
        told = []
        for step in self.steps:
            cube = found.values[step][..., 0]
            for metal in self.metals:
                for country in self.countries:
                    series = _series(found, cube, metal, country)[places]
                    told.append(series if self.years else series.sum(keepdims=True))
        return np.concatenate(told)


def _series(found: Ladder, cube: Array, metal: str, country: str) -> Array:
    if metal not in found.metals or country not in found.countries:
        return np.zeros(len(found.years))
    series: Array = cube[found.metals.index(metal), found.countries.index(country)]
    return series


@dataclass(frozen=True, slots=True)
class Part:
    """What a chunk gave, a place for every run.

    run, row, replication : numbers. message : why a run failed, empty where it did not. values : shape (runs, columns),
    missing where a run failed.
    """

    run: NDArray[np.int64]
    row: NDArray[np.int32]
    replication: NDArray[np.int32]
    message: tuple[str, ...]
    values: Array


@dataclass(frozen=True, slots=True)
class Chunk:
    """Run chunk `number` of a sweep. What it gives depends on the number only, not on who does it or when.

    Luck is keyed by replication: run k of every point meets the same random streams and the same draw of what is not
    known, so that points differ by their dials alone (common random numbers).
    """

    scenarios: tuple[Scenario, ...]
    design: Design
    factors: tuple[bool, ...]
    whole: tuple[bool, ...]
    seed: int
    replications: int
    chunk_runs: int
    outcomes: Outcomes
    _last: dict[int, Scenario] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, number: int) -> Part:
        """The runs of the chunk; one that fails is told, not raised."""
        first = number * self.chunk_runs
        runs = np.arange(first, min(first + self.chunk_runs, self.design.rows * self.replications), dtype=np.int64)
        values = np.full((len(runs), len(self.outcomes.columns)), np.nan)
        messages = []
        for place, run in enumerate(runs.tolist()):
            try:
                values[place] = self.run(run // self.replications, run % self.replications)
                messages.append("")
            except UrbanMineError as error:
                messages.append(_one_line(str(error)))
            except Exception as error:  # a fault of the model must not end the sweep
                messages.append(_one_line(f"{type(error).__name__}: {error}"))
        row, replication = runs // self.replications, runs % self.replications
        return Part(runs, row.astype(np.int32), replication.astype(np.int32), tuple(messages), values)

    def run(self, row: int, replication: int) -> Array:
        """The outcomes of one run."""
        scenario = self.point(row)
        repeats = scenario.spec.run.repeats_per_draw
        drawn = draw_spec(scenario, replication // repeats, draws_of(self.replications, repeats), self.seed)
        tables = run_replication(drawn.spec, self.seed, replication)["tables"]
        return self.outcomes.of(ladder(gathered("signals", [tables["signals"]]), 1))

    def point(self, row: int) -> Scenario:
        """The scenario of a row: its base with the dials turned; kept for the next replication."""
        if row not in self._last:
            base = self.scenarios[int(self.design.scenario[row])]
            numbers = zip(self.design.keys, self.design.values[row].tolist(), self.factors, self.whole, strict=True)
            made = base.with_set(*(f"{key}={toml.value(_value(base, key, *how))}" for key, *how in numbers))
            self._last.clear()
            self._last[row] = made
        return self._last[row]


def _value(base: Scenario, key: str, number: float, factor: bool, whole: bool) -> Any:
    value = _scaled(base.value_at(key), number) if factor else number
    return round(value) if whole else value


def _scaled(value: Any, factor: float) -> Any:
    """A number in any of its shapes, multiplied."""
    return {key: _scaled(inner, factor) for key, inner in value.items()} if isinstance(value, Mapping) else value * factor


def _one_line(message: str) -> str:
    return " ".join(message.split())[:MESSAGE_CHARACTERS]
