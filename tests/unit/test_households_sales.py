"""Put-on-market reconstruction: level, shape, known units, future."""

import numpy as np
import pytest

from sim.core.errors import WiringError
from sim.core.ownership import approach_factor, highest_so_far, ownership_share, trailing_mean
from sim.core.quantity import Quantity, Spread
from sim.core.series import by_year
from sim.nodes.country_spec import CountrySpec
from sim.nodes.product_spec import CountryProductSpec
from tests.fixtures.homes import Scope, build, country, product, products

KT = 1e6


def discarded(made, key, year, where=0):
    return made.discarded_kg[where, made.products.index(key), year - made.calendar.start]


def sold(made, key, year, where=0):
    return made.put_on_market_kg[where, made.products.index(key), made.pom_years.index(year)]


def test_base_year_total_and_mix_are_met_by_construction():
    made = build()
    year = 2022 - made.calendar.start
    assert made.discarded_kg[0, :, year].sum() == pytest.approx(100 * KT, rel=1e-12)
    assert discarded(made, "cooler", 2022) == pytest.approx(30 * KT, rel=1e-12)


@pytest.mark.parametrize("method", ["uniform", "mid_year", "survival_difference"])
def test_every_discretisation_meets_the_base_year(method):
    made = build(scope=Scope(discretisation=method))
    assert made.discarded_kg[0, :, 2022 - made.calendar.start].sum() == pytest.approx(100 * KT, rel=1e-12)
    months = made.offered_kg.reshape(*made.offered_kg.shape[:2], -1, 12)
    np.testing.assert_allclose(months.sum(axis=(1, 3))[0], made.discarded_kg[0].sum(axis=0), rtol=1e-12)


def test_mix_is_normalised():
    half = build({"AAA": country({"mix": {"fridge": 0.25, "cooler": 0.15, "handset": 0.1}})})
    np.testing.assert_allclose(half.discarded_kg, build().discarded_kg, rtol=1e-12)


def test_the_past_does_not_depend_on_how_far_a_run_looks_ahead():
    short, long = build(years=(2000, 2010)), build(years=(2000, 2060))
    np.testing.assert_allclose(short.discarded_kg, long.discarded_kg[:, :, :11], rtol=1e-12)
    np.testing.assert_allclose(short.offered_kg, long.offered_kg[:, :, :132], rtol=1e-12)
    np.testing.assert_allclose(short.hoarded_kg, long.hoarded_kg[:, :, :11], rtol=1e-9)


def test_there_is_no_warm_up():
    early = build(years=(2000, 2022))
    growth = np.diff(np.log(early.discarded_kg[0].sum(axis=0)))
    assert (growth > 0.0).all()
    assert growth[0] < 2.0 * growth[5], "the first years grow as the later ones do"


def test_a_country_with_constant_sales_discards_what_it_buys():
    flat = country({"saturation_kg_per_capita": 10.0}, population=1e7, gdp_per_capita_usd=5000.0)
    made = build({"AAA": flat}, years=(2000, 2060))
    np.testing.assert_allclose(made.discarded_kg[0].sum(axis=0), 100 * KT, rtol=1e-3)


def test_kg_per_head_approaches_saturation_at_the_stated_speed():
    fast = country({"convergence_years": 5.0}, population=1e7)
    slow = country({"convergence_years": 100.0}, population=1e7)
    made = build({"AAA": fast, "BBB": slow}, years=(2020, 2060))
    per_head = made.discarded_kg.sum(axis=1)[:, -1] / 1e7
    assert per_head[0] == pytest.approx(20.0, rel=0.01)
    assert 10.0 < per_head[1] < 16.0


def test_units_sold_are_sold_and_the_mix_shares_the_rest():
    spec = {"sold_units": {"fridge": {"2000": 1e6, "2030": 1e6}}}
    made = build({"AAA": country(spec)})
    assert sold(made, "fridge", 2010) == pytest.approx(1e6 * 40.0, rel=1e-12)
    assert made.discarded_kg[0, :, 2022 - made.calendar.start].sum() == pytest.approx(100 * KT, rel=1e-12)
    ratio = discarded(made, "cooler", 2022) / discarded(made, "handset", 2022)
    assert ratio == pytest.approx(1.5, rel=1e-9)


def test_units_sold_follow_ownership_outside_the_known_years():
    made = build({"AAA": country({"sold_units": {"fridge": {"2000": 1e6, "2005": 1.2e6}}}, gdp_per_capita_usd=5000.0)})
    people = np.interp([1980, 2000, 2005, 2015], [1960, 2020], [5e6, 1e7])
    assert sold(made, "fridge", 1980) == pytest.approx(1e6 * 40.0 * people[0] / people[1], rel=1e-9)
    assert sold(made, "fridge", 2015) == pytest.approx(1.2e6 * 40.0 * people[3] / people[2], rel=1e-9)


def test_units_discarded_are_met_on_average_and_without_a_mix_share():
    known = {"2005": 5e5, "2010": 6e5, "2015": 7e5, "2020": 8e5}
    made = build({"AAA": country({"units": {"fridge": known}})}, years=(2000, 2025))
    units = made.discarded_units[0, made.products.index("fridge")]
    modelled = [units[int(year) - 2000] for year in known]
    assert sum(modelled) == pytest.approx(sum(known.values()), rel=1e-9)
    np.testing.assert_allclose(modelled, list(known.values()), rtol=0.05)


