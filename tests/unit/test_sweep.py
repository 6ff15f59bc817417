"""Sweeps: same bytes however they are run, common luck, designs, failures told, results read back."""

import itertools
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sim.core.errors import ResultsError, UsageError
from sim.core.spec import written
from sim.results.manifest import digest
from sim.scenario.library import load_library
from sim.study import sweep as sweeps
from sim.study.design import make_design
from sim.study.sweep_file import load_sweep_file
from sim.study.sweep_results import load_sweep
from sim.study.sweep_spec import DesignSpec, DialSpec, row_count
from tests.fixtures import light_sweep

ROOT = Path(__file__).parents[2]
SMALL = """extends = "baseline"
name = "Brunei alone in one year"
time.end = 2025
run.uncertain_inputs = false
""" + "".join(f'countries.{code}.role = "partner"\n' for code in re.findall("...", "JPNKHMIDNLAOMYSMMRPHLSGPTHATLSVNM"))
TEXT = """name = "Try"
scenarios = ["small", "baseline"]
replications = 2
chunk_runs = 3
seed = 5
[[dials]]
key = "countries.BRN.channels.drop_point.coverage_share"
low = 0.05
high = 0.60
[[dials]]
key = "resolution.period_days"
low = 28
high = 92
[design]
kind = "{kind}"
{how}
[outcomes]
steps = ["refined_kg", "demand_met_share"]
metals = ["Cu", "Au"]
years = [2025]
"""


@pytest.fixture(scope="module")
def library():
    return load_library()


@pytest.fixture
def light(monkeypatch):
    monkeypatch.setattr(sweeps, "Chunk", light_sweep.LightChunk)


def source(folder, library, kind="latin_hypercube", how="points = 8"):
    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    path = folder / "try.toml"
    path.write_text(TEXT.format(kind=kind, how=how), encoding="utf-8")
    return load_sweep_file(path, library)


def hashes(folder):
    names = ("outcomes.parquet", "design.parquet", "index.json", "plan.json", "manifest.json")
    paths = [*sorted((folder / "parts").iterdir()), *(folder / name for name in names)]
    return [(path.name, digest(path)) for path in paths]


def test_the_same_bytes_for_any_workers_and_shards(tmp_path, library, light):
    file = source(tmp_path, library)
    alone = sweeps.sweep(file, tmp_path / "0", workers=0)
    assert alone.done
    for workers in (1, 2):
        assert hashes(sweeps.sweep(file, tmp_path / str(workers), workers=workers).folder) == hashes(alone.folder)
    for number in (2, 3, 1):
        share = sweeps.sweep(file, tmp_path / "shards", workers=0, shard=f"{number}/3")
        assert share.done == (number == 1)
        assert len(share.outcomes()) == {2: 11, 3: 20, 1: 32}[number]
    assert hashes(share.folder) == hashes(alone.folder)


def test_outcomes_have_a_row_for_every_run_in_order(tmp_path, library, light):
    done = sweeps.sweep(source(tmp_path, library), tmp_path / "out", workers=0)
    outcomes, design = done.outcomes(), done.design
    assert outcomes["run"].tolist() == list(range(32))
    assert outcomes["row"].tolist() == [row for row in range(16) for _ in range(2)]
    assert outcomes["replication"].tolist() == [0, 1] * 16
    assert list(outcomes.columns)[4:] == [
        f"{step}.{metal}.ALL.2025" for step in ("refined_kg", "demand_met_share") for metal in ("Cu", "Au")
    ]
    assert design["scenario"].tolist() == ["small"] * 8 + ["baseline"] * 8
    assert design.iloc[:8, 2:].equals(design.iloc[8:, 2:].reset_index(drop=True))
    days = design["resolution.period_days"]
    assert (days == days.round()).all()
    assert days.between(28, 92).all()
    assert load_sweep(done.folder).outcomes().equals(outcomes)
    again = []
    sweeps.sweep(source(tmp_path, library), tmp_path / "out", workers=0, progress=lambda *told: again.append(told))
    assert again == []


