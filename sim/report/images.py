"""Charts as pictures for slides and papers: SVG and PNG, drawn by Kaleido (extra `[images]`) without network."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from importlib import import_module, resources
from pathlib import Path
from typing import Any

from sim.core.errors import OutputError, UrbanMineError, UsageError
from sim.report import theme
from sim.report.chart import Chart, Trusted, plain, wrapped

WIDTH_PX = 1100
TITLE_WIDTH = 105  # characters in a line of a title
LINE_PX = 22  # of a title
FORMATS = ("svg", "png")
LAYERS = ("coastlines", "land", "ocean", "lakes", "rivers", "countries", "subunits")


def write_figures(folder: Path, charts: Sequence[Chart], shapes: dict[str, Any]) -> list[Path]:
    """Write the first view of every chart as `<chart>.svg` and `<chart>.png`; returns the files.

    Raises
    ------
    UsageError
        If Kaleido is not installed.
    OutputError
        If the folder cannot be created.
    UrbanMineError
        If Kaleido finds no browser or fails.
    """
    try:
        kaleido = import_module("kaleido")
    except ImportError:
        raise UsageError("pictures need the extra [images]: pip install 'urban-mine[images]'") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created ({error.strerror})") from error
    jobs = [
        {
            "fig": picture(chart),
            "path": str(folder / f"{chart.name}.{kind}"),
            "opts": {"format": kind, "scale": 1 if kind == "svg" else 2},
        }
        for chart in charts
        for kind in FORMATS
    ]
    with tempfile.TemporaryDirectory() as place:
        maps = Path(place) / "maps.js"
        maps.write_text(_map_script(shapes), encoding="utf-8")
        library = resources.files("plotly").joinpath("package_data", "plotly.min.js")
        page = kaleido.PageGenerator(plotly=Path(str(library)).as_uri(), mathjax=False, others=[maps.as_uri()])
        try:
            kaleido.write_fig_from_object_sync(jobs, kopts={"page_generator": page})
        except Exception as error:  # Kaleido raises what its browser raises
            raise UrbanMineError(f"Kaleido could not draw the pictures: {type(error).__name__}: {error}") from error
    return [Path(str(job["path"])) for job in jobs]


def picture(chart: Chart) -> dict[str, Any]:
    """The first view of a chart as a figure that stands by itself, its finding as title."""
    view = chart.first
    words, height = plain(wrapped(view.finding, TITLE_WIDTH)), view.layout["height"] + 70
    title = {
        "text": words,
        "x": 0.01,
        "xanchor": "left",
        "y": 1 - (10 + LINE_PX * words.count("<br>")) / height,  # Plotly puts the last line there, not the first
        "yanchor": "top",
        "font": {"size": 17},
    }
    layout = {**view.layout, "title": title, "template": theme.templates()["light"], "paper_bgcolor": "#ffffff", "width": WIDTH_PX}
    layout["height"] = height
    layout["margin"] = {
        "l": 60,
        "r": 20,
        "b": 56,
        **view.layout.get("margin", {}),
        "t": 110 if view.layout.get("showlegend") else 64,
    }
    return {
        "data": plain(view.data),
        "layout": plain(
            {key: value if key != "title" else {**title, "text": Trusted(title["text"])} for key, value in layout.items()}
        ),
    }


def _map_script(shapes: dict[str, Any]) -> str:
    """Script that gives Plotly the map shapes, so that it asks nobody."""
    empty = {
        "type": "Topology",
        "arcs": [],
        "objects": {layer: {"type": "GeometryCollection", "geometries": []} for layer in LAYERS},
    }
    assets = {"topojson": dict.fromkeys(("world_110m", "world_50m", "asia_110m", "asia_50m"), empty), **shapes}
    return f"window.PlotlyGeoAssets = {json.dumps(assets)};"
