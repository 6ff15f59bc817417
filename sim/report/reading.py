"""A finished run as the report reads it: the run folder and nothing else."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.core.errors import ResultsError
from sim.results import manifest as manifests

Vector = NDArray[np.float64]
Key = tuple[Any, ...]
Where = Mapping[str, Collection[Any]]

LARGEST_GRID = 20_000_000  # cells summed in one dense array; more keys than that are first made consecutive


@dataclass(frozen=True, slots=True)
class Coded:
    """A key column: one small integer per row, and what the integers stand for."""

    codes: NDArray[np.integer]
    labels: tuple[Any, ...]


class RunTable:
    """One Parquet table, its columns read when first asked for."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._path = path
        self._coded: dict[str, Coded] = {}
        self._numbers: dict[str, Vector] = {}
        try:
            self.rows = int(pq.read_metadata(path).num_rows)
            schema = pq.read_schema(path)
            self.columns = set(schema.names)
            self._texts = {field.name for field in schema if not pa.types.is_primitive(field.type)}
        except FileNotFoundError:
            raise ResultsError(f"{path}: the table is missing") from None
        except (OSError, pa.ArrowException) as error:
            raise ResultsError(f"{path}: not a readable Parquet table ({error})") from None

    def _read(self, column: str, **options: Any) -> pa.ChunkedArray:
        if column not in self.columns:
            raise ResultsError(f"{self._path}: there is no column '{column}'")
        try:
            with pq.ParquetFile(
                self._path, page_checksum_verification=True, **options
            ) as file:  # read_table would load pyarrow.dataset
                return file.read([column])[column]
        except (OSError, pa.ArrowException) as error:
            raise ResultsError(f"{self._path}: column '{column}' is damaged ({error})") from None

    def coded(self, column: str) -> Coded:
        """The key column `column` as codes and labels; texts in order of first use, integers from the smallest to the largest."""
        if column not in self._coded:
            raw = self._read(column, read_dictionary=[column]) if column in self._texts else self._read(column)
            if pa.types.is_dictionary(raw.type):
                whole = raw.unify_dictionaries().combine_chunks()
                whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
                known = whole.indices.fill_null(0) if whole.null_count else whole.indices
                codes = known.to_numpy(zero_copy_only=False)
                self._coded[column] = Coded(codes, tuple(whole.dictionary.to_pylist()))
            else:
                numbers = np.asarray(raw.to_numpy())
                first, last = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, -1)
                self._coded[column] = Coded(numbers - first, tuple(range(first, last + 1)))
        return self._coded[column]

    def texts(self, column: str) -> list[str]:
        """The text column `column`, row by row; nothing where it is missing."""
        coded = self.coded(column)
        return [coded.labels[code] or "" for code in coded.codes.tolist()]

    def numbers(self, column: str) -> Vector:
        """The measure `column`, NaN where it has no meaning."""
        if column not in self._numbers:
            self._numbers[column] = np.asarray(self._read(column).to_numpy(), dtype=np.float64)
        return self._numbers[column]


