"""Charts of a comparison: what each change makes of it, and what channels gain or lose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Row, Selector, Table, View, as_row, joined, options, wrapped
from sim.report.context import unit_of
from sim.report.drawing import across_layout, capital
from sim.report.pair import NOTHING, Choice, Pair, choices, telling, triple
from sim.results.summary import ALL
from sim.study.added import Channel
from sim.study.attribution import INTERACTION
from sim.study.compare import Effect

MOST_CHANNELS = 14


def by_cause(pair: Pair) -> tuple[Chart, ...]:
    """What each change makes of a difference, as steps that sum to it."""
    say, divided = pair.say, pair.story.attribution
    if divided is None or len(divided.names) < 2:
        return ()
    refined = choices(pair)[1]
    years = tuple(y for y in pair.context.chosen if any(("refined_kg", m, ALL, y) in divided.parts for m in pair.metals))
    views, rows = {}, list[Row]()
    for metal in pair.metals:
        for year in years:
            parts = divided.parts.get(("refined_kg", metal, ALL, year), tuple(NOTHING for _ in divided.names))
            views[joined(metal, year)] = _cause_view(pair, metal, year, dict(zip(divided.names, parts, strict=True)), refined)
            named = zip(divided.names, parts, strict=True)
            rows += [as_row(metal, str(year), _cause(pair, name), *triple(part)) for name, part in named]
    heads = [Column(head) for head in (say("Metal"), say("Year"), say("Change"))]
    ends = [say("Part [kg]"), say("Lower end"), say("Upper end")]
    table = Table((*heads, *(Column(head, say.number) for head in ends)), tuple(rows), 3)
    notes = (
        say(
            "Each change was run alone on the first scenario. What they do together beyond the sum of what each does alone "
            "is their interaction, so the steps sum to the whole difference."
        ),
    )
    selectors = (pair.context.metal_selector(pair.metals), Selector(say("Year"), options(years)))
    default = joined(telling(pair), years[-1])
    question = say("Which change makes how much of it?")
    return (Chart(f"causes-{pair.number}", question, selectors, views, default, table, ("signals",), notes),)


def _cause(pair: Pair, name: str) -> str:
    """A cause as it is called; the interaction in words."""
    return pair.say("interaction of the changes") if name == INTERACTION else name


def _cause_view(pair: Pair, metal: str, year: int, parts: Mapping[str, Effect], choice: Choice) -> View:
    say = pair.say
    total = sum(part.mean for part in parts.values())
    factor, unit = unit_of([part.mean for part in parts.values()])
    order = sorted((name for name in parts if name != INTERACTION), key=lambda name: -abs(parts[name].mean))
    steps = [(name, parts[name].mean) for name in order]
    if INTERACTION in parts and len(order) > 1:
        steps.append((_cause(pair, INTERACTION), parts[INTERACTION].mean))
    colours = {True: theme.GREEN, False: theme.VERMILION}
    names = [wrapped(name.replace(".", " . "), 34) for name, _ in steps]
    bars: Figure = {
        "type": "waterfall",
        "orientation": "h",
        "y": [*names, wrapped(say("whole difference"), 34)],
        "x": [*(value / factor for _, value in steps), 0.0],
        "measure": [*("relative" for _ in steps), "total"],
        "text": [pair.signed(choice, value) for _, value in [*steps, ("", total)]],
        "textposition": "auto",
        "hoverinfo": "text",
        "increasing": {"marker": {"color": colours[True]}},
        "decreasing": {"marker": {"color": colours[False]}},
        "totals": {"marker": {"color": theme.BLUE}},
        "connector": {"line": {"color": theme.GREY, "width": 1}},
    }
    finding = say(
        "{metal} in {year}: {name} makes {part} of {whole}",
        metal=capital(pair.context.names.metal(metal)),
        year=year,
        name=order[0],
        part=pair.signed(choice, parts[order[0]].mean),
        whole=pair.signed(choice, total),
    )
    listed = say.listed([f"{name} {pair.signed(choice, value)}" for name, value in steps])
    spoken = say.sentences(say("Steps from the first run to the second: {values}.", values=listed), finding)
    shape = across_layout(say("{metal} refined: difference, {unit}", metal=metal, unit=unit), len(names) + 1, legend=False)
    return View(finding, spoken, [bars], {**shape, "xaxis": {**shape["xaxis"], "rangemode": "normal"}})


def by_channel(pair: Pair) -> tuple[Chart, ...]:
    """What channels collect more or less over all years, with intervals."""
    say, names = pair.say, pair.context.names
    found = sorted(pair.story.added.channels, key=lambda one: -abs(one.collected.mean))
    if not found:
        return ()
    shown = found[:MOST_CHANNELS]
    view = _channel_view(pair, shown)
    rows = tuple(
        as_row(names.country(c.country), names.channel(c.channel), *(x / 1e3 for x in triple(c.collected)), c.diverted.mean / 1e3)
        for c in found
    )
    ends = [say("Gathered, t more"), say("Lower end"), say("Upper end"), say("Taken from older channels, t more")]
    table = Table((Column(say("Country")), Column(say("Channel")), *(Column(head, say.number) for head in ends)), rows, 2)
    notes = (say("Hatched: the interval holds zero, so no difference is clear."),)
    question = say("What do the collection channels gain or lose?")
    return (Chart(f"channels-{pair.number}", question, (), {"": view}, "", table, ("collection",), notes),)


def _channel_view(pair: Pair, shown: Sequence[Channel]) -> View:
    say, names = pair.say, pair.context.names
    labels = [
        wrapped(say("{channel}, {country}", channel=names.channel(c.channel), country=names.country(c.country)), 34) for c in shown
    ]
    tonnes = [c.collected.mean / 1e3 for c in shown]
    bars: Figure = {
        "type": "bar",
        "orientation": "h",
        "y": labels,
        "x": tonnes,
        "name": "",
        "marker": {
            "color": [theme.GREEN if value > 0 else theme.VERMILION for value in tonnes],
            "pattern": {"shape": ["" if c.collected.clear else "/" for c in shown]},
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_arm(c.collected.high - c.collected.mean) for c in shown],
            "arrayminus": [_arm(c.collected.mean - c.collected.low) for c in shown],
            "color": theme.GREY,
            "thickness": 1.5,
            "width": 4,
        },
    }
    top = shown[0]
    finding = say(
        "{channel} in {country}: {change} over all years",
        channel=capital(names.channel(top.channel)),
        country=names.country(top.country),
        change=("+" if top.collected.mean > 0 else "\u2212") + say.mass(abs(top.collected.mean)),
    )
    listed = say.listed(
        [f"{names.channel(c.channel)} ({names.country(c.country)}) {say.number(c.collected.mean / 1e3)}" for c in shown]
    )
    spoken = say.sentences(say("Bars of gathered mass by channel, tonnes more or less: {values}.", values=listed), finding)
    shape = across_layout(say("Gathered over all years: difference, t"), len(shown), legend=False)
    return View(finding, spoken, [bars], {**shape, "xaxis": {**shape["xaxis"], "rangemode": "normal"}})


def _arm(kg: float) -> float:
    return kg / 1e3 if isfinite(kg) else 0.0
