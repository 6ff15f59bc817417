"""The report: one self-contained page per language, made from a run folder alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.report import (
    cautions,
    cost_curve,
    figures_bottlenecks,
    figures_gains,
    figures_held,
    figures_market,
    figures_money,
    figures_plants,
    figures_recovery,
    figures_security,
    figures_supply,
    figures_time,
    figures_transport,
    flow_map,
    ladder,
    losses,
    maps,
    sankey,
    sentences,
    shell,
)
from sim.report.chart import Chart, Column, Missing, Table, as_row
from sim.report.context import FOCUS_COUNTRY, Context
from sim.report.countries import countries
from sim.report.evidence import Evidence, gather, titles
from sim.report.language import Language, language
from sim.report.reading import Run
from sim.report.shell import Section, file_name, others, write_page
from sim.report.words import glossary, limits, method
from sim.results.export import iamc

MOST_IDLE = 300
PLOTTED_DIGITS = 4  # a ten-thousandth of an axis; exact numbers are in the tables
Maker = Callable[[Context], Chart | Missing]
PLANTS: tuple[Maker, ...] = (
    figures_time.key_signals,
    figures_plants.milestones,
    figures_plants.utilisation,
    figures_time.lead_times,
)
MEDIANS = frozenset(
    {"recovery", "origin", "held-back", "signals", "milestones", "lead-times", "security", "market", "finance", "gains"}
)
NEITHER = frozenset({"decides", "chance", "patience"})
WEIGHTED = frozenset({"trucks", "shipments", "cost-curve"})
RECOVERED: tuple[Maker, ...] = (figures_recovery.recovery_over_time, figures_recovery.how_sure, figures_recovery.recovery_by_origin)


def write_report(run_dir: Path, languages: Sequence[str] = ("en", "ja"), figures: Path | None = None) -> list[Path]:
    """Write the report of a run folder in each language; with `figures`, its charts as pictures too.

    Returns
    -------
    The files written, pages first.

    Raises
    ------
    ResultsError
        If the folder is not a run, or a table or document of it is missing or damaged.
    OutputError
        If a page cannot be written.
    """
    run = Run.open(run_dir)
    spoken = [language(code) for code in dict.fromkeys(languages)]
    written: list[Path] = []
    for say in spoken:
        context = Context(run, say)
        story = sections(context)
        path = run_dir / file_name("report", say.code)
        write_page(path, render(context, story, [other.code for other in spoken]))
        written.append(path)
        if figures is not None and say is spoken[0]:
            from sim.report.images import write_figures  # noqa: PLC0415  (needs the extra [images])

            drawn = [chart for section in story for chart in section.charts if isinstance(chart, Chart)]
            written += write_figures(figures, drawn, map_shapes(context))
    return written


def sections(context: Context) -> tuple[Section, ...]:
    """The story in order."""
    say = context.say
    makers: tuple[tuple[str, str, tuple[Maker, ...]], ...] = (
        (
            "deciding",
            say("What decides it, what holds it back"),
            (figures_recovery.decides, figures_bottlenecks.bottlenecks, figures_held.held_back),
        ),
        ("recovered", say("What is recovered"), RECOVERED),
        (
            "arisings",
            say("What is thrown away"),
            (figures_supply.arisings_by_country, figures_supply.arisings_by_product, maps.countries),
        ),
        (
            "collection",
            say("How it is collected"),
            (
                figures_supply.collection_by_channel,
                figures_supply.additionality,
                maps.japan,
                figures_transport.trucks,
                figures_gains.patience,
                figures_supply.lineage_by_channel,
            ),
        ),
        ("losses", say("Where metal goes and is lost"), (losses.losses, sankey.chain, sankey.origin_to_user, flow_map.flow_map)),
        ("plants", say("Plants, pledges and time"), PLANTS),
        ("borders", say("Borders and sea"), (figures_transport.shipments,)),
        (
            "market",
            say("Supply security, money and carbon"),
            (
                figures_security.through_shock,
                figures_market.market,
                cost_curve.cost_curve,
                figures_money.payments,
                figures_gains.pays,
                figures_gains.who_gains,
                figures_money.emissions,
            ),
        ),
    )
    return tuple(Section(name, title, tuple(_said(context, make(context)) for make in charts)) for name, title, charts in makers)


def _said(context: Context, chart: Chart | Missing) -> Chart | Missing:
    """A chart with the statistic it shows under it: medians for a figure by itself, means where parts add up or are weighted."""
    if isinstance(chart, Missing) or chart.name in NEITHER:
        return chart
    say = context.say
    alone = say("Shown: medians of the replications, which need not add up.")
    summed = say("Shown: means of the replications, so that parts add up.")
    weighted = say("Shown: means of the replications; days, shares and what is told per kilogram or tonne are weighted by mass.")
    note = alone if chart.name in MEDIANS else weighted if chart.name in WEIGHTED else summed
    return replace(chart, notes=(*chart.notes, note))


def map_shapes(context: Context) -> dict[str, Any]:
    """Shapes by the names that figures use."""
    return {"asia": maps.shapes("asia_countries"), "japan": maps.japan_shapes(context)}


def render(context: Context, story: Sequence[Section], languages: Sequence[str]) -> str:
    """The page as HTML."""
    evidence = gather(context.run)
    rungs = ladder.table(context)
    return shell.render(
        "report.html.j2",
        context.say,
        story,
        map_shapes(context),
        {"ladder": rungs},
        evidence.packed(),
        {"iamc": _by_series(iamc(context.run.summary, title_of(context), context.metals, ("ALL", FOCUS_COUNTRY)))},
        PLOTTED_DIGITS,
        **_told(context, evidence),
        evidence=evidence,
        topics=titles(context),
        context=context,
        ladder_table=rungs,
        others=others("report", languages, context.say.code),
    )


def _by_series(text: str) -> dict[str, Any]:
    """A long CSV whose last two columns are year and value with every series told once: what it is, its years, its values."""
    head, *lines = csv.reader(io.StringIO(text, newline=""))
    series: dict[str, tuple[list[str], list[str]]] = {}
    for *what, year, value in lines:
        years, values = series.setdefault(_csv_line(what), ([], []))
        years.append(year)
        values.append(value)
    return {"head": _csv_line(head), "series": [[what, " ".join(y), " ".join(v)] for what, (y, v) in series.items()]}


def _csv_line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _told(context: Context, evidence: Evidence) -> dict[str, Any]:
    """Words and small facts of the page."""
    manifest, say = context.run.manifest, context.say
    return {
        "title": title_of(context),
        "question": question_of(context),
        "bottom_line": sentences.bottom_line(context),
        "course": sentences.course(context),
        "course_years": sentences.course_years(context),
        "answers": sentences.answers(context),
        "notices": sentences.notices(context, evidence),
        "warnings": cautions.told(context),
        "most_warnings": sentences.MOST_WARNINGS,
        "panels": ladder.panels(context),
        "worked_off": ladder.worked_off(context),
        "balance": _balance(say, manifest),
        "balance_table": _balance_table(context),
        "method": method(say),
        "limits": limits(say),
        "glossary": glossary(say),
        "facts": _facts(context),
        "countries": countries(context),
        "idle": _idle(manifest),
        "manifest": manifest,
    }


def question_of(context: Context) -> tuple[str, str]:
    """What the scenario asks, and the code of the language it is written in."""
    scenario = context.run.manifest.get("scenario")
    scenario = scenario if isinstance(scenario, dict) else {}
    own = scenario.get(f"question_{context.say.code}")
    return (str(own), context.say.code) if own else (str(scenario.get("question") or ""), "en")


def title_of(context: Context) -> str:
    """What the run is called."""
    scenario = context.run.manifest.get("scenario")
    scenario = scenario if isinstance(scenario, dict) else {"name": scenario}
    if context.say.code == "ja" and scenario.get("title_ja"):
        return str(scenario["title_ja"])
    return str(
        scenario.get("name") or context.run.manifest.get("name") or context.run.summary.get("scenario") or context.say("A run")
    )


def _idle(manifest: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Stated inputs that changed nothing in this run, and why."""
    rows = manifest.get("inputs_without_effect")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return tuple((str(row.get("key")), str(row.get("why") or row.get("state") or "")) for row in found[:MOST_IDLE])


