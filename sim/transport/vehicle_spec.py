"""What a scenario says of a vehicle type."""

from __future__ import annotations

from pydantic import Field

from sim.core.spec import M3, Days, Factor, Hours, KgCo2ePer, Kmh, Minutes, PositiveKg, Share, Spec, Text, UsdPer


class VehicleSpec(Spec):
    """A real vehicle: what it carries, how fast, how long, at what cost."""

    name_en: Text
    name_ja: Text
    payload_kg: PositiveKg
    volume_m3: M3
    speed_kmh: Kmh
    minutes_per_stop: Minutes
    shift_hours: Hours
    driver_hours_per_year: Hours = Field(description="Regular hours plus the overtime cap (960 h in Japan).")
    cost_usd_per_km: UsdPer
    cost_usd_per_hour: UsdPer
    co2_kg_per_km: KgCo2ePer
    breakdowns_per_100k_km: Factor
    repair_days: Days
    load_factor_share: Share = Field(description="Share of payload usable in practice.")
    road_factor: Factor = Field(description="Road km per straight km (c in the route formulas).")
