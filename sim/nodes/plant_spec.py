"""What a scenario says of processes and plants."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import PydanticCustomError, core_schema

from sim.core.quantity import Quantity, Spread
from sim.core.spec import (
    Bounded,
    Day,
    Days,
    Factor,
    Hours,
    Iso3,
    Key,
    KgCo2ePer,
    KwhPerT,
    Name,
    Share,
    Spec,
    Tonnes,
    UsdPer,
)
from sim.nodes.investment_spec import InvestmentSpec

Stage = Literal["sorting", "dismantling", "treatment", "refining", "metallization", "magnet", "crude"]
END_STAGES = ("refining", "metallization", "magnet")  # end-processing: what comes out is sold as metal, oxide or alloy
RESIDUE, ANY = "residue", "*"


class ChanceRange(Bounded):
    """Marks a `Spread` that is chance: drawn for each plant by name, not once per replication as a `Quantity` is."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate with `read_range`; write low, mode and high."""
        return core_schema.no_info_plain_validator_function(
            self.read_range,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda spread: {"low": spread.low, "mode": spread.mode, "high": spread.high}
            ),
        )

    def read_range(self, raw: object) -> Spread:
        """Turn a number or `{low, mode, high}` into a `Spread`; raise on anything else."""
        if isinstance(raw, Spread):
            return raw
        value = self._value(raw, ())
        return value if isinstance(value, Spread) else Spread(value, value, value)


ChanceMonths = Annotated[Spread, ChanceRange(0.0, 600.0, "months")]
ChanceFactor = Annotated[Spread, ChanceRange(0.0, 100.0, "factor")]


