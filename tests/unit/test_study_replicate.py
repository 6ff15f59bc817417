"""Replications put together: the same tables whatever the workers, honest facts, a summary that follows from the tables."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from sim.core.errors import UsageError
from sim.results.schema import TABLES
from sim.results.store import load_results
from sim.scenario.load import load_scenario
from sim.study import replicate, task
from sim.study.facts import merged, versions
from sim.study.replicate import ReplicationError
from sim.study.uncertainty import bands
from tests.fixtures.columns import replication_facts, replication_tables
from tests.fixtures.tasks import FailingReplicate, MadeReplicate
from tests.fixtures.tiny_tree import TinyLibrary, tiny_tree

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    tree = tiny_tree()
    tree["substances"]["Nd"]["headline"] = True
    file = tmp_path_factory.mktemp("scenario") / "tiny.toml"
    file.write_text(
        'name = "Tiny"\nquestion = "いくつ?"\n[time]\nstart = 2025\nend = 2026\n[run]\nreplications = 5\n', encoding="utf-8"
    )
    return load_scenario(file, library=TinyLibrary(tree))


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(replicate, "Replicate", MadeReplicate)


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((folder / "tables").iterdir())}


@pytest.mark.usefixtures("made")
def test_same_bytes_whatever_the_number_of_workers(scenario, tmp_path):
    found = [digests(replicate.run(scenario, workers=workers).save(tmp_path)) for workers in (0, 1, 2, 4)]
    assert set(found[0]) == {f"{name}.parquet" for name in TABLES}
    assert found.count(found[0]) == 4
    other = digests(replicate.run(scenario, workers=0, seed=2).save(tmp_path))
    assert other["flows.parquet"] != found[0]["flows.parquet"]


@pytest.mark.usefixtures("made")
def test_settings_of_the_scenario_and_of_the_call(scenario):
    results = replicate.run(scenario, workers=0)
    assert (results.manifest["replications"], results.manifest["draws"], results.manifest["seed"]) == (5, 3, 1)
    assert results.tables["inputs"]["draw"].unique().tolist() == [0, 1, 2]
    assert results.tables["flows"]["replication"].unique().tolist() == [0, 1, 2, 3, 4]
    results = replicate.run(scenario, replications=3, seed=9, workers=0)
    assert (results.manifest["replications"], results.manifest["draws"], results.manifest["seed"]) == (3, 2, 9)


@pytest.mark.parametrize(
    "settings", [{"replications": 0}, {"replications": 100_001}, {"seed": -1}, {"workers": -1}, {"workers": 2000}]
)
def test_numbers_out_of_range_are_refused(scenario, settings):
    with pytest.raises(UsageError, match="must be from"):
        replicate.run(scenario, **settings)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_failed_replication_fails_the_run_with_its_message(scenario, monkeypatch, workers):
    monkeypatch.setattr(replicate, "Replicate", FailingReplicate)
    with pytest.raises(ReplicationError, match=r"replication 1: day 3\.00: stage yard, X yard") as caught:
        replicate.run(scenario, workers=workers)
    assert caught.value.exit_code == 1


@pytest.mark.usefixtures("made")
def test_progress_counts_up(scenario):
    told = []
    replicate.run(scenario, workers=0, progress=lambda done, count: told.append((done, count)))
    assert told[-1] == (5, 5)
    assert told == sorted(told)


@pytest.mark.usefixtures("made")
def test_manifest_tells_how_the_run_came_about(scenario, tmp_path):
    folder = replicate.run(scenario, workers=0).save(tmp_path)
    manifest = load_results(folder).manifest
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", manifest["run_id"])
    assert manifest["run_id"].endswith(manifest["input_hash"][:8])
    assert manifest["scenario"] == {"key": "tiny", "name": "Tiny", "title_ja": "", "question": "いくつ?", "question_ja": ""}
    assert manifest["inputs"]["sim/data/tiny.csv"] == "0" * 64
    assert manifest["inputs"]["tiny.toml"] == hashlib.sha256(scenario.path.read_bytes()).hexdigest()
    assert manifest["versions"]["numpy"] == np.__version__
    assert manifest["names"]["countries"]["JPN"] == {"en": "Japan", "ja": "日本"}
    assert manifest["zones"]["JP-13"]["region"] == "kanto"
    assert manifest["product_groups"] == {"UNU0306": "phone", "UNU0302": "it_equipment"}
    assert manifest["command"] == "urban-mine run scenario.resolved.toml --seed 1 --replications 5"
    assert folder.parent.name == "tiny"
    assert (folder / "scenario.toml").read_bytes() == scenario.path.read_bytes()
    resolved = tomllib.loads((folder / "scenario.resolved.toml").read_text(encoding="utf-8"))
    assert resolved["countries"]["JPN"]["population"] == 1e8
    again = load_scenario(folder / "scenario.resolved.toml", library=TinyLibrary())
    assert again.spec == scenario.spec


@pytest.mark.usefixtures("made")
def test_every_number_of_the_scenario_is_an_assumption_with_its_source(scenario):
    table = replicate.run(scenario, workers=0).tables["assumptions"].set_index("key")
    row = table.loc["countries.JPN.channels.drop_box.participation_share"]
    assert (row["low"], row["high"], row["unit"], row["grade"]) == ("0.05", "0.2", "share", "B")
    assert row["source"] == "a book"
    path = table.loc["market.prices.Nd.usd_per_kg"]
    assert path["value"] == "{ 2025 = 80.0, 2035 = 120.0 }"
    stated = table.loc["time.end"]
    assert (stated["value"], stated["source"], stated["address"]) == ("2026", "tiny.toml", "line 5")
    assert f"plants.{tiny_tree()['plants'][0]['name']}.capacity_t_per_year" in table.index
    assert table.index.is_unique
    assert table.index.is_monotonic_increasing


@pytest.mark.usefixtures("made")
def test_summary_follows_from_the_tables(scenario, tmp_path):
    results = replicate.run(scenario, replications=8, workers=0)
    summary = load_results(results.save(tmp_path)).summary
    assert summary["years"] == [2025, 2026]
    assert summary["countries"] == ["JPN", "VNM", "ALL"]
    assert summary["metals"] == ["Cu", "Nd"]
    assert summary["headline"] == ["Nd"]
    signals = results.tables["signals"]
    nd = signals[(signals["metal"] == "Nd")].groupby(["year", "replication"], observed=True)["refined_kg"].sum().unstack()
    expected = bands(nd.to_numpy(), 2)
    for statistic, values in expected.items():
        assert summary["ladder"]["Nd"]["ALL"]["refined_kg"][statistic] == pytest.approx(values.tolist(), rel=1e-5)
    assert summary["ladder"]["Nd"]["ALL"]["refined_kg"]["ignorance_share"][0] > 0.9
    assert summary["ladder"]["Nd"]["JPN"]["demand_met_share"]["p50"][0] > 0
    assert "demand_met_share" not in summary["ladder"]["Nd"]["VNM"]
    json.dumps(summary, allow_nan=False)


@pytest.mark.usefixtures("made")
def test_what_decides_is_found_with_enough_draws_and_not_claimed_with_few(scenario):
    """Made columns depend on `b.share` alone."""
    many = replicate.run(scenario, replications=24, workers=0).summary["decides"]["Nd"]
    assert many["inputs"][0]["key"] == "b.share"
    assert many["inputs"][0]["rank_correlation"] > 0.9
    assert many["stands_out"] is True
    assert [row["stands_out"] for row in many["inputs"]] == [True, False]
    few = replicate.run(scenario, replications=6, workers=0).summary["decides"]["Nd"]
    assert few == {"outcome": "refined_kg", "threshold": None, "stands_out": False, "inputs": []}


def test_facts_are_summed_or_worst_and_warnings_counted():
    facts = merged([replication_facts(number) for number in range(3)])
    assert facts["events"] == 303
    assert facts["cpu_s"] == 1.5
    assert facts["peak_memory_mb"] == 82.0
    assert facts["balance"].pop("where") == "yard 2"
    assert facts["balance"] == pytest.approx({"posting_relative": 3e-16, "account_relative": 3e-13})
    assert facts["warnings"] == [
        "capacity is an assumption",
        "odd one (in 1 of 3 replications)",
        "what was drawn of 1 uncertain inputs was cut at the bounds of their fields (cut_inputs): b.share",
    ]
    assert facts["cut_inputs"] == {"b.share": 2}


def test_versions_name_what_can_change_a_number():
    assert {"python", "numpy", "simpy", "pyarrow", "urban-mine"} <= set(versions())


def test_a_task_draws_inputs_and_keeps_them(scenario, monkeypatch):
    seen = []

    def fake(spec, seed, number):
        seen.append((spec.countries["JPN"].channels["drop_box"].participation_share.uncertain, seed, number))
        return {"tables": replication_tables(number, 0), "facts": replication_facts(number)}

    monkeypatch.setattr(task, "run_replication", fake)
    work = task.Replicate(scenario, 7, 3, 2)
    first, second, other = work(0), work(1), work(2)
    assert seen == [(False, 7, 0), (False, 7, 1), (False, 7, 2)]
    inputs = [outcome["tables"]["inputs"] for outcome in (first, second, other)]
    np.testing.assert_array_equal(inputs[0]["u"], inputs[1]["u"])
    assert not np.array_equal(inputs[0]["u"], inputs[2]["u"])
    assert "countries.JPN.channels.drop_box.participation_share" in inputs[0]["key"].values
    assert ((inputs[0]["u"] > 0) & (inputs[0]["u"] < 1)).all()


def test_workers_load_neither_pandas_nor_pyarrow():
    """Each would add half a second to the start of every worker."""
    code = "import sim.study.task, sys; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "pyarrow", "plotly", "scipy.stats", "filelock"} & set(loaded)
