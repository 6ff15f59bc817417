"""What to measure next: how much of the doubt, and of the risk of choosing wrongly, would go if one input were known.

From any sample of independent points, without runs of its own: the outcome is regressed on each input in turn (polynomials
of its rank up to the third degree), as in Strong, Oakley & Brennan (2014, doi:10.1177/0272989X13505910).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DEGREE = 3
FEWEST = 4 * DEGREE
RESAMPLES = 200
SHUFFLES = 50
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Learning:
    """One number per input, with the ends of 95 % intervals; shape (inputs told,) each, the largest shares first.

    place : which input. share : of the variance of the outcome that goes if the input is known (its first-order index, expected).
    worth : how much better the best choice becomes on average if the input is known before choosing, in the unit of the
        outcome; zeros with a single scenario. luck : the largest share that shuffled outcomes showed in 95 % of cases.
    """

    place: NDArray[np.intp]
    share: Array
    share_low: Array
    share_high: Array
    worth: Array
    worth_low: Array
    worth_high: Array
    luck: float


def learning(inputs: Array, outcomes: Array, top: int = 20) -> Learning | None:
    """Value of learning the `top` inputs; None with too few points, or if nothing varies.

    Parameters
    ----------
    inputs : shape (points, inputs).
    outcomes : more is better, shape (scenarios, points); the share is of the first one, or of
        what the second is better by if there are two or more.
    """
    whole = np.isfinite(outcomes).all(axis=0)
    inputs, outcomes = inputs[whole], outcomes[:, whole]
    if outcomes.shape[1] < FEWEST or not inputs.shape[1]:
        return None
    asked = outcomes[0] if len(outcomes) == 1 else outcomes[1] - outcomes[0]
    if np.ptp(asked) == 0.0:
        return None
    generator = np.random.Generator(np.random.Philox(0))
    bases = np.stack([_basis(column) for column in inputs.T])
    luck = [_shares(bases, generator.permutation(asked)).max() for _ in range(SHUFFLES)]
    every = _shares(bases, asked)
    place = np.argsort(-every, kind="stable")[:top]
    share, bases = every[place], bases[place]
    worth = _worths(bases, outcomes, generator)
    picks = generator.integers(0, len(asked), (RESAMPLES, len(asked)))
    again = [(_shares(part, asked[pick]), _gains(part, outcomes[:, pick])) for pick in picks for part in [_refitted(bases, pick)]]
    low, high = _interval(np.array([shares for shares, _ in again]))
    gain = _gains(bases, outcomes)
    worth_low, worth_high = _interval(np.array([gains for _, gains in again]) - gain + worth)
    return Learning(
        place,
        share,
        low,
        high,
        worth,
        np.maximum(worth_low, 0.0),
        np.maximum(worth_high, 0.0),
        float(np.quantile(luck, CONFIDENCE)),
    )


def _basis(column: Array) -> Array:
    """Orthonormal, centred polynomials of the rank, shape (points, DEGREE); zeros for an input that does not vary."""
    levels, rank, counts = np.unique(column, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    u = ((ends - counts / 2.0) / len(column) * 2.0 - 1.0)[rank]
    degree = min(DEGREE, len(levels) - 1)
    powers = np.stack([u ** (power + 1) for power in range(degree)], axis=1) if degree else np.zeros((len(column), 0))
    found = np.zeros((len(column), DEGREE))
    found[:, :degree] = np.linalg.qr(powers - powers.mean(axis=0))[0]
    return found


def _refitted(bases: Array, pick: NDArray[np.int64]) -> Array:
    """Bases of a resample, made orthonormal again, shape (inputs, points, DEGREE)."""
    part = bases[:, pick]
    found: Array = np.linalg.qr(part - part.mean(axis=1, keepdims=True))[0] * (np.abs(bases).max(axis=(1, 2)) > 0.0)[:, None, None]
    return found


def _shares(bases: Array, outcome: Array) -> Array:
    """Share of variance explained, adjusted for what luck explains; shape (inputs,)."""
    y = outcome - outcome.mean()
    total = float((y**2).sum())
    if total == 0.0:
        return np.zeros(len(bases))
    explained = (np.einsum("ipd,p->id", bases, y) ** 2).sum(axis=1) / total
    points = len(y)
    adjusted: Array = np.clip(1.0 - (1.0 - explained) * (points - 1.0) / (points - DEGREE - 1.0), 0.0, 1.0)
    return adjusted


def _gains(bases: Array, outcomes: Array) -> Array:
    """What choosing by each input brings on average over choosing once, as fitted; shape (inputs,)."""
    means = outcomes.mean(axis=1)
    away = outcomes - means[:, np.newaxis]
    fitted = np.einsum("ipd,isd->isp", bases, np.einsum("ipd,sp->isd", bases, away)) + means[:, np.newaxis]
    gained: Array = fitted.max(axis=1).mean(axis=1) - means.max()
    return gained


def _worths(bases: Array, outcomes: Array, generator: np.random.Generator) -> Array:
    """Gains less what the fit finds in points that are shuffled, and so can bring nothing."""
    if len(outcomes) == 1:
        return np.zeros(len(bases))
    luck = [_gains(bases, outcomes[:, generator.permutation(outcomes.shape[1])]) for _ in range(SHUFFLES)]
    worth: Array = np.maximum(_gains(bases, outcomes) - np.mean(luck, axis=0), 0.0)
    return worth


def _interval(resampled: Array) -> tuple[Array, Array]:
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(resampled, [tail, 1.0 - tail], axis=0)
    return low, high
