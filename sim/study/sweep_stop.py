"""When a sweep is sure enough to end early: a rule that looks at whole base samples, so that it never depends on who was quick."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.study.design import Design
from sim.study.indices import morris, sobol
from sim.study.sweep_spec import SweepSpec

Array = NDArray[np.float64]
Outcomes = Callable[[Sequence[int]], Array]  # chunks -> outcomes, shape (runs of all, columns), missing where not among them


def stages(spec: SweepSpec) -> list[int]:
    """Base points or trajectories after which the rule is looked at, the whole design last; without a rule only that."""
    whole = (spec.design.points if spec.design.kind == "saltelli" else spec.design.trajectories) or 0
    if spec.stop is None:
        return [whole]
    doubled, stage = [], spec.stop.least
    while stage < whole:
        doubled.append(stage)
        stage *= 2
    return [*doubled, whole]


def chunks_of(spec: SweepSpec, stage: int, rows: int, scenarios: int) -> list[int]:
    """Chunks that hold a run of the first `stage` base points of any scenario; all of them at the last stage.

    rows : points of the sweep over all scenarios.
    """
    every = rows // scenarios
    kept = every if stage == stages(spec)[-1] else stage * block(spec)
    runs = [
        range(scenario * every * spec.replications, (scenario * every + kept) * spec.replications) for scenario in range(scenarios)
    ]
    size = spec.chunk_runs
    return sorted({chunk for part in runs for chunk in range(part.start // size, -(-part.stop // size))})


def block(spec: SweepSpec) -> int:
    """Rows of one base point or trajectory."""
    return len(spec.dials) + (2 if spec.design.kind == "saltelli" else 1)


def is_sure(spec: SweepSpec, design: Design, stage: int, outcomes: Array) -> bool:
    """Whether after a stage no interval is wider than the rule allows, in any scenario, for any outcome that varies.

    outcomes : shape (runs, columns).
    """
    if spec.stop is None:
        return False
    rows = stage * block(spec)
    scenarios = int(design.scenario[-1]) + 1
    means = outcomes.reshape(scenarios, -1, spec.replications, outcomes.shape[1]).mean(axis=2)[:, :rows]
    values = design.values[:rows]
    widths = [_width(spec, values, column) for scenario in means for column in scenario.T]
    return all(width <= spec.stop.interval_below for width in widths)


def _width(spec: SweepSpec, values: Array, outcomes: Array) -> float:
    """Widest interval of any dial; 0 where nothing varies."""
    if spec.design.kind == "saltelli":
        indices = sobol(outcomes, values.shape[1])
        return float((indices.total.high - indices.total.low).max()) if indices else 0.0
    effects = morris(values, outcomes, spec.design.levels)
    if effects is None or not effects.mean_absolute.value.max() > 0.0:
        return 0.0
    size = effects.mean_absolute
    return float((size.high - size.low).max() / size.value.max())
