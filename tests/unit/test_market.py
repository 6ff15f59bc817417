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
from sim.engine.tags import Origin
from sim.engine.world import World
from sim.policy.lever_spec import ShockSpec
from sim.policy.shocks import Shocks
from sim.trade.market import Market
from sim.trade.market_spec import MarketSpec
from sim.trade.prices import Prices, log_noise
from sim.trade.reaction import answer, price_answers
from sim.trade.reaction_spec import ReactionSpec
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
        Shocks([ShockSpec.model_validate(each) for each in shocks], world.calendar, world.streams),
        lambda account: world.ledger.accounts[account].name,
        ("JPN", "IDN", "CHN", "FRA"),
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


def sell(
    world: World, made: Market, kg: float, country: str = "JPN", seller: str = "Plant A", origin: str = "JPN", place: str = "JPN"
) -> None:
    outside = world.ledger.account(seller, "product_store", place, outside=True)
    ref = world.composition.add_rows(np.array([[0.8, 0.0, 0.0, 0.2]]))
    made.desk(country).receive("ree_oxide", [Lot(kg, ref, world.tags.of(Origin(origin)), 0.0)], outside)


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
    shocks = Shocks([half], calendar, Streams(1, 0))
    struck, price = shocks.supply_factor("Nd", "CHN"), shocks.price_factor("Nd")
    assert struck[13] == 1.0
    assert struck[14] == pytest.approx(1.0 - 0.5 * 16.0 / 31.0)
    assert struck[15] == pytest.approx(1.0 - 0.5 * 15.0 / 30.0)
    assert (shocks.supply_factor("Nd", "AUS") == 1.0).all()
    assert (shocks.supply_factor("Dy", "CHN") == 1.0).all()
    assert price[14] == pytest.approx(1.0 + 2.0 * 16.0 / 31.0)
    assert price[16] == 1.0


def test_a_shock_from_all_sources() -> None:
    world, made = market((CUT | {"source": "*", "supply_factor": 0.5},))
    close(made, 15)
    assert rows(world)[14]["primary_kg"] == pytest.approx(15_500.0)
    assert rows(world)[14]["primary_hhi"] == pytest.approx(0.58)


def test_the_national_stock_leaves_only_when_released() -> None:
    world, made = market((CUT,))
    close(made, 14)
    world.clock.run(world.calendar.month_starts[14])
    made.release("early", "JPN", "Nd", 2.0)
    made.close_month(14)
    row = rows(world)[14]
    assert row["shortfall_kg"] == pytest.approx(1_700.0)
    assert made.observe("JPN", "Nd").shortfall_share == pytest.approx(3.7 / 31.0)  # the cause, not what the release hides
    made.release("rapid", "JPN", "Nd", 10.0)
    made.stop_release("rapid")
    made.close_month(15)
    assert rows(world)[15]["shortfall_kg"] == pytest.approx(21_000.0)


def test_every_payment_has_two_ends_and_the_right_size() -> None:
    world, made = market((CUT,))
    sell(world, made, 12_500.0)
    sell(world, made, 1_250.0, "CHN", "Plant B")
    close(made, 14)
    world.clock.run(world.calendar.month_starts[14])
    made.release("early", "JPN", "Nd", 2.0)
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
    made.release("rapid", "JPN", "Nd", 100.0)
    made.close_month(14)
    assert rows(world)[14]["shortfall_kg"] == pytest.approx(21_700.0)


# prices


def test_prices_follow_their_path_and_a_shock_moves_one_series() -> None:
    calendar = Calendar.of(2025, 2027)
    path = {"usd_per_kg": {"2025": 100.0, "2027": 200.0}, "inside_china_usd_per_kg": 50.0}
    struck = Shocks([ShockSpec.model_validate(CUT | {"price_factor": 3.0, "days": 31.0})], calendar, Streams(1, 0))
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
    quiet = Shocks([], calendar, Streams(1, 0))
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


# scarcity and reactions


