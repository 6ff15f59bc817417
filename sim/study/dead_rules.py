"""Why a part of a scenario had no effect in a run: one rule for each kind of entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import numpy as np

from sim.core.calendar import Calendar
from sim.nodes.plant_spec import PlantSpec
from sim.policy.lever_spec import LeverSpec, ShockSpec
from sim.results.tables import Columns, numbers, texts
from sim.scenario.cautions import never_takes
from sim.scenario.keys import KeyPath
from sim.scenario.schema import ScenarioSpec
from sim.simulate.run import make_world
from sim.simulate.sea_ways import SeaWays
from sim.trade.permit import FACTOR_DIAL, pair_dial
from sim.trade.routing_spec import RouteSpec
from sim.trade.rules import ANY, RuleTable

State = Literal["dead", "dormant"]
Verdict = tuple[State, str] | None


@dataclass(frozen=True)
class Found:
    """What a run did, as the rules below ask for it."""

    spec: ScenarioSpec
    tables: Mapping[str, Columns]
    triggered: frozenset[str]

    def verdict(self, part: KeyPath) -> Verdict:
        """Why a part of the scenario had no effect; None if it had one, or if nothing speaks against it."""
        rule = _RULES.get(part[0])
        return rule(self, part) if rule is not None else None

    def leaf(self, path: KeyPath) -> Verdict:
        """Why a single number was not read, where it is about something that is idle itself."""
        if path[0] == "routes" and "destinations" in path and len(path) > 3:
            return self.plant(("plants", path[3]))
        if path[0] == "border_rules":
            rule = next(rule for rule in self.spec.border_rules if rule.name == path[1])
            refuses = rule.refusal_share is not None and max(rule.refusal_share.at(y) for y in range(*self._years)) > 0.0
            if path[2] != "reapply_after_days" or refuses:
                return "dormant", "nothing happened under this rule that asks for it"
        return None

    # what happened

    @cached_property
    def fed(self) -> frozenset[str]:
        """Plants that took anything in."""
        return self._with("plants", "plant", "intake_kg")

    @cached_property
    def ran(self) -> frozenset[str]:
        """Plants that were open in some month."""
        table = self.tables["plants"]
        return frozenset(np.array(texts(table, "plant"))[np.array(texts(table, "status")) == "operating"].tolist())

    @cached_property
    def arisen(self) -> frozenset[tuple[str, str]]:
        """Countries and products of which anything was discarded."""
        table = self.tables["arisings"]
        some = numbers(table, "mass_kg") > 0.0
        return frozenset(zip(*(np.array(texts(table, name))[some].tolist() for name in ("country", "product")), strict=True))

    @cached_property
    def made(self) -> frozenset[tuple[str, str]]:
        """Countries and what their plants made."""
        table = self.tables["recovery"]
        some = numbers(table, "contained_kg") > 0.0
        return frozenset(zip(*(np.array(texts(table, name))[some].tolist() for name in ("plant_country", "form")), strict=True))

    @cached_property
    def offered(self) -> frozenset[tuple[str, str]]:
        """Countries and channels that were offered anything."""
        table = self.tables["collection"]
        some = numbers(table, "offered_kg") > 0.0
        return frozenset(zip(*(np.array(texts(table, name))[some].tolist() for name in ("country", "channel")), strict=True))

    def _with(self, name: str, key: str, measure: str) -> frozenset[str]:
        table = self.tables[name]
        return frozenset(np.array(texts(table, key))[numbers(table, measure) > 0.0].tolist())

    # what the scenario says

    @cached_property
    def plants(self) -> dict[str, PlantSpec]:
        """Plants by name."""
        return {plant.name: plant for plant in self.spec.plants}

    @cached_property
    def routed(self) -> frozenset[str]:
        """Plants that some route names; crude yards need none."""
        crude = {plant.name for plant in self.spec.plants if self.spec.processes[plant.process].stage == "crude"}
        return frozenset(end.to for route in self.spec.routes for end in route.destinations) | crude

    @cached_property
    def crossings(self) -> frozenset[tuple[str, str, str, str]]:
        """Origin, country of the plant, material and plant of every route over a border."""
        exact = {(route.origin, route.material) for route in self.spec.routes}
        return frozenset(
            (origin, self.plants[end.to].country, route.material, end.to)
            for route in self.spec.routes
            for origin in self._origins(route, exact)
            for end in route.destinations
            if end.to in self.plants and self.plants[end.to].country != origin
        )

    def _origins(self, route: RouteSpec, exact: Collection[tuple[str, str]]) -> list[str]:
        if route.origin != ANY:
            return [route.origin]
        return [country for country in self.spec.countries if (country, route.material) not in exact]

    @cached_property
    def sailed(self) -> frozenset[str]:
        """Lanes that lie on the way of some route."""
        ways = SeaWays(make_world(self.spec, 0, 0), self.spec.ports, self.spec.lanes, self.spec.sea)
        ends = {(origin, plant) for origin, _, _, plant in self.crossings}
        voyages = (ways.voyage(origin, self.plants[plant]) for origin, plant in sorted(ends))
        return frozenset(leg.name for found in voyages if found is not None for leg in found[0].legs)

    @property
    def _years(self) -> tuple[int, int]:
        return self.spec.time.start, self.spec.time.end + 1

    @property
    def _end(self) -> date:
        return date(self.spec.time.end, 12, 31)

    # the rules

    def dated(self, start: date | None, end: date | None) -> Verdict:
        """Dormant where its time is not in the run."""
        if start is not None and start > self._end:
            return "dormant", f"it starts on {start}, after the run"
        if end is not None and end < date(self.spec.time.start, 1, 1):
            return "dormant", f"it ended on {end}, before the run"
        return None

    def plant(self, part: KeyPath) -> Verdict:
        """A plant that took nothing in."""
        name = part[1]
        plant = self.plants.get(name)
        if plant is None or name in self.fed:
            return None
        if name not in self.routed:
            return "dead", "no route leads to this plant"
        why = never_takes(plant, self.spec.time.start, self.spec.time.end)
        if why:
            return "dormant", f"it can take nothing in throughout the run, as {why}; what was meant for it waits"
        if name not in self.ran:
            return "dormant", "the plant does not run within the years of the run"
        return "dormant", "routes lead to it, but nothing reached it: none was there, others came first, or it was held on the way"

    def route(self, part: KeyPath) -> Verdict:
        """A route of something that is nowhere, or that other routes replace."""
        route = next((route for route in self.spec.routes if route.name == part[1]), None)
        if route is None:
            return None
        origins = self._origins(route, {(each.origin, each.material) for each in self.spec.routes})
        if not origins:
            return "dead", "every country has a route of its own for this material"
        if any(self._has(origin, route.material) for origin in origins):
            return None
        makers = [plant for plant in self.spec.plants if plant.country in origins and self._makes(plant, route.material)]
        if any(plant.name not in self.ran for plant in makers):
            return "dormant", f"the plants that would make {route.material} there do not run within the years of the run"
        if makers:
            return "dormant", f"no {route.material} was made there"
        return "dead", f"there is no {route.material} in {', '.join(origins[:3])}{' ...' if len(origins) > 3 else ''}"

    def _has(self, country: str, material: str) -> bool:
        if material not in self.spec.groups:
            return (country, material) in self.made
        channels = self.spec.countries[country].channels
        taken = any(material in channel.groups for name, channel in channels.items() if (country, name) in self.offered)
        return taken and any(
            (country, name) in self.arisen for name, product in self.spec.products.items() if product.group == material
        )

    def _makes(self, plant: PlantSpec, material: str) -> bool:
        return any(material in outputs for outputs in self.spec.processes[plant.process].transfer.values())

    def border_rule(self, part: KeyPath) -> Verdict:
        """A rule that no cargo of any route can come under."""
        rule = next((rule for rule in self.spec.border_rules if rule.name == part[1]), None)
        if rule is None:
            return None
        dated = self.dated(rule.start, rule.end)
        if dated is not None:
            return dated
        calendar = Calendar.of(self.spec.time.start, self.spec.time.end)
        table, about = RuleTable(self.spec.border_rules, calendar), False
        for crossing in sorted(self.crossings):
            rules = table.about(*crossing)
            about = about or any(each.spec.name == rule.name for each in rules)
            days = {max(each.start_day, 0.0) for each in rules} | {each.end_day for each in rules}
            first = (next(each for each in rules if each.holds(day)) for day in sorted(days) if 0.0 <= day < calendar.days)
            if any(each.spec.name == rule.name for each in first):
                return None
        return (
            ("dead", "a more specific rule always goes before it")
            if about
            else ("dead", "no route takes its cargo over this border")
        )

    def lane(self, part: KeyPath) -> Verdict:
        """A lane that no voyage takes."""
        known = any(lane.name == part[1] for lane in self.spec.lanes)
        return (
            ("dead", "no route sails on it: there is a quicker way, or none needs it")
            if known and part[1] not in self.sailed
            else None
        )

    def port(self, part: KeyPath) -> Verdict:
        """A port that no lane calls at."""
        called = {end for lane in self.spec.lanes for end in (lane.origin, lane.destination)}
        return ("dead", "no lane calls at this port") if part[1] in self.spec.ports and part[1] not in called else None

    def lever(self, part: KeyPath) -> Verdict:
        """A lever that is not turned, or whose dial moves nothing."""
        lever = next((lever for lever in self.spec.levers if lever.name == part[1]), None)
        if lever is None:
            return None
        dated = self.dated(lever.start, lever.end)
        if dated is None and lever.factor.value == 1.0:
            return "dead", "a factor of 1 leaves its dial as it is"
        return dated or self._dial(lever)

    def _dial(self, lever: LeverSpec) -> Verdict:
        head, _, rest = lever.dial.partition(".")
        if head == "plants":
            return self.plant(("plants", rest.removesuffix(".hours_factor")))
        if head == "collection":
            country, _, channel = rest.removesuffix(".fleet_factor").partition(".")
            known = channel in self.spec.countries[country].channels
            return ("dead", "its channel is offered nothing") if known and (country, channel) not in self.offered else None
        if lever.dial.startswith(f"{FACTOR_DIAL}."):
            consents = {pair_dial(rule.origin, rule.destination) for rule in self.spec.border_rules if rule.rule == "consent"}
            wide = any(ANY in {rule.origin, rule.destination} for rule in self.spec.border_rules if rule.rule == "consent")
            return None if wide or lever.dial in consents else ("dead", "no rule asks for consent between these countries")
        return None

    def shock(self, part: KeyPath) -> Verdict:
        """A shock outside of the run, or of something nobody buys."""
        shock = next((shock for shock in self.spec.shocks if shock.name == part[1]), None)
        if shock is None:
            return None
        first = shock.start or shock.earliest
        return self.dated(first, None) or self._struck(shock)

    def _struck(self, shock: ShockSpec) -> Verdict:
        """Whether what a shock strikes is there."""
        if shock.plant is not None:
            return self.plant(("plants", shock.plant))
        if shock.port is not None:
            calls = {end for lane in self.spec.lanes if lane.name in self.sailed for end in (lane.origin, lane.destination)}
            return None if shock.port in calls else ("dead", "no route sails from or to this port")
        if shock.price_factor is not None and shock.price_factor.value != 1.0:
            return None
        if shock.supply_factor is not None and shock.supply_factor.value == 1.0:
            return "dead", "factors of 1 leave supply and price as they are"
        demands = [metals[shock.metal] for metals in self.spec.market.demand.values() if shock.metal in metals]
        buys = (demand.supply_share.get(shock.source or "") for demand in demands)
        known = shock.source in {ANY, "ROW"} or any(share is not None and share.value > 0.0 for share in buys)
        return None if demands and known else ("dead", f"nobody buys {shock.metal} from {shock.source}")

    def contract(self, part: KeyPath) -> Verdict:
        """A contract outside of the run, or whose plants all took nothing in."""
        contract = next((contract for contract in self.spec.contracts if contract.name == part[1]), None)
        if contract is None:
            return None
        idle = [self.plant(("plants", seller)) for seller in contract.sellers]
        return self.dated(contract.start, None) or (idle[0] if all(idle) else None)

    def response(self, part: KeyPath) -> Verdict:
        """A response that was never triggered."""
        known = any(response.name == part[1] for response in self.spec.responses)
        return ("dormant", "its trigger was never met") if known and part[1] not in self.triggered else None

    def country(self, part: KeyPath) -> Verdict:
        """A channel that got nothing; products nobody discards."""
        if len(part) < 4 or part[2] != "channels":
            return None
        channel = self.spec.countries[part[1]].channels.get(part[3])
        if channel is None or (part[1], part[3]) in self.offered:
            return None
        dated = self.dated(channel.start, channel.end)
        shares = (channel.coverage_share, channel.participation_share)
        later = [year for share in shares for year, _ in share.points if year > self.spec.time.end]
        if dated is None and any(all(share.at(year) > 0.0 for share in shares) for year in later):
            return "dormant", "its shares are 0 until after the run"
        return dated or ("dead", "nobody hands anything over to this channel")

    def vehicle(self, part: KeyPath) -> Verdict:
        """A vehicle that no channel and no line-haul names."""
        used = {channel.vehicle for country in self.spec.countries.values() for channel in country.channels.values()}
        used |= {country.depots.linehaul_vehicle for country in self.spec.countries.values() if country.depots}
        return ("dead", "no channel and no line-haul uses it") if part[1] in self.spec.vehicles and part[1] not in used else None

    def process(self, part: KeyPath) -> Verdict:
        """A process that no plant runs."""
        plants = [plant.name for plant in self.spec.plants if plant.process == part[1]]
        if not plants:
            return "dead", "no plant runs this process"
        idle = [self.plant(("plants", name)) for name in plants]
        return ("dormant", "no plant of this process took anything in") if all(idle) else None

    def commissioning(self, part: KeyPath) -> Verdict:
        """A class of which no plant is to be built."""
        used = any(plant.commissioning == part[1] and plant.status not in {"operating", "closed"} for plant in self.spec.plants)
        return None if used else ("dead", "no plant of this class is to be built")

    def product(self, part: KeyPath) -> Verdict:
        """A product that nobody discards."""
        if part[0] == "country_products":
            return None if len(part) < 3 or (part[1], part[2]) in self.arisen else ("dead", "nobody discards it in this country")
        return None if any(part[1] == name for _, name in self.arisen) else ("dead", "nobody discards it")


def _zone(found: Found, part: KeyPath) -> Verdict:
    zone = found.spec.zones.get(part[1])
    if zone is None or found.spec.countries[zone.country].channels:
        return None
    return "dead", "its country has no collection"


_RULES: dict[str, Callable[[Found, KeyPath], Verdict]] = {
    "plants": Found.plant,
    "routes": Found.route,
    "border_rules": Found.border_rule,
    "lanes": Found.lane,
    "ports": Found.port,
    "levers": Found.lever,
    "shocks": Found.shock,
    "contracts": Found.contract,
    "responses": Found.response,
    "countries": Found.country,
    "vehicles": Found.vehicle,
    "processes": Found.process,
    "commissioning": Found.commissioning,
    "products": Found.product,
    "country_products": Found.product,
    "zones": _zone,
}
