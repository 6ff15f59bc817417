"""Shipped shocks: nothing before their date, and what a response saves, costs and leaves to buy back."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.results.schema import TABLES
from sim.results.tables import Coded, numbers, texts
from sim.scenario.draw import draw_spec
from sim.scenario.load import load_scenario
from sim.scenario.scenario import Scenario
from sim.scenario.schema import ScenarioSpec
from sim.simulate.run import run_replication
from sim.trade.market_spec import DemandSpec

SCENARIOS = Path(__file__).parents[2] / "scenarios"
STRUCK = 2028
BEFORE = (f"time.start={STRUCK - 1}", f"time.end={STRUCK}")
AFTER = (f"time.start={STRUCK}", f"time.end={STRUCK + 1}")
DRAWS = 3 if os.environ.get("URBAN_MINE_SLOW") == "bounded" else 6
STUDENT_95 = {3: 4.303, 6: 2.571}[DRAWS]  # two-sided
RARE_EARTHS = ("Dy", "Nd", "Pr", "Tb")


EVERY_KIND = """
extends = "baseline"
name = "Every kind of shock, response and answer to prices"
[time]
start = 2025
end = 2025
[[shocks]]
name = "ban"
kind = "export_ban"
metal = "Ga"
source = "CHN"
earliest = 2025-03-01
latest = 2025-09-30
days = 90
[[shocks]]
name = "quota"
kind = "quota"
metal = "Dy"
source = "CHN"
start = 2025-04-04
days = 200
supply_factor = 0.5
[[shocks]]
name = "licences"
kind = "licence_delay"
metal = "Ge"
source = "CHN"
start = 2025-04-04
days = 200
delay_days = 60
[[shocks]]
name = "spike"
kind = "price_spike"
metal = "graphite"
start = 2025-04-04
days = 200
price_factor = 3
[[shocks]]
name = "strike"
kind = "port_closure"
port = "JPTYO"
start = 2025-06-01
days = 60
[[shocks]]
name = "fire"
kind = "plant_fire"
plant = "Naoshima Smelter"
start = 2025-06-10
days = 60
[[reactions]]
name = "lines"
basket = { Dy = 1, Nd = 3 }
elasticity = 0.3
lag_days = 180
plants = ["Green Cycle Systems"]
informal = ["IDN"]
[[responses]]
name = "rapid"
when = { metal = "Dy", indicator = "shortfall_share", above = 0.1, for_days = 30 }
delay_days = 14
cost_usd = 1000000
cost_usd_per_day = 5000
actions = [
    { build_stockpile_days = 10 },
    { permit_factor = 0.5 },
    { extra_shift = true },
    { reroute = { route = "IDN board", to = "Onahama Smelter" } },
]
"""


@cache
def scenario(name: str, *assignments: str) -> Scenario:
    return load_scenario(SCENARIOS / f"{name}.toml").with_set(*assignments)


def spec_of(name: str, draw: int, *assignments: str) -> ScenarioSpec:
    return draw_spec(scenario(name, *assignments), draw, DRAWS, 1).spec


@cache
def run(name: str, draw: int) -> dict[str, Any]:
    return run_replication(spec_of(name, draw, *AFTER), 1, 0)["tables"]


def before(tables: dict[str, Any], name: str) -> dict[str, Any]:
    """The rows of a table before the shock, by column."""
    keep = numbers(tables[name], "year") < STRUCK
    return {
        column: np.array(texts(tables[name], column))[keep] if isinstance(found, Coded) else found[keep]
        for column, found in tables[name].items()
    }


def by_metal(tables: dict[str, Any], table: str, measure: str, year: int = STRUCK) -> dict[str, float]:
    """A measure of Japan's rare earths in a year."""
    found = tables[table]
    keys = zip(numbers(found, "year").tolist(), texts(found, "country"), texts(found, "metal"), strict=True)
    told = zip(keys, numbers(found, measure).tolist(), strict=True)
    return {metal: value for (when, country, metal), value in told if when == year and country == "JPN" and metal in RARE_EARTHS}


def test_no_table_differs_before_the_shock_by_a_single_bit() -> None:
    names = ("baseline", "export_control_shock")
    quiet, struck = (run_replication(spec_of(name, 0, *BEFORE), 1, 0)["tables"] for name in names)
    dated = [name for name in struck if any(column.name == "year" for column in TABLES[name].key)]
    assert len(dated) > 15
    for name in dated:
        a, b = before(quiet, name), before(struck, name)
        for column, found in a.items():
            np.testing.assert_array_equal(found, b[column], err_msg=f"{name} {column}", strict=True)
    assert by_metal(struck, "security", "loss_area_days")["Dy"] > 100.0
    assert by_metal(quiet, "security", "loss_area_days")["Dy"] == 0.0


