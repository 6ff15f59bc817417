"""The whole scenario, frozen: everything a run depends on but the seed and the code."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.core.spec import Items, Key, Name, Spec, Text
from sim.nodes.country_spec import CountrySpec
from sim.nodes.plant_spec import CommissioningSpec, PlantSpec, ProcessSpec
from sim.nodes.product_spec import CountryProductSpec, FractionSpec, GroupSpec, ProductSpec, SubstanceSpec
from sim.nodes.zone_spec import ZoneSpec
from sim.policy.lever_spec import ResponseSpec, ShockSpec
from sim.trade.border_spec import BorderRuleSpec
from sim.trade.market_spec import MarketSpec
from sim.trade.routing_spec import RouteSpec
from sim.transport.lane_spec import LaneSpec, PortSpec, SeaSpec
from sim.transport.vehicle_spec import VehicleSpec


class TimeSpec(Spec):
    """First and last calendar year, both simulated whole."""

    start: int = Field(ge=2000, le=2060)
    end: int = Field(ge=2000, le=2060)


class ResolutionSpec(Spec):
    """How fine a run is; results agree within the bounds tested in `tests/validation`."""

    vehicles: Literal["vehicle", "platoon"] = "platoon"
    period_days: int = Field(default=28, ge=1, le=92)
    zones: Literal["fine", "coarse"] = "coarse"
    audit: Literal["month", "event"] = "month"


class RunSpec(Spec):
    """Replications and the seed used unless the command says otherwise."""

    replications: int = Field(default=20, ge=1, le=100_000)
    repeats_per_draw: int = Field(default=2, ge=1, le=100, description="Replications that share one draw of the uncertain inputs.")
    seed: int = Field(default=1, ge=0, le=2**53)
    uncertain_inputs: bool = True


class ScopeSpec(Spec):
    """What is counted."""

    vehicles_and_machines: bool = False
    discretisation: Literal["uniform", "mid_year", "survival_difference"] = "uniform"


class ScenarioSpec(Spec):
    """A scenario as resolved: library tables, base scenarios and the file itself, merged and checked."""

    name: Name
    title_ja: Text = ""
    question: Text = ""
    time: TimeSpec
    resolution: ResolutionSpec = ResolutionSpec()
    run: RunSpec = RunSpec()
    scope: ScopeSpec = ScopeSpec()
    substances: dict[Key, SubstanceSpec]
    groups: dict[Key, GroupSpec]
    fractions: dict[Key, FractionSpec]
    products: dict[Key, ProductSpec]
    country_products: dict[Key, dict[Key, CountryProductSpec]] = Field(default_factory=dict)
    countries: dict[Key, CountrySpec]
    zones: dict[Key, ZoneSpec]
    vehicles: dict[Key, VehicleSpec]
    processes: dict[Key, ProcessSpec]
    commissioning: dict[Key, CommissioningSpec]
    plants: Items[PlantSpec]
    routes: Items[RouteSpec]
    border_rules: Items[BorderRuleSpec]
    ports: dict[Key, PortSpec]
    lanes: Items[LaneSpec]
    sea: SeaSpec
    market: MarketSpec
    shocks: Items[ShockSpec] = ()
    responses: Items[ResponseSpec] = ()
