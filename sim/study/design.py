"""Where the points of a sweep lie: made once in the parent, stored as a table, read by everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.study.sweep_spec import DesignSpec, DialSpec, row_count

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Design:
    """The table of points.

    keys : key paths of the dials. scenario : number of the base scenario, shape (rows,). values : shape (rows, dials).
    """

    keys: tuple[str, ...]
    scenario: NDArray[np.int32]
    values: Array

    @property
    def rows(self) -> int:
        """Number of points, over all scenarios."""
        return len(self.scenario)


def make_design(design: DesignSpec, dials: Sequence[DialSpec], whole: Sequence[bool], scenarios: int) -> Design:
    """Place the points, the same in every scenario.

    whole : which dials take whole numbers only.
    """
    match design.kind:
        case "grid":
            values = _grid(dials)
        case "list":
            values = np.array([dial.values for dial in dials], dtype=np.float64).T
        case "draws":
            values = np.zeros((row_count(design, dials), 0))
        case _:
            u = _unit(design, len(dials))
            values = np.stack([_placed(dial, u[:, column]) for column, dial in enumerate(dials)], axis=1)
    values[:, list(whole)] = np.round(values[:, list(whole)])
    number = np.repeat(np.arange(scenarios, dtype=np.int32), len(values))
    return Design(tuple(dial.key for dial in dials), number, np.tile(values, (scenarios, 1)))


def _grid(dials: Sequence[DialSpec]) -> Array:
    axes = [
        np.asarray(dial.values) if dial.values is not None else _placed(dial, np.linspace(0.0, 1.0, dial.levels or 0))
        for dial in dials
    ]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1).astype(np.float64)


def _placed(dial: DialSpec, u: Array) -> Array:
    """Values at quantiles `u` of a dial."""
    if dial.values is not None:
        listed: Array = np.asarray(dial.values, dtype=np.float64)
        return listed[np.minimum((u * len(listed)).astype(np.intp), len(listed) - 1)]
    low, high = float(dial.low or 0.0), float(dial.high or 0.0)
    if dial.mode is not None:
        return triangular(u, low, dial.mode, high)
    if dial.scale == "log":
        return np.clip(low * (high / low) ** u, low, high)
    return np.clip(low + u * (high - low), low, high)


def triangular(u: Array, low: float, mode: float, high: float) -> Array:
    """Quantiles of a triangular range, as `sim.core.quantity.Spread` has them one by one."""
    width = high - low
    below: Array = low + np.sqrt(u * (width * (mode - low)))
    above = high - np.sqrt((1.0 - u) * (width * (high - mode)))
    rising = u <= (mode - low) / width
    above[rising] = below[rising]
    return np.clip(above, low, high)


def _unit(design: DesignSpec, count: int) -> Array:
    """Points in the unit cube, shape (rows, dials)."""
    generator = np.random.Generator(np.random.Philox(design.seed))
    points = design.points or 0
    match design.kind:
        case "latin_hypercube":
            return latin_hypercube(points, count, generator)
        case "sobol":
            return _sobol(points, count, generator)
        case "morris":
            return morris_points(design.trajectories or 0, count, design.levels, generator)
        case _:
            return saltelli_points(_sobol(points, 2 * count, generator))


def latin_hypercube(points: int, count: int, generator: np.random.Generator) -> Array:
    """Every dial meets each of `points` equal strata once (McKay et al. 1979); shape (points, count)."""
    placed = np.empty((points, count))
    for column in range(count):
        placed[:, column] = generator.permutation(points)
        placed[:, column] += generator.random(points)
    placed /= points
    return placed


def _sobol(points: int, count: int, generator: np.random.Generator) -> Array:
    """Scrambled Sobol points (Owen 1998, doi:10.1006/jcom.1998.0487), shape (points, count)."""
    from scipy.stats import qmc  # noqa: PLC0415 - a second of start-up, in the parent only

    sampler: Any = qmc.Sobol(count, scramble=True, seed=generator)
    placed: Array = sampler.random(points)
    return placed


def saltelli_points(base: Array) -> Array:
    """Rows A, A with column i of B for every i, B, for each base point in turn (Saltelli 2010, doi:10.1016/j.cpc.2009.09.018).

    base : shape (N, 2 k), the first k columns A and the others B. Returns shape (N (k + 2), k).
    """
    count = base.shape[1] // 2
    a, b = base[:, :count], base[:, count:]
    blocks = np.repeat(a[:, np.newaxis, :], count + 2, axis=1)
    for column in range(count):
        blocks[:, column + 1, column] = b[:, column]
    blocks[:, count + 1] = b
    return blocks.reshape(-1, count)


def morris_points(trajectories: int, count: int, levels: int, generator: np.random.Generator) -> Array:
    """Walks that move one dial after the other by `levels / (2 (levels - 1))` (Morris 1991, doi:10.2307/1269043).

    Returns shape (trajectories (count + 1), count).
    """
    step = levels / (2.0 * (levels - 1.0))
    walks = np.empty((trajectories, count + 1, count))
    for walk in walks:
        up = generator.integers(0, 2, count) == 1
        here = generator.integers(0, levels // 2, count) / (levels - 1.0)
        here[~up] += step
        walk[0] = here
        for move, column in enumerate(generator.permutation(count).tolist(), 1):
            here[column] += step if up[column] else -step
            walk[move] = here
    return np.clip(walks.reshape(-1, count), 0.0, 1.0)
