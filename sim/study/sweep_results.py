"""A sweep folder read back: points, outcomes, bands and indices, whether the sweep is done or still running."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from sim.core.errors import ResultsError, UsageError
from sim.results import manifest as manifests
from sim.scenario.keys import nearest
from sim.study import parts
from sim.study.indices import Estimate, morris, sobol
from sim.study.parts import HEAD, Home
from sim.study.uncertainty import bands

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

    def outcomes(self) -> pd.DataFrame:
        """A row for every run that is there: `run row replication message`, then the numbers kept.

        Raises
        ------
        ResultsError
            If a file is missing or damaged.
        """
        if self.done:
            manifests.verify(self.folder, manifests.read(self.folder))
            table = parts.read_table(self.folder / "outcomes.parquet")
        else:
            home = Home(self.folder)
            done, _ = home.finished()
            tables = [parts.read_table(home.part(chunk)) for chunk in sorted(done)]
            plan = self.plan
            empty: dict[str, list[float]] = {name: [] for name in (*HEAD, *plan["columns"])}
            table = pa.concat_tables(tables) if tables else pa.table(empty)
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def failures(self) -> pd.DataFrame:
        """Runs that failed, with their message."""
        found = self.outcomes()
        failed: pd.DataFrame = found.loc[found["message"] != "", list(HEAD)].reset_index(drop=True)
        return failed

    def bands(self) -> pd.DataFrame:
        """Mean, quantiles and shares of variance of every number over the points of each scenario.

        chance_share : between replications of a point. ignorance_share : between points.
        """
        rows = []
        for scenario, runs in self._by_scenario():
            repeats = self.plan["replications"]
            whole = np.isfinite(runs).all(axis=(1, 2))
            samples = runs[whole].reshape(-1, runs.shape[2]).T
            if not samples.size:
                continue
            told = bands(samples, repeats)
            for place, name in enumerate(self.plan["columns"]):
                rows.append({"scenario": scenario, "outcome": name} | {key: float(of[place]) for key, of in told.items()})
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
        kind, columns = plan["design"]["kind"], plan["columns"]
        if kind not in {"saltelli", "morris"}:
            raise UsageError(f"indices need a saltelli or morris design; this sweep has {kind}")
        if outcome is not None and outcome not in columns:
            near = nearest(outcome, columns)
            raise UsageError(f"no outcome {outcome}" + (f"; did you mean {near}?" if near else f"; there are {', '.join(columns)}"))
        design = self.design
        keys = list(design.columns[2:])
        rows: list[dict[str, Any]] = []
        for scenario, runs in self._by_scenario():
            values = design.loc[design["scenario"] == scenario, keys].to_numpy(dtype=np.float64)
            means = runs.mean(axis=1)
            for place, name in enumerate(columns):
                if outcome in {None, name}:
                    told = _told(plan, values, means[:, place])
                    rows += [{"scenario": scenario, "outcome": name, **row} for row in _rows(keys, told)]
        return pd.DataFrame(rows)

    def _by_scenario(self) -> Iterator[tuple[str, Array]]:
        """Outcomes of each scenario, shape (points, replications, columns), missing where a run is not there."""
        plan = self.plan
        found = self.outcomes()
        cube = np.full((plan["rows"] * plan["replications"], len(plan["columns"])), np.nan)
        cube[found["run"].to_numpy(dtype=np.int64)] = found[plan["columns"]].to_numpy(dtype=np.float64)
        cube = cube.reshape(len(plan["scenarios"]), -1, plan["replications"], len(plan["columns"]))
        yield from zip(plan["scenarios"], cube, strict=True)


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
