"""Drawers, second owners, exports for reuse and used imports."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core.errors import WiringError
from tests.fixtures.homes import Scope, arisings, build, country, product, products

FRIDGE, HANDSET = 0, 2
COLD, PHONE = 0, 1


def test_drawers_of_a_residence_do_not_move_the_offer():
    plain = build()
    kept = build({"AAA": country(people={"hoarded_share": {"phone": 0.6}, "reused_share": {"phone": 0.3, "cold": 0.2}})})
    np.testing.assert_array_equal(kept.offered_kg, plain.offered_kg)
    assert kept.hoarded_kg[0, PHONE, -1] > 0.0
    assert plain.hoarded_kg.max() == 0.0


def test_a_drawer_holds_what_is_discarded_times_its_mean_stay():
    flat = country({"saturation_kg_per_capita": 10.0}, {"hoarded_share": {"phone": 0.5}}, population=1e7, gdp_per_capita_usd=5000.0)
    made = build({"AAA": flat}, years=(2020, 2022))
    yearly = made.discarded_kg[0, HANDSET, -1]
    assert made.hoarded_kg[0, PHONE, -1] == pytest.approx(0.5 * 2.0 * yearly, rel=0.02)


def test_a_second_life_is_its_share_of_the_residence():
    flat = country({"saturation_kg_per_capita": 10.0}, {"reused_share": {"fridge": 0.5}}, population=1e7, gdp_per_capita_usd=5000.0)
    made = build({"AAA": flat}, years=(2020, 2022))
    mean = 14.0 * 0.885626
    assert made.second_life_kg[0, COLD, -1] == pytest.approx(0.5 * 0.4 * mean * made.discarded_kg[0, FRIDGE, -1], rel=0.02)


@settings(max_examples=25, deadline=None)
@given(hoarded=st.floats(0.0, 0.6), reused=st.floats(0.0, 0.4), years=st.floats(0.0, 4.0), second=st.floats(0.05, 0.9))
def test_stocks_are_never_negative_and_close(hoarded, reused, years, second):
    people = {
        "hoarded_share": {"phone": hoarded},
        "reused_share": {"phone": reused, "cold": reused},
        "hoarded_years": years,
        "second_life_share": second,
    }
    made = build({"AAA": country(people=people)}, years=(2010, 2025))
    for stock in (made.in_use_kg, made.second_life_kg, made.hoarded_kg):
        assert stock.min() >= -1e-6
    start = made.put_on_market_kg[0][:, : 2010 - 1960].sum()
    bought = made.put_on_market_kg[0][:, 2010 - 1960 : 2026 - 1960].sum(axis=0)
    at_home = (made.in_use_kg + made.second_life_kg + made.hoarded_kg)[0].sum(axis=0)
    gone = made.discarded_kg[0].sum(axis=0)
    np.testing.assert_allclose(np.diff(at_home), (bought - gone)[1:], rtol=1e-6, atol=1e-3 * start**0.5)


def test_on_the_use_basis_a_drawer_delays_the_offer():
    kinds = products() | {"handset": product("phone", unit_mass_kg=0.1, weibull_scale_years=6.0, lifetime_basis="use")}
    boom = {"sold_units": {"handset": {"1999": 0.0, "2000": 1e7, "2001": 0.0}}}
    people = {"hoarded_share": {"phone": 1.0}}
    used = build({"AAA": country(boom)}, kinds, years=(2000, 2060))
    kept = build({"AAA": country(boom, people)}, kinds, years=(2000, 2060))
    years = np.arange(2000, 2061)

    def mean_year(made):
        gone = made.discarded_kg[0, HANDSET]
        return years @ gone / gone.sum()

    assert mean_year(kept) - mean_year(used) == pytest.approx(2.0, abs=0.02)
    assert kept.hoarded_kg[0, PHONE, 8] > 0.0


def test_a_drawer_longer_than_the_residence_is_cut_and_told():
    made = build({"AAA": country(people={"hoarded_share": {"phone": 0.5}, "hoarded_years": 30.0})})
    assert made.warnings == ("AAA: the drawer time of handset was cut to 90% of its mean residence",)
    assert made.in_use_kg.min() >= 0.0


def test_hoarded_and_reused_shares_beyond_one_are_an_error():
    with pytest.raises(WiringError, match=r"countries\.AAA\.behaviour: hoarded and reused shares of handset sum to over 1"):
        build({"AAA": country(people={"hoarded_share": {"phone": 0.7}, "reused_share": {"phone": 0.4}})})


def test_exports_for_reuse_leave_and_the_rest_is_offered():
    made = build({"AAA": country(people={"exported_for_reuse_share": {"cold": 0.1, "fridge": 0.3}})}, years=(2020, 2025))
    yearly = made.offered_kg.reshape(1, 2, -1, 12).sum(axis=3)
    discards = np.stack([made.discarded_kg[0, :2].sum(axis=0), made.discarded_kg[0, HANDSET]])
    np.testing.assert_allclose(yearly[0] + made.exported_for_reuse_kg[0], discards, rtol=1e-12)
    expected = 0.3 * made.discarded_kg[0, 0] + 0.1 * made.discarded_kg[0, 1]
    np.testing.assert_allclose(made.exported_for_reuse_kg[0, COLD], expected, rtol=1e-12)


def exporting(**changes):
    people = {"exported_for_reuse_share": {"cold": 0.2}, "reuse_destinations": {"BBB": 0.5}}
    return country(people=people | changes)


def importer(**changes):
    return country(changes, population={"1960": 1e7, "2020": 2e7})


def test_an_importer_is_reconstructed_net_of_used_goods():
    made = build({"AAA": exporting(), "BBB": importer()}, years=(2000, 2030))
    alone = build({"BBB": importer()}, years=(2000, 2030))
    at = 2022 - 2000
    assert made.discarded_kg[1, :, at].sum() == pytest.approx(alone.discarded_kg[0, :, at].sum(), rel=1e-12)
    assert made.put_on_market_kg[1].sum() < alone.put_on_market_kg[0].sum()
    assert made.second_life_kg[1, COLD, at] > 0.0


def test_used_goods_close_between_countries():
    made = build({"AAA": exporting(), "BBB": importer()}, years=(2000, 2060))
    at_home = sum(stock[1].sum(axis=0) for stock in (made.in_use_kg, made.second_life_kg, made.hoarded_kg))
    bought = made.put_on_market_kg[1][:, 2000 - 1960 :].sum(axis=0)
    taken_in = 0.5 * made.exported_for_reuse_kg[0].sum(axis=0)
    np.testing.assert_allclose(np.diff(at_home), (bought + taken_in - made.discarded_kg[1].sum(axis=0))[1:], rtol=1e-9)


def test_used_goods_are_older_technology():
    made = build({"AAA": exporting(), "BBB": importer()}, years=(2015, 2020))
    alone = build({"BBB": importer()}, years=(2015, 2020))
    cooler = made.products.index("cooler")
    assert (made.units_with_magnet_share[1, cooler] < alone.units_with_magnet_share[0, cooler]).all()


def test_vehicles_are_not_followed_into_another_country():
    car = {"sold_units": {"car": {"1990": 1e5, "2020": 2e5}}}
    seller = country(car, {"exported_for_reuse_share": {"vehicle": 0.8}, "reuse_destinations": {"BBB": 1.0}})
    made = build({"AAA": seller, "BBB": importer()}, scope=Scope(vehicles_and_machines=True))
    assert made.exported_for_reuse_kg[0, 2].min() > 0.0
    assert made.offered_kg[1, 2].max() == 0.0


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ({"reuse_destinations": {"ZZZ": 0.5}}, r"reuse_destinations\.ZZZ: is not a country of the study"),
        ({"reuse_destinations": {"BBB": 0.8, "CCC": 0.3}}, "more than 1"),
        ({"second_life_share": 0.0}, "must be above 0 and below 1"),
    ],
)
def test_destinations_that_do_not_fit_are_errors(people, message):
    with pytest.raises(WiringError, match=message):
        build({"AAA": country(people=people), "BBB": importer(), "CCC": importer()})


def test_an_importer_may_not_send_used_goods_on_inside_the_study():
    both = country(arisings(), {"exported_for_reuse_share": {"cold": 0.2}, "reuse_destinations": {"AAA": 0.5}})
    with pytest.raises(WiringError, match="may export its own only to the outside"):
        build({"AAA": exporting(), "BBB": both})


def test_a_country_without_behaviour_is_an_error():
    with pytest.raises(WiringError, match=r"countries\.AAA\.behaviour: is needed for arisings"):
        build({"AAA": country(behaviour=None)})


BOOM = {"sold_units": {"handset": {"1999": 0.0, "2000": 1e7, "2001": 0.0}}}
STEP = 2005


def habits(**paths):
    """A country that sold handsets in 2000 only, with a step of its habits at the start of 2005."""
    steps = {key: {str(STEP - 1): low, str(STEP): high} for key, (low, high) in paths.items()}
    people = {"hoarded_years": 2.0, "second_life_share": 0.4} | {
        key: {"phone": path} if key.endswith("_share") and key != "second_life_share" else path for key, path in steps.items()
    }
    return build({"AAA": country(BOOM, people)}, years=(2000, 2060))


def first_lives(years=4_000_000, scale=6.0, shape=2.2):
    """Sale dates and residences of many devices."""
    luck = np.random.Generator(np.random.Philox(7))
    return 2000.0 + luck.random(years), scale * luck.weibull(shape, years)


def counted(leaves):
    return np.histogram(leaves, bins=np.arange(2000, 2062))[0] / len(leaves)


def modelled(made):
    return made.discarded_kg[0, HANDSET] / made.put_on_market_kg[0, HANDSET].sum()


@pytest.fixture
def after_2022(monkeypatch):
    """Habits of the base year end before the step, so that a boom of the year 2000 meets it."""
    from sim.nodes import behaviour

    monkeypatch.setattr(behaviour, "BASE_YEAR", STEP - 1)


@pytest.mark.usefixtures("after_2022")
def test_more_second_owners_than_in_the_base_year_prolong_lives_from_the_year_of_the_path_on():
    sold, life = first_lives()
    told = modelled(habits(reused_share=(0.0, 0.5)))
    half = np.arange(len(life)) % 2 == 0
    leaves = np.where((sold + life >= STEP) & half, sold + life / 0.6, sold + life)
    plain = modelled(habits())
    np.testing.assert_array_equal(told[: STEP - 2000], plain[: STEP - 2000])
    assert np.abs(told - counted(leaves)).max() < 0.006
    assert told.sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.usefixtures("after_2022")
def test_a_longer_second_life_moves_only_those_who_have_one():
    sold, life = first_lives()
    told = modelled(
        build(
            {"AAA": country(BOOM, {"reused_share": {"phone": 0.5}, "second_life_share": {str(STEP - 1): 0.4, str(STEP): 0.6}})},
            years=(2000, 2060),
        )
    )
    first = life * 0.6
    late = (np.arange(len(life)) % 2 == 0) & (sold + first >= STEP)
    assert np.abs(told - counted(np.where(late, sold + first / 0.4, sold + life))).max() < 0.012


@pytest.mark.usefixtures("after_2022")
def test_emptied_drawers_bring_devices_forward():
    sold, life = first_lives()
    told = modelled(habits(hoarded_share=(0.6, 0.0)))
    drawer = 2.0 / (6.0 * 0.885626)
    use = life * (1.0 - drawer)
    early = (np.arange(len(life)) % 10 < 6) & (sold + use >= STEP)
    assert np.abs(told - counted(np.where(early, sold + use, sold + life))).max() < 0.012
    assert told[STEP - 2000] > modelled(habits())[STEP - 2000]


@settings(max_examples=25, deadline=None)
@given(
    hoarded=st.tuples(st.floats(0.0, 0.5), st.floats(0.0, 0.5)),
    reused=st.tuples(st.floats(0.0, 0.5), st.floats(0.0, 0.5)),
    second=st.tuples(st.floats(0.05, 0.9), st.floats(0.05, 0.9)),
    drawer=st.tuples(st.floats(0.0, 6.0), st.floats(0.0, 6.0)),
)
def test_paths_of_habits_lose_nothing_and_make_nothing_negative(hoarded, reused, second, drawer):
    def path(pair):
        return {"2026": pair[0], "2030": pair[1]}

    people = {
        "hoarded_share": {"phone": path(hoarded)},
        "reused_share": {"phone": path(reused), "cold": path(reused)},
        "hoarded_years": path(drawer),
        "second_life_share": path(second),
    }
    made = build({"AAA": country(people=people)}, years=(2020, 2060))
    before = build({"AAA": country(people={key: _first(value) for key, value in people.items()})}, years=(2020, 2060))
    np.testing.assert_array_equal(made.offered_kg[:, :, : 6 * 12], before.offered_kg[:, :, : 6 * 12])
    for stock in (made.in_use_kg, made.second_life_kg, made.hoarded_kg, made.offered_kg):
        assert stock.min() >= -1e-6 * stock.max()
    np.testing.assert_allclose(made.composition.sum(axis=-1), 1.0, rtol=1e-12)
    bought = made.put_on_market_kg[0][:, 2020 - 1960 :].sum(axis=0)
    at_home = (made.in_use_kg + made.second_life_kg + made.hoarded_kg)[0].sum(axis=0)
    np.testing.assert_allclose(np.diff(at_home), (bought - made.discarded_kg[0].sum(axis=0))[1:], rtol=1e-6, atol=1.0)


def _first(path):
    return {key: _first(value) for key, value in path.items()} if "2026" not in path else path["2026"]


def test_used_imports_follow_a_path_of_second_lives():
    def made(second):
        return build(
            {"AAA": exporting(), "BBB": country(people={"second_life_share": second}, population={"1960": 1e7, "2020": 2e7})},
            years=(2020, 2060),
        )

    longer, plain = made({"2026": 0.4, "2027": 0.8}), made(0.4)
    np.testing.assert_array_equal(longer.discarded_kg[1, :, :6], plain.discarded_kg[1, :, :6])
    assert longer.discarded_kg[1, COLD, 10] < plain.discarded_kg[1, COLD, 10]
    taken_in = 0.5 * longer.exported_for_reuse_kg[0].sum(axis=0)
    bought = longer.put_on_market_kg[1][:, 2020 - 1960 :].sum(axis=0)
    at_home = sum(stock[1].sum(axis=0) for stock in (longer.in_use_kg, longer.second_life_kg, longer.hoarded_kg))
    np.testing.assert_allclose(np.diff(at_home), (bought + taken_in - longer.discarded_kg[1].sum(axis=0))[1:], rtol=1e-9)


def test_exports_for_reuse_follow_their_path_in_the_year_itself():
    made = build({"AAA": country(people={"exported_for_reuse_share": {"cold": {"2027": 0.0, "2029": 0.4}}})}, years=(2025, 2030))
    exported = made.exported_for_reuse_kg[0, COLD] / made.discarded_kg[0, :2].sum(axis=0)
    np.testing.assert_allclose(exported, [0.0, 0.0, 0.1, 0.3, 0.4, 0.4], atol=1e-12)
