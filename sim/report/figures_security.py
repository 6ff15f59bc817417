"""Charts of supply security: a shortage with and without the urban mine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, View, as_row, clipped, joined, wrapped
from sim.report.context import FOCUS_COUNTRY, Context
from sim.report.drawing import capital, columns_of, ratio, years_layout
from sim.report.reading import Vector

DIGITS = 4  # of monthly lines; the table has every digit
MOST_SHOCKS = 4


@dataclass(frozen=True, slots=True)
class _Show:
    """One thing the panel can show: its columns with and without the urban mine, and how they are written."""

    label: str
    title: str
    mine: str
    without: str
    scale: float
    per_demand: bool = False


def _shows(context: Context) -> dict[str, _Show]:
    say = context.say
    return {
        "short": _Show(say("demand not met"), say("Demand not met, %"), "shortfall_kg", "shortfall_without_kg", 100.0, True),
        "cover": _Show(say("days of cover in stock"), say("Days of cover in stock"), "cover_days", "cover_without_days", 1.0),
        "import": _Show(
            say("import dependence"),
            say("Import dependence, %"),
            "import_dependence_share",
            "import_dependence_without_share",
            100.0,
        ),
        "hhi": _Show(say("concentration of suppliers"), say("Concentration of suppliers (HHI, 0 to 1)"), "hhi", "primary_hhi", 1.0),
    }


def through_shock(context: Context) -> Chart | Missing:
    """Japan's supply month by month, with the urban mine and without it; shocks are shaded."""
    say, run = context.say, context.run
    question = say("Does the urban mine help through a shortage?")
    if not run.has("market") or "shortfall_without_kg" not in run.table("market").columns:
        return context.missing("security", question, "market")
    where = {"country": [FOCUS_COUNTRY], "metal": context.headline}
    demand = run.each("market", ("metal", "year", "month"), "demand_kg", where=where)
    metals = tuple(metal for metal in context.headline if any(key[0] == metal and kg.any() for key, kg in demand.items()))
    if not metals:
        return context.missing("security", question, "market")
    shows = _shows(context)
    struck = _struck(context)
    views, kept = {}, dict[str, dict[tuple[str, int], tuple[Vector, Vector]]]()
    for key, show in shows.items():
        kept[key] = _paths(context, show, demand)
        for metal in metals:
            paths = {month: pair for (m, month), pair in sorted(kept[key].items()) if m == metal}
            views[joined(metal, key)] = _panel(context, metal, show, paths, struck)
    columns, rows, proof = _yearly(context, metals, demand)
    selectors = (context.metal_selector(metals), Selector(say("Show"), tuple((key, show.label) for key, show in shows.items())))
    notes = (
        say("Without: the same demand, shocks and releases from stock, but no recovered metal."),
        say("Lines are medians of the replications, the band holds eight in ten; shaded: a shock strikes."),
    )
    default = _telling(metals, kept)
    table = Table(columns, rows, 2, proof)
    return Chart("security", question, selectors, views, default, table, ("market",), notes, ("market",))


def _telling(metals: Sequence[str], kept: Mapping[str, Mapping[tuple[str, int], tuple[Vector, Vector]]]) -> str:
    """The view that tells most: of the metal that is shortest; if none is, the import dependence that is lowered most."""
    short = {metal: sum(float(other.mean()) for (m, _), (_, other) in kept["short"].items() if m == metal) for metal in metals}
    if any(short.values()):
        return joined(max(metals, key=lambda metal: short[metal]), "short")
    paths = kept["import"]
    saved = {metal: sum(float((other - mine).mean()) for (m, _), (mine, other) in paths.items() if m == metal) for metal in metals}
    return joined(max(metals, key=lambda metal: saved[metal]), "import")