class ProcessSpec(Spec):
    """How a kind of plant divides what it is fed; residue is by difference."""

    stage: Stage = Field(description="Kind of process; crude is informal work without residue treatment.")
    transfer: dict[str, dict[str, dict[str, Share]]] = Field(
        description="Input (product group, fraction or form; `*` for every group not named) -> output fraction or product form ->"
        " substance (`*` for all not named) -> share of that substance in the input. What no output gets is residue."
    )
    new_scrap: dict[str, dict[str, Share]] = Field(
        default_factory=dict,
        description="What manufacturing scrap holds: input it counts as -> substance -> share of the mass of all such scrap.",
    )
    speed: dict[str, Factor] = Field(
        default_factory=dict, description="Input -> speed of work over that of the nameplate; at 0.5 it counts twice; not named: 1."
    )
    residence_days: Days = Field(description="From start of a batch until its outputs are ready.")
    batch_t: Tonnes = Field(description="Smallest load worth starting.")
    batch_age_limit_days: Days = Field(description="A smaller load starts when it has waited this long.")
    hours_per_day: Hours = Field(description="Hours worked on an open day at full rate; extra shifts cannot pass 24.")
    days_per_year: Days = Field(description="Open days a year; the nameplate is what these days give.")
    mean_days_between_breakdowns: Days = Field(description="Per line, battery fires included; 0 means none.")
    repair_days: Days = Field(description="Mean time a line stands still after a breakdown.")
    mean_days_between_fires: Days | None = Field(
        default=None, description="Per line, fires of batteries as a cause of their own; none: they are among the breakdowns."
    )
    after_fire_days: Days | None = Field(
        default=None, description="Mean time a line stands still after such a fire; none: repair_days."
    )
    energy_kwh_per_t: KwhPerT = Field(description="Electricity per tonne fed.")
    co2_kg_per_t: KgCo2ePer = Field(description="Direct emissions per tonne fed, electricity apart.")
    opex_usd_per_t: UsdPer = Field(description="Running cost per tonne fed: labour, energy, consumables, upkeep; no feedstock.")
    labour_hours_per_t: Factor = Field(description="Hours of work per tonne fed.")
    capex_usd_per_t_per_year: UsdPer = Field(description="Investment per tonne of yearly capacity.")

    @model_validator(mode="after")
    def _shares_close(self) -> Self:
        """Raise if shares of one substance in one input may sum to more than 1 at the modes, in any year given."""
        for name, outputs in self.transfer.items():
            rows = {output: row for output, row in outputs.items() if output != RESIDUE}
            for substance in sorted({s for row in rows.values() for s in row}):
                given = [row.get(substance, row.get(ANY)) for row in rows.values()]
                shares = [share for share in given if share is not None]
                total = max(sum(share.at(year) for share in shares) for year in _years(shares))
                if total > 1.0 + 1e-9:
                    raise PydanticCustomError(
                        "transfer_sum",
                        "transfer shares of {substance} in {input} sum to {total}; they must not pass 1",
                        {"substance": substance, "input": name, "total": f"{total:.4g}"},
                    )
        return self

    @model_validator(mode="after")
    def _new_scrap_fits(self) -> Self:
        """Raise if new scrap counts as something the process does not take, or holds more than its mass."""
        for name in self.new_scrap:
            if name not in self.transfer:
                raise ValueError(f"new scrap counts as {name}, which transfer does not name")
        total = sum(share.value for contents in self.new_scrap.values() for share in contents.values())
        if total > 1.0 + 1e-9:
            raise ValueError(f"contents of new scrap sum to {total:.4g}; they must not pass 1")
        return self

    @property
    def named_inputs(self) -> tuple[str, ...]:
        """Inputs named in the table, `*` left out."""
        return tuple(name for name in self.transfer if name != ANY)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Fractions and product forms it makes, residue left out."""
        return tuple(dict.fromkeys(o for rows in self.transfer.values() for o in rows if o != RESIDUE))

    def takes(self, groups: tuple[str, ...] | list[str]) -> tuple[str, ...]:
        """Materials a plant of this process accepts, given all product groups."""
        rest = tuple(g for g in groups if g not in self.transfer) if ANY in self.transfer else ()
        return self.named_inputs + rest


def _years(shares: list[Quantity]) -> list[float]:
    return sorted({year for share in shares for year, _ in share.points})


class CommissioningSpec(Spec):
    """Durations from decision to full rate by class of facility; chance, drawn for each plant by its name."""

    finance_months: ChanceMonths = Field(description="From announcement to financial close.")
    permit_months: ChanceMonths = Field(description="From application to all permits.")
    build_months: ChanceMonths = Field(description="From start of construction to first feed.")
    ramp_months: ChanceMonths = Field(description="From first feed to full rate, linear between.")
    slip_factor: ChanceFactor = Field(
        description="Time really taken over time announced, from announcement to first feed; used where a first day is announced."
    )
    cancelled_share: Share = Field(description="Share of announced plants that are never built.")


class FinanceSpec(Spec):
    """How a plant is paid for; public money shortens the way to financial close and lowers the risk of cancellation."""

    grant_share: Share | None = Field(default=None, description="Grant over investment.")
    loan_share: Share | None = Field(default=None, description="Public or guaranteed loan over investment.")
    equity_share: Share | None = Field(default=None, description="Owners' money over investment.")


class PlantSpec(Spec):
    """A plant, or a national aggregate where no nameplate is known."""

    name: Name
    country: Iso3
    process: Key = Field(description="How it divides what it is fed; a key of `processes`.")
    capacity_t_per_year: Tonnes = Field(description="Nameplate, tonnes of its own input a year.")
    background_feed_t_per_year: Tonnes = Field(
        description="Capacity used by manufacturing scrap and concentrates; only the rest is free."
    )
    new_scrap_share: Share | None = Field(
        default=None, description="Share of this other feed that is new scrap (of manufacturing), told of in table `new_scrap`."
    )
    status: Literal["operating", "building", "permitted", "financed", "announced", "closed"]
    announced: Day | None = Field(default=None, description="Day of announcement; the start of the run if not given.")
    start: Day | None = Field(default=None, description="First day of operation, or the date announced for it.")
    end: Day | None = Field(default=None, description="Last day it takes anything in.")
    commissioning: Key | None = Field(default=None, description="Class of durations; required unless operating or closed.")
    lines: int = Field(default=1, ge=1, le=1000, description="Parallel lines; a breakdown stops one.")
    yard_limit_days: Days = Field(description="Yard size in days of free nameplate; a full yard pushes back.")
    store_limit_days: Days | None = Field(
        default=None, description="Store for outputs in days of free nameplate; a full one stops the lines; none: no limit."
    )
    owner: Iso3 | None = Field(default=None, description="Country of the owner; the plant's country if not given.")
    available_to: Iso3 | None = Field(default=None, description="Country whose industry gets the metal; default by country.")
    port: Key | None = Field(default=None, description="Port its cargo passes.")
    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    aggregate: bool = Field(default=False, description="Stands for many plants without known nameplates.")
    gate_fee_usd_per_t: UsdPer | None = Field(
        default=None, description="Paid to the plant by who delivers; negative: the plant pays for what it takes."
    )
    finance: FinanceSpec | None = Field(default=None, description="Sources of money of a plant that is not built yet.")
    investment: InvestmentSpec | None = Field(
        default=None, description="How it is judged and supported before and after it is built."
    )

    @model_validator(mode="after")
    def _class_given(self) -> Self:
        """Raise if a plant to be built has no commissioning class."""
        if self.status not in {"operating", "closed"} and self.commissioning is None:
            raise PydanticCustomError(
                "commissioning_missing", "a plant that is {status} needs a commissioning class", {"status": self.status}
            )
        return self
