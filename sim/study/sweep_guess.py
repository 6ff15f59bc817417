"""What a sweep would cost, from one run of it."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.study import parts
from sim.study.sweep import design_of, task_of
from sim.study.sweep_file import SweepFile
from sim.study.sweep_task import Chunk, Part
from sim.study.workers import default_workers

NUMBER_BYTES = 8
COPIES = 2  # parts, and the table they are put together in
LIGHT_S = 5.0  # a run that takes less is tried at a second point, since the first pays for what every worker does once


@dataclass(frozen=True, slots=True)
class Guess:
    """rows : points. run_s : CPU of one run [s]. seconds : of all, with a processor for each worker. megabytes : on disk."""

    rows: int
    runs: int
    chunks: int
    workers: int
    run_s: float
    seconds: float
    megabytes: float


def guess(source: SweepFile, workers: int | None = None) -> Guess:
    """Cost of a sweep; does one point or two of it, saves nothing. Raises what that run raises."""
    task = task_of(source, design_of(source))
    first_s, values = _timed(task, 0)
    run_s = min(first_s, _timed(task, task.design.rows // 2)[0]) if first_s < LIGHT_S else first_s
    number = np.zeros(1, dtype=np.int32)
    table = parts.part_table(Part(number.astype(np.int64), number, number, ("",), values), task.outcomes.columns)
    overhead = io.BytesIO()
    pq.write_table(table, overhead, compression="zstd", write_page_checksum=True, store_schema=False)
    staff = max(default_workers() if workers is None else workers, 1)
    kept = source.chunks * overhead.getbuffer().nbytes + source.runs * NUMBER_BYTES * values.size * COPIES
    design = source.rows * NUMBER_BYTES * len(source.spec.dials)
    seconds = first_s - run_s + source.runs * run_s / staff
    return Guess(source.rows, source.runs, source.chunks, staff, run_s, seconds, (kept + design) / 1e6)


def _timed(task: Chunk, row: int) -> tuple[float, NDArray[np.float64]]:
    """CPU of the first run of a point [s], and its outcomes, shape (1, columns)."""
    began = time.process_time()
    values = task.run(row, 0)[np.newaxis]
    return time.process_time() - began, values
