"""What a scenario says of a country: people, what they throw away, and what they do with it."""

from typing import Literal

from pydantic import Field

from sim.core.quantity import Quantity
from sim.core.spec import Count, Days, Factor, Iso3, Key, Kilotonnes, Share, Spec, Text, UsdPer, Years
from sim.nodes.channel_spec import ChannelSpec
from sim.nodes.depot_spec import DepotSpec


class ArisingsSpec(Spec):
    """Reconstruction of put-on-market and its future (`nodes.put_on_market`)."""

    base_year_kt: Kilotonnes = Field(description="E-waste generated in 2022, the total the reconstruction is scaled to.")
    ownership_half_gdp_usd: UsdPer = Field(description="GDP per head at which ownership reaches half of saturation; fitted.")
    ownership_steepness: Factor = Field(description="Exponent of the ownership curve; fitted.")
    saturation_kg_per_capita: Factor = Field(description="Arisings per head approached in the long run [kg per head and year].")
    convergence_years: Years = Field(description="Time constant of the approach to saturation beyond the last GDP figure.")
    mix: dict[Key, Share] = Field(
        description="Share of base-year mass by product; normalised over the products without units or sold_units."
    )
    units: dict[Key, Count] = Field(
        default_factory=dict, description="Units discarded by product and year, where known; replaces the mix share."
    )
    sold_units: dict[Key, Count] = Field(
        default_factory=dict,
        description="Units put on the market by product and year, where known; replaces the mix share. With units as well, "
        "sales give the shape over time and discards the level.",
    )


class HouseholdsSpec(Spec):
    """Drawers, second owners, exports for reuse, and patience with a collection that does not come."""

    hoarded_share: dict[Key, Share] = Field(
        default_factory=dict, description="Share of devices kept in a drawer before they leave, by product group or product."
    )
    hoarded_years: Years = Field(description="Mean time a hoarded device stays in the drawer.")
    reused_share: dict[Key, Share] = Field(
        default_factory=dict, description="Share of devices that find a second owner at home, by product group or product."
    )
    second_life_share: Share = Field(
        description="Share of its residence that a reused device spends with its second owner; used imports live that long."
    )
    exported_for_reuse_share: dict[Key, Share] = Field(
        default_factory=dict,
        description="Share of devices leaving a home that leave the country for reuse, by product group or product.",
    )
    reuse_destinations: dict[Iso3, Share] = Field(
        default_factory=dict,
        description="Share of electrical equipment exported for reuse that enters the stock of a country of the study; the rest "
        "goes outside, as vehicles and machines do.",
    )
    patience_days: Days = Field(description="Days an offer waits before the household gives up.")
    retry_share: Share = Field(description="Share of expired offers that are offered again.")
    hoard_share: Share = Field(description="Share of expired offers kept at home; the rest goes to mixed waste.")


class InformalSpec(Spec):
    """Informal buyers: competition on price (logit), earnings, and what they sell to formal plants.

    What they pay households is `paid_to_household_usd_per_kg` of the informal channel.
    """

    price_sensitivity: Factor = Field(description="Change of log odds of a channel per USD/kg paid above its reference price.")
    sold_to_formal_share: Share = Field(description="Share of what buyers collect that they sell to formal plants.")
    formal_premium_usd_per_kg: UsdPer = Field(
        default=Quantity.constant(0.0),
        description="What formal plants pay buyers on top of the price of crude yards, on all they sell to them; moves the odds of "
        "that share by `price_sensitivity`.",
    )
    margin_share: Share = Field(description="What buyers earn on resale, as a share of the purchase price.")
    income_usd_per_day: UsdPer = Field(description="Earnings of a buyer in a full working day; the hourly cost of informal rounds.")


class CountrySpec(Spec):
    """A country of the study (role `home`) or a partner that only receives material."""

    name_en: Text
    name_ja: Text
    role: Literal["home", "partner"]
    available_to: Key = Field(description="Country whose industry gets metal refined here unless a plant says otherwise.")
    population: Count | None = None
    households: Count | None = None
    gdp_per_capita_usd: UsdPer | None = None
    arisings: ArisingsSpec | None = None
    behaviour: HouseholdsSpec | None = None
    informal: InformalSpec | None = None
    depots: DepotSpec | None = None
    channels: dict[Key, ChannelSpec] = Field(default_factory=dict)
