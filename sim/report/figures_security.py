"""Charts of supply security: a shortage with and without the urban mine, and what waiting and capacity hold back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, View, as_row, clipped, joined, wrapped
from sim.report.context import FOCUS_COUNTRY, Context, quantiles
from sim.report.drawing import across_layout, capital, columns_of, nothing, ratio, years_layout
from sim.report.reading import Vector

DIGITS = 4  # of monthly lines; the table has every digit
MOST_SHOCKS = 4
STEPS = ("collected_kg", "separated_kg", "refined_kg", "available_kg")


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
    default = joined(_worst(metals, kept["short"]), "short")
    table = Table(columns, rows, 2, proof)
    return Chart("security", question, selectors, views, default, table, ("market",), notes, ("market",))


def _worst(metals: Sequence[str], paths: Mapping[tuple[str, int], tuple[Vector, Vector]]) -> str:
    """The metal that is shortest, which tells most."""
    short = {metal: sum(float(mine.mean()) for (m, _), (mine, _) in paths.items() if m == metal) for metal in metals}
    return max(metals, key=lambda metal: short[metal])


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
    low, middle, high = ([_short(float(np.quantile(mine, q))) for mine, _ in paths.values()] for q in (0.1, 0.5, 0.9))
    without = [_short(float(np.median(other))) for _, other in paths.values()]
    colour, _, dash = theme.metal_style(metal)
    edge = {"type": "scatter", "mode": "lines", "x": dates, "hoverinfo": "skip", "line": {"width": 0, "color": colour}}
    data: list[Figure] = [
        {**edge, "y": low, "showlegend": False},
        {**edge, "y": high, "fill": "tonexty", "fillcolor": theme.faint(colour, 0.25), "showlegend": False},
        {
            "type": "scatter",
            "mode": "lines",
            "x": dates,
            "y": without,
            "name": say("without the urban mine"),
            "line": {"color": theme.GREY, "dash": "dot", "width": 2},
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
    finding = _panel_finding(context, metal, show, paths, struck)
    ends = say.listed([f"{day[:4]} {say.number(value)}" for day, value in zip(dates, middle, strict=True) if day[5:7] == "12"][:12])
    spoken = say.sentences(say("Lines by month, {label}. December medians: {values}.", label=show.label, values=ends), finding)
    across = {"type": "date", "tickformat": "%Y", "dtick": "M12" if len(context.years) <= 8 else "M60"}
    shape = years_layout(context, show.title, height=400, xaxis=across, **_shades(struck))
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
            "x": start.isoformat(),
            "y": 1,
            "yref": "paper",
            "xanchor": "left",
            "yanchor": "top",
            "align": "left",
            "showarrow": False,
            "font": {"size": 11},
        }
        for (start, _), names in shown
    ]
    return {"shapes": shapes, "annotations": words}


def _panel_finding(
    context: Context,
    metal: str,
    show: _Show,
    paths: Mapping[int, tuple[Vector, Vector]],
    struck: Sequence[tuple[str, date, date]],
) -> str:
    """The worst month with and without; for what is good when high, the lowest."""
    say, name = context.say, capital(context.names.metal(metal))
    pick = min if show.mine == "cover_days" else max
    month = pick(paths, key=lambda m: float(np.median(paths[m][1])))
    mine, other = (float(np.median(values)) for values in paths[month])
    unit = f"{say.space}%" if show.scale != 1.0 else ""
    when = f"{context.years[0] + month // 12}-{month % 12 + 1:02d}"
    if show.per_demand and not any(other.any() for _, other in paths.values()):
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


def held_back(context: Context) -> Chart | Missing:
    """The chain as simulated beside the same chain in which nothing waits and nothing is full."""
    say, run = context.say, context.run
    question = say("What do queues, capacity, permits and late construction hold back?")
    if not run.has("unlimited"):
        return context.missing("held-back", question, "unlimited")
    by, where = ("metal", "country"), {"metal": context.metals}
    steps = {step: [run.each(table, by, step, where=where) for table in ("signals", "unlimited")] for step in STEPS}
    countries = sorted({str(key[1]) for key in steps["refined_kg"][1]}, key=context.names.country)
    labels = (say("collected"), say("separated"), say("refined"), say("available to its industry"))
    names = dict(zip(STEPS, labels, strict=True))
    views, rows = {}, list[Row]()
    for step, (ours, free) in steps.items():
        for country in ("ALL", *countries):
            told = {m: _pair(context, m, country, countries, ours, free) for m in context.metals}
            views[joined(step, country)] = _held_view(context, names[step], country, told)
            rows += [
                as_row(
                    names[step], context.names.country(country), metal, float(mine.mean()), float(other.mean()), *_gap(mine, other)
                )
                for metal, (mine, other) in told.items()
                if country != "ALL"
            ]
    numbers = [say("Simulated [kg]"), say("Without limits [kg]")]
    heads = columns_of([say("Step"), say("Country"), say("Metal")], numbers, say.number)
    columns = (*heads, *(Column(say("Held back, {p}", p=p), say.share) for p in ("p10", "p50", "p90")))
    refined = tuple(i for i, row in enumerate(rows) if row[0] == names["refined_kg"])
    proof = Proof("unlimited", "refined_kg", (4,), {"metal": list(context.metals)}, rows=refined)
    places = Selector(say("Country"), tuple((c, context.names.country(c)) for c in ("ALL", *countries)))
    notes = (
        say(
            "Without limits: the same waste and the same processes, but nothing waits, nothing is full, plants open when planned "
            "and borders give consent at once; bans stay. Over all years; part of the gap is still on its way at the end."
        ),
    )
    selectors = (Selector(say("Step"), tuple(names.items())), places)
    table = Table(columns, tuple(rows), 3, proof)
    first, sources, topics = joined("refined_kg", "ALL"), ("unlimited", "signals"), ("collection", "plants", "borders")
    return Chart("held-back", question, selectors, views, first, table, sources, notes, topics)


def _pair(
    context: Context,
    metal: str,
    country: str,
    countries: Sequence[str],
    ours: Mapping[tuple[object, ...], Vector],
    free: Mapping[tuple[object, ...], Vector],
) -> tuple[Vector, Vector]:
    """Mass of a metal over the run as simulated and without limits, shape (replications,) each."""
    none = np.zeros(context.run.replications)
    wanted = countries if country == "ALL" else (country,)
    mine, other = (np.sum([sums.get((metal, c), none) for c in wanted], axis=0) for sums in (ours, free))
    return mine, other


def _gap(mine: Vector, other: Vector) -> tuple[float, float, float]:
    """Share held back: p10, median, p90; 0 of nothing."""
    share = np.divide(other - mine, other, out=np.zeros_like(other), where=other > 0)
    found = quantiles(share)
    return found["p10"], found["p50"], found["p90"]


def _held_view(context: Context, step: str, country: str, told: Mapping[str, tuple[Vector, Vector]]) -> View:
    say = context.say
    mine = {metal: pair for metal, pair in told.items() if pair[1].any()}
    if not mine:
        return nothing(
            say("Nothing would be {step} in {country} even without limits", step=step, country=context.names.country(country))
        )
    gaps = {metal: _gap(*pair) for metal, pair in mine.items()}
    bars: Figure = {
        "type": "bar",
        "orientation": "h",
        "y": [wrapped(context.names.metal(metal)) for metal in gaps],
        "x": [100 * gap[1] for gap in gaps.values()],
        "name": say("median, line from p10 to p90"),
        "marker": theme.fill(3),
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (gap[2] - gap[1]) for gap in gaps.values()],
            "arrayminus": [100 * (gap[1] - gap[0]) for gap in gaps.values()],
            "color": theme.GREY,
            "thickness": 2,
            "width": 5,
        },
    }
    first = next(iter(gaps))
    finding = say(
        "{place}: of the {metal} that could be {step}, {share} is held back ({interval})",
        place=capital(context.names.country(country)),
        metal=context.names.metal(first),
        step=step,
        share=say.share(gaps[first][1]),
        interval=say.shares(gaps[first][0], gaps[first][2]),
    )
    listed = say.listed([f"{context.names.metal(metal)} {say.share(gap[1])}" for metal, gap in gaps.items()])
    spoken = say.sentences(say("Bars of the share held back by metal: {values}.", values=listed), finding)
    shape = across_layout(
        say("Held back, % of what an unlimited chain gives"), len(gaps), legend=False, xaxis={"rangemode": "normal"}
    )
    return View(finding, spoken, [bars], shape)
