"""How much of a difference each changed input makes: one cause at a time on the first scenario, and their interaction.

With k causes k + 2 scenarios run: the first, the second, and the first with the changes of each cause alone. The two ends
must give what is stored, or the runs to be explained were made by another program. The interaction is what the causes do
together beyond the sum of what each does alone (Stein & Alpert 1993, doi:10.1175/1520-0469(1993)050<2107:FSINS>2.0.CO;2), so
parts sum to the total exactly. Shapley values, on request, share the interaction out; they take every set of causes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ScenarioError, UsageError
from sim.results.store import Results
from sim.scenario import toml
from sim.scenario.keys import Tree
from sim.scenario.load import load_scenario
from sim.scenario.scenario import Library, Scenario
from sim.study import replicate
from sim.study.changes import Cause, applied, grouped, joined
from sim.study.compare import Comparison, Effect, Key, differ, effect_of, paired, require_pairs
from sim.study.stored import resolved
from sim.study.workers import default_workers

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]
Subset = tuple[int, ...]
INTERACTION = "interaction"
MOST_GROUPS = 8  # causes run one at a time; more are grouped by country or section
MOST_SHARED = 5  # causes for Shapley values, which take 2^k scenarios


@dataclass(frozen=True, slots=True)
class Plan:
    """What an attribution will run.

    causes : causes as they can stand alone; those that only fit together are one. subsets : numbers of the causes put on the
    first scenario together. scenarios : the two ends, then one for each subset; none with a single cause. cpu_s : in all.
    shapley : whether interactions are shared out.
    """

    causes: tuple[Cause, ...]
    subsets: tuple[Subset, ...]
    scenarios: tuple[Scenario, ...]
    replications: int
    cpu_s: float
    shapley: bool = False

    def text(self, workers: int | None = None) -> str:
        """The estimate in words."""
        return _words(len(self.causes), len(self.scenarios), self.replications, self.cpu_s, workers)


@dataclass(frozen=True, slots=True)
class Attribution:
    """Parts of each difference of the headline by cause; they sum to the difference.

    names : causes, and last `interaction` unless Shapley values share that out.
    """

    names: tuple[str, ...]
    parts: dict[Key, tuple[Effect, ...]]


def estimate(found: Comparison, workers: int | None = None, *, shapley: bool = False) -> str:
    """What an attribution would take, in words, without preparing one: at most this, if every group can stand alone."""
    causes = grouped(found.causes, MOST_SHARED if shapley else MOST_GROUPS)
    runs = len(_subsets(len(causes), shapley)) + 2 if len(causes) > 1 else 0
    manifest = found.first.manifest
    return _words(len(causes), runs, int(manifest["replications"]), runs * float(manifest["cpu_s"]), workers)


def _words(causes: int, runs: int, replications: int, cpu_s: float, workers: int | None) -> str:
    if causes < 2:
        return "One cause: the whole difference is its own, nothing to run."
    staff = workers or default_workers()
    minutes = cpu_s / staff / 60.0
    amount = f"{minutes:.0f} min" if minutes >= 2.0 else f"{60.0 * minutes:.0f} s"
    return (
        f"Attribution to {causes} groups of changes runs {runs} scenarios of {replications} replications: "
        f"about {amount} with {staff} processes."
    )


def _subsets(causes: int, shapley: bool) -> tuple[Subset, ...]:
    """Each cause alone, or every set of them but none and all."""
    sizes = range(1, causes) if shapley else (1,)
    return tuple(subset for size in sizes for subset in combinations(range(causes), size))


def plan(found: Comparison, library: Library | None = None, *, shapley: bool = False) -> Plan:
    """Find which groups of causes can stand alone and estimate what attribution takes.

    A change that is not valid without another (a route to a new plant) is joined with it.

    Raises
    ------
    UsageError
        If the scenarios of the runs are not valid any more.
    """
    first, second = resolved(found.first), resolved(found.second)
    causes = list(grouped(found.causes, MOST_SHARED if shapley else MOST_GROUPS))
    known: dict[str, Scenario | None] = {}

    def alone(cause: Cause) -> Scenario | None:
        if cause.name not in known:
            known[cause.name] = _scenario(found, applied(first, second, [cause]), library)
        return known[cause.name]

    while len(causes) > 1:
        wrong = next((index for index, cause in enumerate(causes) if alone(cause) is None), None)
        if wrong is None:
            break
        causes = _merged(causes, wrong, lambda cause: alone(cause) is not None)
    count, cpu_s = int(found.first.manifest["replications"]), float(found.first.manifest["cpu_s"])
    if len(causes) < 2:
        return Plan(tuple(causes), (), (), count, 0.0)
    subsets = _subsets(len(causes), shapley)
    sets = [alone(causes[one[0]]) if len(one) == 1 else
            _scenario(found, applied(first, second, [causes[index] for index in one]), library) for one in subsets]  # fmt: skip
    runs = [_scenario(found, first, library), _scenario(found, second, library), *sets]
    scenarios = tuple(run for run in runs if run is not None)
    if len(scenarios) < len(runs):
        raise UsageError("these changes cannot be put on the first scenario; run both again with this version of the program")
    return Plan(tuple(causes), subsets, scenarios, count, len(scenarios) * cpu_s, shapley)


def _merged(causes: Sequence[Cause], wrong: int, fits: Callable[[Cause], bool]) -> list[Cause]:
    """Join a cause that cannot stand alone with the first that makes it fit; with all others if none does."""
    rest = [cause for index, cause in enumerate(causes) if index != wrong]
    for index, other in enumerate(rest):
        both = joined(other, causes[wrong])
        if fits(both):
            return [*rest[:index], both, *rest[index + 1 :]]
    whole = causes[wrong]
    for other in rest:
        whole = joined(whole, other)
    return [whole]


def _scenario(found: Comparison, tree: Tree, library: Library | None) -> Scenario | None:
    """A scenario made of a resolved tree; None if it is not valid."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{found.first.manifest['scenario']['key']}.toml"
        file.write_text(toml.document(tree), encoding="utf-8")
        try:
            return load_scenario(file, library=library)
        except ScenarioError:
            return None


