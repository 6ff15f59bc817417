"""What a scenario says of a zone: a prefecture or first-level region."""

from __future__ import annotations

from pydantic import Field

from sim.core.spec import Count, Iso3, Key, Km, Share, Spec, Text


class ZoneSpec(Spec):
    """A place with people; `region` names the coarse zone it belongs to."""

    name_en: Text
    name_ja: Text
    country: Iso3
    region: Key
    population: Count
    households: Count
    area_km2: Count
    urban_share: Share
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    port: Key
    road_to_port_km: Km
    geo_id: Key
