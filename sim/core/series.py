"""A `Quantity` as an array over calendar years, for the parts that compute with numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.core.quantity import Quantity, Spread

Vector = NDArray[np.float64]


def by_year(quantity: Quantity, years: Vector) -> Vector:
    """Values at calendar years, linear between the points and flat outside, ranges at their mode; shape of `years`."""
    points = quantity.points
    if len(points) == 1:
        return np.full(years.shape, quantity.value)
    at = [year for year, _ in points]
    values = [value.mode if isinstance(value, Spread) else value for _, value in points]
    return np.interp(years, at, values)
