"""Charts of money, emissions and the market."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sim.report import theme
from sim.report.chart import Chart, Figure, Missing, Proof, Row, Selector, Table, View, as_row, wrapped
from sim.report.context import FOCUS_COUNTRY, Context, over_years
from sim.report.drawing import across_layout, capital, columns_of, ratio, span, stacked, year_columns, years_layout
from sim.report.reading import Where

MOST_PAYMENTS = 120


def payments(context: Context) -> Chart | Missing:
    """Who pays whom for what."""
    say, run = context.say, context.run
    question = say("Who pays, and for what?")
    sums = (
        run.mean("payments", ("payer", "payee", "item", "year"), "usd", where={"year": context.chosen})
        if run.has("payments")
        else {}
    )
    if not sums:
        return context.missing("payments", question, "payments")
    series = over_years(sums, context.chosen)
    views = {
        str(year): _payment_view(context, year, {key: row[place] for key, row in series.items()})
        for place, year in enumerate(context.chosen)
    }
    order = sorted(series, key=lambda key: (-sum(map(abs, series[key])), key))
    party, name = context.names.party, context.names.item
    rows = [
        as_row(party(str(a)), party(str(b)), name(str(i)), *(usd / 1e6 for usd in series[a, b, i]))
        for a, b, i in order[:MOST_PAYMENTS]
    ]
    rest = order[MOST_PAYMENTS:]
    if rest:
        amounts = (sum(series[key][place] for key in rest) / 1e6 for place in range(len(context.chosen)))
        rows.append(as_row(say("{n} others", n=len(rest)), "–", "–", *amounts))
    columns = year_columns(context, [say("Payer"), say("Payee"), say("Item, million USD")], context.chosen)
    proof = Proof("payments", "usd", tuple(range(3, len(columns))), {"year": list(context.chosen)}, 1e6)
    return Chart(
        "payments",
        question,
        (context.year_selector(),),
        views,
        str(context.year),
        Table(columns, tuple(rows), 3, proof),
        ("payments",),
        (),
        ("market",),
    )


def _payment_view(context: Context, year: int, paid: Mapping[tuple[object, ...], float]) -> View:
    say = context.say
    items: dict[str, float] = {}
    for (_, _, item), usd in paid.items():
        kind = str(item).partition(" of ")[0]
        items[kind] = items.get(kind, 0.0) + usd / 1e6
    order = sorted(items, key=lambda item: (-abs(items[item]), item))[:14]
    names = [wrapped(capital(context.names.code(item)), 28) for item in order]
    data: list[Figure] = [
        {"type": "bar", "orientation": "h", "y": names, "x": [items[item] for item in order], "marker": theme.fill(0), "name": ""}
    ]
    pair, usd = max(paid.items(), key=lambda entry: entry[1])
    finding = say(
        "The largest payment in {year} is {item}: {usd} million USD from {payer} to {payee}",
        year=year,
        item=context.names.item(str(pair[2])),
        usd=say.number(usd / 1e6),
        payer=context.names.party(str(pair[0])),
        payee=context.names.party(str(pair[1])),
    )
    listed = say.listed([f"{context.names.code(item)} {say.number(items[item])}" for item in order])
    spoken = say.sentences(say("Bars of payments by item in {year}, million USD: {values}.", year=year, values=listed), finding)
    return View(finding, spoken, data, {**across_layout(say("Million USD per year"), len(order)), "showlegend": False})


def emissions(context: Context) -> Chart | Missing:
    """Greenhouse gases by stage and year."""
    say, run = context.say, context.run
    question = say("What does it emit, and what does it save?")
    if not run.has("emissions"):
        return context.missing("emissions", question, "emissions")
    by_item = over_years(run.mean("emissions", ("stage", "item", "year"), "kgco2e"), context.years)
    stages: dict[str, list[float]] = {}
    for (stage, item), row in by_item.items():
        key = str(item) if min(row) < 0 else str(stage)
        stages[key] = [a + b / 1e6 for a, b in zip(stages.get(key, [0.0] * len(row)), row, strict=True)]
    avoided = _avoided(context)
    if avoided:
        stages["avoided_primary"] = [-kg / 1e6 for kg in avoided]
    place = context.years.index(context.year)
    emitted = sum(row[place] for row in stages.values() if row[place] > 0)
    saved = -sum(row[place] for row in stages.values() if row[place] < 0)
    finding = say("In {year} the chain emits {emitted} kt CO₂e", year=context.year, emitted=say.number(emitted))
    if saved > 0:
        finding = say(
            "In {year} the chain emits {emitted} kt CO₂e and avoids {saved} kt CO₂e of primary production",
            year=context.year,
            emitted=say.number(emitted),
            saved=say.number(saved),
        )
    spoken = say.sentences(
        say("Stacked bars by stage, kilotonnes of CO2 equivalent per year, {years}.", years=span(context)), finding
    )
    data = stacked(context.years, stages, context.names.code, say("other stages"))
    view = View(finding, spoken, data, years_layout(context, say("kt CO₂e per year"), barmode="relative"))
    rows = tuple(
        as_row(context.names.code(str(s)), context.names.code(str(i)), *(kg / 1e3 for kg in row))
        for (s, i), row in sorted(by_item.items(), key=str)
    )
    columns = year_columns(context, [say("Stage"), say("Item, t CO₂e per year")], context.years)
    proof = Proof("emissions", "kgco2e", tuple(range(2, len(columns))), factor=1000.0, rows=tuple(range(len(rows))))
    if avoided:
        rows = (*rows, as_row(context.names.code("avoided_primary"), "–", *(-kg / 1e3 for kg in avoided)))
    return Chart(
        "emissions", question, (), {"": view}, "", Table(columns, rows, 2, proof), ("emissions",), (), ("processes", "market")
    )


def _avoided(context: Context) -> list[float]:
    """What primary production of the refined metal would have emitted, by year [kgCO2e]; nothing where it is not told."""
    if not context.run.has("primary"):
        return []
    sums = context.run.mean("primary", ("year",), "kgco2e")
    return [sums.get((year,), 0.0) for year in context.years]


def market(context: Context) -> Chart | Missing:
    """Share of Japan's demand met by the urban mine, import dependence, shortfall and price."""
    say, run = context.say, context.run
    question = say("How much does it lower Japan's dependence?")
    where = {"country": [FOCUS_COUNTRY], "metal": context.metals}
    if not run.has("market") or not (demand := run.mean("market", ("metal", "year"), "demand_kg", where=where)):
        return context.missing("market", question, "market")
    rows = _market_rows(context, demand, where)
    number, share = say.number, say.share
    columns = (
        *columns_of([say("Metal"), say("Year")], [say("Demand [t]"), say("Recovered, available [t]")], number),
        *columns_of([], [say("Share of demand"), say("Import dependence")], share),
        *columns_of([], [say("Price [USD/kg]"), say("Shortfall [t]")], number),
    )
    choices = (
        ("share", say("share of demand met by the urban mine"), say("Share of demand, %"), 4, 100.0),
        ("import", say("import dependence"), say("Import dependence, %"), 5, 100.0),
        ("short", say("shortfall"), say("Shortfall, t per year"), 7, 1.0),
        ("price", say("price"), say("Price, USD per kg"), 6, 1.0),
    )
    views = {
        key: _market_view(
            context, label, title, [(r[0], r[1], scale * float(r[column])) for r in rows], share if scale > 1 else number, scale
        )
        for key, label, title, column, scale in choices
    }
    selector = Selector(say("Show"), tuple((key, label) for key, label, *_ in choices))
    notes = (
        say(
            "Import dependence: primary metal from other countries over all metal supplied to Japan; "
            "recovered metal counts as Japan's own."
        ),
        say("Price and import dependence are means over months, weighted by demand."),
    )
    proof = Proof("market", "demand_kg", (2,), {key: list(values) for key, values in where.items()}, 1000.0)
    return Chart(
        "market", question, (selector,), views, "share", Table(columns, tuple(rows), 2, proof), ("market",), notes, ("market",)
    )


