"""Tables of supply security: months of the market, and its yearly indices with and without the urban mine.

Every index is a function of `core.indicators`; what only the market knew while it ran (concentration by supplier) it recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core import indicators
from sim.core.calendar import MONTHS_PER_YEAR
from sim.engine.world import World
from sim.results.tables import Columns, coded, from_columns, ratio, taken

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
OTHERS = ("stockpile_kg", "stockpile_without_kg", "hhi", "hhi_by_origin", "hhi_by_place", "primary_hhi")


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
    country, metal = coded(cells["country"]), coded(cells["metal"])
    month = np.asarray(cells["month"], dtype=np.int64)
    rows = np.lexsort((month, metal.codes, country.codes))
    rows = rows[~np.isnan(np.asarray(cells["demand_kg"], dtype=np.float64)[rows])]
    year, pair = month[rows] // MONTHS_PER_YEAR, country.codes[rows].astype(np.int64) * len(metal.values) + metal.codes[rows]
    months = _Months(
        {name: np.asarray(cells[name], dtype=np.float64)[rows] for name in MASSES + OTHERS},
        _days(world)[month[rows]],
        year,
        pair,
        np.flatnonzero((np.diff(year, prepend=-1) != 0) | (np.diff(pair, prepend=-1) != 0)),
    )
    first = rows[months.firsts]
    keys = {"country": taken(country, first), "metal": taken(metal, first), "year": world.calendar.start + year[months.firsts]}
    return from_columns("security", keys | months.indices())


@dataclass(frozen=True, slots=True)
class _Months:
    """Months of all countries and metals, in order; arrays of shape (months,).

    series : measures by name. days : length of the month. year, pair : which one it belongs to. firsts : first month of each
    year of a pair.
    """

    series: Mapping[str, Array]
    days: Array
    year: NDArray[np.int64]
    pair: NDArray[np.int64]
    firsts: NDArray[np.intp]

    def indices(self) -> dict[str, Array]:
        """Indices of every pair and year."""
        series, lasts = self.series, np.append(self.firsts, self.days.size)[1:] - 1
        demand = series["demand_kg"]
        sums = {name: self._sum(series[name]) for name in MASSES}
        told = import_dependence(sums)
        for name in ("hhi", "hhi_by_origin", "hhi_by_place", "primary_hhi"):
            told[name] = self._mean(series[name])
        for end in ("", "_without"):
            lost = 1.0 - indicators.share_of_demand_met(demand, series[f"shortfall{end}_kg"])
            told[f"share_met{end}_share"] = indicators.share_of_demand_met(sums["demand_kg"], sums[f"shortfall{end}_kg"])
            told[f"shortfall{end}_kg"] = sums[f"shortfall{end}_kg"]
            told[f"cover{end}_days"] = indicators.days_of_cover(series[f"stockpile{end}_kg"], demand / self.days)[lasts]
            areas = zip(np.split(lost, self.firsts)[1:], np.split(self.days, self.firsts)[1:], strict=True)
            told[f"loss_area{end}_days"] = np.array([indicators.loss_area(*area) for area in areas])
            told[f"recovery_time{end}_days"] = self._recovery_days(lost)
        # new scrap is left out: table `new_scrap` knows it of some plants only, and the market takes none of it
        told["eol_rir_share"] = indicators.eol_recycling_input_rate(sums["recovered_kg"], sums["primary_kg"])
        told["urban_mine_share"] = indicators.urban_mine_share(sums["recovered_kg"], sums["demand_kg"])
        return told

    def _sum(self, values: Array) -> Array:
        return np.asarray(np.add.reduceat(values, self.firsts))

    def _mean(self, values: Array) -> Array:
        """Mean of the months in which it is known, weighted by demand."""
        weights = np.where(np.isnan(values), 0.0, self.series["demand_kg"])
        return ratio(self._sum(np.where(weights > 0.0, values * weights, 0.0)), self._sum(weights))

    def _recovery_days(self, lost: Array) -> Array:
        """Recovery times of every pair and year; missing where a pair is never short."""
        days = np.full(self.firsts.size, np.nan)
        for pair in np.unique(self.pair[lost > SHORT]).tolist():
            here = self.pair == pair
            for row in np.flatnonzero(here[self.firsts]).tolist():
                of_year = self.year[here] == self.year[self.firsts[row]]
                days[row] = _recovery_days(lost[here], self.days[here], of_year)
        return days


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


def _days(world: World) -> Array:
    """Length of every month of the run."""
    return np.diff(np.array(world.calendar.month_starts, dtype=np.float64))
