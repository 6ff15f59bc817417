"""Published indicators of recovery and supply security, one pure function each.

All are ratios of contained element. They take numbers or arrays of one shape and return arrays; where the
denominator is zero or unknown the result is NaN: a figure that cannot be told is blank, never invented.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def _ratio(part: ArrayLike, whole: ArrayLike) -> Array:
    top, bottom = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    result: Array = np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom > 0.0)
    return result


# supply


def shortfall(demand_kg: ArrayLike, supply_kg: ArrayLike) -> Array:
    """Demand that supply does not meet [kg]; a surplus is no negative shortfall."""
    result: Array = np.maximum(np.asarray(demand_kg, dtype=np.float64) - np.asarray(supply_kg, dtype=np.float64), 0.0)
    return result


def share_of_demand_met(demand_kg: ArrayLike, shortfall_kg: ArrayLike) -> Array:
    """Share of demand met from all sources [0 to 1]."""
    return 1.0 - _ratio(shortfall_kg, demand_kg)


def urban_mine_share(recovered_kg: ArrayLike, demand_kg: ArrayLike) -> Array:
    """Recovered metal available to a country over its demand; above 1 where it could export."""
    return _ratio(recovered_kg, demand_kg)


def import_dependence_by_offtaker(primary_imports_kg: ArrayLike, supply_kg: ArrayLike) -> Array:
    """Imports over supply where all recovered metal that the country's industry has title to counts as home supply.

    Wherever its waste arose and wherever it was refined; without recovered metal, the dependence without the urban mine.
    """
    return _ratio(primary_imports_kg, supply_kg)


def import_dependence_by_place(primary_imports_kg: ArrayLike, refined_abroad_kg: ArrayLike, supply_kg: ArrayLike) -> Array:
    """Imports over supply where metal counts as home supply only if *refined at home*.

    Metal from a country's own waste that was refined abroad and comes back counts as an import, as in trade statistics
    (net import reliance, USGS Mineral Commodity Summaries, appendix: imports - exports + stock change over consumption).
    """
    imports = np.asarray(primary_imports_kg, dtype=np.float64) + np.asarray(refined_abroad_kg, dtype=np.float64)
    return _ratio(imports, supply_kg)


def import_dependence_by_origin(primary_imports_kg: ArrayLike, foreign_waste_kg: ArrayLike, supply_kg: ArrayLike) -> Array:
    """Imports over supply where metal counts as home supply if it comes *from the country's own waste*.

    Metal from own waste refined abroad under contract is home supply; metal made at home from foreign waste is an import.
    """
    imports = np.asarray(primary_imports_kg, dtype=np.float64) + np.asarray(foreign_waste_kg, dtype=np.float64)
    return _ratio(imports, supply_kg)


def hhi(supply_kg: ArrayLike) -> Array:
    """Supplier concentration: sum of squared shares over the last axis, 1 for a single supplier.

    Herfindahl-Hirschman index (Hirschman 1964, American Economic Review 54(5):761); times 10,000 in competition law.
    """
    supply = np.asarray(supply_kg, dtype=np.float64)
    shares = _ratio(supply, supply.sum(axis=-1, keepdims=True))
    result: Array = np.asarray((shares**2).sum(axis=-1))
    return result


def hhi_with_urban_mine(primary_hhi: ArrayLike, primary_kg: ArrayLike, recovered_kg: ArrayLike) -> Array:
    """`hhi` once the urban mine is one more supplier, from the index of the others."""
    primary = np.asarray(primary_kg, dtype=np.float64)
    recovered = _ratio(recovered_kg, primary + np.asarray(recovered_kg, dtype=np.float64))
    others = np.where(primary > 0.0, primary_hhi, 0.0)
    result: Array = np.asarray(others * (1.0 - recovered) ** 2 + recovered**2)
    return result


def days_of_cover(stock_kg: ArrayLike, demand_kg_per_day: ArrayLike) -> Array:
    """Days that stocks alone would meet demand."""
    return _ratio(stock_kg, demand_kg_per_day)


# shocks


def loss_area(shortfall_share: ArrayLike, days: ArrayLike) -> float:
    """Area between full and actual supply [days of full demand], 0 without a shortfall.

    The resilience loss of Bruneau et al. 2003, Earthquake Spectra 19(4):733-752, doi:10.1193/1.1623497, with
    quality = share of demand met, over periods of length `days`.
    """
    return float(np.sum(np.asarray(shortfall_share, dtype=np.float64) * np.asarray(days, dtype=np.float64)))


def recovery_time(met_share: ArrayLike, days: ArrayLike, threshold: float = 1.0 - 1e-9) -> float:
    """Days from the first period with less than `threshold` of demand met to the last one (rapidity in Bruneau et al. 2003).

    0 if demand is always met; infinite if it is still not met in the last period.
    """
    met, lengths = np.asarray(met_share, dtype=np.float64), np.asarray(days, dtype=np.float64)
    short = np.flatnonzero(met < threshold)
    if short.size == 0:
        return 0.0
    if short[-1] == met.size - 1:
        return float("inf")
    return float(lengths[short[0] : short[-1] + 1].sum())


# recycling


def collection_rate(collected_kg: ArrayLike, arisings_kg: ArrayLike) -> Array:
    """Collected over arisings of the same scope (say the scope)."""
    return _ratio(collected_kg, arisings_kg)


def collection_rate_of_sales(collected_kg: ArrayLike, put_on_market_kg_of_3_years: ArrayLike) -> Array:
    """Collected over the mean put-on-market of the three years before (Directive 2012/19/EU, article 7); last axis: the years."""
    return _ratio(collected_kg, np.asarray(put_on_market_kg_of_3_years, dtype=np.float64).mean(axis=-1))


def eol_recycling_rate(recovered_kg: ArrayLike, arisings_kg: ArrayLike) -> Array:
    """EoL-RR: element recovered over element in arisings (Graedel et al. 2011, doi:10.1111/j.1530-9290.2011.00342.x)."""
    return _ratio(recovered_kg, arisings_kg)


def eol_recycling_input_rate(recovered_kg: ArrayLike, primary_kg: ArrayLike, new_scrap_kg: ArrayLike = 0.0) -> Array:
    """EoL-RIR: recovered from end-of-life products over all input to production.

    Talens Peiro et al. 2018, JRC112720; scrap of manufacturing is input, not end-of-life.
    """
    recovered = np.asarray(recovered_kg, dtype=np.float64)
    return _ratio(recovered, recovered + np.asarray(primary_kg, dtype=np.float64) + np.asarray(new_scrap_kg, dtype=np.float64))
