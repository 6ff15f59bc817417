"""Who gains: metal counts as refined by the same rule as on the ladder of signals."""

from types import SimpleNamespace

import pytest

from sim.results.tables import from_rows, numbers, texts
from sim.simulate.benefits import gains
from tests.fixtures.plants import process

PROCESSES = {
    "smelting": process({"magnet": {"oxide": {"Nd": 0.9}}}, "refining"),
    "direct": process({"magnet": {"alloy": {"Nd": 0.9}}}, "metallization"),
    "metallizing": process({"oxide": {"alloy": {"Nd": 0.9}}}, "metallization"),
    "remaking": process({"oxide": {"alloy": {"Nd": 0.9}}}, "refining"),
}


def recovered(name, form, kg):
    stage = PROCESSES[name].stage
    return (2026, "VNM", f"{name} works", name, "Nd", form, "JPN", "JPN", "JPN", stage, 2.0 * kg, kg, kg)


def test_end_processing_of_fractions_is_refining_whatever_its_stage_and_a_second_step_is_not():
    spec = SimpleNamespace(processes=PROCESSES, fractions={"magnet": None}, plants=(), countries={"JPN": None, "VNM": None})
    made = [
        recovered("smelting", "oxide", 1.0),
        recovered("direct", "alloy", 10.0),
        recovered("metallizing", "alloy", 100.0),
        recovered("remaking", "alloy", 1000.0),
    ]
    tables = {name: from_rows(name, []) for name in ("payments", "fleet", "plants", "flows", "signals")}
    table = gains(tables | {"recovery": from_rows("recovery", made)}, spec)
    refined = {
        key: (here, abroad)
        for key, here, abroad in zip(
            texts(table, "country"), numbers(table, "refined_here_kg"), numbers(table, "own_refined_abroad_kg"), strict=True
        )
    }
    assert refined == {"JPN": (pytest.approx(11.0), 0.0), "VNM": (0.0, pytest.approx(11.0))}
