"""What a scenario says of a collection channel."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.core.spec import Count, Day, Days, Factor, Items, Key, PositiveKg, Share, Spec, UsdPer

ChannelKind = Literal[
    "delivery_truck", "municipal_pickup", "drop_box", "retailer", "mail_in", "producer_scheme", "postal", "informal_buyer"
]


class ChannelSpec(Spec):
    """One way devices leave households or firms; a row of data, never a class."""

    kind: ChannelKind
    groups: Items[Key] = Field(description="Law scope: product groups this channel may take.", min_length=1)
    clients: Literal["households", "business", "both"] = "households"
    denominator: Literal["arisings_in_scope"] = Field(description="What the captured share is a share of.")
    start: Day | None = None
    end: Day | None = None
    coverage_share: Share = Field(description="Share of people the service reaches.")
    participation_share: Share = Field(description="Share of arisings in scope that covered people hand over here.")
    diverted_share: Share = Field(
        description="Share of what this channel is offered that would have gone to an older channel; 0 for the base mix."
    )
    vehicle: Key = Field(description="Vehicle that fetches the offers.")
    vehicles_per_100k_households: Count = Field(description="Fleet, whole vehicles per zone after rounding up.")
    working_days_per_week: Factor = Field(description="Days per week the fleet works.")
    round: Literal["own", "on_delivery_round", "point_to_point"] = Field(
        description="Which route formula applies (`transport.route`)."
    )
    pickup_kg: PositiveKg = Field(description="Mean mass handed over at one stop; for boxes, the load at pick-up.")
    density_kg_per_m3: PositiveKg = Field(description="Loose density of the load.")
    delivery_address_share: Share = Field(description="Share of pick-ups at an address that has a delivery that day.")
    spare_minutes_per_day: Factor = Field(
        description="Minutes of a delivery shift free for pick-ups; used by on_delivery_round only."
    )
    spare_load_share: Share = Field(description="Mean free share of payload and volume over a delivery round.")
    points_per_100k_households: Count = Field(description="Boxes, shops or counters; 0 for door pick-up.")
    fill_share: Share = Field(description="A point calls for pick-up at this share of its capacity.")
    point_capacity_kg: PositiveKg
    age_limit_days: Days = Field(description="A point or an offer is fetched at the latest after this time when vehicles allow.")
    paid_to_household_usd_per_kg: UsdPer = Field(description="Price or incentive the household gets (negative: a fee).")
    handling_usd_per_t: UsdPer = Field(description="Certification, data erasure, desk and tracking work.")
    july_factor: Factor = Field(description="Offers in July over the mean month; the year still sums to the same.")
