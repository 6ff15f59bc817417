"""Cases of patience and fleets: what they change, that pairs are pairs, and when they are worth their time."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.results.tables import numbers, texts
from sim.scenario.load import load_scenario
from sim.study.capacity_cases import CASES, RunCase, _rows, capacity_cases, worthwhile

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.toml"


@pytest.fixture(scope="module")
def scenario():
    return load_scenario(BASELINE).with_set("time.end=2025", "run.uncertain_inputs=false")


@pytest.fixture(scope="module")
def japan(scenario):
    """Case -> offered, collected, lost, collected share, mean wait, Nd collected and available, of all channels of Japan."""
    task = RunCase(scenario, 1, 1)
    rows = [row for number, case in enumerate(CASES) for row in _rows(case, task(number)) if row[1:3] == ("JPN", "all")]
    return {row[0]: row[3:] for row in rows}


def test_half_the_vehicles_collect_less_and_later(japan):
    given, half = japan["as_given"], japan["half_the_vehicles"]
    assert half[0] == pytest.approx(given[0], rel=1e-9), "people offer the same"
    assert half[3] < 0.95 * given[3], "collected share"
    assert half[4] > 3.0 * given[4], "mean wait"
    assert half[5] < 0.99 * given[5], "Nd collected"


def test_patience_loses_less_the_longer_it_is(japan):
    lost = [japan[f"patience_{days}_days"][2] for days in (3, 14, 90)]
    assert lost[0] > lost[1] > lost[2]
    nd = [japan[f"patience_{days}_days"][5] for days in (3, 14, 90)]
    assert nd[0] <= nd[1] * (1.0 + 1e-9) <= nd[2] * (1.0 + 2e-9)


def test_the_twin_without_queues_collects_most(japan):
    assert japan["unlimited"][5] >= japan["as_given"][5]


def test_a_case_changes_what_it_names_only(scenario):
    spec = scenario.spec
    patient = CASES["patience_3_days"](spec)
    assert {country.behaviour.patience_days.value for country in patient.countries.values() if country.behaviour} == {3.0}
    assert patient.vehicles == spec.vehicles
    half = CASES["half_the_vehicles"](spec).countries["JPN"].channels["municipal_pickup"].vehicles_per_100k_households
    whole = spec.countries["JPN"].channels["municipal_pickup"].vehicles_per_100k_households
    assert half.at(2030.0) == pytest.approx(0.5 * whole.at(2030.0))


def test_cases_cost_at_most_a_fifth_of_a_run(scenario):
    assert not worthwhile(scenario.spec, 24)
    assert worthwhile(scenario.spec, 25)
    long = scenario.spec.model_copy(update={"time": scenario.spec.time.model_copy(update={"end": 2045})})
    assert not worthwhile(long, 3)
    assert worthwhile(long, 4)


def test_the_table_is_empty_where_it_is_not_worth_it(scenario):
    table = capacity_cases(scenario, 1, 1, 2, 0)
    assert texts(table, "case") == []
    assert len(numbers(table, "offered_kg")) == 0
