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
from sim.scenario.draw import draws_of
from sim.scenario.scenario import Scenario
from sim.scenario.schema import ScenarioSpec
from sim.scenario.turn import Turner, turned
from sim.simulate.run import run_replication
from sim.simulate.twin import twin_ladder
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

    draws : of how many draws the points are the first ones; 0 if points are places of dials. twin : run the queue-free
    twin instead of the simulation.
    """

    scenarios: tuple[Scenario, ...]
    design: Design
    factors: tuple[bool, ...]
    whole: tuple[bool, ...]
    seed: int
    replications: int
    chunk_runs: int
    outcomes: Outcomes
    draws: int = 0
    twin: bool = False
    _turners: dict[int, Turner] = field(default_factory=dict, init=False, compare=False, repr=False)
    _last: dict[int, ScenarioSpec] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __call__(self, number: int) -> Part:
        """The runs of the chunk; one that fails is told, not raised."""
        return joined(self, number, {run: self._attempted(run) for run in self.runs_of(number).tolist()})

    def runs_of(self, number: int) -> NDArray[np.int64]:
        """Numbers of the runs of a chunk."""
        first = number * self.chunk_runs
        return np.arange(first, min(first + self.chunk_runs, self.design.rows * self.replications), dtype=np.int64)

    def _attempted(self, run: int) -> Array | str:
        """The numbers of a run, or why it failed."""
        try:
            return self.run(run // self.replications, run % self.replications)
        except UrbanMineError as error:
            return _one_line(str(error))
        except Exception as error:  # a fault of the model must not end the sweep
            return _one_line(f"{type(error).__name__}: {error}")

    def run(self, row: int, replication: int) -> Array:
        """The outcomes of one run."""
        spec = self.point(row)
        if self.draws:  # the point is a draw, with luck of its own, the same in every scenario
            draw, draws = row % (self.design.rows // len(self.scenarios)), self.draws
            luck = draw * self.replications + replication
        else:
            repeats = spec.run.repeats_per_draw
            draw, draws, luck = replication // repeats, draws_of(self.replications, repeats), replication
        drawn = self._turner(row).drawn(spec, draw, draws, self.seed)
        if self.twin:
            return self.outcomes.of(twin_ladder(drawn))
        tables = run_replication(drawn, self.seed, luck)["tables"]
        return self.outcomes.of(ladder(gathered("signals", [tables["signals"]]), 1))

    def point(self, row: int) -> ScenarioSpec:
        """The scenario of a row: its base with the dials turned; kept for the next replication."""
        if row not in self._last:
            made = self._turner(row).at(self._values(row))
            self._last.clear()
            self._last[row] = made
        return self._last[row]

    def _turner(self, row: int) -> Turner:
        number = int(self.design.scenario[row])
        if number not in self._turners:
            written = dict(zip(self.design.keys, self._values(row), strict=True))
            self._turners[number] = Turner(self.scenarios[number], written)
        return self._turners[number]

    def _values(self, row: int) -> list[Any]:
        """What the dials are turned to, in the shape of TOML."""
        base = self.scenarios[int(self.design.scenario[row])]
        numbers = zip(self.design.keys, self.design.values[row].tolist(), self.factors, self.whole, strict=True)
        return [turned(base, key, number, factor=factor, whole=whole) for key, number, factor, whole in numbers]


def joined(task: Chunk, number: int, found: Mapping[int, Array | Part | str]) -> Part:
    """The part of a chunk from what its runs gave: numbers, a part of their own, or why they failed."""
    runs = task.runs_of(number)
    values, messages = np.full((len(runs), len(task.outcomes.columns)), np.nan), []
    for place, run in enumerate(runs.tolist()):
        one = found[run]
        if isinstance(one, Part):
            values[place], message = one.values[0], one.message[0]
        elif isinstance(one, str):
            message = one
        else:
            values[place], message = one, ""
        messages.append(message)
    row, replication = runs // task.replications, runs % task.replications
    return Part(runs, row.astype(np.int32), replication.astype(np.int32), tuple(messages), values)


def _one_line(message: str) -> str:
    return " ".join(message.split())[:MESSAGE_CHARACTERS]
