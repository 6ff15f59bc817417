"""Cases beside published figures: closed forms, other codes, our second implementation; rows like those of `comparisons`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import integrate
from scipy.stats import weibull_min

from sim.core.finance import irr, npv
from sim.core.indicators import hhi
from sim.core.lifetime import month_shares, year_shares
from sim.nodes.cohorts import discards_by_year
from sim.simulate.twin import run_twin
from sim.simulate.unlimited import unlimited
from sim.study.indices import sobol
from sim.transport.haul import Point, great_circle_km
from sim.transport.route import tour_km
from tests.validation import queue_theory, test_cohorts_flodym, test_indices, test_queues, test_routes, test_twin
from tests.validation.row import Row

CLOSED, OTHER = "closed form", "other code"
EXACT, TIGHT = (1 - 1e-9, 1 + 1e-9), (1 - 1e-6, 1 + 1e-6)


def theory() -> Iterator[Row]:
    """Every case that needs no published figure."""
    for part in (cohorts, queues, routes, sensitivities, money, indicators, codes, twin):
        yield from part()


def cohorts() -> Iterator[Row]:
    """Even sales of one year, Weibull life: discards in each year by numerical integration."""
    shape, scale = 2.2, 13.6
    shares = month_shares(np.array([shape]), np.array([scale]), 40).sum(axis=2)[0]

    def left(year: float) -> float:
        return float(integrate.quad(lambda sold: weibull_min.cdf(max(year - sold, 0.0), shape, scale=scale), 0.0, 1.0)[0])

    for age in (0, 5, 20):
        exact = left(age + 1.0) - left(float(age))
        yield Row(
            "Share of even sales discarded, Weibull 2.2, 13.6 years", f"year {age} after", "1", exact, float(shares[age]), CLOSED,
            TIGHT, "Weibull (1951); integral by scipy.integrate.quad", strength="exact",
        )  # fmt: skip


def queues() -> Iterator[Row]:
    cases = [
        ("M/M/1, load 0.7", 0.7, 1, queue_theory.Service.exponential(), "Pollaczek-Khinchine"),
        ("M/D/1, load 0.7", 0.7, 1, queue_theory.Service.fixed(), "Pollaczek-Khinchine"),
        ("M/M/3, load 0.8", 2.4, 3, queue_theory.Service.exponential(), "Erlang C (1917)"),
    ]
    for name, rate, servers, service, source in cases:
        if servers == 1:
            wait, variance = queue_theory.single_server_wait(rate, service)
        else:
            wait, variance = queue_theory.erlang_c_wait(rate, servers), queue_theory.BirthDeath(rate, servers).wait_variance
        count = queue_theory.customers_for(wait, variance, 0.05)
        station, _, _ = test_queues.simulate(name, rate, servers, count, service)
        spread = queue_theory.Z_LIMIT * math.sqrt(variance / count) / wait
        yield Row(
            f"Mean wait, {name}", f"{count:,} customers", "services", wait, station.mean_wait_days, CLOSED,
            (1 - spread, 1 + spread), source, strength="3.3 standard errors, known variance",
        )  # fmt: skip


def routes() -> Iterator[Row]:
    yield Row(
        "Length of a tour of a million stops", "unit square", "1", 0.7124 * math.sqrt(1e6), float(tour_km(1e6, 1.0, 1.0)), CLOSED,
        (0.998, 1.002), "Beardwood, Halton, Hammersley (1959); constant by Johnson, McGeoch, Rothberg (1996)",
        strength="limit of many stops",
    )  # fmt: skip
    for stops, capacity in ((60, 6), (45, 15), (24, 8)):
        solved = test_routes.mean_of_routes(stops, capacity, 6, 150)
        yield Row(
            f"Length of routes, {stops} random stops, {capacity} on a vehicle", "6 places", "side of the square", solved,
            test_routes.formula(stops, capacity), OTHER, (0.92, 1.08), "PyVRP", strength="solver, 6 random sets of stops",
        )  # fmt: skip
    tokyo, singapore = Point(35.68, 139.77), Point(1.29, 103.85)
    to_xyz = [
        np.array([math.cos(p.lat) * math.cos(p.lon), math.cos(p.lat) * math.sin(p.lon), math.sin(p.lat)])
        for p in (Point(*map(math.radians, place)) for place in (tokyo, singapore))
    ]
    yield Row(
        "Great circle, Tokyo to Singapore", "", "km", 6371.0088 * math.acos(float(to_xyz[0] @ to_xyz[1])),
        great_circle_km(tokyo, singapore), CLOSED, EXACT, "angle between position vectors", strength="exact",
    )  # fmt: skip


def sensitivities() -> Iterator[Row]:
    """First and total Sobol indices of the Ishigami function, and of its second dial by SALib."""
    found = sobol(test_indices.ishigami(test_indices.saltelli(3, -math.pi, math.pi)), 3, resamples=2)
    first, total = test_indices.ishigami_indices()
    for name, number, exact, value in (
        ("First Sobol index, Ishigami, dial 1", 0, first, found.first.value),
        ("First Sobol index, Ishigami, dial 2", 1, first, found.first.value),
        ("Total Sobol index, Ishigami, dial 3", 2, total, found.total.value),
    ):
        width = 0.01 / exact[number]
        yield Row(
            name, "4,096 base points", "1", float(exact[number]), float(value[number]), CLOSED, (1 - width, 1 + width),
            "Ishigami and Homma (1990)", strength="0.01 absolute",
        )  # fmt: skip
    yield from _salib()


def _salib() -> Iterator[Row]:
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-math.pi, math.pi]] * 3}
    points = sample.sample(problem, test_indices.N, calc_second_order=False, seed=1)
    theirs = analyse.analyze(problem, test_indices.ishigami(points), calc_second_order=False, num_resamples=2, seed=1)
    ours = sobol(test_indices.ishigami(test_indices.saltelli(3, -math.pi, math.pi)), 3, resamples=2)
    for number in (0, 1):
        yield Row(
            f"Total Sobol index, Ishigami, dial {number + 1}", "4,096 base points", "1", float(theirs["ST"][number]),
            float(ours.total.value[number]), OTHER, (0.97, 1.03), "SALib", strength="own points each",
        )  # fmt: skip


def money() -> Iterator[Row]:
    import numpy_financial

    flows = [-1000.0, 120.0, 260.0, 300.0, 310.0, 320.0, 150.0]
    yield Row(
        "Net present value of seven years at 8 %", "", "USD", float(numpy_financial.npv(0.08, flows)), npv(0.08, flows), OTHER,
        EXACT, "numpy-financial", strength="exact",
    )  # fmt: skip
    yield Row(
        "Internal rate of return of the same", "", "1", float(numpy_financial.irr(flows)), irr(flows), OTHER, EXACT,
        "numpy-financial", strength="exact",
    )  # fmt: skip


def indicators() -> Iterator[Row]:
    yield Row(
        "Supplier concentration of shares 0.7, 0.2, 0.1", "", "1", 0.54, float(hhi(np.array([70.0, 20.0, 10.0]))), CLOSED, EXACT,
        "Herfindahl (1950), Hirschman (1964), by hand", strength="exact",
    )  # fmt: skip


def codes() -> Iterator[Row]:
    """Outflow of a stock with one inflow pulse a year, against flodym."""
    inflow = np.random.default_rng(3).lognormal(3.0, 1.0, 60)
    kernel = year_shares(np.array([2.0]), np.array([11.0]), 60, "survival_difference")
    ours = discards_by_year(inflow[np.newaxis, np.newaxis, :, np.newaxis], kernel[np.newaxis])[0, 0, :, 0]
    theirs = test_cohorts_flodym.flodym_outflow(inflow, 2.0, 11.0)
    worst = int(np.abs(ours / theirs - 1.0).argmax())
    yield Row(
        "Outflow of a stock over 60 years, worst year", f"year {worst}", "units", float(theirs[worst]), float(ours[worst]), OTHER,
        EXACT, "flodym", strength="exact",
    )  # fmt: skip


def twin() -> Iterator[Row]:
    """The simulation without limits and delays against the queue-free twin, totals of 2025-2026."""
    spec = unlimited(test_twin.of_few_countries(test_twin.scenario().spec))
    ladder, tables = run_twin(spec), test_twin.simulated(spec)
    for rung, metal in (("collected_kg", "Nd"), ("separated_kg", "Nd"), ("refined_kg", "Au"), ("available_kg", "Cu")):
        column = ladder.substances.index(metal)
        yield Row(
            f"{rung.removesuffix('_kg').capitalize()} {metal}, no limits and no delays", "2025-2026", "kg",
            float(getattr(ladder, rung)[..., column].sum()),
            float(test_twin.climbed(tables, "signals", ladder, rung)[..., column].sum()), OTHER, EXACT,
            "our stock-flow twin (`sim/simulate/twin.py`)", strength="exact, but ours too",
        )  # fmt: skip
