"""What a scenario says of a vehicle type."""

from typing import Annotated

from pydantic import Field

from sim.core.quantity import Quantity
from sim.core.spec import M3, Bounded, Days, Factor, Hours, KgCo2ePer, Kmh, Minutes, PositiveKg, Share, Spec, Text, UsdPer

ShiftHours = Annotated[Quantity, Bounded(0.1, 24.0, "hours")]
RoadFactor = Annotated[Quantity, Bounded(1.0, 10.0, "factor")]


class VehicleSpec(Spec):
    """A real vehicle: what it carries, how fast, how long, at what cost."""

    name_en: Text = Field(description="English name.")
    name_ja: Text = Field(description="Japanese name.")
    payload_kg: PositiveKg = Field(description="Largest load by weight.")
    volume_m3: M3 = Field(description="Largest load by volume.")
    speed_kmh: Kmh = Field(description="Mean driving speed on its rounds, stops apart.")
    minutes_per_stop: Minutes = Field(description="Time at one stop: park, fetch or bargain, load.")
    shift_hours: ShiftHours = Field(description="Longest working day of its driver; no route is longer.")
    driver_hours_per_year: Hours = Field(description="Regular hours plus the overtime cap (960 h in Japan) of its driver.")
    cost_usd_per_km: UsdPer = Field(description="Fuel, wear and, where all-in, everything else.")
    cost_usd_per_hour: UsdPer = Field(description="Driver and vehicle by the hour; 0 where the cost per km is all-in.")
    co2_kg_per_km: KgCo2ePer = Field(description="Emissions of driving.")
    breakdowns_per_100k_km: Factor = Field(description="Mean number of breakdowns; their repair takes vehicles off the road.")
    repair_days: Days = Field(description="Mean time a breakdown keeps the vehicle off the road.")
    load_factor_share: Share = Field(description="Share of payload and volume usable in practice.")
    road_factor: RoadFactor = Field(description="Road km per straight km (c in the route formulas).")
