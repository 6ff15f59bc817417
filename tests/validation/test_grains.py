"""Grains of one model: a coarser grain gives the figures of the finest within 1 % (km and cost 2 %) and with their spread.

Paired runs with the shipped data of Japan (47 prefectures in 8 regions) and Thailand (77 provinces in 6). For each figure the
99 % interval of the mean relative difference lies inside the bound, for five regions and for the country, with the fleets as
given and with half of them, so that queues form. Spread is that of replications as a run makes them, each with its own draw of
the inputs and its own chance: the 99 % interval of the ratio of variances (Pitman and Morgan, for pairs) lies inside 0.8-1.25.
What a coarser grain keeps of chance alone is in `docs/model-collection.md`, whose figures are held here, and why that is
enough in `docs/decisions/0007-what-a-grain-keeps.md`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.fixtures.real_collection import DRAWS, collected

BOUNDS = {"collected_kg": 0.01, "km": 0.02, "cost_usd": 0.02}
SPREAD = (0.8, 1.25)
PAGE = Path(__file__).parents[2] / "docs" / "model-collection.md"
FIVE = ("JP-31", "JP-32", "JP-36", "JP-39", "JP-18")  # Tottori, Shimane, Tokushima, Kochi, Fukui
TRUCKS = ("municipal_pickup", "municipal_station", "designated_site", "retailer_small")  # own rounds and depots' bays
FINEST = {"zones": "fine", "period_days": 7}
MONTHS = {"zones": "fine", "period_days": 28}
DEFAULT = {"zones": "coarse", "period_days": 28}


def figures(country: str, seed: int, fleets: float, places: tuple[Any, ...] = ((), ()), **grain: Any) -> pd.DataFrame:
    """Figures by region or zone, with `all` for the sum."""
    found = collected(country, seed, 2027, 2027, *places, fleets, **grain).groupby("zone").sum()
    found.loc["all"] = found.sum()
    return found[list(BOUNDS)]


@cache
def sums(country: str, fleets: float, places: tuple[Any, ...] = ((), ()), seeds: int = 5, **grain: Any) -> pd.DataFrame:
    """Figures by seed at the modes of the inputs."""
    return pd.concat({seed: figures(country, seed, fleets, places, **grain) for seed in range(1, seeds + 1)}, names=["seed"])


def pairs(coarse: pd.DataFrame, fine: pd.DataFrame) -> Any:
    """Every figure of five regions and the country, coarse and fine."""
    chosen = [*sorted(set(fine.index.get_level_values("zone")) - {"all"})[:5], "all"]
    assert len(chosen) == 6
    for place in chosen:
        for figure in BOUNDS:
            yield place, figure, *(table.xs(place, level="zone")[figure].to_numpy() for table in (coarse, fine))


def assert_alike(coarse: pd.DataFrame, fine: pd.DataFrame) -> None:
    for place, figure, ours, theirs in pairs(coarse, fine):
        apart = ours / theirs - 1.0
        half = stats.t.ppf(0.995, len(apart) - 1) * apart.std(ddof=1) / np.sqrt(len(apart))
        assert abs(apart.mean()) + half <= BOUNDS[figure], (place, figure, apart.mean(), half)


def spread_ratio(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """99 % interval of the ratio of variances of paired values (Pitman 1939, Morgan 1939)."""
    ratio, free = ours.var(ddof=1) / theirs.var(ddof=1), len(ours) - 2
    wide = 1.0 + 2.0 * (1.0 - np.corrcoef(ours, theirs)[0, 1] ** 2) * stats.t.ppf(0.995, free) ** 2 / free
    root = np.sqrt(max(wide**2 - 1.0, 0.0))
    return ratio * (wide - root), ratio * (wide + root)


def assert_spread_alike(country: str, fleets: float, draws: int) -> None:
    drawn = {
        name: pd.concat({d: figures(country, d + 1, fleets, draw=d, **grain) for d in range(draws)}, names=["draw"])
        for name, grain in (("default", DEFAULT), ("finest", FINEST))
    }
    for place, figure, ours, theirs in pairs(drawn["default"], drawn["finest"]):
        low, high = spread_ratio(ours, theirs)
        assert SPREAD[0] <= low, (place, figure, low, high)
        assert high <= SPREAD[1], (place, figure, low, high)


@pytest.mark.parametrize("fleets", [pytest.param(1.0, marks=pytest.mark.slow), 0.5])
def test_weeks_and_four_weeks(fleets):
    """The default period of four weeks, with every prefecture by itself."""
    assert_alike(sums("JPN", fleets, **MONTHS), sums("JPN", fleets, **FINEST))


@pytest.mark.parametrize("country", ["JPN", "THA"])
@pytest.mark.parametrize("fleets", [1.0, 0.5])
def test_regions_and_prefectures(country, fleets):
    """The default, the coarsest grain there is, against weeks and prefectures."""
    assert_alike(sums(country, fleets, **DEFAULT), sums(country, fleets, **FINEST))


def test_replications_spread_as_they_do_at_the_finest_grain():
    assert_spread_alike("JPN", 0.5, draws=5)


@pytest.mark.slow
@pytest.mark.parametrize("country", ["JPN", "THA"])
@pytest.mark.parametrize("fleets", [1.0, 0.5])
def test_forty_replications_spread_as_they_do_at_the_finest_grain(country, fleets):
    assert_spread_alike(country, fleets, DRAWS)


def chance(**grain: Any) -> pd.DataFrame:
    """Figures of Japan with half of the fleets over 40 seeds at the modes of the inputs, so that they differ by chance alone."""
    return sums("JPN", 0.5, seeds=40, **grain).xs("all", level="zone")


@pytest.mark.slow
def test_four_weeks_keep_the_chance_of_a_year():
    """Variance of the country's year over that with weeks, in prefectures; 40 seeds, a sixth more or less is noise."""
    ratio = chance(**MONTHS).var() / chance(**FINEST).var()
    assert ratio.between(*SPREAD).all(), ratio


@pytest.mark.slow
def test_the_page_tells_what_regions_keep_of_chance_alone():
    """Less than 0.8 of it for km: no claim is made, the figures are told."""
    told = []
    for figure in BOUNDS:
        ours, theirs = (chance(**grain)[figure].to_numpy() for grain in (DEFAULT, FINEST))
        low, high = spread_ratio(ours, theirs)
        told.append(f"{ours.var(ddof=1) / theirs.var(ddof=1):.2f} ({low:.2f}-{high:.2f})")
    mass, km, cost = told
    assert f"{mass}, {km} and {cost} in regions" in PAGE.read_text(encoding="utf-8"), told


@pytest.mark.slow
@pytest.mark.parametrize("fleets", [1.0, 0.5])
def test_platoons_and_single_vehicles(fleets):
    """Five prefectures, every truck of own rounds by itself, with bays and breakdowns, against platoons of four weeks."""
    platoons, single = (
        sums("JPN", fleets, (FIVE, TRUCKS), 12, zones="fine", period_days=days, vehicles=vehicles)
        for days, vehicles in ((28, "platoon"), (7, "vehicle"))
    )
    assert_alike(platoons, single)
