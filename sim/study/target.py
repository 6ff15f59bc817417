"""What would it take: the least change of named dials that brings a yearly goal, how surely, or what stands in its way.

Every position of the dials runs the same replications with the same seed, so that luck and draws cancel (common random
numbers) and the result moves smoothly. Runs end with the year of the goal. Each replication has its own draw of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import betainc, stdtrit

from sim.core.errors import UsageError
from sim.results.summary import ALL, SHARE, STEPS, ladder
from sim.results.tables import Columns, numbers, texts, words
from sim.scenario.keys import join, nearest
from sim.scenario.scenario import Scenario
from sim.simulate.benefits import COST_ITEMS
from sim.study.replicate import ReplicationError
from sim.study.target_dials import Dial, dials_of
from sim.study.target_search import Aim, Outcome, Status, Vector, runs_expected, search
from sim.study.task import Replicate
from sim.study.workers import Failure, default_workers, spread

Progress = Callable[[int, int], None]
Say = Callable[[str], None]

REPLICATIONS = 8
LEVEL = 0.90  # of the interval
NAMED = 3  # resources told of


@dataclass(frozen=True, slots=True)
class Goal:
    """So many kilograms of a metal at a step of the ladder in a year, in a country or all, met with a probability."""

    metal: str
    kg: float
    year: int
    step: str = "refined_kg"
    country: str = ALL
    probability: float = 0.5


@dataclass(frozen=True, slots=True)
class Turned:
    """A dial as it was and as the answer has it; position: share of the way to its limit."""

    key: str
    unit: str
    before: Any
    after: Any
    limit: float
    position: float


@dataclass(frozen=True, slots=True)
class Binding:
    """A resource that holds the goal's metal back in its year: what one per cent more, and one tonne more, would add [kg]."""

    resource: str
    place: str
    gain_kg: float
    gain_kg_per_t: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What it takes.

    status : `already` met as it is, `found`, or `infeasible` even at the limits, where everything else is told of.
    promised_kg : reached with the probability of the goal; as_is_kg : without a change. low, high : where a run again with
    another seed and as many replications falls in 90 % of cases. met : replications that reach the goal. usd : spent more
    in the year of the goal. change : root of the sum of squared positions. binding : what holds back then, the most first.
    assignments : the answer as `--set` takes it, without dials that stay and are drawn no less for it.
    """

    status: Status
    aim: Aim
    goal: Goal
    dials: tuple[Turned, ...]
    promised_kg: float
    low: float
    high: float
    as_is_kg: float
    met: int
    replications: int
    usd: float
    change: float
    binding: tuple[Binding, ...]
    scenarios_run: int
    assignments: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """Everything, for programs; numbers that have no meaning are None."""
        told = asdict(self)
        return told | {name: told[name] if np.isfinite(told[name]) else None for name in ("low", "high")}


@dataclass(frozen=True, slots=True)
class _Told:
    """What the replications of one position gave: results, cost [USD], and gains of each resource and place, per replication."""

    kg: Vector
    usd: Vector
    gains: dict[tuple[str, str], tuple[float, float]]
    cpu_s: float


@dataclass(frozen=True, slots=True)
class _Batch:
    """Replications of several positions of the dials as one list of tasks; a worker returns what the search needs."""

    tasks: tuple[Replicate, ...]
    count: int
    goal: Goal

    def __call__(self, number: int) -> tuple[float, float, dict[tuple[str, str], tuple[float, float]], float]:
        outcome = self.tasks[number // self.count](number % self.count)
        tables, goal = outcome["tables"], self.goal
        paid = tables["payments"]
        spent = (numbers(paid, "year") == goal.year) & np.isin(words(paid, "item").texts.astype(str), COST_ITEMS)
        usd = float(numbers(paid, "usd")[spent].sum())
        return result_kg(tables["signals"], goal), usd, _gains(tables["bottlenecks"], goal), outcome["facts"]["cpu_s"]


def result_kg(signals: Columns, goal: Goal) -> float:
    """What one replication reaches of the goal [kg]."""
    count = len(numbers(signals, "year"))
    found = ladder({**signals, "replication": np.zeros(count, dtype=np.int32)}, 1)
    cell = found.metals.index(goal.metal), found.countries.index(goal.country), found.years.index(goal.year), 0
    return float(found.values[goal.step][cell])


def _gains(table: Columns, goal: Goal) -> dict[tuple[str, str], tuple[float, float]]:
    """Gain of one per cent more all year, and the mean gain of a tonne, by resource and place."""
    sums: dict[tuple[str, str], list[tuple[float, float]]] = {}
    rows = zip(
        numbers(table, "year").tolist(), texts(table, "metal"), texts(table, "resource"), texts(table, "place"),
        numbers(table, "gain_kg").tolist(), numbers(table, "gain_kg_per_t").tolist(), strict=True,
    )  # fmt: skip
    for year, metal, resource, place, gain, per_t in rows:
        if year == goal.year and metal == goal.metal:
            sums.setdefault((resource, place), []).append((gain, per_t))
    return {key: (sum(gain for gain, _ in rows), float(np.mean([per_t for _, per_t in rows]))) for key, rows in sums.items()}


def target(
    scenario: Scenario,
    metal: str,
    kg: float,
    year: int,
    using: str | Sequence[str],
    *,
    step: str = "refined_kg",
    country: str = ALL,
    probability: float = 0.5,
    aim: Aim = "smallest",
    replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    say: Say | None = None,
) -> Answer:
    """Find the least change of the dials `using` (`key`, or `key=limit`) with which `kg` of `metal` are reached in `year`.

    Raises
    ------
    UsageError
        If a dial, the metal, the year or another part of the question does not exist or makes no sense.
    ReplicationError
        If a replication fails.
    """
    goal = Goal(metal, kg, year, step, country, probability)
    _require(scenario, goal)
    dials = dials_of(scenario, using)
    count = replications or (REPLICATIONS if scenario.spec.run.uncertain_inputs else 1)
    if not 1 <= count <= 10_000:
        raise UsageError(f"replications must be from 1 to 10000, not {count}")
    short = scenario.with_set(f"time.end={year}", "run.repeats_per_draw=1")
    runs = _Runs(short, dials, goal, count, scenario.spec.run.seed if seed is None else seed, workers, progress, say)
    solution = search(runs.measure, len(dials), kg, aim)
    return runs.answer(solution.status, solution.position, aim)


def _require(scenario: Scenario, goal: Goal) -> None:
    spec = scenario.spec
    headline = [name for name, substance in spec.substances.items() if substance.headline]
    if goal.metal not in headline:
        near = nearest(goal.metal, headline)
        raise UsageError(
            f"{goal.metal} is no headline metal." + (f" Did you mean {near}?" if near else f" There is: {', '.join(headline)}")
        )
    if not spec.time.start <= goal.year <= 2060:
        raise UsageError(f"--in must be from {spec.time.start}, where the scenario starts, to 2060, not {goal.year}")
    if not 0.0 < goal.kg < float("inf"):
        raise UsageError(f"--kg must be above 0, not {goal.kg:g}")
    if not 0.0 < goal.probability < 1.0:
        raise UsageError(f"--probability must lie between 0 and 1, not {goal.probability:g}")
    if goal.step not in STEPS or goal.step == SHARE:
        raise UsageError(f"--step must be one of {', '.join(STEPS)}, not {goal.step}")
    home = [key for key, country in spec.countries.items() if country.role == "home"]
    if goal.country != ALL and goal.country not in spec.countries:
        near = nearest(goal.country, home)
        raise UsageError(f"there is no country {goal.country[:40]}." + (f" Did you mean {near}?" if near else ""))


class _Runs:
    """Runs positions of the dials and remembers what they gave."""

    def __init__(
        self,
        scenario: Scenario,
        dials: tuple[Dial, ...],
        goal: Goal,
        count: int,
        seed: int,
        workers: int | None,
        progress: Progress | None,
        say: Say | None,
    ) -> None:
        self._scenario, self._dials, self._goal, self._count, self._seed = scenario, dials, goal, count, seed
        self._workers = default_workers() if workers is None else workers
        self._progress, self._say = progress or (lambda done, of: None), say or (lambda text: None)
        self._known: dict[bytes, _Told] = {}
        self._expected = runs_expected(len(dials))
        self._say(
            f"About {self._expected} scenarios of {count} replications to {goal.year}, with {max(self._workers, 1)} processes."
        )

    def measure(self, positions: Sequence[Vector]) -> list[Outcome]:
        """Result reached with the probability of the goal, and mean cost, at each position."""
        first = not self._known
        new = {position.tobytes(): position for position in positions if position.tobytes() not in self._known}
        self._run(list(new.values()))
        if first:
            cpu_s = next(iter(self._known.values())).cpu_s
            minutes = cpu_s * (self._expected - 1) / max(self._workers, 1) / 60.0
            self._say(f"The first took {cpu_s:.0f} s of processor time; about {max(minutes, 0.1):.1f} min to go.")
        told = [self._known[position.tobytes()] for position in positions]
        return [Outcome(quantile(one.kg, 1.0 - self._goal.probability), float(one.usd.mean())) for one in told]

    def _run(self, positions: Sequence[Vector]) -> None:
        tasks = tuple(
            Replicate(self._scenario.with_set(*self._assignments(position)), self._seed, self._count, 1) for position in positions
        )
        batch, total = _Batch(tasks, self._count, self._goal), len(positions) * self._count
        outcomes: dict[int, Any] = {}

        def tick() -> None:
            done = len(self._known) * self._count + len(outcomes)
            self._progress(done, max(self._expected, len(self._known) + len(positions)) * self._count)

        with closing(spread(batch, range(total), self._workers, tick)) as finished:
            for number, outcome in finished:
                if isinstance(outcome, Failure):
                    raise ReplicationError(number % self._count, outcome)
                outcomes[number] = outcome
        for index, position in enumerate(positions):
            own = [outcomes[index * self._count + number] for number in range(self._count)]
            self._known[position.tobytes()] = _Told(
                np.array([kg for kg, *_ in own]),
                np.array([usd for _, usd, *_ in own]),
                _mean_gains([gains for _, _, gains, _ in own]),
                sum(cpu for *_, cpu in own),
            )

    def _assignments(self, position: Vector) -> tuple[str, ...]:
        return tuple(dial.assignment(share) for dial, share in zip(self._dials, position.tolist(), strict=True))

    def _needed(self, position: Vector) -> tuple[str, ...]:
        """Assignments that change the run: of a dial that stays only where stating its value keeps it from being drawn."""
        drawn, stated = self._scenario.spec.run.uncertain_inputs, {join(key) for key in self._scenario.stated_keys}
        turned = zip(self._dials, position.tolist(), strict=True)
        return tuple(dial.assignment(share) for dial, share in turned if share > 0.0 or (drawn and dial.key not in stated))

    def answer(self, status: Status, position: Vector, aim: Aim) -> Answer:
        """Put the answer together from what was run at `position`."""
        start, told = self._known[np.zeros(len(position)).tobytes()], self._known[position.tobytes()]
        share, goal = 1.0 - self._goal.probability, self._goal
        promised, half = quantile(told.kg, share), rerun_half_width(told.kg, share)
        ranked = sorted(told.gains.items(), key=lambda item: (-item[1][0], item[0]))[:NAMED]
        turned = zip(self._dials, position.tolist(), strict=True)
        return Answer(
            status, aim, goal,
            tuple(Turned(dial.key, dial.unit, dial.value, dial.at(place), dial.limit, place) for dial, place in turned),
            promised, promised - half, promised + half, quantile(start.kg, share),
            int((told.kg >= goal.kg).sum()), self._count,
            float((told.usd - start.usd).mean()), float(np.sqrt(position @ position)),
            tuple(Binding(*key, *gain) for key, gain in ranked),
            len(self._known), self._needed(position),
        )  # fmt: skip


def _mean_gains(gains: Sequence[dict[tuple[str, str], tuple[float, float]]]) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean over replications; a tonne's gain over those in which the resource binds."""
    keys = {key for one in gains for key in one}
    return {
        key: (
            sum(one[key][0] for one in gains if key in one) / len(gains),
            float(np.mean([one[key][1] for one in gains if key in one])),
        )
        for key in keys
    }


def quantile(samples: Vector, share: float) -> float:
    """Quantile that moves smoothly with every sample (Harrell & Davis 1982, Biometrika 69:635-640)."""
    return float(_weights(len(samples), share) @ np.sort(samples))


def _weights(count: int, share: float) -> Vector:
    edges = np.arange(count + 1) / count
    return np.asarray(np.diff(betainc((count + 1) * share, (count + 1) * (1.0 - share), edges)))


def rerun_half_width(samples: Vector, share: float) -> float:
    """Half of the interval in which the quantile of as many other samples falls in 90 % of cases; NaN with one sample.

    Jackknife variance (Efron 1982, The Jackknife, the Bootstrap and Other Resampling Plans), twice: both have an error.
    """
    count = len(samples)
    if count < 2:
        return float("nan")
    left = np.array([quantile(np.delete(samples, index), share) for index in range(count)])
    variance = (count - 1) / count * float(((left - left.mean()) ** 2).sum())
    return float(stdtrit(count - 1, (1.0 + LEVEL) / 2.0) * np.sqrt(2.0 * variance))
