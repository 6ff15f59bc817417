"""How the channels of a country are served in one year: scenario values turned into the arrays the route formulas need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import Fault, WiringError
from sim.core.quantity import Quantity
from sim.nodes.channel_spec import ChannelSpec
from sim.nodes.choice import sold_share
from sim.nodes.country_spec import CountrySpec, HouseholdsSpec, InformalSpec
from sim.nodes.depot_spec import DepotSpec
from sim.nodes.queues import Land, Queues
from sim.nodes.zones import Zones
from sim.transport.fleet import Crew
from sim.transport.linehaul import Truck
from sim.transport.rounds import ON_DELIVERY_ROUND, OWN, POINT_TO_POINT, Service
from sim.transport.route import depot_distance_km
from sim.transport.vehicle_spec import VehicleSpec

Vector = NDArray[np.float64]
FORMULAS = {"own": OWN, "on_delivery_round": ON_DELIVERY_ROUND, "point_to_point": POINT_TO_POINT}
INFORMAL = "informal_buyer"
MINUTES = 60.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The country's side of the bargain: its specs, its zones and the vehicles it names.

    zones : where depots are and of which tables tell. places : where people offer and vehicles drive, the members of the
    zones; each has queues and a fleet of its own, so that a region carries what its prefectures do.
    """

    country: str
    households: HouseholdsSpec
    informal: InformalSpec | None
    depots: DepotSpec
    zones: Zones
    places: Zones
    channels: dict[str, ChannelSpec]
    vehicles: dict[str, VehicleSpec]

    @property
    def land(self) -> Land:
        """Names of its zones and channels, and the zone of each place."""
        merged = len(self.places.zones) > len(self.zones.zones)
        zone_of = self.zones.member_of if merged else np.arange(len(self.zones.zones))
        return Land(self.country, tuple(zone.key for zone in self.zones.zones), tuple(self.channels), zone_of)


def terms_of(country: str, spec: CountrySpec, zones: Zones, vehicles: dict[str, VehicleSpec], *, merged: bool = False) -> Terms:
    """Resolve every name a country's collection uses; `merged`: the members of a zone share queues and vehicles.

    Raises
    ------
    WiringError
        Without zones or depots, or where a vehicle does not exist or is too small for one pick-up.
    """
    path = f"countries.{country}"
    needs = {"channels": spec.channels, "depots": spec.depots, "behaviour": spec.behaviour}
    faults = [Fault("", 0, f"{path}.{name}", "a home country needs this") for name, value in needs.items() if not value]
    used = {f"{path}.channels.{key}.vehicle": channel.vehicle for key, channel in spec.channels.items()}
    if spec.depots:
        used[f"{path}.depots.linehaul_vehicle"] = spec.depots.linehaul_vehicle
    faults += [Fault("", 0, where, f"there is no vehicle {name}") for where, name in used.items() if name not in vehicles]
    for key, channel in spec.channels.items():
        vehicle = vehicles.get(channel.vehicle)
        if vehicle is None or channel.has_points or channel.round == "point_to_point":
            continue
        room = min(vehicle.payload_kg.value, vehicle.volume_m3.value * channel.density_kg_per_m3.value)
        if channel.pickup_kg.value > room * vehicle.load_factor_share.value:
            said = f"one pick-up of {channel.pickup_kg.value:g} kg does not fit a {channel.vehicle} (at most {room:g} kg)"
            faults.append(Fault("", 0, f"{path}.channels.{key}.pickup_kg", said))
    if faults or spec.depots is None or spec.behaviour is None:
        raise WiringError(faults)
    places = zones if merged else zones.apart()
    return Terms(country, spec.behaviour, spec.informal, spec.depots, zones, places, dict(spec.channels), vehicles)


def service_of(terms: Sequence[Terms], queues: Queues, when: float) -> Service:
    """Return how every queue of all countries is served at decimal year `when`.

    Vehicles, bases and points are there where the service reaches: with little coverage there are few, but no longer routes.
    """
    channels, vehicles = _channels(terms), _vehicles(terms)

    def of_channels(name: str) -> Vector:
        values: Vector = np.array([_at(getattr(channel, name), when) for channel in channels])[queues.channel_of]
        return values

    def of_vehicles(name: str) -> Vector:
        values: Vector = np.array([getattr(vehicle, name).at(when) for vehicle in vehicles])[queues.channel_of]
        return values

    usable = of_vehicles("load_factor_share")
    reach = (np.concatenate(column) for column in zip(*(_reach(each, when) for each in terms), strict=True))
    fleet, people, bases, district_km2, distance_km = reach
    unload = [each.depots.unload_minutes.at(when) * _uses_bay(c) / MINUTES for each in terms for c in each.channels.values()]
    return Service(
        formula=np.array([FORMULAS[channel.round] for channel in channels])[queues.channel_of],
        vehicles=fleet,
        payload_kg=of_vehicles("payload_kg") * usable,
        volume_m3=of_vehicles("volume_m3") * usable,
        speed_kmh=of_vehicles("speed_kmh"),
        stop_hours=of_vehicles("minutes_per_stop") / MINUTES,
        unload_hours=np.array(unload)[queues.channel_of],
        shift_hours=of_vehicles("shift_hours"),
        hours_per_year=of_vehicles("driver_hours_per_year"),
        road_factor=of_vehicles("road_factor"),
        days_per_week=of_channels("working_days_per_week"),
        bases=bases,
        area_km2=district_km2,
        depot_km=distance_km,
        gather_days=of_channels("gather_days"),
        pickup_kg=of_channels("pickup_kg"),
        density_kg_per_m3=of_channels("density_kg_per_m3"),
        points=of_channels("points_per_100k_households") * people / 100_000.0,
        point_kg=of_channels("point_capacity_kg") * of_channels("fill_share"),
        age_limit_days=of_channels("age_limit_days"),
        spare_hours=of_channels("spare_minutes_per_day") / MINUTES,
        spare_share=of_channels("spare_load_share"),
        address_share=of_channels("delivery_address_share"),
        round_stops=of_channels("round_stops_per_day"),
    )


