"""Parts of a sweep are written to be read once, the table of all to be kept; both say the same."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.study import parts
from sim.study.sweep_task import Part

COLUMNS = ("recovered_kg", "cost_usd")


def part(first, count, message=""):
    run = np.arange(first, first + count)
    values = np.random.default_rng(first).random((count, len(COLUMNS)))
    said = tuple(message if number == first else "" for number in run)
    return Part(run, run.astype(np.int32), np.zeros(count, np.int32), said, values)


@pytest.fixture
def saved(tmp_path):
    for name in ("parts", "index"):
        (tmp_path / name).mkdir()

    def save(*made):
        home = parts.Home(tmp_path)
        for chunk, each in enumerate(made):
            home.save_part(chunk, parts.part_table(each, COLUMNS))
        parts.compact(home, range(len(made)))
        return home

    return save


def test_columns_of_a_part_are_those_of_its_runs():
    made = part(7, 5, "stopped")
    table = parts.part_table(made, COLUMNS)
    assert table.column_names == [*parts.HEAD, *COLUMNS]
    assert table.column("message").to_pylist() == ["stopped", "", "", "", ""]
    assert parts.part_table(part(0, 3), COLUMNS).schema == table.schema, "whether a run failed changes no type"
    for place, name in enumerate(COLUMNS):
        assert table.column(name).to_pylist() == made.values[:, place].tolist()


def test_the_table_of_all_is_packed_and_says_what_its_parts_say(saved, monkeypatch):
    monkeypatch.setattr(parts, "GROUP_ROWS", 100)
    made = [part(0, 100), part(100, 60, "失敗"), part(160, 60), part(220, 7)]
    home = saved(*made)
    whole = home.folder / "outcomes.parquet"
    assert parts.read_table(whole).equals(pa.concat_tables([parts.part_table(each, COLUMNS) for each in made]))
    told = pq.read_metadata(whole)
    assert [told.row_group(group).num_rows for group in range(told.num_row_groups)] == [100, 120, 7]
    packed = {told.row_group(0).column(number).compression for number in range(told.num_columns)}
    plain = pq.read_metadata(home.part(0)).row_group(0)
    assert packed == {"ZSTD"}
    assert {plain.column(number).compression for number in range(plain.num_columns)} == {"UNCOMPRESSED"}


def test_row_groups_say_which_runs_they_hold(saved):
    home = saved(part(0, 30))
    column = pq.read_metadata(home.folder / "outcomes.parquet").row_group(0).column(0)
    assert (column.path_in_schema, column.statistics.min, column.statistics.max) == ("run", 0, 29)
