"""How much the urban mine lowers Japan's dependence: shares, prices and shortfalls with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, Trusted, View, as_row, joined, wrapped
from sim.report.context import FOCUS_COUNTRY, Context, quantiles
from sim.report.drawing import across_layout, bands, capital, columns_of, span, whiskers, years_layout
from sim.report.reading import Vector, Where

EVERY = "ALL"
Told = Mapping[tuple[str, int], Vector]


@dataclass(frozen=True, slots=True)
class _Show:
    """One thing to show: its name, axis title, values by metal and year, how they are written, and the factor of the axis."""

    label: str
    title: str
    values: Told
    write: Callable[[float], str]
    factor: float
    logarithmic: bool = False  # where all metals stand beside each other
    from_zero: bool = True


def market(context: Context) -> Chart | Missing:
    """Share of Japan's demand met by the urban mine, import dependence, shortfall and price, with intervals."""
    say, run = context.say, context.run
    question = say("How much does it lower Japan's dependence?")
    where: Where = {"country": [FOCUS_COUNTRY], "metal": context.metals}
    if not run.has("market") or not (demand := run.each("market", ("metal", "year"), "demand_kg", where=where)):
        return context.missing("market", question, "market")
    shows = _shows(context, demand, where)
    metals = tuple(m for m in context.metals if any(key[0] == m and kg.any() for key, kg in demand.items()))
    views = {joined(key, EVERY): _all_view(context, show, metals) for key, show in shows.items()}
    views |= {joined(key, m): _one_view(context, show, m) for key, show in shows.items() for m in metals}
    columns, rows = _table(context, metals, demand, shows)
    names = ((EVERY, say("all metals, {year}", year=context.year)), *((m, context.names.metal(m)) for m in metals))
    selectors = (Selector(say("Show"), tuple((key, show.label) for key, show in shows.items())), Selector(say("Metal"), names))
    notes = (
        say(
            "Import dependence: primary metal from other countries over all metal supplied to Japan; "
            "recovered metal counts as Japan's own."
        ),
        say("Price and import dependence are means over months, weighted by demand."),
    )
    proof = Proof("market", "demand_kg", (2,), {key: list(values) for key, values in where.items()}, 1000.0)
    table, default = Table(columns, rows, 2, proof), joined("share", EVERY)
    return Chart("market", question, selectors, views, default, table, ("market",), notes, ("market",))


def _shows(context: Context, demand: Mapping[tuple[object, ...], Vector], where: Where) -> dict[str, _Show]:
    say, run = context.say, context.run
    by = ("metal", "year")
    got, short = (run.each("market", by, f"{measure}_kg", where=where) for measure in ("recovered", "shortfall"))
    weighted = {
        m: run.each("market", by, m, weight="demand_kg", where=where) for m in ("import_dependence_share", "price_usd_per_kg")
    }
    share, dependence, price = (_over(sums, demand) for sums in (got, *weighted.values()))
    tonnes = {(str(m), int(str(y))): kg / 1e3 for (m, y), kg in short.items()}
    return {
        "share": _Show(
            say("share of demand met by the urban mine"), say("Share of demand, %"), share, lambda x: say.share(x / 100), 100.0
        ),
        "import": _Show(
            say("import dependence"), say("Import dependence, %"), dependence, lambda x: say.share(x / 100), 100.0, from_zero=False
        ),
        "short": _Show(say("shortfall in t"), say("Shortfall, t per year"), tonnes, say.number, 1.0),
        "price": _Show(say("price in USD per kg"), say("Price, USD per kg"), price, say.number, 1.0, logarithmic=True),
    }


def _over(sums: Mapping[tuple[object, ...], Vector], demand: Mapping[tuple[object, ...], Vector]) -> dict[tuple[str, int], Vector]:
    """Sums over demand by metal and year, 0 where nothing is wanted."""
    found = {}
    for (metal, year), need in demand.items():
        kg = sums.get((metal, year), np.zeros_like(need))
        found[str(metal), int(str(year))] = np.divide(kg, need, out=np.zeros_like(need), where=need > 0)
    return found


