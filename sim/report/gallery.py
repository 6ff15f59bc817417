"""`results/index.html`: every run of a results folder at a glance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sim.core.errors import ResultsError
from sim.report import embed
from sim.report.context import FOCUS_COUNTRY, Context
from sim.report.language import language
from sim.report.page import LANGUAGE_NAMES, environment, page_name, question_of, title_of, write_page
from sim.report.reading import Run


@dataclass(frozen=True, slots=True)
class Entry:
    """One run: where it lies, what it is about, and its headline in its last year."""

    folder: str
    title: str
    question: tuple[str, str]
    span: str
    replications: int
    reports: tuple[tuple[str, str, str], ...]
    headline: tuple[tuple[str, str, str], ...]


def write_gallery(results_root: Path, languages: Sequence[str] = ("en", "ja")) -> list[Path]:
    """Write the gallery of the runs in `results_root/<scenario>/<run-id>/`; returns the pages written.

    Raises
    ------
    ResultsError
        If there is no run.
    OutputError
        If a page cannot be written.
    """
    folders = sorted(path.parent for path in results_root.glob("*/*/manifest.json") if not path.parent.name.startswith("."))
    if not folders:
        raise ResultsError(f"{results_root}: neither a run folder nor a folder of runs")
    written = []
    for code in languages:
        say = language(code)
        entries, damaged = [], []
        for folder in folders:
            try:
                entries.append(_entry(Context(_glance(folder), say), folder.relative_to(results_root).as_posix()))
            except (OSError, ValueError, LookupError, TypeError, AttributeError):
                damaged.append(folder.relative_to(results_root).as_posix())
        text = (
            environment()
            .get_template("gallery.html.j2")
            .render(
                say=say,
                many=say.many,
                lang=code,
                entries=entries,
                damaged=damaged,
                policy=embed.policy(),
                style=Markup(embed.asset("report.css")),  # noqa: S704
                others=[(other, _name(other), LANGUAGE_NAMES[other]) for other in languages if other != code],
            )
        )
        path = results_root / _name(code)
        write_page(path, text)
        written.append(path)
    return written


def _name(code: str) -> str:
    return "index.html" if code == "en" else f"index.{code}.html"


def _glance(folder: Path) -> Run:
    """A run as its manifest and summary tell it, its files not checked."""
    documents: list[dict[str, Any]] = [
        json.loads((folder / name).read_text(encoding="utf-8")) for name in ("manifest.json", "summary.json")
    ]
    return Run(folder, *documents)


def _entry(context: Context, folder: str) -> Entry:
    run, say = context.run, context.say
    pages = ((code, page_name(code), name) for code, name in LANGUAGE_NAMES.items() if (run.folder / page_name(code)).exists())
    headline = []
    for metal in context.headline:
        refined, met = (
            _last(run.summary, metal, country, step)
            for country, step in (("ALL", "refined_kg"), (FOCUS_COUNTRY, "demand_met_share"))
        )
        headline.append((metal, "–" if refined is None else say.mass(refined), "–" if met is None else say.share(met)))
    return Entry(
        folder,
        title_of(context),
        question_of(context),
        say("{start} to {end}", start=run.years[0], end=run.years[-1]),
        run.replications,
        tuple((code, f"{folder}/{page}", name) for code, page, name in pages),
        tuple(headline),
    )


def _last(summary: dict[str, Any], metal: str, country: str, step: str) -> float | None:
    values = summary.get("ladder", {}).get(metal, {}).get(country, {}).get(step, {}).get("p50") or [None]
    return None if values[-1] is None else float(values[-1])
