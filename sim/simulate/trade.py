"""Wires borders, lanes, routes, the market and the levers that move them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from math import inf

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR, HOURS_PER_DAY
from sim.core.errors import Fault, WiringError
from sim.core.units import KG_PER_T
from sim.engine.world import Receiver, World
from sim.nodes.plant_spec import PlantSpec
from sim.policy import shocks as shocks_of
from sim.policy.dials import DialBoard, schedule
from sim.policy.response import RESPONSE_KEYS, RESPONSE_MEASURES, Means, Response
from sim.policy.shocks import Shocks
from sim.scenario.schema import ScenarioSpec
from sim.simulate.sea_ways import SeaWays, point_of
from sim.trade.allocation import Option, Route, SharesRouter
from sim.trade.border import SHIPMENTS, Border, Passage, RuleInForce
from sim.trade.checks import WAIT, buyers_named, key_path
from sim.trade.contract import Contracts
from sim.trade.least_cost import QUARTER_MONTHS, LeastCost
from sim.trade.market import Market
from sim.trade.permit import FACTOR_DIAL, Permit, pair_dial
from sim.trade.reaction import answer
from sim.trade.routing_spec import LEAKAGE, DestinationSpec, RouteSpec
from sim.trade.rules import ANY, RuleTable
from sim.transport.haul import Dock, Haul, Point, road_km
from sim.transport.sea import PortStore

LAST_INSTANT_DAYS = 1e-6  # a month is closed this long before the next one starts


class Places:
    """What stands behind a ledger account: an account of a plant bears the plant's name first."""

    def __init__(self, world: World, plants: Sequence[PlantSpec]) -> None:
        self._world = world
        self._plants = sorted(plants, key=lambda plant: -len(plant.name))
        self._known: dict[int, PlantSpec | None] = {}

    def plant(self, account: int) -> PlantSpec | None:
        """The plant an account belongs to."""
        if account not in self._known:
            name = self._world.ledger.accounts[account].name
            self._known[account] = next((plant for plant in self._plants if name.startswith(plant.name)), None)
        return self._known[account]

    def seller(self, account: int) -> str:
        """Who is paid for what leaves an account: its plant, else the country it is in."""
        plant = self.plant(account)
        return plant.name if plant is not None else self._world.ledger.accounts[account].country

    def point(self, account: int) -> Point | None:
        """Where an account is, if that is known."""
        plant = self.plant(account)
        return point_of(plant) if plant is not None else None


