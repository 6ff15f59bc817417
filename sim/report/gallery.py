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
from sim.report.page import question_of, title_of
from sim.report.reading import Run
from sim.report.shell import LANGUAGE_NAMES, environment, file_name, others, write_page
from sim.study.sweep_results import PLAN, read_plan


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
    found = sorted(path.parent for path in results_root.glob("*/*/manifest.json") if not path.parent.name.startswith("."))
    folders = [folder for folder in found if not (folder / PLAN).exists()]
    if not found:
        raise ResultsError(f"{results_root}: neither a run folder nor a folder of runs")
    seen, damaged = _glances(results_root, folders)
    sweeps, unread = _sweeps(results_root)
    written = []
    for code in languages:
        say = language(code)
        entries = []
        for place, run in seen.items():
            try:
                entries.append(_entry(Context(run, say), place))
            except (ValueError, LookupError, TypeError, AttributeError):
                damaged.append(place)
        text = (
            environment()
            .get_template("gallery.html.j2")
            .render(
                say=say,
                many=say.many,
                lang=code,
                entries=entries,
                damaged=sorted({*damaged, *unread}),
                sweeps=[(*told, f"{told[2]}/{file_name('report', code)}") for told in sweeps],
                policy=embed.policy(),
                style=Markup(embed.asset("report.css")),  # noqa: S704
                others=others("index", languages, code),
            )
        )
        path = results_root / file_name("index", code)
        write_page(path, text)
        written.append(path)
    return written


def _sweeps(root: Path) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Sweeps that have a page: name, question and folder; and those that cannot be read."""
    listed, damaged = [], []
    for file in sorted(root.glob(f"*/*/{PLAN}")):
        folder = file.parent.relative_to(root).as_posix()
        try:
            plan = read_plan(file)
            if (file.parent / file_name("report", "en")).exists():
                listed.append((str(plan["name"]), str(plan["question"]), folder))
        except (ResultsError, LookupError):
            damaged.append(folder)
    return listed, damaged


def _glances(root: Path, folders: Sequence[Path]) -> tuple[dict[str, Run], list[str]]:
    """Runs as their manifests and summaries tell them, their files not checked; and those that cannot be read."""
    seen, damaged = {}, []
    for folder in folders:
        place = folder.relative_to(root).as_posix()
        try:
            documents: list[dict[str, Any]] = [
                json.loads((folder / name).read_text(encoding="utf-8")) for name in ("manifest.json", "summary.json")
            ]
            seen[place] = Run(folder, *documents)
        except (OSError, ValueError):
            damaged.append(place)
    return seen, damaged


def _entry(context: Context, folder: str) -> Entry:
    run, say = context.run, context.say
    pages = others("report", tuple(LANGUAGE_NAMES), "", lambda name: (run.folder / name).exists())
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
