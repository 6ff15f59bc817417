"""Sums over rows of a table, against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sim.results.tables import Columns, coded
from sim.simulate.sums import is_one_of, sums

KG = [1.0, 2.0, 4.0, 8.0, 16.0]


@pytest.fixture
def table() -> Columns:
    return {
        "year": np.array([2026, 2025, 2026, 2025, 2026], dtype=np.int32),
        "country": coded(["THA", "JPN", "THA", "THA", "JPN"]),
        "kg": np.array(KG),
    }


def test_rows_of_a_key_are_added_up(table: Columns) -> None:
    found = sums(table, "year country", "kg")
    assert list(found.items()) == [((2025, "JPN"), 2.0), ((2025, "THA"), 8.0), ((2026, "JPN"), 16.0), ((2026, "THA"), 5.0)]
    assert sums(table, "country", "kg") == {("JPN",): 18.0, ("THA",): 13.0}
    assert found[2027, "JPN"] == 0.0, "what was not there is nothing"


def test_only_chosen_rows_and_any_values_can_be_added_up(table: Columns) -> None:
    thai = is_one_of(table, "country", {"THA", "VNM"})
    assert thai.tolist() == [True, False, True, True, False]
    assert sums(table, "year", "kg", thai) == {(2025,): 8.0, (2026,): 5.0}
    assert sums(table, "year", np.ones(5), thai) == {(2025,): 1.0, (2026,): 2.0}


def test_nothing_sums_to_nothing(table: Columns) -> None:
    assert sums(table, "year country", "kg", np.zeros(5, dtype=bool)) == {}
    empty: Columns = {"country": coded([]), "kg": np.zeros(0)}
    assert sums(empty, "country", "kg") == {}
    assert is_one_of(empty, "country", {"JPN"}).tolist() == []
