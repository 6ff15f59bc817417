"""Composition: mass fractions of the reference device, magnets by year of sale, other by difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core.errors import WiringError
from sim.core.lifetime import year_shares
from sim.nodes.product_spec import CountryProductSpec
from tests.fixtures.homes import SUBSTANCES, build, country, magnet, product, products

COOLER = 1


def column(name):
    return SUBSTANCES.index(name)


def one_product(spec, years=(2020, 2025), **kwargs):
    return build({"AAA": country({"mix": {"thing": 1.0}})}, {"thing": spec}, years=years, **kwargs)


def test_contents_scale_by_mass_fraction_of_the_reference_device():
    light = one_product(product("cold", unit_mass_kg=5.0))
    heavy = one_product(product("cold", unit_mass_kg=80.0))
    np.testing.assert_allclose(light.composition, heavy.composition, rtol=1e-12)
    assert light.composition[0, 0, 0, column("Cu")] == pytest.approx(1000.0 / 50_000.0)


def test_a_product_without_contents_is_all_other():
    made = one_product(product("cold", contents_g_per_unit={}))
    assert made.composition[0, 0, :, column("other")].min() == 1.0


def test_an_empty_group_is_all_other():
    made = build({"AAA": country({"mix": {"fridge": 1.0}})})
    assert (made.composition[0, 1, :, column("other")] == 1.0).all()
    assert made.composition[0, 1].sum() == len(made.calendar.years)


def test_magnet_metals_are_mass_by_composition_by_share_in_the_year_of_sale():
    share = 0.4
    made = one_product(product("cold", magnet=magnet(share)))
    assert made.composition[0, 0, 0, column("Nd")] == pytest.approx(share * 0.100 * 0.25 / 50.0, rel=1e-12)
    assert made.composition[0, 0, 0, column("Dy")] == pytest.approx(share * 0.100 * 0.03 / 50.0, rel=1e-12)
    assert made.units_with_magnet_share[0, 0, 0] == pytest.approx(share, rel=1e-12)


def test_discards_hold_the_magnets_of_the_years_in_which_they_were_sold():
    made = build(years=(2000, 2040))
    of_discards = made.units_with_magnet_share[0, COOLER]
    of_sales = np.interp(np.arange(2000, 2041), [1990, 2010], [0.0, 0.8])
    assert (np.diff(of_discards) > 0.0).all()
    assert (of_discards < of_sales).all()
    sold, shares = made.put_on_market_kg[0, COOLER], np.interp(made.pom_years, [1990, 2010], [0.0, 0.8])
    by_age = year_shares(np.array([2.2]), np.array([14.0]), 61, "uniform")[0]
    gone = (sold[:61] * by_age[::-1]) @ np.stack([shares[:61], np.ones(61)], axis=1)
    assert of_discards[20] == pytest.approx(gone[0] / gone[1], rel=1e-12)


def test_falling_dysprosium_follows_the_year_of_sale():
    made = one_product(product("cold", magnet=magnet(1.0, dy_share={"2010": 0.04, "2020": 0.01})), years=(2010, 2060))
    per_nd = made.composition[0, 0, :, column("Dy")] / made.composition[0, 0, :, column("Nd")]
    assert per_nd[0] == pytest.approx(0.16, rel=0.02)
    assert per_nd[-1] == pytest.approx(0.04, rel=0.02)
    assert (np.diff(per_nd) <= 1e-12).all()


def test_contents_may_change_with_the_year_of_sale():
    made = one_product(product("cold", contents_g_per_unit={"Au": {"2000": 0.1, "2010": 0.0}}), years=(2000, 2060))
    gold = made.composition[0, 0, :, column("Au")]
    assert gold[0] == pytest.approx(0.1 / 50_000.0, rel=1e-3)
    assert gold[-1] < 0.05 * gold[0]


def test_a_country_may_have_its_own_share_of_magnets():
    own = {"BBB": {"thing": CountryProductSpec.model_validate({"units_with_magnet_share": 0.1})}}
    here = country({"mix": {"thing": 1.0}})
    made = build({"AAA": here, "BBB": here}, {"thing": product("cold", magnet=magnet(0.5))}, own)
    assert made.units_with_magnet_share[1, 0, 0] == pytest.approx(0.2 * made.units_with_magnet_share[0, 0, 0], rel=1e-12)


def test_contents_heavier_than_the_device_are_scaled_down_and_told():
    made = one_product(product("cold", contents_g_per_unit={"Cu": 60_000.0, "Au": 15_000.0}))
    assert made.warnings == ("contents of thing weigh 1.50 times its reference mass and were scaled down to it",)
    assert made.composition[0, 0, 0, column("Cu")] == pytest.approx(0.8)
    assert made.composition.min() >= 0.0


@pytest.mark.parametrize("name", ["Xx", "other"])
def test_a_content_that_is_not_tracked_is_an_error(name):
    with pytest.raises(WiringError, match=rf"products\.thing\.contents_g_per_unit\.{name}: '{name}' is not a tracked substance"):
        one_product(product("cold", contents_g_per_unit={name: 1.0}))


@settings(max_examples=30, deadline=None)
@given(
    copper=st.floats(0.0, 40_000.0),
    share=st.floats(0.0, 1.0),
    exported=st.floats(0.0, 1.0),
    mix=st.tuples(*[st.floats(0.01, 1.0)] * 3),
)
def test_compositions_close_and_agree_with_totals(copper, share, exported, mix):
    kinds = products()
    kinds["fridge"] = product("cold", contents_g_per_unit={"Cu": copper}, magnet=magnet(share))
    spec = {"mix": dict(zip(("fridge", "cooler", "handset"), mix, strict=True))}
    made = build({"AAA": country(spec, {"exported_for_reuse_share": {"cooler": exported}})}, kinds, years=(2019, 2023))
    np.testing.assert_allclose(made.composition.sum(axis=-1), 1.0, rtol=0, atol=1e-14)
    assert made.composition.min() >= 0.0
    assert made.discarded_substances_kg.min() >= -1e-9
    by_group = np.stack([made.discarded_kg[0, :2].sum(axis=0), made.discarded_kg[0, 2]])
    np.testing.assert_allclose(made.discarded_substances_kg[0].sum(axis=-1), by_group, rtol=1e-12)
