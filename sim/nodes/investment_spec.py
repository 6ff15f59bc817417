"""What a scenario says of money for plants: what capital costs, and how a project is supported and judged."""

from typing import Annotated

from pydantic import Field

from sim.core.quantity import Quantity
from sim.core.spec import Bounded, Day, Share, Spec, UsdPer

ZERO = Quantity.constant(0.0)
WholeYears = Annotated[Quantity, Bounded(1.0, 200.0, "years")]  # rounded where flows are counted by the year


class CapitalSpec(Spec):
    """What capital costs and how investors reckon, unless a plant says otherwise; constant prices."""

    hurdle_rate_share: Share = Field(
        default=Quantity.constant(0.12), description="Return owners ask for: a project with less is not built if it must pay."
    )
    discount_rate_share: Share = Field(default=Quantity.constant(0.04), description="Rate at which results are discounted.")
    bank_rate_share: Share = Field(default=Quantity.constant(0.05), description="Interest of bank loans that bear no guarantee.")
    public_rate_share: Share = Field(default=Quantity.constant(0.01), description="Interest of public or guaranteed loans.")
    loan_years: WholeYears = Field(
        default=Quantity.constant(10.0), description="Years in which loans are paid back, in equal parts."
    )
    life_years: WholeYears = Field(default=Quantity.constant(15.0), description="Years a plant is expected to run.")
    load_share: Share = Field(default=Quantity.constant(0.8), description="Share of free capacity investors expect to use.")


class InvestmentSpec(Spec):
    """How one plant is judged and supported; grant, public loan and equity are its `finance`."""

    must_pay: bool = Field(
        default=False, description="Built only if the present value to its owners, at their hurdle rate, is not negative."
    )
    awarded: Day | None = Field(default=None, description="Day public money is awarded; financial close waits for it.")
    guarantee_share: Share = Field(default=ZERO, description="Share of its bank loans that a government guarantees.")
    subsidy_usd_per_t: UsdPer = Field(default=ZERO, description="Public money per tonne fed.")
    hurdle_rate_share: Share | None = Field(default=None, description="Its own hurdle rate.")
    load_share: Share | None = Field(default=None, description="Its own expected load.")
