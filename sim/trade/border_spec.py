"""What a scenario says of border rules."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.core.spec import Day, Days, Factor, Items, Name, Share, Spec, Tonnes


class BorderRuleSpec(Spec):
    """A dated rule; the most specific one in force for a pair, fraction and day applies.

    origin, destination : ISO3 code or `"*"`. fractions : fraction or group keys, or `"*"`.
    """

    name: Name
    origin: str = Field(pattern=r"^([A-Z]{3}|\*)$")
    destination: str = Field(pattern=r"^([A-Z]{3}|\*)$")
    fractions: Items[str] = Field(min_length=1)
    rule: Literal["free", "consent", "ban"]
    start: Day | None = None
    end: Day | None = None
    consent_days: Days | None = Field(default=None, description="PERT range of days from application to consent.")
    refusal_share: Share | None = None
    consent_valid_days: Days | None = None
    quota_t: Tonnes | None = Field(default=None, description="Mass one consent covers.")
    consent_days_factor: Factor | None = Field(default=None, description="Lever on the days: 0.5 halves them.")
    duty_share: Share | None = None
