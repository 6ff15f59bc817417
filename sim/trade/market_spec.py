"""What a scenario says of prices, demand, supply and stockpiles."""

from __future__ import annotations

from pydantic import Field

from sim.core.spec import Days, Factor, Key, Share, Spec, Tonnes, UsdPer


class PriceSpec(Spec):
    """Price of contained element; two series where the market has split."""

    usd_per_kg: UsdPer
    inside_china_usd_per_kg: UsdPer | None = None
    log_sd_per_year: Factor | None = Field(
        default=None, description="Volatility of yearly log changes, from the table; none: a fixed path."
    )


class DemandSpec(Spec):
    """Demand of one country for one metal and who supplies it."""

    t_per_year: Tonnes
    supply_share: dict[Key, Share] = Field(description="Share of primary supply by source country; sums to 1.")
    stockpile_days: Days


class MarketSpec(Spec):
    """Everything that is bought and sold."""

    prices: dict[Key, PriceSpec]
    demand: dict[Key, dict[Key, DemandSpec]] = Field(description="country -> metal -> demand")
    grid_co2_kg_per_kwh: dict[Key, Factor]
    primary_co2_kg_per_kg: dict[Key, Factor] = Field(default_factory=dict)
