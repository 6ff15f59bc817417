"""Cohort arithmetic against flodym, another dynamic-stock code, on random stocks."""

import numpy as np
import pytest

from sim.core.lifetime import year_shares
from sim.nodes.cohorts import discards_by_year

flodym = pytest.importorskip("flodym")

STOCKS = 50


def flodym_outflow(inflow: np.ndarray, shape: float, scale: float) -> np.ndarray:
    years = list(range(1960, 1960 + len(inflow)))
    dims = flodym.DimensionSet(dim_list=[flodym.Dimension(name="time", letter="t", items=years, dtype=int)])
    stock = flodym.InflowDrivenDSM(
        dims=dims,
        inflow=flodym.StockArray(dims=dims, values=inflow),
        lifetime_model=flodym.WeibullLifetime(dims=dims, weibull_shape=shape, weibull_scale=scale),
    )
    stock.compute()
    return stock.outflow.values


@pytest.mark.filterwarnings("ignore")
def test_survival_difference_equals_flodym_on_random_stocks():
    rng = np.random.default_rng(20260702)
    worst = 0.0
    for _ in range(STOCKS):
        years = int(rng.integers(10, 90))
        shape, scale = rng.uniform(0.8, 4.0), rng.uniform(2.0, 30.0)
        inflow = rng.lognormal(3.0, 1.0, years)
        kernel = year_shares(np.array([shape]), np.array([scale]), years, "survival_difference")
        ours = discards_by_year(inflow[np.newaxis, np.newaxis, :, np.newaxis], kernel[np.newaxis])[0, 0, :, 0]
        theirs = flodym_outflow(inflow, shape, scale)
        worst = max(worst, float(np.max(np.abs(ours / theirs - 1.0))))
    assert worst <= 1e-9