def _balance(say: Language, manifest: dict[str, Any]) -> str:
    told = manifest.get("balance")
    if not isinstance(told, dict):
        return say("The manifest does not tell the mass balance.")
    posting, account = (told.get(f"{kind}_relative") for kind in ("posting", "account"))
    if not isinstance(posting, int | float) or not isinstance(account, int | float):
        return say("The manifest does not tell the mass balance.")
    return say(
        "Every posting closes within {posting} of its own mass (limit 1e-12) "
        "and every account and metal within {account} of its throughput (limit 1e-9).",
        posting=f"{posting:.1e}",
        account=f"{account:.1e}",
    )


def _balance_table(context: Context) -> Table:
    """What came in, went out and stayed, by substance."""
    say = context.say
    given = (context.run.manifest.get("balance") or {}).get("substances") or []
    rows = tuple(
        as_row(str(row["substance"]), *(float(row[key]) for key in ("in_kg", "out_kg", "stock_kg", "gap_relative")))
        for row in given
    )
    heads = (say("In [kg]"), say("Out [kg]"), say("In stock at the end [kg]"))
    return Table(
        (
            Column(say("Substance")),
            *(Column(head, say.number) for head in heads),
            Column(say("Gap, relative"), lambda x: f"{x:.1e}"),
        ),
        rows,
    )


def _facts(context: Context) -> list[tuple[str, str]]:
    """Lines for whoever wants to run it again."""
    manifest, say = context.run.manifest, context.say
    resolution = manifest.get("resolution") or {}
    versions = manifest.get("versions") or {}
    lines = [
        (say("Run"), manifest.get("run_id")),
        (say("Seed"), manifest.get("seed")),
        (say("Replications"), context.run.replications),
        (say("Draws of uncertain inputs"), manifest.get("draws")),
        (say("Events"), manifest.get("events")),
        (say("CPU seconds"), manifest.get("cpu_s")),
        (say("Peak memory, MB"), manifest.get("peak_memory_mb")),
        (
            say("Grain"),
            ", ".join(f"{key} = {value}" for key, value in resolution.items()) if isinstance(resolution, dict) else resolution,
        ),
        (
            say("Versions"),
            ", ".join(f"{key} {value}" for key, value in versions.items()) if isinstance(versions, dict) else versions,
        ),
    ]
    return [
        (label, f"{value:.6g}" if isinstance(value, float) else str(value)) for label, value in lines if value not in (None, "", {})
    ]
