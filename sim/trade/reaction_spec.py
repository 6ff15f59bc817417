"""What a scenario says of how recyclers answer prices."""

from typing import Self

from pydantic import Field, model_validator

from sim.core.spec import Days, Factor, Iso3, Items, Key, Name, Spec


class ReactionSpec(Spec):
    """Plants work longer, or informal buyers pay more, when what they sell is dearer: (price index of late) ^ elasticity.

    The index is the price of a basket over its price in the first month of the run, as buyers of `buyer` pay it.
    """

    name: Name
    basket: dict[Key, Factor] = Field(min_length=1, description="metal -> weight of its value in what is sold, in the first month.")
    buyer: Iso3 = Field(default="JPN", description="Country whose prices count.")
    elasticity: Factor = Field(description="Per cent of hours, or of the price paid to households, per per cent of the index.")
    lag_days: Days = Field(description="The index is the mean of this time before now: nobody answers at once.")
    plants: Items[Name] = Field(default=(), description="Plants whose hours follow.")
    informal: Items[Iso3] = Field(default=(), description="Countries whose informal buyers follow with what they pay.")

    @model_validator(mode="after")
    def _someone_answers(self) -> Self:
        if not self.plants and not self.informal:
            raise ValueError("name plants or countries that answer")
        return self
