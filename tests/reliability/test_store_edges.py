"""Edges of a run folder: what is forced to disk and when, what is cleared away, traces, names, texts."""

import copy
import csv
import hashlib
import io
import json
import os
import shutil
from pathlib import Path

import pytest

from sim.core.errors import BusyError, OutputError, ResultsError
from sim.results import export, store
from sim.results import manifest as manifests
from sim.results.store import load_results, prepared
from tests.fixtures.columns import made_results


def small():
    """Results of two tables, quickly saved."""
    results = made_results()
    results.columns = {name: results.columns[name] for name in ("flows", "inputs")}
    return results


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_everything_is_on_disk_before_the_folder_gets_its_name(tmp_path, monkeypatch):
    """Every file with all its bytes, every folder, then the name, then the folder that holds the name; nothing is left open."""
    order, real_sync, real_rename = [], os.fsync, os.rename

    def sync(number):
        path = Path(f"/proc/self/fd/{number}").readlink()
        order.append((path.relative_to(tmp_path).as_posix(), 0 if path.is_dir() else os.fstat(number).st_size))
        real_sync(number)

    def rename(source, target, *args, **kwargs):
        if Path(source).is_dir():
            order.append(("renamed", 0))
        real_rename(source, target, *args, **kwargs)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", rename)
    before = len(list(Path("/proc/self/fd").iterdir()))
    run = small().save(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    unfinished, places = f"made/.unfinished-{run.name}", [place for place, _ in order]
    assert places[-2:] == ["renamed", "made"]
    assert set(places[-4:-2]) == {unfinished, f"{unfinished}/tables"}
    written = {path.relative_to(run).as_posix(): path.stat().st_size for path in run.rglob("*") if path.is_file()}
    assert {place.removeprefix(f"{unfinished}/"): size for place, size in order[:-4]} == written


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    left = prepared(tmp_path, "made") / ".unfinished-20290101T000000Z-ffffffff"
    (left / "tables").mkdir(parents=True)
    (left / "tables" / "flows.parquet").write_bytes(b"half")
    run = small().save(tmp_path)
    assert {path.name for path in run.parent.iterdir()} == {run.name, ".lock"}


def test_many_runs_of_one_second_have_names_of_their_own(tmp_path):
    """Also when the clock is set back while a sweep of runs goes on."""
    names = [small().save(tmp_path).name for _ in range(4)]
    assert names == [names[0], f"{names[0]}-2", f"{names[0]}-3", f"{names[0]}-4"]


@pytest.mark.parametrize(("key", "right"), [("com1", False), ("COM9", False), ("com10", True), ("lpt0", True), ("x" * 64, True)])
def test_names_of_devices_are_no_names_of_folders(tmp_path, key, right):
    if right:
        assert prepared(tmp_path / "deep" / "results", key).is_dir()
        return
    with pytest.raises(OutputError, match="no device name"):
        prepared(tmp_path / "deep" / "results", key)


def test_results_are_listed_and_told_without_their_content():
    results = small()
    assert len(results.tables) == len(list(results.tables))
    assert results.tables["flows"] is results.tables["flows"], "a table is read once"
    results.traces["traces/a.json"] = Path("nowhere"), 1
    assert "columns" not in repr(results)
    assert "texts" not in repr(results)
    assert "traces" not in repr(results)


def test_the_summary_keeps_letters_and_refuses_what_is_no_number(tmp_path):
    results = small()
    results.summary["note"] = "合成"
    raw = (results.save(tmp_path) / "summary.json").read_bytes()
    assert "合成".encode() in raw
    assert raw.endswith(b"}\n")
    assert b": " not in raw
    results = small()
    results.summary["note"] = float("nan")
    with pytest.raises(ValueError, match=r"nan|Out of range"):
        results.save(tmp_path)
    assert len(list((tmp_path / "made").glob("2030*"))) == 1


def test_a_writer_waits_half_a_minute_for_the_one_before(tmp_path, monkeypatch):
    assert store.LOCK_SECONDS == 30.0
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.2)
    with (
        store._locked(prepared(tmp_path, "made")),
        pytest.raises(BusyError, match=r"for 0 s.*\(process \d+ since 20\d\d-") as caught,
    ):
        small().save(tmp_path)
    assert f"process {os.getpid()} since" in str(caught.value)
    assert not list((tmp_path / "made").glob(".by*"))


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


def test_two_traces_share_a_folder(tmp_path):
    results = small()
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_bytes(name.encode())
        results.traces[f"traces/{name}.json"] = tmp_path / f"{name}.json", 1
    folder = results.save(tmp_path / "out")
    assert sorted(path.read_bytes() for path in (folder / "traces").iterdir()) == [b"a", b"b"]
    again = load_results(folder).save(tmp_path / "again")
    assert sorted(path.read_bytes() for path in (again / "traces").iterdir()) == [b"a", b"b"]


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
