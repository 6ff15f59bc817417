"""What a sweep would cost, from one run of it."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from sim.study import parts
from sim.study.sweep import design_of, task_of
from sim.study.sweep_file import SweepFile
from sim.study.sweep_task import Part
from sim.study.workers import default_workers

NUMBER_BYTES = 8
COPIES = 2  # parts, and the table they are put together in


@dataclass(frozen=True, slots=True)
class Guess:
    """rows : points. run_s : CPU of one run [s]. seconds : of the whole sweep. megabytes : on disk."""

    rows: int
    runs: int
    chunks: int
    workers: int
    run_s: float
    seconds: float
    megabytes: float


def guess(source: SweepFile, workers: int | None = None) -> Guess:
    """Cost of a sweep; does its first point once, saves nothing. Raises what that run raises."""
    task = task_of(source, design_of(source))
    began = time.process_time()
    values = task.run(0, 0)[np.newaxis]
    run_s = time.process_time() - began
    number = np.zeros(1, dtype=np.int32)
    table = parts.part_table(Part(number.astype(np.int64), number, number, ("",), values), task.outcomes.columns)
    overhead = io.BytesIO()
    pq.write_table(table, overhead, compression="zstd", write_page_checksum=True, store_schema=False)
    staff = max(default_workers() if workers is None else workers, 1)
    kept = source.chunks * overhead.getbuffer().nbytes + source.runs * NUMBER_BYTES * values.size * COPIES
    design = source.rows * NUMBER_BYTES * len(source.spec.dials)
    return Guess(source.rows, source.runs, source.chunks, staff, run_s, source.runs * run_s / staff, (kept + design) / 1e6)