def test_a_cut_without_a_price_moves_it_by_the_elasticity_and_only_outside() -> None:
    """Three tenths of supply left, elasticity of demand one half: 1 / 0.3^2 = 11.1 times, felt with a delay of thirty days."""
    calendar = Calendar.of(2025, 2027)
    said = {"prices": {"Nd": {"usd_per_kg": 100.0, "inside_china_usd_per_kg": 60.0, "scarcity_exponent": 2.0}}}
    cut = Shocks([ShockSpec.model_validate(CUT | {"days": 365.0})], calendar, Streams(1, 0))
    prices = Prices(spec(**said, scarcity_delay_days=30.0), SUBSTANCES, calendar, Streams(1, 0), cut)
    outside = prices.outside[:, 0]
    assert (outside[:14] == 100.0).all()
    assert outside[14] == pytest.approx(100.0 * 0.3 ** (-2.0 * (1.0 - math.exp(-31.0 / 30.0))))
    assert outside[25] == pytest.approx(100.0 / 0.3**2, rel=0.01)
    assert outside[35] == pytest.approx(100.0, rel=0.01)
    assert (prices.inside_china[:, 0] == 60.0).all()
    assert prices.warnings == []


def test_a_stated_price_factor_overrules_the_elasticity() -> None:
    calendar = Calendar.of(2025, 2027)
    said = {"prices": {"Nd": {"usd_per_kg": 100.0, "scarcity_exponent": 2.0}}}
    cut = Shocks([ShockSpec.model_validate(CUT | {"price_factor": 1.5})], calendar, Streams(1, 0))
    assert Prices(spec(**said), SUBSTANCES, calendar, Streams(1, 0), cut).outside[14, 0] == pytest.approx(150.0)


def test_a_ban_on_the_only_source_is_beyond_the_price_law_and_said_so() -> None:
    demand = {"JPN": {"Nd": DEMAND | {"supply_share": {"CHN": 1.0}}}}
    said = {"prices": {"Nd": {"usd_per_kg": 100.0, "scarcity_exponent": 1.0}}, "demand": demand}
    calendar = Calendar.of(2025, 2027)
    ban = Shocks([ShockSpec.model_validate(CUT)], calendar, Streams(1, 0))
    prices = Prices(spec(**said), SUBSTANCES, calendar, Streams(1, 0), ban)
    assert prices.outside[14, 0] == pytest.approx(1000.0)
    (warning,) = prices.warnings
    assert "less than 10% of supply arrives" in warning


def test_recyclers_answer_the_prices_of_late() -> None:
    """The price doubles from March 2026; with a lag of two months and elasticity one half hours rise by the root of the mean."""
    calendar = Calendar.of(2025, 2027)
    spike = {"name": "spike", "kind": "price_spike", "metal": "Nd", "start": date(2026, 3, 1), "days": 600.0, "price_factor": 2.0}
    prices = Prices(spec(), SUBSTANCES, calendar, Streams(1, 0), Shocks([ShockSpec.model_validate(spike)], calendar, Streams(1, 0)))
    told = {"name": "r", "basket": {"Nd": 1.0}, "elasticity": 0.5, "lag_days": 60.0, "informal": ["IDN"]}
    factors = answer(ReactionSpec.model_validate(told), prices)
    assert (factors[:15] == 1.0).all()
    assert factors[15:18] == pytest.approx([1.5**0.5, 2.0**0.5, 2.0**0.5])
    paid = price_answers([ReactionSpec.model_validate(told)], prices, "IDN")
    assert paid is not None
    assert (paid == factors).all()
    assert price_answers([ReactionSpec.model_validate(told)], prices, "VNM") is None


# with and without the urban mine


def test_the_world_without_recovered_metal_is_kept_beside_the_real_one() -> None:
    """Ten of 31 t are recovered, 70 % of supply is cut: 0.7 x 21 = 14.7 t missing against 0.7 x 31 = 21.7 t; stock gives 18 t."""
    world, made = market((CUT,))
    close(made, 14)
    sell(world, made, 12_500.0)
    made.close_month(14)
    row = rows(world)[14]
    assert row["shortfall_kg"] == 0.0
    assert row["stockpile_kg"] == pytest.approx(60_000.0 - 14_700.0)
    assert row["shortfall_without_kg"] == pytest.approx(3_700.0)
    assert row["stockpile_without_kg"] == pytest.approx(42_000.0)
    assert row["primary_without_kg"] == pytest.approx(9_300.0)


