"""Which dials an outcome hangs on: Sobol and Morris indices with bootstrap intervals, from outcomes in design order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CONFIDENCE = 0.95
RESAMPLES = 500
BATCH = 50  # resamples looked at together, which bounds memory


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number per dial with the ends of its 95 % interval; shape (dials,) each."""

    value: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class Sobol:
    """first : share of the variance a dial explains alone. total : with all its interactions. blocks : base points used."""

    first: Estimate
    total: Estimate
    blocks: int


@dataclass(frozen=True, slots=True)
class Morris:
    """mean : of the elementary effects. mean_absolute : of their size (mu*). spread : their standard deviation."""

    mean: Estimate
    mean_absolute: Estimate
    spread: Estimate
    blocks: int


def sobol(outcomes: Array, dials: int, resamples: int = RESAMPLES) -> Sobol | None:
    """Sobol indices of a Saltelli design; None if nothing varies.

    First order by Saltelli et al. (2010, doi:10.1016/j.cpc.2009.09.018, table 2 b), total by Jansen (1999,
    doi:10.1016/S0010-4655(98)00154-4). Base points are resampled whole, since their rows belong together.

    Parameters
    ----------
    outcomes : shape (N (dials + 2),), rows A, A with a column of B for each dial, B. A base point with a missing
        outcome is left out, so a sweep that is still running can be read.
    """
    blocks = _blocks(outcomes, dials + 2)
    if len(blocks) < 2 or np.ptp(blocks) == 0.0:
        return None
    blocks = (blocks - blocks.mean()) / blocks.std()
    a, b, mixed = blocks[:, :1], blocks[:, -1:], blocks[:, 1:-1]
    # everything the indices need is a mean over base points of these columns
    terms = np.hstack([b * (mixed - a), 0.5 * (a - mixed) ** 2, (a + b) / 2.0, (a**2 + b**2) / 2.0])

    def indices(means: Array) -> Array:
        variance = means[:, -1:] - means[:, -2:-1] ** 2
        return means[:, :-2] / np.where(variance > 0.0, variance, np.nan)

    value = indices(terms.mean(axis=0, keepdims=True))[0]
    low, high = _interval(indices(_resampled_means(terms, resamples)))
    first, total = slice(0, dials), slice(dials, 2 * dials)
    return Sobol(Estimate(value[first], low[first], high[first]), Estimate(value[total], low[total], high[total]), len(blocks))


def morris(values: Array, outcomes: Array, levels: int, resamples: int = RESAMPLES) -> Morris | None:
    """Elementary effects of a Morris design, per full range of a dial; None with fewer than two whole trajectories.

    mu* by Campolongo et al. (2007, doi:10.1016/j.envsoft.2006.10.004). Trajectories are resampled whole.

    Parameters
    ----------
    values : the design, shape (trajectories (dials + 1), dials). outcomes : shape (trajectories (dials + 1),).
    """
    dials = values.shape[1]
    runs = outcomes[: len(outcomes) // (dials + 1) * (dials + 1)].reshape(-1, dials + 1)
    walks = values[: runs.size].reshape(-1, dials + 1, dials)
    whole = np.isfinite(runs).all(axis=1)
    if whole.sum() < 2:
        return None
    moves, change = np.diff(walks[whole], axis=1), np.diff(runs[whole], axis=1)
    step = levels / (2.0 * (levels - 1.0))
    # one dial moves at a time; a whole-number dial may round to no move, and then has no effect
    effects = (np.sign(moves) * change[:, :, np.newaxis]).sum(axis=1) / step
    terms = np.hstack([effects, np.abs(effects), effects**2])

    def statistics(means: Array) -> Array:
        count = len(effects)
        variance = np.maximum(means[:, 2 * dials :] - means[:, :dials] ** 2, 0.0) * count / (count - 1)
        return np.hstack([means[:, : 2 * dials], np.sqrt(variance)])

    value = statistics(terms.mean(axis=0, keepdims=True))[0]
    low, high = _interval(statistics(_resampled_means(terms, resamples)))
    told = [Estimate(value[part], low[part], high[part]) for part in (slice(n * dials, (n + 1) * dials) for n in range(3))]
    return Morris(told[0], told[1], told[2], len(effects))


def _blocks(outcomes: Array, size: int) -> Array:
    blocks = outcomes[: len(outcomes) // size * size].reshape(-1, size)
    whole: Array = blocks[np.isfinite(blocks).all(axis=1)]
    return whole


def _resampled_means(terms: Array, resamples: int) -> Array:
    """Means over rows drawn with replacement, shape (resamples, columns); the same draws every time."""
    generator = np.random.Generator(np.random.Philox(0))
    count = len(terms)
    means = np.empty((resamples, terms.shape[1]))
    for first in range(0, resamples, BATCH):
        size = min(BATCH, resamples - first)
        weights = generator.multinomial(count, np.full(count, 1.0 / count), size=size)
        means[first : first + size] = weights @ terms / count
    return means


def _interval(resampled: Array) -> tuple[Array, Array]:
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.nanquantile(resampled, [tail, 1.0 - tail], axis=0)
    return low, high
