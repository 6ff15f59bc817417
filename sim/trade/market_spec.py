"""What a scenario says of prices, demand, supply and stockpiles."""

from typing import Annotated

from pydantic import Field

from sim.core.quantity import Quantity
from sim.core.spec import Bounded, Days, Factor, Key, KgCo2ePer, Share, Spec, Tonnes, UsdPer, Years

KwhPerKg = Annotated[Quantity, Bounded(0.0, 1e6, "kWh/kg")]


class PriceSpec(Spec):
    """Price of contained element; two series where the market has split."""

    usd_per_kg: UsdPer = Field(description="What buyers outside China pay per kg of contained element.")
    inside_china_usd_per_kg: UsdPer | None = Field(default=None, description="What buyers in China pay; none: the same.")
    log_sd_per_year: Factor | None = Field(
        default=None, description="Standard deviation of yearly log changes around the path, from the table; none: a fixed path."
    )
    scarcity_exponent: Factor | None = Field(
        default=None,
        description="One over the price elasticity of demand: where a share s of supply is left, the price outside China goes to"
        " s^-exponent, unless the shock states a price factor; none: prices do not feel cuts.",
    )


class DemandSpec(Spec):
    """Demand of one country for one metal and who supplies it."""

    t_per_year: Tonnes = Field(description="Contained element.")
    supply_share: dict[Key, Share] = Field(description="Share of primary supply by source country (`ROW`: the rest); sums to 1.")
    stockpile_days: Days = Field(description="National stock in days of demand; leaves only when a response releases it.")
    industry_stock_days: Days | None = Field(
        default=None, description="Stock of firms in days of demand; drawn at once when supply falls short."
    )


class MarketSpec(Spec):
    """Everything that is bought and sold."""

    prices: dict[Key, PriceSpec] = Field(description="metal -> price")
    demand: dict[Key, dict[Key, DemandSpec]] = Field(description="country -> metal -> demand; absent where no figure is known")
    price_reversion_years: Years | None = Field(
        default=None, description="Time constant with which random prices return to their path; none: they do not."
    )
    scarcity_delay_days: Days | None = Field(
        default=None, description="Time constant with which a price follows scarcity and its end; none: within the month."
    )
    stockpile_refill_days: Days | None = Field(
        default=None, description="Days in which an empty stockpile is bought back; none: never."
    )
    grid_co2_kg_per_kwh: dict[Key, Factor] = Field(description="country -> kg CO2e per kWh of the grid")
    fuel_co2_kg_per_kwh: dict[Key, Factor] = Field(
        default_factory=dict,
        description="`road`, `sea` -> kg CO2e per kWh of fuel burnt: tells energy of transport by its emissions",
    )
    primary_co2_kg_per_kg: dict[Key, KgCo2ePer] = Field(
        default_factory=dict, description="metal -> kg CO2e per kg of primary metal, cradle to gate"
    )
    primary_energy_kwh_per_kg: dict[Key, KwhPerKg] = Field(
        default_factory=dict, description="metal -> kWh of primary energy per kg of primary metal, cradle to gate"
    )
