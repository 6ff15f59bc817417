"""What happened besides mass: sums by key, cheap enough for truck rate."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Key = tuple[Hashable, ...]


class _Packed(NamedTuple):
    """Cells that nothing is added to any more: a list for each key, an array of shape (cells, measures)."""

    keys: tuple[tuple[Hashable, ...], ...]
    values: NDArray[np.float64]


class Recorder:
    """Accumulators by table and key; a cell is a list of floats that callers add to in place."""

    __slots__ = ("_cells", "_packed", "columns")

    def __init__(self) -> None:
        self.columns: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._cells: dict[str, dict[Key, list[float]]] = {}
        self._packed: dict[str, list[_Packed]] = {}

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

    def pack(self, table: str) -> None:
        """Keep all cells so far in a sixth of the memory. Nothing may be added to them any more: a cell asked for again is new."""
        cells = self._cells.get(table)
        if cells:
            values = np.array(list(cells.values()), dtype=np.float64)
            self._packed.setdefault(table, []).append(_Packed(tuple(zip(*cells, strict=True)), values))
            self._cells[table] = {}

    def rows(self, table: str) -> Iterator[tuple[Key, list[float]]]:
        """Keys and cells of a table in order of first use."""
        for packed in self._packed.get(table, ()):
            for key, values in zip(zip(*packed.keys, strict=True), packed.values, strict=True):
                yield key, values.tolist()
        yield from self._cells[table].items()
