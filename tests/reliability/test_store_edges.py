"""Edges of a run folder: traces move in, a summary that is not JSON, a sheet of some metals only."""

import copy
import csv
import hashlib
import io
import json
import shutil

import pytest

from sim.core.errors import ResultsError
from sim.results import export
from sim.results import manifest as manifests
from sim.results.store import load_results
from tests.fixtures.columns import made_results


def test_a_trace_written_during_the_run_becomes_part_of_the_folder(tmp_path):
    trace = tmp_path / "trips.json"
    trace.write_bytes(b"trips")
    results = made_results()
    results.traces["traces/trips.json"] = trace, 3
    folder = results.save(tmp_path / "out")
    assert (folder / "traces" / "trips.json").read_bytes() == b"trips"
    assert not trace.exists()
    entry = next(each for each in results.manifest["resources"] if each["path"] == "traces/trips.json")
    assert entry["hash"].removeprefix("sha256:") == hashlib.sha256(b"trips").hexdigest()
    load_results(folder)


def test_a_summary_that_is_no_json_is_named_even_if_its_sum_is_right(tmp_path):
    folder = made_results().save(tmp_path)
    raw = b"{ not json"
    (folder / "summary.json").write_bytes(raw)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    entry = next(each for each in manifest["resources"] if each["path"] == "summary.json")
    prefix = "sha256:" if entry["hash"].startswith("sha256:") else ""
    entry.update(hash=prefix + hashlib.sha256(raw).hexdigest(), bytes=len(raw))
    manifest.pop("hash", None)
    (folder / "manifest.json").write_text(manifests.written(manifest), encoding="utf-8")
    with pytest.raises(ResultsError, match=r"summary\.json"):
        load_results(folder)
    shutil.rmtree(folder)


def test_the_policy_sheet_holds_the_metals_and_countries_asked_for():
    summary = copy.deepcopy(made_results().summary)
    metal, country = summary["metals"][0], summary["countries"][0]
    rows = list(csv.reader(io.StringIO(export.iamc(summary, "s", {metal}, {country}))))
    everything = list(csv.reader(io.StringIO(export.iamc(summary, "s"))))
    assert 1 < len(rows) < len(everything)
    steps = summary["ladder"][metal][country]
    statistic = next(name for name in export.IAMC_STATISTICS if name in next(iter(steps.values())))
    next(iter(steps.values()))[statistic][0] = None
    assert len(list(csv.reader(io.StringIO(export.iamc(summary, "s"))))) == len(everything) - 1, "what has no meaning has no row"
