"""What a scenario says of ports and sea lanes."""

from __future__ import annotations

from pydantic import Field

from sim.core.spec import Days, Factor, Iso3, Key, KgCo2ePer, Km, Name, Spec, Tonnes, UsdPer


class PortSpec(Spec):
    """A port of loading or discharge."""

    name_en: str
    country: Iso3
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class LaneSpec(Spec):
    """A sea lane between two ports; lanes are fixed in data."""

    name: Name
    origin: Key
    destination: Key
    distance_km: Km
    sea_days: Days = Field(description="Port to port, transhipment included.")
    sailings_per_week: Factor
    box_usd: UsdPer


class SeaSpec(Spec):
    """Rules common to all lanes."""

    box_payload_t: Tonnes
    fill_age_limit_days: Days = Field(description="A part-filled box sails when its oldest cargo is this old.")
    cut_off_days: Days
    customs_days: Days
    co2_kg_per_t_km: KgCo2ePer
    road_usd_per_t_km: UsdPer
    road_co2_kg_per_t_km: KgCo2ePer
    road_km_per_day: Km
