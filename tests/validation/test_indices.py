"""Sobol and Morris indices against functions whose indices are known."""

import math

import numpy as np
import pytest

from sim.study.design import make_design
from sim.study.indices import morris, sobol
from sim.study.sweep_spec import DesignSpec, DialSpec

N = 4096


def ishigami(x, a=7.0, b=0.1):
    """Ishigami & Homma 1990."""
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices(a=7.0, b=0.1):
    first = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2
    second = a**2 / 8.0
    both = b**2 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    total = first + second + both
    return np.array([first, second, 0.0]) / total, np.array([first + both, second, both]) / total


WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])


def g_function(x):
    """Sobol' 1998."""
    return np.prod((np.abs(4.0 * x - 2.0) + WEIGHTS) / (1.0 + WEIGHTS), axis=1)


def g_indices():
    parts = 1.0 / (3.0 * (1.0 + WEIGHTS) ** 2)
    variance = np.prod(1.0 + parts) - 1.0
    return parts / variance, np.array([part * np.prod(1.0 + np.delete(parts, i)) for i, part in enumerate(parts)]) / variance


def saltelli(count, low, high, points=N, seed=1):
    dials = [DialSpec(key=f"x{number}", low=low, high=high) for number in range(count)]
    return make_design(DesignSpec(kind="saltelli", points=points, seed=seed), dials, [False] * count, 1).values


@pytest.mark.parametrize(
    ("function", "count", "low", "high", "known"),
    [(ishigami, 3, -math.pi, math.pi, ishigami_indices()), (g_function, 8, 0.0, 1.0, g_indices())],
    ids=["ishigami", "g"],
)
def test_sobol_indices_are_those_of_theory(function, count, low, high, known):
    """Within 0.01 with the seed of a sweep file that names none; 2 to 8 % of seeds miss it, with any estimator."""
    errors = []
    for seed in range(1, 11):
        found = sobol(function(saltelli(count, low, high, seed=seed)), count, resamples=2)
        assert found.blocks == N
        errors.append(max(np.abs(found.first.value - known[0]).max(), np.abs(found.total.value - known[1]).max()))
    assert errors[0] < 0.01
    assert np.median(errors) < 0.005
    assert max(errors) < 0.02


def test_sobol_intervals_hold_the_truth_and_shrink():
    first, total = ishigami_indices()
    for points, width in ((256, 0.5), (4096, 0.13)):
        found = sobol(ishigami(saltelli(3, -math.pi, math.pi, points)), 3)
        for estimate, known in ((found.first, first), (found.total, total)):
            assert (estimate.low - 0.01 <= known).all()
            assert (known <= estimate.high + 0.01).all()
            assert (estimate.high - estimate.low).max() < width


def test_sobol_indices_of_a_running_sweep_use_whole_base_points():
    outcomes = ishigami(saltelli(3, -math.pi, math.pi, 512))
    part = outcomes.copy()
    part[7] = np.nan  # in the second base point
    part[1003:] = np.nan
    assert sobol(part, 3, resamples=10).blocks == 199
    without = np.concatenate([outcomes[:5], outcomes[10:1000]])
    assert sobol(part, 3, 10).first.value == pytest.approx(sobol(without, 3, 10).first.value, rel=1e-12)


def test_sobol_has_nothing_to_say_where_nothing_varies():
    assert sobol(np.ones(50), 3) is None
    assert sobol(np.full(50, np.nan), 3) is None


def walked(function, dials, trajectories=20, levels=4):
    spec = DesignSpec(kind="morris", trajectories=trajectories, levels=levels)
    values = make_design(spec, dials, [False] * len(dials), 1).values
    return values, morris(values, function(values), levels)


def test_morris_effects_of_a_line_are_its_slopes_over_the_range():
    dials = [DialSpec(key="a", low=0.0, high=2.0), DialSpec(key="b", low=-1.0, high=1.0), DialSpec(key="c", low=1.0, high=5.0)]
    values, found = walked(lambda x: 3.0 * x[:, 0] - 5.0 * x[:, 1], dials)
    assert len(values) == 20 * 4
    assert found.mean.value == pytest.approx([6.0, -10.0, 0.0], abs=1e-9)
    assert found.mean_absolute.value == pytest.approx([6.0, 10.0, 0.0], abs=1e-9)
    assert found.spread.value == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert found.mean.low == pytest.approx(found.mean.high, abs=1e-9)


def test_morris_orders_the_dials_of_the_g_function():
    dials = [DialSpec(key=f"x{number}", low=0.0, high=1.0) for number in range(8)]
    _, found = walked(g_function, dials, trajectories=50)
    assert np.argsort(-found.mean_absolute.value)[:4].tolist() == [0, 1, 2, 3]
    assert found.spread.value[0] > 0.1  # it acts together with others


def test_morris_moves_one_dial_at_a_time_by_the_same_step():
    dials = [DialSpec(key=f"x{number}", low=0.0, high=1.0) for number in range(5)]
    values, _ = walked(lambda x: x[:, 0], dials, trajectories=30)
    moves = np.abs(np.diff(values.reshape(30, 6, 5), axis=1))
    assert moves.max(axis=(0, 1)) == pytest.approx([2.0 / 3.0] * 5)
    assert (np.count_nonzero(moves > 1e-12, axis=2) == 1).all()
    assert (np.count_nonzero(moves > 1e-12, axis=1) == 1).all()