@dataclass(slots=True)
class Trade:
    """Borders, lanes, routes and the market of one world.

    Made first and given to those who send (`router`, `market.desk`); `connect` once the receivers exist.
    worth_usd_per_t : what a plant sells of a tonne of a country's material, for routes by least cost.
    """

    world: World
    spec: ScenarioSpec
    router: SharesRouter
    market: Market
    places: Places
    board: DialBoard
    shocks: Shocks
    permits: dict[tuple[str, str, str, str], Permit] = field(default_factory=dict)
    borders: list[Border] = field(default_factory=list)
    worth_usd_per_t: Callable[[str, str, str], float] = lambda country, material, plant: 0.0
    responses: list[Response] = field(default_factory=list)
    _least_cost: LeastCost | None = None
    _answers: list[tuple[str, str, NDArray[np.float64]]] = field(default_factory=list)

    def connect(self, receivers: Mapping[str, Receiver]) -> None:
        """Resolve every route to receivers (plants and outside accounts by name) and set levers and month ends off.

        Raises
        ------
        WiringError
            For names, lanes, border rules and dials that do not exist.
        """
        buyers = (self.market.desk(country) for country in buyers_named(self.spec.routes))
        builder = _RouteBuilder(self, {**receivers, **{desk.name: desk for desk in buyers}})
        for route in builder.routes():
            self.router.add(route)
        if builder.faults:
            raise WiringError(builder.faults)
        asked = {(each.origin, each.material) for each in self.spec.routes if each.allocation == "least_cost"}
        chosen = [r for r in self.router.routes.values() if {(r.origin, r.material), (ANY, r.material)} & asked]
        if chosen:
            self._least_cost = LeastCost(self.world, chosen, builder.free_kg_per_day)
        self._set_levers(list(receivers))
        self._at_month_end(0)

    def _set_levers(self, receivers: Sequence[str]) -> None:
        self.board.listen(FACTOR_DIAL, self._hasten)
        for origin, destination in _pairs(self.spec):
            self.board.listen(pair_dial(origin, destination), partial(self._hasten, pair=(origin, destination)))
        schedule(self.world, self.board, self.spec.levers)
        shocks_of.schedule(self.world, self.board, self.shocks)
        plants = {plant.name: self._longest(plant) for plant in self.spec.plants if plant.name in receivers}
        means = Means(self.market, self.board, self.router, plants)
        self.responses += [Response(self.world, each, means) for each in self.spec.responses]
        self._set_reactions()

    def _set_reactions(self) -> None:
        """Plan the hours of plants that answer prices; a plant whose day is too short for its answer says so itself."""
        for reaction in self.spec.reactions:
            factors = answer(reaction, self.market.prices)
            for plant in reaction.plants:
                self._answers.append((f"reaction {reaction.name}", f"plants.{plant}.hours_factor", factors))
        self._answer(0)

    def _answer(self, month: int) -> None:
        """Set the hours of plants that answer prices for a month."""
        for cause, dial, factors in self._answers:
            self.board.put(cause, dial, float(factors[month]))

    def _longest(self, plant: PlantSpec) -> float:
        """Hours of a day over the hours a plant works: what an extra shift can bring at most."""
        process = self.spec.processes.get(plant.process)
        return HOURS_PER_DAY / process.hours_per_day.value if process is not None and process.hours_per_day.value > 0.0 else inf

    def _hasten(self, ratio: float, pair: tuple[str, str] | None = None) -> None:
        for (origin, destination, *_), permit in self.permits.items():
            if pair in {None, (origin, destination)}:
                permit.hasten(ratio)

    def _at_month_end(self, month: int) -> None:
        starts = self.world.calendar.month_starts
        if month < self.world.calendar.months:
            self.world.clock.at(starts[month + 1] - LAST_INSTANT_DAYS, self._end_month, month)

    def _end_month(self, month: int) -> None:
        starts = self.world.calendar.month_starts
        for border in self.borders:
            if border.pile.lots:
                border.review()
        self.market.close_month(month)
        for response in self.responses:
            response.review(float(starts[month + 1] - starts[month]))
        if self._least_cost is not None and month % QUARTER_MONTHS == QUARTER_MONTHS - 1:
            self._least_cost.review(DAYS_PER_YEAR / 4.0)
        if month + 1 < self.world.calendar.months:
            self._answer(month + 1)
        self._at_month_end(month + 1)


def wire_trade(world: World, spec: ScenarioSpec) -> Trade:
    """Build the market and an empty router; `Trade.connect` fills it when plants exist."""
    world.recorder.declare("shipments", ("year", "origin", "destination", "fraction"), SHIPMENTS)
    world.recorder.declare("payments", ("year", "payer", "payee", "item"), ("usd",))
    world.recorder.declare("emissions", ("year", "country", "stage", "item"), ("kgco2e",))
    world.recorder.declare("responses", RESPONSE_KEYS, RESPONSE_MEASURES)
    world.dials.declare(FACTOR_DIAL, 1.0)
    for origin, destination in _pairs(spec):
        world.dials.declare(pair_dial(origin, destination), 1.0)
    places = Places(world, spec.plants)
    shocks = Shocks(spec.shocks, world.calendar, world.streams)
    contracts = Contracts(spec.contracts, world.composition.substances, world.calendar) if spec.contracts else None
    market = Market(world, spec.market, shocks, places.seller, tuple(spec.countries), contracts)
    world.warnings += market.prices.warnings
    router = SharesRouter(world, frozenset([*spec.groups, *spec.fractions]))
    return Trade(world, spec, router, market, places, DialBoard(world), shocks)


