"""Trace: parents of recovered metal sum to it, on a short real run; products are shared out by what arisings held."""

from __future__ import annotations

import json
import math
import tomllib

import pandas as pd
import pytest

from sim.cli import main
from sim.cli.trace import LOSSES
from sim.core.errors import UsageError
from sim.results.store import load_results
from sim.scenario.load import load_scenario
from sim.study import replicate
from sim.study.cohort_shares import CohortShares
from sim.study.journey import Way, journey
from sim.study.trace import trace
from tests.fixtures.columns import made_results
from tests.fixtures.toy_chain import toy

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
    for part in ("plant", "country", "zone", "channel", "discard_year", "product", "sale_year"):
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
    assert "By year of sale" in out
    assert "waiting to be fetched" in out
    assert "mixed waste" in out
    assert LOSSES["informal_metal"] == "sold as metal outside formal plants", "mixed scrap of Japan was never dismantled"
    assert main(["trace", str(folder), "--metal", "Dy", "--year", str(YEAR), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(parent["kg"] for parent in told["parents"]) == pytest.approx(told["recovered_kg"], rel=1e-9)
    assert main(["trace", str(folder), "--metal", "Xx", "--year", str(YEAR)]) == 2


def test_days_and_losses_on_the_way(results):
    found = trace(results, "Nd", YEAR)
    stays = {stay.stage: stay for stay in found.stays}
    assert {"waiting", "depot", "yard", "consent", "sea", "refinery_yard", "refining"} <= set(stays)
    assert all(0.0 <= stay.days < 730.0 for stay in found.stays)
    table = results.tables["shipments"]
    days = table[(table["fraction"] == "magnet") & (table["year"] == YEAR)]["sea_days"]
    assert days.min() <= stays["sea"].days <= days.max()
    lost = {loss.target: loss.kg for loss in found.losses}
    flows = results.tables["flows"]
    own = flows[(flows["substance"] == "Nd") & (flows["year"] == YEAR) & (flows["target"] == "mixed_waste")]
    assert lost["mixed_waste"] == pytest.approx(own[own["country"].isin(found.by("country"))]["mass_kg"].sum())


def test_days_in_a_stage_by_hand():
    """Held 10 and 30 kg at the year ends, passed on 73.05 kg: 100 days; 40 kg waited 2 days at home and 10 kg 7: 3 days."""
    made = made_results(1)
    one = {"country": "JPN", "substance": "Nd"}
    flow = {"source": "depot", "target": "linehaul", "year": 2026, "mass_kg": 73.05}
    queue = {"year": 2026, "country": "JPN", "zone": "a"}
    made.tables = {
        "flows": pd.DataFrame([one | flow]),
        "stocks": pd.DataFrame([one | {"account": "depot", "year": y, "mass_kg": kg} for y, kg in ((2025, 10.0), (2026, 30.0))]),
        "collection": pd.DataFrame(
            [queue | {"channel": "box", "wait_days_mean": 2.0}, queue | {"channel": "van", "wait_days_mean": 7.0}]
        ),
        **{name: made.tables[name] for name in ("recovery", "plants", "shipments")},
    }
    homes = {("a", "box", 2026): 40.0, ("a", "van", 2026): 10.0}
    stays, losses = journey(made, Way("Nd", 2026, {"JPN": 50.0, "THA": 5.0}, {}, homes, {}))
    assert [(stay.stage, stay.recorded) for stay in stays] == [("waiting", True), ("depot", False)]
    assert [stay.days for stay in stays] == pytest.approx([3.0, 100.0])
    assert losses == ()


def test_products_and_years_of_sale_by_hand(tmp_path):
    """One product with a Weibull life: what is discarded in 2028 was sold before, most of it about one life earlier."""
    shares = CohortShares(tomllib.loads(toy(tmp_path).resolved_toml()), "Au")
    products, years = shares.of("THA", "delivery_truck", 2028)
    assert products == {"UNU0302": pytest.approx(1.0)}
    assert sum(years.values()) == pytest.approx(1.0)
    assert max(years) <= 2028
    age = sum((2028 - year) * share for year, share in years.items())
    assert age == pytest.approx(6.0 * math.gamma(1.5), abs=0.6)  # mean of a Weibull life of scale 6 and shape 2, steady sales
    assert shares.of("THA", "delivery_truck", 1999) == shares.of("THA", "delivery_truck", 2025)
    assert shares.of("VNM", "box", 2030) == ({}, {})
