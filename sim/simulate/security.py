"""Tables of supply security: months of the market, and its yearly indices with and without the urban mine.

Every index is a function of `core.indicators`; what only the market knew while it ran (concentration by supplier) it recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core import indicators
from sim.core.calendar import MONTHS_PER_YEAR
from sim.engine.world import World
from sim.results.tables import Columns, from_columns, from_rows
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
    known = np.flatnonzero(~np.isnan(np.asarray(cells["demand_kg"], dtype=np.float64)))
    keys = sorted((cells["country"][row], cells["metal"][row], cells["month"][row], row) for row in known.tolist())
    rows: list[dict[str, Any]] = []
    for (country, metal), some in groupby(keys, key=lambda key: key[:2]):
        order = [row for _, _, _, row in some]
        series = {name: np.asarray(cells[name], dtype=np.float64)[order] for name in ("month", *MEASURES)}
        rows += [{"country": country, "metal": metal, **year} for year in _years(series, world)]
    names = list(rows[0]) if rows else []
    table = {name: [row[name] for row in rows] for name in names}
    return from_columns("security", table) if rows else from_rows("security", [])


def _years(series: Mapping[str, Array], world: World) -> list[dict[str, Any]]:
    """Indices of one country and metal by year, from its months."""
    days, start = _days(world)[series["month"].astype(np.int64)], world.calendar.start
    years = series["month"].astype(np.int64) // MONTHS_PER_YEAR
    rows = []
    for number in np.unique(years).tolist():
        of_year = years == number
        sums = {name: series[name][of_year].sum() for name in MASSES}
        weights = series["demand_kg"][of_year]
        row: dict[str, Any] = {"year": start + number, **{name: float(value) for name, value in import_dependence(sums).items()}}
        for name in ("hhi", "hhi_by_origin", "hhi_by_place", "primary_hhi"):
            row[name] = _mean(series[name][of_year], weights)
        for end in ("", "_without"):
            short = series[f"shortfall{end}_kg"]
            lost = 1.0 - indicators.share_of_demand_met(series["demand_kg"], short)
            row[f"share_met{end}_share"] = float(indicators.share_of_demand_met(sums["demand_kg"], sums[f"shortfall{end}_kg"]))
            row[f"shortfall{end}_kg"] = float(sums[f"shortfall{end}_kg"])
            row[f"cover{end}_days"] = float(
                indicators.days_of_cover(series[f"stockpile{end}_kg"][of_year][-1], (weights / days[of_year])[-1])
            )
            row[f"loss_area{end}_days"] = indicators.loss_area(lost[of_year], days[of_year])
            row[f"recovery_time{end}_days"] = _recovery_days(lost, days, of_year)
        # new scrap is left out: table `new_scrap` knows it of some plants only, and the market takes none of it
        row["eol_rir_share"] = float(indicators.eol_recycling_input_rate(sums["recovered_kg"], sums["primary_kg"]))
        row["urban_mine_share"] = float(indicators.urban_mine_share(sums["recovered_kg"], sums["demand_kg"]))
        rows.append(row)
    return rows


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


def _mean(values: Array, weights: Array) -> float:
    """Mean of the months in which it is known, weighted by demand."""
    known = ~np.isnan(values) & (weights > 0.0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else float("nan")


def _days(world: World) -> Array:
    """Length of every month of the run."""
    return np.diff(np.array(world.calendar.month_starts, dtype=np.float64))
