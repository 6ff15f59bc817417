"""Speed, measured and told, never asserted: `python -m pytest tests/benchmarks -m speed --benchmark-enable`."""

import tracemalloc
import warnings

import numpy as np
import pytest

from sim.engine.clock import bare_timeouts
from sim.nodes.cohorts import discards_by_month, month_kernel
from sim.scenario.load import load_scenario
from sim.simulate.run import run_replication
from sim.study import bench
from tests.benchmarks.items import run_items, with_idle_plants

pytestmark = pytest.mark.speed
TIMEOUTS = bench.TIMEOUTS
YEARS, COUNTRIES, PRODUCTS = 60, 12, 76


def floor():
    bare_timeouts(TIMEOUTS)


def test_baseline_replication(over):
    spec = load_scenario("baseline").spec
    done = over(
        "baseline replication, default grain",
        lambda: run_replication(spec, 1, 0),
        floor,
        1.5,
        "million bare timeouts",
        TIMEOUTS / 1e6,
        rounds=3,
    )
    assert done["facts"]["events"] > 0


def test_idle_plants(over):
    spec = load_scenario("baseline").with_set("time.end=2026").spec
    crowded = with_idle_plants(spec)
    done = over(
        "two years with 200 idle plants, over without",
        lambda: run_replication(crowded, 1, 0),
        lambda: run_replication(spec, 1, 0),
        1.1,
        rounds=3,
    )
    assert done["facts"]["events"] == run_replication(spec, 1, 0)["facts"]["events"]


def test_items_in_facilities(over):
    done = over("1,000 items x 40 facilities x 50 years", run_items, floor, 0.3, "million bare timeouts", TIMEOUTS / 1e6)
    assert done.in_use_kg + done.stored_kg + done.landfilled_kg == pytest.approx(done.made_kg, rel=1e-12)


class Cohorts:
    """The same sales and lives for both codes, monthly; one country, because flodym's table of all twelve takes 19 GB."""

    def __init__(self, countries=1):
        rng = np.random.default_rng(1)
        self.sold = rng.lognormal(3.0, 1.0, (countries, PRODUCTS, YEARS))
        self.shape = rng.uniform(1.0, 4.0, (countries, PRODUCTS))
        self.scale = rng.uniform(3.0, 20.0, (countries, PRODUCTS))

    def ours(self):
        return discards_by_month(self.sold, month_kernel(self.shape, self.scale, YEARS, "uniform"), 0, YEARS)

    def flodym(self):
        flodym = pytest.importorskip("flodym")
        months = list(range(YEARS * 12))
        names = ("time", "t", months), ("country", "c", [0]), ("product", "p", list(range(PRODUCTS)))
        dims = flodym.DimensionSet(
            dim_list=[flodym.Dimension(name=name, letter=letter, items=items, dtype=int) for name, letter, items in names]
        )
        monthly = np.moveaxis(np.repeat(self.sold / 12.0, 12, axis=2), 2, 0).copy()
        life = flodym.WeibullLifetime(
            dims=dims,
            weibull_shape=flodym.Parameter(dims=dims["c", "p"], values=self.shape),
            weibull_scale=flodym.Parameter(dims=dims["c", "p"], values=self.scale * 12.0),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stock = flodym.InflowDrivenDSM(dims=dims, inflow=flodym.StockArray(dims=dims, values=monthly), lifetime_model=life)
            stock.compute()
        return np.moveaxis(stock.outflow.values, 0, 2)


def test_cohorts_over_flodym(over):
    cohorts = Cohorts()
    ours = over(
        "cohorts, 60 y x 76 products, monthly, over flodym on the same arrays", cohorts.ours, cohorts.flodym, 0.05, rounds=3
    )
    np.testing.assert_allclose(ours.sum(), cohorts.flodym().sum(), rtol=1e-6)


def test_memory_of_cohorts_over_flodym(told):
    cohorts = Cohorts()
    ours, theirs = peak_bytes(cohorts.ours), peak_bytes(cohorts.flodym)
    told("memory of the same", [ours / theirs], 0.1, "x")
    assert ours < theirs


def test_all_cohorts(over):
    cohorts = Cohorts(COUNTRIES)
    done = over("cohorts of 12 countries x 76 products", cohorts.ours, floor, 0.0, "million bare timeouts", TIMEOUTS / 1e6)
    assert done.shape == (COUNTRIES, PRODUCTS, 12 * YEARS)


def peak_bytes(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_start_up(told):
    for row in bench.start_up():
        told(row.name, [row.least, row.median, row.most], row.goal, row.unit)
        assert row.least > 1.0


def test_writing_a_million_runs(told):
    found = bench.writing(rounds=3)
    told("writing 1e6 runs x 12 numbers in parts and compacted, over one bare pq.write_table", found, 2.0, "x")
    assert min(found) > 0.5
