"""What answers cost beside the runs they are about, measured and told, never asserted."""

import numpy as np
import pytest

import sim.simulate.collect
from sim.engine.clock import bare_timeouts
from sim.results.store import Results, load_results
from sim.results.tables import Coded
from sim.scenario.load import load_scenario
from sim.simulate.run import run_replication
from sim.study import bench, replicate
from sim.study.trace import trace

pytestmark = pytest.mark.speed
DEFAULT_REPLICATION_YEARS = 20 * 21
YEARS = 2


def test_bottlenecks_of_a_replication(over, monkeypatch):
    spec = load_scenario("baseline").with_set("time.end=2028").spec
    asked = []
    finder = sim.simulate.collect.bottlenecks
    monkeypatch.setattr(sim.simulate.collect, "bottlenecks", lambda *given: asked.append(given) or finder(*given))
    done = over(
        "bottlenecks of four years, over their replication",
        lambda: finder(*asked[-1]),
        lambda: run_replication(spec, 1, 0),
        0.05,
        rounds=3,
    )
    assert done["gain_kg"].max() > 0.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run folder with as many replication-years as the default run, made of one replication of two years many times over."""
    made = replicate.run(load_scenario("baseline").with_set(f"time.end={2024 + YEARS}"), 1, 1, 0)
    times = DEFAULT_REPLICATION_YEARS // YEARS
    columns = {name: tiled(table, times) if "replication" in table else table for name, table in made.columns.items()}
    return Results.of(made.manifest | {"replications": times}, made.summary, columns, made.texts).save(
        tmp_path_factory.mktemp("run")
    )


def tiled(table, times):
    rows = len(table["replication"])
    told = {
        name: Coded(np.tile(column.codes, times), column.values) if isinstance(column, Coded) else np.tile(column, times)
        for name, column in table.items()
    }
    return told | {"replication": np.repeat(np.arange(times, dtype=np.int32), rows)}


def test_trace_of_a_default_run(over, folder):
    done = over(
        "trace in a run of default size",
        lambda: trace(load_results(folder), "Dy", 2024 + YEARS),
        lambda: bare_timeouts(bench.TIMEOUTS),
        2.0,
        "million bare timeouts",
        bench.TIMEOUTS / 1e6,
        rounds=3,
    )
    assert sum(parent.kg for parent in done.parents) == pytest.approx(done.recovered_kg, rel=1e-9)
