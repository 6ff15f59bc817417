"""Map shapes: whole, turned the right way, one for every row."""

from __future__ import annotations

import csv
from importlib import resources
from itertools import pairwise

import pytest

from sim.report import maps
from sim.report.context import Context
from sim.report.language import language
from sim.report.reading import Run
from tests.fixtures.synthetic_run import write_run
from tests.fixtures.synthetic_tables import EWASTE_KT, REGIONS, Shape


def rings(collection):
    for feature in collection["features"]:
        for polygon in feature["geometry"]["coordinates"]:
            yield from enumerate(polygon)


@pytest.mark.parametrize(("name", "count"), [("asia_countries", 19), ("japan_prefectures", 47)])
def test_shapes_are_whole_and_clockwise(name, count):
    collection = maps.shapes(name)
    assert len({feature["id"] for feature in collection["features"]}) == count
    for place, ring in rings(collection):
        assert ring[0] == ring[-1]
        area = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring))
        assert (area > 0) == (place == 0)


def test_every_study_country_has_a_shape_singapore_included():
    known = {feature["id"] for feature in maps.shapes("asia_countries")["features"]}
    assert set(EWASTE_KT) <= known
    assert "SGP" in known


def test_every_japanese_zone_of_the_data_has_a_shape():
    known = {feature["id"] for feature in maps.shapes("japan_prefectures")["features"]}
    text = resources.files("sim.data").joinpath("zones.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["country"] == "JPN"]
    assert len(rows) == 47
    assert {row["geo_id"] for row in rows} == known


@pytest.mark.parametrize(("fine", "count"), [(True, 47), (False, len(REGIONS))])
def test_japan_has_as_many_shapes_as_rows(tmp_path, fine, count):
    context = Context(Run.open(write_run(tmp_path / "r", Shape(end=2026, replications=2, fine_zones=fine))), language("en"))
    chart = maps.japan(context)
    drawn = maps.japan_shapes(context)["features"]
    assert sum(row[0] == "devices gathered" for row in chart.table.rows) == count
    assert {row[0] for row in chart.table.rows} > {"devices gathered", "neodymium (Nd)"}
    assert {feature["id"] for feature in drawn} == set(chart.first.data[0]["locations"])
    prefectures = sum(len(f["geometry"]["coordinates"]) for f in maps.shapes("japan_prefectures")["features"])
    assert sum(len(f["geometry"]["coordinates"]) for f in drawn) == prefectures


def test_a_zone_without_shape_leaves_the_map_out_with_its_name(tmp_path):
    folder = write_run(tmp_path / "r", Shape(end=2026, replications=1, write_names=False))
    path = folder / "scenario.resolved.toml"
    assert "[zones.JP-01]" in path.read_text(encoding="utf-8")
    context = Context(Run.open(folder), language("en"))
    assert maps.japan(context).views
    context.run.resolved["zones"].clear()
    assert "JP-Kanto" in maps.japan(context).reason or "JP-Chubu" in maps.japan(context).reason
