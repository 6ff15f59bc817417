"""What a chart is made of: views to choose from, the table under it, and the words for those who do not see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

from markupsafe import Markup

from sim.report.language import Language

Figure = dict[str, Any]
Row = tuple[str | float, ...]
LARGEST_TABLE = 240  # cells; a larger table travels packed and is built when it is opened
PACKED_DIGITS = 10  # of its numbers: sums keep nine
LISTS = (list, tuple)  # made once: figures have many thousand values
PLOTLY_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Trusted(str):
    """Text written in this package that may hold Plotly's own marks (`<br>`, `%{y}`)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """One real `<select>`: its label and its options as (value, label)."""

    label: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class View:
    """What is drawn for one choice: finding in a sentence, words with the numbers, traces and layout."""

    finding: str
    spoken: str
    data: list[Figure]
    layout: Figure = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `write` turns its numbers into text, none for a column of texts."""

    label: str
    write: Callable[[float], str] | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What the sum of a table equals: `sum(table column) * replications` is the sum of a Parquet column under conditions.

    `rows` names the rows that count, all by default.
    """

    table: str
    measure: str
    columns: tuple[int, ...]
    where: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    factor: float = 1.0
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a chart; the first `heads` columns name the row."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    heads: int = 1
    proof: Proof | None = None

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.rows) * len(self.columns)

    def html(self) -> Markup:
        """The table; numbers carry their exact value in `data-v` where the text is rounded."""
        heads = Markup("").join(
            Markup('<th scope="col"{}>{}').format(Markup(' class="n"') if c.write else "", c.label) for c in self.columns
        )
        body = Markup("").join(
            Markup("<tr>") + Markup("").join(self._cell(i, cell) for i, cell in enumerate(row)) for row in self.rows
        )
        return Markup("<table><thead><tr>{}<tbody>{}</table>").format(heads, body)

    def _cell(self, place: int, cell: str | float) -> Markup:
        if isinstance(cell, str):
            return Markup('<th scope="row">{}').format(cell) if place < self.heads else Markup('<td class="w">{}').format(cell)
        value, text = exact(cell), self.written(place, cell)
        return Markup(f"<td>{text}" if value == text else f"<td data-v={value or 'nan'}>{text}")  # noqa: S704  (numbers only)

    def written(self, place: int, cell: float) -> str:
        """A number of column `place` as text."""
        write = self.columns[place].write
        return exact(cell) if write is None else write(cell)

    def packed(self) -> dict[str, Any]:
        """The table for the page's script, which builds it when it is opened and writes plain numbers itself."""
        simple = [getattr(column.write, "__func__", None) is Language.number for column in self.columns]
        cells = [
            [self._packed(simple[i], i, row[i]) for row in self.rows] for i in range(len(self.columns))
        ]  # alike, so it packs well
        heads = [[column.label, column.write is not None] for column in self.columns]
        return {"columns": heads, "heads": self.heads, "cells": cells, "length": len(self.rows)}

    def _packed(self, simple: bool, place: int, cell: str | float) -> Any:
        if isinstance(cell, str):
            return cell
        if simple:
            return None if isnan(cell) else float(f"{cell:.{PACKED_DIGITS}g}")
        return [exact(cell), self.written(place, cell)]


@dataclass(frozen=True, slots=True)
class Chart:
    """A question answered by a picture; keys of `views` are the chosen values joined by `|`.

    plays : whether a button steps through the last selection, for those who want to see it move.
    """

    name: str
    question: str
    selectors: tuple[Selector, ...]
    views: dict[str, View]
    default: str
    table: Table
    sources: tuple[str, ...]
    notes: tuple[str | Markup, ...] = ()
    topics: tuple[str, ...] = ()
    plays: bool = False

    @property
    def on_paper(self) -> bool:
        """Whether the table is short and narrow enough for an A4 page."""
        return len(self.table.rows) <= 60 and len(self.table.columns) <= 11

    @property
    def wide(self) -> bool:
        """Whether it needs a least width, so that narrow screens scroll it."""
        return self.plays or any(trace["type"] in ("sankey", "heatmap") for trace in self.first.data)

    @property
    def first(self) -> View:
        """The view shown first."""
        return self.views[self.default]


@dataclass(frozen=True, slots=True)
class Missing:
    """A chart that could not be drawn, and why."""

    name: str
    question: str
    reason: str


def as_row(*cells: str | float) -> Row:
    """One row of a table."""
    return cells


def exact(number: float) -> str:
    """A number with 12 significant digits, empty where it has no meaning."""
    return "" if isnan(number) else f"{number:.12g}"


def plain(value: Any, digits: int = 6) -> Any:
    """A figure with entities for `& < >` in every text that this package did not write, and numbers to so many digits."""
    if isinstance(value, float):
        return None if isnan(value) else float(f"{value:.{digits}g}")
    if isinstance(value, str):
        return str(value) if isinstance(value, Trusted) else value.translate(PLOTLY_ENTITIES)
    if isinstance(value, LISTS):
        return [plain(item, digits) for item in value]
    if isinstance(value, dict):
        return {key: plain(item, digits) for key, item in value.items()}
    return value


def wrapped(text: str, width: int = 24) -> Trusted:
    """`text` in lines of about `width` characters for axes; its own marks are made harmless."""
    lines, current = [], ""
    for word in text.split():
        if current and len(current) + len(word) >= width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return Trusted("<br>".join(line.translate(PLOTLY_ENTITIES) for line in [*lines, current][:3]))


def clipped(text: str, width: int = 40) -> str:
    """`text` on one line, its end cut off where it is too long."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def layout(*, x: str = "", y: str = "", height: int = 380, legend: bool = True, **more: Any) -> Figure:
    """Layout that all charts share."""
    base: Figure = {
        "height": height,
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "itemclick": False,
            "itemdoubleclick": False,
            "traceorder": "normal",
        },
        "xaxis": {"title": {"text": x}, "fixedrange": True},
        "yaxis": {"title": {"text": y}, "fixedrange": True},
        "hovermode": "closest",
        "dragmode": False,
        "barmode": "stack",
    }
    for key, value in more.items():
        base[key] = {**base[key], **value} if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return base


def largest(totals: Mapping[str, float], limit: int = 6) -> tuple[list[str], list[str]]:
    """Keys with the largest totals, and the rest; all of them when one more than `limit` suffices."""
    order = sorted(totals, key=lambda key: (-totals[key], key))
    if len(order) <= limit + 1:
        return order, []
    return order[:limit], order[limit:]


def joined(*parts: object) -> str:
    """Key of a view from the chosen values."""
    return "|".join(str(part) for part in parts)


def options(values: Iterable[object], name: Callable[[Any], str] = str) -> tuple[tuple[str, str], ...]:
    """Options of a selector."""
    return tuple((str(value), name(value)) for value in values)