def test_every_kind_works_from_a_file_alone(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(EVERY_KIND, encoding="utf-8")
    found = run_replication(load_scenario(tmp_path / "all.toml").spec, 1, 0)
    tables = found["tables"]
    assert texts(tables["shocks"], "name") == ["ban", "fire", "licences", "quota", "spike", "strike"]
    began = dict(zip(texts(tables["shocks"], "name"), numbers(tables["shocks"], "start_day").tolist(), strict=True))
    assert 59.0 <= began.pop("ban") <= 272.0  # a random day from March to September
    assert began == {"quota": 93.0, "licences": 93.0, "spike": 93.0, "strike": 151.0, "fire": 160.0}
    assert texts(tables["responses"], "event") == ["triggered", "start", "stop"]
    assert by_metal(tables, "security", "shortfall_kg", 2025)["Dy"] > 0.0
    worked = dict(_months(tables["plants"], "Naoshima Smelter", "throughput_kg"))
    assert worked[6] == worked[7] == 0.0  # fire from 10 June to 9 August; what came before it was worked by then
    assert worked[9] > 0.0
    government = {payee: usd for payer, payee, usd in _payments(tables) if payer == "government JPN" and payee == "response rapid"}
    assert government["response rapid"] > 1e6
    assert any("an extra shift is cut to 24 hours a day" in warning for warning in found["facts"]["warnings"])


def _months(table: dict[str, Any], plant: str, measure: str) -> list[tuple[int, float]]:
    rows = zip(texts(table, "plant"), numbers(table, "month").tolist(), numbers(table, measure).tolist(), strict=True)
    return [(month, value) for name, month, value in rows if name == plant]


def _payments(tables: dict[str, Any]) -> list[tuple[str, str, float]]:
    table = tables["payments"]
    return list(zip(texts(table, "payer"), texts(table, "payee"), numbers(table, "usd").tolist(), strict=True))


def bare(spec: ScenarioSpec) -> ScenarioSpec:
    """The same without stocks, and with plants that have no hour and no tonne to spare."""
    demand = {
        country: {metal: _without_stock(each) for metal, each in metals.items()} for country, metals in spec.market.demand.items()
    }
    full = {
        name: process.model_copy(update={"hours_per_day": type(process.hours_per_day).constant(24.0)})
        for name, process in spec.processes.items()
    }
    responses = tuple(
        each.model_copy(update={"actions": tuple(a for a in each.actions if a.release_stockpile_days or a.extra_shift)})
        for each in spec.responses
    )
    market = spec.market.model_copy(update={"demand": demand})
    return spec.model_copy(update={"market": market, "processes": full, "responses": responses})


def _without_stock(demand: DemandSpec) -> DemandSpec:
    nothing = type(demand.stockpile_days).constant(0.0)
    return demand.model_copy(update={"stockpile_days": nothing, "industry_stock_days": nothing})


@pytest.mark.slow
def test_a_response_without_stock_or_spare_capacity_saves_nothing() -> None:
    plain, helped = (run_replication(bare(spec_of(name, 0, *AFTER)), 1, 0)["tables"] for name in NAMES)
    assert by_metal(helped, "security", "loss_area_days") == by_metal(plain, "security", "loss_area_days")
    assert len(texts(helped["responses"], "event")) > 0  # it was at work


NAMES = ("export_control_shock", "export_control_shock_with_response")


def refill_usd(tables: dict[str, Any]) -> float:
    """Paid to buy stocks back."""
    paid = zip(texts(tables["payments"], "item"), numbers(tables["payments"], "usd").tolist(), strict=True)
    return sum(usd for item, usd in paid if item.startswith("stock refill"))


@pytest.mark.slow
def test_what_a_response_saves_and_what_it_leaves_to_buy_back() -> None:
    """Paired over draws of all uncertain inputs: loss area falls by the 30 days released, the refill costs, demand rebounds."""
    saved, cost, rebound = [], [], []
    for draw in range(DRAWS):
        plain, helped = (run(name, draw) for name in NAMES)
        a, b = (by_metal(each, "security", "loss_area_days") for each in (plain, helped))
        saved.append([a[metal] - b[metal] for metal in ("Dy", "Tb")])
        cost.append(refill_usd(helped) - refill_usd(plain))
        after = [sum(by_metal(each, "security", "shortfall_kg", STRUCK + 1).values()) for each in (plain, helped)]
        assert after == [0.0, 0.0]
        bought = [_bought_after(each) for each in (plain, helped)]
        rebound.append(bought[1] - bought[0])
    mean, half = np.mean(saved, axis=0), STUDENT_95 * np.std(saved, axis=0, ddof=1) / DRAWS**0.5
    assert (mean - half > 20.0).all()
    assert (np.array(saved) < 30.0 + 1.0).all()
    assert min(cost) > 0.0
    assert min(rebound) > 0.0


def _bought_after(tables: dict[str, Any]) -> float:
    """Dysprosium bought in the year after the shock to refill stocks, over demand of the year [kg/kg]."""
    table = tables["market"]
    years, refilled = numbers(table, "year"), numbers(table, "refilled_kg")
    keep = [
        metal == "Dy" and country == "JPN" for metal, country in zip(texts(table, "metal"), texts(table, "country"), strict=True)
    ]
    after = np.array(keep) & (years == STRUCK + 1)
    return float(refilled[after].sum() / numbers(table, "demand_kg")[after].sum())
