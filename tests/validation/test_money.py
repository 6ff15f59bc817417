"""Money of a whole run: payments follow from the work they pay for, costs and gains add up, levers of finance do what they say."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.policy.finance import Terms, judge
from sim.results.tables import numbers, texts
from sim.scenario.load import load_scenario
from sim.simulate.cash import OTHER
from sim.simulate.run import run_replication

HUB = "Kitakyushu magnet line"
JUDGED = f"""
[[plants]]
name = "{HUB}"
investment = {{ must_pay = true, hurdle_rate_share = 0.3 }}
"""
FLOOR = """
[[contracts]]
name = "Floor for the hub"
kind = "price_floor"
sellers = ["Kitakyushu magnet line"]
metals = ["Nd", "Pr"]
buyer = "JPN"
start = 2028-07-01
years = 10
volume_t_per_year = 500
floor_usd_per_kg = 2000
"""
COSTS = ("collection", "handling", "depot handling", "line-haul", "opex", "road haul", "sea freight")


@cache
def scenario(*parts):
    """The hub scenario with parts of TOML added, to 2030, on the coarsest grain."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "money.toml"
        file.write_text('extends = "magnet_recycling_hub"\nname = "Money"\n' + "".join(parts), encoding="utf-8")
        return load_scenario(file).with_set("time.end=2030", "run.uncertain_inputs=false", "resolution.period_days=92").spec


@cache
def tables(*parts):
    """Its tables."""
    made = run_replication(scenario(*parts), 1, 0)["tables"]
    return {name: pd.DataFrame({head: _plain(columns, head) for head in columns}) for name, columns in made.items()}


def _plain(columns, head):
    return texts(columns, head) if hasattr(columns[head], "codes") else numbers(columns, head)


def test_every_payment_has_two_parties_and_a_stage():
    paid = tables()["payments"]
    assert (paid.payer != "").all()
    assert (paid.payee != "").all()
    assert (paid.payer != paid.payee).all()
    assert (paid.usd > 0.0).all()
    assert not (paid.stage == OTHER).any()


TIED = {  # items of this run by stage, tied to other tables below but loan service and what is paid to informal buyers
    "collection": {"collection", "handling", "fee", "purchase"},
    "depots": {"depot handling", "line-haul"},
    "treatment": {"gate_fee", "opex"},
    "investment": {"grant", "public loan", "equity", "capital expenditure", "loan service"},
}


def by_year(frame, column="usd"):
    return frame.groupby("year")[column].sum()


def assert_same(paid, due):
    """Require that a sum of payments equals one of other tables, year by year (or by plant, country ...)."""
    assert paid.abs().sum() > 0.0
    pd.testing.assert_series_equal(paid.sort_index(), due.sort_index(), check_names=False, check_index_type=False, rtol=1e-9)


def test_collection_and_depots_are_paid_by_the_kilogram():
    """What channels and depots are paid, from kilograms of tables `collection` and `fleet` and the prices of the scenario."""
    made, spec = tables(), scenario()
    paid, fetched, fleet = made["payments"], made["collection"], made["fleet"]
    item = paid.item.astype(str)
    hauled = fleet[fleet.channel == "linehaul"]
    assert_same(by_year(paid[item == "line-haul"]), by_year(hauled, "cost_usd"))
    assert_same(by_year(paid[item == "collection"]), by_year(fleet[fleet.channel != "linehaul"], "cost_usd"))
    places = zip(hauled.country, hauled.year, strict=True)
    rates = [spec.countries[country].depots.handling_usd_per_t.at(year + 0.5) for country, year in places]
    assert_same(by_year(paid[item == "depot handling"]), by_year(hauled.assign(usd=hauled.load_kg / 1e3 * rates)))
    kg = fetched.groupby(["year", "country", "channel"]).collected_kg.sum().reset_index()
    channels = [spec.countries[country].channels[name] for country, name in zip(kg.country, kg.channel, strict=True)]
    handled = [channel.handling_usd_per_t.at(year + 0.5) / 1e3 for channel, year in zip(channels, kg.year, strict=True)]
    assert_same(by_year(paid[item == "handling"]), by_year(kg.assign(usd=kg.collected_kg * handled)))
    price = np.array(
        [
            channel.paid_to_household_usd_per_kg.at(year + 0.5) + channel.incentive_usd_per_kg.at(year + 0.5)
            for channel, year in zip(channels, kg.year, strict=True)
        ]
    )
    homes = paid.payee.str.endswith("households")
    assert_same(by_year(paid[item == "fee"]), by_year(kg.assign(usd=kg.collected_kg * np.maximum(-price, 0.0))))
    assert_same(by_year(paid[(item == "purchase") & homes]), by_year(kg.assign(usd=kg.collected_kg * np.maximum(price, 0.0))))


