"""The whole chain of one world: markets and borders, plants, collection, each given what it may call."""

from __future__ import annotations

from dataclasses import dataclass

from sim.engine.world import Receiver, World
from sim.nodes.arisings import Arisings
from sim.nodes.zones import Zone
from sim.scenario.schema import ScenarioSpec
from sim.simulate.appraisal import Appraiser
from sim.simulate.collection import Collection
from sim.simulate.deadlock import Circles
from sim.simulate.home import wire_home
from sim.simulate.sea_ways import point_of
from sim.simulate.trade import Trade, wire_trade
from sim.simulate.treatment import Treatment, wire_plants
from sim.simulate.worth import Worth
from sim.trade.reaction import price_answers
from sim.transport.haul import Point, road_km


@dataclass(frozen=True, slots=True)
class Chain:
    """The rooms of a running world."""

    trade: Trade
    treatment: Treatment
    collection: Collection
    circles: Circles
    appraiser: Appraiser

    def start(self) -> None:
        """Set collection going; plants and borders wake when something reaches them."""
        self.collection.start()


def wire_chain(world: World, spec: ScenarioSpec, arisings: Arisings) -> Chain:
    """Build and connect every room.

    The router is made before the plants that ask it and told of them afterwards: the one circle in the wiring.

    Raises
    ------
    WiringError
        For names that do not exist and parts that do not fit.
    """
    trade = wire_trade(world, spec)
    appraiser = Appraiser(world, spec, arisings, trade.market.prices, trade.market.contracts, {})
    treatment = wire_plants(
        world,
        spec.plants,
        spec.processes,
        spec.commissioning,
        tuple(spec.groups),
        tuple(spec.fractions),
        spec.countries,
        spec.substances,
        trade.router,
        trade.market.desk,
        spec.resolution.period_days,
        {country: factor.value for country, factor in spec.market.grid_co2_kg_per_kwh.items()},
        appraiser,
    )
    trade.worth_usd_per_t = Worth(world, treatment.plants, treatment.records, trade.market.prices).usd_per_t
    trade.connect(treatment.receivers)
    collection = _wire_collection(world, spec, arisings, trade, treatment)
    return Chain(trade, treatment, collection, Circles(treatment.plants, trade.router), appraiser)


def _wire_collection(world: World, spec: ScenarioSpec, arisings: Arisings, trade: Trade, treatment: Treatment) -> Collection:
    crude = {plant.country: plant for plant in treatment.plants.values() if plant.process.spec.stage == "crude"}
    for key, country in spec.countries.items():
        if key not in crude and any(channel.kind == "informal_buyer" for channel in country.channels.values()):
            world.warnings.append(f"{key} has informal buyers but no crude yard: all they bring goes to formal plants.")
    points = {plant.name: point_of(plant) for plant in spec.plants}

    def distance_km(zone: Zone, receiver: Receiver) -> float:
        return road_km(Point(zone.lat, zone.lon), points.get(receiver.name), spec.sea)

    homes = [
        wire_home(
            world,
            key,
            country,
            spec.zones,
            spec.vehicles,
            arisings,
            spec.resolution,
            trade.router,
            crude.get(key),
            distance_km,
            price_answers(spec.reactions, trade.market.prices, key),
        )
        for key, country in spec.countries.items()
        if country.role == "home" and country.channels
    ]
    return Collection(world, homes, spec.resolution)
