"""Cohorts: what of every year's sales is discarded in which year or month, for all countries and products at once.

A kernel holds, for every country and product, the share of one year's sales discarded 0, 1, 2, ... years later. Countries with
equal kernels (most of them) share one band matrix.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.core.lifetime import MONTHS, Discretisation, month_shares, spread_over_months, year_shares

Vector = NDArray[np.float64]


def month_kernel(shape: Vector, scale_years: Vector, years: int, method: Discretisation) -> Vector:
    """Share of one year's sales discarded by age in years and month of the calendar year.

    `shape` and `scale_years` have shape (countries, products); the result (countries, products, years, 12). The two yearly
    methods spread each year evenly over its months.
    """
    pairs, back = np.unique(np.stack((shape.ravel(), scale_years.ravel())), axis=1, return_inverse=True)
    if method == "uniform":
        shares = month_shares(pairs[0], pairs[1], years)
    else:
        shares = spread_over_months(year_shares(pairs[0], pairs[1], years, method))
    return shares[back].reshape(*shape.shape, years, MONTHS)


def discards_by_year(sold: Vector, kernel: Vector) -> Vector:
    """Discards of each year from sales of each year and a kernel by age.

    Parameters
    ----------
    sold : (countries, products, years, columns), anything that travels with devices: kg, units, kg of a substance.
    kernel : (countries, products, years), the month kernel summed over months.

    Returns
    -------
    Array of the shape of `sold`.
    """
    out = np.empty_like(sold)
    years = np.arange(sold.shape[2])
    age = years[:, np.newaxis] - years
    for members in _equal(kernel):
        band = np.where(age >= 0, kernel[members[0]][:, age], 0.0)
        out[members] = band @ sold[members]  # products too small for BLAS to wake threads, which would cost more than they do
    return out


def discards_by_month(sold: Vector, kernel: Vector, first: int, count: int) -> Vector:
    """Discards of each month of `count` years from column `first`.

    `sold` has shape (countries, products, years), `kernel` (countries, products, years, 12); the result (countries, products,
    12 x count).
    """
    years = first + count
    of_sale = first + np.arange(count)[:, np.newaxis] - np.arange(years)  # by year of run and age
    out = np.empty((*sold.shape[:2], count, MONTHS))
    for country, (sales, shares) in enumerate(zip(sold, kernel, strict=True)):
        out[country] = np.where(of_sale >= 0, sales[:, of_sale], 0.0) @ shares[:, :years]
    return out.reshape(*sold.shape[:2], count * MONTHS)


def _equal(kernel: Vector) -> Iterator[list[int]]:
    """Rows of countries whose kernels are equal, in order of first appearance."""
    seen: dict[bytes, list[int]] = {}
    for i, own in enumerate(kernel):
        seen.setdefault(own.tobytes(), []).append(i)
    yield from seen.values()