def _market_rows(context: Context, demand: Mapping[tuple[object, ...], float], where: Where) -> list[Row]:
    """Metal, year, demand, recovered, its share, import dependence, price, shortfall; masses in t."""
    by = ("metal", "year")
    got, short = (context.run.mean("market", by, f"{measure}_kg", where=where) for measure in ("recovered", "shortfall"))
    dependence, price = (
        context.run.mean("market", by, measure, weight="demand_kg", where=where)
        for measure in ("import_dependence_share", "price_usd_per_kg")
    )
    rows = []
    for metal in context.metals:
        for year in context.years:
            key = (metal, year)
            if need := demand.get(key, 0.0):
                rates = (ratio(sums.get(key, 0.0), need) for sums in (got, dependence, price))
                rows.append(as_row(metal, str(year), need / 1e3, got.get(key, 0.0) / 1e3, *rates, short.get(key, 0.0) / 1e3))
    return rows


def _market_view(
    context: Context,
    label: str,
    title: str,
    points: Sequence[tuple[object, object, float]],
    write: Callable[[float], str],
    scale: float,
) -> View:
    say = context.say
    data: list[Figure] = []
    now: dict[str, float] = {}
    shown = [m for m in context.metals if any(metal == m for metal, _, _ in points)][: theme.LARGEST]
    for metal in shown:
        mine = {int(str(year)): value for m, year, value in points if m == metal}
        colour, marker, dash = theme.metal_style(metal)
        trace = {"type": "scatter", "mode": "lines+markers", "name": metal, "x": list(mine), "y": list(mine.values())}
        data.append(
            {**trace, "line": {"color": colour, "dash": dash, "width": 2}, "marker": {"symbol": marker, "size": 7, "color": colour}}
        )
        now[metal] = mine.get(context.year, 0.0) / scale
    told = [f"{context.names.metal(metal)} {write(now[metal])}" for metal in context.headline if metal in now]
    finding = say("Japan, {year}: {label}: {values}", year=context.year, label=label, values=say.listed(told))
    listed = say.listed([f"{metal} {write(value)}" for metal, value in now.items()])
    spoken = say(
        "Lines by metal, {label}, {years}. {year}: {values}.", label=label, years=span(context), year=context.year, values=listed
    )
    return View(finding, spoken, data, years_layout(context, title, height=420))
