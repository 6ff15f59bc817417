"""Workers: results by number whatever the order, failures told, nobody left alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from sim.study.workers import LOST, Failure, WorkerError, default_workers, spread
from tests.fixtures import tasks

ROOT = Path(__file__).parents[2]


def quiet() -> None:
    pass


@pytest.mark.parametrize("workers", [0, 1, 2, 4])
def test_every_number_is_done_once_and_told_with_its_outcome(workers):
    ticks = []
    with closing(spread(tasks.square, range(6), workers, lambda: ticks.append(1))) as done:
        outcomes = dict(done)
    assert outcomes == {n: n * n for n in range(6)}
    assert ticks


def test_who_finishes_first_is_told_first(tmp_path):
    with closing(spread(tasks.FirstWaits(tmp_path / "go"), range(2), 2, quiet)) as done:
        assert next(done)[0] == 1
        (tmp_path / "go").touch()
        assert next(done)[0] == 0


def test_no_numbers_need_no_worker():
    assert list(spread(tasks.square, [], 2, quiet)) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_failures_carry_message_and_exit_code(workers):
    with closing(spread(tasks.failing, [1, 2, 3], workers, quiet)) as done:
        outcomes = dict(done)
    assert outcomes[1] == 1
    assert isinstance(outcomes[2], Failure)
    assert outcomes[2].message == "day 3.00: stage yard: 1e-06 kg of Nd lost"
    assert outcomes[2].exit_code == 1
    assert outcomes[3].message == "KeyError: 'plant'"
    assert "failing" in outcomes[3].trace


def test_a_worker_that_is_killed_ends_the_run_with_a_message():
    with pytest.raises(WorkerError, match="exit code -9"), closing(spread(tasks.failing, [4], 1, quiet)) as done:
        list(done)


@pytest.mark.parametrize(("deaths", "workers"), [(1, 1), (1, 2), (2, 2)])
def test_a_worker_that_dies_is_replaced_and_its_number_tried_again(tmp_path, deaths, workers):
    with closing(spread(tasks.Deadly(tmp_path, deaths), range(5), workers, quiet, lives=2)) as done:
        outcomes = dict(done)
    expected = {number: number for number in range(5)}
    assert outcomes == (expected if deaths == 1 else expected | {2: LOST})
    assert len(list(tmp_path.iterdir())) == deaths


def test_workers_that_cannot_even_start_end_it():
    with pytest.raises(WorkerError, match="exit code -9"), closing(spread(tasks.Unborn(), range(5), 2, quiet, lives=2)) as done:
        list(done)


def test_outcomes_larger_than_a_pipe_arrive():
    with closing(spread(tasks.large, range(3), 2, quiet)) as done:
        assert sorted(array[-1] for _, array in done) == [0.0, 1.0, 2.0]


def test_workers_use_one_thread_for_numbers_and_the_parent_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with closing(spread(tasks.threads, range(2), 2, quiet)) as done:
        assert [told for _, told in done] == ["1", "1"]
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    assert "OMP_NUM_THREADS" not in os.environ


def test_leaving_early_ends_the_workers(tmp_path):
    with closing(spread(tasks.Announce(tmp_path), range(2), 2, _Impatient(tmp_path, 2))) as done, pytest.raises(TimeoutError):
        next(done)
    assert alive(tmp_path) == []


class _Impatient:
    """Gives up as soon as all workers are at work."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self.workers = folder, workers

    def __call__(self) -> None:
        if len(list(self.folder.iterdir())) == self.workers:
            raise TimeoutError


def alive(folder: Path) -> list[int]:
    """Workers that announced themselves and still run."""
    return [int(p.name) for p in folder.iterdir() if _runs(int(p.name))]


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


_PARENT = """
import sys
from pathlib import Path
from sim.study.workers import spread
from tests.fixtures.tasks import Announce
if __name__ == "__main__":
    list(spread(Announce(Path(sys.argv[1])), range(2), 2, lambda: None))
"""


def _parent_at_work(folder: Path) -> subprocess.Popen[bytes]:
    script = folder.parent / "parent.py"
    script.write_text(_PARENT, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    end = time.monotonic() + 30
    while len(list(folder.iterdir())) < 2:
        assert time.monotonic() < end, "workers did not start"
        time.sleep(0.05)
    return process


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_workers_die_with_a_killed_parent(tmp_path):
    folder = tmp_path / "pids"
    folder.mkdir()
    process = _parent_at_work(folder)
    process.kill()
    process.communicate()
    end = time.monotonic() + 5
    while alive(folder) and time.monotonic() < end:
        time.sleep(0.05)
    assert alive(folder) == []


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_ctrl_c_ends_everything_and_workers_say_nothing(tmp_path):
    """Ctrl-C goes to the whole group of processes, as on a terminal."""
    folder = tmp_path / "pids"
    folder.mkdir()
    process = _parent_at_work(folder)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=5)
    assert alive(folder) == []
    assert said.count(b"KeyboardInterrupt") == 1  # the parent's own; the command line turns it into one line


def test_there_is_a_processor():
    assert default_workers() >= 1
