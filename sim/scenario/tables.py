"""One table of the library: its descriptor, its rows, and everything that can be wrong with a file.

A table is `<name>.csv` beside `<name>.table.json`, a Frictionless resource descriptor whose `urban_mine` entry says what
the rows mean (`sim.scenario.library`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from sim.core.errors import Fault, ScenarioError
from sim.scenario import evidence

KINDS = ("dials", "rows", "reference")
DIAL_COLUMNS = ("key", "year", "value", "low", "mode", "high", "unit")
SUFFIX = ".table.json"
BOM = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """One row of a file; `line` is where it begins, counted from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A table as described, with the bytes of its file.

    at : where its rows enter the tree (`rows` only). columns : field name -> type. primary_key : columns that name a row.
    aside : columns that stay out of the tree. yearly : every year of a key is there. file : path within the library.
    """

    name: str
    title: str
    description: str
    kind: str
    at: str
    file: str
    columns: Mapping[str, str]
    primary_key: tuple[str, ...]
    aside: frozenset[str]
    yearly: bool
    descriptor: Mapping[str, Any]
    content: bytes = field(repr=False)
    label: str

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every row; a reference table is read and checked only when asked for.

        Raises
        ------
        ScenarioError
            With every fault of the table.
        """
        faults = Faults(self.label)
        rows = self.read(faults)
        if faults.found:
            raise ScenarioError(faults.found)
        return rows

    def read(self, faults: Faults) -> tuple[Row, ...]:
        """Read the rows and add what is wrong to `faults`."""
        text = _text(self.content, self.file, faults)
        rows = [] if text is None else _rows(self, text, faults)
        _check_evidence(self, rows, faults)
        if self.kind == "reference":
            _check_reference(self, rows, faults)
        return tuple(rows)

    def records(self) -> Iterator[dict[str, str]]:
        """Every row as a dictionary of text."""
        for row in self.rows:
            yield dict(zip(self.columns, row.cells, strict=True))


