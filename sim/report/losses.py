"""Where a metal is lost, step by step."""

from __future__ import annotations

from collections.abc import Mapping

from sim.report.chart import Chart, Figure, Missing, Proof, Row, Table, Trusted, View, as_row, joined, wrapped
from sim.report.context import Context, unit_of
from sim.report.drawing import across_layout, year_columns
from sim.report.flows import (
    CRUDE,
    GONE,
    LOST,
    MOVING,
    RANK,
    STOCK,
    WON,
    Links,
    fate_colour,
    fate_sentence,
    fates,
    links_by_metal,
    outside,
)


def losses(context: Context) -> Chart | Missing:
    """From what comes in, step by step, to what is recovered."""
    say = context.say
    question = say("Where is the metal lost?")
    if not context.run.has("flows"):
        return context.missing("losses", question, "flows")
    found = links_by_metal(context)
    metals = [m for m in context.metals if all((m, year) in found for year in context.chosen)]
    if not metals:
        return context.missing("losses", question, "flows")
    views = {joined(m, year): _loss_view(context, m, year, found[m, year]) for m in metals for year in context.chosen}
    rows, proven = _loss_rows(context, metals, found)
    columns = year_columns(context, [say("Metal"), say("Step, kg per year")], context.chosen)
    takers = sorted({stage for links in found.values() for stage in fates(links, outside(context))[1]})
    proof = Proof(
        "flows",
        "mass_kg",
        tuple(range(2, len(columns))),
        {"substance": metals, "year": context.chosen, "target": takers},
        rows=proven,
    )
    selectors = (context.metal_selector(metals), context.year_selector())
    default = joined(metals[0], context.year)
    return Chart("losses", question, selectors, views, default, Table(columns, rows, 2, proof), ("flows",), (), ("processes",))


def _loss_rows(
    context: Context, metals: list[str], found: Mapping[tuple[str, int], Links]
) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    """Rows by metal: what came in, each end, what stayed; and the places of the rows that are ends."""
    rows: list[Row] = []
    proven: list[int] = []
    for metal in metals:
        told = [fates(found[metal, year], outside(context)) for year in context.chosen]
        rows.append(as_row(metal, context.say("in waste and opening stocks"), *(came for came, _, _ in told)))
        for stage in sorted({stage for _, went, _ in told for stage in went}, key=lambda stage: RANK.get(stage, 99)):
            proven.append(len(rows))
            rows.append(as_row(metal, context.names.stage(stage), *(went.get(stage, 0.0) for _, went, _ in told)))
        rows.append(as_row(metal, context.say("added to stocks on the way"), *(stayed for _, _, stayed in told)))
    return tuple(rows), tuple(proven)


def _loss_view(context: Context, metal: str, year: int, links: Links) -> View:
    say = context.say
    beyond = outside(context)
    came, went, stayed = fates(links, beyond)
    order = sorted((stage for stage in went if stage != "metal"), key=lambda stage: RANK.get(stage, 99))
    factor, unit = unit_of([came])
    steps = [(say("in waste and opening stocks"), came, 0.0, MOVING)]
    left = came
    for name, kg, colour in [
        *((context.names.stage(s), went[s], fate_colour(s, beyond)) for s in order),
        (say("added to stocks on the way"), stayed, STOCK),
    ]:
        left -= kg
        steps.append((name, kg, left, colour))
    steps.append((context.names.stage("metal"), went.get("metal", 0.0), 0.0, WON))
    names = [Trusted(f"{wrapped(name)}  <b>{say.mass(kg, came if abs(kg) > came / 1e3 else kg)}</b>") for name, kg, _, _ in steps]
    kinds = (
        (MOVING, "", say("in waste")),
        (LOST, "/", say("lost")),
        (GONE, ".", say("leaves the region")),
        (STOCK, "-", say("into stock")),
        (CRUDE, "x", say("informal metal")),
        (WON, "", say("recovered formally")),
    )
    data: list[Figure] = []
    for colour, mark, kind in kinds:
        mine = [i for i, step in enumerate(steps) if step[3] == colour]
        if mine:
            marker = {
                "color": colour,
                "line": {"width": 0.5, "color": "#444"},
                "pattern": {"shape": mark, "fillmode": "overlay", "fgcolor": "rgba(0,0,0,0.5)", "solidity": 0.2, "size": 7},
            }
            bars = {
                "y": [names[i] for i in mine],
                "x": [steps[i][1] / factor for i in mine],
                "base": [steps[i][2] / factor for i in mine],
            }
            data.append({"type": "bar", "orientation": "h", "name": kind, "hoverinfo": "y", "marker": marker, **bars})
    listed = say.listed([f"{name} {say.mass(kg)}" for name, kg, _, _ in steps])
    spoken = say("Waterfall of {metal} in {year}: {values}.", metal=context.names.metal(metal), year=year, values=listed)
    order_of = {
        "categoryorder": "array",
        "categoryarray": names,
        "autorange": "reversed",
        "ticksuffix": "\u2002",
        "gridcolor": "rgba(0,0,0,0)",
    }
    shape = across_layout(say("{metal}, {unit} per year", metal=metal, unit=unit), len(names), barmode="overlay", yaxis=order_of)
    return View(fate_sentence(context, metal, year, links), spoken, data, shape)
