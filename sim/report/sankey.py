"""Flow pictures: a metal through the stages of the chain, and from waste to the country that gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Table, Trusted, View, joined, layout, wrapped
from sim.report.context import Context, over_years, unit_of
from sim.report.drawing import across_layout, capital, ratio, year_columns

# Left to right; a link against this order is drawn from a second node of its source.
ORDER = (
    "opening", "discard", "manufacturing_scrap", "exported_for_reuse", "second_life", "reused", "waiting", "hoarded", "mixed_waste", "vehicle", "informal_residue",
    "informal_metal", "depot", "informal_yard", "informal_processing", "informal_store", "linehaul", "yard", "processing", "landfill", "other_recycling", "residue", "store", "leakage", "stockpile", "border", "refused", "port", "sea",
    "refinery_yard", "refining", "slag", "product_store", "metal",
)  # fmt: skip
RANK = {stage: place for place, stage in enumerate(ORDER)}
END_STAGE = "refining"  # of fractions; what comes after it (oxide to metal) would count the same metal again
# The picture puts places together that belong together; the table has them apart.
FOLDED = {
    "depot": "vehicle", "linehaul": "vehicle", "yard": "processing", "port": "border", "sea": "border", "refinery_yard": "refining", "product_store": "refining",
    "informal_yard": "informal_processing", "informal_store": "informal_processing",
}  # fmt: skip
LEFT = ("exported_for_reuse", "leakage", "other_recycling", "second_life", "reused")
WON, LOST, GONE, MOVING, STOCK = theme.GREEN, theme.VERMILION, theme.GREY, theme.BLUE, theme.SKY
Links = Mapping[tuple[str, str], float]


def ends(links: Links) -> tuple[set[str], set[str]]:
    """Stages that only give, and stages that only take."""
    sources, targets = {a for a, _ in links}, {b for _, b in links}
    return sources - targets, targets - sources


def fates(links: Links) -> tuple[float, dict[str, float], float]:
    """What came in, what went to each end, and what stayed inside: in = ends + stayed."""
    giving, taking = ends(links)
    came = sum(kg for (a, _), kg in links.items() if a in giving)
    went: dict[str, float] = {}
    for (_, b), kg in links.items():
        if b in taking:
            went[b] = went.get(b, 0.0) + kg
    return came, went, came - sum(went.values())


def links_by_metal(context: Context) -> dict[tuple[str, int], dict[tuple[str, str], float]]:
    """Mean flows [kg] between stages by metal and chosen year, all countries together."""
    found: dict[tuple[str, int], dict[tuple[str, str], float]] = {}
    for (metal, source, target, year), kg in _flows(context).items():
        if source != target and kg > 0:
            found.setdefault((str(metal), int(year)), {})[str(source), str(target)] = kg
    return found


def _flows(context: Context) -> dict[tuple[Any, ...], float]:
    where = {"substance": context.metals, "year": context.chosen}
    return context.run.mean("flows", ("substance", "source", "target", "year"), "mass_kg", where=where)


def chain(context: Context) -> Chart | Missing:
    """A metal from discard to refined metal and to its losses."""
    say = context.say
    question = say("Where does the metal go, stage by stage?")
    if not context.run.has("flows"):
        return context.missing("sankey", question, "flows")
    found = links_by_metal(context)
    metals = [m for m in context.metals if all((m, year) in found for year in context.chosen)]
    if not metals:
        return context.missing("sankey", question, "flows")
    views = {joined(m, year): _chain_view(context, m, year, found[m, year]) for m in metals for year in context.chosen}
    where = {"substance": metals, "year": context.chosen}
    rows = over_years({key: kg for key, kg in _flows(context).items() if key[0] in metals}, context.chosen)
    order = sorted(rows, key=lambda key: (metals.index(str(key[0])), RANK.get(str(key[1]), 99), RANK.get(str(key[2]), 99)))
    table = Table(
        year_columns(context, [say("Metal"), say("From"), say("To, kg per year")], context.chosen),
        tuple((str(m), context.names.stage(str(a)), context.names.stage(str(b)), *rows[m, a, b]) for m, a, b in order), 3,
        Proof("flows", "mass_kg", tuple(range(3, 3 + len(context.chosen))), {key: list(values) for key, values in where.items()}),
    )  # fmt: skip
    selectors = (context.metal_selector(metals), context.year_selector())
    notes = (
        say("Green ends as metal, orange is lost, grey leaves the region, blue is on its way or in stock. Width is mass; a bar wider on its left than on its right keeps the difference."),
        say("The picture puts places together that belong together; the table has every stage."),
    )
    return Chart("sankey", question, selectors, views, joined(metals[0], context.year), table, ("flows",), notes, ("processes", "borders"))


def folded(links: Links) -> dict[tuple[str, str], float]:
    """Links between the places of the picture."""
    found: dict[tuple[str, str], float] = {}
    for (a, b), kg in links.items():
        pair = (FOLDED.get(a, a), FOLDED.get(b, b))
        if pair[0] != pair[1]:
            found[pair] = found.get(pair, 0.0) + kg
    return found


def _place_name(context: Context, stage: str, taking: set[str]) -> str:
    """What a place of the picture is called."""
    say = context.say
    together = {
        "vehicle": say("collection and transport"), "processing": say("dismantling plants"), "border": say("borders and sea"), "refining": say("refineries"),
        "informal_processing": say("crude dismantling"),
    }  # fmt: skip
    name = together.get(stage) or context.names.stage(stage)
    return say("lost: {stage}", stage=name) if _colour(stage, taking) == LOST else name


def _chain_view(context: Context, metal: str, year: int, links: Links) -> View:
    finding = fate_sentence(context, metal, year, links)
    say = context.say
    giving, taking = ends(links)
    factor, unit = unit_of(list(links.values()))
    nodes: dict[str, str] = {}
    drawn: list[tuple[str, str, float]] = []
    for (a, b), kg in sorted(folded(links).items(), key=lambda item: (RANK.get(item[0][0], 99), RANK.get(item[0][1], 99), item[0])):
        backward = RANK.get(a, 99) >= RANK.get(b, 99) and a not in giving and b not in taking
        source = f"{a} <" if backward else a
        name = _place_name(context, a, taking)
        nodes.setdefault(source, say("back from: {stage}", stage=name) if backward else name)
        nodes.setdefault(b, _place_name(context, b, taking))
        drawn.append((source, b, kg / factor))
    colours = {node: _colour(node, taking) for node in nodes}
    figure = sankey_trace(nodes, drawn, colours, unit)
    told = say.listed([f"{context.names.stage(a)} → {context.names.stage(b)} {say.mass(kg)}" for (a, b), kg in sorted(links.items(), key=lambda item: -item[1])[:8]])
    spoken = say.sentences(say("Flow picture of {metal} in {year}. Largest flows: {values}.", metal=context.names.metal(metal), year=year, values=told), finding)
    return View(finding, spoken, [figure], layout(height=540, legend=False, margin={"l": 8, "r": 8, "t": 12, "b": 12}))


def _colour(node: str, taking: set[str]) -> str:
    if node in ("metal", "informal_metal"):
        return WON
    if node not in taking:
        return MOVING
    return GONE if node in LEFT else STOCK if node in ("hoarded", "stockpile") else LOST


def sankey_trace(nodes: Mapping[str, str], links: list[tuple[str, str, float]], colours: Mapping[str, str], unit: str) -> Figure:
    """A Sankey trace of nodes (key -> label) and links (from, to, value in `unit`)."""
    place = {key: i for i, key in enumerate(nodes)}
    amount = Trusted("%{label}: %{value:,.3~s} " + unit + "<extra></extra>")
    return {
        "type": "sankey",
        "arrangement": "snap",
        "valuesuffix": f" {unit}",
        "textfont": {"size": 12},
        "node": {"label": list(nodes.values()), "color": [colours[key] for key in nodes], "pad": 14, "thickness": 14, "line": {"width": 0.5, "color": "#444"}, "hovertemplate": amount},
        "link": {
            "source": [place[a] for a, _, _ in links], "target": [place[b] for _, b, _ in links], "value": [value for _, _, value in links],
            "color": [_translucent(colours[b]) for _, b, _ in links],
            "hovertemplate": Trusted("%{source.label} → %{target.label}: %{value:,.3~s} " + unit + "<extra></extra>"),
        },
    }  # fmt: skip


def _translucent(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.38)"


def fate_sentence(context: Context, metal: str, year: int, links: Links) -> str:
    """What part of the metal was recovered, and where most of the rest went."""
    say = context.say
    came, went, _ = fates(links)
    won = went.get("metal", 0.0)
    lost = {stage: kg for stage, kg in went.items() if _colour(stage, set(went)) == LOST}
    name = capital(context.names.metal(metal))
    if not lost:
        return say("{metal}: {won} of {came} became metal in {year}", metal=name, won=say.mass(won), came=say.mass(came), year=year)
    worst = max(lost, key=lambda stage: lost[stage])
    return say(
        "{metal}: {won} of {came} became metal in {year}; the largest loss is {stage} with {share}",
        metal=name, won=say.mass(won), came=say.mass(came), year=year, stage=context.names.stage(worst), share=say.share(ratio(lost[worst], came)),
    )  # fmt: skip


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
    takers = sorted({stage for links in found.values() for stage in ends(links)[1]})
    proof = Proof("flows", "mass_kg", tuple(range(2, len(columns))), {"substance": metals, "year": context.chosen, "target": takers}, rows=proven)
    selectors = (context.metal_selector(metals), context.year_selector())
    default = joined(metals[0], context.year)
    return Chart("losses", question, selectors, views, default, Table(columns, rows, 2, proof), ("flows",), (), ("processes",))


def _loss_rows(context: Context, metals: list[str], found: Mapping[tuple[str, int], Links]) -> tuple[tuple[tuple[str | float, ...], ...], tuple[int, ...]]:
    """Rows by metal: what came in, each end, what stayed; and the places of the rows that are ends."""
    rows: list[tuple[str | float, ...]] = []
    proven: list[int] = []
    for metal in metals:
        told = [fates(found[metal, year]) for year in context.chosen]
        rows.append((metal, context.say("in waste and opening stocks"), *(came for came, _, _ in told)))
        for stage in sorted({stage for _, went, _ in told for stage in went}, key=lambda stage: RANK.get(stage, 99)):
            proven.append(len(rows))
            rows.append((metal, context.names.stage(stage), *(went.get(stage, 0.0) for _, went, _ in told)))
        rows.append((metal, context.say("added to stocks on the way"), *(stayed for _, _, stayed in told)))
    return tuple(rows), tuple(proven)


def _loss_view(context: Context, metal: str, year: int, links: Links) -> View:
    say = context.say
    came, went, stayed = fates(links)
    _, taking = ends(links)
    order = sorted((stage for stage in went if stage != "metal"), key=lambda stage: RANK.get(stage, 99))
    factor, unit = unit_of([came])
    steps = [(say("in waste and opening stocks"), came, 0.0, MOVING)]
    left = came
    for name, kg, colour in [*((context.names.stage(s), went[s], _colour(s, taking)) for s in order), (say("added to stocks on the way"), stayed, STOCK)]:
        left -= kg
        steps.append((name, kg, left, colour))
    steps.append((context.names.stage("metal"), went.get("metal", 0.0), 0.0, WON))
    names = [Trusted(f"{wrapped(name)}  <b>{say.mass(kg, came if abs(kg) > came / 1e3 else kg)}</b>") for name, kg, _, _ in steps]
    kinds = ((MOVING, "", say("in waste")), (LOST, "/", say("lost")), (GONE, ".", say("leaves the region")), (STOCK, "-", say("into stock")), (WON, "", say("metal")))
    data: list[Figure] = []
    for colour, mark, kind in kinds:
        mine = [i for i, step in enumerate(steps) if step[3] == colour]
        if mine:
            marker = {"color": colour, "line": {"width": 0.5, "color": "#444"}, "pattern": {"shape": mark, "fillmode": "overlay", "fgcolor": "rgba(0,0,0,0.5)", "solidity": 0.2, "size": 7}}
            bars = {"y": [names[i] for i in mine], "x": [steps[i][1] / factor for i in mine], "base": [steps[i][2] / factor for i in mine]}
            data.append({"type": "bar", "orientation": "h", "name": kind, "hoverinfo": "y", "marker": marker, **bars})
    listed = say.listed([f"{name} {say.mass(kg)}" for name, kg, _, _ in steps])
    spoken = say("Waterfall of {metal} in {year}: {values}.", metal=context.names.metal(metal), year=year, values=listed)
    order_of = {"categoryorder": "array", "categoryarray": names, "autorange": "reversed", "ticksuffix": "\u2002", "gridcolor": "rgba(0,0,0,0)"}
    shape = across_layout(say("{metal}, {unit} per year", metal=metal, unit=unit), len(names), barmode="overlay", yaxis=order_of)
    return View(fate_sentence(context, metal, year, links), spoken, data, shape)


def origin_to_user(context: Context) -> Chart | Missing:
    """From the country of the waste over the country of the refinery to the country that gets the metal."""
    say, run = context.say, context.run
    question = say("From whose waste, refined where, for whose industry?")
    if not run.has("recovery"):
        return context.missing("origin-flow", question, "recovery")
    fractions = context.names.codes("fractions")
    forms = [form for form in run.labels("recovery", "form") if form not in fractions]
    where = {"metal": context.headline, "year": context.chosen, "stage": [END_STAGE], "form": forms}
    sums = run.mean("recovery", ("metal", "origin", "plant_country", "available_to", "year"), "contained_kg", where=where)
    by_path = over_years({key: kg for key, kg in sums.items() if kg > 0}, context.chosen)
    if not by_path:
        return context.missing("origin-flow", question, "recovery")
    views = {}
    for metal in context.headline:
        for place, year in enumerate(context.chosen):
            paths = {(str(o), str(p), str(a)): row[place] for (m, o, p, a), row in by_path.items() if m == metal and row[place] > 0}
            views[joined(metal, year)] = _origin_flow_view(context, metal, year, paths)
    country = context.names.country
    rows = tuple((str(m), country(str(o)), country(str(p)), country(str(a)), *row) for (m, o, p, a), row in sorted(by_path.items(), key=str))
    columns = year_columns(context, [say("Metal"), say("Waste of"), say("Refined in"), say("Available to, kg per year")], context.chosen)
    proof = Proof("recovery", "contained_kg", tuple(range(4, len(columns))), {key: list(values) for key, values in where.items()})
    selectors = (context.metal_selector(context.headline), context.year_selector())
    default = joined(context.headline[0], context.year)
    return Chart("origin-flow", question, selectors, views, default, Table(columns, rows, 4, proof), ("recovery",), (), ("plants", "borders"))


def _origin_flow_view(context: Context, metal: str, year: int, paths: Mapping[tuple[str, str, str], float]) -> View:
    say, country = context.say, context.names.country
    if not paths:
        finding = say("No {metal} was recovered in {year}", metal=context.names.metal(metal), year=year)
        return View(finding, finding, [sankey_trace({}, [], {}, "kg")], layout(height=160, legend=False))
    factor, unit = unit_of(list(paths.values()))
    links: dict[tuple[str, str], float] = {}
    for (origin, place, user), kg in paths.items():
        for pair in ((f"1{origin}", f"2{place}"), (f"2{place}", f"3{user}")):
            links[pair] = links.get(pair, 0.0) + kg / factor
    nodes = {node: _node_name(context, node) for node in sorted({node for pair in links for node in pair})}
    colours = {node: {"1": theme.BLUE, "2": theme.ORANGE, "3": theme.GREEN}[node[0]] for node in nodes}
    total = sum(paths.values())
    abroad = sum(kg for (origin, place, _), kg in paths.items() if origin != place)
    finding = say(
        "{metal} in {year}: {share} of {total} recovered is refined outside the country of the waste",
        metal=capital(context.names.metal(metal)), year=year, share=say.share(ratio(abroad, total)), total=say.mass(total),
    )  # fmt: skip
    top = sorted(paths.items(), key=lambda item: -item[1])[:6]
    told = say.listed([f"{country(o)} → {country(p)} → {country(a)} {say.mass(kg)}" for (o, p, a), kg in top])
    spoken = say.sentences(say("Flow picture of {metal} in {year}. Largest flows: {values}.", metal=context.names.metal(metal), year=year, values=told), finding)
    trace = sankey_trace(nodes, [(a, b, value) for (a, b), value in sorted(links.items())], colours, unit)
    return View(finding, spoken, [trace], layout(height=460, legend=False, margin={"l": 8, "r": 8, "t": 12, "b": 12}))


def _node_name(context: Context, node: str) -> str:
    say, name = context.say, context.names.country(node[1:])
    if node[0] == "1":
        return say("waste of {country}", country=name)
    return say("refined in {country}", country=name) if node[0] == "2" else say("for {country}", country=name)
