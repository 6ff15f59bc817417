"""Route formulas against a routing solver (PyVRP): unit square, depot in the middle, random stops.

The bounded form runs fewer seeds with wider bounds; `-m slow` runs the whole.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.transport import route

pyvrp = pytest.importorskip("pyvrp")

SCALE = 100_000
REFERENCE = [(100, 10), (100, 25), (200, 20), (60, 6)]
OWN = [(40, 20), (45, 15), (80, 8), (24, 8)]  # two, three, ten and three routes


def solved_km(
    points: np.ndarray, capacity: int, iterations: int, seed: int, depot: tuple[float, float] | None = (0.5, 0.5)
) -> float:
    """Length of the best routes found; without depot the first point is one of the tour."""
    places = np.vstack([[depot], points]) if depot else points
    grid = (places * SCALE).round().astype(np.int64)
    matrix = np.round(np.hypot(*(grid[:, np.newaxis] - grid[np.newaxis]).transpose(2, 0, 1))).astype(np.int64)
    clients = len(places) - 1
    data = pyvrp.ProblemData(
        [pyvrp.Location(float(x), float(y)) for x, y in grid],
        [pyvrp.Client(number + 1, delivery=[1]) for number in range(clients)],
        [pyvrp.Depot(0)],
        [pyvrp.VehicleType(int(np.ceil(clients / capacity)) + 3, capacity=[capacity])],
        [matrix],
        [np.zeros_like(matrix)],
    )
    found = pyvrp.solve(data, stop=pyvrp.stop.MaxIterations(iterations), seed=seed, display=False, collect_stats=False)
    assert found.is_feasible()
    return float(found.cost()) / SCALE


def mean_of_routes(stops: int, capacity: int, seeds: int, iterations: int) -> float:
    return float(np.mean([solved_km(np.random.default_rng(s).random((stops, 2)), capacity, iterations, s) for s in range(seeds)]))


def formula(stops: int, capacity: int) -> float:
    return float(route.round_km(stops, capacity, 1.0, route.depot_distance_km(1.0), 1.0))


@pytest.mark.parametrize(("stops", "capacity"), [(60, 6), (45, 15), (24, 8)])
def test_routes_bounded(stops, capacity):
    assert formula(stops, capacity) == pytest.approx(mean_of_routes(stops, capacity, 6, 150), rel=0.08)


@pytest.mark.slow
@pytest.mark.parametrize(("stops", "capacity"), REFERENCE + OWN)
def test_routes_within_six_percent(stops, capacity):
    assert formula(stops, capacity) == pytest.approx(mean_of_routes(stops, capacity, 20, 600), rel=0.06)


def test_the_wrong_form_is_caught():
    stops, capacity = 60, 6
    wrong = 2.0 * route.MEAN_DISTANCE_OF_SQUARE * stops / capacity + route.TOUR_CONSTANT * stops**0.5
    assert wrong > 1.08 * mean_of_routes(stops, capacity, 6, 150)


def tour_ratio(stops: int, seeds: int, iterations: int) -> float:
    solved = [solved_km(np.random.default_rng(s).random((stops, 2)), stops, iterations, s, None) for s in range(seeds)]
    return float(route.tour_km(stops, 1.0, 1.0)) / float(np.mean(solved))


@pytest.mark.parametrize("stops", [10, 20])
def test_tours_bounded(stops):
    assert tour_ratio(stops, 60, 60) == pytest.approx(1.0, abs=0.04)


@pytest.mark.slow
@pytest.mark.parametrize(("stops", "iterations"), [(10, 50), (20, 100), (50, 300), (100, 800)])
def test_tours_within_two_percent(stops, iterations):
    assert tour_ratio(stops, 200, iterations) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("stops", [1, 2, 3, 5, 8])
def test_short_tours_from_a_depot(stops):
    solved = [solved_km(np.random.default_rng(s).random((stops, 2)), stops, 20, s) for s in range(300)]
    assert float(route.depot_tour_km(stops, 1.0, 1.0)) == pytest.approx(float(np.mean(solved)), rel=0.06)
