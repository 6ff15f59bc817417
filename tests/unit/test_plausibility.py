"""Impossible results: every planted one is found and named with table and row, and a real run has none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.results.tables import Coded, numbers, words
from sim.scenario.load import load_scenario
from sim.study import replicate
from sim.study.plausibility import impossible, warnings_of
from tests.fixtures.columns import made_results


@pytest.fixture(scope="module")
def run():
    return replicate.run(load_scenario("baseline").with_set("time.end=2026"), replications=1, seed=3, workers=0)


def copied(columns):
    return {
        name: {head: column if isinstance(column, Coded) else column.copy() for head, column in table.items()}
        for name, table in columns.items()
    }


def test_a_real_run_raises_no_alarm_and_says_so(run):
    assert run.manifest["impossible"] == []
    assert not [warning for warning in run.manifest["warnings"] if "impossible" in warning]
    assert impossible(made_results().columns, 4) == []


def largest(table, measure, rows=None):
    values = np.nan_to_num(numbers(table, measure))
    return int(np.argmax(values if rows is None else np.where(rows, values, -1.0)))


def where(table, name, text):
    column = words(table, name)
    return column.codes == column.values.index(text)


def planted_content(tables):
    row = largest(tables["recovery"], "contained_kg")
    tables["recovery"]["contained_kg"][row] = tables["recovery"]["recovered_kg"][row] = 1.01 * tables["recovery"]["fed_kg"][row]
    return row


def planted_oxide(tables):
    table = tables["recovery"]
    row = largest(table, "contained_kg", where(table, "form", "ree_oxide"))
    table["recovered_kg"][row] = 0.857 * table["contained_kg"][row]
    return row


def planted(table, measure, value):
    def plant(tables):
        row = largest(tables[table], measure)
        tables[table][measure][row] = value(tables[table][measure][row])
        return row

    return plant


def planted_refined(tables):
    table = tables["signals"]
    first = where(table, "metal", "Nd") & (numbers(table, "year") == 2025)
    table["refined_kg"][first] = table["separated_kg"][first] * 1.5 + 1.0


def planted_future(tables):
    table = tables["lineage"]
    row = largest(table, "recovered_kg", numbers(table, "discard_year") == 2025)
    table["discard_year"][row] = 2040
    return row


PLANTED = {
    "recovery above content": (planted_content, "recovery", "more metal in the products"),
    "oxide lighter than its metal": (planted_oxide, "recovery", "a product lighter"),
    "utilisation above 1": (planted("plants", "utilisation_share", lambda _: 1.015), "plants", "utilisation_share above 1"),
    "negative wait": (planted("collection", "wait_days_mean", lambda days: -days), "collection", "wait_days_mean below zero"),
    "negative flow": (planted("flows", "mass_kg", lambda kg: -kg), "flows", "mass_kg below zero"),
    "negative stock": (planted("stocks", "mass_kg", lambda kg: -1e-3 * kg), "stocks", "mass_kg below zero"),
    "refined above separated": (planted_refined, "signals", "refined_kg above separated_kg"),
    "available above refined": (
        planted("signals", "available_kg", lambda kg: 9.0 * kg),
        "signals",
        "available_kg above refined_kg",
    ),
    "queue that does not close": (planted("collection", "lost_kg", lambda kg: kg + 1.0), "collection", "a queue that does not"),
    "more worked than taken in": (planted("plants", "intake_kg", lambda kg: 0.5 * kg), "plants", "more worked than ever"),
    "shortfall above demand": (planted("market", "shortfall_kg", lambda kg: 1e9), "market", "a shortfall above demand"),
    "parents lost": (planted("lineage", "recovered_kg", lambda kg: 0.9 * kg), "lead_times", "parents of recovered metal"),
    "recovered before discarded": (planted_future, "lineage", "metal recovered before"),
    "lead times out of order": (planted("lead_times", "days_p50", lambda days: 9e3), "lead_times", "quantiles of days"),
    "infinite price": (planted("market", "price_usd_per_kg", lambda _: np.inf), "market", "price_usd_per_kg is infinite"),
}


# found in a sum, so the row told is that of the sum
TOLD_AS_A_SUM = {"refined above separated", "available above refined", "more worked than taken in", "parents lost"}


@pytest.mark.parametrize("name", PLANTED)
def test_every_planted_impossible_result_is_found_with_table_and_row(run, name):
    plant, table, what = PLANTED[name]
    tables = copied(run.columns)
    row = plant(tables)
    found = [one for one in impossible(tables, 1) if one["table"] == table and one["what"].startswith(what)]
    assert len(found) == 1, impossible(tables, 1)
    assert found[0]["rows"] >= 1
    if name not in TOLD_AS_A_SUM:
        keys = [key for key in found[0]["first"][0] if isinstance(tables[table][key], Coded)]
        told = [[one[key] for key in keys] for one in found[0]["first"]]
        assert [tables[table][key].values[tables[table][key].codes[row]] for key in keys] in told
    json.dumps(found, allow_nan=False)
    assert warnings_of(found)[0].startswith(f"impossible result in table {table}: {what}")


def test_rounding_is_no_alarm(run):
    tables = copied(run.columns)
    tables["plants"]["utilisation_share"][0] = 1.0 + 1e-12
    tables["flows"]["mass_kg"][0] = -1e-9
    assert impossible(tables, 1) == []
