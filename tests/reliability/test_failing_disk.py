"""The disk fails at its n-th call, for every n: a message and an exit code, never half a file, and the next try succeeds.

Calls are every open for writing, write, sync, new folder and new name below the folder of results, of whatever library.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from sim.cli import main
from sim.core.errors import OutputError, StorageError, UrbanMineError
from sim.report.shell import write_page
from sim.results.manifest import digest
from sim.results.schema import TABLES
from sim.results.store import load_results
from sim.study import sweep
from sim.study.sweep_file import load_sweep_file
from sim.study.sweep_results import load_sweep
from tests.fixtures.columns import made_results
from tests.fixtures.failing_disk import failing_disk
from tests.fixtures.light_sweep import LightChunk

FULL, BROKEN = errno.ENOSPC, errno.EIO


def files(folder):
    """SHA-256 of every file, locks apart and index lines apart, whose order is that of finishing."""
    paths = (path for path in folder.rglob("*") if path.is_file() and ".lock" not in path.name and path.suffix != ".jsonl")
    return {path.relative_to(folder).as_posix(): digest(path) for path in sorted(paths)}


def complaint(call, *args, **kwargs):
    """What a call complains of, if it does."""
    try:
        call(*args, **kwargs)
    except (OSError, UrbanMineError) as error:
        return error
    return None


def assert_told(error, number):
    """In words of ours with an exit code; a call may also fail that does not matter (who holds the lock)."""
    assert error is None or isinstance(error, OutputError | StorageError), repr(error)
    assert error is None or os.strerror(number) in str(error) or (number == FULL and "the disk is full" in str(error))


def content(path):
    """What a file holds; of a workbook its sheets, as it also holds the time."""
    if path.suffix != ".xlsx":
        return digest(path)
    with zipfile.ZipFile(path) as book:
        return tuple((each.filename, each.CRC) for each in book.infolist() if "sheet" in each.filename)


def told(what, count, record_property):
    record_property(f"calls of {what} that failed in turn", count)
    sys.stdout.write(f"{what}: {count} calls failed in turn\n")
    return count


FEW = ("flows", "stocks", "inputs")


@pytest.mark.parametrize(
    ("number", "tables"),
    [
        (FULL, FEW),
        pytest.param(FULL, TABLES, marks=pytest.mark.slow, id="full, all tables"),
        pytest.param(BROKEN, TABLES, marks=pytest.mark.slow, id="broken, all tables"),
    ],
)
def test_saving_a_run(tmp_path, number, tables, record_property):
    results, root, failing = made_results(), tmp_path / "out", 0
    results.columns = {name: results.columns[name] for name in tables}
    wanted = files(results.save(tmp_path / "whole"))
    while True:
        failing += 1
        results.folder = None
        shutil.rmtree(root, ignore_errors=True)
        with failing_disk(root, failing, number) as disk:
            found = complaint(results.save, root)
        if not disk.failed:
            break
        assert_told(found, number)
        assert not list(root.rglob(".unfinished-*"))
        for run in root.glob("made/2030*"):  # the folder was complete when its last sync failed
            assert files(run) == wanted
            load_results(run)
    assert told(f"a save of {len(tables)} tables", failing - 1, record_property) > 5 * len(tables), (
        "each is opened, written, synced"
    )


def small_sweep():
    """Four runs in two chunks."""
    source = load_sweep_file("ci_small")
    design = source.spec.design.model_copy(update={"points": 2})
    return replace(source, spec=source.spec.model_copy(update={"design": design, "chunk_runs": 2}))


@pytest.mark.parametrize(
    ("number", "every"),
    [
        (FULL, 19),
        pytest.param(FULL, 1, marks=pytest.mark.slow, id="full, every call"),
        pytest.param(BROKEN, 1, marks=pytest.mark.slow, id="broken, every call"),
    ],
)
def test_a_sweep_and_going_on_after_it(tmp_path, monkeypatch, number, every, record_property):
    """Whatever is finished stays; the same command again ends as if nothing had happened."""
    monkeypatch.setattr(sweep, "Chunk", LightChunk)
    source = small_sweep()
    wanted = files(sweep.sweep(source, tmp_path / "whole", workers=0).folder)
    failing, root = 1 - every, tmp_path / "out"
    while True:
        failing += every
        shutil.rmtree(root, ignore_errors=True)
        with failing_disk(root, failing, number) as disk:
            found = complaint(sweep.sweep, source, root, workers=0)
        if not disk.failed:
            break
        assert_told(found, number)
        kept = {path.name: digest(path) for path in root.glob("*/*/parts/0*.parquet")}
        assert all(wanted[f"parts/{name}"] == sha for name, sha in kept.items()), "a part is complete or not there"
        done = sweep.sweep(source, root, workers=0)
        assert files(done.folder) == wanted
        assert load_sweep(done.folder).there() == 4
    assert told("a sweep", (failing - 1) // every, record_property) > 60 // every


@pytest.mark.parametrize("form", ["csv", "xlsx", "iamc"])
def test_exporting(tmp_path, capfd, form, record_property):
    """Through the command: exit 74 or 73, one line, no traceback; a file is whole or not there."""
    results = made_results()
    results.columns = {"inputs": results.columns["inputs"]}  # every row of a CSV file is a call
    run = results.save(tmp_path / "runs")

    def export(out: Path) -> tuple[int, dict[str, object]]:
        code = main(["export", str(run), "--format", form, "--out", str(out)])
        return code, {path.name: content(path) for path in out.rglob("*") if path.is_file()}

    code, whole = export(tmp_path / "whole")
    assert code == 0
    failing, root = 0, tmp_path / "out"
    while True:
        failing += 1
        shutil.rmtree(root, ignore_errors=True)
        with failing_disk(root, failing, FULL) as disk:
            code, there = export(root)
        said = capfd.readouterr().err
        if code == 0:  # nothing failed, or the library that writes workbooks found another way
            assert there == whole
            if not disk.failed:
                break
            continue
        assert code in {73, 74}, said
        assert os.strerror(FULL) in said
        assert "Traceback" not in said
        assert "fault of the program" not in said
        assert there.items() <= whole.items(), f"half a file after call {failing}"
    assert told(f"an export as {form}", failing - 1, record_property) >= 4


@pytest.mark.parametrize("number", [FULL, BROKEN])
def test_writing_a_page(tmp_path, number, record_property):
    """The old page stays whole until the new one is."""
    page, failing = tmp_path / "report.html", 0
    while True:
        failing += 1
        page.write_text("the old page", encoding="utf-8")
        with failing_disk(tmp_path, failing, number) as disk:
            found = complaint(write_page, page, "the new page" * 1000)
        if not disk.failed:
            break
        assert_told(found, number)
        assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
        assert page.read_text(encoding="utf-8") == "the old page"
    assert page.read_text(encoding="utf-8") == "the new page" * 1000
    assert told("a page", failing - 1, record_property) >= 3
