"""Figures of speed, each a ratio to a floor measured in the same round, gathered and printed at the end."""

import gc
import time

import pytest

from sim.study.bench import ROUNDS, Figure, cpu_s, figure

FIGURES: list[Figure] = []


@pytest.fixture
def over(benchmark):
    """Benchmark a call over a floor: `over(name, subject, floor, goal)`; with benchmarks off, the subject runs once."""

    def measure(name, subject, floor, goal, unit="x", scale=1.0, rounds=ROUNDS):
        floors = []

        def before():
            floors.append(cpu_s(floor))
            gc.collect()  # or the subject is charged for the garbage of the floor

        benchmark._timer = time.process_time
        result = benchmark.pedantic(subject, setup=before, rounds=rounds)
        if benchmark.stats is not None:
            ratios = [scale * spent / least for spent, least in zip(benchmark.stats.stats.data, floors, strict=True)]
            FIGURES.append(figure(name, ratios, goal, unit))
            benchmark.extra_info["figure"] = FIGURES[-1]._asdict()
        return result

    return measure


@pytest.fixture
def told():
    """Note a figure measured otherwise, such as a peak of memory: `told(name, values, goal, unit)`."""

    def note(name, values, goal, unit):
        FIGURES.append(figure(name, list(values), goal, unit))

    return note


def pytest_terminal_summary(terminalreporter):
    """Print the figures as a table that docs/performance.md can take."""
    if FIGURES:
        terminalreporter.write_line("\n| figure | median | rounds | goal |\n|---|---|---|---|")
        for row in FIGURES:
            goal = f"<= {row.goal:g}" if row.goal > 0 else ""
            terminalreporter.write_line(
                f"| {row.name} | {row.median:.3g} {row.unit} | {row.least:.3g} to {row.most:.3g} | {goal} |"
            )