def test_a_failing_point_is_recorded_and_the_sweep_goes_on(tmp_path, library, light, monkeypatch, capsys):
    monkeypatch.setenv(light_sweep.FAILING_ROW, "3")
    source(tmp_path, library)
    from sim.cli import main

    assert main(["sweep", str(tmp_path / "try.toml"), "--out", str(tmp_path / "out"), "--workers", "0", "--json"]) == 5
    told = capsys.readouterr()
    assert json.loads(told.out)["failed"] == 2
    assert "failed: run 6, point 3: day 3.00: stage yard" in told.err
    found = load_sweep(json.loads(told.out)["folder"])
    assert found.failures()["run"].tolist() == [6, 7]
    assert found.outcomes().iloc[:, 4:].isna().any(axis=1).tolist() == [run in {6, 7} for run in range(32)]


def test_the_real_model_meets_the_same_luck_in_every_point(tmp_path, library):
    """Two points with the same dials give the same outcomes, replication by replication, in any place of the design."""
    file = source(tmp_path, library)
    dials = [
        DialSpec(key=file.spec.dials[0].key, values=(0.2, 0.5, 0.2)),
        DialSpec(key="resolution.period_days", values=(92.0,) * 3),
    ]
    design = make_design(DesignSpec(kind="list"), dials, (False, True), 1)
    task = sweeps.task_of(file, design)
    cube = np.array([[task.run(row, replication) for replication in range(2)] for row in range(3)])
    assert (cube[0] == cube[2]).all()
    assert (cube[0, 0] != cube[0, 1]).any()
    assert (cube[0] != cube[1]).any()


def test_factors_multiply_every_year_of_a_path(tmp_path, library):
    file = source(tmp_path, library)
    key = "countries.BRN.channels.informal.vehicles_per_100k_households"
    base = file.scenarios[1]
    dial = DialSpec(key=key, values=(0.5,), apply="factor")
    file = type(file)(file.path, file.raw, file.spec.model_copy(update={"dials": (dial,)}), (base,), (False,))
    task = sweeps.task_of(file, make_design(DesignSpec(kind="list"), [dial], (False,), 1))
    before, after = base.value_at(key), written(task.point(0).countries["BRN"].channels["informal"].vehicles_per_100k_households)
    assert set(after) == set(before)
    assert after["2045"]["mode"] == pytest.approx(before["2045"]["mode"] / 2)


def test_workers_load_neither_pandas_nor_pyarrow_nor_scipy_stats():
    code = "import sys, sim.study.sweep_task; print([m for m in ('pandas', 'pyarrow', 'scipy.stats') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_folder_of_something_else_is_refused(tmp_path, library, light):
    file = source(tmp_path, library)
    folder = sweeps.sweep(file, tmp_path / "out", workers=0).folder
    (folder / "plan.json").unlink()
    with pytest.raises(ResultsError, match=r"no plan\.json"):
        sweeps.sweep(file, tmp_path / "out", workers=0)


def test_another_design_is_another_folder(tmp_path, library):
    first, other = source(tmp_path, library).identity("1"), source(tmp_path, library, how="points = 9").identity("1")
    assert len({first, other, source(tmp_path, library).identity("2")}) == 3
    assert source(tmp_path, library).identity("1") == first


# designs


def dials(count=3):
    return [DialSpec(key=f"x{number}", low=1.0, high=3.0, levels=3) for number in range(count)]


def test_a_latin_hypercube_meets_every_stratum_once():
    values = make_design(DesignSpec(kind="latin_hypercube", points=50), dials(), [False] * 3, 1).values
    assert (np.sort(((values - 1.0) / 2.0 * 50).astype(int), axis=0) == np.arange(50)[:, np.newaxis]).all()


def test_a_grid_has_every_combination_and_a_list_is_read_side_by_side():
    listed = [DialSpec(key="a", values=(1.0, 2.0)), DialSpec(key="b", low=0.0, high=1.0, levels=3)]
    grid = make_design(DesignSpec(kind="grid"), listed, [False, False], 1).values
    assert grid.tolist() == [list(pair) for pair in itertools.product((1.0, 2.0), (0.0, 0.5, 1.0))]
    side = [DialSpec(key="a", values=(1.0, 2.0)), DialSpec(key="b", values=(5.0, 7.0))]
    assert make_design(DesignSpec(kind="list"), side, [False, False], 1).values.tolist() == [[1.0, 5.0], [2.0, 7.0]]


