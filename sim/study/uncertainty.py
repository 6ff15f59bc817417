"""How sure: quantile bands, chance told apart from ignorance, and which uncertain inputs decide an outcome.

Replications come in draws: those of one draw share every uncertain input and differ by chance only; draws differ by
the inputs too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

QUANTILES = {"p5": 0.05, "p10": 0.10, "p50": 0.50, "p90": 0.90, "p95": 0.95}
STATISTICS = ("mean", *QUANTILES, "chance_share", "ignorance_share")
PERMUTATIONS = 999
BLOCK = 1000  # inputs looked at together, which bounds memory
CONFIDENCE = 0.95
_NORMAL_975 = 1.959963984540054


def bands(samples: Array, repeats: int) -> dict[str, Array]:
    """Statistics over the last axis (replications); shape of the result is that of `samples` without it.

    Quantiles are linear between order statistics (Hyndman & Fan 1996, type 7). A cell without a value in some
    replication is missing in all statistics.
    """
    quantiles = np.quantile(samples, list(QUANTILES.values()), axis=-1)
    chance, ignorance = variance_shares(samples, repeats)
    found = {"mean": samples.mean(axis=-1), **dict(zip(QUANTILES, quantiles, strict=True))}
    return found | {"chance_share": chance, "ignorance_share": ignorance}


def variance_shares(samples: Array, repeats: int) -> tuple[Array, Array]:
    """Parts of the variance of one replication that are chance (within draws) and ignorance (between draws).

    One-way random effects, unbalanced (Searle, Casella & McCulloch 1992, Variance Components, 3.6): chance = MSW,
    ignorance = max(0, (MSB - MSW) / n0). Missing where nothing varies, with a single draw, or without repeats.

    Parameters
    ----------
    samples : shape (..., replications), `repeats` replications of each draw in turn; the last draw may have fewer.
    """
    count = samples.shape[-1]
    draw = np.arange(count) // repeats
    sizes = np.bincount(draw).astype(np.float64) if count else np.zeros(0)
    missing = np.full(samples.shape[:-1], np.nan)
    if len(sizes) < 2 or count == len(sizes):
        return missing, missing.copy()
    means = np.add.reduceat(samples, np.arange(0, count, repeats), axis=-1) / sizes
    within = ((samples - means[..., draw]) ** 2).sum(axis=-1) / (count - len(sizes))
    between = (sizes * (means - samples.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1) / (len(sizes) - 1)
    n0 = (count - (sizes**2).sum() / count) / (len(sizes) - 1)
    ignorance = np.maximum((between - within) / n0, 0.0)
    total = within + ignorance
    varies = total > (1e-12 * np.abs(samples).max(axis=-1, initial=0.0)) ** 2
    chance_share = np.divide(within, total, out=missing.copy(), where=varies)
    return chance_share, 1.0 - chance_share


def draw_means(samples: Array, repeats: int) -> Array:
    """Mean of the replications of each draw, shape (draws,), from samples of shape (replications,)."""
    starts = np.arange(0, len(samples), repeats)
    means: Array = np.add.reduceat(samples, starts) / np.diff(np.append(starts, len(samples)))
    return means


def paired_chance(difference: Array, resamples: int = 500) -> dict[str, float]:
    """How often a paired difference is above zero, and how large it is, with 95 % intervals by resampling points.

    difference : shape (points, replications). Ties count half.
    """
    wins = ((difference > 0.0) + 0.5 * (difference == 0.0)).mean(axis=1)
    means = difference.mean(axis=1)
    generator = np.random.Generator(np.random.Philox(0))
    picks = generator.integers(0, len(means), (resamples, len(means)))
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(np.stack([wins[picks].mean(axis=1), means[picks].mean(axis=1)]), [tail, 1.0 - tail], axis=1)
    told = {"probability": wins.mean(), "probability_low": low[0], "probability_high": high[0]}
    told |= {"difference": means.mean(), "difference_low": low[1], "difference_high": high[1]}
    return {name: float(value) for name, value in told.items()}


@dataclass(frozen=True, slots=True)
class Deciding:
    """Rank correlations of inputs with an outcome, strongest first.

    threshold : what the strongest of all inputs exceeds by luck alone in 5 % of cases.
    low, high : 95 % interval of each correlation.
    """

    threshold: float
    keys: tuple[str, ...]
    correlation: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def stands_out(self) -> tuple[bool, ...]:
        """Whether each input is stronger than luck explains."""
        return tuple(abs(value) > self.threshold for value in self.correlation)


def deciding(inputs: Array, keys: tuple[str, ...], outcome: Array, top: int = 10) -> Deciding | None:
    """Which inputs an outcome goes with (Spearman), and how strong luck alone would look; None if it cannot be said.

    The threshold is the 95 % quantile of the largest absolute correlation when the outcome is shuffled over draws, so it
    allows for having looked at every input (Westfall & Young 1993). Intervals by Fisher's z with the variance of
    Bonett & Wright (2000, Psychometrika 65:23-28).

    Parameters
    ----------
    inputs : shape (draws, keys). outcome : shape (draws,).
    """
    draws = len(outcome)
    if draws < 4 or not keys or not np.isfinite(outcome).all() or np.ptp(outcome) == 0.0:
        return None
    x, y = _scores(inputs), _scores(outcome[:, np.newaxis])[:, 0]
    correlation = np.clip(y @ x, -1.0, 1.0)
    shuffles = np.random.Generator(np.random.Philox(0)).permuted(np.tile(y, (PERMUTATIONS, 1)), axis=1)
    luck = np.zeros(PERMUTATIONS)
    for first in range(0, len(keys), BLOCK):
        luck = np.maximum(luck, np.abs(shuffles @ x[:, first : first + BLOCK]).max(axis=1))
    order = np.lexsort((np.array(keys), -np.abs(correlation).round(12)))[:top]
    chosen = correlation[order]
    z = np.arctanh(np.clip(chosen, -0.999999, 0.999999))
    half = _NORMAL_975 * np.sqrt((1.0 + chosen**2 / 2.0) / (draws - 3))
    return Deciding(
        float(np.quantile(luck, CONFIDENCE)),
        tuple(keys[index] for index in order.tolist()),
        tuple(chosen.tolist()),
        tuple(np.tanh(z - half).tolist()),
        tuple(np.tanh(z + half).tolist()),
    )


def _scores(values: Array) -> Array:
    """Centred ranks of each column, ties at their mean, with length 1; zeros for a column that does not vary."""
    order = np.argsort(values, axis=0, kind="stable")
    scores = np.empty(values.shape)
    np.put_along_axis(scores, order, np.arange(1.0, len(values) + 1.0)[:, np.newaxis], axis=0)
    tied = (np.diff(np.take_along_axis(values, order, axis=0), axis=0) == 0.0).any(axis=0)
    for column in np.flatnonzero(tied).tolist():
        _, inverse, counts = np.unique(values[:, column], return_inverse=True, return_counts=True)
        scores[:, column] = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    scores -= scores.mean(axis=0)
    length = np.sqrt((scores**2).sum(axis=0))
    unit: Array = np.divide(scores, length, out=np.zeros(values.shape), where=length > 0.0)
    return unit
