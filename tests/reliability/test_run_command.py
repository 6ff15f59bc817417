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


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_runs_end_at_once_and_leave_nothing(tmp_path, number, code):
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
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # Ctrl-C on a terminal reaches the whole group
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=5)
    assert process.returncode == code
    assert out == b""
    assert b"Traceback" not in err
    assert not [p for p in results.rglob("*") if p.is_file()]
    assert not [pid for pid in pids.iterdir() if Path(f"/proc/{pid.name}").exists()]
