"""Tables of supply security: months of the market, and its yearly indices with and without the urban mine.

Every index is a function of `core.indicators`; what only the market knew while it ran (concentration by supplier) it recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core import indicators
from sim.core.calendar import MONTHS_PER_YEAR
from sim.engine.world import World
from sim.results.tables import Columns, coded, from_columns, ratio, taken
from sim.trade.market import MEASURES

Array = NDArray[np.float64]
Cells = Mapping[str, Any]
AS_RECORDED = (
    "country metal demand_kg primary_kg recovered_kg stockpile_kg shortfall_kg price_usd_per_kg hhi hhi_by_origin hhi_by_place"
    " primary_hhi released_kg refilled_kg stockpile_without_kg shortfall_without_kg"
)
INDICES = (
    "import_dependence_share",
    "import_dependence_by_origin_share",
    "import_dependence_by_place_share",
    "import_dependence_without_share",
)
SHORT = 1e-9  # share of demand: less is met
MASSES = (
    "demand_kg",
    "primary_kg",
    "recovered_kg",
    "shortfall_kg",
    "own_primary_kg",
    "own_waste_kg",
    "refined_home_kg",
    "primary_without_kg",
    "own_primary_without_kg",
    "shortfall_without_kg",
)


def market(cells: Cells, world: World) -> Columns:
    """Table `market`."""
    month = np.asarray(cells["month"], dtype=np.int64)
    return from_columns(
        "market",
        {
            **{name: cells[name] for name in AS_RECORDED.split()},
            **import_dependence(cells),
            "year": world.calendar.start + month // MONTHS_PER_YEAR,
            "month": month % MONTHS_PER_YEAR + 1,
            "cover_days": indicators.days_of_cover(cells["stockpile_kg"], cells["demand_kg"] / _days(world)[month]),
            "cover_without_days": indicators.days_of_cover(cells["stockpile_without_kg"], cells["demand_kg"] / _days(world)[month]),
        },
    )


def import_dependence(masses: Cells) -> dict[str, Array]:
    """Import dependence in its three conventions and without the urban mine, from masses."""
    imports, supply = masses["primary_kg"] - masses["own_primary_kg"], masses["primary_kg"] + masses["recovered_kg"]
    foreign_waste = masses["recovered_kg"] - masses["own_waste_kg"]
    refined_abroad = masses["recovered_kg"] - masses["refined_home_kg"]
    bare = masses["primary_without_kg"]
    values = (
        indicators.import_dependence_by_offtaker(imports, supply),
        indicators.import_dependence_by_origin(imports, foreign_waste, supply),
        indicators.import_dependence_by_place(imports, refined_abroad, supply),
        indicators.import_dependence_by_offtaker(bare - masses["own_primary_without_kg"], bare),
    )
    return dict(zip(INDICES, values, strict=True))


def security(cells: Cells, world: World) -> Columns:
    """Table `security`: indices of every year, country and metal with a demand figure."""
    demand, years = np.asarray(cells["demand_kg"], dtype=np.float64), np.array(world.calendar.years)
    country, metal = coded(cells["country"]), coded(cells["metal"])
    rows = np.lexsort((np.asarray(cells["month"]), metal.codes, country.codes))
    rows = rows[~np.isnan(demand[rows])]
    shape = (-1, len(years), MONTHS_PER_YEAR)
    series = {name: np.asarray(cells[name], dtype=np.float64)[rows].reshape(shape) for name in MEASURES}
    first_of_year = rows[::MONTHS_PER_YEAR]
    told = {name: values.ravel() for name, values in _indices(series, _days(world).reshape(shape[1:])).items()}
    keys = {"country": taken(country, first_of_year), "metal": taken(metal, first_of_year)}
    return from_columns("security", {**keys, "year": np.resize(years, len(first_of_year)), **told})


def _indices(series: Mapping[str, Array], days: Array) -> dict[str, Array]:
    """Indices of every country and metal by year, shape (pairs, years), from months, (pairs, years, 12)."""
    demand = series["demand_kg"]
    sums = {name: series[name].sum(axis=-1) for name in MASSES}
    told = import_dependence(sums)
    for name in ("hhi", "hhi_by_origin", "hhi_by_place", "primary_hhi"):
        told[name] = _mean(series[name], demand)
    for end in ("", "_without"):
        lost = 1.0 - indicators.share_of_demand_met(demand, series[f"shortfall{end}_kg"])
        told[f"share_met{end}_share"] = indicators.share_of_demand_met(sums["demand_kg"], sums[f"shortfall{end}_kg"])
        told[f"shortfall{end}_kg"] = sums[f"shortfall{end}_kg"]
        told[f"cover{end}_days"] = indicators.days_of_cover(series[f"stockpile{end}_kg"][..., -1], (demand / days)[..., -1])
        told[f"loss_area{end}_days"] = indicators.loss_area(lost, days)
        told[f"recovery_time{end}_days"] = np.array([_recovery_by_year(each, days) for each in lost]).reshape(lost.shape[:2])
    # new scrap is left out: table `new_scrap` knows it of some plants only, and the market takes none of it
    told["eol_rir_share"] = indicators.eol_recycling_input_rate(sums["recovered_kg"], sums["primary_kg"])
    told["urban_mine_share"] = indicators.urban_mine_share(sums["recovered_kg"], sums["demand_kg"])
    return told


def _recovery_by_year(lost: Array, days: Array) -> list[float]:
    """`_recovery_days` of every year, both arrays of shape (years, 12)."""
    if not (lost > SHORT).any():
        return [float("nan")] * len(lost)
    years = np.repeat(np.arange(len(lost)), MONTHS_PER_YEAR)
    return [_recovery_days(lost.ravel(), days.ravel(), years == year) for year in range(len(lost))]


def _recovery_days(lost: Array, days: Array, of_year: NDArray[np.bool_]) -> float:
    """Recovery time of the shortage that begins in a year, a relapse within a year included; missing if none begins.

    One that outlasts the run counts to its end.
    """
    short = np.flatnonzero(lost > SHORT)
    parts = np.split(short, np.flatnonzero(np.diff(short) > MONTHS_PER_YEAR) + 1) if short.size else []
    begun = [part for part in parts if of_year[part[0]]]
    if not begun:
        return float("nan")
    first, last = int(begun[0][0]), int(begun[0][-1])
    if last == lost.size - 1:
        return float(days[first:].sum())
    return indicators.recovery_time(1.0 - lost[first : last + 2], days[first : last + 2])


def _mean(values: Array, weights: Array) -> Array:
    """Mean over the months, the last axis, in which it is known, weighted by demand."""
    known = ~np.isnan(values) & (weights > 0.0)
    weights = np.where(known, weights, 0.0)
    return ratio((np.where(known, values, 0.0) * weights).sum(axis=-1), weights.sum(axis=-1))


def _days(world: World) -> Array:
    """Length of every month of the run."""
    return np.diff(np.array(world.calendar.month_starts, dtype=np.float64))
