"""A sweep in the formats of other tools: CSV, SALib, the EMAworkbench, and the IAMC format of policy databases."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.results.export import iamc_name, safe
from sim.study.parts import HEAD
from sim.study.sweep_results import Sweep

EMA_VERSION = 0.1  # of the archive, as `ema_workbench.save_results` writes it
IAMC_STATISTICS = {"p50": "", "p5": "|P5", "p95": "|P95"}


def to_csv(sweep: Sweep, folder: Path) -> list[Path]:
    """One row for every run: its point's dials, and its outcomes with every digit."""
    frame = sweep.outcomes().merge(sweep.design, on="row", how="left")
    frame = frame[[*HEAD, *sweep.design.columns[1:], *sweep.plan["columns"]]]
    file = folder / "sweep.csv"
    texts = {name: frame[name].astype(object).map(safe) for name in ("message", "scenario")}
    frame.assign(**texts).to_csv(file, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return [file]


def to_salib(sweep: Sweep, folder: Path) -> list[Path]:
    """The problem as SALib states it, the points, and the mean outcomes of each scenario, rows in the order SALib expects."""
    plan, design = sweep.plan, sweep.design
    dials = plan["dials"]
    ranges = [_salib_range(dial) for dial in dials]
    problem = {
        "num_vars": len(dials),
        "names": [dial["key"] for dial in dials],
        "bounds": [bounds for bounds, _ in ranges],
        "dists": [kind for _, kind in ranges],
        "outputs": plan["columns"],
    }
    files = {"salib_problem.json": json.dumps(problem, indent=1, ensure_ascii=False) + "\n"}
    keys = list(design.columns[2:])
    files["salib_X.csv"] = design.loc[design["scenario"] == plan["scenarios"][0], keys].to_csv(index=False)
    cubes = {name: sweep.cube(name) for name in plan["columns"]}
    for scenario in plan["scenarios"]:
        means = {name: cube[scenario].mean(axis=1) for name, cube in cubes.items()}
        files[f"salib_Y_{scenario}.csv"] = pd.DataFrame(means).to_csv(index=False)
    return [_written(folder / name, text.encode()) for name, text in files.items()]


def _salib_range(dial: Mapping[str, Any]) -> tuple[list[float], str]:
    if "values" in dial:
        return [min(dial["values"]), max(dial["values"])], "unif"
    low, high = dial["low"], dial["high"]
    if "mode" in dial:
        return [low, high, (dial["mode"] - low) / (high - low)], "triang"
    return [low, high], "logunif" if dial["scale"] == "log" else "unif"


def to_ema(sweep: Sweep, folder: Path) -> list[Path]:
    """An archive that `ema_workbench.load_results` opens: experiments, and a scalar outcome for every number kept.

    Names become identifiers, as the workbench wants them: dots and dashes turn into underscores. Runs that failed are
    left out, since it has no word for them.
    """
    found = sweep.outcomes()
    found = found[found["message"] == ""]
    frame = found.merge(sweep.design, on="row", how="left")
    keys = list(sweep.design.columns[2:])
    experiments = frame[keys].rename(columns=_identifier)
    experiments = experiments.assign(scenario=frame["row"].to_numpy(), policy=frame["scenario"], replication=frame["replication"])
    outcomes = {_identifier(name): frame[name] for name in sweep.plan["columns"]}
    members = {"experiments.csv": experiments.to_csv(index=False).encode()}
    members |= {f"{name}.csv": values.to_csv(index=False, header=False).encode() for name, values in outcomes.items()}
    metadata = {
        "version": EMA_VERSION,
        "outcomes": [("ScalarOutcome", name, f"{name}.csv") for name in outcomes],
        "experiments": {name: "category" if name == "policy" else dtype.name for name, dtype in experiments.dtypes.items()},
    }
    members["metadata.json"] = json.dumps(metadata).encode()
    file = folder / "ema.tar.gz"
    with gzip.GzipFile(file, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return [file]


def _identifier(name: str) -> str:
    return re.sub(r"\W", "_", name)


def to_iamc(sweep: Sweep, folder: Path) -> list[Path]:
    """Bands of every outcome with a year in the IAMC long format, the median under the plain name."""
    rows = []
    for band in sweep.bands().to_dict("records"):
        step, metal, country, year = str(band["outcome"]).split(".")
        if not year.isdigit():
            continue
        variable, unit = iamc_name(metal, step)
        region = "World" if country == "ALL" else country
        rows += [
            (
                "urban-mine",
                safe(f"{sweep.plan['name']}: {band['scenario']}"),
                region,
                f"{variable}{suffix}",
                unit,
                int(year),
                band[name],
            )
            for name, suffix in IAMC_STATISTICS.items()
            if np.isfinite(band[name])
        ]
    frame = pd.DataFrame(rows, columns=["model", "scenario", "region", "variable", "unit", "year", "value"])
    file = folder / "iamc.csv"
    frame.to_csv(file, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return [file]


def _written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


FORMATS: dict[str, Callable[[Sweep, Path], list[Path]]] = {"csv": to_csv, "salib": to_salib, "ema": to_ema, "iamc": to_iamc}
