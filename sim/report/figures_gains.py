"""Charts of who gains, which plants pay, and what patience and fleets change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, View, as_row, clipped, joined, wrapped
from sim.report.context import FOCUS_COUNTRY, Context, quantiles
from sim.report.drawing import across_layout, capital, columns_of, nothing, whiskers
from sim.report.reading import Vector

MOST_PLANTS = 24
RETURNS = ("hurdle_share", "expected_irr_share", "irr_share")
SUMS = ("npv_usd", "capex_usd", "grant_usd")
RATES = ("cost_usd_per_kg", "value_usd_per_kg")
CASES = ("as_given", "patience_3_days", "patience_14_days", "patience_90_days", "half_the_vehicles", "unlimited")


@dataclass(frozen=True, slots=True)
class _Show:
    """One thing a chart can show: its name, axis title, unit factor, how it is written and the unit in words."""

    label: str
    title: str
    factor: float
    write: Callable[[float], str]
    unit: str = ""


def who_gains(context: Context) -> Chart | Missing:
    """Money, work and residues by country, with intervals; in alphabetical order, no ranking."""
    say, run = context.say, context.run
    question = say("Who gains, and who keeps the residues?")
    if not run.has("gains"):
        return context.missing("gains", question, "gains")
    shows = {
        "earned_usd": _Show(say("money earned"), say("Million USD per year"), 1e6, say.number, say("million USD")),
        "jobs_fte": _Show(say("jobs"), say("Full-time jobs"), 1.0, say.number, say("full-time jobs")),
        "residue_kg": _Show(say("residues"), say("Residues, kt per year"), 1e6, say.number, "kt"),
        "public_usd": _Show(say("public money spent"), say("Million USD per year"), 1e6, say.number, say("million USD")),
    }
    if "stockpile_usd" in run.table("gains").columns:
        label = say("paid for the national stock")
        shows["stockpile_usd"] = _Show(label, say("Million USD per year"), 1e6, say.number, say("million USD"))
    where = {"metal": ["total"], "year": context.chosen}
    sums = {key: run.each("gains", ("country", "year"), key, where=where) for key in shows}
    countries = sorted({str(c) for kg in sums.values() for (c, _), values in kg.items() if values.any()}, key=context.names.country)
    if not countries:
        return context.missing("gains", question, "gains")
    views, rows = {}, list[Row]()
    none = np.zeros(run.replications)
    for key, show in shows.items():
        for year in context.chosen:
            told = {c: quantiles(sums[key].get((c, year), none) / show.factor) for c in countries}
            views[joined(key, year)] = _gain_view(context, show, year, told)
            rows += [
                as_row(show.label, str(year), context.names.country(c), *(q[k] for k in ("mean", "p10", "p50", "p90")))
                for c, q in told.items()
            ]
    proven = tuple(i for i, row in enumerate(rows) if row[0] == shows["residue_kg"].label)
    proof = Proof("gains", "residue_kg", (3,), {"metal": ["total"], "year": list(context.chosen)}, 1e6, proven)
    heads = [say("What, in the unit of its chart"), say("Year"), say("Country")]
    columns = columns_of(heads, [say("Mean"), "p10", "p50", "p90"], say.number)
    notes = (
        say("Earned: what comes into the country's chain from buyers and other countries, less what goes out to others."),
        say("Countries in alphabetical order; intervals that overlap do not say which country is ahead."),
    )
    selectors = (Selector(say("Show"), tuple((key, show.label) for key, show in shows.items())), context.year_selector())
    table = Table(columns, tuple(rows), 3, proof)
    default = joined("earned_usd", context.year)
    return Chart("gains", question, selectors, views, default, table, ("gains",), notes, ("collection", "plants"))


def _gain_view(context: Context, show: _Show, year: int, told: Mapping[str, Mapping[str, float]]) -> View:
    say, country = context.say, context.names.country
    points = whiskers([wrapped(country(c)) for c in told], list(told.values()), say("median, line from p10 to p90"))
    top = max(told, key=lambda c: told[c]["p50"])
    finding = say(
        "{label}, {year}: most in {country}, {median} ({low} to {high}) {unit}",
        label=capital(show.label),
        year=year,
        median=show.write(told[top]["p50"]),
        country=country(top),
        low=show.write(told[top]["p10"]),
        high=show.write(told[top]["p90"]),
        unit=show.unit,
    )
    listed = say.listed([f"{country(c)} {show.write(q['p50'])}" for c, q in told.items()])
    spoken = say.sentences(say("Points with intervals by country, {label}: {values}.", label=show.label, values=listed), finding)
    return View(finding, spoken, [points], across_layout(show.title, len(told), xaxis={"rangemode": "normal"}))


def pays(context: Context) -> Chart | Missing:
    """Return of new plants as expected and as it came, beside what their owners ask for."""
    say, run = context.say, context.run
    question = say("Which new plants pay?")
    if not run.has("finance"):
        return context.missing("finance", question, "finance")
    table = run.table("finance")
    plants = np.array(table.texts("plant"))
    columns = {name: table.numbers(name) for name in (*RETURNS, *SUMS, *RATES, "cleared")}
    listed = sorted(set(plants.tolist()))
    found = {plant: {name: _finite(values[plants == plant]) for name, values in columns.items()} for plant in listed}
    shown = [plant for plant, told in found.items() if told["irr_share"].size or told["expected_irr_share"].size][:MOST_PLANTS]
    if not shown:
        return Missing("finance", question, say("This run tells no return of a new plant: none was left to finance."))
    view = _pays_view(context, {plant: found[plant] for plant in shown})
    rows = tuple(as_row(context.names.party(plant), *_plant_numbers(told, run.replications)) for plant, told in found.items())
    shares = [say("Cleared its hurdle"), say("Hurdle"), say("Expected return"), say("Return")]
    money = [say("Value now, million USD"), say("Invested, million USD"), say("Grants, million USD")]
    rates = [say("Cost, USD per kg"), say("Value, USD per kg")]
    heads = (Column(say("Plant")), *(Column(h, say.share) for h in shares), *(Column(h, say.number) for h in (*money, *rates)))
    notes = (
        say("Returns are of the project, medians of the replications in which it was financed; p10 to p90 as lines."),
        say("Cost and value are levelised over the tracked metals that the plant sells, to the end of the run."),
        say(
            "Expected: as loaded as planned and as rich as its routes would feed it if all waste were collected. "
            "Magnet plants stand or fall with the share of magnet in that feed."
        ),
    )
    proof = Proof("finance", "grant_usd", (7,), factor=1e6)
    sources = ("finance",)
    return Chart("finance", question, (), {"": view}, "", Table(heads, rows, 1, proof), sources, notes, ("plants", "market"))


def _finite(values: Vector) -> Vector:
    return values[np.isfinite(values)]


def _plant_numbers(told: Mapping[str, Vector], replications: int) -> tuple[float, ...]:
    """Share of replications that cleared it, medians of returns, mean sums in million USD, median unit cost and value."""
    returns, rates = ([_median(told[name]) for name in names] for names in (RETURNS, RATES))
    sums = [float(told[name].sum()) / replications / 1e6 for name in SUMS]
    cleared = float(told["cleared"].mean()) if told["cleared"].size else float("nan")
    return cleared, *returns, *sums, *rates


def _median(values: Vector) -> float:
    return float(np.median(values)) if values.size else float("nan")


def _pays_view(context: Context, found: Mapping[str, Mapping[str, Vector]]) -> View:
    say = context.say
    data: list[Figure] = []
    kinds = ((say("expected"), "expected_irr_share", theme.SKY), (say("as it came"), "irr_share", theme.BLUE))
    for label, name, colour in kinds:
        mine = {plant: quantiles(100 * told[name]) for plant, told in found.items() if told[name].size}
        data.append(whiskers([wrapped(clipped(context.names.party(p), 44), 30) for p in mine], list(mine.values()), label, colour))
    hurdles = {plant: 100 * float(np.median(told["hurdle_share"])) for plant, told in found.items() if told["hurdle_share"].size}
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": say("what its owners ask for"),
            "y": [wrapped(clipped(context.names.party(p), 44), 30) for p in hurdles],
            "x": list(hurdles.values()),
            "marker": {"symbol": "line-ns-open", "size": 16, "color": theme.VERMILION, "line": {"width": 3}},
        }
    )
    returns = {p: _median(told["irr_share"]) for p, told in found.items() if told["irr_share"].size}
    above = sum(1 for p, value in returns.items() if 100 * value >= hurdles.get(p, 0.0))
    finding = say("{n} of {all} new plants return what their owners ask for", n=above, all=len(found))
    listed = say.listed([f"{context.names.party(p)} {say.share(value)}" for p, value in returns.items()]) or "–"
    spoken = say.sentences(say("Points with intervals by plant, return to the end of the run: {values}.", values=listed), finding)
    shape = across_layout(say("Return of the project, % a year"), len(found), xaxis={"rangemode": "normal"})
    return View(finding, spoken, data, shape)


def patience(context: Context) -> Chart | Missing:
    """What other patience of people and half of the vehicles would change."""
    say, run = context.say, context.run
    question = say("What if people waited longer, or half of the trucks were gone?")
    if not run.has("capacity_cases"):
        return context.missing("patience", question, "capacity_cases")
    shows = {
        "collected_share": _Show(say("share gathered"), say("Gathered, % of what is offered"), 0.01, say.share),
        "wait_days_mean": _Show(say("mean wait"), say("Mean wait of what was gathered, days"), 1.0, say.number),
        "nd_collected_kg": _Show(say("neodymium gathered"), say("Neodymium gathered in three years, t"), 1e3, say.mass),
        "nd_available_kg": _Show(say("neodymium available"), say("Neodymium its industry gets in three years, t"), 1e3, say.mass),
    }
    where = {"channel": ["all"]}
    found = {key: run.mean("capacity_cases", ("country", "case"), key, where=where) for key in shows}
    cases = [case for case in CASES if any(key[1] == case for key in found["collected_share"])]
    countries = sorted({str(key[0]) for key in found["collected_share"]}, key=context.names.country)
    if not cases or not countries:
        return context.missing("patience", question, "capacity_cases")
    names = _case_names(context)
    views = {}
    for key, show in shows.items():
        for country in countries:
            told = {case: found[key].get((country, case), float("nan")) for case in cases}
            known = {case: value for case, value in told.items() if value}
            views[joined(key, country)] = _case_view(context, show, country, known, names)
    rows = tuple(
        as_row(context.names.country(c), names[case], *(found[key].get((c, case), float("nan")) for key in shows))
        for c in countries
        for case in cases
    )
    heads = [say("Gathered share"), say("Mean wait, days"), say("Nd gathered [kg]"), say("Nd available [kg]")]
    columns = columns_of([say("Country"), say("Case")], heads, say.number)
    proof = Proof("capacity_cases", "nd_collected_kg", (4,), {"channel": ["all"], "case": cases}, 1.0 / run.replications)
    notes = (
        say(
            "The first three years of the first draw, run again with everything else the same. How long people wait before they "
            "give up is an assumption of this project (grade D)."
        ),
    )
    places = Selector(say("Country"), tuple((c, context.names.country(c)) for c in countries))
    selectors = (Selector(say("Show"), tuple((key, show.label) for key, show in shows.items())), places)
    default = joined("collected_share", FOCUS_COUNTRY if FOCUS_COUNTRY in countries else countries[0])
    table = Table(columns, rows, 2, proof)
    return Chart("patience", question, selectors, views, default, table, ("capacity_cases",), notes, ("collection",))


def _case_names(context: Context) -> dict[str, str]:
    say = context.say
    return {
        "as_given": say("as given"),
        "patience_3_days": say("people wait 3 days"),
        "patience_14_days": say("people wait 14 days"),
        "patience_90_days": say("people wait 90 days"),
        "half_the_vehicles": say("half of the vehicles"),
        "unlimited": say("no limits at all"),
    }


def _case_view(context: Context, show: _Show, country: str, told: Mapping[str, float], names: Mapping[str, str]) -> View:
    say = context.say
    if not told:
        return nothing(say("Nothing is told of {label} in {country}", label=show.label, country=context.names.country(country)))
    bars: Figure = {
        "type": "bar",
        "orientation": "h",
        "y": [names[case] for case in told],
        "x": [value / show.factor for value in told.values()],
        "name": "",
        "marker": {"color": [theme.BLUE if case == "as_given" else theme.SKY for case in told]},
        "text": [show.write(value) for value in told.values()],
        "textposition": "auto",
    }
    given = told.get("as_given", 0.0)
    furthest = max(told, key=lambda case: abs(told[case] - given))
    finding = say(
        "{country}, {label}: {given} as given, {other} with {case}",
        country=capital(context.names.country(country)),
        label=show.label,
        given=show.write(given),
        other=show.write(told[furthest]),
        case=names[furthest],
    )
    listed = say.listed([f"{names[case]} {show.write(value)}" for case, value in told.items()])
    spoken = say.sentences(say("Bars by case, {label}: {values}.", label=show.label, values=listed), finding)
    return View(finding, spoken, [bars], across_layout(show.title, len(told), legend=False))