def attribute(found: Comparison, planned: Plan, workers: int | None = None, progress: Progress | None = None) -> Attribution:
    """Run what is planned and divide every difference of the headline over the causes."""
    total = _gaps(found.first, found.second)
    count = len(planned.causes)
    gaps: dict[Subset, dict[Key, Array]] = {(): {}, tuple(range(count)): total}
    if count > 1:
        runs = _runs(found, planned, workers, _Counting(progress, len(planned.scenarios)))
        for stored in (found.first, found.second):
            _require_same(stored, next(runs))
        gaps |= {subset: _gaps(found.first, run) for subset, run in zip(planned.subsets, runs, strict=True)}
    shared = planned.shapley and count > 1
    repeats = int(found.first.manifest["repeats_per_draw"])
    parts = {}
    for key, gap in total.items():
        samples = {subset: told.get(key, np.zeros_like(gap)) for subset, told in gaps.items()}
        own = _shapley(samples, count) if shared else [samples[index,] for index in range(count)]
        rest = [] if shared else [gap - np.sum(own, axis=0) if own else gap]
        parts[key] = tuple(effect_of(sample, repeats) for sample in (*own, *rest))
    names = tuple(cause.name for cause in planned.causes)
    return Attribution(names if shared else (*names, INTERACTION), parts)


def _shapley(samples: Mapping[Subset, Array], count: int) -> list[Array]:
    """Mean of what each cause adds over all orders in which causes can come (Shapley 1953, A value for n-person games)."""
    values = []
    for cause in range(count):
        others = [index for index in range(count) if index != cause]
        value = np.zeros_like(samples[()])
        for size in range(count):
            weight = 1.0 / (count * comb(count - 1, size))
            for before in combinations(others, size):
                value = value + weight * (samples[tuple(sorted((*before, cause)))] - samples[before])
        values.append(value)
    return values


def _runs(found: Comparison, planned: Plan, workers: int | None, done: _Counting) -> Iterator[Results]:
    manifest = found.first.manifest
    for scenario in planned.scenarios:
        run = replicate.run(scenario, int(manifest["replications"]), int(manifest["seed"]), workers, done)
        require_pairs(found.first, run)
        done.runs += 1
        yield run


def _require_same(stored: Results, run: Results) -> None:
    if any(differ(before, after) for before, after in paired(stored, run).values()):
        where = stored.folder or stored.manifest["scenario"]["name"]
        raise UsageError(f"{where}: this program does not give these results any more; run both again, then attribute")


class _Counting:
    """Progress over several runs as one."""

    def __init__(self, progress: Progress | None, count: int) -> None:
        self._progress, self._count = progress, count
        self.runs = 0

    def __call__(self, done: int, count: int) -> None:
        """Tell replications done of those of all runs."""
        if self._progress is not None:
            self._progress(self.runs * count + done, self._count * count)


def _gaps(first: Results, second: Results) -> dict[Key, Array]:
    """Paired differences of the headline, shape (replications,)."""
    return {key: after - before for key, (before, after) in paired(first, second).items()}
