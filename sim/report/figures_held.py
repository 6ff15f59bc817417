"""What waiting and capacity hold back: the chain as simulated beside the same chain in which nothing waits and nothing is full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, View, as_row, joined, wrapped
from sim.report.context import Context, quantiles
from sim.report.drawing import across_layout, capital, columns_of, nothing
from sim.report.reading import Vector

STEPS = ("collected_kg", "separated_kg", "refined_kg", "available_kg")


def held_back(context: Context) -> Chart | Missing:
    """The chain as simulated beside the same chain in which nothing waits and nothing is full."""
    say, run = context.say, context.run
    question = say("What do queues, capacity, permits and late construction hold back?")
    if not run.has("unlimited"):
        return context.missing("held-back", question, "unlimited")
    by, where = ("metal", "country"), {"metal": context.metals}
    steps = {step: [run.each(table, by, step, where=where) for table in ("signals", "unlimited")] for step in STEPS}
    countries = sorted({str(key[1]) for key in steps["refined_kg"][1]}, key=context.names.country)
    labels = (say("collected formally"), say("separated"), say("refined"), say("available to its industry"))
    names = dict(zip(STEPS, labels, strict=True))
    views, rows = {}, list[Row]()
    for step, (ours, free) in steps.items():
        for country in ("ALL", *countries):
            told = {m: _pair(context, m, country, countries, ours, free) for m in context.metals}
            views[joined(step, country)] = _held_view(context, names[step], country, told)
            rows += [
                as_row(
                    names[step], context.names.country(country), metal, float(mine.mean()), float(other.mean()), *_gap(mine, other)
                )
                for metal, (mine, other) in told.items()
                if country != "ALL"
            ]
    numbers = [say("Simulated [kg]"), say("Without limits [kg]")]
    heads = columns_of([say("Step"), say("Country"), say("Metal")], numbers, say.number)
    columns = (*heads, *(Column(say("Held back, {p}", p=p), say.share) for p in ("p10", "p50", "p90")))
    refined = tuple(i for i, row in enumerate(rows) if row[0] == names["refined_kg"])
    proof = Proof("unlimited", "refined_kg", (4,), {"metal": list(context.metals)}, rows=refined)
    places = Selector(say("Country"), tuple((c, context.names.country(c)) for c in ("ALL", *countries)))
    notes = (
        say(
            "Without limits: the same waste and the same processes, but nothing waits, nothing is full, plants open when planned "
            "and borders give consent at once; bans stay. Over all years; part of the gap is still on its way at the end."
        ),
    )
    selectors = (Selector(say("Step"), tuple(names.items())), places)
    table = Table(columns, tuple(rows), 3, proof)
    first, sources, topics = joined("refined_kg", "ALL"), ("unlimited", "signals"), ("collection", "plants", "borders")
    return Chart("held-back", question, selectors, views, first, table, sources, notes, topics)


def _pair(
    context: Context,
    metal: str,
    country: str,
    countries: Sequence[str],
    ours: Mapping[tuple[object, ...], Vector],
    free: Mapping[tuple[object, ...], Vector],
) -> tuple[Vector, Vector]:
    """Mass of a metal over the run as simulated and without limits, shape (replications,) each."""
    none = np.zeros(context.run.replications)
    wanted = countries if country == "ALL" else (country,)
    mine, other = (np.sum([sums.get((metal, c), none) for c in wanted], axis=0) for sums in (ours, free))
    return mine, other


def _gap(mine: Vector, other: Vector) -> tuple[float, float, float]:
    """Share held back: p10, median, p90; 0 of nothing."""
    share = np.divide(other - mine, other, out=np.zeros_like(other), where=other > 0)
    found = quantiles(share)
    return found["p10"], found["p50"], found["p90"]


def _held_view(context: Context, step: str, country: str, told: Mapping[str, tuple[Vector, Vector]]) -> View:
    say = context.say
    mine = {metal: pair for metal, pair in told.items() if pair[1].any()}
    if not mine:
        return nothing(
            say("Nothing would be {step} in {country} even without limits", step=step, country=context.names.country(country))
        )
    gaps = {metal: _gap(*pair) for metal, pair in mine.items()}
    bars: Figure = {
        "type": "bar",
        "orientation": "h",
        "y": [wrapped(context.names.metal(metal)) for metal in gaps],
        "x": [100 * gap[1] for gap in gaps.values()],
        "name": say("median, line from p10 to p90"),
        "marker": theme.fill(3),
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (gap[2] - gap[1]) for gap in gaps.values()],
            "arrayminus": [100 * (gap[1] - gap[0]) for gap in gaps.values()],
            "color": theme.GREY,
            "thickness": 2,
            "width": 5,
        },
    }
    first = next(iter(gaps))
    finding = say(
        "{place}: of the {metal} that could be {step}, {share} is held back ({interval})",
        place=capital(context.names.country(country)),
        metal=context.names.metal(first),
        step=step,
        share=say.share(gaps[first][1]),
        interval=say.shares(gaps[first][0], gaps[first][2]),
    )
    listed = say.listed([f"{context.names.metal(metal)} {say.share(gap[1])}" for metal, gap in gaps.items()])
    spoken = say.sentences(say("Bars of the share held back by metal: {values}.", values=listed), finding)
    shape = across_layout(
        say("Held back, % of what an unlimited chain gives"), len(gaps), legend=False, xaxis={"rangemode": "normal"}
    )
    return View(finding, spoken, [bars], shape)
