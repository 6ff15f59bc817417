"""Pieces that several charts share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.report import theme
from sim.report.chart import Column, Figure, View, largest, layout
from sim.report.context import Context

BANDS = (("p5", "p95", 0.16), ("p25", "p75", 0.32))


def stacked(
    years: Sequence[int], series: Mapping[str, Sequence[float]], name: Callable[[str], str], rest_name: str, limit: int = 6
) -> list[Figure]:
    """Stacked bars over years: the largest series by themselves, the others as one."""
    shown, rest = largest({key: sum(map(abs, values)) for key, values in series.items()}, limit)
    traces = [
        {"type": "bar", "name": name(key), "x": list(years), "y": list(series[key]), "marker": theme.fill(place)}
        for place, key in enumerate(shown)
    ]
    if rest:
        values = [sum(column) for column in zip(*(series[key] for key in rest), strict=True)]
        traces.append({"type": "bar", "name": rest_name, "x": list(years), "y": values, "marker": theme.fill(-1)})
    return traces


def year_columns(context: Context, heads: Sequence[str], years: Sequence[int]) -> tuple[Column, ...]:
    """Columns that name the row, then one number per year."""
    return columns_of(heads, [str(year) for year in years], context.say.number)


def columns_of(heads: Sequence[str], numbers: Sequence[str], write: Callable[[float], str]) -> tuple[Column, ...]:
    """Columns that name the row, then columns of numbers written alike."""
    return (*(Column(head) for head in heads), *(Column(number, write) for number in numbers))


def span(context: Context) -> str:
    """First to last year."""
    return context.say("{start} to {end}", start=context.years[0], end=context.years[-1])


def years_layout(context: Context, title: str, **more: Any) -> Figure:
    """Layout with years along the bottom and `title` at the side."""
    across = {"dtick": 1 if len(context.years) <= 8 else 5, "tickformat": "d", **more.pop("xaxis", {})}
    return layout(x=context.say("Year"), y=title, **{"xaxis": across, "yaxis": {"rangemode": "tozero"}, **more})


def across_layout(title: str, bars: int, **more: Any) -> Figure:
    """Layout of horizontal bars, first on top, as high as they need."""
    names = {"autorange": "reversed", "ticksuffix": "\u2002", "gridcolor": "rgba(0,0,0,0)"}
    return layout(x=title, height=110 + 34 * max(bars, 3), **{"yaxis": names, "xaxis": {"rangemode": "tozero"}, **more})


def whiskers(names: Sequence[str], told: Sequence[Mapping[str, float]], label: str, colour: str = theme.BLUE) -> Figure:
    """Medians with lines from p10 to p90."""
    middle = [q["p50"] for q in told]
    return {
        "type": "scatter",
        "mode": "markers",
        "y": list(names),
        "x": middle,
        "name": label,
        "marker": {"color": colour, "size": 9},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [q["p90"] - m for q, m in zip(told, middle, strict=True)],
            "arrayminus": [m - q["p10"] for q, m in zip(told, middle, strict=True)],
            "color": colour,
            "thickness": 2,
            "width": 5,
        },
    }


def bands(context: Context, metal: str, found: Sequence[Mapping[str, float]]) -> list[Figure]:
    """A line of medians by year in the colour of a metal, with bands that hold 50 % and 90 % of the replications."""
    say, years = context.say, list(context.years)
    colour, marker, dash = theme.metal_style(metal)
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": years,
        "hoverinfo": "skip",
        "line": {"width": 0.8, "color": colour, "dash": "dot"},
    }
    data: list[Figure] = []
    for low, high, opacity in BANDS:
        label = say("90 % of replications") if low == "p5" else say("50 % of replications")
        filled = {"fill": "tonexty", "fillcolor": theme.faint(colour, opacity), "name": label}
        data += [{**edge, "y": [q[low] for q in found], "showlegend": False}, {**edge, "y": [q[high] for q in found], **filled}]
    centre = {"type": "scatter", "mode": "lines+markers", "x": years, "y": [q["p50"] for q in found], "name": say("median")}
    style = {"line": {"color": colour, "dash": dash, "width": 2.5}, "marker": {"symbol": marker, "size": 7, "color": colour}}
    return [*data, {**centre, **style}]


def nothing(message: str) -> View:
    """A view that says why there is nothing to draw."""
    words = {"text": message, "showarrow": False, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    hidden = {"visible": False}
    shape = layout(height=160, legend=False, annotations=[words], xaxis=hidden, yaxis=hidden)
    return View(message, message, [{"type": "scatter", "mode": "markers", "x": [], "y": []}], shape)


def ratio(part: float, whole: float) -> float:
    """`part / whole`, 0 of nothing."""
    return part / whole if whole else 0.0


def capital(text: str) -> str:
    """`text` with its first letter as at the start of a sentence."""
    return text[:1].upper() + text[1:]
