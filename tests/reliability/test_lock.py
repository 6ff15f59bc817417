"""One writer at a time: who comes second is told who is at work, and the lock of a killed process is free at once."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.core.errors import BusyError, StorageError
from sim.results.lock import locked
from tests.fixtures.failing_disk import failing_disk

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from sim.results.lock import locked
with locked(Path(sys.argv[1]), 0.0, "busy"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path):
    """A process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_of_three_writers_one_works_and_two_are_told_who_it_is(tmp_path):
    path = tmp_path / ".lock"
    with holder(path) as first:
        for _ in range(2):
            said = rf"^busy \(process {first.pid} since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\)$"
            with pytest.raises(BusyError, match=said), locked(path, 0.0, "busy"):
                pass
    with locked(path, 0.0, "busy"):
        assert f"process {os.getpid()} since" in (tmp_path / ".by.lock").read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] in ([".lock"], [])


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path):
    """Without waiting at all; what the dead one said of itself does not matter any more."""
    path = tmp_path / ".lock"
    for _ in range(3):
        with holder(path) as process:
            process.kill()
        with locked(path, 0.0, "busy"):
            assert f"process {os.getpid()} since" in (tmp_path / ".by.lock").read_text(encoding="utf-8")


def test_a_note_that_is_no_text_does_not_hide_that_the_folder_is_in_use(tmp_path):
    path = tmp_path / ".lock"
    with holder(path):
        (tmp_path / ".by.lock").write_bytes(b"\xff\xfe")
        with pytest.raises(BusyError, match=r"^busy$"), locked(path, 0.0, "busy"):
            pass


def test_a_disk_that_fails_is_told_or_does_not_matter(tmp_path):
    """Opening the lock file matters; the note that says who holds it does not."""
    told = 0
    for failing in range(1, 9):
        path = tmp_path / str(failing) / ".lock"
        path.parent.mkdir()
        with failing_disk(path.parent, failing, errno.ENOSPC):
            try:
                with locked(path, 0.0, "busy"):
                    pass
            except StorageError as error:
                told += "No space left" in str(error)
        with locked(path, 0.0, "busy"):
            pass
    assert 1 <= told < 8
