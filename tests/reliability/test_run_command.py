"""`urban-mine run` stopped from outside: the exit code people and schedulers expect, one line, nobody left alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")


@pytest.mark.parametrize(("number", "code", "times"), [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 3), (signal.SIGTERM, 143, 1)])
def test_stopped_runs_end_at_once_and_leave_nothing(tmp_path, number, code, times):
    """Also when somebody presses Ctrl-C again and again."""
    scenario, pids, results = tmp_path / "tiny.toml", tmp_path / "pids", tmp_path / "results"
    scenario.write_text('name = "Tiny"\n[time]\nstart = 2025\nend = 2026\n', encoding="utf-8")
    pids.mkdir()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.fixtures.tasks",
            "EndlessReplicate",
            "run",
            str(scenario),
            "--out",
            str(results),
            "--workers",
            "2",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while len(list(pids.iterdir())) < 2:
        assert time.monotonic() < end, "workers did not start"
        time.sleep(0.05)
    for _ in range(times):
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # Ctrl-C on a terminal reaches the whole group
        else:
            process.send_signal(number)
        time.sleep(0.05)
    out, err = process.communicate(timeout=5)
    # the third may come when the command has said its line and the interpreter is ending: a shell shows 130 all the same
    assert process.returncode in ({code} if times == 1 else {code, -number}), err
    assert out == b""
    assert b"Traceback" not in err
    assert not [p for p in results.rglob("*") if p.is_file()]
    assert not [pid for pid in pids.iterdir() if Path(f"/proc/{pid.name}").exists()]
