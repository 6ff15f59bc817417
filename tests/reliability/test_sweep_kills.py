"""Sweeps that are killed, stopped, crowded, damaged or short of disk: the same parts in the end, and nothing left over.

The runs are made up (milliseconds, `tests.fixtures.light_sweep`), everything around them is real, the 300 points are
those of `ci_small`. A slow test kills the real thing: twenty times in CI, two hundred times where it runs whole.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.cli import main
from sim.core.errors import ResultsError, StorageError
from sim.results.manifest import digest
from sim.study import parts, sweep
from sim.study.sweep_results import load_sweep
from tests.fixtures import light_sweep
from tests.fixtures.listening import listening, tree

ROOT = Path(__file__).parents[2]
SWEEP = "ci_small"
CHUNKS, RUNS, WORKERS = 30, 300, 2


@pytest.fixture
def light(monkeypatch):
    monkeypatch.setattr(sweep, "Chunk", light_sweep.LightChunk)


def started(out, module="tests.fixtures.light_sweep", **environment):
    return subprocess.Popen(
        [sys.executable, "-m", module, "sweep", SWEEP, "--out", str(out), "--no-report", "--workers", str(WORKERS)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def files(out):
    """SHA-256 of every file of the sweep but locks and index lines, whose order is that of finishing."""
    (folder,) = (out / SWEEP).glob("sweep-*")
    paths = [path for path in folder.rglob("*") if path.is_file() and ".lock" not in path.name and path.suffix != ".jsonl"]
    return {path.relative_to(folder).as_posix(): digest(path) for path in sorted(paths)}


def part_count(out):
    return len(list(out.glob(f"{SWEEP}/sweep-*/parts/*.parquet")))


def wait_for_parts(out, more_than, process, seconds=60):
    end = time.monotonic() + seconds
    while part_count(out) <= more_than and process.poll() is None:
        assert time.monotonic() < end, "no part was written"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A sweep nobody disturbed."""
    out = tmp_path_factory.mktemp("clean")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "Chunk", light_sweep.LightChunk)
        sweep.sweep(SWEEP, out, workers=0)
    return out


@pytest.fixture
def unbroken(clean):
    return files(clean)


@pytest.fixture
def mine(clean, tmp_path):
    """A copy of the undisturbed sweep, to be damaged."""
    shutil.copytree(clean, tmp_path / "mine")
    return tmp_path / "mine"


def killed(out, times, seed, module="tests.fixtures.light_sweep", **environment):
    """Kill a sweep at random moments: every other time right after start, else once it has saved something more."""
    moments = random.Random(seed)
    for number in range(times):
        process = started(out, module, **environment)
        if number % 2:
            wait_for_parts(out, part_count(out), process)
        time.sleep(moments.uniform(0.0, 1.0 if number % 2 == 0 else 0.2))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()


def finished(out):
    """Run the sweep on the real model to its end."""
    process = started(out, "sim")
    _, complained = process.communicate()
    assert process.returncode == 0, complained


def test_twenty_kills_change_nothing(tmp_path, unbroken):
    out, log = tmp_path / "killed", tmp_path / "log"
    environment = {"LIGHT_SWEEP_LOG": str(log), "LIGHT_SWEEP_SECONDS": "0.01"}
    killed(out, 20, 1, **environment)
    last = started(out, **environment)
    said, complained = last.communicate(timeout=120)
    assert last.returncode == 0, complained
    assert "complete" in said
    assert files(out) == unbroken
    assert list(out.rglob("*unfinished*")) == []
    chunk_runs = RUNS // CHUNKS
    assert len(log.read_text(encoding="utf-8").splitlines()) <= RUNS + 20 * WORKERS * chunk_runs


@pytest.mark.slow
def test_two_hundred_kills_of_the_real_model_change_nothing(tmp_path):
    times = 20 if os.environ.get("URBAN_MINE_SLOW") == "bounded" else 200
    finished(tmp_path / "clean")
    killed(tmp_path / "killed", times, 2, "sim")
    finished(tmp_path / "killed")
    assert files(tmp_path / "killed") == files(tmp_path / "clean")


