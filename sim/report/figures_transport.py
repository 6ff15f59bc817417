"""Charts of trucks and of boxes at sea."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sim.report import theme
from sim.report.chart import Chart, Figure, Missing, Proof, Row, Selector, Table, View, as_row, wrapped
from sim.report.context import Context
from sim.report.drawing import across_layout, capital, columns_of, nothing, ratio, span, years_layout

MOST_LANES = 14


@dataclass(frozen=True, slots=True)
class _Work:
    """Yearly sums of one channel's fleet; `filled_t` is load times load share."""

    routes: float
    km: float
    load_t: float
    filled_t: float
    cost_usd: float
    co2_kg: float


def trucks(context: Context) -> Chart | Missing:
    """Work of the fleets by channel: routes, km and money per tonne, how full they are."""
    say, run = context.say, context.run
    question = say("How well do the trucks work?")
    if not run.has("fleet"):
        return context.missing("trucks", question, "fleet")
    work = _work(context)
    channels = sorted({channel for channel, _ in work})
    measures = _measures(context)
    views = {key: _truck_view(context, label, title, measure, work, channels) for key, (label, title, measure) in measures.items()}
    rows = tuple(
        as_row(
            context.names.channel(channel),
            str(year),
            w.routes,
            w.km,
            w.load_t,
            *(measure(w) for _, _, measure in list(measures.values())[1:]),
        )
        for (channel, year), w in sorted(work.items())
    )
    sums = [say("Routes"), "km", say("Load [t]")]
    rates = [say("km per t"), say("USD per t"), say("Load share [%]"), say("kg CO₂ per t")]
    columns = columns_of([say("Channel"), say("Year")], [*sums, *rates], say.number)
    selector = Selector(say("Show"), tuple((key, label) for key, (label, _, _) in measures.items()))
    notes = (say("All countries together. Load share: mass carried over what the routes could have carried, weighted by load."),)
    return Chart(
        "trucks",
        question,
        (selector,),
        views,
        "usd",
        Table(columns, rows, 2, Proof("fleet", "km", (3,))),
        ("fleet",),
        notes,
        ("collection",),
    )


def _work(context: Context) -> dict[tuple[str, int], _Work]:
    sums = {m: context.run.mean("fleet", ("channel", "year"), m) for m in ("routes", "km", "load_kg", "cost_usd", "co2_kg")}
    filled = context.run.mean("fleet", ("channel", "year"), "load_share", weight="load_kg")
    return {
        (str(channel), int(year)): _Work(
            routes=routes,
            km=sums["km"][channel, year],
            load_t=sums["load_kg"][channel, year] / 1e3,
            filled_t=filled[channel, year] / 1e3,
            cost_usd=sums["cost_usd"][channel, year],
            co2_kg=sums["co2_kg"][channel, year],
        )
        for (channel, year), routes in sums["routes"].items()
    }


def _measures(context: Context) -> dict[str, tuple[str, str, Callable[[_Work], float]]]:
    """Choices: label, axis title, and how to make it."""
    say = context.say
    return {
        "routes": (say("routes"), say("Routes, thousand per year"), lambda w: w.routes / 1e3),
        "km": (say("km per tonne"), say("km per t"), lambda w: ratio(w.km, w.load_t)),
        "usd": (say("USD per tonne"), say("USD per t"), lambda w: ratio(w.cost_usd, w.load_t)),
        "load": (say("load share"), say("Load share, %"), lambda w: 100 * ratio(w.filled_t, w.load_t)),
        "co2": (say("kg CO₂ per tonne"), say("kg CO₂ per t"), lambda w: ratio(w.co2_kg, w.load_t)),
    }


def _truck_view(
    context: Context,
    label: str,
    title: str,
    measure: Callable[[_Work], float],
    work: Mapping[tuple[str, int], _Work],
    channels: list[str],
) -> View:
    say = context.say
    carried = {c: sum(w.load_t for (channel, _), w in work.items() if channel == c) for c in channels}
    shown = sorted(channels, key=lambda c: (-carried[c], c))[: theme.LARGEST]
    data: list[Figure] = []
    for place, channel in enumerate(shown):
        values = [
            measure(work[channel, year]) if (channel, year) in work and work[channel, year].load_t > 0 else None
            for year in context.years
        ]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": context.names.channel(channel),
                "x": list(context.years),
                "y": values,
                **theme.line(place),
            }
        )
    now = {c: measure(work[c, context.year]) for c in shown if (c, context.year) in work and work[c, context.year].load_t > 0}
    if not now:
        return nothing(say("No truck carried anything in {year}", year=context.year))
    low, high = min(now, key=lambda c: now[c]), max(now, key=lambda c: now[c])
    finding = say(
        "{label}, {year}: from {low} ({least}) to {high} ({most})",
        label=capital(label),
        year=context.year,
        low=say.number(now[low]),
        least=context.names.channel(low),
        high=say.number(now[high]),
        most=context.names.channel(high),
    )
    listed = say.listed([f"{context.names.channel(c)} {say.number(value)}" for c, value in now.items()])
    spoken = say(
        "Lines by channel, {label}, {years}. {year}: {values}.", label=label, years=span(context), year=context.year, values=listed
    )
    return View(finding, spoken, data, years_layout(context, title, height=420))


