"""What a scenario says of border rules."""

from typing import Literal, Self

from pydantic import Field, model_validator

from sim.core.spec import Day, Days, Factor, Items, Name, Share, Spec, Tonnes


class ConsentDaysSpec(Spec):
    """Days from application to consent, drawn for every application (beta-PERT); chance, so never drawn once per replication."""

    low: float = Field(ge=0, le=3660, description="Shortest [days].")
    mode: float = Field(ge=0, le=3660, description="Most likely [days].")
    high: float = Field(ge=0, le=3660, description="Longest [days].")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.mode <= self.high:
            raise ValueError("a range must have low <= mode <= high")
        return self


class BorderRuleSpec(Spec):
    """A dated rule; the most specific one in force for a pair, fraction, plant and day applies.

    Most specific first: names the plant; names both countries; names one country; names the fraction. Two rules that
    are equally specific for the same cargo and day are an error.
    """

    name: Name
    origin: str = Field(pattern=r"^([A-Z]{3}|\*)$", description="ISO3 code of the country of departure, or `*`.")
    destination: str = Field(pattern=r"^([A-Z]{3}|\*)$", description="ISO3 code of the country of arrival, or `*`.")
    fractions: Items[str] = Field(min_length=1, description="Fractions, product groups or product forms, or `*`.")
    plants: Items[Name] = Field(default=(), description="Only cargo for these plants (pre-consented); none named: any plant.")
    rule: Literal["free", "consent", "ban"] = Field(description="Passes; waits for consent; may not depart.")
    start: Day | None = Field(default=None, description="First day in force; none: always was.")
    end: Day | None = Field(default=None, description="Last day in force; none: for ever.")
    consent_days: ConsentDaysSpec | None = Field(default=None, description="PERT range of days from application to consent.")
    consent_days_factor: Factor | None = Field(default=None, description="Lever on the days: 0.5 halves them.")
    refusal_share: Share | None = Field(default=None, description="Share of applications refused.")
    reapply_after_days: Days | None = Field(default=None, description="Days from a refusal to the next application.")
    consent_valid_days: Days | None = Field(default=None, description="Days a consent covers shipments; none: 365.25.")
    quota_t: Tonnes | None = Field(default=None, description="Mass one consent covers; none: no limit.")
    duty_share: Share | None = Field(default=None, description="Duty as a share of the metal value of the cargo.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.rule == "consent") != (self.consent_days is not None):
            raise ValueError("consent_days belongs to rule = 'consent', which needs it")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError("end is before start")
        return self
