"""What every page is put into: templates, the scripts and pictures it carries, and writing it whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sim.core.errors import OutputError
from sim.report import embed, theme
from sim.report.chart import LARGEST_TABLE, Chart, Missing, Table, plain
from sim.report.language import Language

LANGUAGE_NAMES = {"en": "English", "ja": "日本語"}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the story: its title and its charts."""

    name: str
    title: str
    charts: tuple[Chart | Missing, ...]


def file_name(stem: str, code: str) -> str:
    """File name of a page in a language."""
    return f"{stem}.html" if code == "en" else f"{stem}.{code}.html"


def others(stem: str, codes: Sequence[str], own: str, exist: Callable[[str], bool] = bool) -> list[tuple[str, str, str]]:
    """The same page in other languages: code, file and name."""
    return [(code, file_name(stem, code), LANGUAGE_NAMES[code]) for code in codes if code != own and exist(file_name(stem, code))]


@cache
def environment() -> Environment:
    """Templates, escaping everything."""
    made = Environment(
        loader=PackageLoader("sim.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.tests["chart"] = lambda item: isinstance(item, Chart)
    return made


def render(
    template: str,
    say: Language,
    story: Sequence[Section],
    shapes: Mapping[str, Any],
    tables: Mapping[str, Table],
    grounds: Mapping[str, Any] | None = None,
    texts: Mapping[str, Any] | None = None,
    digits: int = 6,
    **told: Any,
) -> str:
    """A page with charts as HTML.

    tables : tables that no chart has, by name. grounds : topics and sources for the page's script. texts : files that the
    page offers to save, by name. digits : of plotted numbers; tables have theirs. told : what the template needs besides.
    """
    library, packed = embed.plotly()
    script = embed.own_script()
    return (
        environment()
        .get_template(template)
        .render(
            **{"topics": {}, "question": ("", "en"), "manifest": {}, **told},
            say=say,
            many=say.many,
            lang=say.code,
            story=story,
            largest_table=LARGEST_TABLE,
            policy=embed.policy(library, script),
            plotly=packed,
            script=Markup(script.text),  # noqa: S704  (a file of this package)
            style=Markup(embed.asset("report.css")),  # noqa: S704  (a file of this package)
            data=embed.payload(
                drawings(story, shapes, tables, digits)
                | {"evidence": grounds or {"topics": {}, "sources": []}, "texts": texts or {}}
            ),
        )
    )


def drawings(story: Sequence[Section], shapes: Mapping[str, Any], more: Mapping[str, Table], digits: int) -> dict[str, Any]:
    """All that the page's script needs to draw charts and to build large tables."""
    charts, tables = {}, dict(more)
    for section in story:
        for chart in section.charts:
            if isinstance(chart, Chart):
                views = {
                    key: {
                        "finding": v.finding,
                        "spoken": v.spoken,
                        "data": plain(v.data, digits),
                        "layout": plain(v.layout, digits),
                    }
                    for key, v in chart.views.items()
                }
                charts[chart.name] = {"views": views}
                tables[chart.name] = chart.table
    large = {name: table.packed() for name, table in tables.items() if table.cells > LARGEST_TABLE}
    return {"charts": charts, "tables": large, "config": theme.CONFIG, "templates": theme.templates(), "shapes": dict(shapes)}


def write_page(path: Path, text: str) -> None:
    """Write a page whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")  # runs that end together each write their own
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error
