"""Scenario discovery: where in the space of the dials does something happen, in words a person can use (PRIM)."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, erfc

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
PEEL = 0.05
FEWEST = 20  # points in the smallest box


@dataclass(frozen=True, slots=True)
class Limit:
    """What a box says of one dial.

    by_luck : chance that this limit would look as good if the dial had nothing to do with it (Bryant & Lempert 2010).
    """

    dial: int
    low: float
    high: float
    by_luck: float


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the space. coverage : share of all cases in it. density : share of its points that are cases. mass : of points."""

    coverage: float
    density: float
    mass: float
    limits: tuple[Limit, ...]


def prim(values: Array, cases: Flags, peel: float = PEEL, fewest: int = FEWEST) -> list[Box]:
    """Boxes from all points to the densest, each cut from the one before (Friedman & Fisher 1999, doi:10.1023/A:1008894516817).

    Each step cuts the `peel` share of points off one end of one dial that leaves the highest density of cases; a dial of few
    values loses its outermost value. Ends that cost no density are pasted back on the last box.

    Parameters
    ----------
    values : shape (points, dials). cases : the points at which it happened.
    """
    inside = np.ones(len(values), dtype=bool)
    trajectory = [_box(values, cases, inside)]
    while True:
        peeled = _peeled(values, cases, inside, peel, fewest)
        if peeled is None:
            break
        inside = peeled
        trajectory.append(_box(values, cases, inside))
    pasted = _pasted(values, cases, inside, peel)
    return [*trajectory, _box(values, cases, pasted)] if pasted.sum() > inside.sum() else trajectory


def chosen(trajectory: list[Box], density: float = 0.8) -> Box:
    """The box that covers most among those at least so dense; the densest if there is none."""
    dense = [box for box in trajectory if box.density >= density]
    return max(dense, key=lambda box: box.coverage) if dense else max(trajectory, key=lambda box: (box.density, box.coverage))


def _peeled(values: Array, cases: Flags, inside: Flags, peel: float, fewest: int) -> Flags | None:
    """The points left after the best cut; None if no cut leaves enough points and a higher density."""
    best, left = cases[inside].mean() if inside.any() else 1.0, None
    for column in values.T:
        here = column[inside]
        for kept in (column > max(np.quantile(here, peel), here.min()), column < min(np.quantile(here, 1.0 - peel), here.max())):
            candidate = inside & kept
            count = int(candidate.sum())
            if count >= fewest and cases[candidate].mean() > best:
                best, left = cases[candidate].mean(), candidate
    return left


def _pasted(values: Array, cases: Flags, inside: Flags, peel: float) -> Flags:
    """The box with ends put back that do not lower its density."""
    while True:
        low, high = values[inside].min(axis=0), values[inside].max(axis=0)
        best, wider = cases[inside].mean(), None
        for dial, column in enumerate(values.T):
            others = np.delete((values >= low) & (values <= high), dial, axis=1).all(axis=1)
            count = max(1, int(peel * inside.sum()))
            for beyond in (np.sort(column[others & (column < low[dial])])[::-1], np.sort(column[others & (column > high[dial])])):
                if not len(beyond):
                    continue
                end = beyond[min(count, len(beyond)) - 1]
                candidate = others & (column >= min(low[dial], end)) & (column <= max(high[dial], end))
                if cases[candidate].mean() >= best:
                    best, wider = cases[candidate].mean(), candidate
        if wider is None or wider.sum() <= inside.sum():
            return inside
        inside = wider


def _box(values: Array, cases: Flags, inside: Flags) -> Box:
    low, high = values[inside].min(axis=0), values[inside].max(axis=0)
    free_low, free_high = values.min(axis=0), values.max(axis=0)
    within = (values >= low) & (values <= high)
    inside = within.all(axis=1)
    hits, count = int(cases[inside].sum()), int(inside.sum())
    limits = []
    for dial in np.flatnonzero((low > free_low) | (high < free_high)).tolist():
        without = np.delete(within, dial, axis=1).all(axis=1)
        share = float(cases[without].mean())
        limits.append(Limit(dial, float(low[dial]), float(high[dial]), _binomial_tail(hits, count, share)))
    return Box(hits / max(int(cases.sum()), 1), hits / count, count / len(values), tuple(limits))


def _binomial_tail(hits: int, count: int, share: float) -> float:
    """Probability of at least `hits` of `count` at a share: the quasi-p-value of a limit."""
    if share >= 1.0 or hits == 0:
        return 1.0
    if count > 500:  # the normal approximation, with half a step for continuity
        spread = (count * share * (1.0 - share)) ** 0.5
        z = (hits - 0.5 - count * share) / spread if spread > 0.0 else np.inf
        return float(0.5 * erfc(z / 2.0**0.5))
    return float(min(1.0, sum(comb(count, k) * share**k * (1.0 - share) ** (count - k) for k in range(hits, count + 1))))
