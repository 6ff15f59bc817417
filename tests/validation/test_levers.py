"""Every lever of policy and money, written in TOML alone and dated 2028: it does what it says, and nothing before its date.

Two whole runs to 2030: the hub scenario with one plant more, and the same with every lever on at once. Levers with a scenario of
their own (partnerships, laws, reuse, export controls) are in `test_shipped_scenarios.py`.
"""

import numpy as np
import pandas as pd
import pytest

from tests.validation.test_money import scenario, tables

WORKS, SMELTER, LINE = "Dated works", "Naoshima Smelter", "Kimura Metal"
START, STARTED, FULL = 2028, "2028-01-01", 2029  # paths leave the reference figure on the first day of 2028
PLANT = f"""
[[plants]]
name = "{WORKS}"
country = "JPN"
process = "small_appliance_recycling"
capacity_t_per_year = 1000
background_feed_t_per_year = 0
status = "announced"
announced = 2028-01-01
commissioning = "magnet_dismantling_line"
yard_limit_days = 30
port = "JPTYO"
lat = 35.7
lon = 139.7
finance = {{ grant_share = 0.3, loan_share = 0.2, equity_share = 0.1 }}
"""
ROUTES = f"""
[[routes]]
name = "JPN phone"
destinations = [{{ to = "Japan small appliance recyclers", share = 1 }}, {{ to = "{WORKS}", share = 0 }}]
"""
MONEY = """
[plants.investment]
guarantee_share = 0.5
subsidy_usd_per_t = { 2028 = 0, 2029 = 40 }
awarded = 2028-06-01
"""
LEVERS = f"""
[[plants]]
name = "{LINE}"
gate_fee_usd_per_t = {{ 2028 = 0, 2029 = 60 }}

[[plants]]
name = "Green Cycle Systems"
[plants.investment]
subsidy_usd_per_t = {{ 2028 = 0, 2029 = 40 }}

[countries.JPN.channels.municipal_box]
producer_fee_usd_per_kg = {{ 2028 = 0, 2029 = 0.2 }}
subsidy_usd_per_kg = {{ 2028 = 0, 2029 = 0.1 }}
incentive_usd_per_kg = {{ 2028 = 0, 2029 = 0.5 }}
incentive_refund_share = 0.5

[market.demand.JPN.Dy]
stockpile_days = {{ 2028 = 42, 2029 = 84 }}

[[levers]]
name = "Quicker permits"
dial = "commissioning.JPN.permit_factor"
start = {STARTED}
factor = 0.5

[[contracts]]
name = "Copper for Korea"
kind = "offtake"
sellers = ["{SMELTER}"]
metals = ["Cu"]
buyer = "KOR"
start = {STARTED}
years = 10
volume_t_per_year = 100

[[contracts]]
name = "Silver for the stock"
kind = "stockpile"
sellers = ["{SMELTER}"]
metals = ["Ag"]
buyer = "JPN"
start = {STARTED}
years = 10
volume_t_per_year = 1

[[contracts]]
name = "Floor under gold"
kind = "price_floor"
sellers = ["{SMELTER}"]
metals = ["Au"]
buyer = "JPN"
start = {STARTED}
years = 10
volume_t_per_year = 0.1
floor_usd_per_kg = 300000

[[shocks]]
name = "Dysprosium ban"
kind = "export_ban"
metal = "Dy"
source = "CHN"
start = {STARTED}
days = 120

[[responses]]
name = "Group"
when = {{ metal = "Dy", indicator = "shortfall_share", above = 0.1, for_days = 30 }}
delay_days = 14
cost_usd = 1000000
cost_usd_per_day = 50000
actions = [{{ release_stockpile_days = 20 }}]
"""
PLAIN, LEVERED = (PLANT, ROUTES), (PLANT + MONEY, ROUTES, LEVERS)
STAGE_DAYS = ("financed_day", "permitted_day", "built_day", "full_rate_day")
UNDATED = {"finance", "milestones", "shocks", "responses"}  # tables without a year; of all but the first, days are compared


def told(table, levered=True, **where):
    """Rows of a table of one run that match."""
    frame = tables(*(LEVERED if levered else PLAIN))[table]
    for column, wanted in where.items():
        frame = frame[frame[column] == wanted]
    return frame


def paid(levered=True, **where):
    return told("payments", levered, **where).usd.sum()


def test_nothing_differs_before_the_levers_do():
    """No table differs, nor a plant's work in the period of 92 days that the date cuts, which is booked on both sides of it."""
    plain, levered = tables(*PLAIN), tables(*LEVERED)
    assert {name for name, frame in plain.items() if "year" not in frame} == UNDATED
    for name in plain.keys() - UNDATED:
        one, other = (made[name][made[name].year < START].reset_index(drop=True) for made in (plain, levered))
        pd.testing.assert_frame_equal(one, other, check_exact=True, obj=name)
    begins = float((pd.Timestamp(STARTED) - pd.Timestamp("2025-01-01")).days)
    one, other = (made["milestones"].set_index("plant")[["announced_day", *STAGE_DAYS]] for made in (plain, levered))
    assert (one < begins).to_numpy().any()
    pd.testing.assert_frame_equal(one.where(one < begins), other.where(other < begins), check_exact=True)
    for name, day in (("shocks", "start_day"), ("responses", "day")):
        assert plain[name].empty
        assert (levered[name][day] >= begins).all()


def test_a_plant_is_paid_for_by_grant_loan_bank_and_owners():
    finance = told("finance", plant=WORKS).iloc[0]
    assert finance.capex_usd > 0.0
    source = {item: paid(payee=WORKS, item=item) / finance.capex_usd for item in ("grant", "public loan", "bank loan", "equity")}
    assert source == pytest.approx({"grant": 0.3, "public loan": 0.2, "bank loan": 0.4, "equity": 0.1})
    assert (finance.grant_usd, finance.public_loan_usd) == pytest.approx((0.3 * finance.capex_usd, 0.2 * finance.capex_usd))
    assert told("payments", payee=WORKS).year.min() == START


