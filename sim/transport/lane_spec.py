"""What a scenario says of ports and sea lanes."""

from pydantic import Field

from sim.core.quantity import Quantity
from sim.core.spec import Days, Factor, Iso3, Key, KgCo2ePer, Km, Name, Spec, Tonnes, UsdPer


class PortSpec(Spec):
    """A port of loading or discharge; keys are UN/LOCODEs."""

    name_en: str = Field(description="Name.")
    country: Iso3 = Field(description="Country it is in.")
    lat: float = Field(ge=-90, le=90, description="Latitude [degrees].")
    lon: float = Field(ge=-180, le=180, description="Longitude [degrees].")
    dwell_days: Days | None = Field(
        default=None, description="Days a box stays here after unloading, customs included; none: `sea.customs_days`."
    )


class LaneSpec(Spec):
    """A lane between two ports, one way; lanes are fixed in data."""

    name: Name
    origin: Key = Field(description="Port of loading.")
    destination: Key = Field(description="Port of discharge.")
    distance_km: Km = Field(description="Length of the way.")
    sea_days: Days = Field(description="Port to port, transhipment included.")
    sailings_per_week: Factor = Field(description="Departures per week.")
    box_usd: UsdPer = Field(description="Freight of one 40 ft box.")


class SeaSpec(Spec):
    """Rules common to all lanes and to road hauls of fractions."""

    box_payload_t: Tonnes = Field(description="Mass that fills a 40 ft box.")
    fill_age_limit_days: Days = Field(description="A part-filled box sails when its oldest cargo is this old.")
    cut_off_days: Days = Field(description="Cargo must be at the port this long before a sailing.")
    customs_days: Days = Field(description="Unloading and customs where the port says nothing else.")
    co2_kg_per_t_km: KgCo2ePer = Field(description="Ship.")
    road_usd_per_t_km: UsdPer = Field(description="Truck, empty return included.")
    road_co2_kg_per_t_km: KgCo2ePer = Field(description="Truck.")
    road_km_per_day: Km = Field(description="Distance a truck covers in a day.")
    smallest_load_t: Tonnes = Field(
        default=Quantity.constant(2.0), description="A destination's share of a load smaller than this waits for its turn."
    )
    road_factor: Factor | None = Field(default=None, description="Road km per straight km; none: 1.")
    default_road_km: Km | None = Field(default=None, description="Road distance where a plant has no point; none: 0.")
