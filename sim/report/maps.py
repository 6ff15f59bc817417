"""Maps drawn from shapes that travel with the report: the 12 countries, and Japan by prefecture or region."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, View, as_row, joined
from sim.report.context import FOCUS_COUNTRY, Context, over_years, unit_of
from sim.report.drawing import capital, ratio, year_columns

Ring = list[list[float]]
SMALL = {"SGP": (103.82, 1.35), "BRN": (114.7, 4.5), "TLS": (125.7, -8.8)}  # ringed, since their shapes are a few pixels wide
ASIA = {"lonaxis": {"range": [91, 147]}, "lataxis": {"range": [-12, 46]}}
BACKDROP = "rgba(128,128,128,0.22)"


@cache
def shapes(name: str) -> dict[str, Any]:
    """A GeoJSON file of `sim/data/geo`, its rings turned clockwise as Plotly's projection needs."""
    text = resources.files("sim.data").joinpath("geo", f"{name}.geojson").read_text(encoding="utf-8")
    collection: dict[str, Any] = json.loads(text)
    for feature in collection["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        feature["geometry"] = {
            "type": "MultiPolygon",
            "coordinates": [[_turned(ring, i == 0) for i, ring in enumerate(p)] for p in polygons],
        }
    return collection


def _turned(ring: Ring, clockwise: bool) -> Ring:
    area = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring))
    return ring if (area > 0) == clockwise else ring[::-1]


@dataclass(frozen=True, slots=True)
class _Measure:
    """One thing a map can show: values by country and year, and how they are written."""

    label: str
    title: str
    values: Mapping[tuple[str, int], float]
    write: Callable[[float], str]
    scale: float = 1.0
    logarithmic: bool = False


def countries(context: Context) -> Chart | Missing:
    """Map of the 12 countries: discarded mass, collection rate and recovery rate."""
    say, run = context.say, context.run
    question = say("How do the countries differ?")
    if not (run.has("arisings") and run.has("signals")):
        return context.missing("map-countries", question, "arisings" if not run.has("arisings") else "signals")
    known = {feature["id"] for feature in shapes("asia_countries")["features"]}
    places = sorted(str(c) for c in set(run.labels("arisings", "country")) if c in known)
    if not places:
        return context.missing("map-countries", question, "arisings")
    measures = _country_measures(context)
    views = {joined(key, year): _country_view(context, m, year, places) for key, m in measures.items() for year in context.chosen}
    rows: list[Row] = []
    for place in places:
        for year in context.chosen:
            rows.append(
                (
                    context.names.country(place),
                    str(year),
                    *(m.values.get((place, year), 0.0) * (1000.0 if m.logarithmic else 1.0) for m in measures.values()),
                )
            )
    first, *rates = measures.values()
    columns = (
        Column(say("Country")),
        Column(say("Year")),
        Column(say("Discarded [t]"), first.write),
        *(Column(capital(m.label), m.write) for m in rates),
    )
    proof = Proof("arisings", "mass_kg", (2,), {"country": places, "year": list(context.chosen)}, 1000.0)
    selectors = (Selector(say("Show"), tuple((key, m.label) for key, m in measures.items())), context.year_selector())
    return Chart(
        "map-countries",
        question,
        selectors,
        views,
        joined("waste", context.year),
        Table(columns, tuple(rows), 2, proof),
        ("arisings", "signals"),
        border_notes(context),
        ("arisings", "collection"),
    )


