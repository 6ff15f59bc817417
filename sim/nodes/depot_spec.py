"""What a scenario says of the depots of a country."""

from __future__ import annotations

from pydantic import Field

from sim.core.spec import Days, Factor, Key, Share, Spec, UsdPer


class DepotSpec(Spec):
    """Bulking points, one or more per zone by rule."""

    people_per_depot: Factor = Field(description="Thousand people per depot; at least one depot in a zone.")
    unload_bays: Factor = Field(description="Bays per depot.")
    unload_minutes: Factor = Field(description="Minutes a vehicle occupies a bay.")
    linehaul_vehicle: Key
    age_limit_days: Days = Field(description="A line-haul truck leaves at the latest when the oldest load is this old.")
    backhaul_discount_share: Share = Field(description="Share of line-haul km not charged because the truck returns empty anyway.")
    handling_usd_per_t: UsdPer
