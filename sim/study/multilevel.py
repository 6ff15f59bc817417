"""Bands from many draws of a cheap twin and a few full runs: the twin tells the spread, the runs correct it.

A control variate in two phases. The twin is run for all N draws, the simulation for the first n of them, with `repeats`
runs of each. For any function h of a run, the mean of h is estimated by

    mean of h over the n full draws + b (mean of g over all N draws - mean of g over the n draws),

where g is the same function of the twin, scaled to the runs, and b the regression of h on g. For means each b is
fitted without the draw it is used for, so that the estimate has no bias. With h = 1 if a run is below y it gives the
distribution, and its inverse the quantiles (Hesterberg & Nelson 1998, Management Science 44:1295-1312).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.study.uncertainty import QUANTILES

Array = NDArray[np.float64]
FEWEST = 8  # full draws below which a slope says nothing: the twin is then left out
POINTS = 401  # of the distribution function


@dataclass(frozen=True, slots=True)
class Corrected:
    """What is known of one outcome.

    mean, standard_error : of the expected outcome. quantiles : p5 ... p95 of one run, chance and ignorance together.
    ignorance : the same of the expected outcome given the inputs. chance_share, ignorance_share : parts of the variance;
        all three missing where no draw was repeated, for then chance is not known.
    correlation : of twin and draw means. variance_ratio : variance of the mean without the twin over that with it.
    """

    mean: float
    standard_error: float
    quantiles: dict[str, float]
    ignorance: dict[str, float]
    chance_share: float
    ignorance_share: float
    correlation: float
    variance_ratio: float
    full_draws: int
    twin_draws: int


def corrected(full: Array, twin: Array) -> Corrected:
    """Bands of an outcome.

    Parameters
    ----------
    full : runs of the first draws, shape (n, repeats). twin : the twin of all draws, shape (N,), the same draws first.
    """
    draws, repeats = full.shape
    means = full.mean(axis=1)
    near = twin[:draws]
    chance = float(full.var(axis=1, ddof=1).mean()) if repeats > 1 else float("nan")
    slopes = _slopes_without_each(means, near)
    mean = _expected(means, near, twin, slopes)
    error2, plain2 = _error(means, near, len(twin)), float(means.var(ddof=1)) / draws
    ignorance_variance = max(_variance(means, near, twin) - chance / repeats, 0.0)
    total = chance + ignorance_variance
    scaled = means.mean() + _slope(means, near) * (twin - near.mean())
    levels = np.linspace(min(full.min(), scaled.min()), max(full.max(), scaled.max()), POINTS)
    shrink = np.sqrt(ignorance_variance / max(_variance(means, near, twin), 1e-300))
    of_means = _quantiles(levels, _distribution(levels, means[:, np.newaxis], scaled))
    return Corrected(
        mean,
        float(np.sqrt(error2)),
        _quantiles(levels, _distribution(levels, full, scaled)),
        {name: float(mean + shrink * (value - mean)) for name, value in of_means.items()},
        chance / total if total > 0.0 else float("nan"),
        ignorance_variance / total if total > 0.0 else float("nan"),
        _correlation(means, near),
        plain2 / error2 if error2 > 0.0 else float("nan"),
        draws,
        len(twin),
    )


def _slope(outcome: Array, control: Array) -> float:
    spread = float(((control - control.mean()) ** 2).sum())
    if len(outcome) < FEWEST or spread <= 0.0:
        return 0.0
    return float(((outcome - outcome.mean()) * (control - control.mean())).sum()) / spread


def _slopes_without_each(outcome: Array, control: Array) -> Array:
    """Slope of the regression fitted without each draw in turn (closed form of leaving one out), shape (n,)."""
    count = len(outcome)
    x, y = control - control.mean(), outcome - outcome.mean()
    spread = (x**2).sum()
    left = spread - count / (count - 1.0) * x**2
    if count < FEWEST or spread <= 0.0 or (left <= 1e-12 * spread).any():
        return np.zeros(count)
    slopes: Array = ((x * y).sum() - count / (count - 1.0) * x * y) / left
    return slopes


def _expected(outcome: Array, control: Array, every: Array, slopes: Array) -> float:
    """Mean of the outcome, each draw set against the draws that only the twin ran, by a slope it had no part in: no bias."""
    rest = every[len(control) :]
    if not len(rest):
        return float(outcome.mean())
    weight = len(rest) / len(every)
    return float((outcome - weight * slopes * (control - rest.mean())).mean())


def _error(outcome: Array, control: Array, every: int) -> float:
    """Variance of the corrected mean: what the twin explains counts by its draws, the rest by the full ones."""
    count = len(outcome)
    slope = _slope(outcome, control)
    if slope == 0.0:
        return float(outcome.var(ddof=1)) / count
    rest = outcome - outcome.mean() - slope * (control - control.mean())
    unexplained = float((rest**2).sum()) / (count - 2)
    explained = max(float(outcome.var(ddof=1)) - unexplained, 0.0)
    return unexplained / count + explained / every


def _variance(outcome: Array, control: Array, every: Array) -> float:
    """Variance of the outcome: that of the full draws, corrected by how the twin varies over all draws."""
    slope = _slope(outcome, control)
    return max(float(outcome.var(ddof=1)) + slope**2 * float(every.var(ddof=1) - control.var(ddof=1)), 0.0)


def _correlation(outcome: Array, control: Array) -> float:
    if np.ptp(outcome) == 0.0 or np.ptp(control) == 0.0:
        return float("nan")
    return float(np.corrcoef(outcome, control)[0, 1])


def _distribution(levels: Array, full: Array, scaled: Array) -> Array:
    """Share of runs at or below each level, made to rise; shape (levels,)."""
    draws = len(full)
    below = (full <= levels[:, np.newaxis, np.newaxis]).mean(axis=2)
    control = (scaled <= levels[:, np.newaxis]).astype(np.float64)
    near = control[:, :draws]
    away = near - near.mean(axis=1, keepdims=True)
    spread = (away**2).sum(axis=1)
    slope = np.divide((away * below).sum(axis=1), spread, out=np.zeros(len(levels)), where=spread > 0.0)
    if draws < FEWEST:
        slope[:] = 0.0
    found = below.mean(axis=1) + slope * (control.mean(axis=1) - near.mean(axis=1))
    return np.maximum.accumulate(np.clip(found, 0.0, 1.0))


def _quantiles(levels: Array, distribution: Array) -> dict[str, float]:
    return {name: float(np.interp(share, distribution, levels)) for name, share in QUANTILES.items()}
