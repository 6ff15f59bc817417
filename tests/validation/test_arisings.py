"""Arisings on the real tables against published figures: what is met by construction, what is not fitted, and the misses."""

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.series import by_year
from sim.nodes.arisings import build_arisings
from sim.scenario.library import load_library
from sim.study.fit_ownership import _EeeScope, fit_all, series, specs

START, END = 2000, 2037
KT, TONNE = 1e6, 1e3
SMALL = ("phone", "it_equipment", "small_appliance")
APPLIANCES = {
    "air conditioner": ("UNU0111", 0.717),
    "CRT television": ("UNU0407", 0.797),
    "flat-panel television": ("UNU0408", 0.797),
    "refrigerator and freezer": ("UNU0108", 0.797),
    "washing machine and dryer": ("UNU0104", 0.797),
}
MODELLED = "all e-waste, model"
MISSES = {
    # growth to 2022 that the model does not follow within 25 %: the published points belong to older vintages
    # of the Global E-waste Monitor, from which the level of 2022 departs more than any growth explains
    ("MMR", 2014),
    ("PHL", 2015),
    ("VNM", 2015),
}


@pytest.fixture(scope="module")
def library():
    return load_library()


@pytest.fixture(scope="module")
def parts(library):
    return specs(library)


@pytest.fixture(scope="module")
def made(library, parts):
    return build_arisings(*parts, tuple(library.tree["substances"]), _EeeScope(), Calendar.of(START, END))


@pytest.fixture(scope="module")
def with_vehicles(library, parts):
    scope = _EeeScope(vehicles_and_machines=True)
    return build_arisings(*parts, tuple(library.tree["substances"]), scope, Calendar.of(START, END))


def total_kt(made, country):
    return made.discarded_kg[made.countries.index(country)].sum(axis=0) / KT


def units(made, country, product):
    return made.discarded_units[made.countries.index(country), made.products.index(product)]


def fiscal(values, year):
    """April to March from calendar years: three quarters of one and one of the next."""
    return 0.75 * values[year - START] + 0.25 * values[year + 1 - START]


def metal_t(made, country, metal, year, groups=None):
    chosen = [made.groups.index(group) for group in groups or made.groups]
    kg = made.discarded_substances_kg[made.countries.index(country), chosen, year - START, made.substances.index(metal)]
    return kg.sum() / TONNE


def japan(library, metric):
    return {
        (row["item"], row["fiscal_year"]): float(row["value"])
        for row in library.tables["japan-flows"].records()
        if row["metric"] == metric
    }


# met by construction


def test_base_year_totals_are_met(made, parts):
    for country in made.countries:
        published = parts[0][country].arisings.base_year_kt.value
        assert total_kt(made, country)[2022 - START] == pytest.approx(published, rel=1e-3), country


def test_the_ownership_table_is_what_fitting_gives(library):
    for found in fit_all(library):
        table = library.tree["countries"][found.country]["arisings"]
        assert table["ownership_half_gdp_usd"] == pytest.approx(found.half_gdp_usd, rel=0.01), found
        assert table["ownership_steepness"] == pytest.approx(found.steepness, rel=0.01), found


def test_the_shape_of_the_fitted_series_is_followed(made, parts, library):
    for country, published in series(library).items():
        years = [year for year in published if year <= (2015 if country == "TLS" else 2021)]
        people = parts[0][country].population
        log = np.log([total_kt(made, country)[year - START] / people.at(year) / published[year] for year in years])
        assert np.sqrt(np.mean((log - log.mean()) ** 2)) < 0.12, country


# not fitted


def growth_ratios(made, parts, library):
    """Modelled over published growth from each comparable year to 2022."""
    out = {}
    for row in library.tables["ewaste-timepoints"].records():
        country, year = row["country"], int(row["year"])
        if year == 2022 or not row["scope"].startswith(MODELLED):
            continue
        people = (
            by_year(parts[0][country].population, np.arange(START, END + 1.0))
            if not row["ewaste_kt"]
            else np.full(END - START + 1, KT)
        )
        published = float(row["ewaste_kt"] or row["kg_per_capita"])
        level = parts[0][country].arisings.base_year_kt.value * KT / people[2022 - START]
        modelled = total_kt(made, country) * KT / people
        out.setdefault((country, year), modelled[2022 - START] / modelled[year - START] / (level / published))
    return out


