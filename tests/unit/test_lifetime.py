"""Weibull arithmetic against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammainc

from sim.core.lifetime import mean_years, month_shares, spread_over_months, survival, year_shares

shapes = st.floats(0.6, 5.0)
scales = st.floats(1.0, 30.0)


def gone_in_closed_form(shape: float, scale: float, months: int) -> np.ndarray:
    """J(t) - J(t - 1), with J(a) = a - (scale / k) Gamma(1 / k) P(1 / k, (a / scale)^k)."""
    ages = np.arange(months + 1) / 12.0

    def integral(age: np.ndarray) -> np.ndarray:
        age = np.maximum(age, 0.0)
        return age - scale / shape * math.gamma(1.0 / shape) * gammainc(1.0 / shape, (age / scale) ** shape)

    return integral(ages) - integral(ages - 1.0)


@given(shapes, scales)
def test_uniform_dates_equal_the_closed_form(shape, scale):
    shares = month_shares(np.array([shape]), np.array([scale]), 40)
    expected = np.diff(gone_in_closed_form(shape, scale, 480)).reshape(40, 12)
    np.testing.assert_allclose(shares[0], expected, rtol=0.0, atol=1e-8)
    big = expected > 1e-6
    np.testing.assert_allclose(shares[0][big], expected[big], rtol=1e-6)


@given(st.floats(0.9, 5.0), st.floats(1.0, 12.0))
def test_everything_is_discarded_once(shape, scale):
    for method in ("uniform", "survival_difference"):
        shares = year_shares(np.array([shape]), np.array([scale]), 400, method)
        assert (shares >= 0.0).all()
        assert shares.sum() == pytest.approx(1.0, abs=1e-9)


@given(st.floats(0.9, 5.0), scales)
def test_mean_age_at_discard_is_the_mean_life(shape, scale):
    shape_, scale_ = np.array([shape]), np.array([scale])
    shares = month_shares(shape_, scale_, 1000)[0].ravel()
    ages = (np.arange(len(shares)) + 0.5) / 12.0 - 0.5  # sold on average in the middle of the first year
    assert shares @ ages == pytest.approx(float(mean_years(shape_, scale_)[0]), rel=2e-4)


def test_exponential_life_has_the_known_survival_and_mean():
    age = np.array([-1.0, 0.0, 5.0])
    np.testing.assert_allclose(survival(age, np.array(1.0), np.array(5.0)), [1.0, 1.0, math.exp(-1.0)])
    assert mean_years(np.array([1.0]), np.array([7.0]))[0] == pytest.approx(7.0)


def test_mid_year_is_the_density_at_the_middle_of_each_year_of_age():
    from scipy.stats import weibull_min

    shares = year_shares(np.array([2.2]), np.array([13.6]), 30, "mid_year")[0]
    np.testing.assert_allclose(shares, weibull_min.pdf(np.arange(30) + 0.5, 2.2, scale=13.6), rtol=1e-12)


def test_survival_difference_takes_sales_in_the_middle_of_the_year():
    shares = year_shares(np.array([2.0]), np.array([10.0]), 3, "survival_difference")[0]
    left = [1.0, *(math.exp(-((age / 10.0) ** 2)) for age in (0.5, 1.5, 2.5))]
    np.testing.assert_allclose(shares, -np.diff(left), rtol=1e-12)


def test_the_three_discretisations_agree_where_life_is_long():
    shape, scale = np.array([2.2]), np.array([14.0])
    uniform, mid, step = (year_shares(shape, scale, 60, method)[0] for method in ("uniform", "mid_year", "survival_difference"))
    np.testing.assert_allclose(uniform[3:20], step[3:20], rtol=0.02)
    np.testing.assert_allclose(mid[3:20], step[4:21], rtol=0.25)
    assert abs(mid.sum() - 1.0) < 0.01


def test_yearly_shares_are_spread_evenly_over_months():
    shares = spread_over_months(np.array([[0.24, 0.12]]))
    assert shares.shape == (1, 2, 12)
    np.testing.assert_allclose(shares[0, 0], 0.02)


@given(shapes, scales)
def test_months_sum_to_years(shape, scale):
    shape_, scale_ = np.array([shape]), np.array([scale])
    np.testing.assert_array_equal(month_shares(shape_, scale_, 30).sum(axis=2), year_shares(shape_, scale_, 30, "uniform"))
