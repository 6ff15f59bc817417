"""Common random numbers: the same seed makes the difference of two scenarios much surer than two separate runs would."""

from __future__ import annotations

import numpy as np
import pytest

from sim.scenario.load import load_scenario
from sim.study import replicate
from sim.study.compare import paired

REPLICATIONS = 3


@pytest.fixture(scope="module")
def pair():
    base = load_scenario("baseline").with_set(
        "time.end=2025", "run.repeats_per_draw=1", "countries.JPN.channels.delivery_truck.start=2025-01-01"
    )
    trucks = base.with_set(
        "countries.JPN.channels.delivery_truck.coverage_share={ low = 0.3, mode = 0.5, high = 0.6 }",
        "countries.JPN.channels.delivery_truck.participation_share={ low = 0.1, mode = 0.2, high = 0.35 }",
    )
    return [replicate.run(scenario, REPLICATIONS, seed=1, workers=0) for scenario in (base, trucks)]


def test_paired_differences_vary_at_most_a_quarter_of_unpaired(pair):
    """Variance of A - B by replication against the sum of the variances, which separate seeds would give."""
    before, after = paired(*pair)["collected_kg", "Nd", "JPN", 2025]
    assert (after > before).all()
    unpaired = before.var(ddof=1) + after.var(ddof=1)
    assert (after - before).var(ddof=1) <= 0.25 * unpaired


def test_what_the_change_cannot_reach_is_the_same_bit_by_bit(pair):
    """Every uncertain input but those of the trucks, and the collection of every other country."""
    inputs = [run.tables["inputs"].set_index(["draw", "key"]) for run in pair]
    shared = inputs[0].index.intersection(inputs[1].index)
    assert len(shared) > 1000
    u = [table.loc[shared, "u"].to_numpy() for table in inputs]
    np.testing.assert_array_equal(*u)
    tables = [run.tables["collection"] for run in pair]
    abroad = [table[table["country"] != "JPN"]["collected_kg"].to_numpy() for table in tables]
    np.testing.assert_array_equal(*abroad)