def test_growth_from_published_years_is_within_a_quarter_but_for_the_known_misses(made, parts, library):
    ratios = growth_ratios(made, parts, library)
    missed = {key for key, ratio in ratios.items() if not 0.75 <= ratio <= 1.25}
    assert len(ratios) == 11
    assert missed == MISSES, {key: round(ratio, 2) for key, ratio in ratios.items()}


@pytest.mark.parametrize(
    ("country", "first", "last", "published"), [("KHM", 2008, 2019, 22.443 / 6.792), ("MYS", 2016, 2019, 364 / 280)]
)
def test_growth_inside_one_national_series_is_within_a_quarter(made, country, first, last, published):
    total = total_kt(made, country)
    assert total[last - START] / total[first - START] == pytest.approx(published, rel=0.25)


def test_growth_of_the_thai_inventory_is_missed_by_less_than_a_third(made):
    total = total_kt(made, "THA")
    ratio = total[2021 - START] / total[2011 - START] / (435.187 / 342.0)
    assert 1.25 < ratio < 1.34, "a miss, stated in docs: the inventory counts household devices only"


def test_japan_follows_the_un_series_it_was_not_fitted_to(made, library):
    published = series(library, "un_sdg_2026", "ewaste_generated")["JPN"]
    total = total_kt(made, "JPN")
    for year in range(2010, 2023):
        growth = total[2022 - START] / total[year - START]
        assert growth == pytest.approx(published[2022] / published[year], rel=0.25), year


def test_japanese_appliances_fy2018_to_fy2022(made, library):
    published = japan(library, "units_taken_in")
    taken = {}
    for item, (key, share) in APPLIANCES.items():
        taken[item] = share * np.array([fiscal(units(made, "JPN", key), year) for year in range(2018, 2023)])
    goal = np.array([published["all four", str(year)] for year in range(2018, 2023)])
    assert np.abs(sum(taken.values()) / goal - 1.0).mean() <= 0.15
    sets = ("CRT television", "flat-panel television")
    alone = ("air conditioner", "refrigerator and freezer", "washing machine and dryer")
    misses = []
    for items in (sets, *((item,) for item in alone)):
        for year in (2018, 2021, 2022):  # years published by appliance
            modelled = sum(taken[item][year - 2018] for item in items)
            misses.append(abs(modelled / sum(published[item, str(year)] for item in items) - 1.0))
    assert np.mean(misses) <= 0.15


def test_magnets_in_japanese_air_conditioners_treated(made, library):
    published = japan(library, "share_with_ndfeb")
    share = made.units_with_magnet_share[made.countries.index("JPN"), made.products.index("UNU0111")]
    assert published["air conditioners treated", "2009"] == 6
    assert 0.04 <= fiscal(share, 2009) <= 0.08
    assert 0.07 <= fiscal(share, 2012) <= 0.13
    washers = made.units_with_magnet_share[made.countries.index("JPN"), made.products.index("UNU0104")]
    assert 0.003 <= fiscal(washers, 2009) <= 0.03


def test_recoverable_magnets_about_2020_are_below_the_forecast_of_2010(made, library):
    published = japan(library, "recoverable_ndfeb_forecast")["air conditioners treated", "2020"]
    share = made.units_with_magnet_share[made.countries.index("JPN"), made.products.index("UNU0111"), 2020 - START]
    discarded = units(made, "JPN", "UNU0111")[2020 - START]
    treated_t = 0.717 * discarded * share * 0.100 / TONNE
    assert 100.0 < treated_t < published
    reasons = (0.717 * discarded / 7.4e6) * (share / 0.60) * (100.0 / (published / (7.4 * 0.60)))
    assert treated_t / published == pytest.approx(reasons, rel=1e-9), "fewer units, smaller share, heavier magnet"


def test_gold_in_japanese_small_equipment_2008(made):
    assert 6.9 / 1.5 <= metal_t(made, "JPN", "Au", 2008, SMALL) <= 6.9 * 1.5


