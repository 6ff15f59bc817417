"""Tracing trips: every one is told, the file is written in chunks, and the run folder knows it."""

from __future__ import annotations

from itertools import count, product

import pyarrow.parquet as pq
import pytest

import sim
from sim.results import trips
from sim.results.schema import TRIPS
from sim.results.trips import TripFile
from sim.transport.fleet import MEASURES
from sim.transport.trips import Trip
from tests.fixtures.collection_world import BOXES, DELIVERY, INFORMAL, channel, town

ADDED_UP = ("routes", "stops", "km", "hours", "load_kg", "cost_usd")


def test_columns_of_the_file_are_the_fields_of_a_trip():
    assert TRIPS.head == ("replication", *Trip._fields)


@pytest.mark.parametrize("grain", ["vehicle", "platoon"])
def test_trips_add_up_to_the_fleet_table(grain):
    channels = {
        "pickup": channel(vehicles_per_100k_households=20.0),
        "box": channel(**BOXES),
        "truck": channel(**DELIVERY),
        "informal": channel(**INFORMAL, vehicles_per_100k_households=5.0),
    }
    made = town(channels, vehicles=grain)
    told: list[Trip] = []
    made.world.trips = told.append
    made.collection.fleet._trace = told.append
    made.run()
    assert {trip.channel for trip in told} == {*channels, "linehaul"}
    assert all(trip.back_day >= trip.left_day for trip in told)
    away = made.collection.fleet._planned.values()  # single vehicles are told when they are back
    for year, measure in product((2025, 2026), ADDED_UP):
        out = sum(planned[MEASURES.index(measure)] for booked, planned in away if booked == year)
        traced = sum(getattr(trip, measure) for trip in told if trip.year == year)
        assert traced + out == pytest.approx(made.total("fleet", measure, year=year), rel=1e-9), (year, measure)


def test_a_file_is_written_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(trips, "CHUNK_ROWS", 100)
    number = count()
    with TripFile(tmp_path / "trips-00003.parquet", 3) as file:
        for _ in range(250):
            day = float(next(number))
            file.add(Trip(day, day + 0.5, 2026, "JPN", "JP-13", "truck", "kei_van", 1.0, 5.0, 9.0, 2.0, 40.0, 30.0, 1.5))
            assert len(file._rows) < 100
    written = pq.ParquetFile(file.path)
    assert file.rows == written.metadata.num_rows == 250
    assert written.metadata.num_row_groups == 3
    table = written.read().to_pydict()
    assert table["left_day"] == [float(day) for day in range(250)]
    assert set(table["replication"]) == {3}


def test_a_run_folder_holds_them_and_they_add_up(tmp_path):
    traces = tmp_path / "traces"
    traces.mkdir()
    scenario = sim.load_scenario("baseline").with_set("time.end=2025")
    results = sim.run(scenario, 1, workers=0, trips=traces)
    folder = results.save(tmp_path / "out")
    assert list(traces.iterdir()) == [], "moved, not copied"
    loaded = sim.load_results(folder)
    (told,) = (each for each in loaded.manifest["resources"] if each["path"].startswith("traces/"))
    table = pq.read_table(folder / told["path"]).to_pandas()
    assert len(table) == told["rows"]
    fleet = loaded.tables["fleet"]
    for measure in ADDED_UP:
        assert table[measure].sum() == pytest.approx(fleet[measure].sum(), rel=1e-9)
