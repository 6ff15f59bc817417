"""What a scenario says of a collection channel."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.core.quantity import Quantity
from sim.core.spec import Bounded, Count, Day, Days, Factor, Items, Key, Minutes, People, PositiveKg, Share, Spec, Text, UsdPer

ChannelKind = Literal[
    "delivery_truck", "municipal_pickup", "drop_box", "retailer", "mail_in", "producer_scheme", "postal", "informal_buyer"
]
DaysPerWeek = Annotated[Quantity, Bounded(0.1, 7.0, "days a week")]
Points = Annotated[Quantity, Bounded(1e-3, 1e6, "points")]
JulyFactor = Annotated[Quantity, Bounded(0.0, 12.0, "factor")]
DELIVERY_FIELDS = ("delivery_address_share", "spare_minutes_per_day", "spare_load_share", "round_stops_per_day")
BASE_YEAR = 2022.0
POINT_FIELDS = ("points_per_100k_households", "point_capacity_kg", "fill_share", "age_limit_days")


class ChannelSpec(Spec):
    """One way devices leave households or firms; a row of data, never a class."""

    name_en: Text = Field(default="", description="English name; absent: words of its kind.")
    name_ja: Text = Field(default="", description="Japanese name; absent: words of its kind.")
    kind: ChannelKind = Field(description="What it is; decides who pays and how reports name it, not how it works.")

    # who may and does hand over
    groups: Items[Key] = Field(description="Law scope: product groups this channel may take.", min_length=1)
    clients: Literal["households", "business", "both"] = Field(default="households", description="Whose devices it takes.")
    denominator: Literal["arisings_in_scope", "sales_in_scope"] = Field(
        description="What the captured share is a share of: discarded units in scope, or units sold (one old for one new)."
    )
    start: Day | None = Field(default=None, description="First day; absent: in place before the run.")
    end: Day | None = Field(default=None, description="Day it closes; absent: never.")
    zones: Items[Key] | None = Field(default=None, description="Zones it works in; absent: all of its country.", min_length=1)
    coverage_share: Share = Field(description="Share of the country's people the service reaches.")
    awareness_share: Share = Field(
        default=Quantity.constant(1.0),
        description="Share of the people reached who know of the service; 1 where participation was observed among all of them.",
    )
    participation_share: Share = Field(description="Share of the denominator that covered people who know of it hand over here.")
    group_factors: dict[Key, Share] = Field(
        default_factory=dict,
        description="Share of a group this channel gets of its participation: data-erasure reluctance, lithium battery limits.",
    )
    diverted_share: Share = Field(
        description="Share of what this channel is offered that would have gone to an older channel; 0 for the base mix."
    )
    paid_to_household_usd_per_kg: UsdPer = Field(
        description="Price the household gets (negative: a fee) with which the participation was observed."
    )
    incentive_usd_per_kg: UsdPer = Field(
        default=Quantity.constant(0.0),
        description="Paid on top of that price; moves people between channels by `informal.price_sensitivity`.",
    )
    producer_fee_usd_per_kg: UsdPer = Field(
        default=Quantity.constant(0.0),
        description="What producers pay its operator per kg fetched (extended producer responsibility).",
    )
    subsidy_usd_per_kg: UsdPer = Field(
        default=Quantity.constant(0.0), description="What the government pays its operator per kg fetched."
    )
    incentive_refund_share: Share = Field(
        default=Quantity.constant(0.0), description="Part of the incentive the government gives back to the operator."
    )
    weekly_cv: Factor = Field(description="Standard deviation over mean of what one zone hands over in a week; chance, not trend.")
    july_factor: JulyFactor = Field(description="Offers in July over the mean month; the year still sums to the same.")

    # how it is fetched
    vehicle: Key = Field(description="Vehicle that fetches the offers.")
    vehicles_per_100k_households: Count = Field(
        description="Vehicles per 100,000 households the service reaches; whole ones in each zone, rounded up."
    )
    working_days_per_week: DaysPerWeek = Field(description="Days per week the fleet works.")
    round: Literal["own", "on_delivery_round", "point_to_point"] = Field(
        description="Which route formula applies (`transport.route`)."
    )
    people_per_base: People = Field(description="People per place vehicles start from (depot, post office, junk shop).")
    gather_days: Days = Field(description="Calls gather for at most this time to make a fuller route.")
    pickup_kg: PositiveKg = Field(description="Mean mass handed over at one stop; points: found from their filling.")
    density_kg_per_m3: PositiveKg = Field(description="Loose density of the load.")
    handling_usd_per_t: UsdPer = Field(description="Certification, data erasure, desk and tracking work.")

    # on_delivery_round only
    delivery_address_share: Share | None = Field(
        default=None, description="Share of pick-ups at an address that has a delivery that day."
    )
    spare_minutes_per_day: Minutes | None = Field(default=None, description="Minutes of a delivery shift free for pick-ups.")
    spare_load_share: Share | None = Field(default=None, description="Mean free share of payload and volume over a delivery round.")
    round_stops_per_day: Count | None = Field(default=None, description="Delivery stops of one vehicle and day.")

    # boxes, shops and counters only
    points_per_100k_households: Points | None = Field(
        default=None, description="Boxes, shops or counters per 100,000 households reached; absent: door pick-up."
    )
    point_capacity_kg: PositiveKg | None = Field(default=None, description="What a point holds; more is turned away.")
    fill_share: Share | None = Field(default=None, description="A point calls for pick-up at this share of its capacity.")
    age_limit_days: Days | None = Field(default=None, description="A point calls at the latest after this time.")

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise PydanticCustomError("channel_dates", "start must be before end", {})
        if self.round == "on_delivery_round":
            self._require(DELIVERY_FIELDS, "a channel on delivery rounds")
        if any(getattr(self, name) is not None for name in POINT_FIELDS):
            self._require(POINT_FIELDS, "a channel with boxes, shops or counters")
        return self

    def _require(self, names: tuple[str, ...], what: str) -> None:
        missing = ", ".join(name for name in names if getattr(self, name) is None)
        if missing:
            raise PydanticCustomError("channel_fields", "{what} also needs {missing}", {"what": what, "missing": missing})

    @property
    def has_points(self) -> bool:
        """Whether offers are brought to boxes, shops or counters rather than fetched at the door."""
        return self.point_capacity_kg is not None


def oversubscribed(channels: dict[str, ChannelSpec]) -> tuple[str, float, float] | None:
    """Find a product group of which the base mix (diverted share 0) takes more than all: (group, year, share), or None.

    Looks at every year in which a path has a point, ranges at their mode.
    """
    base = [channel for channel in channels.values() if channel.diverted_share.uncertain or channel.diverted_share.value == 0.0]
    base = [channel for channel in base if channel.denominator == "arisings_in_scope"]
    years = {year for channel in base for path in _shares(channel) for year, _ in path.points}
    years |= {channel.start.year + 1.0 for channel in base if channel.start}
    years = {year for year in years if year > 0.0} or {BASE_YEAR}
    for year in sorted(years):
        taken: dict[str, float] = {}
        for channel in base:
            if (channel.start and year < channel.start.year) or (channel.end and year >= channel.end.year):
                continue
            share = math.prod(path.at(year) for path in _shares(channel))
            for group in channel.groups:
                factor = channel.group_factors.get(group)
                taken[group] = taken.get(group, 0.0) + share * (factor.at(year) if factor else 1.0)
        for group, share in taken.items():
            if share > 1.0 + 1e-9:
                return group, year, share
    return None


def _shares(channel: ChannelSpec) -> tuple[Quantity, ...]:
    return channel.coverage_share, channel.awareness_share, channel.participation_share
