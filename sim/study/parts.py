"""The folder of a sweep: parts that are complete or not there, an index that finds damage, one writer at a time.

plan.json           what the sweep is, written once        parts/000012.parquet  the runs of chunk 12
design.parquet      the points, made once                   index/whole.jsonl     chunk and SHA-256, a line per part
outcomes.parquet, index.json, manifest.json                 all parts together, once every part is there
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sim.core.errors import ResultsError, StorageError
from sim.results.lock import locked
from sim.results.manifest import digest
from sim.study.design import Design
from sim.study.sweep_task import Part

WHOLE = "whole"
SETUP_SECONDS = 60.0
PROBE_SECONDS = 1.0
GROUP_ROWS = 10_000  # of a row group, which is what is held in memory to write or read a long table
HEAD = ("run", "row", "replication", "message")
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class Home:
    """A sweep folder, and on whose behalf it is written.

    tag : `whole`, or `2-of-3` for one shard.
    """

    folder: Path
    tag: str = WHOLE

    def part(self, chunk: int) -> Path:
        """File of a chunk."""
        return self.folder / "parts" / f"{chunk:06d}.parquet"

    def save_part(self, chunk: int, table: pa.Table) -> None:
        """Write a part and then the line of the index that vouches for it, each forced to disk."""
        path = self.part(chunk)
        replaced(path, self.tag, lambda file: _write([table], file, packed=False))
        line = json.dumps({"chunk": chunk, "sha256": digest(path)}) + "\n"
        index = self.folder / "index" / f"{self.tag}.jsonl"
        with _told(index), index.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a line that a killed process left unfinished
                    file.write(b"\n")
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    def finished(self) -> tuple[dict[int, str], list[int]]:
        """SHA-256 by chunk of every part that is whole, and the chunks whose part is damaged."""
        said: dict[int, set[str]] = {}
        for file in sorted((self.folder / "index").glob("*.jsonl")):
            for chunk, sha in _lines(file):
                said.setdefault(chunk, set()).add(sha)
        whole: dict[int, str] = {}
        damaged = []
        for chunk, hashes in sorted(said.items()):
            path = self.part(chunk)
            if path.is_file():
                found = digest(path)
                if found in hashes:
                    whole[chunk] = found
                else:
                    damaged.append(chunk)
        return whole, damaged

    def remove_unfinished(self) -> None:
        """Remove what a killed process left behind; the whole sweep's writer is alone, a shard looks after its own."""
        mine = "*" if self.tag == WHOLE else f"{self.tag}-*"
        for folder in (self.folder, self.folder / "parts"):
            for left in folder.glob(f"{_UNFINISHED}{mine}"):
                left.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder: the whole sweep excludes everyone, a shard excludes itself and the whole sweep.

        Raises
        ------
        BusyError
            If another process has it.
        """
        with ExitStack() as held:
            if self.tag == WHOLE:
                held.enter_context(_lock(self.folder / ".lock"))
                for other in sorted(self.folder.glob(".lock-*-of-*")):
                    held.enter_context(_lock(other))
            else:
                held.enter_context(_lock(self.folder / f".lock-{self.tag}"))
                with _lock(self.folder / ".lock"):  # nobody runs the whole sweep
                    pass
            yield


def _lock(path: Path, seconds: float = PROBE_SECONDS) -> AbstractContextManager[None]:
    return locked(path, seconds, f"{path.parent}: another process is at work on this sweep ({path.name})")


def setup_lock(folder: Path) -> Any:
    """Wait for the right to make or compact what shards share."""
    return _lock(folder / ".lock-setup", SETUP_SECONDS)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    for line in file.read_bytes().splitlines():
        try:
            said = json.loads(line)
            yield int(said["chunk"]), str(said["sha256"])
        except (ValueError, KeyError, TypeError):  # unfinished or damaged: its part is made again
            continue


def replaced(path: Path, tag: str, write: Callable[[Any], None]) -> None:
    """Write a file under another name, force it to disk, and only then give it its name.

    Raises
    ------
    StorageError
        If it cannot be written; what was there stays.
    """
    unfinished = path.parent / f"{_UNFINISHED}{tag}-{path.name}"
    with _told(path):
        try:
            with unfinished.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            _sync_folder(path.parent)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in words that a disk failed."""
    try:
        yield
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise StorageError(f"{path}: {why}; what is finished is kept, and the same command goes on from there") from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # cannot
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a small file whole."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    replaced(path, "json", lambda file: file.write(text.encode()))