class Faults:
    """Collects what is wrong; `label` is how the folder of the library is called in messages."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.found: list[Fault] = []

    def add(self, file: str, line: int, path: str, message: str, hint: str = "") -> None:
        """Note one fault."""
        self.found.append(Fault(f"{self.label}/{file}", line, path, message, hint))


@cache  # two thirds of the cells of a library repeat others
def read_number(text: str) -> float:
    """A finite decimal number; raises ValueError for `1_000`, ` 1`, `nan` and digits of other scripts."""
    number = float(text)
    if not isfinite(number) or "_" in text or not text.isascii() or text != text.strip():
        raise ValueError(text)
    return number


@cache
def read_scalar(text: str) -> int | float:
    """A number as TOML would read it: whole without a point."""
    number = read_number(text)
    return int(text) if text.lstrip("-").isdigit() else number


@cache
def read_integer(text: str) -> int:
    """A whole number in decimal digits."""
    if not text.lstrip("-").isdecimal():
        raise ValueError(text)
    return int(read_number(text))


def read_boolean(text: str) -> bool:
    """`true` or `false`."""
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


@cache
def read_text(text: str) -> str:
    """Text without spaces around it."""
    if text != text.strip():
        raise ValueError(text)
    return text


def read_list(text: str) -> list[str]:
    """Items between `|`."""
    return [read_text(item) for item in text.split("|")]


Reader = tuple[Callable[[str], Any], str]  # how to read a cell, and what to write in it
SCALAR: Reader = (read_scalar, "a number like 1234.5")
READERS: dict[str, Reader] = {
    "number": (read_number, "a number like 1234.5"),
    "integer": (read_integer, "a whole number"),
    "year": (read_integer, "a year"),
    "boolean": (read_boolean, "true or false"),
    "date": (date.fromisoformat, "a date like 2026-10-01"),
    "string": (read_text, "text without spaces around it"),
    "list": (read_list, "items between |, without spaces around them"),
}


def find_table(folder: Path, descriptor: str, files: Mapping[str, bytes], faults: Faults) -> Table | None:
    """The table a descriptor describes; None, with faults, if it cannot be read at all. `files` : name -> bytes."""
    try:
        described = json.loads(files[descriptor])
    except ValueError as error:
        faults.add(descriptor, getattr(error, "lineno", 0), "", f"is not JSON in UTF-8: {error}")
        return None
    wrong = list(_descriptor_faults(described))
    for path, message in wrong:
        faults.add(descriptor, 0, path, message)
    if wrong:
        return None
    file = described["path"]
    try:
        content = files[file] if file in files else (folder / file).read_bytes()
    except OSError as error:
        faults.add(file, 0, "", f"cannot be read: {error.strerror}")
        return None
    return _table(described, content, faults.label)


def _descriptor_faults(described: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(described, dict):
        yield "", "must be one resource descriptor"
        return
    for key in ("name", "title", "description", "path"):
        if not isinstance(described.get(key), str) or not described[key]:
            yield key, "is missing"
    meaning = described.get("urban_mine")
    meaning = meaning if isinstance(meaning, dict) else {}
    kind = meaning.get("kind")
    if kind not in KINDS:
        yield "urban_mine.kind", f"must be one of {', '.join(KINDS)}"
    elif kind == "rows" and not meaning.get("at"):
        yield "urban_mine.at", "is missing: where do the rows enter the tree?"
    yield from _schema_faults(described.get("schema"), kind)


def _schema_faults(schema: Any, kind: str | None) -> Iterator[tuple[str, str]]:
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(fields, list) or not all(isinstance(f, dict) and f.get("name") for f in fields):
        yield "schema.fields", "must be a list of fields with a name and a type"
        return
    names = [one["name"] for one in fields]
    for one in fields:
        if one.get("type") not in READERS:
            yield f"schema.fields.{one['name']}", f"has type {one.get('type')}; allowed: {', '.join(READERS)}"
    if len(set(names)) < len(names):
        yield "schema.fields", "names a column twice"
    if tuple(names[-4:]) != evidence.COLUMNS:
        yield "schema.fields", f"must end with {', '.join(evidence.COLUMNS)}"
    elif kind == "dials" and tuple(names[:-4]) != DIAL_COLUMNS:
        yield "schema.fields", f"of dials must be {', '.join(DIAL_COLUMNS)} and the evidence"
    if not set(_primary_key(schema)) <= set(names):
        yield "schema.primaryKey", "names a column that is not there"


def _primary_key(schema: Mapping[str, Any]) -> tuple[str, ...]:
    key = schema.get("primaryKey", ())
    return (key,) if isinstance(key, str) else tuple(key)


def _table(described: Mapping[str, Any], content: bytes, label: str) -> Table:
    meaning, schema = described["urban_mine"], described["schema"]
    return Table(
        name=described["name"],
        title=described["title"],
        description=described["description"],
        kind=meaning["kind"],
        at=meaning.get("at", ""),
        file=described["path"],
        columns={one["name"]: one["type"] for one in schema["fields"]},
        primary_key=_primary_key(schema),
        aside=frozenset(meaning.get("aside", ())),
        yearly=bool(meaning.get("yearly", False)),
        descriptor=described,
        content=content,
        label=label,
    )


def _text(content: bytes, file: str, faults: Faults) -> str | None:
    if content.startswith(BOM):
        faults.add(file, 1, "", "begins with a byte order mark", "Save as UTF-8 without it.")
        content = content[len(BOM) :]
    if b"\r" in content:
        faults.add(file, content.count(b"\n", 0, content.index(b"\r")) + 1, "", "has carriage returns", "Save with LF line ends.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        faults.add(file, content.count(b"\n", 0, error.start) + 1, "", "is not UTF-8", "Save as UTF-8.")
        return None


def _rows(table: Table, text: str, faults: Faults) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    width = len(table.columns)
    try:
        header = next(reader, [])
        if header != list(table.columns):
            faults.add(table.file, 1, "", *_header_fault(header, list(table.columns)))
            return []
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) == width:
                rows.append(Row(line, cells))
            elif not any(cells):
                faults.add(table.file, line, "", "is blank", "Remove the line.")
            else:
                faults.add(table.file, line, "", f"has {len(cells)} cells for {width} columns", "Quote cells that hold a comma.")
            line = reader.line_num + 1
    except csv.Error as error:
        faults.add(table.file, reader.line_num, "", f"is not CSV: {error}")
    return rows


def _header_fault(header: list[str], columns: list[str]) -> tuple[str, str]:
    missing, extra = [c for c in columns if c not in header], [c for c in header if c not in columns]
    parts = [f"lacks {', '.join(missing)}"] if missing else []
    parts += [f"has {', '.join(extra)}, not described"] if extra else []
    return ("the header " + " and ".join(parts or ["is in another order"]), f"Described: {','.join(columns)}")


def _check_evidence(table: Table, rows: list[Row], faults: Faults) -> None:
    for line, cells in rows:
        source, _, grade, derivation = cells[-4:]
        if not source.strip():
            faults.add(table.file, line, "source", "is missing: no figure without a source")
        if grade not in evidence.GRADES:
            faults.add(table.file, line, "grade", f"is {grade!r}", f"Allowed: {', '.join(evidence.GRADES)}.")
        elif grade in evidence.DERIVED and not derivation.strip():
            faults.add(table.file, line, "derivation", f"is missing: grade {grade} must say in words how the number was made")


def _check_reference(table: Table, rows: Sequence[Row], faults: Faults) -> None:
    typed = [(index, name, kind) for index, (name, kind) in enumerate(table.columns.items()) if kind != "string"]
    keys = [index for index, name in enumerate(table.columns) if name in table.primary_key]
    seen: dict[tuple[str, ...], int] = {}
    years: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for row in rows:
        for index, name, kind in typed:
            read_cell(faults, table.file, row, name, row.cells[index], READERS[kind])
        key = tuple(row.cells[index] for index in keys)
        if keys and seen.setdefault(key, row.line) != row.line:
            faults.add(table.file, row.line, ", ".join(key), f"is there twice, first in line {seen[key]}")
        if table.yearly:
            at = table.primary_key.index("year")
            years.setdefault((*key[:at], *key[at + 1 :]), []).append((key[at], row.line))
    for key, found in years.items():
        check_gaps(faults, table, ", ".join(key), sorted(found))


def check_gaps(faults: Faults, table: Table, path: str, years: Sequence[tuple[str, int]]) -> None:
    """Find missing years, each given with its line, in a table that promises to have all."""
    for (before, _), (year, line) in pairwise(years if table.yearly else ()):
        if year.isdecimal() and before.isdecimal() and int(year) > int(before) + 1:
            faults.add(
                table.file, line, path, f"has no year from {int(before) + 1} to {int(year) - 1}", "This table needs every year."
            )


def read_cell(faults: Faults, file: str, row: Row, path: str, text: str, reader: Reader) -> Any:
    """The value of a cell; None if it is blank or, with a fault, unreadable."""
    if not text:
        return None
    read, what = reader
    try:
        return read(text)
    except ValueError:
        faults.add(file, row.line, path, f"is {text!r}", f"Write {what}.")
        return None


def read_range(faults: Faults, file: str, row: Row, path: str, cells: Sequence[str]) -> dict[str, float] | None:
    """The range in three cells; None, with a fault, if it is none."""
    try:
        low, mode, high = map(read_number, cells)
    except ValueError:
        faults.add(file, row.line, path, f"low, mode, high are {', '.join(map(repr, cells))}", "Write three numbers.")
        return None
    if not low <= mode <= high:
        faults.add(file, row.line, path, f"must have low <= mode <= high, has {low}, {mode}, {high}")
    return {"low": low, "mode": mode, "high": high}