def test_sales_give_the_shape_and_discards_the_level_where_both_are_known():
    boom = {"2000": 1e5, "2005": 1e6, "2010": 1e5}
    made = build({"AAA": country({"sold_units": {"fridge": boom}, "units": {"fridge": {"2015": 3e5, "2016": 3e5}}})})
    assert sold(made, "fridge", 2005) / sold(made, "fridge", 2010) == pytest.approx(10.0, rel=1e-9)
    units = made.discarded_units[0, made.products.index("fridge")]
    assert units[0] + units[1] == pytest.approx(6e5, rel=1e-9)


def test_a_technology_that_leaves_is_discarded_later_but_no_longer_sold():
    kinds = products() | {"cooler": product("cold", sales_index={"2000": 1.0, "2010": 0.0})}
    made = build(kinds=kinds, years=(2015, 2060))
    assert sold(made, "cooler", 2020) == 0.0
    assert discarded(made, "cooler", 2022) > 0.0
    assert discarded(made, "cooler", 2060) < 0.01 * discarded(made, "cooler", 2022)


def test_a_country_may_have_its_own_life_mass_and_technology():
    own = {"AAA": {"fridge": CountryProductSpec.model_validate({"weibull_scale_years": 28.0, "unit_mass_kg": 80.0})}}
    plain, other = build(years=(2022, 2040)), build(own=own, years=(2022, 2040))
    fridge = plain.products.index("fridge")
    assert other.discarded_units[0, fridge, 0] == pytest.approx(plain.discarded_units[0, fridge, 0] / 2.0, rel=1e-9)
    assert other.in_use_kg[0, 0].sum() > 1.3 * plain.in_use_kg[0, 0].sum()


def test_vehicles_stay_behind_their_switch_and_change_no_other_total():
    here = country({"sold_units": {"car": {"1990": 1e5, "2020": 2e5}}})
    off, on = build({"AAA": here}), build({"AAA": here}, scope=Scope(vehicles_and_machines=True))
    assert "car" not in off.products
    assert on.groups == ("cold", "phone", "vehicle")
    np.testing.assert_allclose(on.offered_kg[:, :2], off.offered_kg, rtol=1e-12)
    assert on.offered_kg[:, 2].sum() > 0.0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"sold_units": {"fridge": {"2000": 1e8, "2020": 1e8}}}, "is less than known units and used imports"),
        ({"mix": {"fridge": 0.5, "late": 0.5}}, "nothing was sold before 2022"),
        ({"mix": {}}, "has no share for the 100.0 kt"),
        ({"convergence_years": 0.0}, r"convergence_years: must be above 0"),
        ({"ownership_half_gdp_usd": -5.0}, r"ownership_half_gdp_usd: must be above 0"),
    ],
)
def test_a_total_that_cannot_be_shared_out_is_an_error(spec, message):
    kinds = products() | {"late": product("cold", sales_index={"2022": 0.0, "2040": 1.0})}
    with pytest.raises(WiringError, match=message):
        build({"AAA": country(spec)}, kinds)


def test_a_country_without_income_is_an_error():
    with pytest.raises(WiringError, match=r"countries\.AAA\.gdp_per_capita_usd: is needed"):
        build({"AAA": country(gdp_per_capita_usd=None)})


def test_a_product_without_a_life_is_an_error():
    with pytest.raises(WiringError, match=r"products\.fridge\.weibull_scale_years: must be above 0"):
        build(kinds=products() | {"fridge": product("cold", weibull_scale_years=0.0)})


def test_units_that_only_begin_later_are_kept():
    made = build({"AAA": country({"units": {"fridge": {"2020": 0.0, "2040": 1e6}}})}, years=(2015, 2050))
    units = made.discarded_units[0, made.products.index("fridge")]
    assert units[-1] > 3e5


def test_a_product_of_an_unknown_group_is_an_error():
    with pytest.raises(WiringError, match="'warm' is not a group"):
        build(kinds=products() | {"stove": product("warm")})


def test_partners_have_no_arisings():
    partner = CountrySpec.model_validate({"name_en": "x", "name_ja": "x", "role": "partner", "available_to": "USA"})
    assert build({"AAA": country(), "USA": partner}).countries == ("AAA",)


def test_ownership_is_half_at_half_and_rises():
    income = np.array([1000.0, 3000.0, 9000.0])
    share = ownership_share(income, 3000.0, 2.0)
    assert share[1] == pytest.approx(0.5)
    np.testing.assert_allclose(share, [0.1, 0.5, 0.9])


def test_income_helpers():
    np.testing.assert_allclose(trailing_mean(np.array([3.0, 6.0, 9.0, 12.0]), 2), [3.0, 4.5, 7.5, 10.5])
    np.testing.assert_allclose(highest_so_far(np.array([1.0, 3.0, 2.0, 4.0])), [1.0, 3.0, 3.0, 4.0])
    np.testing.assert_allclose(approach_factor(3.0, np.array([-5.0, 0.0, 10.0, 1e9]), 10.0), [1, 1, 3 - 2 / np.e, 3])


def test_a_quantity_by_year_is_linear_between_points_and_flat_outside():
    years = np.array([1990.0, 2000.0, 2005.0, 2020.0])
    path = Quantity(((2000.0, 1.0), (2010.0, Spread(2.0, 3.0, 9.0))))
    np.testing.assert_allclose(by_year(path, years), [path.at(year) for year in years])
    np.testing.assert_allclose(by_year(Quantity.constant(4.0), years), 4.0)
