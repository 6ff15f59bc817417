"""What happened besides mass: sums by key, cheap enough for truck rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Key = tuple[Hashable, ...]
ROWS_AT_ONCE = 4096  # that are packed together


class _Packed(NamedTuple):
    """Cells that nothing is added to any more: a list for each key, an array of shape (cells, measures)."""

    keys: tuple[tuple[Hashable, ...], ...]
    values: NDArray[np.float64]


class Yearly:
    """A line of a table whose keys begin with the year: its cell is looked up once a year.

    Not for tables that are packed while the run goes on: what is added to a cell it still holds would be lost.
    """

    __slots__ = ("_cell", "_key", "_recorder", "_table", "_year")

    def __init__(self, recorder: Recorder, table: str, key: Key) -> None:
        self._recorder, self._table, self._key = recorder, table, key
        self._cell: list[float] = []
        self._year = -1

    def cell(self, year: int) -> list[float]:
        """The cell of a year."""
        if year != self._year:
            self._year, self._cell = year, self._recorder.cell(self._table, year, *self._key)
        return self._cell


class Recorder:
    """Accumulators by table and key; a cell is a list of floats that callers add to in place."""

    __slots__ = ("_cells", "_packed", "columns")

    def __init__(self) -> None:
        self.columns: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._cells: dict[str, dict[Key, list[float]]] = {}
        self._packed = defaultdict[str, list[_Packed]](list)

    def declare(self, table: str, keys: tuple[str, ...], measures: tuple[str, ...]) -> None:
        """Create a table with named keys and measures; the rooms that share a table declare it alike."""
        if self.columns.setdefault(table, (keys, measures)) != (keys, measures):
            raise ValueError(f"table {table} is declared with two shapes")
        self._cells.setdefault(table, {})

    def cell(self, table: str, *key: Hashable) -> list[float]:
        """The cell of a key, one zero per measure when new."""
        cells = self._cells[table]
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = [0.0] * len(self.columns[table][1])
        return cell

    def yearly(self, table: str, *key: Hashable) -> Yearly:
        """The cells of a table whose keys are a year and then `key`, for those who add to them often."""
        return Yearly(self, table, key)

    def pack(self, table: str) -> None:
        """Keep all cells so far in a sixth of the memory. Nothing may be added to them any more: a cell asked for again is new."""
        cells = self._cells.get(table)
        if cells:
            self._keep(table, list(cells), list(cells.values()))
            self._cells[table] = {}

    def add_rows(self, table: str, rows: Iterable[tuple[Key, Sequence[float]]]) -> None:
        """Add rows of new keys, packed at once: nothing may be added to them any more."""
        left = iter(rows)
        while some := list(islice(left, ROWS_AT_ONCE)):
            keys, cells = zip(*some, strict=True)
            self._keep(table, keys, cells)

    def _keep(self, table: str, keys: Sequence[Key], cells: Sequence[Sequence[float]]) -> None:
        self._packed[table].append(_Packed(tuple(zip(*keys, strict=True)), np.array(cells, dtype=np.float64)))

    def rows(self, table: str) -> Iterator[tuple[Key, list[float]]]:
        """Keys and cells of a table in order of first use."""
        for packed in self._packed[table]:
            for key, values in zip(zip(*packed.keys, strict=True), packed.values, strict=True):
                yield key, values.tolist()
        yield from self._cells[table].items()

    def read(self, table: str) -> dict[str, Any]:
        """The columns of a table when the run is over: keys as sequences, measures as arrays; packs it."""
        self.pack(table)
        keys, measures = self.columns[table]
        joined = _joined(self._packed[table], len(keys), len(measures))
        self._packed[table] = [joined]
        return {**dict(zip(keys, joined.keys, strict=True)), **dict(zip(measures, joined.values.T, strict=True))}


def _joined(parts: Sequence[_Packed], keys: int, measures: int) -> _Packed:
    columns = (chain.from_iterable(part.keys[number] for part in parts) for number in range(keys))
    return _Packed(tuple(map(tuple, columns)), np.concatenate([np.zeros((0, measures)), *(part.values for part in parts)]))
