"""Cohort arithmetic against flodym, another dynamic-stock code, on random stocks."""

import numpy as np
import pytest

from sim.core.lifetime import year_shares
from sim.nodes.cohorts import discards_by_year
from sim.scenario.library import load_library

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


def test_mid_year_equals_the_published_method_on_dutch_consumption():
    """The UN method as printed: waste(y) = sum over s of put-on-market(s) x Weibull density(y - s + 0.5)."""
    from scipy.stats import weibull_min

    shape, scale = 2.2, 13.6
    rows = [
        row for row in load_library().tables["pom-test-series"].records() if (row["country"], row["unu_key"]) == ("NLD", "0104")
    ]
    sold = {int(row["year"]): float(row["pom_t"] or 0.0) for row in rows}
    years = range(min(sold), max(sold) + 1)
    expected = [sum(sold.get(s, 0.0) * weibull_min.pdf(y - s + 0.5, shape, scale=scale) for s in years if s <= y) for y in years]
    kernel = year_shares(np.array([shape]), np.array([scale]), len(years), "mid_year")
    series = np.array([sold.get(year, 0.0) for year in years])
    ours = discards_by_year(series[np.newaxis, np.newaxis, :, np.newaxis], kernel[np.newaxis])[0, 0, :, 0]
    np.testing.assert_allclose(ours, expected, rtol=1e-10)