@pytest.mark.parametrize(
    ("kind", "how", "rows"),
    [
        ("grid", {}, 27),
        ("latin_hypercube", {"points": 10}, 10),
        ("sobol", {"points": 16}, 16),
        ("saltelli", {"points": 16}, 80),
        ("morris", {"trajectories": 5}, 20),
    ],
)
def test_designs_have_the_rows_they_say_stay_in_range_and_repeat(kind, how, rows):
    spec = DesignSpec(kind=kind, **how)
    found = make_design(spec, dials(), [False] * 3, 2)
    assert row_count(spec, dials()) * 2 == found.rows == 2 * rows
    assert found.values.min() >= 1.0
    assert found.values.max() <= 3.0
    assert (make_design(spec, dials(), [False] * 3, 2).values == found.values).all()


def test_ranges_are_even_triangular_or_even_in_the_log():
    for dial, median in (
        (DialSpec(key="a", low=0.0, high=10.0), 5.0),
        (DialSpec(key="a", low=1.0, high=100.0, scale="log"), 10.0),
        (DialSpec(key="a", low=0.0, mode=0.0, high=1.0), 1.0 - 0.5**0.5),
        (DialSpec(key="a", values=(1.0, 2.0, 9.0)), 2.0),
    ):
        values = make_design(DesignSpec(kind="latin_hypercube", points=1001), [dial], [False], 1).values
        assert np.median(values) == pytest.approx(median, rel=0.01)


def test_triangular_places_are_those_of_single_ranges():
    from sim.core.quantity import Spread
    from sim.study.design import triangular

    u = np.linspace(0.0, 1.0, 101)
    for ends in ((0.01, 0.05, 0.2), (0.0, 0.0, 1.0), (0.0, 1.0, 1.0)):
        known = [Spread(*ends).quantile(share) for share in u.tolist()]
        assert triangular(u, *ends) == pytest.approx(known, abs=1e-12)


# reading back


def test_indices_and_bands_of_a_sweep(tmp_path, library, light):
    done = sweeps.sweep(source(tmp_path, library, "saltelli", "points = 16"), tmp_path / "out", workers=0)
    indices = done.indices("refined_kg.Cu.ALL.2025")
    assert indices["scenario"].tolist() == ["small"] * 2 + ["baseline"] * 2
    assert indices["dial"].tolist()[:2] == ["countries.BRN.channels.drop_point.coverage_share", "resolution.period_days"]
    assert indices["total"].iloc[1] > 0.9  # the made-up outcome is the sum of the dials, and days are the larger number
    assert len(done.indices()) == 16
    with pytest.raises(UsageError, match=r"did you mean refined_kg\.Cu\.ALL\.2025"):
        done.indices("refined_kg.Cu.ALL.2026")
    bands = done.bands()
    assert len(bands) == 8
    assert (bands["p5"] <= bands["p95"]).all()
    assert bands["ignorance_share"].iloc[0] > 0.9


def test_indices_need_a_design_for_them(tmp_path, library, light):
    done = sweeps.sweep(source(tmp_path, library), tmp_path / "out", workers=0)
    with pytest.raises(UsageError, match="saltelli or morris"):
        done.indices()


def swept(tmp_path, library, *more, kind="latin_hypercube", how="points = 64"):
    path = source(tmp_path, library, kind, how).path
    path.write_text("\n".join([*more, path.read_text(encoding="utf-8")]), encoding="utf-8")
    return sweeps.sweep(load_sweep_file(path, library), tmp_path / "out", workers=0)


DROP_POINT = "countries.BRN.channels.drop_point.coverage_share"
OUTCOME = "refined_kg.Cu.ALL.2025"


def test_what_to_measure_next_is_the_dial_that_moves_the_outcome(tmp_path, library, light):
    done = swept(tmp_path, library)
    assert done.learn(OUTCOME).empty  # both scenarios give the same: there is nothing to choose, and nothing to learn for it
    path = tmp_path / "try.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('["small", "baseline"]', '["small"]'), encoding="utf-8")
    found = sweeps.sweep(load_sweep_file(path, library), tmp_path / "out", workers=0).learn(OUTCOME)
    assert found["dial"].tolist() == ["resolution.period_days", DROP_POINT]  # the made-up outcome is the sum of the dials
    assert found["share"].iloc[0] > 0.9
    assert bool(found["above_luck"].iloc[0])


