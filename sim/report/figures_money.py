"""Charts of payments and emissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Figure, Missing, Proof, Table, View, as_row, wrapped
from sim.report.context import Context, over_years, quantiles
from sim.report.drawing import across_layout, capital, span, stacked, year_columns, years_layout

MOST_PAYMENTS = 120
SMALLEST = 0.005  # of the largest item, drawn


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
        (say("Items under half a per cent of the largest are in the table only."),),
        ("market",),
    )


def _payment_view(context: Context, year: int, paid: Mapping[tuple[object, ...], float]) -> View:
    say = context.say
    items: dict[str, float] = {}
    for (_, _, item), usd in paid.items():
        kind = str(item).partition(" of ")[0]
        items[kind] = items.get(kind, 0.0) + usd / 1e6
    least = SMALLEST * max(map(abs, items.values()))
    order = sorted((item for item, usd in items.items() if abs(usd) >= least), key=lambda item: (-abs(items[item]), item))[:14]
    names = [wrapped(capital(context.names.code(item)), 28) for item in order]
    data: list[Figure] = [
        {"type": "bar", "orientation": "h", "y": names, "x": [items[item] for item in order], "marker": theme.fill(0), "name": ""}
    ]
    most = max(items, key=lambda item: items[item])
    pairs: dict[tuple[str, str], float] = {}
    for (payer, payee, item), usd in paid.items():
        if str(item).partition(" of ")[0] == most:
            pairs[str(payer), str(payee)] = pairs.get((str(payer), str(payee)), 0.0) + usd / 1e6
    pair = max(pairs, key=lambda both: pairs[both])
    finding = say(
        "In {year} most is paid for {item}: {total} million USD, of which {usd} from {payer} to {payee}",
        year=year,
        item=context.names.code(most),
        total=say.number(items[most]),
        usd=say.number(pairs[pair]),
        payer=context.names.party(pair[0]),
        payee=context.names.party(pair[1]),
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
            "In {year} the chain emits {emitted} kt CO₂e and avoids {saved} kt CO₂e of primary production: net {net} kt",
            year=context.year,
            emitted=say.number(emitted),
            saved=say.number(saved),
            net=say.number(emitted - saved),
        )
    spoken = say.sentences(
        say("Stacked bars by stage, kilotonnes of CO2 equivalent per year, {years}.", years=span(context)), finding
    )
    data = stacked(context.years, stages, context.names.code, say("other stages"), 4)
    net = _net(context)
    data.append(_net_line(context, net))
    view = View(finding, spoken, data, years_layout(context, say("kt CO₂e per year"), barmode="relative"))
    rows = tuple(
        as_row(context.names.code(str(s)), context.names.code(str(i)), *(kg / 1e3 for kg in row))
        for (s, i), row in sorted(by_item.items(), key=str)
    )
    columns = year_columns(context, [say("Stage"), say("Item, t CO₂e per year")], context.years)
    proof = Proof("emissions", "kgco2e", tuple(range(2, len(columns))), factor=1000.0, rows=tuple(range(len(rows))))
    if avoided:
        rows = (*rows, as_row(context.names.code("avoided_primary"), "–", *(-kg / 1e3 for kg in avoided)))
    rows = (*rows, *(as_row(say("net"), p, *(1e3 * q[p] for q in net)) for p in ("p10", "p50", "p90")))
    return Chart(
        "emissions", question, (), {"": view}, "", Table(columns, rows, 2, proof), ("emissions",), (), ("processes", "market")
    )


def _net(context: Context) -> list[dict[str, float]]:
    """What the chain emits less what primary production would have emitted, by year, over replications [kt CO2e]."""
    run, none = context.run, np.zeros(context.run.replications)
    emitted = run.each("emissions", ("year",), "kgco2e")
    saved = run.each("primary", ("year",), "kgco2e") if run.has("primary") else {}
    return [quantiles((emitted.get((year,), none) - saved.get((year,), none)) / 1e6) for year in context.years]


def _net_line(context: Context, net: Sequence[Mapping[str, float]]) -> Figure:
    """The net line with its interval."""
    middle = [q["p50"] for q in net]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": context.say("net, median, line from p10 to p90"),
        "x": list(context.years),
        "y": middle,
        "line": {"color": theme.INK, "width": 2, "dash": "dot"},
        "marker": {"color": theme.INK, "symbol": "diamond", "size": 8, "line": {"width": 1, "color": "#ffffff"}},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [q["p90"] - m for q, m in zip(net, middle, strict=True)],
            "arrayminus": [m - q["p10"] for q, m in zip(net, middle, strict=True)],
            "color": theme.INK,
            "thickness": 2,
            "width": 5,
        },
    }


def _avoided(context: Context) -> list[float]:
    """What primary production of the refined metal would have emitted, by year [kgCO2e]; nothing where it is not told."""
    if not context.run.has("primary"):
        return []
    sums = context.run.mean("primary", ("year",), "kgco2e")
    return [sums.get((year,), 0.0) for year in context.years]
