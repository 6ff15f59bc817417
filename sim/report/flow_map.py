"""Map of where each country's metal is refined, year by year; a button plays the years."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from sim.report import theme
from sim.report.chart import Chart, Figure, Missing, Proof, Selector, Table, View, as_row, joined, options
from sim.report.context import Context, over_years
from sim.report.drawing import capital, nothing, ratio, year_columns
from sim.report.flows import END_STAGE
from sim.report.maps import backdrop, border_notes, map_layout

# Where countries stand on the map; those outside the window stand at its edge (longitude, latitude).
PLACES = {
    "JPN": (138.5, 36.5),
    "BRN": (114.7, 4.5),
    "KHM": (105.0, 12.6),
    "IDN": (110.0, -7.2),
    "LAO": (102.6, 18.5),
    "MYS": (102.2, 4.0),
    "MMR": (96.0, 20.5),
    "PHL": (121.5, 14.0),
    "SGP": (103.8, 1.3),
    "THA": (100.8, 15.2),
    "TLS": (125.7, -8.8),
    "VNM": (107.0, 20.5),
    "KOR": (127.8, 36.4),
    "CHN": (111.0, 31.0),
    "IND": (80.0, 21.0),
    "AUS": (133.0, -20.0),
    "FRA": (67.0, 41.0),
    "GBR": (67.0, 45.5),
    "BEL": (67.0, 37.0),
    "DEU": (67.0, 49.0),
    "USA": (158.0, 42.0),
}
EDGE = ("FRA", "GBR", "BEL", "DEU", "USA")
WINDOW = {"lonaxis": {"range": [60, 163]}, "lataxis": {"range": [-24, 52]}}
NAMED = {
    "USA": "middle left",
    "KOR": "middle left",
    "JPN": "top right",
    "MMR": "middle left",
    "THA": "middle left",
    "LAO": "middle left",
}
WIDEST = 11.0  # line of the largest flow, in px
BEND = 0.14  # of a line's length
POINTS = 8
MOST_LINES = 12  # of a year; smaller flows are in the table


def flow_map(context: Context) -> Chart | Missing:
    """From the country of the waste to the country of the refinery, for every year."""
    say, run = context.say, context.run
    question = say("Where does each country's metal travel to be refined?")
    if not run.has("recovery"):
        return context.missing("flow-map", question, "recovery")
    fractions = context.names.codes("fractions")
    forms = [form for form in run.labels("recovery", "form") if form not in fractions]
    where = {"metal": context.headline, "stage": [END_STAGE], "form": forms}
    sums = run.mean("recovery", ("metal", "origin", "plant_country", "year"), "contained_kg", where=where)
    by_path = over_years({key: kg for key, kg in sums.items() if kg > 0}, context.years)
    if not by_path:
        return context.missing("flow-map", question, "recovery")
    views = {}
    for metal in context.headline:
        largest = max((max(row) for (m, _, _), row in by_path.items() if m == metal), default=0.0)
        for place, year in enumerate(context.years):
            paths = {(str(o), str(p)): row[place] for (m, o, p), row in by_path.items() if m == metal and row[place] > 0}
            views[joined(metal, year)] = _view(context, metal, year, paths, largest)
    country = context.names.country
    rows = tuple(as_row(str(m), country(str(o)), country(str(p)), *row) for (m, o, p), row in sorted(by_path.items(), key=str))
    columns = year_columns(context, [say("Metal"), say("Waste of"), say("Refined in, kg per year")], context.years)
    proof = Proof("recovery", "contained_kg", tuple(range(3, len(columns))), {key: list(values) for key, values in where.items()})
    notes = (
        say(
            "Lines are as wide as the flow, circles as large as what is refined in the country from its own waste; "
            "the scale of a metal is the same in every year."
        ),
        say("Countries outside the map stand at its edge. The {n} largest flows are drawn; the table has all.", n=MOST_LINES),
        border_notes(context)[0],
    )
    selectors = (context.metal_selector(context.headline), Selector(say("Year"), options(context.years)))
    table = Table(columns, rows, 3, proof)
    return Chart(
        "flow-map",
        question,
        selectors,
        views,
        joined(context.headline[0], context.year),
        table,
        ("recovery",),
        notes,
        ("plants", "borders"),
        plays=True,
    )


def _view(context: Context, metal: str, year: int, paths: Mapping[tuple[str, str], float], largest: float) -> View:
    say, country = context.say, context.names.country
    known = {pair: kg for pair, kg in paths.items() if pair[0] in PLACES and pair[1] in PLACES}
    if not known:
        return nothing(say("No {metal} was recovered in {year}", metal=context.names.metal(metal), year=year))
    colour = theme.metal_style(metal)[0]
    data: list[Figure] = [backdrop(())]
    abroad = {pair: kg for pair, kg in known.items() if pair[0] != pair[1]}
    drawn = dict(sorted(abroad.items(), key=lambda item: item[1])[-MOST_LINES:])
    for (origin, place), kg in drawn.items():
        data.append(_line(origin, place, kg, largest, colour, f"{country(origin)} → {country(place)}: {say.mass(kg)}"))
    data.append(_stays(context, {pair[0]: kg for pair, kg in known.items() if pair[0] == pair[1]}, largest, colour))
    data.append(_ends(context, {place for pair in drawn for place in pair}))
    total = sum(known.values())
    finding = say(
        "{metal}, {year}: {share} of {total} recovered is refined abroad",
        metal=capital(context.names.metal(metal)),
        year=year,
        share=say.share(ratio(sum(abroad.values()), total)),
        total=say.mass(total),
    )
    top = sorted(abroad.items(), key=lambda item: -item[1])[:6]
    listed = say.listed([f"{country(a)} → {country(b)} {say.mass(kg)}" for (a, b), kg in top]) or "–"
    spoken = say.sentences(say("Map of flows, {year}: {values}.", year=year, values=listed), finding)
    return View(finding, spoken, data, map_layout(WINDOW, {}, 520))


def _line(origin: str, place: str, kg: float, largest: float, colour: str, told: str) -> Figure:
    """A bent line, so that there and back do not lie on each other; wide by mass."""
    (x0, y0), (x1, y1) = PLACES[origin], PLACES[place]
    bend_x, bend_y = -(y1 - y0) * BEND, (x1 - x0) * BEND
    steps = [i / POINTS for i in range(POINTS + 1)]
    return {
        "type": "scattergeo",
        "mode": "lines",
        "lon": [round(x0 + (x1 - x0) * t + 4 * bend_x * t * (1 - t), 2) for t in steps],
        "lat": [round(y0 + (y1 - y0) * t + 4 * bend_y * t * (1 - t), 2) for t in steps],
        "line": {"width": round(max(1.0, WIDEST * sqrt(ratio(kg, largest))), 1), "color": theme.faint(colour, 0.75)},
        "hoverinfo": "text",
        "text": told,
        "showlegend": False,
    }


def _stays(context: Context, refined: Mapping[str, float], largest: float, colour: str) -> Figure:
    """Circles for what is refined where it was thrown away."""
    return {
        "type": "scattergeo",
        "mode": "markers",
        "lon": [PLACES[place][0] for place in refined],
        "lat": [PLACES[place][1] for place in refined],
        "text": [f"{context.names.country(place)}: {context.say.mass(kg)}" for place, kg in refined.items()],
        "hoverinfo": "text",
        "showlegend": False,
        "marker": {
            "size": [round(max(5.0, 34 * sqrt(ratio(kg, largest))), 1) for kg in refined.values()],
            "color": theme.faint(colour, 0.55),
            "line": {"width": 1, "color": colour},
        },
    }


def _ends(context: Context, places: set[str]) -> Figure:
    """Names of the countries that lines join, to the east of them; at the edges towards the middle."""
    shown = sorted(places)
    return {
        "type": "scattergeo",
        "mode": "markers+text",
        "lon": [PLACES[place][0] for place in shown],
        "lat": [PLACES[place][1] for place in shown],
        "text": [context.names.country(place) for place in shown],
        "textposition": [NAMED.get(place, "middle right") for place in shown],
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        "showlegend": False,
        "marker": {"size": 5, "color": theme.GREY, "symbol": ["diamond" if place in EDGE else "circle" for place in shown]},
    }
