"""Columns: typed, sorted by key, gathered in order, the same after writing and reading."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import ResultsError
from sim.results import parquet
from sim.results.reference import reference_page
from sim.results.schema import TABLES
from sim.results.tables import coded, from_columns, from_rows, gathered, numbers, own_head, ratio, texts

ROOT = Path(__file__).parents[2]
UNITS = "kg|t|share|days?|years?|km|hours|usd|usd_per_kg|kgco2e|kwh|co2_kg|units|month"
# counts and pure numbers that design 6 names without a unit
PURE = {
    "cleared",
    "jobs_fte",
    "must_pay",
    "rank",
    "replication",
    "draw",
    "routes",
    "stops",
    "boxes",
    "refused",
    "u",
    "value",
    "pledged",
    "modelled",
}
PURE |= {"hhi", "hhi_by_origin", "hhi_by_place", "primary_hhi"}


@pytest.mark.parametrize("column", [c for t in TABLES.values() for c in t.columns], ids=lambda c: c.name)
def test_every_column_is_described_and_numbers_carry_a_unit(column):
    assert column.en
    assert column.ja
    if column.kind == "text":
        assert column.unit == ""
    else:
        assert column.unit
        assert column.name in PURE or re.search(rf"(^|_)({UNITS})(_mean|_p\d\d)?$", column.name), column.name


def test_keys_come_first_and_names_are_unique():
    for table in TABLES.values():
        assert len(set(table.head)) == len(table.head)
        assert table.head[: len(table.key)] == tuple(column.name for column in table.key)


def test_reference_page_is_fresh():
    assert (ROOT / "docs" / "reference" / "tables.md").read_text(encoding="utf-8") == reference_page()


def test_rows_are_sorted_by_key_whatever_their_order():
    rows = [(2026, "VNM", "waiting", "Nd", 1.0), (2025, "VNM", "waiting", "Nd", 2.0), (2025, "JPN", "yard", "Cu", 3.0)]
    first, second = from_rows("stocks", rows), from_rows("stocks", rows[::-1])
    assert texts(first, "country") == ["JPN", "VNM", "VNM"]
    assert numbers(first, "year").tolist() == [2025, 2025, 2026]
    for head in own_head(TABLES["stocks"]):
        np.testing.assert_array_equal(getattr(first[head], "codes", first[head]), getattr(second[head], "codes", second[head]))


def test_two_rows_with_one_key_are_refused():
    with pytest.raises(ValueError, match=r"stocks: two rows for \[2025, 'JPN', 'yard', 'Cu'\]"):
        from_rows("stocks", [(2025, "JPN", "yard", "Cu", 3.0), (2025, "JPN", "yard", "Cu", 4.0)])


def test_wrong_columns_are_refused():
    with pytest.raises(ValueError, match="mass_kg"):
        from_columns("stocks", {"year": [1], "country": ["JPN"], "account": ["yard"], "substance": ["Cu"]})


@given(st.lists(st.text(max_size=3)))
def test_coding_keeps_texts_and_their_order(listed):
    column = coded(listed)
    assert column.texts.tolist() == listed
    assert list(column.values) == sorted(set(listed))


def test_gathering_joins_texts_of_all_replications(tmp_path):
    parts = [
        from_rows("stocks", [(2025, "VNM", "yard", "Cu", 3.0), (2025, "VNM", "port", "Cu", 1.0)]),
        from_rows("stocks", []),
        from_rows("stocks", [(2025, "JPN", "yard", "Nd", 5.0)]),
    ]
    joined = gathered("stocks", parts)
    assert numbers(joined, "replication").tolist() == [0, 0, 2]
    assert texts(joined, "country") == ["VNM", "VNM", "JPN"]
    parquet.write("stocks", joined, tmp_path / "stocks.parquet")
    frame = parquet.read(tmp_path / "stocks.parquet")
    assert frame["account"].tolist() == ["port", "yard", "yard"]
    assert frame["mass_kg"].tolist() == [1.0, 3.0, 5.0]
    assert frame.equals(parquet.frame("stocks", joined))


@pytest.mark.parametrize(("count", "size"), [(0, 1), (1, 1), (128, 1), (129, 2), (40_000, 4)])
def test_codes_are_as_small_as_their_values_allow(count, size):
    names = [f"{number:05d}" for number in range(count)]
    column = coded(names)
    assert column.codes.dtype == np.dtype(f"i{size}")
    assert column.texts.tolist() == names
    assert column.codes_in(("", *names)).tolist() == list(range(1, count + 1))


def test_small_years_are_kept_small_and_written_as_any_other(tmp_path):
    columns = {name: ["a", "b"] for name in ("metal", "plant", "zone", "channel")} | {"recovered_kg": [1.0, 2.0]}
    written = []
    for kind in (np.int16, np.int64):
        years = dict.fromkeys(("year", "discard_year"), np.array([2025, 2026], dtype=kind))
        table = gathered("lineage", [from_columns("lineage", columns | years)])
        assert numbers(table, "year").dtype == {np.int16: np.int16, np.int64: np.int32}[kind]
        parquet.write("lineage", table, tmp_path / f"{kind.__name__}.parquet")
        written.append((tmp_path / f"{kind.__name__}.parquet").read_bytes())
    assert written[0] == written[1]


def test_file_bytes_depend_on_rows_only(tmp_path):
    rows = [(2025 + i % 3, "JPN", f"stage {i}", "Nd", float(i)) for i in range(50)]
    for name, order in (("a", rows), ("b", rows[::-1])):
        (tmp_path / name).mkdir()
        parquet.write("stocks", gathered("stocks", [from_rows("stocks", order)]), tmp_path / name / "stocks.parquet")
    content = (tmp_path / "a" / "stocks.parquet").read_bytes()
    assert content == (tmp_path / "b" / "stocks.parquet").read_bytes()
    assert b"pandas" not in content
    assert pq.read_metadata(tmp_path / "a" / "stocks.parquet").metadata is None
    with pytest.raises(FileExistsError):
        parquet.write("stocks", gathered("stocks", [from_rows("stocks", rows)]), tmp_path / "a" / "stocks.parquet")


def test_empty_tables_are_written_with_their_columns(tmp_path):
    for name in TABLES:
        parts = [from_rows(name, [])]
        parquet.write(name, gathered(name, parts), tmp_path / f"{name}.parquet")
        frame = parquet.read(tmp_path / f"{name}.parquet")
        assert tuple(frame.columns) == TABLES[name].head
        assert frame.empty


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ResultsError, match=r"flows\.parquet"):
        parquet.read(tmp_path / "flows.parquet")


def test_ratio_is_missing_where_nothing_divides():
    np.testing.assert_array_equal(ratio(np.array([1.0, 2.0]), np.array([2.0, 0.0])), [0.5, np.nan])


def test_rows_in_order_are_neither_sorted_nor_copied():
    kg = np.array([1.0, 2.0, 3.0])
    sorted_rows = {
        "year": np.array([2025, 2025, 2026], dtype=np.int32),
        "country": coded(["IDN", "JPN", "IDN"]),
        "product": coded(["a", "a", "a"]),
        "units": kg,
        "mass_kg": kg,
        "units_with_magnet_share": kg,
    }
    made = from_columns("arisings", sorted_rows)
    assert made["mass_kg"] is kg
    backwards = {
        name: column[::-1] if isinstance(column, np.ndarray) else coded(column.texts[::-1].tolist())
        for name, column in sorted_rows.items()
    }
    again = from_columns("arisings", backwards)
    assert numbers(again, "mass_kg").tolist() == [1.0, 2.0, 3.0]
    assert texts(again, "country") == ["IDN", "JPN", "IDN"]
    assert kg.tolist() == [1.0, 2.0, 3.0]
