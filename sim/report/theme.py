"""How charts look: palette, second cues, templates for light and dark, and the one Plotly configuration."""

from __future__ import annotations

from typing import Any

# Okabe and Ito's palette; at most seven series in one chart.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442"
GREY = "#6E6E6E"  # apart from every colour above for every kind of colour vision
SERIES = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "5px 2px 1px 2px")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "triangle-down", "star")
PATTERNS = ("", "/", ".", "\\", "x", "-", "+")
LARGEST = 7
INK = "#7d8793"  # of marks over bars, seen on light and on dark

# A metal keeps its colour and its marker in every chart.
METALS = {
    "Nd": (BLUE, "circle", "solid"),
    "Dy": (VERMILION, "square", "dash"),
    "Au": (ORANGE, "diamond", "dot"),
    "Cu": (GREEN, "triangle-up", "dashdot"),
    "Tb": (PURPLE, "x", "longdash"),
    "Pr": (SKY, "triangle-down", "longdashdot"),
    "Ag": (GREY, "star", "solid"),
    "Pd": (YELLOW, "hexagon", "dash"),
    "Co": (SKY, "cross", "dot"),
}

# Everything that could reach the network or move by itself is off, here and nowhere else.
CONFIG: dict[str, Any] = {
    "displayModeBar": False,
    "displaylogo": False,
    "doubleClick": False,
    "plotlyServerURL": "about:blank",
    "responsive": True,
    "scrollZoom": False,
    "showSendToCloud": False,
    "showTips": False,
    "topojsonURL": "about:blank/",
    "typesetMath": False,
}

CIVIDIS = [
    [0.0, "#00224E"],
    [0.125, "#123570"],
    [0.25, "#3B496C"],
    [0.375, "#575D6D"],
    [0.5, "#707173"],
    [0.625, "#8A8678"],
    [0.75, "#A59C74"],
    [0.875, "#C3B369"],
    [1.0, "#FEE838"],
]
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, '
    '"Hiragino Sans", "Yu Gothic UI", Meiryo, "Noto Sans CJK JP", sans-serif'
)


def metal_style(metal: str) -> tuple[str, str, str]:
    """Colour, marker and dash of a metal; grey for one without a colour of its own."""
    return METALS.get(metal, (GREY, "circle-open", "solid"))


def line(place: int, **more: Any) -> dict[str, Any]:
    """Line and marker of the series at `place`, told apart by colour, dash and shape."""
    i = place % LARGEST
    return {
        "line": {"color": SERIES[i], "dash": DASHES[i], "width": 2},
        "marker": {"symbol": MARKERS[i], "size": 7, "color": SERIES[i]},
        **more,
    }


def fill(place: int) -> dict[str, Any]:
    """Marker of the bar series at `place`, told apart by colour and hatching; the last place is the rest, grey."""
    if place < 0:
        return {"color": GREY, "line": {"width": 0.5, "color": "#444"}}
    i = place % LARGEST
    pattern = {"shape": PATTERNS[i], "fillmode": "overlay", "size": 7, "solidity": 0.2, "fgcolor": "rgba(0,0,0,0.55)"}
    return {"color": SERIES[i], "pattern": pattern, "line": {"width": 0.5, "color": "#444"}}


def faint(colour: str, opacity: float) -> str:
    """A colour that lets through what lies behind it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def templates() -> dict[str, Any]:
    """Plotly templates by colour scheme."""
    return {
        "light": _template(ink="#1c2430", paper="rgba(0,0,0,0)", grid="#d9dee5", land="#eceff3", border="#ffffff"),
        "dark": _template(ink="#e7ebf0", paper="rgba(0,0,0,0)", grid="#3a434f", land="#2a323c", border="#12171d"),
    }


def _template(ink: str, paper: str, grid: str, land: str, border: str) -> dict[str, Any]:
    axis = {
        "gridcolor": grid,
        "linecolor": grid,
        "zerolinecolor": ink,
        "zerolinewidth": 1,
        "automargin": True,
        "title": {"standoff": 8},
        "ticks": "",
        "exponentformat": "none",
        "separatethousands": True,
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 13, "color": ink},
            "paper_bgcolor": paper,
            "plot_bgcolor": paper,
            "colorway": list(SERIES),
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"font": {"family": FONT}},
            "legend": {"bgcolor": paper},
            "margin": {"l": 56, "r": 16, "t": 16, "b": 48},
            "geo": {"bgcolor": paper, "framecolor": grid},
            "meta": {"ink": ink, "land": land, "border": border},
        },
        "data": {},
    }
