"""What a scenario says of levers: dials turned on a date, shocks, and responses to them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.core.spec import Day, Days, Factor, Items, Key, Name, Spec


class ShockSpec(Spec):
    """Supply of a metal from one source is cut for a while."""

    name: Name
    metal: Key
    source: Key
    start: Day
    days: Days
    supply_factor: Factor
    price_factor: Factor | None = None


class TriggerSpec(Spec):
    """When a response starts: an observed indicator beyond a bound for a time."""

    metal: Key
    indicator: Literal["shortfall_share", "days_of_cover", "price_usd_per_kg", "import_dependence_share"]
    above: float | None = None
    below: float | None = None
    for_days: float = Field(ge=0, le=3660)


class ActionSpec(Spec):
    """One thing a response does; exactly one key is given."""

    release_stockpile_days: Days | None = None
    consent_days_factor: Factor | None = None
    commissioning_factor: Factor | None = None
    extra_shift: bool | None = None


class ResponseSpec(Spec):
    """Rapid response: a trigger and its actions."""

    name: Name
    when: TriggerSpec
    actions: Items[ActionSpec] = Field(min_length=1)
    delay_days: Days | None = None
