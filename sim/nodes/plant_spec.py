"""What a scenario says of processes and plants."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.core.spec import Day, Days, Factor, Hours, Iso3, Key, KgCo2ePer, KwhPerT, Name, Share, Spec, Tonnes, UsdPer


class ProcessSpec(Spec):
    """How a kind of plant divides what it is fed; residue is by difference.

    transfer : input (product group or fraction, or `"*"`) -> output fraction or product form -> substance
        (or `"*"` for all not named) -> share of that substance in the input.
    """

    stage: Literal["sorting", "dismantling", "treatment", "refining", "metallization", "magnet", "crude"]
    transfer: dict[Key, dict[Key, dict[str, Share]]]
    residence_days: Days
    batch_t: Tonnes = Field(description="Smallest load worth starting.")
    hours_per_day: Hours
    days_per_year: Days
    mean_days_between_breakdowns: Days = Field(description="Battery fires included; 0 means none.")
    repair_days: Days
    energy_kwh_per_t: KwhPerT
    co2_kg_per_t: KgCo2ePer
    opex_usd_per_t: UsdPer
    labour_hours_per_t: Factor
    capex_usd_per_t_per_year: UsdPer


class CommissioningSpec(Spec):
    """Durations from decision to full rate by class of facility."""

    finance_months: Factor
    permit_months: Factor
    build_months: Factor
    ramp_months: Factor
    slip_factor: Factor = Field(description="Built date over announced date, as a factor on the remaining time.")
    cancelled_share: Share


class FinanceSpec(Spec):
    """How a plant is paid for."""

    grant_share: Share | None = None
    loan_share: Share | None = None
    equity_share: Share | None = None


class PlantSpec(Spec):
    """A plant, or a national aggregate where no nameplate is known."""

    name: Name
    country: Iso3
    process: Key
    capacity_t_per_year: Tonnes
    background_feed_t_per_year: Tonnes = Field(
        description="Capacity used by manufacturing scrap and concentrates; only the rest is free."
    )
    status: Literal["operating", "building", "permitted", "financed", "announced", "closed"]
    announced: Day | None = None
    start: Day | None = Field(default=None, description="First day of operation, or the date announced for it.")
    end: Day | None = None
    commissioning: Key | None = Field(default=None, description="Class of durations; required unless operating.")
    lines: int = Field(default=1, ge=1, le=1000)
    yard_limit_days: Days = Field(description="Yard size in days of nameplate; a full yard pushes back.")
    owner: Iso3 | None = None
    available_to: Iso3 | None = Field(default=None, description="Country whose industry gets the metal; default by country.")
    port: Key | None = None
    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    aggregate: bool = Field(default=False, description="Stands for many plants without known nameplates.")
    gate_fee_usd_per_t: UsdPer | None = None
    finance: FinanceSpec | None = None