def _country_measures(context: Context) -> dict[str, _Measure]:
    say, run, metal = context.say, context.run, context.headline[0]
    waste = {(str(c), int(y)): kg / 1e6 for (c, y), kg in run.mean("arisings", ("country", "year"), "mass_kg").items()}
    steps = {
        s: run.mean("signals", ("country", "year"), f"{s}_kg", where={"metal": [metal]})
        for s in ("in_waste", "collected", "refined")
    }
    rates = {
        s: {(str(c), int(y)): ratio(steps[s].get((c, y), 0.0), kg) for (c, y), kg in steps["in_waste"].items()}
        for s in ("collected", "refined")
    }
    name = context.names.metal(metal)
    return {
        "waste": _Measure(say("discarded electronics"), "kt", waste, say.number, logarithmic=True),
        "collected": _Measure(
            say("share of {metal} in waste that formal channels collect", metal=name), "%", rates["collected"], say.share, 100.0
        ),
        "refined": _Measure(
            say("share of {metal} in waste that is recovered", metal=name), "%", rates["refined"], say.share, 100.0
        ),
    }


def _country_view(context: Context, measure: _Measure, year: int, places: Sequence[str]) -> View:
    say, names = context.say, context.names
    values = [measure.values.get((place, year), 0.0) for place in places]
    shown = [_colour_value(measure, value) for value in values]
    told = [
        f"{names.country(p)}: {measure.write(v)}{' kt' if measure.logarithmic else ''}" for p, v in zip(places, values, strict=True)
    ]
    data = [backdrop(places), _coloured("asia", places, shown, told)]
    small = [place for place in places if place in SMALL]
    if small:
        data.append(_circles(small, [shown[places.index(p)] for p in small], [told[places.index(p)] for p in small]))
    low, high = min(range(len(places)), key=values.__getitem__), max(range(len(places)), key=values.__getitem__)
    unit = " kt" if measure.logarithmic else ""
    finding = say(
        "{label}, {year}: from {low} in {least} to {high} in {most}",
        label=capital(measure.label),
        year=year,
        low=measure.write(values[low]) + unit,
        least=names.country(places[low]),
        high=measure.write(values[high]) + unit,
        most=names.country(places[high]),
    )
    spoken = say("Map of countries, {label}, {year}: {values}.", label=measure.label, year=year, values=say.listed(told))
    return View(finding, spoken, data, map_layout(ASIA, _colour_axis(measure, shown)))


def backdrop(places: Sequence[str]) -> Figure:
    """Neighbours in grey, so that the map has no holes."""
    others = [feature["id"] for feature in shapes("asia_countries")["features"] if feature["id"] not in places]
    return {
        "type": "choropleth",
        "geojson": "asia",
        "locations": others,
        "z": [0.0] * len(others),
        "showscale": False,
        "hoverinfo": "skip",
        "colorscale": [[0, BACKDROP], [1, BACKDROP]],
        "marker": {"line": {"color": "rgba(128,128,128,0.35)", "width": 0.5}},
    }


def _coloured(shape: str, places: Sequence[str], values: Sequence[float], told: Sequence[str]) -> Figure:
    """Places coloured by value."""
    return {
        "type": "choropleth",
        "geojson": shape,
        "locations": list(places),
        "z": list(values),
        "text": list(told),
        "hoverinfo": "text",
        "coloraxis": "coloraxis",
        "marker": {"line": {"color": "rgba(255,255,255,0.75)", "width": 0.6}},
    }


def _circles(places: Sequence[str], values: Sequence[float], told: Sequence[str]) -> Figure:
    """Circles in the colour of their value for places too small to see."""
    return {
        "type": "scattergeo",
        "mode": "markers",
        "lon": [SMALL[place][0] for place in places],
        "lat": [SMALL[place][1] for place in places],
        "hoverinfo": "text",
        "showlegend": False,
        "text": list(told),
        "marker": {"size": 13, "color": list(values), "coloraxis": "coloraxis", "line": {"width": 1.5, "color": "#ffffff"}},
    }


def _colour_value(measure: _Measure, value: float) -> float:
    return log10(max(value, 0.1)) if measure.logarithmic else measure.scale * value


