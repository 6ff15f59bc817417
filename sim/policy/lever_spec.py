"""What a scenario says of levers: dials turned on a date, shocks, and responses to them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from sim.core.spec import Day, Days, Factor, Iso3, Items, Key, Name, Spec

Indicator = Literal["shortfall_share", "days_of_cover", "price_usd_per_kg", "import_dependence_share"]


class LeverSpec(Spec):
    """A dial turned on a date: its first value times `factor`, until `end`."""

    name: Name
    dial: Name = Field(description="Name of a dial, such as `borders.consent_days_factor`.")
    start: Day = Field(description="First day it works.")
    end: Day | None = Field(default=None, description="Last day it works; none: for ever.")
    factor: Factor = Field(description="Multiplies the dial.")


class ShockSpec(Spec):
    """Supply of a metal from one source is cut, or its price moves, for a while."""

    name: Name
    metal: Key = Field(description="Metal struck.")
    source: str = Field(pattern=r"^([A-Z]{3}|\*)$", description="Source country of primary supply, `ROW`, or `*` for all.")
    start: Day = Field(description="First day of the shock.")
    days: Days = Field(description="How long it lasts.")
    supply_factor: Factor = Field(description="Multiplies primary supply from the source; 0 is a ban, 1 leaves it.")
    price_factor: Factor | None = Field(default=None, description="Multiplies the price outside China.")


class TriggerSpec(Spec):
    """When a response starts: an observed indicator beyond a bound for a time."""

    metal: Key = Field(description="Metal watched.")
    country: Iso3 = Field(default="JPN", description="Country whose market is watched.")
    indicator: Indicator = Field(description="What is watched, once a month.")
    above: float | None = Field(default=None, description="Holds while the indicator is above this.")
    below: float | None = Field(default=None, description="Holds while the indicator is below this.")
    for_days: float = Field(ge=0, le=3660, description="Days it must hold without a break.")

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("give exactly one of above and below")
        return self


class ActionSpec(Spec):
    """One thing a response does while its trigger holds; exactly one key is given."""

    release_stockpile_days: Days | None = Field(default=None, description="Days of demand released from the national stock.")
    consent_days_factor: Factor | None = Field(
        default=None, description="Multiplies consent days at all borders, applications under way too."
    )
    commissioning_factor: Factor | None = Field(default=None, description="Multiplies finance, permit and build times of plants.")
    extra_shift: bool | None = Field(default=None, description="Plants work half as many hours again.")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if sum(value is not None for _, value in self) != 1:
            raise ValueError("give exactly one action in each entry")
        return self


class ResponseSpec(Spec):
    """Rapid response: a trigger and its actions."""

    name: Name
    when: TriggerSpec = Field(description="What starts it.")
    actions: Items[ActionSpec] = Field(min_length=1, description="What it does.")
    delay_days: Days | None = Field(default=None, description="Days from trigger to action; none: at once.")