def shipments(context: Context) -> Chart | Missing:
    """Days for consent and at sea by lane."""
    say, run = context.say, context.run
    question = say("How long do boxes wait for consent and sail?")
    if not run.has("shipments"):
        return context.missing("shipments", question, "shipments")
    by, where = ("year", "origin", "destination", "fraction"), {"year": context.chosen}
    plain = {m: run.mean("shipments", by, m, where=where) for m in ("boxes", "mass_kg", "refused", "blocked_kg")}
    days = {m: run.mean("shipments", by, m, weight="mass_kg", where=where) for m in ("consent_days", "sea_days")}
    country = context.names.country
    rows: list[Row] = []
    for key in sorted(plain["mass_kg"], key=str):
        year, origin, destination, fraction = key
        kg = plain["mass_kg"][key]
        waits = (days[m].get(key, 0.0) / kg if kg else float("nan") for m in ("consent_days", "sea_days"))
        tail = (plain["refused"].get(key, 0.0), plain["blocked_kg"].get(key, 0.0) / 1e3)
        rows.append(
            (
                country(origin),
                country(destination),
                context.names.fraction(fraction),
                str(year),
                plain["boxes"].get(key, 0.0),
                kg / 1e3,
                *waits,
                *tail,
            )
        )
    views = {str(year): _lane_view(context, year, plain, days) for year in context.chosen}
    heads = [say("From"), say("To"), say("Fraction"), say("Year")]
    measures = [say("Boxes"), say("Mass [t]"), say("Consent [days]"), say("Sea [days]"), say("Refused"), say("Blocked [t]")]
    columns = columns_of(heads, measures, say.number)
    proof = Proof("shipments", "mass_kg", (5,), {"year": list(context.chosen)}, 1000.0)
    return Chart(
        "shipments",
        question,
        (context.year_selector(),),
        views,
        str(context.year),
        Table(columns, tuple(rows), 4, proof),
        ("shipments",),
        (),
        ("borders",),
    )


def _lanes(
    year: int, plain: Mapping[str, Mapping[tuple[object, ...], float]], days: Mapping[str, Mapping[tuple[object, ...], float]]
) -> dict[tuple[str, str], list[float]]:
    """Mass [kg], and mass times days for consent and at sea, by origin and destination."""
    lanes: dict[tuple[str, str], list[float]] = {}
    for key, kg in plain["mass_kg"].items():
        if key[0] == year and kg > 0:
            row = lanes.setdefault((str(key[1]), str(key[2])), [0.0, 0.0, 0.0])
            for i, value in enumerate((kg, days["consent_days"].get(key, 0.0), days["sea_days"].get(key, 0.0))):
                row[i] += value
    return lanes


def _lane_view(
    context: Context,
    year: int,
    plain: Mapping[str, Mapping[tuple[object, ...], float]],
    days: Mapping[str, Mapping[tuple[object, ...], float]],
) -> View:
    say, country = context.say, context.names.country
    lanes = _lanes(year, plain, days)
    if not lanes:
        stopped = sum(kg for key, kg in plain["blocked_kg"].items() if key[0] == year)
        return nothing(say("Nothing crossed a border in {year}; {blocked} were held back", year=year, blocked=say.mass(stopped)))
    shown = sorted(lanes, key=lambda lane: (-lanes[lane][0], lane))[:MOST_LANES]
    names = [wrapped(f"{country(a)} → {country(b)}", 30) for a, b in shown]
    data: list[Figure] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": names,
            "x": [lanes[lane][i] / lanes[lane][0] for lane in shown],
            "marker": theme.fill(place),
        }
        for label, i, place in ((say("waiting for consent"), 1, 3), (say("port, sea and customs"), 2, 4))
    ]
    total = sum(row[0] for row in lanes.values())
    consent, sea = (sum(row[i] for row in lanes.values()) / total for i in (1, 2))
    finding = say(
        "In {year}, {mass} crossed borders; a kilogram waited {consent} for consent and spent {sea} on the way",
        year=year,
        mass=say.mass(total),
        consent=say.days(consent),
        sea=say.days(sea),
    )
    listed = say.listed([f"{country(a)} → {country(b)} {say.number(lanes[a, b][1] / lanes[a, b][0])}" for a, b in shown[:8]])
    spoken = say.sentences(say("Stacked bars of days by lane. Consent days: {values}.", values=listed), finding)
    return View(finding, spoken, data, across_layout(say("Days, mean per kilogram"), len(shown)))
