"""Pages of countries: figures over replications, grades, and what to measure next."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.study.country_page import country_pages

HEAD = ("key", "value", "unit", "low", "high", "grade", "source")
INPUTS = (
    ("countries.LAO.arisings.base_year_kt", "17.8", "kt", "10.0", "20.0", "C", "a survey"),
    ("countries.LAO.arisings.mix.UNU0306", "0.1", "share", "0.05", "0.2", "D", "assumed"),
    ("countries.LAO.arisings.convergence_years", "{ 2025 = 50.0 }", "years", "1.0", "100.0", "D", "assumed"),
    ("countries.LAO.channels.boxes.participation_share", "0.1", "share", "0.0", "0.2", "D", "assumed"),
    ("countries.LAO.channels.boxes.handling_usd_per_t", "9.0", "USD", "1.0", "90.0", "D", "assumed"),
    ("countries.LAO.channels.boxes.start", "2028-01-01", "date", "", "", "A", "a law"),
    ("countries.LAO.informal.sold_to_formal_share", "0.1", "share", "0.0", "0.5", "D", "assumed"),
    ("countries.LAO.population", "7e6", "count", "6.9e6", "7.1e6", "A", "a census"),
    ("countries.THA.arisings.base_year_kt", "700", "kt", "100.0", "900.0", "D", "a survey"),
)


@pytest.fixture
def page():
    years = [2034, 2035, 2036]
    signals = [
        {
            "replication": r,
            "year": y,
            "country": "LAO",
            "metal": metal,
            "in_waste_kg": 10.0 + r,
            "collected_kg": 5.0,
            "separated_kg": np.nan,
        }
        | {"refined_kg": np.nan, "available_kg": np.nan, "collection_rate_share": 0.4}
        for r in range(3)
        for y in years
        for metal in ("Au", "total")
    ]
    gains = [
        {"replication": 0, "year": 2035, "country": "LAO", "metal": "total"}
        | {"earned_usd": 30.0, "public_usd": 0.0, "jobs_fte": 7.0, "residue_kg": 1.0}
    ]
    tables = {
        "signals": pd.DataFrame(signals),
        "gains": pd.DataFrame(gains),
        "arisings": pd.DataFrame({"country": "LAO", "product": ["UNU0306", "UNU0108"], "mass_kg": [1.0, 3.0]}),
        "collection": pd.DataFrame(
            {"country": "LAO", "channel": ["informal", "boxes"], "offered_kg": [9.0, 1.0], "lost_kg": [0.0, 0.5]}
        ),
        "assumptions": pd.DataFrame([dict(zip(HEAD, row, strict=True)) for row in INPUTS]),
    }
    results = SimpleNamespace(tables=tables, manifest={"replications": 3}, summary={"headline": ["Au"]})
    (made,) = country_pages(results)
    return made


def test_figures_are_quantiles_over_replications_and_a_missing_row_is_nothing(page):
    figures = {figure.name: figure for figure in page.figures}
    assert (page.country, page.year) == ("LAO", 2035)
    waste = figures["Au in_waste_kg"]
    assert (waste.unit, waste.p10, waste.p50, waste.p90) == ("kg", pytest.approx(10.2), 11.0, pytest.approx(11.8))
    assert figures["collection_rate_share"].p50 == 0.4
    assert figures["jobs_fte"].p50 == 0.0
    assert "Au refined_kg" not in figures


def test_grades_count_the_numbers_of_the_country_alone(page):
    assert page.grades == {"A": 2, "B": 0, "C": 1, "D": 5}


def test_what_to_measure_next_is_wide_and_moves_much(page):
    weights = {one.key.split(".", 2)[2]: one.weight for one in page.measure_next}
    assert next(iter(weights)) == "arisings.convergence_years"
    assert weights["arisings.convergence_years"] == pytest.approx(2 * np.log(2.0))
    assert weights["arisings.base_year_kt"] == pytest.approx(np.log(2.0))
    assert weights["arisings.mix.UNU0306"] == pytest.approx(0.25 * np.log(4.0))
    assert weights["informal.sold_to_formal_share"] == pytest.approx(0.9 * 0.5)
    assert weights["channels.boxes.participation_share"] == pytest.approx(0.1 * np.log(100.0))
    assert len(weights) == 5


def test_dates_of_the_country(page):
    assert [(rule.key, rule.date) for rule in page.rules] == [("countries.LAO.channels.boxes.start", "2028-01-01")]
