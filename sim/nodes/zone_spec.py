"""What a scenario says of a zone: a prefecture or first-level region."""

from typing import Annotated

from pydantic import Field

from sim.core.quantity import Quantity
from sim.core.spec import Bounded, Count, Iso3, Key, Km, Share, Spec, Text

Area = Annotated[Quantity, Bounded(0.01, 1e8, "km2")]


class ZoneSpec(Spec):
    """A place with people; `region` names the coarse zone it belongs to."""

    name_en: Text = Field(description="English name.")
    name_ja: Text = Field(description="Japanese name.")
    country: Iso3 = Field(description="Country of the zone.")
    region: Key = Field(description="Coarse zone: official macro-region or island group; unique over countries.")
    population: Count = Field(description="People in 2022.")
    households: Count = Field(description="Households in 2022; the share of a zone in its country's offers.")
    area_km2: Area = Field(description="Whole area.")
    service_area_km2: Area | None = Field(default=None, description="Area people live in, where routes run; absent: all of it.")
    urban_share: Share | None = Field(default=None, description="Share of people in densely inhabited districts, where known.")
    lat: float = Field(ge=-90, le=90, description="Latitude of its main town.")
    lon: float = Field(ge=-180, le=180, description="Longitude of its main town.")
    port: Key = Field(description="Port its exports leave from.")
    road_to_port_km: Km = Field(description="Road distance from its main town to that port.")
    geo_id: Key = Field(description="Shape on the map.")
