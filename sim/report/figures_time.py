"""Charts of time: how long metal takes from discard to product, and what was pledged for each year beside what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, View, as_row, joined, wrapped
from sim.report.context import Context, between, unit_of
from sim.report.drawing import across_layout, capital, nothing, ratio, years_layout
from sim.report.reading import Vector

QUANTILES = ("p10", "p25", "p50", "p75", "p90")
DIGITS = 3
TREATED = "treated by new plants"
PLANTS = ("plants financed", "plants permitted", "plants built")
CRUDE = ("treated crudely", "Cu, Ni, Co and Sn in crude residue", "gold lost to crude leaching")
ADDED = (TREATED, *PLANTS, "blocked at borders", *CRUDE)  # of all countries together, the sum of them


def lead_times(context: Context) -> Chart | Missing:
    """Days from discard to metal, as boxes over what is recovered."""
    say, run = context.say, context.run
    question = say("How long from the bin to the metal?")
    where = {"metal": context.metals, "year": context.chosen}
    if not run.has("lead_times") or not run.mean("lead_times", ("metal",), "recovered_kg", where=where):
        return context.missing("lead-times", question, "lead_times")
    kg = run.mean("lead_times", ("metal", "year"), "recovered_kg", where=where)
    told = [p for p in QUANTILES if f"days_{p}" in run.table("lead_times").columns]  # runs of before tell three
    days = {p: run.mean("lead_times", ("metal", "year"), f"days_{p}", weight="recovered_kg", where=where) for p in told}
    rows: list[Row] = []
    views = {}
    for year in context.chosen:
        mine = {m: [ratio(days[p].get((m, year), 0.0), kg[m, year]) for p in told] for m in context.metals if kg.get((m, year))}
        rows += [as_row(metal, str(year), kg[metal, year], *found) for metal, found in mine.items()]
        views[str(year)] = _lead_view(context, year, {metal: dict(zip(told, found, strict=True)) for metal, found in mine.items()})
    columns = (
        Column(say("Metal")),
        Column(say("Year")),
        Column(say("Recovered [kg]"), say.number),
        *(Column(say("{p} [days]", p=p), say.number) for p in told),
    )
    proof = Proof("lead_times", "recovered_kg", (2,), {key: list(values) for key, values in where.items()})
    notes = (say("The box holds the middle half of the metal by mass, the line eight tenths of it; measured in steps of 30 days."),)
    selectors, default = (context.year_selector(),), str(context.year)
    table = Table(columns, tuple(rows), 2, proof)
    return Chart("lead-times", question, selectors, views, default, table, ("lead_times",), notes, ("collection", "borders"))


def _lead_view(context: Context, year: int, told: Mapping[str, Mapping[str, float]]) -> View:
    say = context.say
    if not told:
        return nothing(say("No metal was recovered in {year}", year=year))
    data: list[Figure] = [_box(context, metal, found) for metal, found in told.items()]
    slow, fast = max(told, key=lambda m: told[m]["p50"]), min(told, key=lambda m: told[m]["p50"])
    finding = say(
        "In {year}, half of the {slow} takes more than {most} from discard to metal; {fast} is fastest with {least}",
        year=year,
        slow=context.names.metal(slow),
        most=say.days(told[slow]["p50"]),
        fast=context.names.metal(fast),
        least=say.days(told[fast]["p50"]),
    )
    listed = say.listed([f"{metal} {say.number(found['p50'])}" for metal, found in told.items()])
    spoken = say.sentences(say("Boxes by metal, median days: {values}.", values=listed), finding)
    return View(finding, spoken, data, across_layout(say("Days from discard to metal"), len(told), legend=False))


def _box(context: Context, metal: str, found: Mapping[str, float]) -> Figure:
    """Middle half as a box, eight tenths as a line."""
    colour = theme.metal_style(metal)[0]
    return {
        "type": "box",
        "orientation": "h",
        "name": context.names.metal(metal),
        "y": [wrapped(context.names.metal(metal))],
        "q1": [found.get("p25", found["p10"])],
        "median": [found["p50"]],
        "q3": [found.get("p75", found["p90"])],
        "lowerfence": [found["p10"]],
        "upperfence": [found["p90"]],
        "line": {"color": colour, "width": 2},
        "fillcolor": theme.faint(colour, 0.3),
    }


@dataclass(frozen=True, slots=True)
class _Signal:
    """One key signal: its name, its unit, and the years of every country, shape (years, replications) each."""

    label: str
    unit: str
    scale: float
    pledged: Mapping[str, Vector]
    modelled: Mapping[str, Vector]


def key_signals(context: Context) -> Chart | Missing:
    """What was pledged for each year beside what the model delivers: plants, feed, collection, borders, contracts."""
    say, run = context.say, context.run
    question = say("Is what was pledged delivered, year by year?")
    if not run.has("key_signals"):
        return context.missing("signals", question, "key_signals")
    found = _signals(context)
    if not found:
        return context.missing("signals", question, "key_signals")
    countries = sorted({c for one in found.values() for c in one.modelled if c != "ALL"}, key=context.names.country)
    places = ("ALL", *countries)
    views = {joined(key, c): _signal_view(context, one, c) for key, one in found.items() for c in places}
    rows, proven = _signal_rows(context, found)
    heads = [Column(head) for head in (say("Signal"), say("Country"), say("Unit"), say("Year"))]
    numbers = (say("Pledged, mean"), say("Delivered, mean"), *(say("Delivered, {p}", p=p) for p in ("p10", "p50", "p90")))
    columns = (*heads, *(Column(head, say.number) for head in numbers))
    first = TREATED if TREATED in found else next(iter(found))
    wanted: dict[str, Sequence[object]] = {"signal": [first], "year": list(context.chosen)}
    proof = Proof("key_signals", "modelled", (5,), wanted, rows=proven) if first == TREATED else None
    selectors = (
        Selector(say("Signal"), tuple((key, one.label) for key, one in found.items())),
        Selector(say("Country"), tuple((c, context.names.country(c)) for c in places)),
    )
    notes = (
        say(
            "Plants are pledged for their announced dates, feed for their announced capacity, collection as what is "
            "handed over to formal channels, contracts as agreed volume. Without a pledge only what the model delivers is drawn."
        ),
    )
    table, sources = Table(columns, rows, 4, proof), ("key_signals",)
    default = joined(first, "ALL" if first in ADDED else countries[0])
    return Chart("signals", question, selectors, views, default, table, sources, notes, ("plants", "collection"))


def _signals(context: Context) -> dict[str, _Signal]:
    """Key signals that have something to show, plants first."""
    run = context.run
    table = run.table("key_signals")
    units = dict(zip(table.texts("signal"), table.texts("unit"), strict=True))
    codes = {name: table.coded(name) for name in ("signal", "country", "year")}
    replication = table.coded("replication")
    grid = np.full((2, *(len(one.labels) for one in codes.values()), run.replications), np.nan)
    at = (*(one.codes for one in codes.values()), np.asarray(replication.labels)[replication.codes])
    for i, measure in enumerate(("pledged", "modelled")):
        grid[(i, *at)] = table.numbers(measure)
    place = {year: i for i, year in enumerate(codes["year"].labels)}
    years = [place[year] for year in context.years if year in place]
    if len(years) < len(context.years):
        return {}
    found = {}
    for name in sorted(units, key=lambda name: (name != TREATED, name not in PLANTS, name.startswith("offtake"), name)):
        own = grid[:, codes["signal"].labels.index(name)][:, :, years]
        told = {str(c): own[:, i] for i, c in enumerate(codes["country"].labels) if np.nan_to_num(own[:, i]).any()}
        if told:
            found[name] = _signal(context, name, units[name], told)
    return found


def _signal(context: Context, name: str, unit: str, told: dict[str, Vector]) -> _Signal:
    """A signal in a unit that suits it, with the sum over countries where one makes sense."""
    if name in ADDED:
        sums = np.nansum(list(told.values()), axis=0)
        told["ALL"] = np.where(np.all(np.isnan(list(told.values())), axis=0), np.nan, sums)
    scale, written = {"share": (0.01, "%"), "kg": unit_of([float(np.nanmax(list(told.values())))])}.get(unit, (1.0, unit))
    word = written if unit in ("share", "kg") else context.names.code(unit)
    pledged, modelled = ({c: values[i] / scale for c, values in told.items()} for i in (0, 1))
    return _Signal(_label(context, name), word, scale, pledged, modelled)


def _label(context: Context, name: str) -> str:
    """A signal in words; the name of a metal or of a contract stays in it."""
    say = context.say
    known = {
        TREATED: say("feed of new plants"),
        "plants financed": say("plants financed"),
        "plants permitted": say("plants permitted"),
        "plants built": say("plants built"),
        "collection coverage": say("share of waste collected formally"),
        "collected over sales": say("formal collection over sales of the three years before"),
        "consent wait": say("wait for consent"),
        "blocked at borders": say("blocked at borders"),
        "treated crudely": say("devices burnt and leached in the open"),
        "Cu, Ni, Co and Sn in crude residue": say("copper, nickel, cobalt and tin left in crude residue"),
        "gold lost to crude leaching": say("gold lost to crude leaching"),
    }
    if name in known:
        return known[name]
    head, _, rest = name.partition(" ")
    if head == "offtake":
        return say("offtake: {contract}", contract=rest)
    metal = name.removeprefix("recovery rate ")
    return say("share of {metal} in waste refined", metal=context.names.metal(metal)) if metal != name else name


def _signal_rows(context: Context, found: Mapping[str, _Signal]) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """Rows of the chosen years, in the units of the table; and the places of those whose sum is proven."""
    rows, proven = list[Row](), list[int]()
    for name, one in found.items():
        for country in one.modelled:
            if country == "ALL":
                continue
            for year in context.chosen:
                place = context.years.index(year)
                pledged, modelled = (values[country][place] * one.scale for values in (one.pledged, one.modelled))
                if name == TREATED:
                    proven.append(len(rows))
                unit = {"%": context.say("share")}.get(one.unit, "kg" if one.scale != 1.0 or name == TREATED else one.unit)
                head = (one.label, context.names.country(country), unit, str(year))
                # a replication without a figure counts as nothing, so that means add up
                means = [
                    float(np.nan_to_num(values).mean()) if np.isfinite(values).any() else np.nan for values in (pledged, modelled)
                ]
                rows.append(as_row(*head, *means, *_spread(modelled)))
    return tuple(rows), tuple(proven)


def _spread(values: Vector) -> tuple[float, float, float]:
    """p10, median and p90 of the replications that tell it."""
    told = values[np.isfinite(values)].tolist()
    low, middle, high = between(told, (0.1, 0.5, 0.9)) if told else (np.nan,) * 3
    return low, middle, high


def _short(value: float) -> float:
    """A number as a line needs it; the table has its digits."""
    return float(f"{value:.{DIGITS}g}")


def _signal_view(context: Context, one: _Signal, country: str) -> View:
    say, name = context.say, context.names.country(country)
    if country not in one.modelled:
        if country == "ALL":
            return nothing(say("{signal}: countries are not added up; choose one", signal=capital(one.label)))
        return nothing(say("{signal}: nothing is told of {country}", signal=capital(one.label), country=name))
    years = list(context.years)
    low, middle, high = zip(*(map(_short, _spread(values)) for values in one.modelled[country]), strict=True)
    pledged = [_short(_spread(values)[1]) for values in one.pledged[country]]
    edge = {"type": "scatter", "mode": "lines", "x": years, "hoverinfo": "skip", "line": {"width": 0, "color": theme.GREEN}}
    line = {"type": "scatter", "mode": "lines+markers", "x": years}
    data: list[Figure] = [
        {**edge, "y": list(low), "showlegend": False},
        {
            **edge,
            "y": list(high),
            "fill": "tonexty",
            "fillcolor": theme.faint(theme.GREEN, 0.22),
            "name": say("80 % of replications"),
        },
        {**line, "y": pledged, "name": say("pledged"), **_style(theme.ORANGE, "square", "dash")},
        {**line, "y": list(middle), "name": say("delivered, median"), **_style(theme.GREEN, "circle", "solid")},
    ]
    finding = _signal_finding(context, one, name, pledged[-1], middle[-1])
    listed = say.listed([f"{y} {say.number(v)}" for y, v in zip(years, middle, strict=True) if y in context.chosen])
    spoken = say.sentences(say("Lines by year, {label}. Delivered, median: {values}.", label=one.label, values=listed), finding)
    return View(finding, spoken, data, years_layout(context, f"{capital(one.label)}, {one.unit}", height=400))


def _style(colour: str, marker: str, dash: str) -> Figure:
    return {"line": {"color": colour, "dash": dash, "width": 2.5}, "marker": {"symbol": marker, "size": 7, "color": colour}}


def _signal_finding(context: Context, one: _Signal, country: str, pledged: float, delivered: float) -> str:
    """What comes in the last year, beside the pledge where there is one."""
    say = context.say
    told = {
        "signal": capital(one.label),
        "country": country,
        "year": context.years[-1],
        "delivered": say.number(delivered),
        "unit": one.unit,
    }
    if not np.isfinite(pledged):
        return say("{signal}, {country}: {delivered} {unit} in {year}", **told)
    return say("{signal}, {country}: {delivered} of {pledged} {unit} pledged for {year}", pledged=say.number(pledged), **told)
