"""Flow pictures: a metal through the stages of the chain, and from waste to the country that gets it."""

from __future__ import annotations

from collections.abc import Mapping

from sim.report import theme
from sim.report.chart import Chart, Figure, Missing, Proof, Table, Trusted, View, as_row, joined, layout
from sim.report.context import Context, over_years, unit_of
from sim.report.drawing import capital, nothing, ratio, year_columns
from sim.report.flows import END_STAGE, FOLDED, LOST, RANK, Links, fate_colour, fates, flows, links_by_metal, outside


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
    rows = over_years({key: kg for key, kg in flows(context).items() if key[0] in metals}, context.chosen)
    order = sorted(rows, key=lambda key: (metals.index(str(key[0])), RANK.get(str(key[1]), 99), RANK.get(str(key[2]), 99)))
    table = Table(
        year_columns(context, [say("Metal"), say("From"), say("To, kg per year")], context.chosen),
        tuple((str(m), context.names.stage(str(a)), context.names.stage(str(b)), *rows[m, a, b]) for m, a, b in order),
        3,
        Proof("flows", "mass_kg", tuple(range(3, 3 + len(context.chosen))), {key: list(values) for key, values in where.items()}),
    )
    selectors = (context.metal_selector(metals), context.year_selector())
    notes = (
        say(
            "Green is recovered formally, purple is metal of informal works, orange is lost, grey leaves the region, "
            "blue is on its way or in stock. Width is mass; a bar wider on its left than on its right keeps the difference."
        ),
        say(
            "What reaches a refinery is more than what is separated: metal in a fraction from which it cannot be recovered, "
            "such as neodymium in iron and boards, ends as slag."
        ),
        say("The picture puts places together that belong together; the table has every stage."),
    )
    return Chart(
        "sankey", question, selectors, views, joined(metals[0], context.year), table, ("flows",), notes, ("processes", "borders")
    )


def folded(links: Links) -> dict[tuple[str, str], float]:
    """Links between the places of the picture."""
    found: dict[tuple[str, str], float] = {}
    for (a, b), kg in links.items():
        pair = (FOLDED.get(a, a), FOLDED.get(b, b))
        if pair[0] != pair[1]:
            found[pair] = found.get(pair, 0.0) + kg
    return found


def _how_far(context: Context, metal: str, year: int, links: Links) -> str:
    """Which part of the metal gets to a dismantling plant, to a refinery and into metal."""
    say, beyond = context.say, outside(context)
    came, went, _ = fates(links, beyond)

    def reached(place: str) -> str:
        into = sum(kg for (a, b), kg in folded(links).items() if b == place and RANK.get(a, 99) < RANK[place])
        return say.share(min(1.0, ratio(into, came)))

    return say(
        "{metal}, {year}: {plants} reach a dismantling plant, {refineries} a refinery, {won} are recovered formally",
        metal=capital(context.names.metal(metal)),
        year=year,
        plants=reached("processing"),
        refineries=reached("refining"),
        won=say.share(ratio(went.get("metal", 0.0), came)),
    )


def _place_name(context: Context, stage: str, beyond: frozenset[str]) -> str:
    """What a place of the picture is called."""
    say = context.say
    together = {
        "vehicle": say("collection"),
        "processing": say("dismantling plants"),
        "border": say("transport of fractions"),
        "refining": say("refining"),  # short: its label stands close to the next
        "informal_processing": say("crude dismantling"),
    }
    name = together.get(stage) or context.names.stage(stage)
    return say("lost: {stage}", stage=name) if fate_colour(stage, beyond) == LOST else name