def _paths(
    context: Context, show: _Show, demand: Mapping[tuple[object, ...], Vector]
) -> dict[tuple[str, int], tuple[Vector, Vector]]:
    """What is shown by metal and month of the run, with the urban mine and without, shape (replications,) each."""
    where = {"country": [FOCUS_COUNTRY], "metal": context.headline}
    both = [context.run.each("market", ("metal", "year", "month"), name, where=where) for name in (show.mine, show.without)]
    found = {}
    for key, need in demand.items():
        per = np.maximum(need, 1e-12) if show.per_demand else 1.0
        with_mine, without = (show.scale * sums[key] / per for sums in both)
        metal, year, month = map(str, key)
        found[metal, 12 * (int(year) - context.years[0]) + int(month) - 1] = (with_mine, without)
    return found


def _struck(context: Context) -> list[tuple[str, date, date]]:
    """Shocks: name, first and last day in the middle of the replications."""
    run = context.run
    if not run.has("shocks"):
        return []
    table = run.table("shocks")
    names, start, end = np.array(table.texts("name")), table.numbers("start_day"), table.numbers("end_day")
    days = [(name, float(np.median(start[names == name])), float(np.median(end[names == name]))) for name in sorted(set(names))]
    last = date(context.years[-1], 12, 31)
    return [
        (name, day_of(context, a), min(last, day_of(context, b)) if np.isfinite(b) else last)
        for name, a, b in sorted(days, key=lambda row: row[1])
    ]


def day_of(context: Context, day: float) -> date:
    """The date of a day of the run."""
    return date(context.years[0], 1, 1) + timedelta(days=int(day))