def part_table(part: Part, columns: tuple[str, ...]) -> pa.Table:
    """A part as Arrow; it holds no time, host or worker."""
    said = pa.array(part.message, pa.string()) if any(part.message) else pa.repeat("", len(part.message))
    arrays = [pa.array(part.run), pa.array(part.row), pa.array(part.replication), said]
    values = np.asfortranarray(part.values)
    return pa.table([*arrays, *(pa.array(values[:, place]) for place in range(len(columns)))], names=[*HEAD, *columns])


def save_design(path: Path, design: Design, scenarios: tuple[str, ...]) -> None:
    """Write the points whole: row, base scenario, and a column for every dial."""
    names, row = pa.array(scenarios, pa.string()), np.arange(design.rows, dtype=np.int32)

    def table(here: slice) -> pa.Table:
        base = pa.DictionaryArray.from_arrays(pa.array(design.scenario[here]), names).cast(pa.string())
        arrays = [pa.array(row[here]), base, *(pa.array(column) for column in design.values[here].T)]
        return pa.table(arrays, names=["row", "scenario", *design.keys])

    replaced(path, "table", lambda file: _write((table(here) for here in _groups(design.rows)), file))


def _groups(rows: int) -> Iterator[slice]:
    return (slice(first, first + GROUP_ROWS) for first in range(0, rows, GROUP_ROWS))


def read_design(path: Path, scenarios: tuple[str, ...]) -> Design:
    """The points of a table that `save_design` made, read a row group at a time; raises ResultsError."""
    try:
        with pq.ParquetFile(path) as file:
            rows, keys = file.metadata.num_rows, tuple(file.schema_arrow.names[2:])
    except (OSError, pa.ArrowException) as error:
        raise ResultsError(f"{path}: damaged or not readable ({str(error).splitlines()[0]})") from error
    design = Design(keys, np.empty(rows, dtype=np.int32), np.empty((rows, len(keys))))
    known, at = pa.array(scenarios, pa.string()), 0
    for group in read_groups(path, ["scenario", *keys]):
        here = slice(at, at + group.num_rows)
        design.scenario[here] = pc.index_in(group.column("scenario"), known).to_numpy()
        for place, key in enumerate(keys):
            design.values[here, place] = group.column(key).to_numpy()
        at = here.stop
    return design


def _write(groups: Iterable[pa.Table], file: Any, packed: bool = True) -> None:
    """Write tables of one schema, at least one, as the row groups of a file; parts, read once more, are not packed."""
    with ExitStack() as opened:
        writer = None
        for group in groups:
            writer = writer or opened.enter_context(_writer(group.schema, file, packed))
            writer.write_table(group)


def _writer(schema: pa.Schema, file: Any, packed: bool) -> pq.ParquetWriter:
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    floats = "BYTE_STREAM_SPLIT" if packed else "PLAIN"
    encoding = {
        field.name: floats if pa.types.is_floating(field.type) else "DELTA_BINARY_PACKED"
        for field in schema
        if field.name not in texts
    }
    return pq.ParquetWriter(
        file,
        schema,
        compression="zstd" if packed else "none",
        compression_level=3 if packed else None,
        use_dictionary=texts,
        column_encoding=encoding,
        write_batch_size=GROUP_ROWS,
        write_statistics=[field.name for field in schema if pa.types.is_integer(field.type)],
        write_page_checksum=True,
        store_schema=False,
    )


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or some of its columns, every page checked.

    Raises
    ------
    ResultsError
        If it is missing or damaged.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(None if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        raise ResultsError(f"{path}: damaged or not readable ({str(error).splitlines()[0]})") from error


def read_groups(path: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of a table, a row group at a time, so that the whole is never in memory; raises ResultsError."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, list(columns))
    except (OSError, pa.ArrowException) as error:
        raise ResultsError(f"{path}: damaged or not readable ({str(error).splitlines()[0]})") from error


def compact(home: Home, chunks: Sequence[int]) -> None:
    """Put parts into one table, a row group for at least every 10,000 runs; the same bytes whoever made the parts."""

    def groups() -> Iterator[pa.Table]:
        waiting: list[pa.Table] = []
        for chunk in chunks:
            waiting.append(read_table(home.part(chunk)))
            if chunk == chunks[-1] or sum(table.num_rows for table in waiting) >= GROUP_ROWS:
                yield pa.concat_tables(waiting).combine_chunks()
                waiting = []

    replaced(home.folder / "outcomes.parquet", home.tag, lambda file: _write(groups(), file))
