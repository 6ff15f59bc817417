"""How many devices people own: a curve that saturates with income, and the way to saturation beyond the data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def ownership_share(income_usd: Vector, half_usd: float, steepness: float) -> Vector:
    """Share of saturation reached at an income per head [USD]: the Hill curve 1 / (1 + (half / income)^steepness).

    It is one half at `half_usd` and rises fastest, relative to income, below it.
    """
    return np.asarray(1.0 / (1.0 + (half_usd / income_usd) ** steepness))


def trailing_mean(values: Vector, window: int) -> Vector:
    """Mean over the last `window` entries along the last axis, fewer at the start; smooths income into what people live by."""
    total = np.cumsum(values, axis=-1)
    out = total.copy()
    out[..., window:] -= total[..., :-window]
    counts = np.minimum(np.arange(1, values.shape[-1] + 1), window)
    return out / counts


def highest_so_far(values: Vector) -> Vector:
    """Running maximum along the last axis: people do not give up what they own when income in dollars falls for a while."""
    return np.maximum.accumulate(values, axis=-1)


def approach_factor(ratio: float, years: Vector, time_constant_years: float) -> Vector:
    """Factor on the last level after some years on an exponential way to `ratio` times that level.

    1 + (ratio - 1)(1 - exp(-years / time constant)); 1 for years before zero.
    """
    return np.asarray(1.0 - (ratio - 1.0) * np.expm1(-np.maximum(years, 0.0) / time_constant_years))