def test_finance_waits_for_the_award_and_a_guarantee_pays_what_a_plant_without_feed_owes():
    awarded = (pd.Timestamp("2028-06-01") - pd.Timestamp("2025-01-01")).days
    stages = told("milestones", plant=WORKS).iloc[0]
    assert stages.financed_day >= awarded
    assert stages.built_day < 2191.0
    called = told("payments", payer="government JPN", payee="banks JPN", item="guarantee")
    service = told("payments", payer=WORKS, payee="banks JPN", item="loan service").usd.sum()
    assert called.usd.sum() == pytest.approx(service)  # it earns nothing: half of its bank loans is guaranteed
    assert called.year.min() > START


def test_permits_take_half_as_long():
    days = [told("milestones", levered, plant=WORKS).iloc[0] for levered in (False, True)]
    plain, quick = (stages.permitted_day - stages.financed_day for stages in days)
    assert quick == pytest.approx(0.5 * plain, rel=1e-6)


@pytest.mark.parametrize(
    ("item", "plant", "measure", "usd_per_t"),
    [("gate_fee", LINE, "intake_kg", 60.0), ("subsidy", "Green Cycle Systems", "throughput_kg", 40.0)],
)
def test_gate_fees_and_subsidies_of_plants_follow_their_tonnes(item, plant, measure, usd_per_t):
    t = told("plants", plant=plant, year=FULL)[measure].sum() / 1e3
    assert t > 0.0
    assert paid(year=FULL, payee=plant, item=item) == pytest.approx(usd_per_t * t, rel=1e-6)
    assert paid(levered=False, payee=plant, item=item) == 0.0


@pytest.mark.parametrize(
    ("item", "payer", "per_kg"),
    [("producer fee", "JPN producers", 0.2), ("subsidy", "JPN government", 0.1), ("incentive refund", "JPN government", 0.25)],
)
def test_producers_and_the_state_pay_collectors_by_the_kilogram(item, payer, per_kg):
    kg = told("collection", country="JPN", channel="municipal_box", year=FULL).collected_kg.sum()
    assert paid(payer=payer, item=item, year=FULL) == pytest.approx(per_kg * kg, rel=1e-6)
    assert paid(levered=False, payer=payer, item=item) == 0.0


def test_an_incentive_brings_more_from_homes():
    offered = [
        told("collection", levered, country="JPN", channel="municipal_box", year=FULL).offered_kg.sum() for levered in (False, True)
    ]
    assert offered[1] > 1.01 * offered[0]
    kg = told("collection", country="JPN", channel="municipal_box", year=FULL).collected_kg.sum()
    assert paid(payee="JPN households", payer="JPN municipalities", year=FULL) - paid(
        levered=False, payee="JPN households", payer="JPN municipalities", year=FULL
    ) == pytest.approx(0.5 * kg, rel=0.05)


def test_offtake_stockpile_and_floor_take_what_they_say():
    for contract, country, metal, volume_kg in (
        ("Copper for Korea", "KOR", "Cu", 1e5),
        ("Silver for the stock", "JPN", "Ag", 1e3),
    ):
        sold = told("sales", contract=contract, year=FULL)
        assert sold.contained_kg.sum() == pytest.approx(volume_kg)
        assert set(sold.country) == {country}
        assert set(sold.metal) == {metal}
        signal = told("key_signals", signal=f"offtake {contract}", year=FULL).iloc[0]
        assert (signal.pledged, signal.modelled) == pytest.approx((volume_kg, volume_kg))
    assert paid(payer="stockpile JPN", payee=SMELTER, item="sale of Ag") > 0.0
    floor = told("payments", payer="government JPN", payee=SMELTER, item="contract Floor under gold")
    assert floor.usd.sum() > 0.0
    assert floor.year.min() == START


def test_the_nation_holds_more_days_as_its_plan_says():
    cover = [told("market", levered, country="JPN", metal="Dy", month=12).set_index("year").cover_days for levered in (False, True)]
    assert [cover[0][year] for year in (2027, 2030)] == pytest.approx(
        [60.0, 60.0], abs=1.0
    )  # 42 days of the nation and 18 of firms
    assert cover[1][2027] == cover[0][2027]
    assert cover[1][2030] > 80.0


def test_a_ban_cuts_supply_and_a_response_releases_stock_and_is_paid():
    calm, struck = (told("market", levered, country="JPN", metal="Dy", year=START) for levered in (False, True))
    assert calm.shortfall_kg.sum() == 0.0
    days = struck.shortfall_kg.sum() / (struck.demand_kg.sum() / 366.0)
    assert days == pytest.approx(120.0 - 18.0 - 20.0, abs=2.5)  # firms' stock, then what is released
    assert struck.released_kg.sum() == pytest.approx(20.0 * struck.demand_kg.sum() / 366.0, rel=0.02)
    assert list(told("responses").event) == ["triggered", "start", "stop"]
    at_work = np.diff(told("responses").day[1:])[0]
    assert paid(payer="government JPN", payee="response Group") == pytest.approx(1e6 + 5e4 * at_work, rel=1e-6)


def test_the_works_ask_nothing_that_the_file_does_not_say():
    """The second run differs from the first by what LEVERS and MONEY write, and by nothing else."""
    plain, levered = (scenario(*parts) for parts in (PLAIN, LEVERED))
    same = ("products", "groups", "fractions", "processes", "lanes", "ports", "routes", "border_rules", "capital", "vehicles")
    assert all(getattr(plain, name) == getattr(levered, name) for name in same)