@dataclass
class Run:
    """Manifest, summary and tables of one run folder; sums are kept once made."""

    folder: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]
    _tables: dict[str, RunTable] = field(default_factory=dict)
    _groups: dict[Any, _Groups] = field(default_factory=dict)
    _sums: dict[Any, tuple[list[Key], Vector]] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open a run folder.

        Raises
        ------
        ResultsError
            If the folder, its manifest, its summary or a table is missing or damaged.
        """
        manifest = manifests.read(folder)
        manifests.verify(folder, manifest)
        path = folder / "summary.json"
        try:
            summary = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ResultsError(f"{path}: missing or not readable ({error})") from None
        return cls(folder, manifest, summary)

    @cached_property
    def replications(self) -> int:
        """Number of replications."""
        return int(self.manifest.get("replications") or self.summary.get("replications") or 1)

    @cached_property
    def draw_of(self) -> NDArray[np.int64]:
        """Draw of the uncertain inputs that each replication used, shape (replications,)."""
        repeats = max(1, int(self.manifest.get("repeats_per_draw") or 1))
        return np.arange(self.replications) // repeats

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Calendar years of the run."""
        time = self.manifest.get("time") or {}
        if "start" in time and "end" in time:
            return tuple(range(int(time["start"]), int(time["end"]) + 1))
        return tuple(int(year) for year in self.summary.get("years", ()))

    @cached_property
    def chosen_years(self) -> tuple[int, ...]:
        """Years offered in selections: first, round ones, last."""
        if len(self.years) <= 6:
            return self.years
        round_ones = [year for year in self.years if year % 5 == 0]
        return tuple(sorted({self.years[0], *round_ones, self.years[-1]}))

    @cached_property
    def focus_year(self) -> int:
        """Year shown first: the chosen one nearest to the middle of the run."""
        middle = (self.years[0] + self.years[-1]) / 2
        return min(self.chosen_years, key=lambda year: (abs(year - middle), -year))

    @cached_property
    def resolved(self) -> dict[str, Any]:
        """The resolved scenario; empty if the file is missing."""
        path = self.folder / "scenario.resolved.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ResultsError(f"{path}: not readable ({error})") from None

    def entries(self, section: str) -> dict[str, Any]:
        """A section of the manifest (`zones`, `product_groups`), or of the resolved scenario where the manifest has none."""
        found = self.manifest.get(section)
        return found if isinstance(found, dict) else self.resolved.get(section, {})

    def table(self, name: str) -> RunTable:
        """Table `name`."""
        if name not in self._tables:
            self._tables[name] = RunTable(self.folder / "tables" / f"{name}.parquet", name)
        return self._tables[name]

    def has(self, name: str) -> bool:
        """Whether table `name` exists and has rows."""
        return (self.folder / "tables" / f"{name}.parquet").exists() and self.table(name).rows > 0

    def labels(self, table: str, column: str) -> tuple[Any, ...]:
        """Values a key column may have; integers without gaps."""
        return self.table(table).coded(column).labels

    def each(
        self, table: str, by: tuple[str, ...], measure: str, *, weight: str | None = None, where: Where | None = None
    ) -> dict[Key, Vector]:
        """Sums of `measure` (times `weight`) for every key of `by`, one number per replication, shape (replications,).

        Rows without meaning (NaN) count as nothing; a replication without a row has 0. Tables without a column
        `replication` give the same number to all.
        """
        keys, sums = self._sums_of(table, by, measure, weight, where or {})
        return dict(zip(keys, sums, strict=True))

    def mean(
        self, table: str, by: tuple[str, ...], measure: str, *, weight: str | None = None, where: Where | None = None
    ) -> dict[Key, float]:
        """As `each`, mean over replications."""
        keys, sums = self._sums_of(table, by, measure, weight, where or {}, apart=False)
        return dict(zip(keys, sums.mean(axis=1).tolist(), strict=True))

    def _sums_of(
        self, name: str, by: tuple[str, ...], measure: str, weight: str | None, where: Where, *, apart: bool = True
    ) -> tuple[list[Key], Vector]:
        """Keys and sums, shape (keys, replications); not `apart`: their mean over replications, shape (keys, 1)."""
        fixed = tuple(sorted((column, tuple(sorted(values, key=str))) for column, values in where.items()))
        signature = (name, by, measure, weight, fixed, apart)
        if signature not in self._sums:
            table = self.table(name)
            if (name, by, fixed, apart) not in self._groups:
                self._groups[name, by, fixed, apart] = _grouped(table, by, fixed, self.replications if apart else 1)
            groups = self._groups[name, by, fixed, apart]
            values = table.numbers(measure) if weight is None else table.numbers(measure) * table.numbers(weight)
            values = values if groups.keep is None else values[groups.keep]
            if np.isnan(values).any():
                values = np.nan_to_num(values, nan=0.0)
            size = groups.size * groups.width
            sums = np.bincount(groups.codes, values, minlength=size).reshape(groups.size, groups.width)[groups.present]
            if apart:
                self._sums[signature] = groups.keys, np.broadcast_to(sums, (len(groups.keys), self.replications))
            else:
                self._sums[signature] = groups.keys, sums / (self.replications if "replication" in table.columns else 1)
        return self._sums[signature]


@dataclass(frozen=True, slots=True)
class _Groups:
    """How the rows of a table fall into cells (key, replication): which rows count, their cells, and the keys that occur."""

    keep: NDArray[np.bool_] | None
    codes: NDArray[np.int64]
    size: int
    width: int
    present: NDArray[np.int64]
    keys: list[Key]


def _grouped(table: RunTable, by: tuple[str, ...], fixed: tuple[tuple[str, Key], ...], replications: int) -> _Groups:
    keep = _kept(table, fixed)
    columns = [table.coded(name) for name in by]
    cells, codes = _consecutive(_combined(columns, keep, table.rows), columns)
    occurring = np.flatnonzero(np.bincount(codes, minlength=len(cells)))
    width = 1
    if replications > 1 and "replication" in table.columns:
        width = replications
        replication = table.coded("replication")
        numbers = np.asarray(replication.labels, dtype=np.int64)[replication.codes]
        codes = codes * width + (numbers if keep is None else numbers[keep])
    return _Groups(keep, codes, len(cells), width, occurring, [_key(int(cell), columns) for cell in cells[occurring]])


def _kept(table: RunTable, fixed: tuple[tuple[str, Key], ...]) -> NDArray[np.bool_] | None:
    """Mask of the rows that pass every condition; none where there is no condition."""
    keep: NDArray[np.bool_] | None = None
    for name, allowed in fixed:
        column = table.coded(name)
        wanted = np.array([label in allowed for label in column.labels] or [False])
        mask = wanted[column.codes]
        keep = mask if keep is None else keep & mask
    return keep


def _combined(columns: list[Coded], keep: NDArray[np.bool_] | None, rows: int) -> NDArray[np.int64]:
    """One integer per kept row that stands for its key."""
    kept = None if keep is None else np.flatnonzero(keep)
    codes = np.zeros(rows if kept is None else len(kept), dtype=np.int64)
    for column in columns:
        codes *= max(1, len(column.labels))
        codes += column.codes if kept is None else column.codes.take(kept)
    return codes


def _consecutive(codes: NDArray[np.int64], columns: list[Coded]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The integers that stand for keys, and the codes as places in them."""
    grid = int(np.prod([max(1, len(column.labels)) for column in columns], dtype=np.float64))
    if grid <= LARGEST_GRID // 64:
        return np.arange(grid), codes
    return np.unique(codes, return_inverse=True)


def _key(cell: int, columns: list[Coded]) -> Key:
    """The labels that a combined integer stands for."""
    labels: list[Any] = []
    for column in reversed(columns):
        cell, code = divmod(cell, max(1, len(column.labels)))
        labels.append(column.labels[code])
    return tuple(reversed(labels))
