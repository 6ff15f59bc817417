"""A sweep folder read back: points, outcomes, bands and indices, whether the sweep is done or still running."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sim.core.errors import ResultsError, UsageError
from sim.results import manifest as manifests
from sim.scenario.draw import hypercube
from sim.scenario.keys import nearest
from sim.study import parts
from sim.study.bands_check import STATISTICS, checked
from sim.study.indices import Estimate, morris, sobol
from sim.study.learning import learning
from sim.study.multilevel import corrected
from sim.study.parts import HEAD, Home
from sim.study.prim import chosen, prim
from sim.study.uncertainty import bands, paired_chance

Array = NDArray[np.float64]
PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class Sweep:
    """A handle to a sweep folder; nothing is read before it is asked for."""

    folder: Path

    @property
    def plan(self) -> dict[str, Any]:
        """What the sweep is: scenarios, dials, design, columns, numbers of rows, runs and parts."""
        return read_plan(self.folder / PLAN)

    @property
    def done(self) -> bool:
        """Whether every run is there and put together."""
        return (self.folder / manifests.NAME).exists()

    @property
    def design(self) -> pd.DataFrame:
        """The points: `row`, `scenario` and a column for every dial."""
        file = self.folder / "design.parquet"
        if file.exists() and manifests.digest(file) != self.plan["design_sha256"]:
            raise ResultsError(f"{file}: damaged (its SHA-256 is not the one in {PLAN})")
        frame: pd.DataFrame = parts.read_table(file).to_pandas()
        return frame

    def outcomes(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A row for every run that is there: `run row replication message`, then the numbers kept, or some of them.

        Raises
        ------
        ResultsError
            If a file is missing or damaged.
        """
        wanted = [*HEAD, *(self.plan["columns"] if columns is None else columns)]
        if self.done:
            manifests.verify(self.folder, manifests.read(self.folder))
            table = parts.read_table(self.folder / "outcomes.parquet", wanted)
        else:
            home = Home(self.folder)
            done, _ = home.finished()
            tables = [parts.read_table(home.part(chunk), wanted) for chunk in sorted(done)]
            empty: dict[str, list[float]] = {name: [] for name in wanted}
            table = pa.concat_tables(tables) if tables else pa.table(empty)
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def failures(self) -> pd.DataFrame:
        """Runs that failed, with their message; read piece by piece."""
        failed = [table.filter(pc.not_equal(table.column("message"), "")) for table in self._pieces()]
        none: dict[str, list[Any]] = {name: [] for name in HEAD}
        frame: pd.DataFrame = (pa.concat_tables(failed) if failed else pa.table(none)).to_pandas()
        return frame

    def there(self) -> int:
        """How many runs are there."""
        return sum(table.num_rows for table in self._pieces())

    def _pieces(self) -> Iterator[pa.Table]:
        """Numbers and messages of the runs that are there, a part or a row group at a time."""
        if self.done:
            manifests.verify(self.folder, manifests.read(self.folder))
            yield from parts.read_groups(self.folder / "outcomes.parquet", HEAD)
        else:
            home = Home(self.folder)
            done, _ = home.finished()
            for chunk in sorted(done):
                yield parts.read_table(home.part(chunk), HEAD)

    def bands(self, twin: Sweep | None = None) -> pd.DataFrame:
        """Mean, quantiles and shares of variance of every number over the points of each scenario.

        chance_share : between replications of a point. ignorance_share : between points.

        twin : a sweep of the twin over more draws of the same scenarios; then the few runs correct the many draws of
        the twin (`study.multilevel`), and `ignorance_p5` ... are the bands that knowing every input would take away.
        """
        draws = _paired(self, twin) if twin is not None else None
        rows = []
        for name in self.plan["columns"]:
            for scenario, cube in self.cube(name).items():
                runs = cube[np.isfinite(cube).all(axis=1)]
                if twin is None or draws is None:
                    told = (
                        {key: float(of) for key, of in bands(runs.ravel(), self.plan["replications"]).items()} if len(runs) else {}
                    )
                else:
                    told = _told_by_twin(cube, twin.cube(name)[scenario][:, 0])
                if told:
                    rows.append({"scenario": scenario, "outcome": name} | told)
        return pd.DataFrame(rows)

    def checked(self, twin: Sweep, draws: int = 32) -> pd.DataFrame:
        """How near bands of so few draws with the twin come to this sweep, in which every draw of the twin is run in full.

        A row for each outcome and statistic (mean, p5, p50, p95 of runs): of all draws, then of groups of `draws` their mean error
        (`bias`) and root mean square errors with the twin and without it, all in the unit of the outcome.

        Raises
        ------
        UsageError
            If the two sweeps are not of the same draws, or too few are there for two groups.
        """
        _paired(self, twin)
        rows: list[dict[str, Any]] = []
        for name in self.plan["columns"]:
            for scenario, cube in self.cube(name).items():
                told = twin.cube(name)[scenario][: len(cube), 0]
                there = np.isfinite(cube).all(axis=1) & np.isfinite(told)
                if there.sum() < 2 * draws or draws < 2:
                    raise UsageError(f"{there.sum()} draws are there, which make no two groups of {draws}")
                found = checked(cube[there], told[there], draws)
                rows += [
                    {"scenario": scenario, "outcome": name, "statistic": statistic}
                    | {key: float(getattr(found, key)[place]) for key in ("every", "bias", "error", "error_alone")}
                    | {"held": found.held, "groups": found.groups, "draws": int(there.sum())}
                    for place, statistic in enumerate(STATISTICS)
                ]
        return pd.DataFrame(rows)

    def indices(self, outcome: str | None = None) -> pd.DataFrame:
        """Sobol or Morris indices of the dials with 95 % bootstrap intervals, by scenario, outcome and dial.

        Outcomes are means over replications. For a sweep still running, of what is there.

        Raises
        ------
        UsageError
            If the design is not `saltelli` or `morris`, or there is no such outcome.
        """
        plan = self.plan
        kind = plan["design"]["kind"]
        if kind not in {"saltelli", "morris"}:
            raise UsageError(f"indices need a saltelli or morris design; this sweep has {kind}")
        keys, values = self._dials()
        rows: list[dict[str, Any]] = []
        for name in plan["columns"] if outcome is None else [self.known(outcome)]:
            for scenario, cube in self.cube(name).items():
                told = _told(plan, values, cube.mean(axis=1))
                rows += [{"scenario": scenario, "outcome": name, **row} for row in _rows(keys, told)]
        return pd.DataFrame(rows)

    def beats(self, better: str, than: str, outcome: str | None = None) -> pd.DataFrame:
        """How surely one scenario brings more than another: runs of the same point and luck against each other.

        probability : share of pairs in which it does, ties counting half. difference : on average. Intervals of 95 %
        by resampling points.
        """
        rows = []
        for name in self.plan["columns"] if outcome is None else [self.known(outcome)]:
            cubes = self.cube(name)
            first, other = (cubes[self._scenario(scenario)] for scenario in (better, than))
            difference = (first - other)[np.isfinite(first - other).all(axis=1)]
            if len(difference):
                rows.append({"outcome": name, "better": better, "than": than} | paired_chance(difference))
        return pd.DataFrame(rows)

    def fails(
        self,
        outcome: str,
        *,
        below: float | None = None,
        above: float | None = None,
        scenario: str | None = None,
        density: float = 0.8,
    ) -> pd.DataFrame:
        """When does it fail: the box of dials in which an outcome mostly falls below (or rises above) a bound (PRIM).

        A row for each dial the box limits, with the whole box's coverage and density beside it; none if it never fails.
        `by_luck` is how likely the limit would look as good if the dial had nothing to do with it.

        Raises
        ------
        UsageError
            Without exactly one bound, or if the design does not fill the space of the dials.
        """
        if (below is None) == (above is None):
            raise UsageError("say when it fails: exactly one of below and above")
        keys, values, at = self._independent()
        means = self.cube(self.known(outcome))[self._scenario(scenario)][at].mean(axis=1)
        there = np.isfinite(means)
        failed = means[there] < below if below is not None else means[there] > above
        if not failed.any():
            return pd.DataFrame(columns=["dial", "low", "high", "by_luck", "coverage", "density", "failed_share"])
        box = chosen(prim(values[there], failed), density)
        about = {"coverage": box.coverage, "density": box.density, "failed_share": float(failed.mean())}
        limits = [{"dial": keys[one.dial], "low": one.low, "high": one.high, "by_luck": one.by_luck} | about for one in box.limits]
        return pd.DataFrame(limits or [{"dial": "", "low": np.nan, "high": np.nan, "by_luck": 1.0} | about])

    def learn(self, outcome: str, top: int = 20) -> pd.DataFrame:
        """What to measure next: the dials, or the uncertain inputs of a design of draws, by how much knowing them would settle.

        share : of the variance that goes (with two scenarios: of what the second is better by). worth : how much better the
        best choice among the scenarios becomes on average, in the unit of the outcome. grade : of the evidence so far.
        above_luck : whether the share is larger than shuffled outcomes show in 95 % of cases.
        """
        keys, values, at = self._independent()
        cubes = self.cube(self.known(outcome))
        found = learning(values, np.stack([cube[at].mean(axis=1) for cube in cubes.values()]), top)
        if found is None:
            return pd.DataFrame(columns=["dial", "share", "grade"])
        grades = self.plan["uncertain"][0] | {dial["key"]: dial.get("grade", "") for dial in self.plan["dials"]}
        rows = [
            {"dial": keys[place], "grade": grades.get(keys[place], "")}
            | {name: float(getattr(found, name)[number]) for name in LEARNED}
            | {"above_luck": bool(found.share[number] > found.luck)}
            for number, place in enumerate(found.place.tolist())
        ]
        return pd.DataFrame(rows)

    def known(self, outcome: str) -> str:
        """The outcome, if it was kept; raises UsageError with the nearest one."""
        columns = self.plan["columns"]
        if outcome not in columns:
            near = nearest(outcome, columns)
            raise UsageError(f"no outcome {outcome}" + (f"; did you mean {near}?" if near else f"; there are {', '.join(columns)}"))
        return outcome

    def cube(self, outcome: str) -> dict[str, Array]:
        """An outcome by scenario, shape (points, replications), missing where a run is not there."""
        plan = self.plan
        found = self.outcomes([outcome])
        cube = np.full(plan["rows"] * plan["replications"], np.nan)
        cube[found["run"].to_numpy(dtype=np.int64)] = found[outcome].to_numpy(dtype=np.float64)
        return dict(zip(plan["scenarios"], cube.reshape(len(plan["scenarios"]), -1, plan["replications"]), strict=True))

    def _scenario(self, name: str | None) -> str:
        names: list[str] = self.plan["scenarios"]
        if name is None and len(names) == 1:
            return names[0]
        if name not in names:
            raise UsageError(f"the sweep has the scenarios {', '.join(names)}" + (f", not {name}" if name else "; say which"))
        return name

    def _dials(self) -> tuple[list[str], Array]:
        """Keys of the dials and their values in the points of one scenario, shape (points, dials)."""
        design = self.design
        keys = list(design.columns[2:])
        return keys, design.loc[design["scenario"] == self.plan["scenarios"][0], keys].to_numpy(dtype=np.float64)

    def _independent(self) -> tuple[list[str], Array, NDArray[np.intp]]:
        """Inputs, their values at points that do not depend on each other, and which of a scenario's points these are."""
        plan = self.plan
        kind = plan["design"]["kind"]
        if kind == "draws":
            keys = tuple(plan["uncertain"][0])
            every = hypercube(keys, plan["design"]["points"], plan["seed"])[: plan["rows"] // len(plan["scenarios"])]
            return list(keys), np.asarray(every), np.arange(len(every))
        if kind not in {"latin_hypercube", "sobol", "saltelli"}:
            raise UsageError(
                f"this needs a design that fills the space of the dials (sobol, latin_hypercube, saltelli), not {kind}"
            )
        keys_, values = self._dials()
        at = np.arange(len(values))
        if kind == "saltelli":
            at = at[(at % (len(keys_) + 2) == 0) | (at % (len(keys_) + 2) == len(keys_) + 1)]  # rows A and B
        return keys_, values[at], at


LEARNED = ("share", "share_low", "share_high", "worth", "worth_low", "worth_high")


def _paired(full: Sweep, twin: Sweep) -> int:
    """Draws of the twin; raises UsageError if the two sweeps are not of the same draws."""
    ours, theirs = full.plan, twin.plan
    same = ("scenarios", "columns", "seed", "set", "uncertain")
    if theirs["model"] != "twin" or ours["model"] != "full":
        raise UsageError("bands of a sweep of the simulation are corrected by one of the twin")
    if ours["design"]["kind"] != "draws" or theirs["design"]["kind"] != "draws":
        raise UsageError('both sweeps need the design "draws"')
    other = next((name for name in same if ours[name] != theirs[name]), None)
    if other or ours["design"]["points"] != theirs["design"]["points"]:
        raise UsageError(f"the two sweeps are not of the same draws: they differ in {other or 'design.points'}")
    return int(theirs["rows"])


def _told_by_twin(cube: Array, twin: Array) -> dict[str, float]:
    """Corrected bands as one row; empty with fewer than two whole draws."""
    there: NDArray[np.bool_] = np.asarray(np.isfinite(cube).all(axis=1))
    told = np.isfinite(twin)
    if there.sum() < 2 or not told[: len(there)][there].all():
        return {}
    rest = twin[len(there) :]
    found = corrected(cube[there], np.concatenate([twin[: len(there)][there], rest[np.isfinite(rest)]]))
    return (
        {"mean": found.mean, "standard_error": found.standard_error}
        | found.quantiles
        | {f"ignorance_{name}": value for name, value in found.ignorance.items()}
        | {"chance_share": found.chance_share, "ignorance_share": found.ignorance_share, "twin_correlation": found.correlation}
        | {"variance_ratio": found.variance_ratio, "full_draws": found.full_draws, "twin_draws": found.twin_draws}
    )


def _told(plan: dict[str, Any], values: Array, outcomes: Array) -> dict[str, Estimate]:
    if plan["design"]["kind"] == "saltelli":
        found = sobol(outcomes, values.shape[1])
        return {"first": found.first, "total": found.total} if found is not None else {}
    effects = morris(values, outcomes, plan["design"]["levels"])
    if effects is None:
        return {}
    return {"mean": effects.mean, "mean_absolute": effects.mean_absolute, "spread": effects.spread}


def _rows(keys: list[str], told: dict[str, Estimate]) -> Iterator[dict[str, Any]]:
    for place, key in enumerate(keys if told else ()):
        row: dict[str, Any] = {"dial": key}
        for name, estimate in told.items():
            row |= {name: estimate.value[place], f"{name}_low": estimate.low[place], f"{name}_high": estimate.high[place]}
        yield row


def read_plan(path: Path) -> dict[str, Any]:
    """Read `plan.json` and check it against its own hash; raises ResultsError."""
    try:
        text = path.read_bytes().decode()
        plan: dict[str, Any] = json.loads(text)
    except FileNotFoundError:
        raise ResultsError(f"{path.parent}: no {PLAN}, so this is not a sweep folder") from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path}: damaged or not readable ({error})") from error
    if not isinstance(plan, dict) or manifests.written(plan) != text:
        raise ResultsError(f"{path}: damaged (it does not match its own hash)")
    return plan


def load_sweep(folder: str | Path) -> Sweep:
    """The handle to a sweep folder; raises ResultsError if it is none."""
    found = Sweep(Path(folder))
    _ = found.plan
    return found