def test_when_it_fails_is_said_as_ends_of_dials(tmp_path, library, light):
    done = swept(tmp_path, library)
    box = done.fails(OUTCOME, above=75.0, scenario="small")
    assert box["dial"].tolist()[0] == "resolution.period_days" or "resolution.period_days" in box["dial"].tolist()
    row = box[box["dial"] == "resolution.period_days"].iloc[0]
    assert row["low"] > 70.0
    assert row["density"] > 0.8
    assert row["coverage"] > 0.7
    assert done.fails(OUTCOME, above=1e9, scenario="small").empty
    for wrong in ({}, {"above": 1.0, "below": 2.0}):
        with pytest.raises(UsageError, match="exactly one"):
            done.fails(OUTCOME, scenario="small", **wrong)
    with pytest.raises(UsageError, match="say which"):
        done.fails(OUTCOME, above=1.0)


def test_beating_is_told_run_against_run(tmp_path, library, light):
    even = swept(tmp_path, library).beats("small", "baseline", OUTCOME)
    assert even["probability"].tolist() == [0.5]  # the same dials, the same luck
    assert even["difference"].tolist() == [0.0]


def test_sums_of_paired_differences():
    from sim.study.uncertainty import paired_chance

    told = paired_chance(np.array([[1.0, 2.0], [3.0, 0.0], [-1.0, 1.0], [2.0, 2.0]] * 25))
    assert told["probability"] == pytest.approx((6 + 0.5) / 8)
    assert told["difference"] == pytest.approx(1.25)
    assert told["probability_low"] < told["probability"] < told["probability_high"]
    assert told["difference_low"] < 1.25 < told["difference_high"]


DRAWS = """name = "Draws"
scenarios = ["small"]
replications = {replications}
chunk_runs = 5
{more}
[design]
kind = "draws"
points = 12
{first}
[outcomes]
steps = ["in_waste_kg", "collected_kg"]
metals = ["Cu"]
years = [2025]
"""


def draws(tmp_path, library, name, replications=1, more="", first=""):
    base = SMALL.replace("run.uncertain_inputs = false", "resolution.period_days = 92")
    (tmp_path / "small.toml").write_text(base, encoding="utf-8")
    path = tmp_path / f"{name}.toml"
    path.write_text(DRAWS.format(replications=replications, more=more, first=first), encoding="utf-8")
    return sweeps.sweep(load_sweep_file(path, library), tmp_path / "out", workers=0)


@pytest.mark.slow
def test_draws_of_the_simulation_are_corrected_by_those_of_the_twin(tmp_path, library):
    full, twin = draws(tmp_path, library, "full", 2, first="first = 3"), draws(tmp_path, library, "twin", more='model = "twin"')
    assert len(full.outcomes()) == 6
    assert len(twin.outcomes()) == 12
    for name in ("in_waste_kg.Cu.ALL.2025", "collected_kg.Cu.ALL.2025"):
        ours, theirs = full.cube(name)["small"], twin.cube(name)["small"]
        if name.startswith("in_waste"):  # the same draws: what homes throw away knows no queue and no luck
            assert ours[:, 0] == pytest.approx(theirs[:3, 0], rel=1e-6)
    told = full.bands(twin)
    assert told["full_draws"].tolist() == [3, 3]
    assert told["twin_draws"].tolist() == [12, 12]
    assert (told["p5"] <= told["p95"]).all()
    found = twin.learn("collected_kg.Cu.ALL.2025", top=5)
    assert len(found) == 5
    assert set(found["grade"]) <= {"", "A", "B", "C", "D"}
    with pytest.raises(UsageError, match="one of the twin"):
        full.bands(full)
    with pytest.raises(UsageError, match="they differ in seed"):
        full.bands(draws(tmp_path, library, "other", more='model = "twin"\nseed = 2'))


@dataclass(frozen=True, slots=True)
class Drawn(light_sweep.LightChunk):
    """What is not known makes most of the outcome; the simulation adds a little luck."""

    def run(self, row, replication):
        known, luck = (np.random.Generator(np.random.Philox([seed, row])).random() for seed in (1, 2 + replication))
        return (1.0 + known + (0.0 if self.twin else 0.01 * luck)) * np.arange(1.0, len(self.outcomes.columns) + 1.0)