def test_metal_and_stocks_are_paid_by_the_kilogram():
    """Metal by plant, element and year as in `sales`; stocks at the price of the month on kilograms of `market`."""
    made = tables()
    paid, sold, market = made["payments"], made["sales"], made["market"]
    metal = paid[paid.stage == "metal"]
    metal = metal.assign(metal=metal["item"].astype(str).str.removeprefix("sale of "))
    due = sold[sold.usd > 0.0].astype({"metal": str}).groupby(["year", "plant", "metal"]).usd.sum()
    assert_same(metal.groupby(["year", "payee", "metal"]).usd.sum(), due)
    refilled = paid[paid["item"].astype(str).str.startswith("stock refill of ")]
    assert_same(by_year(refilled), by_year(market.assign(usd=market.refilled_kg * market.price_usd_per_kg)))


def test_no_item_is_left_untied_but_hauls():
    """An item that comes into this run is to be tied too; what roads and seas cost is told by `payments` alone."""
    paid = tables()["payments"].astype({"item": str, "stage": str})
    found = {stage: set(rows["item"]) for stage, rows in paid.groupby("stage")}
    assert {stage: found.get(stage) for stage in TIED} == TIED
    assert set(found) == {*TIED, "transport", "metal", "stockpile"}
    assert found["transport"] == {"road haul", "sea freight"}
    assert all(item.startswith("stock re") for item in found["stockpile"])


def test_public_money_and_what_the_stock_holds_are_told_apart():
    made = tables()
    paid, gains = made["payments"], made["gains"][made["gains"].metal == "total"]
    for kind, column in (("government", "public_usd"), ("stockpile", "stockpile_usd")):
        net = paid[paid.payer == f"{kind} JPN"].usd.sum() - paid[paid.payee == f"{kind} JPN"].usd.sum()
        assert net > 0.0
        assert gains[gains.country == "JPN"][column].sum() == pytest.approx(net, rel=1e-9)


def test_running_costs_and_gate_fees_follow_from_tonnes():
    made, spec = tables(), scenario()
    paid, worked = made["payments"], made["plants"]
    plants = {plant.name: plant for plant in spec.plants}
    # work of a period may be paid in the year after, so over all years; these costs are the same in every year
    t = worked.groupby("plant").throughput_kg.sum() / 1e3
    opex = {name: t[name] * spec.processes[plants[name].process].opex_usd_per_t.at(2028.0) for name in t.index if t[name] > 0.0}
    assert paid[paid.item == "opex"].groupby("payer").usd.sum().to_dict() == pytest.approx(opex, rel=1e-9)
    taken = worked.groupby(["plant", "year"]).intake_kg.sum() / 1e3
    priced = {name: plant.gate_fee_usd_per_t for name, plant in plants.items() if plant.gate_fee_usd_per_t is not None}
    due = {(name, year): t * priced[name].at(2028.0) for (name, year), t in taken.items() if name in priced}
    fees = paid[paid.item == "gate_fee"]
    got = fees.groupby(["payee", "year"]).usd.sum().to_dict()
    given = fees.groupby(["payer", "year"]).usd.sum().to_dict()
    net = {key: got.get(key, 0.0) - given.get(key, 0.0) for key in due}
    assert net == pytest.approx(due, rel=1e-9, abs=1e-6)
    assert any(due.values())