def _colour_axis(measure: _Measure, shown: Sequence[float]) -> Figure:
    """Colours from zero to the largest value, or between powers of ten."""
    bar: Figure = {"title": {"text": measure.title}, "thickness": 12, "len": 0.8, "outlinewidth": 0}
    if not measure.logarithmic:
        return {"colorscale": theme.CIVIDIS, "cmin": 0, "cmax": max(*shown, 1e-9), "colorbar": bar}
    powers = range(floor(min(shown)), ceil(max(shown)) + 1)
    ticks = {"tickvals": list(powers), "ticktext": [f"{10.0**power:,g}" for power in powers]}
    return {"colorscale": theme.CIVIDIS, "cmin": powers[0], "cmax": powers[-1], "colorbar": {**bar, **ticks}}


def map_layout(window: Figure, axis: Figure, height: int = 520) -> Figure:
    """Layout of a map that shows `window`."""
    geo = {"visible": False, "projection": {"type": "mercator"}, "showframe": False, "resolution": 110, "scope": "world", **window}
    return {
        "height": height,
        "geo": geo,
        "coloraxis": axis,
        "margin": {"l": 0, "r": 0, "t": 4, "b": 4},
        "dragmode": False,
        "showlegend": False,
    }


def border_notes(context: Context) -> tuple[str, ...]:
    """Where shapes come from, and what circles stand for."""
    return (
        context.say(
            "Shapes: Natural Earth (public domain). Boundaries follow its de-facto view and take no position on disputed areas."
        ),
        context.say("Circles stand for countries whose shapes are too small to see."),
    )


def japan(context: Context) -> Chart | Missing:
    """Map of Japan's prefectures, or regions on the coarse grain: what is gathered there, and what metal it becomes."""
    say, run = context.say, context.run
    question = say("What does each part of Japan give?")
    where = {"country": [FOCUS_COUNTRY]}
    sums = run.mean("collection", ("zone", "year"), "collected_kg", where=where) if run.has("collection") else {}
    if not sums:
        return context.missing("map-japan", question, "collection")
    series = {str(key[0]): row for key, row in over_years(sums, context.years).items()}
    members = {zone: _members(context, zone) for zone in series}
    if not all(members.values()):
        lost = say.listed(sorted(zone for zone, ids in members.items() if not ids)[:3])
        return Missing("map-japan", question, say("This map is left out: no shapes are known for {zones}.", zones=lost))
    gives = {"devices": series, **_metal_by_zone(context, tuple(series))}
    people = {zone: _people(context, zone) for zone in series}
    views = {joined(key, y): _japan_view(context, key, y, rows, people) for key, rows in gives.items() for y in context.chosen}
    heads = {key: say("devices gathered") if key == "devices" else context.names.metal(key) for key in gives}
    columns = year_columns(context, [say("What"), say("Zone, kg per year")], context.years)
    rows = tuple(as_row(heads[key], context.names.zone(zone), *gives[key][zone]) for key in gives for zone in sorted(gives[key]))
    proof = Proof("collection", "collected_kg", tuple(range(2, len(columns))), where, rows=tuple(range(len(series))))
    shows = ((key, heads[key] if key == "devices" else say("{metal} refined from there", metal=heads[key])) for key in gives)
    selectors = (Selector(say("Show"), tuple(shows)), context.year_selector())
    sources = ("collection", "lineage") if len(gives) > 1 else ("collection",)
    table, default = Table(columns, rows, 2, proof), joined("devices", context.year)
    return Chart(
        "map-japan", question, selectors, views, default, table, sources, border_notes(context)[:1], ("collection", "plants")
    )


