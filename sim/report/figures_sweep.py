"""Charts of a sweep: indices or correlations of dials, outcomes against dials, and how far outcomes spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Row, Selector, Table, View, as_row, joined, layout, options, wrapped
from sim.report.context import unit_of
from sim.report.drawing import across_layout
from sim.report.sweep_told import Told
from sim.study.uncertainty import deciding as correlations

MOST_POINTS = 2000
MOST_DIALS = 20
STATISTICS = ("mean", "p5", "p10", "p50", "p90", "p95")
KINDS = {"saltelli": ("total", "first"), "morris": ("mean_absolute", "spread")}


@dataclass(frozen=True, slots=True)
class Rank:
    """How much an outcome hangs on a dial, with an interval; clear if that cannot be chance."""

    dial: str
    value: float
    low: float
    high: float
    clear: bool


def ranking(told: Told, scenario: str, column: str) -> list[Rank]:
    """Dials by how much an outcome hangs on them: total index, size of elementary effects, or rank correlation."""
    found = told.indices
    if len(found):
        name = KINDS[told.kind][0]
        mine = found[(found["scenario"] == scenario) & (found["outcome"] == column)]
        ranks = [
            Rank(dial, value, low, high, low > 0.0)
            for dial, value, low, high in mine[["dial", name, f"{name}_low", f"{name}_high"]].itertuples(index=False)
        ]
    else:
        points = told.points[told.points["scenario"] == scenario]
        keys = tuple(key for key in told.dials if points[key].nunique() > 1)
        seen = correlations(points[list(keys)].to_numpy(dtype=np.float64), keys, points[column].to_numpy(), MOST_DIALS)
        rows = () if seen is None else zip(seen.keys, seen.correlation, seen.low, seen.high, seen.stands_out, strict=True)
        ranks = [Rank(*row) for row in rows]
    return sorted(ranks, key=lambda rank: -abs(rank.value) if rank.value == rank.value else 0.0)[:MOST_DIALS]


def deciding(told: Told) -> tuple[Chart | Missing, ...]:
    """What decides, and outcomes against the dials."""
    return (_ranked(told), _against(told))


def _selectors(told: Told) -> tuple[Selector, ...]:
    say = told.say
    scenario = Selector(say("Scenario"), options(told.scenarios))
    outcome = Selector(say("Outcome"), options(told.columns, told.outcome))
    return (scenario, outcome)


def _ranked(told: Told) -> Chart | Missing:
    say = told.say
    question = say("Which dials decide the outcome?")
    labels = {
        "saltelli": (say("share of the variance, with all interactions"), say("share of the variance, alone")),
        "morris": (say("size of the elementary effects (mu*)"), say("their spread (sigma)")),
    }.get(told.kind, (say("rank correlation"),))
    views, rows = {}, list[Row]()
    for scenario in told.scenarios:
        for column in told.columns:
            ranks = ranking(told, scenario, column)
            second = _second(told, scenario, column)
            views[joined(scenario, column)] = _rank_view(told, column, ranks, second, labels)
            rows += [
                as_row(scenario, told.outcome(column), r.dial, r.value, r.low, r.high, second.get(r.dial, float("nan")))
                for r in ranks
            ]
    if not rows:
        return Missing("indices", question, say("It cannot be said yet: too few points are there, or nothing varies."))
    ends = [labels[0], say("Lower end"), say("Upper end"), labels[-1]]
    columns = [Column(head) for head in (say("Scenario"), say("Outcome"), say("Dial"))] + [Column(end, say.number) for end in ends]
    table = Table(tuple(columns), tuple(rows), 3)
    notes = (
        say("Lines are 95 % intervals over resampled points; a dial whose interval holds zero does not stand out.")
        if told.kind in KINDS
        else say("Rank correlation of the points' outcomes with each dial; hatched bars do not stand out of chance."),
    )
    default = joined(told.scenarios[0], told.first)
    return Chart("indices", question, _selectors(told), views, default, table, ("outcomes", "design"), notes)


def _second(told: Told, scenario: str, column: str) -> dict[str, float]:
    """The other index of each dial, where the design gives one."""
    found = told.indices
    if not len(found):
        return {}
    mine = found[(found["scenario"] == scenario) & (found["outcome"] == column)]
    return dict(zip(mine["dial"], mine[KINDS[told.kind][1]].astype(float), strict=True))


def _rank_view(told: Told, column: str, ranks: Sequence[Rank], second: Mapping[str, float], labels: Sequence[str]) -> View:
    say = told.say
    names = [wrapped(rank.dial.replace(".", " . "), 34) for rank in ranks]
    bars: Figure = {
        "type": "bar",
        "orientation": "h",
        "y": names,
        "x": [rank.value for rank in ranks],
        "name": labels[0],
        "marker": {"color": theme.BLUE, "pattern": {"shape": ["" if rank.clear else "/" for rank in ranks]}},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [rank.high - rank.value for rank in ranks],
            "arrayminus": [rank.value - rank.low for rank in ranks],
            "color": theme.GREY,
            "thickness": 1.5,
            "width": 4,
        },
    }
    data = [bars]
    if second:
        data.append(
            {**bars, "x": [second.get(rank.dial) for rank in ranks], "name": labels[1], "marker": theme.fill(1), "error_x": {}}
        )
    finding = say("{outcome}: no dial stands out of chance", outcome=told.outcome(column))
    standing = [rank.dial for rank in ranks if rank.clear]
    if standing:
        finding = say("{outcome} hangs most on {dial}", outcome=told.outcome(column), dial=standing[0])
    listed = say.listed([f"{rank.dial} {say.number(rank.value, 2)}" for rank in ranks]) or "–"
    spoken = say.sentences(say("Bars by dial, {label}: {values}.", label=labels[0], values=listed), finding)
    shape = across_layout(labels[0], 2 * len(ranks) if second else len(ranks), legend=bool(second), barmode="group")
    return View(finding, spoken, data, shape)


def _against(told: Told) -> Chart | Missing:
    """Outcomes of the points against one dial."""
    say = told.say
    question = say("How does the outcome move with a dial?")
    if not len(told.points):
        return Missing("response", question, say("It cannot be said yet: too few points are there, or nothing varies."))
    dials = told.dials[:MOST_DIALS]
    views = {joined(dial, column): _response_view(told, dial, column) for dial in dials for column in told.columns}
    heads = [Column(say("Scenario")), Column(say("Point"))]
    numbers = [Column(key, say.number) for key in told.dials] + [
        Column(told.outcome(column), say.number) for column in told.columns
    ]
    shown = told.points.head(MOST_POINTS)
    rows: tuple[Row, ...] = tuple(
        (str(scenario), str(row), *map(float, values))
        for scenario, row, *values in shown[["scenario", "row", *told.dials, *told.columns]].itertuples(index=False)
    )
    notes = [say("Each mark is a point of the design, the mean of its replications; the other dials differ between marks.")]
    if len(told.points) > MOST_POINTS:
        notes.append(say("The first {n} points are shown; all are in outcomes.parquet.", n=say.count(MOST_POINTS)))
    selectors = (Selector(say("Dial"), options(dials)), Selector(say("Outcome"), options(told.columns, told.outcome)))
    table = Table((*heads, *numbers), rows, 2)
    default = joined(dials[0], told.first)
    return Chart("response", question, selectors, views, default, table, ("outcomes", "design"), tuple(notes))


def _response_view(told: Told, dial: str, column: str) -> View:
    say = told.say
    points = told.points.head(MOST_POINTS)
    factor, unit = _unit(told, column, points[column])
    data = []
    for place, scenario in enumerate(told.scenarios[: theme.LARGEST]):
        mine = points[points["scenario"] == scenario]
        style = theme.line(place)["marker"] | {"opacity": 0.75}
        xy = {"x": mine[dial].astype(float).tolist(), "y": (mine[column].astype(float) / factor).tolist()}
        data.append({"type": "scatter", "mode": "markers", "name": scenario, **xy, "marker": style})
    order = points.sort_values(dial)
    third = max(1, len(order) // 3)
    low, high = (float(part[column].mean()) for part in (order.head(third), order.tail(third)))
    finding = say(
        "{outcome}: {low} on average where {dial} is lowest, {high} where it is highest",
        outcome=told.outcome(column),
        low=told.amount(column, low),
        dial=dial,
        high=told.amount(column, high),
    )
    spoken = say.sentences(say("{n} marks, one for each point.", n=len(points)), finding)
    title = say("{outcome}, {unit}", outcome=told.outcome(column), unit=unit)
    shape = layout(x=dial, y=wrapped(title, 38), height=440, legend=len(told.scenarios) > 1)
    return View(finding, spoken, data, shape)


def _unit(told: Told, column: str, values: pd.Series[float]) -> tuple[float, str]:
    return (0.01, "%") if column.startswith("demand_met_share") else unit_of([float(values.abs().max() or 0.0)])


def spread(told: Told) -> tuple[Chart, ...]:
    """Quantiles of every outcome by scenario."""
    say, bands = told.say, told.bands
    if not len(bands):
        return ()
    views = {}
    for column in told.columns:
        views[column] = _spread_view(told, column, bands[bands["outcome"] == column])
    rows = tuple(
        as_row(
            str(r["scenario"]),
            told.outcome(str(r["outcome"])),
            *(float(r[s]) for s in (*STATISTICS, "chance_share", "ignorance_share")),
        )
        for _, r in bands.iterrows()
    )
    heads = [Column(say("Scenario")), Column(say("Outcome")), Column(say("Mean"), say.number)]
    heads += [Column(name, say.number) for name in STATISTICS[1:]]
    heads += [Column(say("Share of chance"), say.share), Column(say("Share of the dials"), say.share)]
    notes = (say("Over points and replications; mass in kg. Points lie where the design puts them, so this is no forecast."),)
    selector = Selector(say("Outcome"), options(told.columns, told.outcome))
    question = say("How far does the outcome spread?")
    return (Chart("bands", question, (selector,), views, told.first, Table(tuple(heads), rows, 2), ("outcomes",), notes),)


def _spread_view(told: Told, column: str, rows: pd.DataFrame) -> View:
    say = told.say
    factor, unit = _unit(told, column, rows["p95"])
    names = [wrapped(str(name)) for name in rows["scenario"]]
    middle = (rows["p50"].astype(float) / factor).tolist()
    data: list[Figure] = []
    for low, high, label, width in (("p5", "p95", say("90 % of runs"), 1.5), ("p10", "p90", say("80 % of runs"), 5)):
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "y": names,
                "x": middle,
                "name": label,
                "marker": {"color": theme.BLUE, "size": 10, "symbol": "circle"},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": (rows[high] / factor - rows["p50"] / factor).astype(float).tolist(),
                    "arrayminus": (rows["p50"] / factor - rows[low] / factor).astype(float).tolist(),
                    "color": theme.BLUE,
                    "thickness": width,
                    "width": 5,
                },
            }
        )
    first = rows.iloc[0]
    finding = say(
        "{outcome}: {median} in the middle, {interval} in nine of ten runs",
        outcome=told.outcome(column),
        median=told.amount(column, float(first["p50"])),
        interval=told.between(column, float(first["p5"]), float(first["p95"])),
    )
    listed = say.listed([f"{name} {told.amount(column, float(p))}" for name, p in zip(rows["scenario"], rows["p50"], strict=True)])
    spoken = say.sentences(say("Points with intervals by scenario, medians: {values}.", values=listed), finding)
    title = say("{outcome}, {unit}", outcome=told.outcome(column), unit=unit)
    return View(finding, spoken, data, across_layout(title, len(names)))