def test_sources_of_capital_equal_its_use_plant_by_plant():
    made = tables()
    paid = made["payments"]
    invested = paid[paid.stage == "investment"]
    sources = invested[invested.item.isin(["grant", "public loan", "bank loan", "equity"])].groupby("payee").usd.sum()
    uses = invested[invested.item == "capital expenditure"].groupby("payer").usd.sum()
    pd.testing.assert_series_equal(sources, uses, check_names=False, rtol=1e-12)
    told = made["finance"].set_index("plant")
    assert uses.sort_index().to_dict() == pytest.approx(told.capex_usd[told.capex_usd > 0.0].sort_index().to_dict())
    for item, column in (("grant", "grant_usd"), ("public loan", "public_loan_usd")):
        assert_same(invested[invested["item"] == item].groupby("payee").usd.sum(), told[column][told[column] > 0.0])


def test_what_is_sold_is_what_becomes_available():
    made = tables()
    sold = made["sales"].groupby(["year", "country", "metal"]).contained_kg.sum()
    got = made["supply"].groupby(["year", "available_to", "metal"]).recovered_kg.sum()
    np.testing.assert_allclose(sold.to_numpy(), got.to_numpy(), rtol=1e-9)


def test_new_scrap_is_left_out_of_the_end_of_life_input_rate():
    """Table `new_scrap` tells part of it, none of which is in the masses of the market: the rate is an upper bound."""
    made = tables()
    place = ["year", "country", "metal"]
    masses = made["market"].groupby(place)[["recovered_kg", "primary_kg"]].sum()
    rate = made["security"].set_index(place).eol_rir_share
    masses = masses.loc[rate.index]
    np.testing.assert_allclose(rate, masses.recovered_kg / masses.sum(axis=1), rtol=1e-9)
    scrap = made["new_scrap"].groupby(["year", "available_to", "metal"]).contained_kg.sum()
    assert scrap[2030, "JPN", "Nd"] > masses.recovered_kg[2030, "JPN", "Nd"]


def test_shared_costs_add_up_to_what_was_spent():
    made = tables()
    paid = made["payments"]
    spent = paid[paid.item.isin(COSTS) & ~paid.payee.str.endswith("informal workers")].groupby("year").usd.sum()
    costs = made["costs"]
    per_year = costs.assign(usd=(costs.cost_usd_per_kg - costs.capital_usd_per_kg) * costs.refined_kg)
    everywhere = per_year[per_year.country == "ALL"].groupby("year").usd.sum()
    pd.testing.assert_series_equal(everywhere, spent, check_names=False, rtol=1e-9)
    # what plants that gave nothing of value spent has no country of origin yet
    countries = per_year[per_year.country != "ALL"].groupby("year").usd.sum()
    assert (countries <= spent * (1.0 + 1e-9)).all()
    assert (countries > 0.97 * spent).all()
    gas = costs[costs.country == "ALL"].assign(kg=costs.kgco2e_per_kg * costs.refined_kg).groupby("year").kg.sum()
    np.testing.assert_allclose(gas.to_numpy(), made["emissions"].groupby("year").kgco2e.sum().to_numpy(), rtol=1e-9)


def test_metal_refined_somewhere_comes_from_someone():
    gains = tables()["gains"]
    parts = ["refined_here_kg", "own_refined_here_kg", "own_refined_abroad_kg"]
    metals = gains[gains.metal != "total"].groupby(["year", "metal"])[parts].sum()
    np.testing.assert_allclose(metals.refined_here_kg, metals.own_refined_here_kg + metals.own_refined_abroad_kg, rtol=1e-9)
    whole = gains[(gains.metal == "total") & (gains.country == "JPN")]
    assert (whole.jobs_fte > 1000.0).all()
    assert (whole.earned_usd > 0.0).all()