def _chain_view(context: Context, metal: str, year: int, links: Links) -> View:
    finding = _how_far(context, metal, year, links)
    say = context.say
    beyond = outside(context)
    factor, unit = unit_of(list(links.values()))
    nodes: dict[str, str] = {}
    drawn: list[tuple[str, str, float]] = []
    for (a, b), kg in sorted(folded(links).items(), key=lambda item: (RANK.get(item[0][0], 99), RANK.get(item[0][1], 99), item[0])):
        backward = RANK.get(a, 99) >= RANK.get(b, 99) and a not in beyond and b not in beyond
        source = f"{a} <" if backward else a
        name = _place_name(context, a, beyond)
        nodes.setdefault(source, say("back from: {stage}", stage=name) if backward else name)
        nodes.setdefault(b, _place_name(context, b, beyond))
        drawn.append((source, b, kg / factor))
    colours = {node: fate_colour(node, beyond) for node in nodes}
    figure = sankey_trace(nodes, drawn, colours, unit)
    told = say.listed(
        [
            f"{context.names.stage(a)} → {context.names.stage(b)} {say.mass(kg)}"
            for (a, b), kg in sorted(links.items(), key=lambda item: -item[1])[:8]
        ]
    )
    spoken = say.sentences(
        say(
            "Flow picture of {metal} in {year}. Largest flows: {values}.", metal=context.names.metal(metal), year=year, values=told
        ),
        finding,
    )
    return View(finding, spoken, [figure], layout(height=540, legend=False, margin={"l": 8, "r": 8, "t": 12, "b": 12}))


def sankey_trace(nodes: Mapping[str, str], links: list[tuple[str, str, float]], colours: Mapping[str, str], unit: str) -> Figure:
    """A Sankey trace of nodes (key -> label) and links (from, to, value in `unit`)."""
    place = {key: i for i, key in enumerate(nodes)}
    amount = Trusted("%{label}: %{value:,.3~s} " + unit + "<extra></extra>")
    return {
        "type": "sankey",
        "arrangement": "snap",
        "valuesuffix": f" {unit}",
        "textfont": {"size": 12},
        "node": {
            "label": list(nodes.values()),
            "color": [colours[key] for key in nodes],
            "pad": 14,
            "thickness": 14,
            "line": {"width": 0.5, "color": "#444"},
            "hovertemplate": amount,
        },
        "link": {
            "source": [place[a] for a, _, _ in links],
            "target": [place[b] for _, b, _ in links],
            "value": [value for _, _, value in links],
            "color": [theme.faint(colours[b], 0.38) for _, b, _ in links],
            "hovertemplate": Trusted("%{source.label} → %{target.label}: %{value:,.3~s} " + unit + "<extra></extra>"),
        },
    }


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
    rows = tuple(
        as_row(str(m), country(str(o)), country(str(p)), country(str(a)), *row)
        for (m, o, p, a), row in sorted(by_path.items(), key=str)
    )
    columns = year_columns(
        context, [say("Metal"), say("Waste of"), say("Refined in"), say("Available to, kg per year")], context.chosen
    )
    proof = Proof("recovery", "contained_kg", tuple(range(4, len(columns))), {key: list(values) for key, values in where.items()})
    selectors = (context.metal_selector(context.headline), context.year_selector())
    default = joined(context.headline[0], context.year)
    return Chart(
        "origin-flow", question, selectors, views, default, Table(columns, rows, 4, proof), ("recovery",), (), ("plants", "borders")
    )


def _origin_flow_view(context: Context, metal: str, year: int, paths: Mapping[tuple[str, str, str], float]) -> View:
    say, country = context.say, context.names.country
    if not paths:
        return nothing(say("No {metal} was recovered in {year}", metal=context.names.metal(metal), year=year))
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
        metal=capital(context.names.metal(metal)),
        year=year,
        share=say.share(ratio(abroad, total)),
        total=say.mass(total),
    )
    top = sorted(paths.items(), key=lambda item: -item[1])[:6]
    told = say.listed([f"{country(o)} → {country(p)} → {country(a)} {say.mass(kg)}" for (o, p, a), kg in top])
    spoken = say.sentences(
        say(
            "Flow picture of {metal} in {year}. Largest flows: {values}.", metal=context.names.metal(metal), year=year, values=told
        ),
        finding,
    )
    trace = sankey_trace(nodes, [(a, b, value) for (a, b), value in sorted(links.items())], colours, unit)
    return View(finding, spoken, [trace], layout(height=460, legend=False, margin={"l": 8, "r": 8, "t": 12, "b": 12}))


def _node_name(context: Context, node: str) -> str:
    say, name = context.say, context.names.country(node[1:])
    if node[0] == "1":
        return say("waste of {country}", country=name)
    return say("refined in {country}", country=name) if node[0] == "2" else say("for {country}", country=name)
