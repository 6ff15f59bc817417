"""What a scenario says of the depots of a country."""

from typing import Annotated

from pydantic import Field

from sim.core.quantity import Quantity
from sim.core.spec import Bounded, Days, Key, Minutes, People, PositiveKg, Share, Spec, UsdPer

Bays = Annotated[Quantity, Bounded(0.1, 1000.0, "bays")]


class DepotSpec(Spec):
    """Bulking points, one or more per zone by rule."""

    people_per_depot: People = Field(description="People per depot; at least one depot in a zone.")
    unload_bays: Bays = Field(description="Bays per depot; at least one in a zone.")
    unload_minutes: Minutes = Field(description="Minutes a vehicle occupies a bay.")
    linehaul_vehicle: Key = Field(description="Truck that takes sorted groups to dismantling plants.")
    age_limit_days: Days = Field(description="A line-haul truck leaves at the latest when its oldest load is this old.")
    storage_limit_days: Days = Field(
        description="Days of what schemes collect in a zone that its depots hold for plants at most; full ones stop the fetching."
    )
    density_kg_per_m3: PositiveKg = Field(description="Loose density of what line-haul trucks carry.")
    backhaul_discount_share: Share = Field(description="Share of line-haul km not charged because the truck returns empty anyway.")
    handling_usd_per_t: UsdPer = Field(description="Sorting into product groups, storage and loading.")
