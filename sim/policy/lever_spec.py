"""What a scenario says of levers: dials turned on a date, shocks, and responses to them."""

from typing import Literal, Self

from pydantic import Field, model_validator

from sim.core.spec import Day, Days, Factor, Iso3, Items, Key, Name, Spec, Usd

ShockKind = Literal["supply_cut", "export_ban", "quota", "licence_delay", "price_spike", "port_closure", "plant_fire"]
SHOCK_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # kind -> what it needs, what it may say
    "supply_cut": (("metal", "source", "supply_factor"), ("price_factor",)),
    "export_ban": (("metal", "source"), ("price_factor",)),
    "quota": (("metal", "source", "supply_factor"), ("price_factor",)),
    "licence_delay": (("metal", "source", "delay_days"), ("price_factor",)),
    "price_spike": (("metal", "price_factor"), ()),
    "port_closure": (("port",), ()),
    "plant_fire": (("plant",), ()),
}
_SHOCK_OPTIONS = ("metal", "source", "port", "plant", "supply_factor", "delay_days", "price_factor")
Indicator = Literal["shortfall_share", "days_of_cover", "price_usd_per_kg", "import_dependence_share"]


class LeverSpec(Spec):
    """A dial turned on a date: its first value times `factor`, until `end`."""

    name: Name
    dial: Name = Field(description="Name of a dial, such as `borders.consent_days_factor`.")
    start: Day = Field(description="First day it works.")
    end: Day | None = Field(default=None, description="Last day it works; none: for ever.")
    factor: Factor = Field(description="Multiplies the dial.")


class ShockSpec(Spec):
    """Something goes wrong for a while, from a chosen day or a random one.

    supply_cut : part of a source's supply does not come. export_ban : nothing of it comes. quota : so much of it may come.
    licence_delay : it stops until the first licences are granted. price_spike : the price outside China moves, supply does not.
    port_closure : no ship leaves, calls at or enters a port. plant_fire : a plant stands still.
    """

    name: Name
    kind: ShockKind = Field(default="supply_cut", description="What happens.")
    metal: Key | None = Field(default=None, description="Metal struck.")
    source: str | None = Field(
        default=None, pattern=r"^([A-Z]{3}|\*)$", description="Source country of primary supply, `ROW`, or `*` for all."
    )
    port: Key | None = Field(default=None, description="Port that closes.")
    plant: Name | None = Field(default=None, description="Plant that burns.")
    start: Day | None = Field(default=None, description="First day of the shock; or give `earliest` and `latest`.")
    earliest: Day | None = Field(default=None, description="First day it may start on, if that is left to chance.")
    latest: Day | None = Field(default=None, description="Last day it may start on; drawn for each replication, all days alike.")
    days: Days = Field(description="How long it lasts.")
    supply_factor: Factor | None = Field(
        default=None, description="Multiplies primary supply from the source; 0 is a ban, 1 leaves it."
    )
    delay_days: Days | None = Field(default=None, description="Days until the first licences are granted.")
    price_factor: Factor | None = Field(
        default=None, description="Multiplies the price outside China; none: `scarcity_exponent` of the metal says what a cut does."
    )

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        """Raise if a field its kind needs is missing, or one is given that it does not read."""
        needed, may = SHOCK_FIELDS[self.kind]
        given = {name for name in _SHOCK_OPTIONS if getattr(self, name) is not None}
        if missing := [name for name in needed if name not in given]:
            raise ValueError(f"a {self.kind} also needs {', '.join(missing)}")
        if idle := sorted(given - {*needed, *may}):
            raise ValueError(f"a {self.kind} does not read {', '.join(idle)}")
        self._require_dates()
        return self

    def _require_dates(self) -> None:
        window = [day for day in (self.earliest, self.latest) if day is not None]
        if len(window) == 1 or (self.start is None) == (not window):
            raise ValueError("give start, or earliest and latest")
        if window and window[1] < window[0]:
            raise ValueError("latest must not be before earliest")


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


class RerouteSpec(Spec):
    """All material of a route goes to one of its destinations first; what has no room there overflows as ever."""

    route: Name = Field(description="Route by name.")
    to: Name = Field(description="One of its destinations.")


class ActionSpec(Spec):
    """One thing a response does while its trigger holds; exactly one key is given."""

    release_stockpile_days: Days | None = Field(default=None, description="Days of demand released from the national stock.")
    build_stockpile_days: Days | None = Field(
        default=None, description="Days of demand the nation means to hold beyond its plan; bought as stocks are refilled."
    )
    consent_days_factor: Factor | None = Field(
        default=None, description="Multiplies consent days at all borders, applications under way too."
    )
    permit_factor: Factor | None = Field(default=None, description="Multiplies permitting times of plants alone.")
    commissioning_factor: Factor | None = Field(default=None, description="Multiplies finance, permit and build times of plants.")
    extra_shift: bool | None = Field(default=None, description="Plants work half as many hours again, as far as their day allows.")
    reroute: RerouteSpec | None = Field(default=None, description="Sends the material of a route to one destination first.")

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
    cost_usd: Usd | None = Field(default=None, description="Paid by the government of the country watched each time it starts.")
    cost_usd_per_day: Usd | None = Field(default=None, description="Paid by it for each day it is at work; stocks are paid apart.")