def test_totals_are_of_the_published_size(made):
    """Gold and copper as in the naive product of the tables; neodymium far below it (650 t for Japan, 1,240 t for ASEAN)."""
    asean = [country for country in made.countries if country != "JPN"]
    assert 6.0 < metal_t(made, "JPN", "Au", 2022) < 13.5
    assert 29e3 < metal_t(made, "JPN", "Cu", 2022) < 88e3
    assert 120.0 < metal_t(made, "JPN", "Nd", 2022) < 400.0
    assert 5.0 < metal_t(made, "JPN", "Dy", 2022) < 30.0
    assert 10.0 < sum(metal_t(made, country, "Au", 2022) for country in asean) < 32.0
    assert 150.0 < sum(metal_t(made, country, "Nd", 2022) for country in asean) < 620.0


def test_metals_per_kg_follow_the_reference_device(made, parts):
    for key, name in (("UNU0702", "Au"), ("X0303a", "Au"), ("UNU0601", "Cu")):
        spec = parts[1][key]
        grams_per_kg = spec.contents_g_per_unit[name].value / spec.reference_mass_kg.value
        of_average_unit = spec.contents_g_per_unit[name].value / spec.unit_mass_kg.value
        assert grams_per_kg != pytest.approx(of_average_unit, rel=0.01) or spec.unit_mass_kg.value == spec.reference_mass_kg.value
    cooler = made.countries.index("JPN"), made.groups.index("air_conditioner"), 2020 - START
    share = made.units_with_magnet_share[made.countries.index("JPN"), made.products.index("UNU0111"), 2020 - START]
    nd = made.discarded_substances_kg[*cooler, made.substances.index("Nd")] / made.discarded_substances_kg[cooler].sum()
    assert nd == pytest.approx(share * 0.100 * 0.23 / 41.522, rel=0.03)


def test_dysprosium_per_neodymium_falls(made):
    kg = made.discarded_substances_kg[made.countries.index("JPN"), made.groups.index("air_conditioner")]
    dy, nd = (kg[:, made.substances.index(metal)] for metal in ("Dy", "Nd"))
    assert dy[2012 - START] / nd[2012 - START] > 0.13
    assert dy[-1] / nd[-1] < 0.7 * dy[2012 - START] / nd[2012 - START]


def test_asean_unit_forecasts_side_by_side(made, library):
    """Not fitted. Thai televisions, printers, phones and PCs of 2018 are within a factor 1.5; the misses stand in the docs."""
    ratios = {}
    for row in library.tables["asean-product-units"].records():
        if row["products"] and row["year"].isdecimal() and START <= int(row["year"]) <= END:
            modelled = sum(units(made, row["country"], key)[int(row["year"]) - START] for key in row["products"].split("|"))
            ratios[row["country"], row["item"], int(row["year"])] = modelled / float(row["value"])
    assert len(ratios) >= 33
    for item in ("television", "printer", "mobile phone", "personal computer"):
        assert 1 / 1.5 < ratios["THA", item, 2018] < 1.5, item


def test_used_computers_of_japan(made):
    discarded = sum(fiscal(units(made, "JPN", key), 2004) for key in ("UNU0302", "X0303a"))
    assert discarded == pytest.approx(7.47e6, rel=0.25)


def test_photovoltaic_waste_of_japan_peaks_as_the_ministry_expects(made):
    panels = made.discarded_kg[made.countries.index("JPN"), made.products.index("UNU0002"), 2036 - START] / KT
    assert 170.0 <= panels <= 280.0


def test_hybrid_cars_leave_japanese_roads_as_counted(with_vehicles):
    """21,435 scrapped and 118,875 exported used in FY2017."""
    hybrids = units(with_vehicles, "JPN", "X1103")
    assert fiscal(hybrids, 2017) == pytest.approx(21_435 + 118_875, rel=0.25)


def test_vehicles_change_no_total_of_electronics(made, with_vehicles):
    count = len(made.groups)
    assert with_vehicles.groups[:count] == made.groups
    np.testing.assert_allclose(with_vehicles.offered_kg[:, :count], made.offered_kg, rtol=1e-12)
    np.testing.assert_allclose(with_vehicles.composition[:, :count], made.composition, rtol=1e-12, atol=1e-15)


def test_the_real_tables_need_no_cut(made):
    assert made.warnings == ()


def test_composition_closes_and_ownership_of_stocks_is_positive(made):
    np.testing.assert_allclose(made.composition.sum(axis=-1), 1.0, rtol=0.0, atol=1e-14)
    assert made.composition.min() >= 0.0
    for stock in (made.in_use_kg, made.second_life_kg, made.hoarded_kg):
        assert stock.min() >= -1e-6 * KT
