"""Run folders: complete or not there, never silently wrong, nothing written outside the results folder."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock
from frictionless import Package

from sim.core.errors import BusyError, OutputError, ResultsError, StorageError, UrbanMineError
from sim.results import manifest as manifests
from sim.results import parquet, store
from sim.results.schema import TABLES
from sim.results.store import Results, load_results, prepared
from tests.fixtures.columns import made_results

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return made_results().save(tmp_path_factory.mktemp("results"))


@pytest.fixture
def folder(saved, tmp_path):
    return Path(shutil.copytree(saved, tmp_path / "run"))


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def complaint(call, *args) -> UrbanMineError | None:
    """What a call complains of."""
    try:
        call(*args)
    except UrbanMineError as error:
        return error
    return None


def test_folder_holds_what_the_design_promises(saved):
    expected = {
        "manifest.json",
        "scenario.toml",
        "scenario.resolved.toml",
        "summary.json",
        *(f"tables/{name}.parquet" for name in TABLES),
    }
    assert set(files(saved)) == expected
    assert saved.parent.name == "made"
    assert saved.name == "20300101T000000Z-0a1b2c3d"


def test_what_is_loaded_is_what_was_made(saved):
    made, loaded = made_results(), load_results(saved)
    assert loaded.summary == made.summary
    assert list(loaded.tables) == list(TABLES)
    for name in TABLES:
        assert loaded.tables[name].equals(made.tables[name]), name
    with pytest.raises(KeyError, match="no table flow;"):
        _ = loaded.tables["flow"]


def test_manifest_is_a_frictionless_data_package(saved):
    descriptor = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))
    assert not list(Package.metadata_validate(descriptor))
    package = Package.from_descriptor(descriptor, basepath=str(saved))
    assert {r.path for r in package.resources} == set(files(saved)) - {"manifest.json"}
    flows = package.get_resource("flows")
    assert [field.name for field in flows.schema.fields] == list(TABLES["flows"].head)
    assert flows.rows == len(load_results(saved).tables["flows"])


def test_tables_close_in_the_manifest(saved):
    balance = load_results(saved).manifest["balance"]
    assert {row["substance"] for row in balance["substances"]} == {"Nd", "Cu", "other", "total"}
    for row in balance["substances"]:
        assert row["in_kg"] > 0
        assert row["in_kg"] == pytest.approx(row["out_kg"] + row["stock_kg"], rel=1e-12)
        assert row["gap_relative"] < 1e-12


def test_same_content_gives_the_same_files(saved, tmp_path):
    assert files(made_results().save(tmp_path)) == files(saved)


def test_loaded_results_save_again_with_the_same_bytes(saved, tmp_path):
    again = load_results(saved).save(tmp_path)
    assert files(again) == files(saved)


def test_two_runs_of_one_second_get_two_folders(tmp_path):
    first, second = made_results().save(tmp_path), made_results().save(tmp_path)
    assert second.name == f"{first.name}-2"
    assert json.loads((second / "manifest.json").read_text(encoding="utf-8"))["run_id"] == second.name
    load_results(second)


def test_missing_file_is_named(folder):
    (folder / "tables" / "flows.parquet").unlink()
    with pytest.raises(ResultsError, match=r"flows\.parquet: missing") as caught:
        load_results(folder)
    assert caught.value.exit_code == 4


def test_missing_manifest_and_missing_folder(folder, tmp_path):
    (folder / "manifest.json").unlink()
    for place in (folder, tmp_path / "nowhere"):
        with pytest.raises(ResultsError, match=r"no manifest\.json"):
            load_results(place)


@pytest.mark.parametrize("name", ["tables/flows.parquet", "scenario.toml", "summary.json", "manifest.json"])
def test_truncated_file_is_named(folder, name):
    file = folder / name
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(ResultsError, match=file.name):
        load_results(folder)


def test_unknown_format_is_named(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(manifests.written(manifest | {"format": 99}), encoding="utf-8")
    with pytest.raises(ResultsError, match="format 99"):
        load_results(folder)


def test_manifest_cannot_point_outside(folder):
    (folder.parent / "secret.toml").write_text("x", encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["resources"][0]["path"] = "../secret.toml"
    (folder / "manifest.json").write_text(manifests.written(manifest), encoding="utf-8")
    with pytest.raises(ResultsError, match="outside the results folder"):
        load_results(folder)


def test_no_flipped_bit_goes_unnoticed(folder):
    """1,000 single bits, spread over all files by size, the manifest included."""
    rng = random.Random(5)
    content = files(folder)
    names = rng.choices(list(content), [len(c) for c in content.values()], k=1000)
    undetected = []
    for name in names:
        damaged = bytearray(content[name])
        bit = rng.randrange(8 * len(damaged))
        damaged[bit // 8] ^= 1 << (bit % 8)
        (folder / name).write_bytes(damaged)
        found = complaint(load_results, folder)
        if not isinstance(found, ResultsError) or Path(name).name not in str(found):
            undetected.append((name, bit, found))
        (folder / name).write_bytes(content[name])
    assert undetected == []
    load_results(folder)


def test_pages_are_checked_when_a_table_is_read_after_loading(folder):
    """The file is whole when results are loaded and damaged before the table is read."""
    rng, file = random.Random(6), folder / "tables" / "flows.parquet"
    content = file.read_bytes()
    frame = parquet.read(file)
    for _ in range(100):
        results = load_results(folder)
        damaged = bytearray(content)
        # pages only: the footer at the end of the file carries no checksum of its own
        bit = rng.randrange(4 * 8, 8 * (len(content) - 8 - int.from_bytes(content[-8:-4], "little")))
        damaged[bit // 8] ^= 1 << (bit % 8)
        file.write_bytes(damaged)
        found = complaint(results.tables.__getitem__, "flows")
        assert "flows.parquet" in str(found) if found else results.tables["flows"].equals(frame), f"bit {bit}"
        file.write_bytes(content)


def test_killed_while_saving_leaves_no_half_folder(tmp_path):
    """20 kills at random moments: whatever bears a run's name is complete, and the next save clears the rest away."""
    rng = random.Random(7)
    for killed in range(20):
        process = subprocess.Popen([sys.executable, "-c", _SAVE_FOR_EVER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()  # it is about to save
        time.sleep(rng.uniform(0.0, 0.15))
        process.kill()
        process.wait()
        process.stdout.close()
        for run in (tmp_path / "made").iterdir():
            if not run.name.startswith("."):
                manifests.verify(run, manifests.read(run))
                shutil.rmtree(run)
        if killed >= 4 and list((tmp_path / "made").glob(".unfinished-*")):
            break
    left = list((tmp_path / "made").glob(".unfinished-*"))
    assert left, "no kill fell into a save: the test shows nothing"
    load_results(made_results().save(tmp_path))
    assert not list((tmp_path / "made").glob(".unfinished-*"))


_SAVE_FOR_EVER = """
import sys
from tests.fixtures.columns import made_results
results = made_results()
print("ready", flush=True)
while True:
    results.folder = None
    results.save(sys.argv[1])
"""


@pytest.mark.skipif(os.geteuid() != 0 if hasattr(os, "geteuid") else True, reason="mounting a small disk needs root")
def test_a_disk_that_is_full_at_any_of_twenty_sizes(tmp_path, saved):
    """A real, small disk: exit 74 (73 if not even the folder fits), nothing left; with more room the same run is saved as ever."""
    need_kb = sum(-(-path.stat().st_size // 4096) * 4 for path in saved.rglob("*") if path.is_file())
    results, disk, full = made_results(), tmp_path / "disk", 0
    disk.mkdir()
    for step in range(20):
        size = f"size={8 + step * need_kb // 20}k"
        mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("mounting is not allowed here")
        try:
            results.folder = None
            found = complaint(results.save, disk)
            assert isinstance(found, StorageError | OutputError), size
            assert "No space left" in str(found)
            assert str(disk) in str(found)
            assert [path.name for path in disk.glob("made/*")] in ([], [".lock"])
            full += found.exit_code == 74
            subprocess.run(["mount", "-o", f"remount,size={2 * need_kb + 100}k", str(disk)], check=True)
            if step % 5 == 0:
                assert files(results.save(disk)) == files(saved)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    assert full == 20


def test_a_folder_that_cannot_be_created_exits_73(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be created") as caught:
        prepared(tmp_path / "file", "made")
    assert caught.value.exit_code == 73


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
def test_read_only_folder_exits_73(tmp_path):
    """As another user, since root may write anywhere."""
    tmp_path.chmod(0o555)
    for parent in tmp_path.parents:
        if parent != Path("/tmp") and str(parent).startswith(str(Path("/tmp"))):
            parent.chmod(0o755)
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_prepare_as_nobody, args=(tmp_path,))
    process.start()
    process.join(10)
    assert process.exitcode == 73


def _prepare_as_nobody(root: Path) -> None:
    if os.geteuid() == 0:
        os.setuid(65534)
    try:
        prepared(root, "made")
    except OutputError as error:
        os._exit(error.exit_code)
    os._exit(0)


def test_busy_folder_exits_75(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    home = prepared(tmp_path, "made")
    with FileLock(home / ".lock"), pytest.raises(BusyError, match="another run") as caught:
        made_results().save(tmp_path)
    assert caught.value.exit_code == 75
    made_results().save(tmp_path)


@pytest.mark.parametrize("key", ["", "../up", "/etc", "a/b", "a.b", "con", "LPT1", "a b", "~", "x" * 65, "-a", "日本", "a\0"])
def test_names_that_could_leave_the_folder_are_refused(tmp_path, key):
    with pytest.raises(OutputError):
        prepared(tmp_path / "results", key)
    assert not (tmp_path / "results").exists()


def test_a_link_out_of_the_results_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "made").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="leads out of"):
        prepared(tmp_path / "results", "made")


def test_unfinished_links_are_not_followed(tmp_path):
    home = prepared(tmp_path / "results", "made")
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep" / "file").write_text("x", encoding="utf-8")
    (home / ".unfinished-link").symlink_to(tmp_path / "keep")
    made_results().save(tmp_path / "results")
    assert (tmp_path / "keep" / "file").exists()


def test_results_in_memory_can_be_asked_without_saving():
    results = made_results()
    assert isinstance(results, Results)
    assert results.folder is None
    assert results.tables["flows"]["mass_kg"].min() > 0
