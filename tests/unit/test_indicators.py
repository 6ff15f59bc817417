"""Indicators equal values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core import indicators as ind


def test_supply_and_share_of_demand() -> None:
    # demand 100, 80 arrives: 20 missing, 80 % met; a surplus is no negative shortfall
    assert ind.shortfall([100.0, 100.0], [80.0, 120.0]).tolist() == [20.0, 0.0]
    assert ind.share_of_demand_met(100.0, 20.0) == pytest.approx(0.8)
    assert ind.urban_mine_share([5.0, 150.0], 100.0).tolist() == [0.05, 1.5]


def test_both_conventions_of_import_dependence() -> None:
    # 100 kg used: 80 primary imports; 20 recovered, of which 8 from own waste refined abroad, 5 from foreign waste refined at home
    # by place: imports = 80 + 8; by origin: imports = 80 + 5
    assert ind.import_dependence_by_place(80.0, 8.0, 100.0) == pytest.approx(0.88)
    assert ind.import_dependence_by_origin(80.0, 5.0, 100.0) == pytest.approx(0.85)
    # without the urban mine all 100 kg are primary imports
    assert ind.import_dependence_by_place(100.0, 0.0, 100.0) == 1.0


def test_concentration() -> None:
    assert ind.hhi([70.0, 20.0, 10.0]) == pytest.approx(0.49 + 0.04 + 0.01)
    assert ind.hhi([5.0, 0.0]) == 1.0
    assert np.isnan(ind.hhi([0.0, 0.0]))
    assert ind.hhi([[50.0, 50.0], [100.0, 0.0]]).tolist() == [0.5, 1.0]


def test_concentration_with_the_urban_mine_is_that_of_one_more_supplier() -> None:
    primary = np.array([70.0, 30.0])
    whole = ind.hhi([*primary, 25.0])
    assert ind.hhi_with_urban_mine(ind.hhi(primary), primary.sum(), 25.0) == pytest.approx(float(whole))
    # 0.58 x 0.8^2 + 0.2^2
    assert float(whole) == pytest.approx(0.4112)


def test_days_of_cover() -> None:
    assert ind.days_of_cover(600.0, 10.0) == 60.0
    assert np.isnan(ind.days_of_cover(600.0, 0.0))


def test_loss_area_and_recovery_time() -> None:
    # months of 31, 28, 31, 30 days; 0, 40, 20, 0 per cent missing: 0.4 x 28 + 0.2 x 31
    assert ind.loss_area([0.0, 0.4, 0.2, 0.0], [31, 28, 31, 30]) == pytest.approx(17.4)
    assert ind.recovery_time([1.0, 0.6, 0.8, 1.0], [31, 28, 31, 30]) == 59.0
    assert ind.recovery_time([1.0, 1.0], [31, 28]) == 0.0
    assert ind.recovery_time([1.0, 0.6], [31, 28]) == float("inf")
    # a relapse counts up to its end
    assert ind.recovery_time([0.5, 1.0, 0.9, 1.0], [10, 10, 10, 10]) == 30.0


def test_recycling_rates() -> None:
    assert ind.eol_recycling_rate(3.0, 60.0) == pytest.approx(0.05)
    assert ind.eol_recycling_input_rate(10.0, 80.0, 10.0) == pytest.approx(0.1)
    assert ind.eol_recycling_input_rate(10.0, 90.0) == pytest.approx(0.1)
    assert ind.collection_rate(45.0, 60.0) == pytest.approx(0.75)
    # collected 30 over the mean of 50, 60, 70 put on market before
    assert ind.collection_rate_of_sales(30.0, [50.0, 60.0, 70.0]) == pytest.approx(0.5)


@pytest.mark.parametrize("function", [ind.collection_rate, ind.eol_recycling_rate, ind.urban_mine_share, ind.days_of_cover])
def test_what_cannot_be_told_is_blank(function: object) -> None:
    assert np.isnan(function(1.0, 0.0))  # type: ignore[operator]
    assert np.isnan(function(1.0, np.nan))  # type: ignore[operator]
