"""Shortages of two runs beside each other: lost days of demand, what is bought back for stock afterwards, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR
from sim.results.store import Results
from sim.study.compare import HOME, Effect, by_replication, effect_of

Array = NDArray[np.float64]

REFILL, RESPONSE = "stock refill of ", "response"  # items of payments
PAYERS = tuple(f"{kind} {HOME}" for kind in ("industry", "stockpile", "government"))


@dataclass(frozen=True, slots=True)
class Shortage:
    """A metal that runs short in one of two runs, in the home country, over all years.

    before, after : loss area in days of full demand. lost_days : their paired difference. bought_days : days of demand that
    stocks buy back more, the rebound.
    """

    metal: str
    before: float
    after: float
    lost_days: Effect
    bought_days: Effect


@dataclass(frozen=True, slots=True)
class Shortages:
    """Every metal that runs short, and paired differences of what the home country pays for refills and responses [USD]."""

    metals: tuple[Shortage, ...]
    refill_usd: Effect
    response_usd: Effect


def shortages(first: Results, second: Results) -> Shortages:
    """Compare the shortages of two runs whose replications are pairs."""
    repeats = int(first.manifest["repeats_per_draw"])
    refill, response = (effect_of(_paid(second, begins) - _paid(first, begins), repeats) for begins in (REFILL, RESPONSE))
    return Shortages(tuple(_metals(first, second, repeats)), refill, response)


def _metals(first: Results, second: Results, repeats: int) -> Iterator[Shortage]:
    before, after = (_sums(results, "security", "loss_area_days") for results in (first, second))
    refilled = [_sums(results, "market", "refilled_kg") for results in (first, second)]
    demand = _sums(second, "market", "demand_kg")
    nothing = np.zeros(int(first.manifest["replications"]))
    days = DAYS_PER_YEAR * len(first.summary["years"])
    for metal in sorted(before.keys() | after.keys()):
        lost = [each.get(metal, nothing) for each in (before, after)]
        if not any(each.any() for each in lost):
            continue
        bought = refilled[1].get(metal, nothing) - refilled[0].get(metal, nothing)
        per_day = demand[metal] / days
        had, has = (float(each.mean()) for each in lost)
        yield Shortage(metal, had, has, effect_of(lost[1] - lost[0], repeats), effect_of(bought / per_day, repeats))


def _sums(results: Results, table: str, measure: str) -> dict[str, Array]:
    """A measure of the home country over all years by metal, shape (replications,) each."""
    frame = results.tables[table]
    home = frame[frame["country"] == HOME]
    return {str(metal): by_replication(rows, measure, results) for metal, rows in home.groupby("metal", observed=True)}


def _paid(results: Results, begins: str) -> Array:
    """All that the home country pays for items that begin so [USD], by replication."""
    frame = results.tables["payments"]
    chosen = frame["item"].astype(str).str.startswith(begins) & frame["payer"].isin(PAYERS)
    return by_replication(frame[chosen], "usd", results)