def _pairs(spec: ScenarioSpec) -> Iterator[tuple[str, str]]:
    """Every ordered pair of countries, one of which has a plant."""
    ends = sorted({plant.country for plant in spec.plants})
    return ((origin, end) for origin in spec.countries for end in ends if origin != end)


class _RouteBuilder:
    """Turns route specs into routes of receivers: roads within a country, border and sea beyond."""

    def __init__(self, trade: Trade, receivers: Mapping[str, Receiver]) -> None:
        world, spec = trade.world, trade.spec
        self.faults: list[Fault] = []
        self._trade, self._world, self._spec, self._receivers = trade, world, spec, receivers
        self._plants = {plant.name: plant for plant in spec.plants}
        self.free_kg_per_day = {plant.name: _free_rate(world, plant) for plant in spec.plants}
        self._ways = SeaWays(world, spec.ports, spec.lanes, spec.sea)
        self._rules = RuleTable(spec.border_rules, world.calendar)
        self._docks: dict[str, Dock] = {}
        self._hauls: dict[str, Haul] = {}

    def routes(self) -> Iterator[Route]:
        """Every route for every country it holds for; a route from the very country wins over one from `*`."""
        exact = {(route.origin, route.material) for route in self._spec.routes}
        for spec in self._spec.routes:
            for country in self._spec.countries if spec.origin == ANY else [spec.origin]:
                if spec.origin != ANY or (country, spec.material) not in exact:
                    yield self._route(spec, country)

    def _route(self, spec: RouteSpec, country: str) -> Route:
        options = []
        for destination in spec.destinations:
            option = self._option(spec, destination, country)
            if option is not None:
                option.name = destination.to
                options.append(option)
        fallback = None if spec.fallback == WAIT else self._receivers.get(spec.fallback)
        if fallback is None and spec.fallback != WAIT:
            self._fault(f"there is no outside account '{spec.fallback}'", "routes", spec.name, "fallback")
        made = Route(country, spec.material, options, fallback, spec.name)
        made.smallest_kg = self._spec.sea.smallest_load_t.value * KG_PER_T
        made.leak = self._leak(spec, country, options)
        return made

    def _leak(self, spec: RouteSpec, country: str, options: Sequence[Option]) -> tuple[int, Callable[[], float]] | None:
        """Which option is the leak, and the factor of its odds: relative price of the metal to the power of the sensitivity."""
        if spec.leakage_metal is None or spec.leakage_sensitivity is None:
            return None
        column, power = self._world.composition.substances.index(spec.leakage_metal), spec.leakage_sensitivity.value
        prices = self._trade.market.prices.table_of(country)[:, column]
        leak = next(i for i, option in enumerate(options) if option.name == LEAKAGE)
        return leak, lambda: float(prices[self._world.month] / prices[0]) ** power if prices[0] > 0.0 else 1.0

    def _option(self, route: RouteSpec, destination: DestinationSpec, country: str) -> Option | None:
        receiver = self._receivers.get(destination.to)
        plant = self._plants.get(destination.to)
        if receiver is None:
            message = f"there is no plant and no outside account '{destination.to}'"
            self._fault(message, "routes", route.name, "destinations", destination.to)
            return None
        if plant is None:
            return Option(receiver, destination.share, destination.limit_t_per_year)
        if plant.country == country:
            return self._domestic(route.material, destination, plant, receiver)
        return self._abroad(route, destination, plant, receiver, country)

    def _domestic(self, material: str, destination: DestinationSpec, plant: PlantSpec, receiver: Receiver) -> Option:
        """Product groups come by line-haul of the collection; everything else by road haul."""
        if material in self._spec.groups:
            return Option(receiver, destination.share, destination.limit_t_per_year, _gate_fee(self._world, plant))
        sea, world, point = self._spec.sea, self._world, point_of(plant)
        haul = self._hauls.get(plant.name)
        if haul is None:
            places = self._trade.places
            haul = Haul(world, self._dock(plant, receiver), sea, cache(lambda source: road_km(places.point(source), point, sea)))
            self._hauls[plant.name] = haul
        fee = _gate_fee(world, plant)

        def usd_per_t() -> float:
            road = road_km(None, point, sea) * sea.road_usd_per_t_km.at(world.decimal_year)
            return road + fee() - self._trade.worth_usd_per_t(plant.country, material, plant.name)

        return Option(haul, destination.share, destination.limit_t_per_year, usd_per_t)

    def _abroad(
        self, route: RouteSpec, destination: DestinationSpec, plant: PlantSpec, receiver: Receiver, country: str
    ) -> Option | None:
        found = self._ways.voyage(country, plant)
        if found is None:
            message = f"no lane leads from {country} to {plant.port or plant.country}, the port of '{plant.name}'"
            if route.origin == country:
                self._fault(message, "routes", route.name, "destinations", destination.to)
            elif self._spec.countries[country].role == "home":
                self._world.warnings.append(f"Route '{route.name}' leaves it out: {message}.")
            return None
        (voyage, port), sea, world, material = found, self._spec.sea, self._world, route.material
        places, there = self._trade.places, self._ways.point(port)
        store = PortStore(
            world, voyage, sea, self._dock(plant, receiver), country, material,
            cache(lambda source: road_km(places.point(source), there, sea)),
        )  # fmt: skip
        market = self._trade.market
        passage = self._passage(country, plant, material)
        border = Border(world, passage, store, lambda lots: market.value_usd(lots, plant.country), self._trade.router.reroute)
        store.clearance = border
        self._trade.borders.append(border)
        fee = _gate_fee(world, plant)

        def usd_per_t() -> float:
            year = world.decimal_year
            freight = sum(leg.box_usd.at(year) for leg in voyage.legs) / sea.box_payload_t.value
            road = (voyage.road_km + road_km(None, there, sea)) * sea.road_usd_per_t_km.at(year)
            return freight + road + fee() - self._trade.worth_usd_per_t(country, material, plant.name)

        return Option(border, destination.share, destination.limit_t_per_year, usd_per_t)

    def _passage(self, origin: str, plant: PlantSpec, material: str) -> Passage:
        rules = self._rules.about(origin, plant.country, material, plant.name)
        permits = {
            rule.spec.name: self._permit((origin, plant.country, material, plant.name if rule.spec.plants else ""))
            for rule in rules
            if rule.spec.rule == "consent"
        }
        return Passage(origin, material, rules, permits)

    def _permit(self, key: tuple[str, str, str, str]) -> Permit:
        permit = self._trade.permits.get(key)
        if permit is None:
            rule = RuleInForce(self._rules.about(*key), self._world.clock)
            permit = self._trade.permits[key] = Permit(self._world, key, rule)
        return permit

    def _dock(self, plant: PlantSpec, receiver: Receiver) -> Dock:
        dock = self._docks.get(plant.name)
        if dock is None:
            dock = self._docks[plant.name] = Dock(self._world, receiver, self.free_kg_per_day[plant.name])
        return dock

    def _fault(self, message: str, *path: str) -> None:
        self.faults.append(Fault("", 0, key_path(*path), message))


def _free_rate(world: World, plant: PlantSpec) -> Callable[[], float]:
    """Nameplate less background feed now [kg per day]."""
    capacity, background = plant.capacity_t_per_year, plant.background_feed_t_per_year

    def rate(year: float) -> float:
        return max(capacity.at(year) - background.at(year), 0.0) * KG_PER_T / DAYS_PER_YEAR

    if capacity.steady and background.steady:
        always = rate(0.0)
        return lambda: always
    return lambda: rate(world.decimal_year)


def _gate_fee(world: World, plant: PlantSpec) -> Callable[[], float]:
    """What the plant charges now [USD/t]."""
    fee = plant.gate_fee_usd_per_t
    return lambda: fee.at(world.decimal_year) if fee is not None else 0.0