def _metal_by_zone(context: Context, zones: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Refined metal [kg] by headline metal, zone of the waste and year; metals of which nothing is refined are left out."""
    run = context.run
    if not run.has("lineage"):
        return {}
    sums = run.mean("lineage", ("metal", "zone", "year"), "recovered_kg", where={"metal": context.headline, "zone": zones})
    by_place = over_years(sums, context.years)
    none = [0.0] * len(context.years)
    found = {metal: {zone: by_place.get((metal, zone), none) for zone in zones} for metal in context.headline}
    return {metal: rows for metal, rows in found.items() if any(map(any, rows.values()))}


def _members(context: Context, zone: str) -> list[str]:
    """Prefectures that a zone or coarse region covers."""
    known = {feature["id"] for feature in shapes("japan_prefectures")["features"]}
    zones = context.run.entries("zones")
    if zone in zones and zones[zone].get("geo_id") in known:
        return [str(zones[zone]["geo_id"])]
    if zone in known:
        return [zone]
    found = {str(row.get("geo_id")) for row in zones.values() if isinstance(row, dict) and row.get("region") == zone}
    return sorted(found & known)


def _people(context: Context, zone: str) -> float:
    """Inhabitants of a zone or region, 0 where they are not known."""
    zones = context.run.entries("zones")
    mine = (
        [zones[zone]] if zone in zones else [row for row in zones.values() if isinstance(row, dict) and row.get("region") == zone]
    )
    counts = [count for entry in mine if isinstance(count := entry.get("population"), int | float)]
    return float(sum(counts)) if len(counts) == len(mine) else 0.0


def japan_shapes(context: Context) -> dict[str, Any]:
    """Shapes of Japan by the zones of the run: prefectures, or regions put together from them."""
    whole = {feature["id"]: feature["geometry"]["coordinates"] for feature in shapes("japan_prefectures")["features"]}
    zones = context.run.labels("collection", "zone") if context.run.has("collection") else ()
    features = []
    for zone in zones:
        members = _members(context, str(zone))
        if members:
            polygons = [[_coarse(ring) for ring in polygon] for member in members for polygon in whole[member]]
            features.append(
                {
                    "type": "Feature",
                    "id": str(zone),
                    "properties": {},
                    "geometry": {"type": "MultiPolygon", "coordinates": polygons},
                }
            )
    return {"type": "FeatureCollection", "features": features}


def _coarse(ring: Ring) -> Ring:
    """A ring to a hundredth of a degree, a kilometre, which is less than a pixel."""
    return [[round(x, 2), round(y, 2)] for x, y in ring]


def _japan_view(context: Context, key: str, year: int, series: Mapping[str, Sequence[float]], people: Mapping[str, float]) -> View:
    """Devices per person or metal per 1,000 people; whole masses where inhabitants are not known."""
    say, zone = context.say, context.names.zone
    kg = {place: row[context.years.index(year)] for place, row in series.items()}
    heads = all(people[place] for place in kg)
    each = {
        place: ratio(mass, people[place] / (1.0 if key == "devices" else 1000.0)) if heads else mass for place, mass in kg.items()
    }
    factor, mass = (1.0, "kg") if key == "devices" and heads else unit_of(list(each.values()))
    unit = mass
    if heads:
        unit = say("{unit} per person", unit=mass) if key == "devices" else say("{unit} per 1,000 people", unit=mass)
    values = {place: value / factor for place, value in sorted(each.items())}
    told = [f"{zone(place)}: {say.number(value)} {unit}" for place, value in values.items()]
    bar = {"title": {"text": unit}, "thickness": 12, "len": 0.8, "outlinewidth": 0}
    axis = {"colorscale": theme.CIVIDIS, "colorbar": bar}
    data = [_coloured("japan", list(values), list(values.values()), told)]
    low, high = min(values, key=lambda z: values[z]), max(values, key=lambda z: values[z])
    what = say("devices gathered") if key == "devices" else say("{metal} refined from there", metal=context.names.metal(key))
    finding = say(
        "{what}, {year}: from {low} {unit} in {least} to {high} in {most}",
        what=capital(what),
        year=year,
        low=say.number(values[low]),
        unit=unit,
        least=zone(low),
        high=say.number(values[high]),
        most=zone(high),
    )
    spoken = say.sentences(say("Map of Japan, {year}: {values}.", year=year, values=say.listed(told[:12])), finding)
    return View(finding, spoken, data, map_layout({"lonaxis": {"range": [126, 147]}, "lataxis": {"range": [25.5, 46]}}, axis, 560))
