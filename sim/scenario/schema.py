"""The whole scenario, frozen: everything a run depends on but the seed and the code."""

from typing import Literal

from pydantic import Field

from sim.core.spec import Items, Key, Name, Spec, Text
from sim.nodes.country_spec import CountrySpec
from sim.nodes.investment_spec import CapitalSpec
from sim.nodes.plant_spec import CommissioningSpec, PlantSpec, ProcessSpec
from sim.nodes.product_spec import CountryProductSpec, FractionSpec, GroupSpec, ProductSpec, SubstanceSpec
from sim.nodes.zone_spec import ZoneSpec
from sim.policy.lever_spec import LeverSpec, ResponseSpec, ShockSpec
from sim.trade.border_spec import BorderRuleSpec
from sim.trade.contract_spec import ContractSpec
from sim.trade.market_spec import MarketSpec
from sim.trade.reaction_spec import ReactionSpec
from sim.trade.routing_spec import RouteSpec
from sim.transport.lane_spec import LaneSpec, PortSpec, SeaSpec
from sim.transport.vehicle_spec import VehicleSpec


class TimeSpec(Spec):
    """First and last calendar year, both simulated whole."""

    start: int = Field(ge=2000, le=2060, description="First calendar year, simulated whole.")
    end: int = Field(ge=2000, le=2060, description="Last calendar year, simulated whole.")


class ResolutionSpec(Spec):
    """How fine a run is; results agree within the bounds tested in `tests/validation`."""

    vehicles: Literal["vehicle", "platoon"] = Field(
        default="platoon",
        description="Every truck its own process (buyers' carts apart), or trucks of one zone and shift travel as one event.",
    )
    period_days: int = Field(default=28, ge=1, le=92, description="Days of offers that are put on the road at a time.")
    zones: Literal["fine", "coarse"] = Field(
        default="coarse", description="Every zone of the data, or regions that keep the route lengths of their zones."
    )
    audit: Literal["month", "event"] = Field(default="month", description="When the mass balance is checked.")


class RunSpec(Spec):
    """Replications and the seed used unless the command says otherwise."""

    replications: int = Field(default=20, ge=1, le=100_000, description="How many times the world is run.")
    repeats_per_draw: int = Field(default=2, ge=1, le=100, description="Replications that share one draw of the uncertain inputs.")
    seed: int = Field(default=1, ge=0, le=2**53, description="Start of every random stream; the same seed gives the same results.")
    uncertain_inputs: bool = Field(default=True, description="Draw what is not known; false: every number at its mode.")


class ScopeSpec(Spec):
    """What is counted."""

    vehicles_and_machines: bool = Field(
        default=False, description="Count end-of-life vehicles and industrial machines too, with totals of their own."
    )
    discretisation: Literal["uniform", "mid_year", "survival_difference"] = Field(
        default="uniform", description="When within a year devices are sold: evenly, at mid-year (UN method), or as flodym does."
    )


class ScenarioSpec(Spec):
    """A scenario as resolved: library tables, base scenarios and the file itself, merged and checked."""

    name: Name = Field(description="Title of the scenario.")
    title_ja: Text = Field(default="", description="Title in Japanese.")
    question: Text = Field(default="", description="The question the scenario answers; printed on the first page of the report.")
    question_ja: Text = Field(default="", description="The question in Japanese.")
    time: TimeSpec = Field(description="The years that are simulated.")
    resolution: ResolutionSpec = Field(default_factory=ResolutionSpec, description="How fine the simulation is.")
    run: RunSpec = Field(default_factory=RunSpec, description="Replications, seed and uncertainty.")
    scope: ScopeSpec = Field(default_factory=ScopeSpec, description="What is counted.")
    substances: dict[Key, SubstanceSpec] = Field(description="Tracked elements; masses are elemental.")
    groups: dict[Key, GroupSpec] = Field(description="Products collected and treated alike.")
    fractions: dict[Key, FractionSpec] = Field(description="What dismantling separates a device into.")
    products: dict[Key, ProductSpec] = Field(description="Mass, life and contents of every product key.")
    country_products: dict[Key, dict[Key, CountryProductSpec]] = Field(
        default_factory=dict, description="What differs from the product key in one country."
    )
    countries: dict[Key, CountrySpec] = Field(description="People, what they throw away, and how it is collected.")
    zones: dict[Key, ZoneSpec] = Field(description="Prefectures and first-level regions.")
    vehicles: dict[Key, VehicleSpec] = Field(description="Vehicle types.")
    processes: dict[Key, ProcessSpec] = Field(description="How kinds of plants divide what they are fed.")
    commissioning: dict[Key, CommissioningSpec] = Field(description="Durations from decision to full rate by class of plant.")
    plants: Items[PlantSpec] = Field(description="Plants, and national aggregates where no nameplate is known.")
    routes: Items[RouteSpec] = Field(description="Where material goes.")
    border_rules: Items[BorderRuleSpec] = Field(description="Dated rules for cargo that crosses a border.")
    ports: dict[Key, PortSpec] = Field(description="Ports of loading and discharge.")
    lanes: Items[LaneSpec] = Field(description="Sea lanes between two ports, one way.")
    sea: SeaSpec = Field(description="Rules common to all lanes and road hauls of fractions.")
    market: MarketSpec = Field(description="Prices, demand, supply and stockpiles.")
    capital: CapitalSpec = Field(default_factory=CapitalSpec, description="What capital costs and how investors reckon.")
    contracts: Items[ContractSpec] = Field(default=(), description="Who takes recovered metal, from when and at what price.")
    levers: Items[LeverSpec] = Field(default=(), description="Dials turned on a date.")
    shocks: Items[ShockSpec] = Field(default=(), description="Cuts of supply or moves of prices for a while.")
    responses: Items[ResponseSpec] = Field(default=(), description="Rapid responses: a trigger and what is done while it holds.")
    reactions: Items[ReactionSpec] = Field(default=(), description="How plants and informal buyers answer prices.")
