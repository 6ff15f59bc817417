"""What a scenario says of contracts for recovered metal: who gets it, from when, at what price."""

from typing import Literal, Self

from pydantic import Field, model_validator

from sim.core.quantity import Quantity
from sim.core.spec import Day, Iso3, Items, Key, Name, Share, Spec, Tonnes, UsdPer, Years

ZERO, ONE = Quantity.constant(0.0), Quantity.constant(1.0)


class ContractSpec(Spec):
    """An agreement between plants and a buyer; what no contract covers is sold spot to the industry the plant sells to.

    Kinds: `offtake`, a country's industry takes metal at spot within a floor and a ceiling; `stockpile`, a country's national
    stock takes it; `price_floor`, the metal goes where it went, and the government of `buyer` pays what spot lacks of the floor.
    """

    name: Name
    kind: Literal["offtake", "stockpile", "price_floor"]
    sellers: Items[Name] = Field(min_length=1, description="Plants that sell under it.")
    metals: Items[Key] = Field(min_length=1, description="Elements it covers; their sum counts against the volume.")
    buyer: Iso3 = Field(description="Country whose industry, stockpile or government it is.")
    start: Day = Field(description="First day of delivery.")
    years: Years = Field(description="Tenor, from the first day of delivery.")
    volume_t_per_year: Tonnes = Field(
        description="Most that it covers in a calendar year, contained element; first come, first served."
    )
    floor_usd_per_kg: UsdPer | None = Field(default=None, description="Least price per kg of each contained element.")
    ceiling_usd_per_kg: UsdPer | None = Field(default=None, description="Highest price per kg of each contained element.")
    take_or_pay_share: Share = Field(
        default=ZERO,
        description="Share of the volume an offtaker must take while spot is cheaper than the floor; it leaves the rest.",
    )
    public_share: Share = Field(
        default=ZERO, description="Share of what an offtaker pays above spot that its government gives back to it."
    )
    upside_share: Share = Field(
        default=ZERO, description="Share of spot above the floor that the plant hands to the government that holds up the floor."
    )

    @model_validator(mode="after")
    def _prices_fit(self) -> Self:
        floor, ceiling = self.floor_usd_per_kg, self.ceiling_usd_per_kg
        if self.kind == "price_floor" and floor is None:
            raise ValueError("a price floor needs floor_usd_per_kg")
        if floor is not None and ceiling is not None and floor.value > ceiling.value:
            raise ValueError("floor_usd_per_kg is above ceiling_usd_per_kg")
        return self
