"""Feed an appraisal reckons with: what routes send a plant, once and by its share."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.quantity import Quantity
from sim.nodes.investment_spec import CapitalSpec
from sim.simulate.appraisal import Appraiser, available_kg, expected_feed
from sim.trade.routing_spec import RouteSpec
from tests.fixtures.plants import plant, process
from tests.fixtures.trade_world import route

SUBSTANCES = ("Nd", "other")
RATES = ("hurdle_rate_share", "bank_rate_share", "public_rate_share")
MAGNETS = process({"magnet": {"refined_metal": {"Nd": 0.9}}}, "magnet")
LINE = process({"phone": {"magnet": {"Nd": {"2026": 0.0, "2027": 1.0}}}}, "dismantling")


def site(*routes):
    """Homes that discard 1.2 t of phones a year in Japan (10 % Nd) and 3.6 t in Viet Nam (2 % Nd), and a works in Japan."""
    works = plant("Works", process="magnets")
    spec = SimpleNamespace(
        plants=(works, plant("Line", process="opening"), plant("Other", process="opening")),
        processes={"magnets": MAGNETS, "opening": LINE},
        routes=[RouteSpec.model_validate(each) for each in routes],
        fractions={"magnet": None},
    )
    arisings = SimpleNamespace(
        calendar=Calendar.of(2026, 2026),
        countries=("JPN", "VNM"),
        groups=("phone",),
        substances=SUBSTANCES,
        offered_kg=np.array([[[100.0] * 12], [[300.0] * 12]]),
        composition=np.array([[[[0.1, 0.9]]], [[[0.02, 0.98]]]]),
    )
    return spec, arisings, works


def test_a_route_for_all_countries_adds_only_those_without_one_of_their_own():
    spec, arisings, works = site(route("phone", ("Works", 0.5), ("Other", 0.5), origin="JPN"), route("phone", ("Works", 1.0)))
    spec.processes["magnets"] = process({"phone": {"refined_metal": {"Nd": 0.9}}}, "magnet")
    fed, nd = 0.5 * 1200.0 + 3600.0, 0.5 * 120.0 + 72.0
    sent_kg, per_kg = expected_feed(spec, arisings, works, 2026)
    assert sent_kg == pytest.approx(fed)
    assert per_kg.tolist() == pytest.approx([0.9 * nd / fed, 0.0])


def test_shares_of_routes_and_processes_are_those_of_the_middle_of_the_year():
    spec, arisings, works = site(route("phone", ("Line", 0.25), ("Other", 0.0), origin="JPN"), route("magnet", ("Works", 1.0)))
    assert available_kg(spec, arisings, 2026)["JPN", "magnet"].tolist() == pytest.approx([0.25 * 0.5 * 120.0, 0.0])
    sent_kg, per_kg = expected_feed(spec, arisings, works, 2026)
    assert (sent_kg, *per_kg) == pytest.approx((15.0, 0.9, 0.0))


def verdict_of(spec, arisings, works):
    """Verdict on a works whose finance closes on the first day of the run, and warnings."""
    clock, warnings = SimpleNamespace(now=0.0), []
    world = SimpleNamespace(decimal_year=2026.0, month=0, calendar=arisings.calendar, clock=clock, warnings=warnings)
    prices = SimpleNamespace(faced_by=lambda country, month: np.array([100.0, 0.0]))
    return Appraiser(world, spec, arisings, prices, None, {}).judge(works), warnings


@pytest.mark.parametrize(("capacity_t", "fed_t"), [(1.0, 0.8), (100.0, 4.8), (1000.0, 4.8)])
def test_no_plant_is_judged_on_more_feed_than_it_would_be_sent(capacity_t, fed_t):
    """Homes discard 1.2 t in Japan and 3.6 t in Viet Nam: a nameplate of 100 t, loaded at 0.8, earns with 4.8 t and no more."""
    spec, arisings, works = site(route("phone", ("Works", 1.0)))
    spec.processes["magnets"] = process({"phone": {"refined_metal": {"Nd": 0.9}}}, "magnet")
    spec.capital = CapitalSpec.model_validate(dict.fromkeys(RATES, 0.1) | {"loan_years": 5, "life_years": 10, "load_share": 0.8})
    spec.countries, spec.commissioning = {"JPN": SimpleNamespace(available_to="JPN")}, {}
    judged = works.model_copy(update={"capacity_t_per_year": Quantity.constant(capacity_t)})
    verdict, _ = verdict_of(spec, arisings, judged)
    opex = spec.processes["magnets"].opex_usd_per_t.value
    nd_per_t = 1e3 * 0.9 * (120.0 + 72.0) / 4800.0
    assert verdict.cash_usd_per_year == pytest.approx(fed_t * (nd_per_t * 100.0 - opex))
    assert verdict.capex_usd == pytest.approx(capacity_t * spec.processes["magnets"].capex_usd_per_t_per_year.value)


@pytest.mark.parametrize(("end", "judged_on"), [(2026, 2026), (2027, 2027), (2028, 2028), (2029, 2029), (2031, 2029)])
def test_feed_after_the_run_is_that_of_its_last_year_and_warned_of(end, judged_on):
    """A works that opens in July 2028 is judged on the feed of 2029; where the run ends before, on its last year's, and says so."""
    spec, arisings, works = site(route("phone", ("Works", 1.0)))
    spec.processes["magnets"] = process({"phone": {"refined_metal": {"Nd": 0.9}}}, "magnet")
    spec.capital = CapitalSpec.model_validate(dict.fromkeys(RATES, 0.1) | {"loan_years": 5, "life_years": 10, "load_share": 1.0})
    spec.countries = {"JPN": SimpleNamespace(available_to="JPN")}
    months = SimpleNamespace(permit_months=SimpleNamespace(mode=12.0), build_months=SimpleNamespace(mode=18.0))
    spec.commissioning = {"slow": months}
    years = end - 2025
    arisings.calendar = Calendar.of(2026, end)
    arisings.offered_kg = np.repeat(100.0 * np.arange(1, years + 1), 12)[None, None].repeat(2, axis=0)
    arisings.composition = arisings.composition.repeat(years, axis=2)
    works = works.model_copy(update={"capacity_t_per_year": Quantity.constant(1000.0), "commissioning": "slow"})
    verdict, warnings = verdict_of(spec, arisings, works)
    fed_t = 2.4 * (judged_on - 2025)
    opex = spec.processes["magnets"].opex_usd_per_t.value
    assert verdict.cash_usd_per_year == pytest.approx(fed_t * (1e3 * 0.9 * 0.06 * 100.0 - opex))
    told = f"Works: judged on the feed of {end}, the last year of the run; it would open in 2028."
    assert warnings == ([told] if end < 2029 else [])
