"""Charts of what holds a metal back: what one per cent more of a resource would bring, and a tonne more through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Selector, Table, View, as_row, joined
from sim.report.context import Context, over_years, unit_of
from sim.report.drawing import capital, ratio, span, stacked, years_layout


@dataclass(frozen=True, slots=True)
class Binding:
    """What binds a metal most often: the resource, in which share of months and replications, and where most of it lies."""

    resource: str
    share: float
    place: str


def bottlenecks(context: Context) -> Chart | Missing:
    """What one per cent more of each resource would bring, by year."""
    say, run = context.say, context.run
    question = say("What holds the metal back, and what would more of it bring?")
    where = {"metal": context.metals}
    if not run.has("bottlenecks") or not (gain := run.mean("bottlenecks", ("metal", "resource", "year"), "gain_kg", where=where)):
        return context.missing("bottlenecks", question, "bottlenecks")
    series = {(str(m), str(r)): row for (m, r), row in over_years(gain, context.years).items()}
    rates = _rates(context)
    metals = [m for m in context.metals if any(m == metal for metal, _ in series)]
    views = {}
    for metal in metals:
        views[joined(metal, "gain")] = _gain_view(context, metal, {r: row for (m, r), row in series.items() if m == metal})
        views[joined(metal, "rate")] = _rate_view(context, metal, {r: row for (m, r), row in rates.items() if m == metal})
    order = sorted(series, key=lambda key: (metals.index(key[0]), key[1]))
    rows = tuple(
        as_row(m, context.names.resource(r), *(value for pair in zip(series[m, r], rates[m, r], strict=True) for value in pair))
        for m, r in order
    )
    heads = [
        say("{year}: kg from 1 % more", year=y) if even else say("{year}: kg per t more", year=y)
        for y in context.years
        for even in (1, 0)
    ]
    columns = (Column(say("Metal")), Column(say("Resource")), *(Column(head, say.number) for head in heads))
    proof = Proof("bottlenecks", "gain_kg", tuple(range(2, len(columns), 2)), {"metal": list(metals)})
    shows = (("gain", say("metal from 1 % more of it")), ("rate", say("metal from one tonne more through it")))
    notes = (
        say("Gain: metal recovered more by the end of the year if there were one per cent more of the resource in every month."),
        say("Small changes only: where two resources bind together, more of one alone may bring less."),
    )
    selectors = (context.metal_selector(metals), Selector(say("Show"), shows))
    table = Table(columns, rows, 2, proof)
    topics = ("plants", "borders")
    return Chart("bottlenecks", question, selectors, views, joined(metals[0], "gain"), table, ("bottlenecks",), notes, topics)


def _rates(context: Context) -> dict[tuple[str, str], list[float]]:
    """Metal [kg] from a tonne more through each resource, by year: weighted by what goes through."""
    run, where, by = context.run, {"metal": context.metals}, ("metal", "resource", "year")
    through = run.mean("bottlenecks", by, "through_kg", where=where)
    weighted = run.mean("bottlenecks", by, "gain_kg_per_t", weight="through_kg", where=where)
    rates = {key: ratio(weighted.get(key, 0.0), kg) for key, kg in through.items()}
    return {(str(m), str(r)): row for (m, r), row in over_years(rates, context.years).items()}


def _gain_view(context: Context, metal: str, mine: Mapping[str, Sequence[float]]) -> View:
    say = context.say
    factor, unit = unit_of([sum(column) for column in zip(*mine.values(), strict=True)])
    scaled = {key: [value / factor for value in row] for key, row in mine.items()}
    finding = _finding(context, metal, mine)
    told = say.listed(
        [f"{context.names.resource(r)} {say.mass(row[context.years.index(context.year)])}" for r, row in mine.items()]
    )
    spoken = say.sentences(
        say("Stacked bars by resource, {years}. {year}: {values}.", years=span(context), year=context.year, values=told), finding
    )
    data = stacked(context.years, scaled, context.names.resource, say("other places"))
    return View(finding, spoken, data, years_layout(context, say("{metal} gained from 1 % more, {unit}", metal=metal, unit=unit)))


def _finding(context: Context, metal: str, mine: Mapping[str, Sequence[float]]) -> str:
    say, name = context.say, capital(context.names.metal(metal))
    place = context.years.index(context.year)
    top = max(mine, key=lambda resource: mine[resource][place])
    if not mine[top][place]:
        return say(
            "{metal}: a little more of any one resource would bring nothing in {year}", metal=capital(name), year=context.year
        )
    found = binding(context, metal)
    where = context.names.party(found.place) if found and found.resource == top and found.place else ""
    told = {
        "metal": capital(name),
        "year": context.year,
        "resource": context.names.resource(top),
        "gain": say.mass(mine[top][place]),
    }
    if where:
        return say("{metal}, {year}: 1 % more of {resource} would bring {gain} more, most at {place}", place=where, **told)
    return say("{metal}, {year}: 1 % more of {resource} would bring {gain} more", **told)


def _rate_view(context: Context, metal: str, mine: Mapping[str, Sequence[float]]) -> View:
    say = context.say
    shown = sorted(mine, key=lambda resource: -sum(mine[resource]))[: theme.LARGEST]
    data: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": context.names.resource(resource),
            "x": list(context.years),
            "y": list(mine[resource]),
            **theme.line(place),
        }
        for place, resource in enumerate(shown)
    ]
    place = context.years.index(context.year)
    finding = say(
        "{metal}, {year}: a tonne more through {resource} would bring {gain}",
        metal=capital(context.names.metal(metal)),
        year=context.year,
        resource=context.names.resource(shown[0]),
        gain=say.mass(mine[shown[0]][place]),
    )
    told = say.listed([f"{context.names.resource(r)} {say.mass(mine[r][place])}" for r in shown])
    spoken = say.sentences(say("Lines by resource. {year}: {values}.", year=context.year, values=told), finding)
    return View(finding, spoken, data, years_layout(context, say("kg {metal} per tonne more", metal=metal)))


def binding(context: Context, metal: str) -> Binding | None:
    """The resource that binds a metal most often; none if nothing does."""
    run = context.run
    if not run.has("bottlenecks"):
        return None
    table = run.table("bottlenecks")
    metals, resources, places = (table.coded(name) for name in ("metal", "resource", "place"))
    mine = np.array([label == metal for label in metals.labels])[metals.codes] & (table.numbers("rank") == 1)
    counts = np.bincount(resources.codes[mine], minlength=len(resources.labels))
    if not counts.sum():
        return None
    top = int(np.argmax(counts))
    where = np.bincount(places.codes[mine & (resources.codes == top)], minlength=len(places.labels))
    return Binding(str(resources.labels[top]), float(counts[top] / counts.sum()), str(places.labels[int(np.argmax(where))] or ""))
