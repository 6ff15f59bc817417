"""Weibull lifetimes: what share of the devices sold in one year is discarded in which month or year after.

Ages in years. The lifetime distribution function is F(t) = 1 - exp(-(t / scale)^shape) (Weibull 1951).
Three discretisations of the convolution of sales with it, none of which looks at a calendar:

- `uniform`: devices are sold evenly over the days of their year; exact, month by month.
- `mid_year`: density at the middle of each year of age, the published UN method (Forti, Balde, Kuehr 2018,
  E-waste Statistics, section 4; Statistics Netherlands, Waste over Time 1.2); its shares do not sum to one.
- `survival_difference`: all sold in the middle of their year, differences of survival at year ends, as flodym does.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Discretisation = Literal["uniform", "mid_year", "survival_difference"]

MONTHS = 12
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_SERIES_TERMS = 24


def mean_years(shape: Vector, scale_years: Vector) -> Vector:
    """Mean life [years], scale x Gamma(1 + 1/shape); elementwise over any shape of array."""
    gamma = np.frompyfunc(lambda k: math.gamma(1.0 + 1.0 / k), 1, 1)
    return scale_years * np.asarray(gamma(shape), dtype=np.float64)


def survival(age_years: Vector, shape: Vector, scale_years: Vector) -> Vector:
    """Share still there at an age [years]; 1 before age zero. Broadcasts."""
    return np.exp(-((np.maximum(age_years, 0.0) / scale_years) ** shape))


def month_shares(shape: Vector, scale_years: Vector, years: int) -> Vector:
    """Share of one year's even sales discarded in each month from 1 January of the year of sale.

    Devices sold evenly over one year are gone at time t to the share J(t) - J(t - 1), J being the integral of F from 0. A
    month's share is therefore the integral of F over that month less that over the same month a year before.

    Parameters
    ----------
    shape, scale_years : arrays of shape (n,)
    years : number of years of age to cover, the year of sale included

    Returns
    -------
    Array of shape (n, years, 12), nowhere negative.
    """
    within = _integral_over_months(shape, scale_years, years)
    within[:, MONTHS:] -= within[:, :-MONTHS].copy()
    return within.reshape(len(shape), years, MONTHS)


def year_shares(shape: Vector, scale_years: Vector, years: int, method: Discretisation) -> Vector:
    """Share of one year's sales discarded in the year of sale, the year after, and so on; shape (n, years)."""
    if method == "uniform":
        return np.asarray(month_shares(shape, scale_years, years).sum(axis=2))
    age: Vector = np.arange(years, dtype=np.float64) + 0.5
    k, scale = shape[:, np.newaxis], scale_years[:, np.newaxis]
    if method == "mid_year":
        return np.asarray(k / scale * (age / scale) ** (k - 1.0) * survival(age, k, scale))
    left = survival(np.concatenate(([-0.5], age)), k, scale)
    return np.asarray(-np.diff(left, axis=1))


def spread_over_months(shares: Vector) -> Vector:
    """Yearly shares, shape (n, years), as even monthly ones, shape (n, years, 12)."""
    return np.repeat(shares[:, :, np.newaxis] / MONTHS, MONTHS, axis=2)


def _integral_over_months(shape: Vector, scale_years: Vector, years: int) -> Vector:
    """Integral of F over each month of age [years], shape (n, 12 x years).

    The first month is summed as a power series, because F has no smooth derivative at zero; later ones by
    Gauss-Legendre quadrature with four nodes.
    """
    step = 1.0 / MONTHS
    starts = np.arange(1, years * MONTHS) * step
    ages = starts[:, np.newaxis] + step / 2.0 * (1.0 + _NODES)
    k, scale = shape[:, np.newaxis, np.newaxis], scale_years[:, np.newaxis, np.newaxis]
    out = np.empty((len(shape), years * MONTHS))
    out[:, 0] = _first_month(shape, scale_years, step)
    out[:, 1:] = step / 2.0 * np.sum((1.0 - survival(ages, k, scale)) * _WEIGHTS, axis=2)
    return out


def _first_month(shape: Vector, scale_years: Vector, step: float) -> Vector:
    """Integral of F over the first month, by its power series in (step / scale)^shape."""
    z = (step / scale_years) ** shape
    term, total = np.ones_like(z), np.zeros_like(z)
    for n in range(1, _SERIES_TERMS):
        term = -term * z / n
        total -= term / (shape * n + 1.0)
    return step * total
