"""Speed as ratios to a floor of the same run: seconds depend on the machine and on who else uses it, ratios hardly do.

The floor is the bare SimPy timeout (`engine.clock.bare_timeouts`) or the bare interpreter. Every round measures the
floor and then the subject, so that a busy moment hits both; a figure is the median of its rounds. CPU time, not wall time.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.engine.clock import bare_timeouts
from sim.engine.streams import Streams
from sim.scenario.load import load_scenario
from sim.scenario.schema import ScenarioSpec
from sim.simulate.run import run_replication
from sim.study.parts import Home, compact, part_table
from sim.study.sweep_task import Part

TIMEOUTS = 200_000
ROUNDS = 5
WRITTEN_ROWS, WRITTEN_COLUMNS, PART_ROWS = 1_000_000, 12, 50_000


class Figure(NamedTuple):
    """One measured figure: median, least and most of its rounds, the goal it is held against (0: none), and its unit."""

    name: str
    median: float
    least: float
    most: float
    goal: float
    unit: str

    @property
    def reached(self) -> bool:
        """Whether the goal holds; a figure without one always does."""
        return self.goal <= 0.0 or self.median <= self.goal


def figure(name: str, values: list[float], goal: float, unit: str) -> Figure:
    """The figure of several rounds."""
    return Figure(name, statistics.median(values), min(values), max(values), goal, unit)


def cpu_s(call: Callable[[], object]) -> float:
    """CPU time of this process that a call takes [s]; garbage of earlier calls is cleared first."""
    gc.collect()
    began = time.process_time()
    call()
    return time.process_time() - began


def timeout_cpu_s() -> float:
    """CPU time of one bare SimPy timeout [s]."""
    return cpu_s(lambda: bare_timeouts(TIMEOUTS)) / TIMEOUTS


def ratios(subject: Callable[[], object], floor: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """CPU time of `subject` over that of `floor`, round by round."""
    found = []
    for _ in range(rounds):
        least = cpu_s(floor)
        found.append(cpu_s(subject) / least)
    return found


def in_timeouts(subject: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """CPU time of `subject` in bare SimPy timeouts, round by round."""
    return [ratio * TIMEOUTS for ratio in ratios(subject, lambda: bare_timeouts(TIMEOUTS), rounds)]


def standard_figures(rounds: int = 3) -> Iterator[Figure]:
    """Measure what needs nothing but this package, one figure after the other; about two minutes."""
    yield figure("one bare SimPy timeout", [timeout_cpu_s() * 1e6 for _ in range(rounds)], 0.0, "us of CPU")
    yield from start_up(rounds)
    yield from replication(load_scenario("baseline").spec, rounds)
    yield figure("writing 1e6 runs x 12 numbers, over one bare pq.write_table", writing(rounds), 2.0, "x")


def start_up(rounds: int = ROUNDS) -> Iterator[Figure]:
    """CPU time of the commands people wait for, over the bare interpreter."""
    for name, goal, args in (("--help", 6.0, ["--help"]), ("validate", 15.0, ["validate", "baseline"])):
        found = []
        for _ in range(rounds):
            least = _children_cpu_s([sys.executable, "-c", "pass"])
            found.append(_children_cpu_s([sys.executable, "-m", "sim", *args]) / least)
        yield figure(f"start-up of `{name}`, over the bare interpreter", found, goal, "x")


def replication(spec: ScenarioSpec, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Cost and exact counts of one replication of a scenario."""
    facts: list[dict[str, float]] = []
    cost = in_timeouts(lambda: facts.append(run_replication(spec, spec.run.seed, 0)["facts"]), rounds)
    yield figure("one replication", [each / 1e6 for each in cost], 1.5, "million bare timeouts")
    yield figure("kernel events of a replication", [each["events"] for each in facts], 0.0, "events")
    yield figure("lots booked in a replication", [each["postings"] for each in facts], 0.0, "lots")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0**2 if sys.platform == "darwin" else 1024.0)
    yield figure("peak memory, libraries for tables included", [peak], 0.0, "MB")


def writing(rounds: int = ROUNDS) -> list[float]:
    """CPU time of a sweep's parts and their compaction for a million runs of 12 numbers, over one bare `pq.write_table`."""
    numbers = Streams(1, 0).of("bench").random((WRITTEN_ROWS, WRITTEN_COLUMNS))
    names = tuple(f"outcome_{number}" for number in range(WRITTEN_COLUMNS))
    plain = pa.table(list(numbers.T), names=list(names))
    return ratios(lambda: _write_parts(numbers, names), lambda: _write_plain(plain), rounds)


def _write_parts(numbers: NDArray[np.float64], names: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        for name in ("parts", "index"):
            (home.folder / name).mkdir()
        runs = np.arange(PART_ROWS)
        for chunk, values in enumerate(np.split(numbers, WRITTEN_ROWS // PART_ROWS)):
            row = (chunk * PART_ROWS + runs).astype(np.int32)
            part = Part(row.astype(np.int64), row, np.zeros_like(row), ("",) * PART_ROWS, values)
            home.save_part(chunk, part_table(part, names))
        compact(home, range(WRITTEN_ROWS // PART_ROWS))


def _write_plain(table: pa.Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(table, Path(folder) / "plain.parquet")


def _children_cpu_s(command: list[str]) -> float:
    """CPU time of a child process [s]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
