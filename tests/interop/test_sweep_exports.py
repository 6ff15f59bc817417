"""Exports of a sweep opened by the tools they are made for; with URBAN_MINE_INTEROP=1 a tool that is not there is a failure."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.scenario.library import load_library
from sim.study import sweep as sweeps
from sim.study import sweep_export
from sim.study.indices import sobol
from sim.study.sweep_file import load_sweep_file
from tests.fixtures import light_sweep
from tests.validation.test_indices import g_function, ishigami, saltelli

TEXT = """name = "Try"
scenarios = ["baseline"]
set = ["time.end = 2026"]
[[dials]]
key = "countries.JPN.channels.delivery_truck.participation_share"
low = 0.02
mode = 0.10
high = 0.30
[[dials]]
key = "countries.JPN.channels.delivery_truck.vehicles_per_100k_households"
apply = "factor"
scale = "log"
low = 0.5
high = 2.0
[[dials]]
key = "sea.customs_days"
low = 1.0
high = 9.0
[design]
kind = "saltelli"
points = 64
[outcomes]
metals = ["Nd", "Cu"]
years = [2025, 2026]
"""


def tool(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        if os.environ.get("URBAN_MINE_INTEROP"):
            raise
        return pytest.skip(f"needs {name}")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interop")
    (folder / "try.toml").write_text(TEXT, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeps, "Chunk", light_sweep.LightChunk)
        return sweeps.sweep(load_sweep_file(folder / "try.toml", load_library()), folder / "out", workers=0)


def test_salib_reads_the_problem_and_finds_the_same_indices(sweep, tmp_path):
    analyze = tool("SALib.analyze.sobol").analyze
    sweep_export.to_salib(sweep, tmp_path)
    problem = json.loads((tmp_path / "salib_problem.json").read_text(encoding="utf-8"))
    points = pd.read_csv(tmp_path / "salib_X.csv")
    assert list(points.columns) == problem["names"]
    outcomes = pd.read_csv(tmp_path / "salib_Y_baseline.csv")
    found = analyze(problem, outcomes["refined_kg.Nd.ALL.2026"].to_numpy(), calc_second_order=False, print_to_console=False)
    ours = sweep.indices("refined_kg.Nd.ALL.2026")
    assert ours["first"].to_numpy() == pytest.approx(found["S1"], abs=0.005)
    assert ours["total"].to_numpy() == pytest.approx(found["ST"], abs=0.005)


@pytest.mark.parametrize(
    ("function", "count", "low", "high"), [(ishigami, 3, -np.pi, np.pi), (g_function, 8, 0.0, 1.0)], ids=["ishigami", "g"]
)
def test_salib_finds_the_same_indices_of_known_functions(function, count, low, high):
    analyze = tool("SALib.analyze.sobol").analyze
    outcomes = function(saltelli(count, low, high))
    problem = {"num_vars": count, "names": [f"x{number}" for number in range(count)], "bounds": [[low, high]] * count}
    theirs = analyze(problem, outcomes, calc_second_order=False, num_resamples=2, print_to_console=False)
    ours = sobol(outcomes, count, resamples=2)
    assert ours.first.value == pytest.approx(theirs["S1"], abs=0.005)
    assert ours.total.value == pytest.approx(theirs["ST"], abs=0.005)


def test_salib_samples_the_dials_as_we_do(sweep, tmp_path):
    """Its quantiles of our ranges, at the same places of the unit cube."""
    sample = tool("SALib.util").scale_samples
    sweep_export.to_salib(sweep, tmp_path)
    problem = json.loads((tmp_path / "salib_problem.json").read_text(encoding="utf-8"))
    problem["names"] = [f"x{number}" for number in range(3)]
    unit = np.array([[share] * 3 for share in (0.1, 0.5, 0.9)])
    theirs = sample(unit, problem)
    from sim.study.design import _placed

    dials = load_sweep_file(sweep.folder.parents[2] / "try.toml", load_library()).spec.dials
    ours = np.stack([_placed(dial, unit[:, column]) for column, dial in enumerate(dials)], axis=1)
    assert theirs == pytest.approx(ours, rel=1e-9)


def test_the_workbench_opens_its_archive(sweep, tmp_path):
    load_results = tool("ema_workbench").load_results
    (file,) = sweep_export.to_ema(sweep, tmp_path)
    experiments, outcomes = load_results(str(file))
    found = sweep.outcomes()
    assert len(experiments) == len(found)
    assert set(experiments["policy"]) == {"baseline"}
    np.testing.assert_allclose(outcomes["refined_kg_Nd_ALL_2026"], found["refined_kg.Nd.ALL.2026"], rtol=1e-12)
    np.testing.assert_allclose(experiments["sea_customs_days"].astype(float).iloc[::5], sweep.design["sea.customs_days"].iloc[::5])


def test_pyam_opens_the_iamc_file(sweep, tmp_path):
    pyam = tool("pyam")
    (file,) = sweep_export.to_iamc(sweep, tmp_path)
    frame = pyam.IamDataFrame(Path(file))
    assert frame.model == ["urban-mine"]
    assert set(frame.year) == {2025, 2026}
    median = frame.filter(variable="E-Waste|Nd|Refined", region="World", year=2026).data["value"].item()
    band = sweep.bands().set_index("outcome").loc["refined_kg.Nd.ALL.2026"]
    assert median == pytest.approx(band["p50"])
    assert frame.filter(variable="E-Waste|Nd|Refined|P95", region="World", year=2026).data["value"].item() == pytest.approx(
        band["p95"]
    )
