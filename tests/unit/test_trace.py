"""Trace: parents of recovered metal sum to it, on a short real run; products are shared out by what arisings held."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from sim.cli import main
from sim.core.errors import UsageError
from sim.results.store import load_results
from sim.scenario.load import load_scenario
from sim.study import replicate
from sim.study.product_shares import ProductShares, number
from sim.study.trace import trace

YEAR = 2026


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    scenario = load_scenario("baseline").with_set(f"time.end={YEAR}")
    return replicate.run(scenario, replications=1, seed=2, workers=0).save(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def results(folder):
    return load_results(folder)


@pytest.mark.parametrize("metal", ["Dy", "Nd", "Cu", "Au"])
def test_parents_and_every_view_of_them_sum_to_what_was_recovered(results, metal):
    found = trace(results, metal, YEAR)
    lead = results.tables["lead_times"]
    told = lead[(lead["metal"] == metal) & (lead["year"] == YEAR)]["recovered_kg"].sum()
    assert found.recovered_kg > 0.0
    assert found.recovered_kg == pytest.approx(told, rel=1e-9)
    assert sum(parent.kg for parent in found.parents) == pytest.approx(told, rel=1e-9)
    for part in ("plant", "country", "zone", "channel", "discard_year", "product"):
        assert sum(found.by(part).values()) == pytest.approx(told, rel=1e-9), part
    assert found.days["days_p10"] <= found.days["days_p50"] <= found.days["days_p90"]
    assert "unknown" not in found.by("country")
    assert found.by("product").get("unknown", 0.0) < 0.01 * told


def test_one_plant_is_part_of_all_and_its_stops_lose_what_they_lose(results):
    whole = trace(results, "Nd", YEAR)
    plants = whole.by("plant")
    parts = [trace(results, "Nd", YEAR, plant) for plant in plants]
    assert sum(part.recovered_kg for part in parts) == pytest.approx(whole.recovered_kg, rel=1e-9)
    for part in parts:
        assert {stop.plant for stop in part.stops} == {part.plant}
        assert all(stop.contained_kg <= stop.fed_kg for stop in part.stops)


def test_air_conditioners_hold_most_of_the_dysprosium(results):
    assert next(iter(trace(results, "Dy", YEAR).by("product"))) == "UNU0111"


@pytest.mark.parametrize(
    ("metal", "year", "plant", "words"),
    [
        ("Ndd", YEAR, None, "Did you mean Nd"),
        ("Nd", 2040, None, "covers 2025 to 2026, not 2040"),
        ("Nd", YEAR, "Shin-Etsu Takfu", "Did you mean Shin-Etsu Takefu"),
    ],
)
def test_what_is_not_there_is_said_with_the_nearest_name(results, metal, year, plant, words):
    with pytest.raises(UsageError, match=words):
        trace(results, metal, year, plant)


def test_command(folder, capsys):
    assert main(["trace", str(folder), "--metal", "Dy", "--year", str(YEAR)]) == 0
    out = capsys.readouterr().out
    assert "of Dy recovered in 2026 by all plants" in out
    assert "By product" in out
    assert main(["trace", str(folder), "--metal", "Dy", "--year", str(YEAR), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(parent["kg"] for parent in told["parents"]) == pytest.approx(told["recovered_kg"], rel=1e-9)
    assert main(["trace", str(folder), "--metal", "Xx", "--year", str(YEAR)]) == 2


def test_shares_of_products_by_hand():
    tree = {
        "products": {
            "phone": {"group": "phone", "reference_mass_kg": 0.1, "contents_g_per_unit": {"Au": 0.02}},
            "pc": {"group": "it", "reference_mass_kg": 10.0, "contents_g_per_unit": {"Au": 0.5}},
            "lamp": {"group": "lamp", "reference_mass_kg": 1.0, "contents_g_per_unit": {"Au": 9.0}},
        },
        "countries": {"JPN": {"channels": {"box": {"groups": ["phone", "it"], "group_factors": {"it": {"mode": 0.5}}}}}},
    }
    arisings = pd.DataFrame(
        {
            "country": "JPN",
            "year": 2030,
            "product": ["phone", "pc", "lamp"],
            "mass_kg": [100.0, 1000.0, 5.0],
            "units_with_magnet_share": 0.0,
        }
    )
    shares = ProductShares(tree, arisings, "Au")
    # 100 kg x 0.2 g/kg against 1000 kg x 0.05 g/kg x 0.5
    assert shares.of("JPN", "box", 2030) == pytest.approx({"phone": 20.0 / 45.0, "pc": 25.0 / 45.0})
    assert shares.of("JPN", "box", 1999) == shares.of("JPN", "box", 2030)
    assert shares.of("VNM", "box", 2030) == {}


@pytest.mark.parametrize(
    ("raw", "year", "value"),
    [
        (2, 2030, 2.0),
        ({"low": 1, "mode": 2, "high": 3}, 2030, 2.0),
        ({"2020": 1.0, "2030": {"mode": 3.0}}, 2025, 2.0),
        ({"2020": 1}, 2000, 1.0),
    ],
)
def test_numbers_of_a_resolved_scenario(raw, year, value):
    assert number(raw, year) == value
