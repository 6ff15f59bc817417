"""How much of a difference each changed input makes: one cause at a time on the first scenario, and their interaction.

With k causes k + 2 scenarios run: the first, the second, and the first with the changes of each cause alone. The two ends
must give what is stored, or the runs to be explained were made by another program. The interaction is what the causes do
together beyond the sum of what each does alone (Stein & Alpert 1993, doi:10.1175/1520-0469(1993)050<2107:FSINS>2.0.CO;2), so
parts sum to the total exactly.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from sim.study.changes import Cause, applied, joined
from sim.study.compare import Comparison, Effect, Key, differ, effect_of, paired, require_pairs
from sim.study.stored import resolved
from sim.study.workers import default_workers

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]
INTERACTION = "interaction"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an attribution will run.

    causes : causes as they can stand alone; those that only fit together are one. scenarios : the two ends, then one for
    each cause; none with a single cause. cpu_s : in all.
    """

    causes: tuple[Cause, ...]
    scenarios: tuple[Scenario, ...]
    replications: int
    cpu_s: float

    def text(self, workers: int | None = None) -> str:
        """The estimate in words."""
        if len(self.causes) < 2:
            return "One cause: the whole difference is its own, nothing to run."
        staff = workers or default_workers()
        minutes = self.cpu_s / staff / 60.0
        amount = f"{minutes:.0f} min" if minutes >= 2.0 else f"{60.0 * minutes:.0f} s"
        return (
            f"Attribution runs {len(self.scenarios)} scenarios of {self.replications} replications, both ends and each cause: "
            f"about {amount} with {staff} processes."
        )


@dataclass(frozen=True, slots=True)
class Attribution:
    """Parts of each difference of the headline by cause, the interaction last; they sum to the difference."""

    names: tuple[str, ...]
    parts: dict[Key, tuple[Effect, ...]]


def plan(found: Comparison, library: Library | None = None) -> Plan:
    """Find which causes can stand alone and estimate what attribution takes.

    A change that is not valid without another (a route to a new plant) is joined with it.
    """
    first, second = resolved(found.first), resolved(found.second)
    causes = list(found.causes)
    scenarios: list[Scenario] = []
    while causes:
        ready = [_scenario(found, applied(first, second, [cause]), library) for cause in causes]
        wrong = [index for index, scenario in enumerate(ready) if scenario is None]
        if not wrong:
            scenarios = [scenario for scenario in ready if scenario is not None]
            break
        if len(causes) == 1:
            raise UsageError("the changes cannot be put on the first scenario; run both again with this version of the program")
        causes = _merged(causes, wrong[0], lambda cause: _scenario(found, applied(first, second, [cause]), library) is not None)
    count, cpu_s = int(found.first.manifest["replications"]), float(found.first.manifest["cpu_s"])
    if len(causes) < 2:
        return Plan(tuple(causes), (), count, 0.0)
    ends = [_scenario(found, tree, library) for tree in (first, second)]
    runs = (*(end for end in ends if end is not None), *scenarios)
    if len(runs) != len(causes) + len(ends):
        raise UsageError("a scenario of these runs is not valid any more; run both again with this version of the program")
    return Plan(tuple(causes), runs, count, len(runs) * cpu_s)


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
    if len(planned.causes) < 2:
        alone = [total for _ in planned.causes]
    else:
        runs = _runs(found, planned, workers, _Counting(progress, len(planned.scenarios)))
        for stored in (found.first, found.second):
            _require_same(stored, next(runs))
        alone = [_gaps(found.first, run) for run in runs]
    repeats = int(found.first.manifest["repeats_per_draw"])
    parts = {}
    for key, gap in total.items():
        samples = [one.get(key, np.zeros_like(gap)) for one in alone]
        together = gap - np.sum(samples, axis=0) if samples else gap
        parts[key] = tuple(effect_of(sample, repeats) for sample in (*samples, together))
    return Attribution((*(cause.name for cause in planned.causes), INTERACTION), parts)


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