def _reach(terms: Terms, when: float) -> tuple[Vector, Vector, Vector, Vector, Vector]:
    """Return what a country has where its services reach, each by queue.

    Vehicles, people, bases, area of the district of a base [km2], and mean distance in it [km].
    """
    zones, channels = terms.places, list(terms.channels.values())
    reached = [zones.reached(c.coverage_share.at(when), zones.within(c.zones)) for c in channels]
    fleet = [zones.vehicles(c.vehicles_per_100k_households.at(when), share) for c, share in zip(channels, reached, strict=True)]
    people = [zones.sum(zones.households * share) for share in reached]
    places = [zones.places(channel.people_per_base.at(when)) for channel in channels]
    bases = np.maximum(_by_queue([zones.sum(each * share) for each, share in zip(places, reached, strict=True)]), 1.0)
    distances = [
        zones.mean(np.asarray(depot_distance_km(zones.area_km2 / each)), zones.households * share)
        for each, share in zip(places, reached, strict=True)
    ]
    areas = _by_queue([zones.effective_area_km2(share) for share in reached])
    return _by_queue(fleet), _by_queue(people), bases, areas / bases, _by_queue(distances)


def crew_of(terms: Sequence[Terms], queues: Queues, when: float) -> Crew:
    """Return names, prices and breakdowns of the vehicles of each pile; buyers' hours share what a day earns them."""
    vehicles = _vehicles(terms)
    per_hour = [
        each.informal.income_usd_per_day.at(when) / each.vehicles[channel.vehicle].shift_hours.at(when)
        if channel.kind == INFORMAL and each.informal
        else each.vehicles[channel.vehicle].cost_usd_per_hour.at(when)
        for each in terms
        for channel in each.channels.values()
    ]
    names, pile_channel = [channel.vehicle for channel in _channels(terms)], queues.pile_channel

    def of_vehicles(name: str) -> Vector:
        values: Vector = np.array([getattr(vehicle, name).at(when) for vehicle in vehicles])[pile_channel]
        return values

    return Crew(
        vehicle=tuple(names[channel] for channel in pile_channel.tolist()),
        payload_kg=of_vehicles("payload_kg"),
        usd_per_km=of_vehicles("cost_usd_per_km"),
        usd_per_hour=np.array(per_hour)[pile_channel],
        co2_kg_per_km=of_vehicles("co2_kg_per_km"),
        breakdowns_per_km=of_vehicles("breakdowns_per_100k_km") / 1e5,
        repair_days=of_vehicles("repair_days"),
    )


def truck_of(terms: Terms, when: float) -> Truck:
    """Return the line-haul truck of a country and its rules."""
    depots, name = terms.depots, terms.depots.linehaul_vehicle
    vehicle = terms.vehicles[name]
    room = min(vehicle.payload_kg.at(when), vehicle.volume_m3.at(when) * depots.density_kg_per_m3.at(when))
    return Truck(
        name,
        room * vehicle.load_factor_share.at(when),
        vehicle.speed_kmh.at(when),
        vehicle.shift_hours.at(when),
        vehicle.minutes_per_stop.at(when) / MINUTES,
        vehicle.cost_usd_per_km.at(when),
        vehicle.cost_usd_per_hour.at(when),
        vehicle.co2_kg_per_km.at(when),
        max(depots.age_limit_days.at(when), 1e-3),
        depots.backhaul_discount_share.at(when),
    )


def sold_share_of(informal: InformalSpec | None, when: float) -> float:
    """Return the share of what buyers fetch that they sell to formal plants; all of it where nobody says how much."""
    if informal is None:
        return 1.0
    terms = (informal.sold_to_formal_share, informal.formal_premium_usd_per_kg, informal.price_sensitivity)
    return sold_share(*(term.at(when) for term in terms))


def _uses_bay(channel: ChannelSpec) -> bool:
    """Vans on delivery rounds unload at home, buyers at a junk shop."""
    return channel.kind != INFORMAL and channel.round != "on_delivery_round"


def _channels(terms: Sequence[Terms]) -> list[ChannelSpec]:
    return [channel for each in terms for channel in each.channels.values()]


def _vehicles(terms: Sequence[Terms]) -> list[VehicleSpec]:
    """The vehicle of each channel."""
    return [each.vehicles[channel.vehicle] for each in terms for channel in each.channels.values()]


def _by_queue(of_channels: list[Vector]) -> Vector:
    """Join values of shape (places,) of every channel to shape (queues,)."""
    return np.stack(of_channels, axis=1).ravel()


def _at(quantity: Quantity | None, when: float) -> float:
    return 0.0 if quantity is None else quantity.at(when)