def test_a_run_that_kills_its_workers_is_recorded_and_the_sweep_goes_on(tmp_path, unbroken):
    """Its chunk is tried twice, then run by run; the run alone twice more. Every other run is as if nothing had happened."""
    out = tmp_path / "deadly"
    process = started(out, LIGHT_SWEEP_DEADLY_ROW="17")
    said, complained = process.communicate(timeout=120)
    assert process.returncode == 5, complained
    assert "2 of 300 runs failed" in said
    assert "failed: run 34, point 17: its worker process was killed or ran out of memory each time it was tried" in complained
    (folder,) = (out / SWEEP).glob("sweep-*")
    assert load_sweep(folder).failures()["run"].tolist() == [34, 35]
    mine = files(out)
    assert {name for name in unbroken if mine[name] != unbroken[name]} == {
        "parts/000003.parquet",
        "outcomes.parquet",
        "index.json",
        "manifest.json",
    }


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_workers_of_a_killed_sweep_are_gone_in_five_seconds_and_nothing_listens(tmp_path):
    process = started(tmp_path, LIGHT_SWEEP_SECONDS="0.5")
    wait_for_parts(tmp_path, 0, process)
    family = tree(process.pid)
    assert len(family) >= 1 + WORKERS
    assert listening(family) == {}
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    end = time.monotonic() + 5.0
    while any(_runs(pid) for pid in family) and time.monotonic() < end:
        time.sleep(0.05)
    assert [pid for pid in family if _runs(pid)] == []


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_ctrl_c_says_how_to_go_on_and_a_second_writer_is_refused(tmp_path):
    out = tmp_path / "out"
    process = started(out, LIGHT_SWEEP_SECONDS="0.3")
    wait_for_parts(out, 0, process)
    second = started(out)
    _, complained = second.communicate(timeout=60)
    assert second.returncode == 75, complained
    assert "another process" in complained
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - began < 5.0
    assert process.returncode == 130
    assert said.splitlines()[-1] == (
        f"urban-mine: stopped; what is finished is kept. To go on: urban-mine sweep {SWEEP} --out {out} --no-report"
    )
    assert "Traceback" not in said
    assert 0 < part_count(out) < CHUNKS


def test_ctrl_c_while_the_report_is_written_says_how_to_go_on_too(tmp_path, mine, light, monkeypatch, capsys):
    def interrupted(folder):
        raise KeyboardInterrupt

    command = ["sweep", SWEEP, "--out", str(tmp_path / "mine"), "--workers", "0"]
    with monkeypatch.context() as patch:
        patch.setattr("sim.report.sweep_page.write_sweep", interrupted)
        assert main(command) == 130
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].endswith(f"To go on: urban-mine sweep {SWEEP} --out {tmp_path / 'mine'}")
    assert main(command) == 0
    assert "report.html" in capsys.readouterr().out


def test_a_full_disk_keeps_what_is_finished(tmp_path, monkeypatch, light, unbroken):
    out = tmp_path / "full"
    real, left = parts._write, [7]

    def scarce(groups, file, **how):
        left[0] -= 1
        if left[0] < 0:
            file.write(b"stub")
            raise OSError(errno.ENOSPC, "No space left on device")
        real(groups, file, **how)

    monkeypatch.setattr(parts, "_write", scarce)
    with pytest.raises(StorageError, match="disk is full") as full:
        sweep.sweep(SWEEP, out, workers=0)
    assert full.value.exit_code == 74
    assert part_count(out) == 6  # the first file was the design
    assert list(out.rglob("*unfinished*")) == []
    monkeypatch.setattr(parts, "_write", real)
    sweep.sweep(SWEEP, out, workers=0)
    assert files(out) == unbroken


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no resource module")
def test_memory_of_the_driver_is_flat_from_a_thousand_to_a_hundred_thousand_rows(tmp_path):
    code = (
        "import resource, sys; from tests.fixtures import light_sweep as l; l.drive(int(sys.argv[1]), sys.argv[2]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peak = [
        int(
            subprocess.run([sys.executable, "-c", code, str(rows), str(tmp_path)], cwd=ROOT, capture_output=True, check=True).stdout
        )
        for rows in (1_000, 100_000)
    ]
    assert peak[1] < 1.1 * peak[0], peak


def flip(path, place):
    raw = bytearray(path.read_bytes())
    raw[place // 8 % len(raw)] ^= 1 << place % 8
    path.write_bytes(raw)


def test_every_flipped_bit_of_a_part_is_found_and_the_part_made_again(mine, light, unbroken):
    (folder,) = (mine / SWEEP).glob("sweep-*")
    home, places = parts.Home(folder), random.Random(3)
    for _ in range(500):
        chunk = places.randrange(CHUNKS)
        kept = home.part(chunk).read_bytes()
        flip(home.part(chunk), places.randrange(8 * len(kept)))
        done, damaged = home.finished()
        assert damaged == [chunk]
        assert chunk not in done
        home.part(chunk).write_bytes(kept)
    flip(home.part(4), 999)
    told = []
    sweep.sweep(SWEEP, mine, workers=0, say=told.append)
    assert len(told) == 1
    assert "000004.parquet: damaged" in told[0]
    assert files(mine) == unbroken


@pytest.mark.parametrize("name", ["outcomes.parquet", "design.parquet", "index.json", "manifest.json", "plan.json"])
def test_every_flipped_bit_of_the_tables_is_found(mine, light, unbroken, name):
    (folder,) = (mine / SWEEP).glob("sweep-*")
    path, places = folder / name, random.Random(4)
    kept = path.read_bytes()
    for _ in range(100):
        flip(path, places.randrange(8 * len(kept)))
        with pytest.raises(ResultsError, match=name.split(".", maxsplit=1)[0]):
            load_sweep(folder).outcomes()
        path.write_bytes(kept)
    sweep.sweep(SWEEP, mine, workers=0)
    assert files(mine) == unbroken