def test_recovered_metal_is_told_by_origin_place_and_offtaker() -> None:
    """31 t demanded, 8 t from own waste refined at home, 2 t from Indonesian waste refined in France."""
    world, made = market()
    sell(world, made, 10_000.0)
    sell(world, made, 2_500.0, origin="IDN", place="FRA", seller="Plant C")
    for month in range(12):
        made.close_month(month)
    row = rows(world)[0]
    primary = {"CHN": 0.7 * 21.0, "AUS": 0.3 * 21.0}
    assert row["own_waste_kg"] == pytest.approx(8_000.0)
    assert row["refined_home_kg"] == pytest.approx(8_000.0)
    squares = sum(kg**2 for kg in primary.values())
    assert row["hhi_by_origin"] == pytest.approx((squares + 8.0**2 + 2.0**2) / 31.0**2)
    assert row["hhi"] == pytest.approx((squares + 10.0**2) / 31.0**2)
    told = {key: cell[0] for key, cell in world.recorder.rows("supply")}
    assert told == {
        (2025, "JPN", "JPN", "JPN", "Nd"): pytest.approx(8_000.0),
        (2025, "IDN", "FRA", "JPN", "Nd"): pytest.approx(2_000.0),
    }


def test_a_nation_may_mean_to_hold_more() -> None:
    world, made = market()
    made.hold_more("JPN", "Nd", 30.0)
    close(made, 13)
    assert rows(world)[12]["stockpile_kg"] == pytest.approx(90_000.0)
    assert sum(row["refilled_kg"] for row in rows(world).values()) == pytest.approx(30_000.0)
    made.hold_more("JPN", "Nd", -30.0)
    made.close_month(13)
    assert rows(world)[13]["stockpile_kg"] == pytest.approx(90_000.0)  # what is held stays held


# kinds of shocks


def shock(**said: Any) -> ShockSpec:
    return ShockSpec.model_validate({"name": "s", "start": date(2026, 3, 1), "days": 61.0} | said)


@pytest.mark.parametrize(
    ("said", "supply", "price"),
    [
        ({"kind": "export_ban", "metal": "Nd", "source": "CHN"}, [1.0, 0.0, 0.0, 1.0], 1.0),
        ({"kind": "quota", "metal": "Nd", "source": "*", "supply_factor": 0.6}, [1.0, 0.6, 0.6, 1.0], 1.0),
        ({"kind": "licence_delay", "metal": "Nd", "source": "CHN", "delay_days": 46.0}, [1.0, 0.0, 0.5, 1.0], 1.0),
        ({"kind": "price_spike", "metal": "Nd", "price_factor": 3.0}, [1.0, 1.0, 1.0, 1.0], 3.0),
        ({"kind": "port_closure", "port": "JPYOK"}, [1.0, 1.0, 1.0, 1.0], 1.0),
    ],
)
def test_every_kind_of_shock_does_what_it_says(said: dict[str, Any], supply: list[float], price: float) -> None:
    shocks = Shocks([shock(**said)], Calendar.of(2025, 2027), Streams(1, 0))
    assert shocks.supply_factor("Nd", "CHN")[13:17] == pytest.approx(supply)
    assert shocks.price_factor("Nd")[13:17] == pytest.approx([1.0, price, price, 1.0])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"kind": "export_ban", "metal": "Nd"}, "a export_ban also needs source"),
        ({"kind": "plant_fire", "plant": "X", "metal": "Nd"}, "a plant_fire does not read metal"),
        (
            {"kind": "price_spike", "metal": "Nd", "price_factor": 2.0, "earliest": date(2026, 1, 1)},
            "give start, or earliest and latest",
        ),
        ({"kind": "port_closure", "port": "X", "start": None}, "give start, or earliest and latest"),
    ],
)
def test_fields_of_a_shock_must_fit_its_kind(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shock(**said)


def test_a_random_date_lies_in_its_window_and_belongs_to_the_name() -> None:
    calendar, window = Calendar.of(2025, 2027), {"start": None, "earliest": date(2026, 1, 1), "latest": date(2026, 1, 10)}
    ban = {"kind": "export_ban", "metal": "Nd", "source": "CHN", **window}
    days = [Shocks([shock(**ban)], calendar, Streams(1, number)).struck[0].begin for number in range(200)]
    assert set(days) == set(range(365, 375))
    other = Shocks([shock(name="other", **ban), shock(**ban)], calendar, Streams(1, 0))
    assert other.struck[1].begin == days[0]