def _all_view(context: Context, show: _Show, metals: tuple[str, ...]) -> View:
    """Every metal in the year shown first, with intervals."""
    say = context.say
    told = {m: quantiles(show.factor * show.values[m, context.year]) for m in metals if (m, context.year) in show.values}
    names = [Trusted(f"{wrapped(context.names.metal(m))}  <b>{show.write(q['p50'])}</b>") for m, q in told.items()]
    points = whiskers(names, list(told.values()), say("median, line from p10 to p90"))
    points["marker"] |= {"color": [theme.metal_style(m)[0] for m in told], "symbol": [theme.metal_style(m)[1] for m in told]}
    points["error_x"] |= {"color": theme.GREY}
    first = [f"{context.names.metal(m)} {show.write(told[m]['p50'])}" for m in context.headline if m in told]
    finding = say("Japan, {year}: {label}: {values}", year=context.year, label=show.label, values=say.listed(first))
    listed = say.listed([f"{m} {show.write(q['p50'])}" for m, q in told.items()])
    spoken = say.sentences(say("Points with intervals by metal, {label}: {values}.", label=show.label, values=listed), finding)
    title = say("{title}, {year}", title=show.title, year=context.year)
    across: Figure = {"xaxis": {"rangemode": "tozero" if show.from_zero else "normal"}}
    if show.logarithmic:
        across = {"xaxis": {"type": "log", "dtick": 1, "tickformat": ",~g"}}
    return View(finding, spoken, [points], across_layout(title, len(told), **across))


def _one_view(context: Context, show: _Show, metal: str) -> View:
    """One metal over the years, with bands."""
    say, years = context.say, context.years
    values = [show.factor * show.values.get((metal, year), np.zeros(context.run.replications)) for year in years]
    found = [quantiles(one) for one in values]
    now, end, name = found[years.index(context.year)], found[-1], capital(context.names.metal(metal))
    finding = say(
        "{metal}, {label}: {now} in {year}, {end} in {last} ({low} to {high})",
        metal=name,
        label=show.label,
        now=show.write(now["p50"]),
        year=context.year,
        end=show.write(end["p50"]),
        last=years[-1],
        low=show.write(end["p10"]),
        high=show.write(end["p90"]),
    )
    listed = say.listed([f"{y} {show.write(q['p50'])}" for y, q in zip(years, found, strict=True) if y in context.chosen])
    spoken = say("Line with bands, {label}, {years}. Median: {values}.", label=show.label, years=span(context), values=listed)
    upright = {"rangemode": "tozero" if show.from_zero else "normal"}
    return View(finding, spoken, bands(context, metal, found), years_layout(context, show.title, height=400, yaxis=upright))


def _table(
    context: Context, metals: tuple[str, ...], demand: Mapping[tuple[object, ...], Vector], shows: Mapping[str, _Show]
) -> tuple[tuple[Column, ...], tuple[Row, ...]]:
    """Metal, year, demand, then what can be shown: median and interval of the share, medians of the others."""
    say, rows = context.say, list[Row]()
    for metal in metals:
        for year in context.years:
            if (metal, year) not in demand:
                continue
            told = {key: quantiles(show.values.get((metal, year), np.zeros(1))) for key, show in shows.items()}
            share, rest = told["share"], (told[key]["p50"] for key in ("import", "price", "short"))
            need = float(demand[metal, year].mean()) / 1e3
            rows.append(as_row(metal, str(year), need, *(share[p] for p in ("p10", "p50", "p90")), *rest))
    heads = [say("Share of demand, {p}", p=p) for p in ("p10", "p50", "p90")]
    columns = (
        *columns_of([say("Metal"), say("Year")], [say("Demand, mean [t]")], say.number),
        *columns_of([], [*heads, say("Import dependence")], say.share),
        *columns_of([], [say("Price [USD/kg]"), say("Shortfall [t]")], say.number),
    )
    return columns, tuple(rows)
