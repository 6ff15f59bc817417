"""The market: demand, sources, stocks, prices, payments."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.lot import Lot
from sim.engine.streams import Streams
from sim.engine.world import World
from sim.policy.lever_spec import ShockSpec
from sim.policy.shocks import Shocks
from sim.trade.market import Market
from sim.trade.market_spec import MarketSpec
from sim.trade.prices import Prices, log_noise
from tests.fixtures.trade_world import SUBSTANCES, build, empty_world, scenario

DEMAND = {"t_per_year": 365.0, "supply_share": {"CHN": 0.7, "AUS": 0.3}, "stockpile_days": 42.0, "industry_stock_days": 18.0}
CUT = {"name": "cut", "metal": "Nd", "source": "CHN", "start": date(2026, 3, 1), "days": 61.0, "supply_factor": 0.0}


def spec(**said: Any) -> MarketSpec:
    base = {
        "prices": {"Nd": {"usd_per_kg": 100.0, "inside_china_usd_per_kg": 60.0}},
        "demand": {"JPN": {"Nd": DEMAND}},
        "grid_co2_kg_per_kwh": {},
        "stockpile_refill_days": 365.0,
    }
    return MarketSpec.model_validate(base | said)


def market(shocks: tuple[dict[str, Any], ...] = (), **said: Any) -> tuple[World, Market]:
    world = empty_world(2025, 2027)
    world.ledger.begin_year(0.0, 2025)
    made = Market(
        world,
        spec(**said),
        Shocks([ShockSpec.model_validate(each) for each in shocks], world.calendar),
        lambda account: world.ledger.accounts[account].name,
    )
    return world, made


def close(made: Market, months: int) -> None:
    for month in range(months):
        made.close_month(month)


def rows(world: World, country: str = "JPN", metal: str = "Nd") -> dict[int, dict[str, float]]:
    names = world.recorder.columns["market"][1]
    return {
        key[0]: dict(zip(names, cell, strict=True))  # type: ignore[misc]
        for key, cell in world.recorder.rows("market")
        if key[1:] == (country, metal)
    }


def sell(world: World, made: Market, kg: float, country: str = "JPN", seller: str = "Plant A") -> None:
    outside = world.ledger.account(seller, "product_store", "JPN", outside=True)
    ref = world.composition.add_rows(np.array([[0.8, 0.0, 0.0, 0.2]]))
    made.desk(country).receive("ree_oxide", [Lot(kg, ref, 0, 0.0)], outside)


def test_a_quiet_month() -> None:
    world, made = market()
    made.close_month(0)
    row = rows(world)[0]
    # a ton a day: 31 t demanded, all from primary sources; stocks stay full at 60 days
    assert row["demand_kg"] == pytest.approx(31_000.0)
    assert row["primary_kg"] == pytest.approx(31_000.0)
    assert row["stockpile_kg"] == pytest.approx(60_000.0)
    assert row["shortfall_kg"] == 0.0
    assert row["price_usd_per_kg"] == 100.0
    assert row["primary_hhi"] == pytest.approx(0.58)
    seen = made.observe("JPN", "Nd")
    assert seen.days_of_cover == pytest.approx(60.0)
    assert seen.import_dependence_share == pytest.approx(1.0)


def test_recovered_metal_comes_first() -> None:
    world, made = market()
    sell(world, made, 12_500.0)  # 10 t of Nd
    made.close_month(0)
    row = rows(world)[0]
    assert row["recovered_kg"] == pytest.approx(10_000.0)
    assert row["primary_kg"] == pytest.approx(21_000.0)
    assert made.observe("JPN", "Nd").import_dependence_share == pytest.approx(21.0 / 31.0)
    made.close_month(1)
    assert rows(world)[1]["recovered_kg"] == 0.0


def test_more_metal_than_demand_needs_no_primary() -> None:
    world, made = market()
    sell(world, made, 100_000.0)
    made.close_month(0)
    row = rows(world)[0]
    assert row["primary_kg"] == 0.0
    assert row["shortfall_kg"] == 0.0
    assert math.isnan(row["primary_hhi"])


def test_own_mines_are_no_imports() -> None:
    world, made = market(demand={"JPN": {"Nd": DEMAND | {"supply_share": {"CHN": 0.7, "JPN": 0.3}}}})
    made.close_month(0)
    assert made.observe("JPN", "Nd").import_dependence_share == pytest.approx(0.7)
    assert rows(world)[0]["primary_kg"] == pytest.approx(31_000.0)


def test_a_shock_cuts_its_source_and_nothing_before_its_date() -> None:
    struck_world, struck = market((CUT,))
    quiet_world, quiet = market()
    close(struck, 36)
    close(quiet, 36)
    a, b = rows(struck_world), rows(quiet_world)
    assert [a[month] for month in range(14)] == [b[month] for month in range(14)]  # January 2025 to February 2026, exactly
    march = a[14]
    # 70 % of 31 t is missing: firms' stock gives 18 t, the national stock is closed
    assert march["primary_kg"] == pytest.approx(9_300.0)
    assert march["shortfall_kg"] == pytest.approx(3_700.0)
    assert march["stockpile_kg"] == pytest.approx(42_000.0)
    assert march["primary_hhi"] == 1.0
    assert a[15]["shortfall_kg"] == pytest.approx(21_000.0)
    # it ends on 30 April; in May supply is whole again and firms buy stock back over a year
    assert a[16]["shortfall_kg"] == 0.0
    assert a[16]["primary_kg"] == pytest.approx(31_000.0 + 60_000.0 * 31.0 / 365.0)
    assert a[35]["stockpile_kg"] == pytest.approx(60_000.0)


def test_a_month_is_struck_by_the_days_of_the_shock_in_it() -> None:
    calendar = Calendar.of(2025, 2027)
    half = ShockSpec.model_validate(CUT | {"start": date(2026, 3, 16), "days": 31.0, "supply_factor": 0.5, "price_factor": 3.0})
    shocks = Shocks([half], calendar)
    assert shocks.supply_factor("Nd", "CHN", 13) == 1.0
    assert shocks.supply_factor("Nd", "CHN", 14) == pytest.approx(1.0 - 0.5 * 16.0 / 31.0)
    assert shocks.supply_factor("Nd", "CHN", 15) == pytest.approx(1.0 - 0.5 * 15.0 / 30.0)
    assert shocks.supply_factor("Nd", "AUS", 14) == 1.0
    assert shocks.supply_factor("Dy", "CHN", 14) == 1.0
    assert shocks.price_factor("Nd", 14) == pytest.approx(1.0 + 2.0 * 16.0 / 31.0)
    assert shocks.price_factor("Nd", 16) == 1.0


def test_a_shock_from_all_sources() -> None:
    world, made = market((CUT | {"source": "*", "supply_factor": 0.5},))
    close(made, 15)
    assert rows(world)[14]["primary_kg"] == pytest.approx(15_500.0)
    assert rows(world)[14]["primary_hhi"] == pytest.approx(0.58)


def test_the_national_stock_leaves_only_when_released() -> None:
    world, made = market((CUT,))
    close(made, 14)
    world.clock.run(world.calendar.month_starts[14])
    made.release("JPN", "Nd", 2.0)
    made.close_month(14)
    row = rows(world)[14]
    assert row["shortfall_kg"] == pytest.approx(1_700.0)
    assert made.observe("JPN", "Nd").shortfall_share == pytest.approx(3.7 / 31.0)  # the cause, not what the release hides
    made.release("JPN", "Nd", 10.0)
    made.stop_release("JPN", "Nd")
    made.close_month(15)
    assert rows(world)[15]["shortfall_kg"] == pytest.approx(21_000.0)


def test_every_payment_has_two_ends_and_the_right_size() -> None:
    world, made = market((CUT,))
    sell(world, made, 12_500.0)
    sell(world, made, 1_250.0, "CHN", "Plant B")
    close(made, 14)
    world.clock.run(world.calendar.month_starts[14])
    made.release("JPN", "Nd", 2.0)
    for month in range(14, 17):
        made.close_month(month)
    paid = {key: cell[0] for key, cell in world.recorder.rows("payments")}
    assert all(all(part for part in key) for key in paid)
    assert paid[2025, "industry JPN", "Plant A", "sale of Nd"] == pytest.approx(10_000.0 * 100.0)
    assert paid[2025, "industry CHN", "Plant B", "sale of Nd"] == pytest.approx(1_000.0 * 60.0)  # the price inside China
    assert paid[2026, "industry JPN", "stockpile JPN", "stock release of Nd"] == pytest.approx(2_000.0 * 100.0)
    bought = paid[2026, "industry JPN", "primary suppliers", "stock refill of Nd"]
    assert bought == pytest.approx(60_000.0 * 31.0 / 365.0 * 100.0)


def test_metal_leaves_the_boundary_and_the_book_knows() -> None:
    world, made = market()
    sell(world, made, 12_500.0)
    world.ledger.fold(0.0)
    assert world.ledger.accounts[made.desk("JPN").account].stage == "metal"
    assert world.ledger.balance(made.desk("JPN").account)[0] == pytest.approx(10_000.0)


def test_what_nobody_has_counted_stays_blank() -> None:
    world, made = market()
    sell(world, made, 1_000.0, "FRA")
    made.close_month(0)
    row = rows(world, "FRA")[0]
    assert row["recovered_kg"] == pytest.approx(800.0)
    assert row["price_usd_per_kg"] == 100.0
    assert all(math.isnan(row[name]) for name in ("demand_kg", "primary_kg", "stockpile_kg", "shortfall_kg", "primary_hhi"))
    assert rows(world, "FRA", "other") == {}
    assert not made.watches("FRA", "Nd")


def test_a_year_of_months_sums_to_the_yearly_demand() -> None:
    world, made = market()
    close(made, 12)
    assert sum(row["demand_kg"] for row in rows(world).values()) == pytest.approx(365_000.0)


def test_without_stocks_there_is_nothing_to_draw() -> None:
    world, made = market((CUT,), demand={"JPN": {"Nd": DEMAND | {"stockpile_days": 0.0, "industry_stock_days": 0.0}}})
    close(made, 14)
    world.clock.run(world.calendar.month_starts[14])
    made.release("JPN", "Nd", 100.0)
    made.close_month(14)
    assert rows(world)[14]["shortfall_kg"] == pytest.approx(21_700.0)


# prices


def test_prices_follow_their_path_and_a_shock_moves_one_series() -> None:
    calendar = Calendar.of(2025, 2027)
    path = {"usd_per_kg": {"2025": 100.0, "2027": 200.0}, "inside_china_usd_per_kg": 50.0}
    struck = Shocks([ShockSpec.model_validate(CUT | {"price_factor": 3.0, "days": 31.0})], calendar)
    prices = Prices(spec(prices={"Nd": path}), SUBSTANCES, calendar, Streams(1, 0), struck)
    # mid January 2026 is 1 + 15.5/365 years after the start of the path
    assert prices.faced_by("JPN", 12)[0] == pytest.approx(100.0 + 50.0 * (1.0 + 15.5 / 365.0))
    assert prices.faced_by("JPN", 14)[0] == pytest.approx(3.0 * (100.0 + 50.0 * (1.0 + 74.5 / 365.0)))
    assert prices.faced_by("CHN", 14)[0] == 50.0
    assert prices.faced_by("JPN", 14)[1] == 0.0


def test_random_prices_have_the_volatility_of_the_table_and_keep_their_mean() -> None:
    rng = np.random.default_rng(2)
    noise = np.array([log_noise(rng.standard_normal(240), 0.38, 2.0) for _ in range(1500)])
    late = noise[:, 120:]
    changes = late[:, 12:] - late[:, :-12]
    assert changes.std() == pytest.approx(0.38, rel=0.03)
    assert np.exp(noise[:, [0, 50, 239]]).mean(axis=0) == pytest.approx(1.0, abs=0.04)
    walk = np.array([log_noise(rng.standard_normal(60), 0.2, None) for _ in range(3000)])
    assert (walk[:, 59] - walk[:, 47]).std() == pytest.approx(0.2, rel=0.05)


def test_price_draws_belong_to_the_metal() -> None:
    calendar = Calendar.of(2025, 2027)
    random = {"usd_per_kg": 100.0, "log_sd_per_year": 0.4}
    quiet = Shocks([], calendar)
    alone = Prices(spec(prices={"Dy": random}), SUBSTANCES, calendar, Streams(1, 0), quiet)
    both = Prices(spec(prices={"Nd": random, "Dy": random}), SUBSTANCES, calendar, Streams(1, 0), quiet)
    assert (alone.outside[:, 1] == both.outside[:, 1]).all()
    assert (both.outside[:, 0] != both.outside[:, 1]).any()
    assert (Prices(spec(prices={"Dy": random}), SUBSTANCES, calendar, Streams(1, 1), quiet).outside != alone.outside).any()


def test_month_ends_are_kept_by_the_wiring() -> None:
    world, _, _ = build(scenario(market=spec().model_dump()))
    world.clock.run(world.calendar.days)
    assert sorted(rows(world)) == list(range(36))


def test_concentration_is_not_told_where_most_supply_is_of_unknown_origin() -> None:
    told = {}
    for rest in (0.4, 0.6):
        world, made = market(demand={"JPN": {"Nd": DEMAND | {"supply_share": {"CHN": 1.0 - rest, "ROW": rest}}}})
        made.close_month(0)
        told[rest] = rows(world)[0]["primary_hhi"]
    assert told[0.4] == pytest.approx(0.52)
    assert math.isnan(told[0.6])
