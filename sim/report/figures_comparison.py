"""Charts of a comparison: differences over time and by metal."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Row, Selector, Table, View, as_row, joined, layout, wrapped
from sim.report.context import unit_of
from sim.report.drawing import across_layout, capital
from sim.report.language import Language
from sim.report.pair import Choice, Pair, choices, telling, triple
from sim.results.summary import SHARE
from sim.study.compare import Row as Point


def over_time(pair: Pair) -> Chart:
    """The difference by year with its interval."""
    say = pair.say
    wanted = choices(pair)
    views, rows = {}, list[Row]()
    for metal in pair.metals:
        for choice in wanted:
            points = [point for year in pair.context.years if (point := pair.point(metal, choice, year)) is not None]
            views[joined(metal, choice.key)] = _time_view(pair, metal, choice, points)
            unit = say("share") if choice.measure == SHARE else "kg"
            rows += [
                as_row(metal, choice.label, unit, str(p.year), p.before, p.after, p.effect.mean, p.effect.low, p.effect.high)
                for p in points
            ]
    heads = [Column(head) for head in (say("Metal"), say("Step"), say("Unit"), say("Year"))]
    ends = [say("First run"), say("Second run"), say("Difference"), say("Lower end"), say("Upper end")]
    table = Table((*heads, *(Column(head, say.number) for head in ends)), tuple(rows), 4)
    selectors = (
        pair.context.metal_selector(pair.metals),
        Selector(say("Show"), tuple((choice.key, choice.label) for choice in wanted)),
    )
    notes = (
        say(
            "Replication by replication, both runs meet the same luck and the same draws, so what both share cancels. "
            "The band is the 90 % interval of the mean difference."
        ),
    )
    return Chart(
        f"difference-{pair.number}",
        say("What does it change, year by year?"),
        selectors,
        views,
        joined(telling(pair), "refined"),
        table,
        ("signals",),
        notes,
    )


def _time_view(pair: Pair, metal: str, choice: Choice, points: Sequence[Point]) -> View:
    say = pair.say
    name = pair.context.names.metal(metal)
    ends = [abs(x) for p in points for x in (p.effect.mean, p.effect.low, p.effect.high) if isfinite(x)]
    factor, unit = (0.01, say("percentage points")) if choice.measure == SHARE else unit_of(ends)
    years = [p.year for p in points]
    colour, marker, dash = theme.metal_style(metal)
    edge = {"type": "scatter", "mode": "lines", "x": years, "hoverinfo": "skip", "line": {"width": 0.8, "color": colour}}
    low, high = ([(e if isfinite(e) else p.effect.mean) / factor for p, e in ends_of] for ends_of in _ends(points))
    data: list[Figure] = [
        {**edge, "y": low, "showlegend": False},
        {**edge, "y": high, "fill": "tonexty", "fillcolor": theme.faint(colour, 0.25), "name": say("90 % interval")},
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": years,
            "y": [p.effect.mean / factor for p in points],
            "name": say("mean difference"),
            "line": {"color": colour, "dash": dash, "width": 2.5},
            "marker": {"symbol": marker, "size": 7, "color": colour},
        },
    ]
    finding, spoken = _told_over_time(pair, metal, choice, points)
    across = {"dtick": 1 if len(years) <= 8 else 5, "tickformat": "d"}
    title = say("{metal}, {label}: difference, {unit}", metal=metal, label=choice.label, unit=unit)
    shape = layout(x=say("Year"), y=wrapped(title, 38), xaxis=across)
    return View(finding, say.sentences(spoken, finding) if name else finding, data, shape)


def _ends(points: Sequence[Point]) -> tuple[list[tuple[Point, float]], list[tuple[Point, float]]]:
    """Lower and upper ends of the intervals."""
    return [(p, p.effect.low) for p in points], [(p, p.effect.high) for p in points]


def _told_over_time(pair: Pair, metal: str, choice: Choice, points: Sequence[Point]) -> tuple[str, str]:
    """The finding, and the numbers in words."""
    say, last = pair.say, points[-1]
    name = capital(pair.context.names.metal(metal))
    listed = say.listed([f"{p.year} {pair.signed(choice, p.effect.mean)}" for p in points if p.year in pair.context.chosen])
    spoken = say("Line with a band, mean difference by year: {values}.", values=listed)
    if not last.effect.clear:
        return say("{metal}, {label}: no clear difference in {year}", metal=name, label=choice.label, year=last.year), spoken
    finding = say(
        "{metal}, {label}: {after} instead of {before} in {year}, {change}",
        metal=name,
        label=choice.label,
        after=pair.amount(choice, last.after),
        before=pair.amount(choice, last.before),
        year=last.year,
        change=pair.signed(choice, last.effect.mean),
    )
    return finding, spoken


def by_metal(pair: Pair) -> Chart:
    """Relative differences of all metals with intervals."""
    say = pair.say
    wanted = choices(pair)
    views, rows = {}, list[Row]()
    for choice in wanted:
        for year in pair.context.chosen:
            points = [p for metal in pair.metals if (p := pair.point(metal, choice, year)) is not None and p.before]
            views[joined(choice.key, year)] = _metal_view(pair, choice, year, points)
            rows += [as_row(choice.label, str(year), p.metal, *(x / p.before for x in triple(p.effect))) for p in points]
    heads = [Column(head) for head in (say("Step"), say("Year"), say("Metal"))]
    ends = [say("Relative difference"), say("Lower end"), say("Upper end")]
    table = Table((*heads, *(Column(head, say.share) for head in ends)), tuple(rows), 3)
    selectors = (
        Selector(say("Show"), tuple((choice.key, choice.label) for choice in wanted)),
        pair.context.year_selector(),
    )
    notes = (say("Over the first run's figure. Hollow marks: the interval holds zero, so no difference is clear."),)
    default = joined("refined", pair.year)
    return Chart(
        f"metals-{pair.number}", say("Which metals gain, and which do not?"), selectors, views, default, table, ("signals",), notes
    )


def _metal_view(pair: Pair, choice: Choice, year: int, points: Sequence[Point]) -> View:
    say, names = pair.say, pair.context.names
    told = {p.metal: 100 * p.effect.mean / p.before for p in points}
    arms = {p.metal: [100 * (e - p.effect.mean) / p.before if isfinite(e) else 0.0 for e in triple(p.effect)[1:]] for p in points}
    marks: Figure = {
        "type": "scatter",
        "mode": "markers",
        "y": [wrapped(names.metal(p.metal)) for p in points],
        "x": list(told.values()),
        "name": say("mean difference, line: 90 % interval"),
        "marker": {
            "color": [theme.metal_style(p.metal)[0] for p in points],
            "symbol": [theme.metal_style(p.metal)[1] + ("" if p.effect.clear else "-open") for p in points],
            "size": 11,
            "line": {"width": 1.5},
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [arm[1] for arm in arms.values()],
            "arrayminus": [-arm[0] for arm in arms.values()],
            "color": theme.GREY,
            "thickness": 2,
            "width": 5,
        },
    }
    clear = [p for p in points if p.effect.clear]
    finding = say("{label}, {year}: no metal differs clearly", label=capital(choice.label), year=year)
    if clear:
        top = max(clear, key=lambda p: abs(told[p.metal]))
        finding = say(
            "{label}, {year}: {n} of {all} metals differ clearly, {metal} most with {change}",
            label=capital(choice.label),
            year=year,
            n=len(clear),
            all=len(points),
            metal=names.metal(top.metal),
            change=percent(say, told[top.metal]),
        )
    listed = say.listed([f"{names.metal(metal)} {percent(say, value)}" for metal, value in told.items()]) or "–"
    spoken = say.sentences(
        say("Points with intervals, difference in percent, {year}: {values}.", year=year, values=listed), finding
    )
    shape = across_layout(say("Difference, % of the first run"), len(points), xaxis={"rangemode": "normal", "zeroline": True})
    return View(finding, spoken, [marks], shape)


def percent(say: Language, value: float) -> str:
    """A difference in percent with its sign."""
    return f"{'+' if value > 0 else ''}{say.number(value, 2)}{say.space}%"
