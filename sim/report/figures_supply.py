"""Charts of what is thrown away and what collection gets of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.report import theme
from sim.report.chart import Chart, Figure, Missing, Proof, Row, Selector, Table, View, as_row, options
from sim.report.context import Context, over_years, unit_of
from sim.report.drawing import capital, columns_of, ratio, span, stacked, year_columns, years_layout


def arisings_by_country(context: Context) -> Chart | Missing:
    """Discarded mass by country and year."""
    say = context.say
    question = say("Where do discarded electronics come from?")
    if not context.run.has("arisings"):
        return context.missing("arisings-country", question, "arisings")
    sums = context.run.mean("arisings", ("country", "year"), "mass_kg")
    series = {str(key[0]): [kg / 1e6 for kg in row] for key, row in over_years(sums, context.years).items()}
    first, last = (sum(row[i] for row in series.values()) for i in (0, -1))
    top = max(series, key=lambda key: series[key][-1])
    finding = say(
        "Discarded electronics go from {first} kt in {start} to {last} kt in {end}; {country} is the largest source at the end",
        first=say.number(first),
        last=say.number(last),
        start=context.years[0],
        end=context.years[-1],
        country=context.names.country(top),
    )
    spoken = say.sentences(say("Stacked bars by country, kilotonnes per year, {years}.", years=span(context)), finding)
    view = View(
        finding,
        spoken,
        stacked(context.years, series, context.names.country, say("other countries")),
        years_layout(context, context.per_year("kt")),
    )
    rows = tuple(as_row(context.names.country(key), *(1e3 * kt for kt in row)) for key, row in sorted(series.items()))
    columns = year_columns(context, [say("Country, t per year")], context.years)
    proof = Proof("arisings", "mass_kg", tuple(range(1, len(columns))), factor=1000.0)
    return Chart(
        "arisings-country", question, (), {"": view}, "", Table(columns, rows, 1, proof), ("arisings",), topics=("arisings",)
    )


def arisings_by_product(context: Context) -> Chart | Missing:
    """Discarded mass by group of products and year; the table has every product."""
    say = context.say
    question = say("What is thrown away?")
    if not context.run.has("arisings"):
        return context.missing("arisings-product", question, "arisings")
    sums = context.run.mean("arisings", ("product", "year"), "mass_kg")
    series = {str(key[0]): [kg / 1e6 for kg in row] for key, row in over_years(sums, context.years).items()}
    group_of, groups = context.run.entries("product_groups"), dict[str, list[float]]()
    for product, row in series.items():
        group = str(group_of.get(product) or product)
        groups[group] = [a + b for a, b in zip(groups.get(group, [0.0] * len(row)), row, strict=True)]
    place = context.years.index(context.year)
    total = sum(row[place] for row in groups.values())
    top = max(groups, key=lambda key: groups[key][place])
    finding = say(
        "In {year}, {product} are the largest part by mass: {share} of {total} kt",
        year=context.year,
        product=context.names.group(top),
        share=say.share(ratio(groups[top][place], total)),
        total=say.number(total),
    )
    spoken = say.sentences(say("Stacked bars by group of products, kilotonnes per year, {years}.", years=span(context)), finding)
    view = View(
        finding,
        spoken,
        stacked(context.years, groups, context.names.group, say("other products")),
        years_layout(context, context.per_year("kt")),
    )
    rows = tuple(as_row(context.names.product(key), *(1e3 * kt for kt in row)) for key, row in sorted(series.items()))
    columns = year_columns(context, [say("Product, t per year")], context.years)
    proof = Proof("arisings", "mass_kg", tuple(range(1, len(columns))), factor=1000.0)
    return Chart(
        "arisings-product", question, (), {"": view}, "", Table(columns, rows, 1, proof), ("arisings",), topics=("arisings",)
    )


def collection_by_channel(context: Context) -> Chart | Missing:
    """Mass that channels gather by year, for one country or all; informal buyers are channels, too."""
    say, run = context.say, context.run
    question = say("Which channels gather how much, formal and informal?")
    if not run.has("collection"):
        return context.missing("collection", question, "collection")
    sums = run.mean("collection", ("country", "channel", "year"), "collected_kg")
    series = {(str(c), str(k)): [kg / 1e3 for kg in row] for (c, k), row in over_years(sums, context.years).items()}
    countries = sorted({country for country, _ in series})
    views = {key: _collection_view(context, series, key) for key in ("ALL", *countries)}
    rows = tuple(as_row(context.names.country(c), context.names.channel(k), *row) for (c, k), row in sorted(series.items()))
    columns = year_columns(context, [say("Country"), say("Channel, gathered t per year")], context.years)
    proof = Proof("collection", "collected_kg", tuple(range(2, len(columns))), factor=1000.0)
    selector = Selector(say("Country"), options(("ALL", *countries), context.names.country))
    return Chart(
        "collection", question, (selector,), views, "ALL", Table(columns, rows, 2, proof), ("collection",), topics=("collection",)
    )


def _collection_view(context: Context, series: Mapping[tuple[str, str], Sequence[float]], country: str) -> View:
    say = context.say
    mine: dict[str, list[float]] = {}
    for (where, channel), row in series.items():
        if country in ("ALL", where):
            mine[channel] = [a + b for a, b in zip(mine.get(channel, [0.0] * len(row)), row, strict=True)]
    place = context.years.index(context.year)
    total = sum(row[place] for row in mine.values())
    top = max(mine, key=lambda key: mine[key][place])
    finding = say(
        "{country}: {total} gathered in {year}; the largest channel is {channel} with {share}",
        country=capital(context.names.country(country)),
        total=say.mass(1e3 * total),
        year=context.year,
        channel=context.names.channel(top),
        share=say.share(ratio(mine[top][place], total)),
    )
    factor, unit = unit_of([1e3 * sum(column) for column in zip(*mine.values(), strict=True)])
    scaled = {key: [1e3 * value / factor for value in row] for key, row in mine.items()}
    spoken = say.sentences(say("Stacked bars by channel, {unit} per year, {years}.", unit=unit, years=span(context)), finding)
    return View(
        finding,
        spoken,
        stacked(context.years, scaled, context.names.channel, say("other channels")),
        years_layout(context, context.per_year(unit)),
    )


def additionality(context: Context) -> Chart | Missing:
    """What new channels add, and what they take from older ones."""
    say, run = context.say, context.run
    question = say("Do new channels add, or only take from older ones?")
    if not run.has("collection"):
        return context.missing("additionality", question, "collection")
    diverted = run.mean("collection", ("channel",), "diverted_kg", where={"year": context.years})
    new = sorted(str(key[0]) for key, kg in diverted.items() if kg > 0)
    if not new:
        return Missing("additionality", question, say("No channel of this run diverts offers from another one."))
    where = {"channel": new, "year": context.years}
    taken = over_years(run.mean("collection", ("channel", "year"), "diverted_kg", where=where), context.years)
    offered = over_years(run.mean("collection", ("channel", "year"), "offered_kg", where=where), context.years)
    total, moved = (sum(map(sum, rows.values())) for rows in (offered, taken))
    finding = say(
        "Of {offered} offered to new channels over the run, {share} would have gone to an older channel",
        offered=say.mass(total),
        share=say.share(ratio(moved, total)),
    )
    data: list[Figure] = []
    rows: list[Row] = []
    factor, unit = unit_of([sum(column) for column in zip(*offered.values(), strict=True)])
    for place, channel in enumerate(new):
        old = [kg / 1e3 for kg in taken[channel,]]
        added = [kg / 1e3 - o for kg, o in zip(offered[channel,], old, strict=True)]
        label = context.names.channel(channel)
        parts = ((say("{channel}: added", channel=label), added), (say("{channel}: diverted", channel=label), old))
        for i, (name, tonnes) in enumerate(parts):
            bar = {"type": "bar", "name": name, "x": list(context.years), "y": [1e3 * t / factor for t in tonnes]}
            data.append({**bar, "marker": theme.fill(2 * place + i)})
        rows += [as_row(label, year, a + o, o) for year, a, o in zip(map(str, context.years), added, old, strict=True)]
    spoken = say.sentences(
        say("Stacked bars of added and diverted offers, {unit} per year, {years}.", unit=unit, years=span(context)), finding
    )
    columns = columns_of([say("Channel"), say("Year")], [say("Offered [t]"), say("of it diverted [t]")], say.number)
    table = Table(columns, tuple(rows), 2, Proof("collection", "diverted_kg", (3,), {"channel": new}, 1000.0))
    return Chart(
        "additionality",
        question,
        (),
        {"": View(finding, spoken, data, years_layout(context, context.per_year(unit)))},
        "",
        table,
        ("collection",),
        topics=("collection",),
    )


def lineage_by_channel(context: Context) -> Chart | Missing:
    """Recovered metal by the channel its devices came through."""
    say, run = context.say, context.run
    question = say("Through which channel did the recovered metal come?")
    if not run.has("lineage"):
        return context.missing("lineage", question, "lineage")
    sums = run.mean("lineage", ("metal", "channel", "year"), "recovered_kg", where={"metal": context.metals})
    series = {(str(m), str(c)): row for (m, c), row in over_years(sums, context.years).items()}
    metals = [metal for metal in context.metals if any(m == metal for m, _ in series)]
    if not metals:
        return context.missing("lineage", question, "lineage")
    views = {metal: _lineage_view(context, {c: row for (m, c), row in series.items() if m == metal}, metal) for metal in metals}
    rows = tuple(
        as_row(m, context.names.channel(c), *row)
        for (m, c), row in sorted(series.items(), key=lambda item: (metals.index(item[0][0]), item[0][1]))
    )
    columns = year_columns(context, [say("Metal"), say("Channel, kg per year")], context.years)
    proof = Proof("lineage", "recovered_kg", tuple(range(2, len(columns))), {"metal": list(metals)})
    return Chart(
        "lineage",
        question,
        (context.metal_selector(metals),),
        views,
        metals[0],
        Table(columns, rows, 2, proof),
        ("lineage",),
        topics=("collection",),
    )


def _lineage_view(context: Context, mine: Mapping[str, Sequence[float]], metal: str) -> View:
    say = context.say
    place = context.years.index(context.year)
    total = sum(row[place] for row in mine.values())
    top = max(mine, key=lambda key: mine[key][place])
    finding = say(
        "{share} of the {metal} recovered in {year} came through {channel}",
        share=say.share(ratio(mine[top][place], total)),
        metal=context.names.metal(metal),
        year=context.year,
        channel=context.names.channel(top),
    )
    if total == 0:
        finding = say("No {metal} was recovered in {year}", metal=context.names.metal(metal), year=context.year)
    factor, unit = unit_of([sum(column) for column in zip(*mine.values(), strict=True)])
    scaled = {key: [value / factor for value in row] for key, row in mine.items()}
    spoken = say.sentences(say("Stacked bars by channel, {unit} per year, {years}.", unit=unit, years=span(context)), finding)
    return View(
        finding,
        spoken,
        stacked(context.years, scaled, context.names.channel, say("other channels")),
        years_layout(context, context.per_year(unit)),
    )