def test_reuse_is_told_with_its_age_and_what_it_delays():
    made = tables()
    reuse, flows = made["reuse"], made["flows"]
    sent = flows[(flows.target == "exported_for_reuse") & (flows.substance == "total")].groupby(["year", "country"]).mass_kg.sum()
    told = reuse[(reuse.metal == "total") & (reuse.exported_kg > 0.0)].set_index(["year", "country"])
    np.testing.assert_allclose(told.exported_kg.loc[sent.index], sent, rtol=1e-6)
    assert told.exported_age_years.between(5.0, 20.0).all()
    assert (reuse[reuse.metal == "total"].value_kept_usd > 0.0).all()
    assert reuse[(reuse.metal == "Nd") & (reuse.country == "JPN")].second_life_kg.min() > 0.0


SINTERED = {"Nd": 0.25, "Pr": 0.04, "Dy": 0.012}  # of a magnet of appliances, with 31 % rare earths as recyclers report


@pytest.mark.parametrize(("grade", "public", "private"), [(1.0, True, True), (0.3, True, False), (0.15, False, False)])
def test_a_magnet_plant_pays_with_magnets_and_not_with_iron(grade, public, private):
    """Whether it clears its hurdle hangs on how much of its feed is magnet: all, 30 % or 15 %; with grant and loan, and without."""
    spec = scenario()
    plant, when = next(plant for plant in spec.plants if plant.name == HUB), 2029.5
    process = spec.processes[plant.process]
    capacity_t = plant.capacity_t_per_year.at(when)
    shares = process.transfer["magnet"]["ree_oxide"]
    usd_per_t = 1e3 * sum(
        grade * content * shares[metal].at(when) * spec.market.prices[metal].usd_per_kg.at(when)
        for metal, content in SINTERED.items()
    )
    for site, clears in ((plant, public), (plant.model_copy(update={"finance": None}), private)):
        terms = Terms.of(site, spec.capital, when)
        cash = capacity_t * terms.load_share * (usd_per_t - process.opex_usd_per_t.at(when))
        verdict = judge(terms, capacity_t * process.capex_usd_per_t_per_year.at(when), cash, 3.0)
        assert verdict.clears == clears
        if grade == 1.0:
            assert 0.2 < verdict.irr_share < 0.4  # HyProMag USA, feasibility study of November 2024: 23 % real, magnets sold


def finance(*parts):
    return tables(*parts)["finance"].set_index("plant").loc[HUB]


@pytest.mark.slow
def test_a_project_below_its_hurdle_is_not_built_and_a_price_floor_can_lift_it():
    free, refused, lifted = finance(), finance(JUDGED), finance(JUDGED, FLOOR)
    assert np.isnan(free.cleared)
    assert free.capex_usd > 0.0
    assert (refused.cleared, refused.capex_usd) == (0.0, 0.0)
    assert refused.expected_npv_usd < 0.0 <= lifted.expected_npv_usd
    assert (lifted.cleared, lifted.capex_usd) == (1.0, free.capex_usd)
    milestones = tables(JUDGED)["milestones"].set_index("plant")
    assert milestones.status[HUB] == "cancelled"


@pytest.mark.slow
def test_finance_and_contracts_change_nothing_before_their_dates():
    free, refused, lifted = (tables(*parts) for parts in ((), (JUDGED,), (JUDGED, FLOOR)))
    for name in ("payments", "sales", "recovery", "flows"):
        before, after, floor = (_early(made[name]) for made in (free, refused, lifted))
        pd.testing.assert_frame_equal(before, after)
        pd.testing.assert_frame_equal(before, floor)
    held_up = lifted["payments"][lifted["payments"].item == "contract Floor for the hub"]
    assert (held_up.year >= 2028).all()
    assert held_up[(held_up.payer == "government JPN") & (held_up.payee == HUB)].usd.sum() > 0.0


def _early(frame):
    """Rows of years in which nothing was decided yet; what is invested is booked when finance closes."""
    early = frame[frame.year <= 2026]
    return (
        early[early.stage != "investment"].reset_index(drop=True)
        if "stage" in early and "payer" in early
        else early.reset_index(drop=True)
    )
