"""What a scenario says of where material goes."""

from typing import Literal, Self

from pydantic import Field, model_validator

from sim.core.spec import Factor, Items, Key, Name, Share, Spec, Tonnes

LEAKAGE = "leakage"


class DestinationSpec(Spec):
    """One of the ordered places."""

    to: Name = Field(
        description="Plant, outside account such as `landfill`, or `market JPN`: a product form sold to Japan's industry."
    )
    share: Share = Field(description="Share of the material that goes here while there is space; 0: overflow only.")
    limit_t_per_year: Tonnes | None = Field(default=None, description="Most that goes here in a calendar year.")


class RouteSpec(Spec):
    """Where one kind of material from one country goes, in order; what no one takes goes to `fallback`."""

    name: Name
    origin: str = Field(pattern=r"^([A-Z]{3}|\*)$", description="ISO3 code, or `*` for every country without a route of its own.")
    material: str = Field(description="Product group (to dismantling), fraction (to end-processing) or product form.")
    destinations: Items[DestinationSpec] = Field(min_length=1, description="Shares first, then overflow in this order.")
    fallback: Name = Field(description="`wait`, or the outside account for what no destination takes: `landfill`, `leakage`, ...")
    leakage_metal: Key | None = Field(
        default=None, description="Metal whose price moves the share of destination `leakage`; the shares hold at its first price."
    )
    leakage_sensitivity: Factor | None = Field(
        default=None, description="Odds of `leakage` against the rest move with the price of the metal to this power."
    )
    allocation: Literal["shares", "least_cost"] = Field(
        default="shares", description="`least_cost`: shares are set anew each quarter by a linear program on cost and capacity."
    )

    @model_validator(mode="after")
    def _leak_complete(self) -> Self:
        if (self.leakage_metal is None) != (self.leakage_sensitivity is None):
            raise ValueError("leakage_metal and leakage_sensitivity belong together")
        if self.leakage_metal is not None and all(destination.to != LEAKAGE for destination in self.destinations):
            raise ValueError("leakage_metal needs a destination `leakage`")
        return self
