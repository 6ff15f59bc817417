"""What a scenario says of where material goes."""

from __future__ import annotations

from pydantic import Field

from sim.core.spec import Items, Name, Share, Spec


class DestinationSpec(Spec):
    """One of the ordered places; `to` is a plant name or an outside account."""

    to: Name
    share: Share


class RouteSpec(Spec):
    """Where one kind of material from one country goes, in order; what no one takes goes to `fallback`.

    origin : ISO3 or `"*"`; material : a product group (to dismantling) or a fraction (to end-processing).
    """

    name: Name
    origin: str = Field(pattern=r"^([A-Z]{3}|\*)$")
    material: str
    destinations: Items[DestinationSpec] = Field(min_length=1)
    fallback: Name = Field(description="Outside account for what no destination takes: `wait`, `landfill`, `leakage`, ...")
