"""What a scenario says of where material goes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.core.spec import Items, Name, Share, Spec, Tonnes


class DestinationSpec(Spec):
    """One of the ordered places."""

    to: Name = Field(description="Plant, or outside account such as `landfill` or `leakage`.")
    share: Share = Field(description="Share of the material that goes here while there is space; 0: overflow only.")
    limit_t_per_year: Tonnes | None = Field(default=None, description="Most that goes here in a calendar year.")


class RouteSpec(Spec):
    """Where one kind of material from one country goes, in order; what no one takes goes to `fallback`."""

    name: Name
    origin: str = Field(pattern=r"^([A-Z]{3}|\*)$", description="ISO3 code, or `*` for every country without a route of its own.")
    material: str = Field(description="Product group (to dismantling), fraction (to end-processing) or product form.")
    destinations: Items[DestinationSpec] = Field(min_length=1, description="Shares first, then overflow in this order.")
    fallback: Name = Field(description="`wait`, or the outside account for what no destination takes: `landfill`, `leakage`, ...")
    allocation: Literal["shares", "least_cost"] = Field(
        default="shares", description="`least_cost`: shares are set anew each quarter by a linear program on cost and capacity."
    )
