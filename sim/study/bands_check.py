"""Are corrected bands right? Bands of a few full draws and the twin, set against every draw run in full.

All draws are run in full once. They are dealt into groups as small as a study would pay for; each group, corrected by the
twin of all draws, must come near what all of them say, and nearer than the group does alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.study.multilevel import corrected
from sim.study.uncertainty import QUANTILES

Array = NDArray[np.float64]
STATISTICS = ("mean", "p5", "p50", "p95")
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Checked:
    """How near groups of draws come to all draws; arrays in the order of `STATISTICS`, in the unit of the outcome.

    every : of all draws. bias : mean error of the groups with the twin. error, error_alone : root mean square error with
    the twin and without. held : share of groups whose 95 % interval of the mean holds that of all draws.
    """

    every: Array
    bias: Array
    error: Array
    error_alone: Array
    held: float
    groups: int


def checked(full: Array, twin: Array, draws: int) -> Checked:
    """Set groups of `draws` full draws, each corrected by the twin of all draws, against all of them.

    Parameters
    ----------
    full : shape (N, repeats). twin : the twin of the same draws, shape (N,).

    Raises
    ------
    ValueError
        If there are fewer than two groups of at least two draws.
    """
    count = len(full) // draws if draws > 1 else 0
    if count < 2:
        raise ValueError(f"{len(full)} draws make no two groups of {draws}")
    every = _alone(full)
    found, alone, held = np.empty((count, len(STATISTICS))), np.empty((count, len(STATISTICS))), []
    for group in range(count):
        mine = np.arange(len(full)) // draws == group
        told = corrected(full[mine], np.concatenate([twin[mine], twin[~mine]]))
        found[group] = [told.mean, *(told.quantiles[name] for name in STATISTICS[1:])]
        alone[group] = _alone(full[mine])
        held.append(abs(told.mean - every[0]) <= NORMAL_975 * told.standard_error)
    error, error_alone = (np.sqrt(((values - every) ** 2).mean(axis=0)) for values in (found, alone))
    return Checked(every, found.mean(axis=0) - every, error, error_alone, float(np.mean(held)), count)


def _alone(full: Array) -> Array:
    """Mean and quantiles of runs."""
    quantiles = np.quantile(full, [QUANTILES[name] for name in STATISTICS[1:]])
    return np.array([full.mean(), *quantiles])
