"""The page of a sweep: how far outcomes spread, which dials decide them, and what would be worth measuring next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup

from sim.report import figures_sweep as figures
from sim.report import shell
from sim.report.chart import Column, Row, Table, as_row
from sim.report.language import language
from sim.report.shell import Section, file_name, others, write_page
from sim.report.sweep_told import Told
from sim.study.sweep_results import load_sweep

MOST_SENTENCES = 8
MOST_FAILURES = 200


def write_sweep(folder: Path, languages: Sequence[str] = ("en", "ja")) -> list[Path]:
    """Write `report.html` for each language into a sweep folder, done or still running; returns the files written.

    Raises
    ------
    ResultsError
        If it is no sweep folder or damaged.
    OutputError
        If a page cannot be written.
    """
    sweep = load_sweep(folder)
    written = []
    for code in languages:
        path = folder / file_name("report", code)
        write_page(path, _page(Told(sweep, language(code)), languages))
        written.append(path)
    return written


def _page(told: Told, languages: Sequence[str]) -> str:
    say = told.say
    story = (
        Section("decides", say("Which dials decide it"), figures.deciding(told)),
        Section("spread", say("How far it spreads"), figures.spread(told)),
    )
    there, failed = len(told.outcomes), int((told.outcomes["message"] != "").sum())
    return shell.render(
        "sweep.html.j2",
        say,
        [section for section in story if section.charts],
        {},
        {},
        title=str(told.plan["name"]),
        question=(str(told.plan["question"]), "en"),
        told=told,
        there=there,
        failed=failed,
        sentences=_sentences(told),
        dials=_dials(told),
        failures=_failures(told),
        facts=_facts(told),
        others=others("report", languages, say.code),
    )


def _sentences(told: Told) -> list[Markup]:
    """How far the last outcomes spread, what decides them, and what to measure next."""
    say, listed = told.say, []
    for scenario in told.scenarios:
        for column in _told_columns(told):
            row = told.bands[(told.bands["scenario"] == scenario) & (told.bands["outcome"] == column)]
            if len(row):
                first = row.iloc[0]
                listed.append(
                    say.rich(
                        "{outcome} ({scenario}): {median}, and {interval} in eight of ten runs.",
                        outcome=told.outcome(column),
                        scenario=scenario,
                        median=_linked(told.amount(column, first["p50"])),
                        interval=_linked(told.between(column, first["p10"], first["p90"])),
                    )
                )
            listed += [sentence for sentence in (_next(told, scenario, column),) if sentence]
    return listed[:MOST_SENTENCES]


def _told_columns(told: Told) -> list[str]:
    """Outcomes of the first page: of each metal the last that differs between runs, which is the furthest step."""
    return list({column.split(".")[1]: column for column in told.varying}.values())


def _next(told: Told, scenario: str, column: str) -> Markup | None:
    """Which dial is worth measuring next, where that can be said."""
    say = told.say
    ranked = figures.ranking(told, scenario, column)
    if not ranked:
        return None
    top = ranked[0]
    if not top.clear:
        return say.rich("No dial stands out of chance for it.")
    if told.kind == "saltelli":
        return say.rich(
            "Measure {dial} next: alone and with others it makes {interval} of the spread.",
            dial=_code(top.dial),
            interval=_linked(say.shares(max(0.0, top.low), min(1.0, top.high))),
        )
    return say.rich("Measure {dial} next: it moves the outcome most.", dial=_code(top.dial))


def _linked(text: str) -> Markup:
    return Markup('<a class="number" href="#dials">{}</a>').format(text)


def _code(text: str) -> Markup:
    return Markup('<code lang="en">{}</code>').format(text)


def _dials(told: Told) -> Table:
    """How far each dial was turned."""
    say = told.say
    design, rows = told.sweep.design, list[Row]()
    for dial in told.plan["dials"]:
        values = design[dial["key"]].to_numpy(dtype=np.float64)
        how = say("multiplies the scenario's value") if dial.get("apply") == "factor" else say("in place of the scenario's value")
        mode = float(dial["mode"]) if "mode" in dial else float("nan")
        rows.append(as_row(str(dial["key"]), float(values.min()), mode, float(values.max()), how))
    numbers = (say("Lowest"), say("Likeliest"), say("Highest"))
    columns = (Column(say("Dial")), *(Column(head, say.number) for head in numbers), Column(say("How")))
    return Table(columns, tuple(rows))


def _failures(told: Told) -> Table:
    """Runs that failed, with their message."""
    say = told.say
    found = told.sweep.failures().head(MOST_FAILURES)
    rows = tuple(
        as_row(str(run), str(row), str(message)) for run, row, message in found[["run", "row", "message"]].itertuples(index=False)
    )
    return Table((Column(say("Run")), Column(say("Point")), Column(say("Message"))), rows, 2)


def _facts(told: Told) -> list[tuple[str, str]]:
    """Lines for whoever wants to run it again."""
    say, plan = told.say, told.plan
    design = ", ".join(f"{key} = {value}" for key, value in plan["design"].items() if value is not None)
    return [
        (say("Command"), f"urban-mine sweep {plan['file']}"),
        (say("Design"), design),
        (say("Seed"), str(plan["seed"])),
        (say("Points"), str(plan["rows"])),
        (say("Replications"), str(plan["replications"])),
        (say("Runs"), str(plan["runs"])),
    ]