def _panel(
    context: Context,
    metal: str,
    show: _Show,
    paths: Mapping[int, tuple[Vector, Vector]],
    struck: Sequence[tuple[str, date, date]],
) -> View:
    say = context.say
    start = context.years[0]
    dates = [date(start + month // 12, month % 12 + 1, 15).isoformat() for month in paths]
    mine, other = (np.array(values) for values in zip(*paths.values(), strict=True))
    low, middle, high = ([_short(value) for value in line] for line in np.quantile(mine, (0.1, 0.5, 0.9), axis=1).tolist())
    medians = dict(zip(paths, np.stack([np.median(mine, axis=1), np.median(other, axis=1)], axis=1).tolist(), strict=True))
    without = [_short(pair[1]) for pair in medians.values()]
    colour, _, dash = theme.metal_style(metal)
    edge = {"type": "scatter", "mode": "lines", "x": dates, "hoverinfo": "skip", "line": {"width": 0, "color": colour}}
    data: list[Figure] = [
        {**edge, "y": low, "showlegend": False},
        {**edge, "y": high, "fill": "tonexty", "fillcolor": theme.faint(colour, 0.25), "name": say("80 % of replications")},
        {
            "type": "scatter",
            "mode": "lines",
            "x": dates,
            "y": without,
            "name": say("without the urban mine"),
            "line": {"color": theme.faint(theme.GREY, 0.45), "width": 6},
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": dates,
            "y": middle,
            "name": say("with the urban mine"),
            "line": {"color": colour, "dash": dash, "width": 2.5},
        },
    ]
    finding = _panel_finding(context, metal, show, medians, struck)
    ends = say.listed([f"{day[:4]} {say.number(value)}" for day, value in zip(dates, middle, strict=True) if day[5:7] == "12"][:12])
    spoken = say.sentences(say("Lines by month, {label}. December medians: {values}.", label=show.label, values=ends), finding)
    across = {"type": "date", "tickformat": "%Y", "dtick": "M12" if len(context.years) <= 8 else "M60"}
    upright = {"rangemode": "tozero" if show.per_demand else "normal"}
    shape = years_layout(context, show.title, height=400, xaxis=across, yaxis=upright, **_shades(struck))
    return View(finding, spoken, data, shape)


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _shades(struck: Sequence[tuple[str, date, date]]) -> dict[str, list[Figure]]:
    """Shocks as shaded times with their names; those of the same days as one."""
    spans: dict[tuple[date, date], list[str]] = {}
    for name, start, end in struck:
        spans.setdefault((start, end), []).append(name)
    shown = list(spans.items())[:MOST_SHOCKS]
    shapes = [
        {
            "type": "rect",
            "x0": start.isoformat(),
            "x1": end.isoformat(),
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "fillcolor": "rgba(213,94,0,0.13)",
            "line": {"width": 0},
            "layer": "below",
        }
        for (start, end), _ in shown
    ]
    words = [
        {
            "text": wrapped(clipped(names[0], 44) + (f" (+{len(names) - 1})" if len(names) > 1 else ""), 22),
            "x": end.isoformat(),
            "y": 1,
            "yref": "paper",
            "xanchor": "left",
            "yanchor": "top",
            "align": "left",
            "showarrow": False,
            "font": {"size": 11},
        }
        for (_, end), names in shown
    ]
    return {"shapes": shapes, "annotations": words}


def _panel_finding(
    context: Context,
    metal: str,
    show: _Show,
    medians: Mapping[int, Sequence[float]],
    struck: Sequence[tuple[str, date, date]],
) -> str:
    """The worst month with and without; for what is good when high, the lowest."""
    say, name = context.say, capital(context.names.metal(metal))
    pick = min if show.mine == "cover_days" else max
    month = pick(medians, key=lambda m: medians[m][1])
    mine, other = medians[month]
    if show.mine.startswith(("import", "hhi")):
        return _usual(context, metal, show, medians)
    unit = f"{say.space}%" if show.scale != 1.0 else ""
    when = f"{context.years[0] + month // 12}-{month % 12 + 1:02d}"
    if show.per_demand and not any(without for _, without in medians.values()):
        if not struck:
            return say("{metal}: no shock strikes in this run, and no demand goes unmet", metal=name)
        return say("{metal}: no demand goes unmet, with the urban mine or without it", metal=name)
    return say(
        "{metal}, {label} in the worst month ({when}): {mine} with the urban mine, {other} without it",
        metal=name,
        label=show.label,
        when=when,
        mine=say.number(mine) + unit,
        other=say.number(other) + unit,
    )


def _usual(context: Context, metal: str, show: _Show, medians: Mapping[int, Sequence[float]]) -> str:
    """What is not about the worst month: the mean of the year shown first, with and without."""
    say = context.say
    first = 12 * (context.year - context.years[0])
    months = [pair for month, pair in medians.items() if first <= month < first + 12]
    unit = f"{say.space}%" if show.scale != 1.0 else ""
    mine, other = (say.number(sum(pair[i] for pair in months) / max(1, len(months))) + unit for i in (0, 1))
    return say(
        "{metal}, {label}, mean of {year}: {mine} with the urban mine, {other} without it",
        metal=capital(context.names.metal(metal)),
        label=show.label,
        year=context.year,
        mine=mine,
        other=other,
    )


def _yearly(
    context: Context, metals: Sequence[str], demand: Mapping[tuple[object, ...], Vector]
) -> tuple[tuple[Column, ...], tuple[Row, ...], Proof]:
    """The table: sums and means of the year with and without."""
    say, run = context.say, context.run
    where = {"country": [FOCUS_COUNTRY], "metal": list(metals)}
    by = ("metal", "year")
    sums = {
        m: run.mean("market", by, m, where=where) for m in ("demand_kg", "recovered_kg", "shortfall_kg", "shortfall_without_kg")
    }
    shares = (
        "import_dependence_share",
        "import_dependence_without_share",
        "hhi",
        "primary_hhi",
        "cover_days",
        "cover_without_days",
    )
    means = {m: run.mean("market", by, m, weight="demand_kg", where=where) for m in shares}
    rows = tuple(
        as_row(
            metal,
            str(year),
            *(kg.get((metal, year), 0.0) / 1e3 for kg in sums.values()),
            *(ratio(each.get((metal, year), 0.0), sums["demand_kg"].get((metal, year), 0.0)) for each in means.values()),
        )
        for metal in metals
        for year in context.years
    )
    heads = [
        say("Demand [t]"),
        say("Recovered, available [t]"),
        say("Not met [t]"),
        say("Not met without [t]"),
        say("Import dependence"),
        say("Import dependence without"),
        "HHI",
        say("HHI without"),
        say("Days of cover"),
        say("Days of cover without"),
    ]
    columns = columns_of([say("Metal"), say("Year")], heads, say.number)
    return columns, rows, Proof("market", "demand_kg", (2,), where, 1000.0)
