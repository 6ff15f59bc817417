"""What a sweep costs beside its runs: CPU for each run, idle workers, and memory of the process that drives it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.simulate import run as runs
from sim.study import sweep, sweep_task
from sim.study.sweep_file import load_sweep_file
from sim.study.workers import spread
from tests.fixtures.tasks import Asleep

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.speed


def test_overhead_of_a_run(told, monkeypatch):
    """CPU of a run of a sweep less that of the replication in it: turning dials, drawing, keeping outcomes [ms]."""
    source = load_sweep_file("ci_small")
    task = sweep.task_of(source, sweep.design_of(source))
    inside = []

    def timed(*arguments):
        began = time.process_time()
        result = runs.run_replication(*arguments)
        inside.append(time.process_time() - began)
        return result

    monkeypatch.setattr(sweep_task, "run_replication", timed)
    task.run(0, 0)
    inside.clear()
    overhead = []
    for row in range(1, 41):
        began = time.process_time()
        task.run(row, 0)
        overhead.append(1000.0 * (time.process_time() - began - inside[-1]))
    assert len(inside) == len(overhead) == 40
    told("sweep: overhead of a run", overhead, 5.0, "ms CPU")


def test_occupancy_of_two_workers(told):
    """Time two workers are at work on runs of half a second over the time they could be, from the first to the last."""
    spans = [outcome for _, outcome in spread(Asleep(0.5), range(60), 2, lambda: None)]
    assert len(spans) == 60
    began, ended = min(span[0] for span in spans), max(span[1] for span in spans)
    told("sweep: occupancy of 2 workers", [sum(end - start for start, end in spans) / (2.0 * (ended - began))], 0.0, "share")


@pytest.mark.parametrize("rows", [1_000, 10_000, 100_000])
def test_memory_of_the_driver(told, tmp_path, rows):
    """Peak resident memory of the process that drives a sweep of a light model [MB].

    By what Linux says of the process, since `ru_maxrss` of a child begins at the peak of the one that started it.
    """
    code = (
        "import sys; from pathlib import Path; from tests.fixtures import light_sweep as l; l.drive(int(sys.argv[1]), sys.argv[2]);"
        "status = dict(line.split(':', 1) for line in Path('/proc/self/status').read_text().splitlines());"
        "print(int(status['VmHWM'].split()[0]) / 1024)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(rows), str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert list(tmp_path.rglob("outcomes.parquet")), "the sweep is complete"
    told(f"sweep: memory of the driver, {rows} rows", [float(ended.stdout.split()[-1])], 0.0, "MB")
