"""Charts of plants: how full they are, which keep their pledges, and when they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Figure, Missing, Proof, Row, Selector, Table, Trusted, View, as_row, clipped, wrapped
from sim.report.context import Context, over_years, quantiles
from sim.report.drawing import across_layout, columns_of, ratio, whiskers, year_columns, years_layout
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
    question = say("Which new plants keep their pledge, and when do they come?")
    if not run.has("milestones"):
        return context.missing("milestones", question, "milestones")
    pledged, delivered = (run.each("milestones", ("plant",), f"{kind}_kg") for kind in ("pledged", "delivered"))
    plants = sorted(str(key[0]) for key in pledged)
    days = {plant: _step_days(run, plant) for plant in plants}
    feeds = {plant: (pledged[plant,], delivered[plant,]) for plant in plants}
    rows = [_milestone_row(context, plant, days[plant], feeds[plant]) for plant in plants]
    views = {"feed": _pledge_view(context, feeds), "dates": _dates_view(context, plants, days)}
    steps = [say("Announced"), say("Financed"), say("Permitted"), say("Built"), say("Full rate")]
    columns = (
        *columns_of([say("Plant"), *steps], [say("Built in the period")], say.share),
        *columns_of([], [say("Slip, days (median)"), say("Pledged feed [t]"), say("Delivered feed [t]")], say.number),
    )
    selector = Selector(say("Show"), (("feed", say("delivered feed of what was pledged")), ("dates", say("dates"))))
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


def _pledge_view(context: Context, feeds: Mapping[str, tuple[Vector, Vector]]) -> View:
    """Delivered feed as a share of what was pledged, the largest pledges first."""
    say = context.say
    promised, done = (sum(float(pair[i].mean()) for pair in feeds.values()) for i in (0, 1))
    finding = say(
        "Of {pledged} of feed pledged by new plants, {delivered} were delivered on average ({share})",
        pledged=say.mass(promised),
        delivered=say.mass(done),
        share=say.share(ratio(done, promised)),
    )
    order = sorted((plant for plant, pair in feeds.items() if pair[0].any()), key=lambda plant: -float(feeds[plant][0].mean()))
    told = {}
    for plant in order[:MOST_PLANTS]:
        pledged, delivered = feeds[plant]
        told[plant] = quantiles(100 * np.divide(delivered, pledged, out=np.zeros_like(pledged), where=pledged > 0))
    names = [_with_mass(context, plant, float(feeds[plant][0].mean())) for plant in told]
    points = whiskers(names, list(told.values()), say("delivered, median, line from p10 to p90"), theme.GREEN)
    listed = say.listed(
        [
            say(
                "{plant}: {share} of {pledged}",
                plant=plant,
                share=say.share(q["p50"] / 100),
                pledged=say.mass(feeds[plant][0].mean()),
            )
            for plant, q in list(told.items())[:6]
        ]
    )
    spoken = say.sentences(say("Points by plant, delivered over pledged: {values}.", values=listed), finding)
    full = [
        {"type": "line", "x0": 100, "x1": 100, "y0": 0, "y1": 1, "yref": "paper", "line": {"dash": "dot", "color": theme.ORANGE}}
    ]
    shape = across_layout(say("Delivered, % of the pledge"), len(told), shapes=full, xaxis={"range": [0, None]})
    return View(finding, spoken, [points], shape)


def _with_mass(context: Context, plant: str, kg: float) -> Trusted:
    """A plant and how much it pledged."""
    return Trusted(f"{wrapped(clipped(context.names.party(plant), 44), 30)}  <b>{context.say.mass(kg)}</b>")


def _slips(context: Context, plants: Sequence[str], days: dict[str, dict[str, Vector]]) -> Figure:
    """Lines from the pledged opening of a plant to the real one."""
    xs, ys = list[str | None](), list[str | None]()
    for plant in plants:
        built, slip = days[plant]["built_day"], days[plant]["slip_days"]
        both = np.isfinite(built) & np.isfinite(slip)
        if both.any():
            ends = (float(np.median(built[both] - slip[both])), float(np.median(built[both])))
            xs += [*(_date(context, max(0.0, end)).isoformat() for end in ends), None]
            ys += [clipped(context.names.party(plant))] * 2 + [None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": context.say("from the pledged opening to the real one"),
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "line": {"color": theme.VERMILION, "width": 6},
        "opacity": 0.45,
    }


def _dates_view(context: Context, plants: Sequence[str], days: dict[str, dict[str, Vector]]) -> View:
    say = context.say
    labels = (say("announced"), say("financed"), say("permitted"), say("built"), say("full rate"))
    shown = list(plants)[:MOST_PLANTS]
    data: list[Figure] = [_slips(context, shown, days)]
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