def test_bands_of_few_draws_are_checked_against_all_of_them(tmp_path, library, monkeypatch):
    from sim.study.sweep_summary import check_page

    monkeypatch.setattr(sweeps, "Chunk", Drawn)
    full, twin = draws(tmp_path, library, "full", 2), draws(tmp_path, library, "twin", more='model = "twin"')
    found = full.checked(twin, draws=5).set_index(["outcome", "statistic"])
    assert (found["groups"] == 2).all()
    assert (found["draws"] == 12).all()
    collected = found.loc["collected_kg.Cu.ALL.2025"]
    runs = full.outcomes()["collected_kg.Cu.ALL.2025"]
    assert collected["every"].tolist() == pytest.approx([runs.mean(), *runs.quantile([0.05, 0.5, 0.95])])
    page = check_page(full, twin, 5)
    assert "12 draws of small, 2 full runs each, dealt into 2 groups of 5" in page
    assert page.count("| small | collected_kg.Cu.ALL.2025 |") == 2
    with pytest.raises(UsageError, match="no two groups of 7"):
        full.checked(twin, draws=7)
    with pytest.raises(UsageError, match="one of the twin"):
        full.checked(full)


def test_a_sweep_that_is_sure_ends_early_and_always_with_the_same_parts(tmp_path, library, light):
    rule = {"kind": "saltelli", "how": "points = 32\n[stop]\ninterval_below = 1.5\nleast = 8"}
    alone = swept(tmp_path, library, **rule)
    assert alone.done
    runs = len(alone.outcomes())
    assert runs < alone.plan["runs"]
    assert len(alone.indices(OUTCOME)) == 4
    file = load_sweep_file(tmp_path / "try.toml", library)
    for number in (3, 1, 2):
        share = sweeps.sweep(file, tmp_path / "shards", workers=0, shard=f"{number}/3")
    assert share.done
    assert hashes(share.folder) == hashes(alone.folder)
    assert hashes(sweeps.sweep(file, tmp_path / "out", workers=0).folder) == hashes(alone.folder)


def test_the_summary_says_what_decides_and_what_to_measure(tmp_path, library, light):
    from sim.study import sweep_summary

    done = swept(tmp_path, library, kind="saltelli", how="points = 16")
    told = sweep_summary.save(done)
    assert json.loads((done.folder / "summary.json").read_text(encoding="utf-8")) == told
    assert told["indices"][0]["dials"][0]["dial"] == "resolution.period_days"
    text = (done.folder / "summary.md").read_text(encoding="utf-8")
    assert f"## What decides {OUTCOME}" in text
    assert "## What to measure next" not in text, "both scenarios give the same, so there is nothing to choose"
    lines = sweep_summary.said(told)
    assert lines[0].startswith(f"{OUTCOME}: ")
    assert lines[1].startswith("  decided by: resolution.period_days 0.9") or "period_days 1" in lines[1]


def test_the_summary_is_silent_on_what_does_not_vary_and_on_luck():
    from sim.study import sweep_summary

    band = {"scenario": "small", "mean": 2.0, "p5": 1.0, "p50": 2.0, "p95": 3.0}
    row = {"grade": "", "share_low": 0.1, "share_high": 0.6}
    inputs = [row | {"dial": "known", "share": 0.5, "above_luck": True}, row | {"dial": "lucky", "share": 0.2, "above_luck": False}]
    dials = [{"scenario": "small", "dial": "known", "first": 0.5}]
    told = {
        "name": "Try", "question": "", "scenarios": ["small"], "set": [], "points": 8, "runs": 8, "failed": 0, "model": "full",
        "design": {"kind": "saltelli"},
        "bands": [band | dict.fromkeys(("mean", "p5", "p50", "p95"), 0.0) | {"outcome": "still"}, band | {"outcome": "moves"}],
        "indices": [{"outcome": name, "dials": dials} for name in ("still", "moves")],
        "learn": [{"outcome": "still", "inputs": inputs[1:]}, {"outcome": "moves", "inputs": inputs}],
    }  # fmt: skip
    page = sweep_summary.page(told)
    assert [line for line in page.splitlines() if line.startswith("## What")] == [
        "## What decides moves",
        "## What to measure next for moves",
    ]
    first, then = sweep_summary.said(told)
    assert first.startswith("moves: 2 on average")
    assert then == "  measure next: known 0.5 (0.1 to 0.6)"
