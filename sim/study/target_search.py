"""The least change that meets a goal: cutting planes on the logarithm of the result, as few runs as can be.

Positions of dials run from 0 (as is) to 1 (as far as allowed). Returns fall off as dials are turned, so the logarithm of
the result lies under its tangents, and the tangents found so far bound where the goal can be met (Kelley 1960, The
cutting-plane method for solving convex programs, J. SIAM 8(4):703-712). Each round takes the least change those bounds
allow, runs there, and adds a tangent until the goal is met. Where returns rise, the answer meets the goal but may not
be the least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize

Vector = NDArray[np.float64]
Status = Literal["already", "found", "infeasible"]
Aim = Literal["smallest", "cheapest"]

CLOSE = 1e-3  # of the goal: a result this near counts as meeting it
WITHIN = 5e-3  # of a single dial's way: the bracket is small enough
STEP = 0.04  # of a dial's way, for slopes
ROUNDS = 8
LEAST = 1e-9  # of the goal: logarithms need something


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run at one position gave: the result the goal is set on, and what is spent."""

    result: float
    cost: float


Measure = Callable[[Sequence[Vector]], list[Outcome]]


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the goal is met, or the limit of all dials where it is not."""

    status: Status
    position: Vector
    outcome: Outcome


@dataclass(slots=True)
class _Bounds:
    """Tangents: result, `slope @ x >= level`; cost, `spent >= slope @ x + level`."""

    slopes: list[Vector] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    cost_slopes: list[Vector] = field(default_factory=list)
    cost_levels: list[float] = field(default_factory=list)

    def tight(self, position: Vector, outcome: Outcome, start: Outcome) -> bool:
        """Whether a position costs about what the bounds say is the least."""
        bound = max(float(slope @ position) + level for slope, level in zip(self.cost_slopes, self.cost_levels, strict=True))
        return outcome.cost - bound <= WITHIN * abs(outcome.cost - start.cost)


def runs_expected(dials: int) -> int:
    """How many positions a search usually runs."""
    return 8 if dials == 1 else 2 + dials + 4 * (1 + dials)


def search(measure: Measure, dials: int, goal: float, aim: Aim = "smallest") -> Solution:
    """Find the least change of the dials that brings the result to the goal; `measure` runs positions side by side.

    `smallest`: the root of the sum of squared positions. `cheapest`: what is spent more.
    """
    start, end = np.zeros(dials), np.ones(dials)
    (first,) = measure([start])
    if first.result >= goal:
        return Solution("already", start, first)
    (last,) = measure([end])
    if last.result < goal:
        return Solution("infeasible", end, last)
    if dials == 1:
        return _bisected(measure, goal, (start, first), (end, last))
    return _cut(measure, goal, aim, (start, first), (end, last))


def _bisected(measure: Measure, goal: float, below: tuple[Vector, Outcome], above: tuple[Vector, Outcome]) -> Solution:
    """Root on a straight line between a position short of the goal and one that meets it (Illinois false position)."""
    (low, short), (high, met) = below, above
    gaps, side = [short.result - goal, met.result - goal], 0
    while met.result > goal * (1.0 + CLOSE) and np.abs(high - low).max() > WITHIN * np.abs(high).max():
        share = min(max(-gaps[0] / (gaps[1] - gaps[0]), 0.05), 0.95)
        middle = low + share * (high - low)
        (found,) = measure([middle])
        gap = found.result - goal
        if gap >= 0.0:
            high, met, gaps[1] = middle, found, gap
            gaps[0] *= 0.5 if side > 0 else 1.0  # the end that stays loses weight
            side = 1
        else:
            low, gaps[0] = middle, gap
            gaps[1] *= 0.5 if side < 0 else 1.0
            side = -1
    return Solution("found", high, met)


def _cut(measure: Measure, goal: float, aim: Aim, start: tuple[Vector, Outcome], end: tuple[Vector, Outcome]) -> Solution:
    bounds = _Bounds()
    position, outcome = end
    for _ in range(ROUNDS):
        _add_tangents(measure, goal, bounds, position, outcome)
        least = _least(bounds, aim, len(position))
        if least is None or np.abs(least - position).max() < STEP * WITHIN:
            break
        position = least
        (outcome,) = measure([position])
        if abs(outcome.result - goal) <= goal * CLOSE and (aim == "smallest" or bounds.tight(position, outcome, start[1])):
            return Solution("found", position, outcome)
    if outcome.result > goal * (1.0 + CLOSE):  # the bounds were too strict here: walk back towards as is
        return _bisected(measure, goal, start, (position, outcome))
    if outcome.result >= goal * (1.0 - CLOSE):
        return Solution("found", position, outcome)
    # the rounds ended a little short: go on in the same direction, or to the limit where that does not lead there
    farthest = position / position.max()
    (far,) = measure([farthest])
    return _bisected(measure, goal, (position, outcome), (farthest, far) if far.result >= goal else end)


def _add_tangents(measure: Measure, goal: float, bounds: _Bounds, position: Vector, outcome: Outcome) -> None:
    """Slopes by steps back towards as is (forward from the very start), so that a kink bounds both of its sides."""
    steps = np.where(position >= STEP, -STEP, STEP)
    others = measure([position + step * unit for step, unit in zip(steps, np.eye(len(position)), strict=True)])
    level = _log(outcome.result, goal)
    slope = np.array([(_log(other.result, goal) - level) / step for other, step in zip(others, steps, strict=True)])
    bounds.slopes.append(slope)
    bounds.levels.append(float(slope @ position) - level)
    cost = np.array([(other.cost - outcome.cost) / step for other, step in zip(others, steps, strict=True)])
    bounds.cost_slopes.append(cost)
    bounds.cost_levels.append(outcome.cost - float(cost @ position))


def _log(result: float, goal: float) -> float:
    """Logarithm of result over goal."""
    return float(np.log(max(result / goal, LEAST)))


def _least(bounds: _Bounds, aim: Aim, dials: int) -> Vector | None:
    """The least change within all bounds; None if they leave nothing."""
    slopes, levels = np.array(bounds.slopes), np.array(bounds.levels)
    if aim == "cheapest":
        return _cheapest(bounds, slopes, levels, dials)
    rules = [{"type": "ineq", "fun": lambda x: slopes @ x - levels, "jac": lambda x: slopes}]
    found = minimize(
        lambda x: 0.5 * float(x @ x), np.ones(dials), jac=lambda x: x, bounds=[(0.0, 1.0)] * dials, constraints=rules,
        method="SLSQP", options={"ftol": 1e-12, "maxiter": 200},
    )  # fmt: skip
    return _placed(found.x) if found.success else None


def _placed(found: Vector) -> Vector:
    """A position within the limits; a dial that would hardly move stays."""
    return np.asarray(np.where(found < STEP * WITHIN, 0.0, np.minimum(found, 1.0)))


def _cheapest(bounds: _Bounds, slopes: Vector, levels: Vector, dials: int) -> Vector | None:
    """Least of the highest tangent of cost, a linear program."""
    costs, floors = np.array(bounds.cost_slopes), np.array(bounds.cost_levels)
    scale = max(float(np.abs(costs).max()), 1.0)  # dollars and shares in one program
    rows = np.vstack([np.column_stack([-slopes, np.zeros(len(slopes))]), np.column_stack([costs / scale, -np.ones(len(costs))])])
    limits = np.concatenate([-levels, -floors / scale])
    found = linprog([*np.zeros(dials), 1.0], A_ub=rows, b_ub=limits, bounds=[(0.0, 1.0)] * dials + [(None, None)])
    return _placed(found.x[:dials]) if found.success else None
