"""Japan's past, run through the real chain, against statutory figures: what was fitted, what was not, and the misses."""

from __future__ import annotations

import numpy as np
import pytest

from tests.validation import comparisons
from tests.validation.backcast import ACT, CHECK_YEARS, FIT_YEARS, FOUR, SMALL, TONNE, fiscal

ACT_LAW = comparisons.ACT_LAW
APPLIANCE_LAW = comparisons.APPLIANCE_LAW

MISSES = {
    # (row, fiscal year): reasons stand in the rows and on the page
    ("Silver from 65,750 t of small appliances", "FY2017"),
    ("Silver from 13,236 t of small appliances (intensity of FY2014)", "FY2013"),
    *(("All metals over small appliances collected", f"FY{year}") for year in (2017, 2018, 2019, 2020)),
    ("Recoverable magnet of air conditioners", "2020"),
    ("Dy in magnets per tonne of compressors", "FY2012"),
    ("Copper from 13,236 t of small appliances (intensity of FY2014)", "FY2013"),
}


@pytest.fixture(scope="module")
def rows(back):
    parts = (
        comparisons.small_appliances,
        comparisons.small_appliance_metals,
        comparisons.appliances,
        comparisons.appliance_metals,
        comparisons.schemes,
        comparisons.magnets,
        comparisons.gold,
        comparisons.japan_total,
    )
    return [row for part in parts for row in part(back)]


def named(rows, start):
    found = [row for row in rows if row.subject.startswith(start)]
    assert found, start
    return found


def test_all_hold_but_the_known_misses(rows):
    missed = {(row.subject, row.period) for row in rows if not row.holds}
    assert missed == MISSES, {(row.subject, row.period): round(row.ratio, 2) for row in rows if not row.holds}
    assert all(row.why for row in rows if not row.holds), "a miss is explained"


def test_small_appliances_predicted_from_fy2015_to_fy2017(back):
    """Within a quarter and better than persistence in every year held out."""
    held = back.held_out
    for year in CHECK_YEARS:
        published = back.published(year, "all", "collected", ACT_LAW) * TONNE
        miss = abs(held.total_kg[year] / published - 1.0)
        assert miss <= 0.25, year
        assert miss < abs(held.persistence_kg / published - 1.0), year
    for year in FIT_YEARS:
        assert held.total_kg[year] == pytest.approx(back.published(year, "all", "collected", ACT_LAW) * TONNE, rel=0.05)


def test_municipal_share_is_within_five_points(rows):
    for row in named(rows, "Municipal share"):
        assert abs(row.modelled - row.published) <= 5.0, row


def test_shipped_channels_give_the_totals_they_were_set_to(rows):
    for row in named(rows, "Small appliances collected, shipped data"):
        assert row.ratio == pytest.approx(1.0, abs=0.10), row


def test_four_appliances_within_fifteen_per_cent(rows):
    ratios = np.array([row.ratio for row in named(rows, "Four appliances taken in")])
    assert ratios.size == 5
    assert np.abs(ratios - 1.0).mean() <= 0.15
    assert np.abs(ratios - 1.0).max() <= 0.15


def test_a_share_of_discards_foretells_the_legal_route_better_than_a_share_of_sales(back):
    """Why shipped retailers take a share of what homes discard: both shares of FY2018, carried to FY2020 and FY2022."""
    table = back.tables["arisings"]
    japan = table[(table.country == "JPN") & table["product"].map(lambda key: back.spec.products[key].group in FOUR)]
    discarded = japan.groupby("year").units.sum()
    taken, rate = (
        {year: back.published(year, "all four", metric, APPLIANCE_LAW) for year in (2018, 2020, 2022)}
        for metric in ("units_taken_in", "collection_rate_vs_shipments")
    )
    misses = {"sales": [], "discards": []}
    for year in (2020, 2022):
        misses["sales"].append(rate[2018] / rate[year] - 1.0)  # the same shipments, another share
        misses["discards"].append(taken[2018] / fiscal(discarded, 2018) * fiscal(discarded, year) / taken[year] - 1.0)
    assert misses["sales"] == pytest.approx([-0.079, -0.150], abs=0.001)
    assert abs(misses["discards"][1]) < 0.05, misses
    assert max(map(abs, misses["discards"])) <= 0.15, misses


def test_gold_of_small_appliances_within_a_factor_1_5(rows):
    for row in named(rows, "Gold from"):
        assert 1 / 1.5 <= row.ratio <= 1.5, row


def test_copper_of_small_appliances_lies_at_the_edge_and_drifts_no_further(rows):
    """Within a factor 1.5 in FY2017, a hair below it in the first year of the Act."""
    ratio = {row.period: row.ratio for row in named(rows, "Copper from")}
    assert 1 / 1.5 <= ratio["FY2017"] <= 1.0, ratio
    assert 0.64 <= ratio["FY2013"] < 1 / 1.5, ratio


def test_silver_is_missed_because_the_feed_holds_too_little(back, rows):
    """A miss, stated in docs/model.md: practice recovers more silver per tonne than the modelled feed contains."""
    for row in named(rows, "Silver from"):
        assert 0.3 < row.ratio < 1 / 1.5, row
    collected = sum(back.made.discarded_kg[_small_of_japan(back)].sum(axis=0)) / TONNE
    contained = back.contained_t(["JPN"], "Ag", 2017, SMALL) * 1e6 / collected
    recovered = back.published(2017, "silver", "metal_recovered", ACT_LAW) * 1e3 / 65_750
    assert contained < recovered, (contained, recovered)
    for year in (2013, 2017):
        silver, gold = (back.published(year, metal, "metal_recovered", ACT_LAW) for metal in ("silver", "gold"))
        assert silver / gold > 1.8 * back.contained_t(["JPN"], "Ag", year, SMALL) / back.contained_t(["JPN"], "Au", year, SMALL)


def _small_of_japan(back):
    made = back.made
    products = [i for i, key in enumerate(made.products) if back.spec.products[key].group in SMALL]
    return np.ix_([made.countries.index("JPN")], products, [2017 - 2000])


def test_metal_per_tonne_collected_is_under_the_published_share(back, rows):
    """A miss by half in every year, so it cannot be luck: the contents of household devices hold too little iron."""
    ratios = [row.ratio for row in named(rows, "All metals over")]
    assert all(0.35 < ratio < 0.65 for ratio in ratios), ratios
    assert fiscal(back.from_act("Fe"), 2017) > 0.5 * sum(fiscal(back.from_act(metal), 2017) for metal in ("Fe", "Al", "Cu"))


def test_clean_metals_of_appliances(rows):
    for row in named(rows, "Clean"):
        assert 0.75 <= row.ratio <= 1.25, row


def test_magnets_that_lines_take_out_are_of_the_reported_size(rows):
    for metal in ("Nd", "Dy"):
        (row,) = named(rows, f"{metal} in magnets per tonne")
        assert 0.5 <= row.ratio <= 2.0, row


def test_the_recoverable_magnet_is_a_third_of_the_forecast(rows):
    (row,) = named(rows, "Recoverable magnet")
    assert 0.25 < row.ratio < 0.5


def test_what_is_collected_is_what_the_act_says(back):
    assert (back.collected("JPN", ACT) > 0.0).all()
    assert back.collected("JPN", ACT).index.min() == 2013, "the Act came into force in April 2013"
