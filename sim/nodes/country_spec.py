"""What a scenario says of a country: people, what they throw away, and what they do with it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.core.spec import Count, Days, Factor, Key, Kilotonnes, Share, Spec, Text, UsdPer, Years
from sim.nodes.channel_spec import ChannelSpec
from sim.nodes.depot_spec import DepotSpec


class ArisingsSpec(Spec):
    """Reconstruction of put-on-market and its future (`nodes.households`)."""

    base_year_kt: Kilotonnes = Field(description="E-waste generated in 2022, the total the reconstruction is scaled to.")
    ownership_half_gdp_usd: UsdPer = Field(description="GDP per head at which ownership reaches half of saturation; fitted.")
    ownership_steepness: Factor = Field(description="Exponent of the ownership curve; fitted.")
    saturation_kg_per_capita: Factor = Field(description="Arisings per head approached in the long run [kg per head and year].")
    convergence_years: Years = Field(description="Time constant of the approach to saturation beyond the last GDP figure.")
    mix: dict[Key, Share] = Field(description="Share of base-year mass by product; sums to 1 after normalisation.")
    units: dict[Key, Count] = Field(default_factory=dict, description="Statutory units discarded by product and year, where known.")


class HouseholdsSpec(Spec):
    """Drawers, second owners and patience."""

    hoarded_share: dict[Key, Share] = Field(description="Share of devices kept at home first, by product group.")
    hoarded_years: Years = Field(description="Mean time a hoarded device stays at home.")
    reused_share: dict[Key, Share] = Field(description="Share of devices that find a second owner at home, by group.")
    second_life_years: Years = Field(description="Mean second life.")
    exported_for_reuse_share: dict[Key, Share] = Field(description="Share of devices that leave the country for reuse, by group.")
    patience_days: Days = Field(description="Days an offer waits before the household gives up.")
    retry_share: Share = Field(description="Share of expired offers that are offered again.")
    hoard_share: Share = Field(description="Share of expired offers kept at home; the rest goes to mixed waste.")


class InformalSpec(Spec):
    """Competition of informal buyers with formal channels on price (logit)."""

    price_paid_usd_per_kg: UsdPer = Field(description="What informal buyers pay households.")
    price_sensitivity: Factor = Field(description="Change of log odds per USD/kg of price difference.")
    sold_to_formal_share: Share = Field(description="Share of what buyers collect that they sell to formal plants.")
    income_usd_per_day: UsdPer = Field(description="Earnings of a buyer.")


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
