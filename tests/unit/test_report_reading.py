"""Sums that charts show are the sums of the Parquet tables."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from sim.core.errors import ResultsError
from sim.report.context import apart, over_years, quantiles
from sim.report.reading import Run
from tests.fixtures.synthetic_run import seal, write_run
from tests.fixtures.synthetic_tables import Shape


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run") / "r")


@pytest.fixture(scope="module")
def run(folder):
    return Run.open(folder)


@pytest.mark.parametrize(
    ("table", "by", "measure", "weight", "where"),
    [
        ("collection", ("country", "channel", "year"), "collected_kg", None, {}),
        ("flows", ("substance", "source", "target"), "mass_kg", None, {"year": [2026, 2027], "substance": ["Nd", "total"]}),
        ("shipments", ("origin",), "consent_days", "mass_kg", {}),
        ("plants", ("plant", "year"), "utilisation_share", None, {"year": [2025]}),
        ("signals", (), "refined_kg", None, {"metal": ["Dy"]}),
    ],
)
def test_sums_equal_pandas(run, folder, table, by, measure, weight, where):
    frame = pd.read_parquet(folder / "tables" / f"{table}.parquet")
    for column, values in where.items():
        frame = frame[frame[column].isin(values)]
    frame = frame.assign(x=(frame[measure] * (frame[weight] if weight else 1.0)).fillna(0.0))
    expected = frame.groupby([*by, "replication"])["x"].sum().to_dict()
    found = run.each(table, by, measure, weight=weight, where=where)
    assert {key[:-1] for key in (k if isinstance(k, tuple) else (k,) for k in expected)} == set(found)
    for key, kg in expected.items():
        *place, replication = key if isinstance(key, tuple) else (key,)
        assert found[tuple(place)][replication] == pytest.approx(kg, rel=1e-12)
    for key, mean in run.mean(table, by, measure, weight=weight, where=where).items():
        assert mean == pytest.approx(found[key].mean(), rel=1e-12, abs=1e-12)


def test_a_replication_without_rows_counts_as_zero(tmp_path):
    shape = Shape(replications=3, repeats_per_draw=3)
    folder = write_run(tmp_path / "r", shape)
    path = folder / "tables" / "signals.parquet"
    frame = pd.read_parquet(path)
    frame[frame["replication"] != 1].to_parquet(path)
    seal(folder, shape)
    values = Run.open(folder).each("signals", ("metal",), "refined_kg")["Nd",]
    assert values[1] == 0.0
    assert values[0] > 0.0
    assert values.shape == (3,)


def test_years_chosen_are_first_round_ones_and_last():
    assert Run.__dict__["chosen_years"].func(_years(2025, 2045)) == (2025, 2030, 2035, 2040, 2045)
    assert Run.__dict__["chosen_years"].func(_years(2023, 2037)) == (2023, 2025, 2030, 2035, 2037)
    assert Run.__dict__["chosen_years"].func(_years(2025, 2029)) == (2025, 2026, 2027, 2028, 2029)


def _years(start, end):
    class Years:
        years = tuple(range(start, end + 1))

    return Years()


def test_what_is_not_a_run_or_damaged_is_named(tmp_path, folder):
    with pytest.raises(ResultsError, match="manifest"):
        Run.open(tmp_path)
    copy = write_run(tmp_path / "damaged")
    path = copy / "tables" / "flows.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ResultsError, match=r"flows\.parquet"):
        Run.open(copy)


def test_a_missing_column_is_named(tmp_path):
    folder = write_run(tmp_path / "r")
    path = folder / "tables" / "fleet.parquet"
    pd.read_parquet(path).drop(columns="km").to_parquet(path)
    seal(folder, Shape())
    with pytest.raises(ResultsError, match="no column 'km'"):
        Run.open(folder).mean("fleet", ("channel",), "km")


def test_a_missing_or_broken_summary_is_named(tmp_path):
    folder = write_run(tmp_path / "r")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["replications"] == 4
    (folder / "summary.json").unlink()
    with pytest.raises(ResultsError, match=r"summary\.json"):
        Run.open(folder)


def test_chance_and_ignorance_are_told_apart():
    rng = np.random.default_rng(1)
    draw_of = np.repeat(np.arange(400), 4)
    values = 10.0 + 3.0 * rng.normal(size=400)[draw_of] + 0.5 * rng.normal(size=1600)
    chance, ignorance = apart(values, draw_of)
    assert chance == pytest.approx(0.5, rel=0.05)
    assert ignorance == pytest.approx(3.0, rel=0.1)


def test_chance_is_unknown_where_every_replication_has_its_own_draw():
    chance, ignorance = apart(np.array([1.0, 2.0, 3.0]), np.arange(3))
    assert np.isnan(chance)
    assert ignorance == pytest.approx(1.0)
    chance, ignorance = apart(np.array([1.0, 2.0, 3.0]), np.zeros(3, dtype=int))
    assert chance == pytest.approx(1.0)
    assert np.isnan(ignorance)


def test_series_by_year_fill_gaps_with_zero():
    assert over_years({("a", 2025): 1.0, ("a", 2027): 3.0, ("b", 1999): 9.0}, (2025, 2026, 2027)) == {("a",): [1.0, 0.0, 3.0]}
    assert quantiles(np.arange(101.0))["p10"] == pytest.approx(10.0)
