"""Charts of plants: how full they are, what was pledged and delivered, how long metal takes, what holds it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, View, as_row, clipped, wrapped
from sim.report.context import Context, over_years
from sim.report.drawing import across_layout, columns_of, nothing, ratio, year_columns, years_layout
from sim.report.reading import Run, Vector

MOST_PLANTS = 30
STEPS = ("announced_day", "financed_day", "permitted_day", "built_day", "full_rate_day")


def utilisation(context: Context) -> Chart | Missing:
    """Heat map of plant utilisation by year."""
    say, run = context.say, context.run
    question, name = say("How full are the plants?"), context.names.party
    if not run.has("plants"):
        return context.missing("plants", question, "plants")
    used = {
        str(key[0]): row
        for key, row in over_years(run.mean("plants", ("plant", "year"), "utilisation_share"), context.years).items()
    }
    work = run.mean("plants", ("plant",), "throughput_kg")
    shares = {plant: [value / 12 for value in row] for plant, row in used.items()}
    shown = sorted(shares, key=lambda plant: (-work.get((plant,), 0.0), plant))[:MOST_PLANTS]
    place = context.years.index(context.year)
    full = sum(1 for row in shares.values() if row[place] >= 0.9)
    idle = sum(1 for row in shares.values() if row[place] < 0.05)
    finding = say(
        "In {year}, {full} of {all} plants run at 90 % or more of capacity; nearly idle: {idle}",
        year=context.year,
        full=full,
        all=len(shares),
        idle=idle,
    )
    heat = _heat_map(context, [name(plant) for plant in shown], [shares[plant] for plant in shown])
    listed = say.listed([f"{name(plant)} {say.share(shares[plant][place])}" for plant in shown[:6]])
    spoken = say.sentences(
        say("Heat map of utilisation, plants by years. {year}: {values}.", year=context.year, values=listed), finding
    )
    bare = {"gridcolor": "rgba(0,0,0,0)"}
    names = {**bare, "autorange": "reversed", "ticksuffix": "\u2002"}
    shape = years_layout(context, "", height=90 + 24 * max(6, len(shown)), legend=False, xaxis=bare, yaxis=names)
    rows = tuple(as_row(name(plant), *(100 * value for value in shares[plant])) for plant in sorted(shares))
    columns = year_columns(context, [say("Plant, utilisation in %")], context.years)
    proof = Proof("plants", "utilisation_share", tuple(range(1, len(columns))), factor=0.12)
    notes = [say("Mean over the months of the year and over replications; other feed than the modelled one is included.")]
    if len(shares) > len(shown):
        notes.append(say("The picture shows the {n} plants with most throughput; the table has all.", n=len(shown)))
    return Chart(
        "plants",
        question,
        (),
        {"": View(finding, spoken, [heat], shape)},
        "",
        Table(columns, rows, 1, proof),
        ("plants",),
        tuple(notes),
        ("plants",),
    )


def _heat_map(context: Context, plants: Sequence[str], shares: Sequence[Sequence[float]]) -> Figure:
    """Utilisation [%] of plants by year."""
    few = len(context.years) <= 8
    return {
        "type": "heatmap",
        "x": list(context.years),
        "y": [clipped(plant) for plant in plants],
        "z": [[100 * share for share in row] for row in shares],
        "zmin": 0,
        "zmax": 100,
        "colorscale": theme.CIVIDIS,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "colorbar": {"title": {"text": "%"}, "thickness": 12, "outlinewidth": 0, "len": 0.9},
        **({"texttemplate": "%{z:.0f}"} if few else {}),
    }


def milestones(context: Context) -> Chart | Missing:
    """Pledged against delivered feed, and the dates on the way."""
    say, run = context.say, context.run
    question = say("What was pledged, and what was delivered?")
    if not run.has("milestones"):
        return context.missing("milestones", question, "milestones")
    pledged, delivered = (run.each("milestones", ("plant",), f"{kind}_kg") for kind in ("pledged", "delivered"))
    plants = sorted(str(key[0]) for key in pledged)
    days = {plant: _step_days(run, plant) for plant in plants}
    rows = [_milestone_row(context, plant, days[plant], (pledged[plant,], delivered[plant,])) for plant in plants]
    views = {"feed": _pledge_view(context, rows), "dates": _dates_view(context, plants, days)}
    steps = [say("Announced"), say("Financed"), say("Permitted"), say("Built"), say("Full rate")]
    columns = (
        *columns_of([say("Plant"), *steps], [say("Built in the period")], say.share),
        *columns_of([], [say("Slip, days (median)"), say("Pledged feed [t]"), say("Delivered feed [t]")], say.number),
    )
    selector = Selector(say("Show"), (("feed", say("pledged and delivered feed")), ("dates", say("dates"))))
    notes = (say("Dates are medians over the replications in which the step is reached; a dash means it is reached in none."),)
    proof = Proof("milestones", "delivered_kg", (9,), factor=1000.0)
    return Chart(
        "milestones",
        question,
        (selector,),
        views,
        "feed",
        Table(columns, tuple(rows), 1, proof),
        ("milestones",),
        notes,
        ("plants",),
    )


def _milestone_row(context: Context, plant: str, days: Mapping[str, Vector], feeds: tuple[Vector, Vector]) -> Row:
    """Plant, median dates, share of replications that built it, median slip, pledged and delivered feed [t]."""
    slip = days["slip_days"][np.isfinite(days["slip_days"])]
    return as_row(
        context.names.party(plant),
        *(_month(context, days[step]) for step in STEPS),
        float(np.isfinite(days["built_day"]).mean()),
        float(np.median(slip)) if slip.size else float("nan"),
        *(float(feed.mean()) / 1e3 for feed in feeds),
    )


def _step_days(run: Run, plant: str) -> dict[str, Vector]:
    """Days of each step by replication, NaN where it is not reached."""
    table = run.table("milestones")
    names = table.coded("plant")
    mine = np.array([name == plant for name in names.labels])[names.codes]
    return {step: table.numbers(step)[mine] for step in (*STEPS, "slip_days")}


def _month(context: Context, days: Vector) -> str:
    """Median date as year and month."""
    reached = days[np.isfinite(days)]
    return _date(context, float(np.median(reached))).strftime("%Y-%m") if reached.size else "–"


def _date(context: Context, day: float) -> date:
    return date(context.years[0], 1, 1) + timedelta(days=int(day))


def _pledge_view(context: Context, rows: Sequence[Row]) -> View:
    say = context.say
    order = sorted(rows, key=lambda row: -float(row[8]))[:MOST_PLANTS]
    promised, done = (sum(float(row[i]) for row in rows) for i in (8, 9))
    finding = say(
        "Of {pledged} pledged by announced plants, {delivered} were delivered ({share})",
        pledged=say.mass(1e3 * promised),
        delivered=say.mass(1e3 * done),
        share=say.share(ratio(done, promised)),
    )
    names = [wrapped(str(row[0]), 30) for row in order]
    data: list[Figure] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": names,
            "x": [float(row[i]) for row in order],
            "marker": theme.fill(place),
        }
        for label, i, place in ((say("pledged"), 8, 4), (say("delivered"), 9, 2))
    ]
    listed = say.listed(
        [
            say(
                "{plant}: {pledged} pledged, {delivered} delivered",
                plant=row[0],
                pledged=say.mass(1e3 * float(row[8])),
                delivered=say.mass(1e3 * float(row[9])),
            )
            for row in order[:6]
        ]
    )
    spoken = say.sentences(say("Bars of pledged and delivered feed by plant: {values}.", values=listed), finding)
    return View(finding, spoken, data, across_layout(say("Feed over the run, t"), 2 * len(order), barmode="group"))


def _dates_view(context: Context, plants: Sequence[str], days: dict[str, dict[str, Vector]]) -> View:
    say = context.say
    labels = (say("announced"), say("financed"), say("permitted"), say("built"), say("full rate"))
    shown = list(plants)[:MOST_PLANTS]
    data: list[Figure] = []
    for place, (step, label) in enumerate(zip(STEPS, labels, strict=True)):
        xs, ys = [], []
        for plant in shown:
            reached = days[plant][step][np.isfinite(days[plant][step])]
            if reached.size:
                xs.append(_date(context, float(np.median(reached))).isoformat())
                ys.append(clipped(context.names.party(plant)))
        style = theme.line(place)["marker"] | {"size": 11}
        data.append({"type": "scatter", "mode": "markers", "name": label, "x": xs, "y": ys, "marker": style})
    slips = np.concatenate([days[plant]["slip_days"] for plant in plants])
    slips = slips[np.isfinite(slips)]
    finding = say("No plant on the list was built in the period")
    if slips.size:
        finding = say("Plants that were built came {days} later than announced (median)", days=say.days(float(np.median(slips))))
    listed = say.listed([f"{context.names.party(plant)} {_month(context, days[plant]['built_day'])}" for plant in shown[:8]])
    spoken = say.sentences(say("Dates of milestones by plant. Built: {values}.", values=listed), finding)
    shape = across_layout("", len(shown), xaxis={"type": "date", "tickformat": "%Y"})
    return View(finding, spoken, data, shape)


def lead_times(context: Context) -> Chart | Missing:
    """Days from discard to metal."""
    say, run = context.say, context.run
    question = say("How long from the bin to the metal?")
    where = {"metal": context.metals, "year": context.chosen}
    if not run.has("lead_times") or not run.mean("lead_times", ("metal",), "recovered_kg", where=where):
        return context.missing("lead-times", question, "lead_times")
    kg = run.mean("lead_times", ("metal", "year"), "recovered_kg", where=where)
    days = {
        p: run.mean("lead_times", ("metal", "year"), f"days_{p}", weight="recovered_kg", where=where) for p in ("p10", "p50", "p90")
    }
    rows: list[Row] = []
    views = {}
    for year in context.chosen:
        told = [
            (m, kg[m, year], [ratio(days[p].get((m, year), 0.0), kg[m, year]) for p in ("p10", "p50", "p90")])
            for m in context.metals
            if (m, year) in kg
        ]
        rows += [as_row(metal, str(year), mass, *quantile_days) for metal, mass, quantile_days in told]
        views[str(year)] = _lead_view(context, year, told)
    columns = (
        Column(say("Metal")),
        Column(say("Year")),
        Column(say("Recovered [kg]"), say.number),
        *(Column(say("{p} [days]", p=p), say.number) for p in ("p10", "p50", "p90")),
    )
    proof = Proof("lead_times", "recovered_kg", (2,), {key: list(values) for key, values in where.items()})
    notes = (say("Weighted by mass; measured in steps of 30 days; mean over replications."),)
    return Chart(
        "lead-times",
        question,
        (context.year_selector(),),
        views,
        str(context.year),
        Table(columns, tuple(rows), 2, proof),
        ("lead_times",),
        notes,
        ("collection", "borders"),
    )


def _lead_view(context: Context, year: int, told: Sequence[tuple[str, float, Sequence[float]]]) -> View:
    say = context.say
    if not told:
        return nothing(say("No metal was recovered in {year}", year=year))
    names = [wrapped(context.names.metal(row[0])) for row in told]
    points: Figure = {
        "type": "scatter",
        "mode": "markers",
        "name": say("median, line from p10 to p90"),
        "y": names,
        "x": [row[2][1] for row in told],
        "marker": {
            "color": [theme.metal_style(row[0])[0] for row in told],
            "symbol": [theme.metal_style(row[0])[1] for row in told],
            "size": 10,
            "line": {"width": 0.5, "color": "#444"},
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [row[2][2] - row[2][1] for row in told],
            "arrayminus": [row[2][1] - row[2][0] for row in told],
            "color": theme.GREY,
            "thickness": 2,
            "width": 5,
        },
    }
    slow, fast = max(told, key=lambda row: row[2][1]), min(told, key=lambda row: row[2][1])
    finding = say(
        "In {year}, half of the {slow} takes more than {most} from discard to metal; {fast} is fastest with {least}",
        year=year,
        slow=context.names.metal(slow[0]),
        most=say.days(slow[2][1]),
        fast=context.names.metal(fast[0]),
        least=say.days(fast[2][1]),
    )
    spoken = say.sentences(
        say("Median days by metal: {values}.", values=say.listed([f"{row[0]} {say.number(row[2][1])}" for row in told])), finding
    )
    return View(finding, spoken, [points], across_layout(say("Days from discard to metal"), len(names)))
