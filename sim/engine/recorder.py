"""What happened besides mass: sums by key, cheap enough for truck rate."""

from __future__ import annotations

from collections.abc import Hashable, Iterator


class Recorder:
    """Accumulators by table and key; a cell is a list of floats that callers add to in place."""

    __slots__ = ("_cells", "columns")

    def __init__(self) -> None:
        self.columns: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._cells: dict[str, dict[tuple[Hashable, ...], list[float]]] = {}

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

    def rows(self, table: str) -> Iterator[tuple[tuple[Hashable, ...], list[float]]]:
        """Keys and cells of a table in order of first use."""
        yield from self._cells[table].items()
