"""Investment arithmetic against hand-computed values and against numpy-financial."""

import math

import numpy as np
import pytest

from sim.core.finance import annuity, irr, levelised_cost, npv, payback_years


def test_present_value_and_rate_of_return_by_hand():
    flows = [-100.0, 60.0, 60.0]
    assert npv(0.1, flows) == pytest.approx(-100.0 + 60.0 / 1.1 + 60.0 / 1.21, rel=1e-15)
    # 100 x^2 - 60 x - 60 = 0 with x = 1 + rate
    assert irr(flows) == pytest.approx((60.0 + math.sqrt(3600.0 + 24000.0)) / 200.0 - 1.0, rel=1e-12)
    assert irr([-100.0, 100.0]) == pytest.approx(0.0, abs=1e-12)


def test_there_is_no_rate_of_return_without_a_change_of_sign():
    assert math.isnan(irr([-1.0, -2.0]))
    assert math.isnan(irr([1.0, 2.0]))
    assert math.isnan(irr([]))


def test_of_several_rates_the_one_nearest_to_zero():
    # roots at 0.1 and 1.0: (x - 1.1)(x - 2) = x^2 - 3.1 x + 2.2
    assert irr([1.0, -3.1, 2.2]) == pytest.approx(0.1, rel=1e-9)


@pytest.mark.parametrize(
    ("flows", "years"),
    [([-100.0, 40.0, 40.0, 40.0], 2.5), ([-100.0, 100.0], 1.0), ([5.0], 0.0), ([-100.0, 10.0], math.nan), ([], math.nan)],
)
def test_payback(flows, years):
    assert payback_years(flows) == pytest.approx(years, nan_ok=True)


def test_annuity_pays_a_loan_back():
    left = 1.0
    for _ in range(12):
        left = left * 1.04 - annuity(0.04, 12)
    assert left == pytest.approx(0.0, abs=1e-12)
    assert annuity(0.0, 8) == 0.125


def test_levelised_cost_is_the_price_at_which_the_present_value_is_zero():
    costs, amounts = [1000.0, 50.0, 60.0], [0.0, 20.0, 30.0]
    price = levelised_cost(0.08, costs, amounts)
    assert npv(0.08, [price * kg - usd for usd, kg in zip(costs, amounts, strict=True)]) == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(levelised_cost(0.08, [1.0], [0.0]))


def test_equal_to_numpy_financial_on_random_flows():
    theirs = pytest.importorskip("numpy_financial")
    luck = np.random.Generator(np.random.Philox(5))
    for _ in range(20):
        flows = [-luck.uniform(50.0, 500.0), *luck.normal(30.0, 40.0, luck.integers(3, 30))]
        rate = luck.uniform(-0.05, 0.3)
        assert npv(rate, flows) == pytest.approx(theirs.npv(rate, flows), rel=1e-12, abs=1e-9)
        assert irr(flows) == pytest.approx(theirs.irr(flows), rel=1e-9, abs=1e-9, nan_ok=True)
