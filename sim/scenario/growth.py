"""How rows of tables grow into the tree of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from sim.core.errors import ScenarioError
from sim.scenario.evidence import Evidence, weakest
from sim.scenario.keys import MISSING, KeyPath, Tree, join, split, step
from sim.scenario.tables import READERS, SCALAR, SUFFIX, Faults, Row, Table, check_gaps, find_table, read_cell, read_range

_POSITION = re.compile(r"[0-9]{1,2}")
_YEAR = re.compile(r"(19|20|21)[0-9]{2}")
_KEY = re.compile(r'(?:"[^"]+"|[^".\s][^".]*)(?:\.(?:"[^"]+"|[^".]+))+')
_SLOT = re.compile(r"\{(\w+)\}")
_RANGE = ("low", "mode", "high")
_TEXT_UNITS = {"text": "string", "date": "date", "bool": "boolean", "list": "list"}  # unit of a dial -> type of its value


def grow(folder: Path, files: Mapping[str, bytes], label: str) -> Growth:
    """What the tables of a folder grow into; `files` are their bytes, `label` is how the folder is called in messages.

    Raises
    ------
    ScenarioError
        With every fault of every table that enters the tree.
    """
    faults = Faults(label)
    growth = Growth(faults)
    for descriptor in sorted(name for name in files if name.endswith(SUFFIX)):
        table = find_table(folder, descriptor, files, faults)
        if table is not None and growth.tables.setdefault(table.name, table) is not table:
            faults.add(table.file, 0, "", f"is a second table called {table.name}")
    for kind, add in (("rows", add_entries), ("dials", add_dials)):  # rows first, so that a dial can reach into an entry
        for table in growth.tables.values():
            if table.kind == kind:
                add(growth, table, table.read(faults))
    if faults.found:
        raise ScenarioError(faults.found)
    return growth


class Growth:
    """The tables, the tree so far, the evidence of its values, and what was wrong."""

    def __init__(self, faults: Faults) -> None:
        self.tables: dict[str, Table] = {}
        self.tree: Tree = {}
        self.evidence: dict[str, Evidence] = {}
        self.faults = faults
        self._entries: dict[tuple[bool, KeyPath], Tree] = {}
        self._homes: dict[KeyPath, Any] = {}

    def entry(self, path: KeyPath, *, named: bool) -> Tree | None:
        """The table at `path`, new if there is none; `named`: an entry of an array. None if something else is there."""
        entry = self._entries.get((named, path))
        if entry is not None:
            return entry
        home: Any = self.tree
        for part in path[:-2]:
            home = home.setdefault(part, {}) if isinstance(home, dict) else home
        home = home.setdefault(path[-2], [] if named else {}) if isinstance(home, dict) else None
        if named and isinstance(home, list):
            entry = {"name": path[-1]}
            home.append(entry)
        elif not named and isinstance(home, dict):
            entry = home.setdefault(path[-1], {})
        if isinstance(entry, dict):
            self._entries[named, path] = entry
            return entry
        return None

    def home(self, path: KeyPath) -> Any:
        """What stands at `path`, a new table where nothing does; `MISSING` or a value where the way there is blocked."""
        found = self._homes.get(path)
        if found is None:
            found = self.tree
            for part in path:
                inner = step(found, part)
                found = found.setdefault(part, {}) if inner is MISSING and isinstance(found, dict) else inner
            self._homes[path] = found
        return found

    def put(self, home: Tree, parts: KeyPath, value: Any, path: str, evidence: Evidence, file: str) -> bool:
        """Set `parts` below `home` where nothing is yet; `path` is what the whole is called. Anything else is a fault."""
        last = parts[-1]
        for part in parts[:-1]:
            home = home.setdefault(part, {})
            if not isinstance(home, dict):
                self.faults.add(file, evidence.row, path, f"does not fit: {part} is a value")
                return False
        if last in home:
            first = self.evidence.get(path)
            where = f", first in table {first.table}, line {first.row}" if first else ""
            self.faults.add(file, evidence.row, path, f"is set twice{where}")
            return False
        home[last] = value
        self.evidence[path] = evidence
        return True


# dials: one key per row, or one year of a path


class _Point(NamedTuple):
    year: str
    value: Any
    evidence: Evidence


def add_dials(growth: Growth, table: Table, rows: Sequence[Row]) -> None:
    """Set the keys of the rows of a `dials` table."""
    points: dict[str, list[_Point]] = {}
    for row in rows:
        key, year = row.cells[:2]
        if not _KEY.fullmatch(key):
            growth.faults.add(table.file, row.line, key, "is not a key path like a.b.c")
            continue
        if year and not _YEAR.fullmatch(year):
            growth.faults.add(table.file, row.line, key, f"year is {year!r}", "Write a year like 2030, or nothing.")
        value = _dial(growth.faults, table.file, row)
        if value is not None:
            points.setdefault(key, []).append(_Point(year, value, evidence_of(table, row)))
    for key, found in points.items():
        _add_dial(growth, table, key, found)


def _add_dial(growth: Growth, table: Table, key: str, points: list[_Point]) -> None:
    line = points[0].evidence.row
    quoted = '"' in key
    path = split(key) if quoted else tuple(key.split("."))
    key = join(path) if quoted else key
    home = growth.home(path[:-1])
    if not isinstance(home, dict):
        hint = "It leads through a value, or an entry that is not there."
        growth.faults.add(table.file, line, key, "does not fit into the tree", hint)
        return
    for before, after in pairwise(points):
        if not before.year < after.year or not before.year:
            what = f"has year {after.year or 'none'} after {before.year or 'none'}"
            growth.faults.add(table.file, after.evidence.row, key, what, "One row, or one row per year, years rising.")
    if not points[0].year:
        growth.put(home, path[-1:], points[0].value, key, points[0].evidence, table.file)
        return
    check_gaps(growth.faults, table, key, [(point.year, point.evidence.row) for point in points])
    values = {point.year: point.value for point in points}
    if growth.put(home, path[-1:], values, key, weakest(point.evidence for point in points), table.file):
        growth.evidence.update((f"{key}.{point.year}", point.evidence) for point in points)


def _dial(faults: Faults, file: str, row: Row) -> Any:
    key, _, value, *spread, unit = row.cells[:7]
    if not unit:
        faults.add(file, row.line, key, "unit is missing", f"Not a number? Then {', '.join(_TEXT_UNITS)}.")
    if bool(value) == any(spread):
        faults.add(file, row.line, key, "needs either value, or low, mode and high")
        return None
    if not value:
        return read_range(faults, file, row, key, spread)
    return read_cell(faults, file, row, key, value, READERS[_TEXT_UNITS[unit]] if unit in _TEXT_UNITS else SCALAR)


# rows: one entry per row


class _Column(NamedTuple):
    """A field of an entry: its path within, the cells it is read from (three for a range), its type."""

    path: str
    parts: KeyPath
    cells: tuple[int, ...]
    kind: str


def add_entries(growth: Growth, table: Table, rows: Sequence[Row]) -> None:
    """Add the entries of the rows of a `rows` table.

    A `{column}` in `at` is filled from the row. A column `a.1.b` is field `b` of the first entry of the array `a`.
    """
    names = list(table.columns)
    slots = _SLOT.findall(table.at)
    if not set(slots) <= set(names):
        growth.faults.add(table.file, 1, "", f"lacks a column that `at` names: {table.at}")
        return
    columns = _columns(table, {names[0], *slots, *table.aside})
    arrays = {column.parts[0] for column in columns if any(map(_POSITION.fullmatch, column.parts[1:]))}
    seen: dict[KeyPath, int] = {}
    for row in rows:
        record = dict(zip(names, row.cells, strict=True))
        blank = [name for name in (names[0], *slots) if not record[name]]
        if blank:
            growth.faults.add(table.file, row.line, blank[0], "is missing: it names the row")
            continue
        home = (record[part[1:-1]] if _SLOT.fullmatch(part) else part for part in split(table.at))
        path = (*home, row.cells[0])
        if seen.setdefault(path, row.line) == row.line:
            _add_entry(growth, table, row, path, columns, arrays)
        else:
            growth.faults.add(table.file, row.line, join(path), f"is there twice, first in line {seen[path]}")


def _columns(table: Table, skip: set[str]) -> list[_Column]:
    index = {name: number for number, name in enumerate(table.columns)}
    ranges = {name[:-5] for name in index if name.endswith("_mode") and {name[:-4] + "low", name[:-4] + "high"} <= set(index)}
    columns = [_Column(stem, tuple(stem.split(".")), tuple(index[f"{stem}_{end}"] for end in _RANGE), "number") for stem in ranges]
    bounds = {f"{stem}_{end}" for stem in ranges for end in _RANGE}
    for name in list(index)[:-4]:
        if name not in bounds and name not in skip:
            columns.append(_Column(name, tuple(name.split(".")), (index[name],), table.columns[name]))
    return sorted(columns, key=lambda column: column.cells)


def _add_entry(growth: Growth, table: Table, row: Row, path: KeyPath, columns: list[_Column], arrays: set[str]) -> None:
    entry = growth.entry(path, named=next(iter(table.columns)) == "name")
    if entry is None:
        growth.faults.add(table.file, row.line, join(path), "does not fit: another table put something else there")
        return
    evidence, prefix = evidence_of(table, row), join(path)
    growth.evidence.setdefault(prefix, evidence)
    for column in columns:
        value = _read(growth.faults, table.file, row, column)
        if value is not None:
            growth.put(entry, column.parts, value, f"{prefix}.{column.path}", evidence, table.file)
    for name in arrays & set(entry):
        entry[name] = [entry[name][position] for position in sorted(entry[name], key=int)]


def _read(faults: Faults, file: str, row: Row, column: _Column) -> Any:
    cells = row.cells
    if len(column.cells) == 1:
        text = cells[column.cells[0]]
        return read_cell(faults, file, row, column.path, text, READERS[column.kind]) if text else None
    low, mode, high = (cells[cell] for cell in column.cells)
    if low or high:
        return read_range(faults, file, row, column.path, (low, mode, high))
    return read_cell(faults, file, row, column.path, mode, READERS["number"])


def evidence_of(table: Table, row: Row) -> Evidence:
    """What the last four columns of a row say."""
    source, address, grade, derivation = row.cells[-4:]
    return Evidence(source, address, grade, derivation, table.name, row.line)
