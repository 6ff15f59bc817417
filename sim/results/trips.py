"""Trips of one replication as a Parquet file, written while it runs: memory stays bounded however many there are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.results.schema import TRIPS

CHUNK_ROWS = 50_000
_ARROW = {"text": pa.string(), "integer": pa.int32(), "number": pa.float64()}
SCHEMA = pa.schema([(column.name, _ARROW[column.kind]) for column in TRIPS.columns])


class TripFile:
    """A new file of trips; `add` one at a time, inside `with`. Rows stand in the order in which trips were told.

    path : of the file. rows : trips so far.
    """

    def __init__(self, path: Path, replication: int) -> None:
        self.path, self.rows, self._replication = path, 0, replication
        self._rows: list[Sequence[Any]] = []
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> TripFile:
        """Open the file."""
        texts = [column.name for column in TRIPS.columns if column.kind == "text"]
        self._writer = pq.ParquetWriter(
            self.path, SCHEMA, compression="zstd", use_dictionary=texts, write_page_checksum=True, store_schema=False
        )
        return self

    def add(self, trip: Sequence[Any]) -> None:
        """Take a trip, in the order of the columns after `replication`."""
        self._rows.append(trip)
        self.rows += 1
        if len(self._rows) >= CHUNK_ROWS:
            self._write()

    def _write(self) -> None:
        if self._writer is not None and self._rows:
            columns = [[self._replication] * len(self._rows), *zip(*self._rows, strict=True)]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            self._writer.write_table(pa.table(arrays, schema=SCHEMA))
        self._rows.clear()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Write what is left and force the file to disk."""
        if self._writer is not None:
            self._write()
            self._writer.close()
            self._writer = None
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
