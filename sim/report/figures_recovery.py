"""Charts of recovered metal: over time with bands, chance and ignorance apart, by country of origin, and what decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Table, View, as_row, joined, wrapped
from sim.report.context import Context, apart, quantiles, unit_of
from sim.report.drawing import across_layout, bands, capital, ratio, span, years_layout
from sim.report.reading import Vector

FEWEST_DRAWS = 4  # with fewer, rank correlations say nothing


def recovery_over_time(context: Context) -> Chart | Missing:
    """Refined metal by year: median, 50 % and 90 % bands over replications."""
    say, run = context.say, context.run
    question = say("How much metal is recovered, and how sure is that?")
    if not run.has("signals"):
        return context.missing("recovery", question, "signals")
    by_year = _by_year(context)
    views = {metal: _band_view(context, metal, [by_year[metal, year] for year in context.years]) for metal in context.metals}
    rows: list[Row] = []
    for metal in context.metals:
        for year in context.years:
            values = by_year[metal, year]
            found = quantiles(values)
            rows.append(
                (metal, str(year), *(found[k] for k in ("mean", "p5", "p25", "p50", "p75", "p95")), *apart(values, run.draw_of))
            )
    number = say.number
    columns = (
        Column(say("Metal")),
        Column(say("Year")),
        Column(say("Mean [kg]"), number),
        *(Column(f"{p} [kg]", number) for p in ("p5", "p25", "p50", "p75", "p95")),
        Column(say("Spread by chance [kg]"), number),
        Column(say("Spread by ignorance [kg]"), number),
    )
    proof = Proof("signals", "refined_kg", (2,), {"metal": list(context.metals)})
    notes = (
        say("Bands hold 50 % and 90 % of {n} replications.", n=run.replications),
        say(
            "Spread is a standard deviation: by chance among replications that share their inputs, "
            "by ignorance between draws of the uncertain inputs."
        ),
    )
    table = Table(columns, tuple(rows), 2, proof)
    return Chart(
        "recovery",
        question,
        (context.metal_selector(),),
        views,
        context.metals[0],
        table,
        ("signals",),
        notes,
        ("processes", "plants"),
    )


def _by_year(context: Context) -> dict[tuple[str, int], Vector]:
    found = context.run.each("signals", ("metal", "year"), "refined_kg", where={"metal": context.metals})
    return {
        (metal, year): found.get((metal, year), np.zeros(context.run.replications))
        for metal in context.metals
        for year in context.years
    }


def _band_view(context: Context, metal: str, by_year: Sequence[Vector]) -> View:
    say = context.say
    found = [quantiles(values) for values in by_year]
    factor, unit = unit_of([q["p95"] for q in found])
    years = list(context.years)
    data = bands(context, metal, [{key: value / factor for key, value in q.items()} for q in found])
    place = years.index(context.year)
    now, end = found[place], found[-1]
    name = context.names.metal(metal)
    finding = say(
        "{metal}: {median} recovered in {year}, {end} in {last}; nine in ten replications lie within {interval} in {last}",
        metal=capital(name),
        median=say.mass(now["p50"]),
        year=context.year,
        end=say.mass(end["p50"]),
        last=years[-1],
        interval=say.masses(end["p5"], end["p95"], end["p50"]),
    )
    told = say.listed([f"{year} {say.mass(q['p50'])}" for year, q in zip(years, found, strict=True) if year in context.chosen])
    spoken = say.sentences(
        say("Line with bands, {unit} per year, {years}. Median: {values}.", unit=unit, years=span(context), values=told), finding
    )
    return View(finding, spoken, data, years_layout(context, say("{metal} recovered, {unit} per year", metal=metal, unit=unit)))


def _drawn_once(context: Context) -> str:
    return context.say("It cannot be told apart: the uncertain inputs were drawn once, so all ranges hold chance alone.")


def _least_certain(context: Context, rows: Sequence[Row]) -> str:
    """Which metal spreads most, and whether by chance or by ignorance."""
    say = context.say
    widest = max(rows, key=lambda row: row[5] if row[5] == row[5] else 0.0)
    found = say(
        "In {year}, {metal} is least certain: not knowing the inputs spreads it by {ignorance} of its mean, chance by {chance}",
        year=context.year,
        metal=widest[0],
        ignorance=say.share(float(widest[5])),
        chance=say.share(float(widest[4])),
    )
    if not float(widest[5]) > float(np.nan_to_num(np.array(float(widest[4])))):
        return say("In {year} chance spreads the results at least as much as ignorance of the inputs", year=context.year)
    return found


def how_sure(context: Context) -> Chart | Missing:
    """Spread of refined metal in the focus year, by chance and by ignorance."""
    say, run = context.say, context.run
    question = say("Is it luck or lack of knowledge that spreads the results?")
    if not run.has("signals"):
        return context.missing("chance", question, "signals")
    if len(np.unique(run.draw_of)) < 2:
        return Missing("chance", question, _drawn_once(context))
    found = run.each("signals", ("metal",), "refined_kg", where={"metal": context.metals, "year": [context.year]})
    rows: list[Row] = []
    for metal in context.metals:
        values = found.get((metal,), np.zeros(run.replications))
        chance, ignorance = apart(values, run.draw_of)
        mean = float(values.mean())
        rows.append(as_row(context.names.metal(metal), mean, chance, ignorance, ratio(chance, mean), ratio(ignorance, mean)))
    finding = _least_certain(context, rows)
    names = [wrapped(str(row[0])) for row in rows]
    bars = ((say("by chance"), 4, 0), (say("by ignorance of inputs"), 5, 3))
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": names,
            "x": [100 * float(row[i]) for row in rows],
            "marker": theme.fill(place),
        }
        for label, i, place in bars
    ]
    spoken = say.sentences(say("Bars by metal: standard deviation as a share of the mean."), finding)
    title = say("Standard deviation, % of the mean, {year}", year=context.year)
    view = View(finding, spoken, data, across_layout(title, 2 * len(rows), barmode="group"))
    columns = (
        Column(say("Metal")),
        Column(say("Mean [kg]"), say.number),
        Column(say("Spread by chance [kg]"), say.number),
        Column(say("Spread by ignorance [kg]"), say.number),
        Column(say("by chance, of the mean"), say.share),
        Column(say("by ignorance, of the mean"), say.share),
    )
    proof = Proof("signals", "refined_kg", (1,), {"metal": list(context.metals), "year": [context.year]})
    return Chart("chance", question, (), {"": view}, "", Table(columns, tuple(rows), 1, proof), ("signals",), topics=("run",))


def recovery_by_origin(context: Context) -> Chart | Missing:
    """Refined metal by country of origin with intervals; in alphabetical order, no ranking."""
    say, run = context.say, context.run
    question = say("Which country's waste does the metal come from?")
    if not run.has("signals"):
        return context.missing("origin", question, "signals")
    where = {"metal": context.headline, "year": context.chosen}
    found = run.each("signals", ("metal", "year", "country"), "refined_kg", where=where)
    countries = sorted({str(key[2]) for key, kg in found.items() if kg.any()}, key=context.names.country)
    if not countries:
        return Missing("origin", question, say("No metal was recovered in the chosen years."))
    rows: list[Row] = []
    views = {}
    for metal in context.headline:
        for year in context.chosen:
            told = {c: quantiles(found.get((metal, year, c), np.zeros(run.replications))) for c in countries}
            views[joined(metal, year)] = _origin_view(context, metal, year, told)
            rows += [
                as_row(metal, str(year), context.names.country(c), *(q[k] for k in ("mean", "p10", "p50", "p90")))
                for c, q in told.items()
            ]
    columns = (
        Column(say("Metal")),
        Column(say("Year")),
        Column(say("Country")),
        Column(say("Mean [kg]"), say.number),
        *(Column(f"{p} [kg]", say.number) for p in ("p10", "p50", "p90")),
    )
    proof = Proof("signals", "refined_kg", (3,), {key: list(values) for key, values in where.items()})
    notes = (say("Countries in alphabetical order; intervals that overlap do not say which country is ahead."),)
    selectors = (context.metal_selector(context.headline), context.year_selector())
    default = joined(context.headline[0], context.year)
    return Chart(
        "origin", question, selectors, views, default, Table(columns, tuple(rows), 3, proof), ("signals",), notes, ("collection",)
    )


def _origin_view(context: Context, metal: str, year: int, told: Mapping[str, Mapping[str, float]]) -> View:
    say = context.say
    factor, unit = unit_of([q["p90"] for q in told.values()])
    names = [wrapped(context.names.country(country)) for country in told]
    middle = [q["p50"] / factor for q in told.values()]
    colour, marker, _ = theme.metal_style(metal)
    bars: Figure = {
        "type": "scatter",
        "mode": "markers",
        "y": names,
        "x": middle,
        "marker": {"color": colour, "symbol": marker, "size": 9},
        "name": say("median, line from p10 to p90"),
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [q["p90"] / factor - m for q, m in zip(told.values(), middle, strict=True)],
            "arrayminus": [m - q["p10"] / factor for q, m in zip(told.values(), middle, strict=True)],
            "color": colour,
            "thickness": 2,
            "width": 5,
        },
    }
    total = sum(q["mean"] for q in told.values())
    top = max(told, key=lambda c: told[c]["mean"])
    finding = say(
        "{share} of the {metal} recovered in {year} comes from waste of {country}",
        share=say.share(ratio(told[top]["mean"], total)),
        metal=context.names.metal(metal),
        year=year,
        country=context.names.country(top),
    )
    listed = say.listed([f"{context.names.country(c)} {say.mass(q['p50'])}" for c, q in told.items()])
    spoken = say.sentences(say("Points with intervals by country of origin: {values}.", values=listed), finding)
    return View(
        finding, spoken, [bars], across_layout(say("{metal} recovered, {unit} per year", metal=metal, unit=unit), len(names))
    )


def decides(context: Context) -> Chart | Missing:
    """Rank correlation of drawn inputs with the outcome (tornado), as far as it stands out of chance."""
    say = context.say
    question = say("Which uncertain inputs decide the result?")
    given = context.run.summary.get("decides") or {}
    metals = [metal for metal in context.metals if (given.get(metal) or {}).get("inputs")]
    if not metals:
        return Missing("decides", question, no_decision(context))
    rows: list[Row] = []
    views = {}
    for metal in metals:
        inputs = given[metal]["inputs"][:12]
        views[metal] = _tornado(context, metal, inputs, float(given[metal].get("threshold") or float("nan")))
        rows += [
            as_row(
                metal,
                str(i["key"]),
                _float(i, "rank_correlation"),
                _float(i, "low"),
                _float(i, "high"),
                say("yes") if i.get("stands_out") else say("no"),
            )
            for i in inputs
        ]
    columns = (
        Column(say("Metal")),
        Column(say("Input")),
        Column(say("Rank correlation"), lambda x: say.number(x, 2)),
        Column(say("Lowest drawn"), say.number),
        Column(say("Highest drawn"), say.number),
        Column(say("Stands out of chance")),
    )
    return Chart(
        "decides",
        question,
        (context.metal_selector(metals),),
        views,
        metals[0],
        Table(columns, tuple(rows), 2),
        ("inputs",),
        _decides_notes(context),
        ("run",),
    )


def _decides_notes(context: Context) -> tuple[str, ...]:
    """How to read the bars, and where to learn more."""
    say = context.say
    return (
        say("Dashed lines: what the strongest of all inputs would reach by chance alone. Only bars beyond them stand out."),
        say(
            "{n} draws of the inputs show only very strong causes. The sweep {sweep} turns them one by one and tells more.",
            n=len(np.unique(context.run.draw_of)),
            sweep="morris_baseline",
        ),
    )


def no_decision(context: Context) -> str:
    """Why a run does not tell which inputs decide."""
    draws = len(np.unique(context.run.draw_of))
    if draws < FEWEST_DRAWS:
        return context.say("Which inputs decide needs at least 4 draws of the uncertain inputs; this run has {n}.", n=draws)
    return context.say("This run does not tell which inputs decide: none of them varies, or the result does not.")


def _float(row: Mapping[str, Any], key: str) -> float:
    value = row.get(key)
    return float("nan") if value is None else float(value)


def _tornado(context: Context, metal: str, inputs: Sequence[Mapping[str, Any]], threshold: float) -> View:
    say = context.say
    names = [wrapped(context.names.key(str(row["key"])), 34) for row in inputs]
    values = [_float(row, "rank_correlation") for row in inputs]
    standing = [context.names.key(str(row["key"])) for row in inputs if row.get("stands_out")]
    markers = {
        "color": [theme.BLUE if value > 0 else theme.ORANGE for value in values],
        "pattern": {"shape": ["" if row.get("stands_out") else "/" for row in inputs]},
    }
    data: list[Figure] = [{"type": "bar", "orientation": "h", "y": names, "x": values, "marker": markers, "name": ""}]
    lines = (
        []
        if isnan(threshold)
        else [
            {
                "type": "line",
                "x0": x,
                "x1": x,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"dash": "dash", "width": 1.5, "color": theme.GREY},
            }
            for x in (-threshold, threshold)
        ]
    )
    name = context.names.metal(metal)
    if standing:
        finding = (
            say("{inputs} decides most about {metal}", inputs=say.listed(standing[:3]), metal=name)
            if len(standing) == 1
            else say("{inputs} decide most about {metal}", inputs=say.listed(standing[:3]), metal=name)
        )
    else:
        finding = say("No single input stands out of chance for {metal}", metal=name)
    listed = say.listed([f"{row['key']} {say.number(value, 2)}" for row, value in zip(inputs, values, strict=True)])
    spoken = say.sentences(say("Bars of rank correlation with recovered {metal}: {values}.", metal=name, values=listed), finding)
    shape = across_layout(
        say("Rank correlation with recovered {metal}", metal=metal), len(names), xaxis={"range": [-1, 1]}, shapes=lines
    )
    return View(finding, spoken, data, {**shape, "showlegend": False})
