"""Result tables as Parquet files whose bytes depend on the rows and the locked versions only, and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sim.core.errors import ResultsError
from sim.results.schema import TABLES, Kind
from sim.results.tables import Coded, Columns

_ARROW = {"integer": pa.int32(), "number": pa.float64()}
_ENCODING = {"integer": "DELTA_BINARY_PACKED", "number": "BYTE_STREAM_SPLIT"}


def to_arrow(name: str, columns: Columns) -> pa.Table:
    """Build the Arrow table, texts dictionary-encoded, without metadata."""
    return pa.table({column.name: _array(columns[column.name], column.kind) for column in TABLES[name].columns})


def _array(column: object, kind: Kind) -> pa.Array:
    if isinstance(column, Coded):
        return pa.DictionaryArray.from_arrays(pa.array(column.codes), pa.array(column.values, pa.string()))
    return pa.array(column, _ARROW[kind])


def frame(name: str, columns: Columns) -> pd.DataFrame:
    """The DataFrame that reading the written table would give."""
    table: pd.DataFrame = to_arrow(name, columns).to_pandas()
    return table


def write(name: str, columns: Columns, path: Path) -> None:
    """Write one table as a new file and force it to disk."""
    described = TABLES[name].columns
    with path.open("xb") as file:
        pq.write_table(
            to_arrow(name, columns),
            file,
            compression="zstd",
            compression_level=3,
            use_dictionary=[column.name for column in described if column.kind == "text"],
            column_encoding={column.name: _ENCODING[column.kind] for column in described if column.kind != "text"},
            write_page_checksum=True,
            store_schema=False,
        )
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, where: Mapping[str, object] | None = None) -> pd.DataFrame:
    """Read one table, every page checked; with `where`, the rows whose columns have these values.

    Raises
    ------
    ResultsError
        If the file is not there or damaged.
    """
    texts = [column.name for column in TABLES[path.stem].columns if column.kind == "text"] if path.stem in TABLES else []
    try:
        # `read_table` would load `pyarrow.dataset`
        with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=texts) as file:
            rows = file.read()
            for name, wanted in (where or {}).items():
                rows = rows.filter(pc.equal(rows[name].cast(pa.string()) if name in texts else rows[name], wanted))
            table: pd.DataFrame = rows.to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise ResultsError(f"{path}: damaged or not readable ({str(error).splitlines()[0]})") from error
    return table
