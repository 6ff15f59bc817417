"""Columns of result tables in memory: built by a replication, gathered in order of replications.

Workers import this file, so it needs numpy only; `results.parquet` writes and reads files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.results.schema import TABLES, Table

Codes = NDArray[np.signedinteger[Any]]
_NUMPY = {"integer": np.int32, "number": np.float64}
_SMALL = (np.dtype(np.int8), np.dtype(np.int16))  # integers that a long table may keep in memory; its file has none


@dataclass(frozen=True, slots=True)
class Coded:
    """A text column: `codes` into `values`, which are sorted and distinct, so codes sort as the texts do."""

    codes: Codes
    values: tuple[str, ...]

    @property
    def texts(self) -> NDArray[np.object_]:
        """The texts themselves."""
        texts: NDArray[np.object_] = np.array(self.values, dtype=object)[self.codes]
        return texts

    def codes_in(self, values: tuple[str, ...]) -> Codes:
        """Codes of the same texts in other `values`, which hold all of them."""
        number = {value: code for code, value in enumerate(values)}
        codes = np.array([number[value] for value in self.values], dtype=code_type(values))
        own: Codes = codes[self.codes]
        return own


Column = Coded | NDArray[Any]
Columns = dict[str, Column]


def code_type(values: Sequence[str]) -> np.dtype[Any]:
    """The smallest type of codes into so many values."""
    return np.min_scalar_type(-max(len(values), 1))


def coded(texts: Iterable[str]) -> Coded:
    """Encode texts."""
    listed = list(texts)
    values = tuple(sorted(set(listed)))
    number = {value: code for code, value in enumerate(values)}
    return Coded(np.fromiter(map(number.__getitem__, listed), code_type(values), len(listed)), values)


def rank(column: Column) -> NDArray[Any]:
    """Numbers that sort as the column does."""
    return column.codes if isinstance(column, Coded) else column


def taken(column: Column, rows: NDArray[np.intp]) -> Column:
    """Chosen rows of a column."""
    return Coded(column.codes[rows], column.values) if isinstance(column, Coded) else column[rows]


def length(columns: Mapping[str, Column]) -> int:
    """Number of rows."""
    return len(rank(next(iter(columns.values()))))


def words(columns: Mapping[str, Column], name: str) -> Coded:
    """A text column."""
    column = columns[name]
    if not isinstance(column, Coded):
        raise TypeError(f"column {name} holds no text")
    return column


def texts(columns: Mapping[str, Column], name: str) -> list[str]:
    """The texts of a text column."""
    listed: list[str] = words(columns, name).texts.tolist()
    return listed


def numbers(columns: Mapping[str, Column], name: str) -> NDArray[Any]:
    """The numbers of a column."""
    column = columns[name]
    if isinstance(column, Coded):
        raise TypeError(f"column {name} holds text")
    return column


def ratio(amount: NDArray[np.float64], per: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quotient, missing where there is nothing to divide by."""
    quotient: NDArray[np.float64] = np.divide(amount, per, out=np.full(amount.shape, np.nan), where=per > 0.0)
    return quotient


def own_head(table: Table) -> tuple[str, ...]:
    """Columns that one replication fills: all but `replication`, which gathering adds."""
    return tuple(name for name in table.head if name != "replication")


def from_rows(name: str, rows: Iterable[Sequence[Any]]) -> Columns:
    """Turn rows of one replication, in the order of the table's head, into sorted columns."""
    head = own_head(TABLES[name])
    listed = list(rows)
    columns: Iterable[Sequence[Any]] = zip(*listed, strict=True) if listed else [()] * len(head)
    return from_columns(name, dict(zip(head, columns, strict=True)))


def from_columns(name: str, given: Mapping[str, Any]) -> Columns:
    """Type the columns of one replication and sort them by key; None is a missing number.

    Raises
    ------
    ValueError
        If columns are missing or unknown, or two rows share a key.
    """
    table = TABLES[name]
    head = own_head(table)
    if set(given) != set(head):
        raise ValueError(f"table {name}: columns {sorted(set(given) ^ set(head))} are missing or unknown")
    kinds = {column.name: column.kind for column in table.columns}
    return _sorted(table, {column: _typed(kinds[column], given[column]) for column in head})


def _typed(kind: str, values: Any) -> Column:
    if kind == "text":
        return values if isinstance(values, Coded) else coded(values)
    if kind == "integer" and getattr(values, "dtype", None) in _SMALL:
        return np.asarray(values)
    return np.asarray(values, dtype=_NUMPY[kind])


def _sorted(table: Table, columns: Columns) -> Columns:
    """The columns in the order of the table's key; those that are in order already are neither sorted nor copied."""
    keys = [rank(columns[column.name]) for column in table.key if column.name in columns]
    ordered, same = _order(keys)
    if not ordered:
        order = np.lexsort(keys[::-1])
        columns = {head: taken(column, order) for head, column in columns.items()}
        keys = [rank(columns[column.name]) for column in table.key if column.name in columns]
        _, same = _order(keys)
    if same.any():
        row = int(same.argmax())
        own = [columns[column.name] for column in table.key if column.name in columns]
        shared = [key.values[key.codes[row]] if isinstance(key, Coded) else key[row].item() for key in own]
        raise ValueError(f"table {table.name}: two rows for {shared}")
    return columns


def _order(keys: Sequence[NDArray[Any]]) -> tuple[bool, NDArray[np.bool_]]:
    """Whether rows ascend by their keys, the first key first; and which of them have the key of the row after them."""
    same = np.ones(max(len(keys[0]) - 1, 0), dtype=bool)
    for key in keys:
        before, after = key[:-1], key[1:]
        if (same & (before > after)).any():
            return False, same
        same &= before == after
    return True, same


def gathered(name: str, parts: Sequence[Columns]) -> Columns:
    """Put the columns of replications 0, 1, ... under each other; sorted, since each part is and they are in order."""
    joined: Columns = {}
    for column in TABLES[name].columns:
        if column.name == "replication":
            joined[column.name] = np.repeat(np.arange(len(parts), dtype=np.int32), [length(part) for part in parts])
        else:
            joined[column.name] = _joined([part[column.name] for part in parts])
    return joined


def _joined(columns: Sequence[Column]) -> Column:
    """Columns under each other; one alone is not copied, since it may be large."""
    if len(columns) == 1:
        return columns[0]
    texts = [column for column in columns if isinstance(column, Coded)]
    if not texts:
        return np.concatenate([rank(column) for column in columns])
    values = tuple(sorted({value for text in texts for value in text.values}))
    return Coded(np.concatenate([text.codes_in(values) for text in texts]), values)
