"""Bottlenecks: in toy chains the planted one is named, and what it is said to add is what a run with more of it gives."""

from __future__ import annotations

import numpy as np
import pytest

from sim.results.tables import numbers, texts
from sim.simulate.run import run_replication
from tests.fixtures.toy_chain import DISMANTLER, SMELTER, TRUCKS, toy

MORE = 1.05
SLOW_CONSENT = "border_rules.boards.consent_days={ low = 100.0, mode = 100.0, high = 100.0 }"
# what is planted, by the resource: the number that is short, its value, and what else is set
PLANTED = {
    "collection": (f"{TRUCKS}.participation_share", 0.4, ()),
    "trucks": (f"{TRUCKS}.vehicles_per_100k_households", 4.0, ()),
    "line": (f"plants.{DISMANTLER}.capacity_t_per_year", 700.0, ()),
    "consent": ("border_rules.boards.quota_t", 100.0, (SLOW_CONSENT,)),
    "refinery": (f"plants.{SMELTER}.capacity_t_per_year", 300.0, ()),
}


def run(folder, *assignments):
    return run_replication(toy(folder, *assignments).spec, seed=1, replication=0)["tables"]


def recovered_kg(tables):
    lead = tables["lead_times"]
    return float(lead["recovered_kg"][np.array(texts(lead, "metal")) == "Au"].sum())


@pytest.mark.parametrize("resource", PLANTED)
def test_the_planted_bottleneck_is_named_and_its_gain_is_what_a_run_with_more_of_it_gives(tmp_path, resource):
    key, value, also = PLANTED[resource]
    tables = run(tmp_path, f"{key}={value}", *also)
    more = run(tmp_path, f"{key}={value * MORE}", *also)
    table = tables["bottlenecks"]
    named = np.array(texts(table, "resource"))
    months = 12 * 5
    assert ((named == resource) & (numbers(table, "rank") == 1)).sum() >= months - 2  # the chain fills up first
    told = float(numbers(table, "gain_kg").sum()) * 100.0 * (MORE - 1.0)
    gained = recovered_kg(more) - recovered_kg(tables)
    assert gained > 0.01 * recovered_kg(tables)
    assert told == pytest.approx(gained, rel=0.1)
    others = numbers(table, "gain_kg")[named != resource].sum()
    assert others < 0.05 * numbers(table, "gain_kg").sum()


def test_a_tonne_more_adds_what_the_rest_of_the_chain_makes_of_it(tmp_path):
    """20 mg of gold per kg of device; half of it gets into boards and 95 % of that out of them: 9.5 g of gold per tonne."""
    table = run(tmp_path)["bottlenecks"]
    assert set(texts(table, "resource")) == {"collection"}
    assert set(texts(table, "place")) == {"THA"}
    np.testing.assert_allclose(numbers(table, "gain_kg_per_t"), 0.0095, rtol=1e-6)
    np.testing.assert_allclose(numbers(table, "gain_kg"), 0.01 * 0.475 * numbers(table, "through_kg"), rtol=1e-6)
    # of 100 kg of gold a year 80 are handed to nobody
    assert numbers(table, "held_kg")[-12:].sum() == pytest.approx(80.0, rel=1e-3)


def test_a_queue_that_clears_within_the_year_holds_nothing_back(tmp_path):
    """A line that is full in the first months of the year, from a flood of boxes, but idle at its end delays and loses nothing."""
    pulse = f"{TRUCKS}.end=2028-01-01"
    table = run(tmp_path, f"plants.{DISMANTLER}.capacity_t_per_year=900.0", pulse)["bottlenecks"]
    year, named = numbers(table, "year"), np.array(texts(table, "resource"))
    assert (named[year == 2026] == "line").all()
    assert "line" not in named[year == 2028]


def test_nothing_flows_nothing_binds(tmp_path):
    table = run(tmp_path, f"{TRUCKS}.participation_share=0.0")["bottlenecks"]
    assert len(numbers(table, "gain_kg")) == 0
