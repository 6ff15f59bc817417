"""What fleets can fetch and what it takes: the route formulas applied to many queues at once, once a year.

A queue is one channel at one place. Density, and with it the length of routes, follows the mean rate of offers of the
year, not the backlog of a day: a fleet's capacity never falls because it has caught up. Nothing here has a clock;
`fleet` turns a plan into events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sim.transport.route import (
    fill_days,
    marginal_km,
    point_to_point_km,
    round_km,
    route_hours,
    stops_in_time,
    stops_per_truck,
)

Vector = NDArray[np.float64]
DAYS_PER_WEEK = 7.0
OWN, ON_DELIVERY_ROUND, POINT_TO_POINT = 0, 1, 2
FIT = 1.0 - 1e-9  # a stop or trip that fits but for rounding does fit


@dataclass(frozen=True, slots=True)
class Service:
    """How each queue is served in one year; every field has shape (queues,).

    formula : `OWN`, `ON_DELIVERY_ROUND` or `POINT_TO_POINT`. payload_kg, volume_m3 : usable in practice.
    bases : places vehicles start from; area_km2, depot_km : of the district of one base, and mean distance in it.
    pickup_kg : of one stop at the door.
    points, point_kg : boxes of the queue, 0 for door pick-up, and the load at which one calls; age_limit_days : or its age.
    spare_hours, spare_share, address_share, round_stops : of delivery rounds, else 0.
    """

    formula: NDArray[np.int_]
    vehicles: Vector
    payload_kg: Vector
    volume_m3: Vector
    speed_kmh: Vector
    stop_hours: Vector
    unload_hours: Vector
    shift_hours: Vector
    hours_per_year: Vector
    road_factor: Vector
    days_per_week: Vector
    bases: Vector
    area_km2: Vector
    depot_km: Vector
    gather_days: Vector
    pickup_kg: Vector
    density_kg_per_m3: Vector
    points: Vector
    point_kg: Vector
    age_limit_days: Vector
    spare_hours: Vector
    spare_share: Vector
    address_share: Vector
    round_stops: Vector

    def of(self, queues: NDArray[np.intp]) -> Service:
        """The same for some queues only."""
        return Service(**{field.name: getattr(self, field.name)[queues] for field in fields(self)})

    def pickup(self, rate_kg_per_day: Vector) -> Vector:
        """Mass fetched at one stop [kg]: a point calls when it is full enough or too old."""
        rate = rate_kg_per_day / np.maximum(self.points, 1.0)
        load = np.where(rate > 0.0, rate * fill_days(rate, self.point_kg, self.age_limit_days), self.point_kg)
        return np.where(self.points > 0.0, load, self.pickup_kg)

    def not_yet_called_kg(self, rate_kg_per_day: Vector) -> Vector:
        """Mass that is still filling points or gathering for a fuller route, on average [kg]: half of a cycle of each."""
        rate = rate_kg_per_day / np.maximum(self.points, 1.0)
        filling = np.where(self.points > 0.0, fill_days(rate, self.point_kg, self.age_limit_days), 0.0)
        gathering = fill_days(rate_kg_per_day / self.bases, self.payload_kg, self.gather_days)
        return np.asarray(0.5 * rate_kg_per_day * (filling + np.where(self.formula == OWN, gathering, 0.0)))


@dataclass(frozen=True, slots=True)
class Rounds:
    """Routes of each queue, shape (queues,), per route.

    trips_per_day : routes one vehicle makes on a full working day, on average. able_per_day, able_by_year : routes of the whole
    fleet on a mean calendar day, by its shifts and by its drivers' yearly hours. most_stops : what the load or the spare
    minutes of one route allow.
    """

    load_kg: Vector
    stops: Vector
    most_stops: Vector
    km: Vector
    hours: Vector
    trips_per_day: Vector
    able_per_day: Vector
    able_by_year: Vector


@dataclass(frozen=True, slots=True)
class Fetch:
    """What is fetched in one period, shape (queues,); stops, km and hours per route.

    routes : in all; the last one of a period is shared with the next, so not whole.
    """

    kg: Vector
    routes: Vector
    stops: Vector
    km: Vector
    hours: Vector

    def joined(self, join: Callable[[Vector], Vector]) -> Fetch:
        """The same where `join` adds up queues: mass and routes in all, the others still per route."""
        kg, routes = join(self.kg), join(self.routes)
        return Fetch(kg, routes, *(_ratio(join(self.routes * each), routes) for each in (self.stops, self.km, self.hours)))


@dataclass(frozen=True, slots=True)
class Shifts:
    """Vehicles of each fleet, routes one of them makes in a week, and time one is at the bay [h]."""

    vehicles: Vector
    trips_per_week: Vector
    unload_hours: Vector


class Planner:
    """Plans the rounds of all queues in one year, in which `rate_kg_per_day` is offered to each."""

    __slots__ = ("_on_delivery", "pickup_kg", "rounds", "service")

    def __init__(self, service: Service, rate_kg_per_day: Vector, year_days: float) -> None:
        self.service = service
        self.pickup_kg = service.pickup(rate_kg_per_day)
        self.rounds = Rounds(*(np.zeros(rate_kg_per_day.size) for _ in fields(Rounds)))
        self._on_delivery = np.flatnonzero(service.formula == ON_DELIVERY_ROUND)
        for formula, plan in ((OWN, _own_rounds), (ON_DELIVERY_ROUND, _delivery_rounds), (POINT_TO_POINT, _point_to_point)):
            queues = np.flatnonzero((service.formula == formula) & (rate_kg_per_day > 0.0))
            if queues.size:
                part = plan(service.of(queues), rate_kg_per_day[queues], self.pickup_kg[queues], year_days)
                for field in fields(Rounds):
                    getattr(self.rounds, field.name)[queues] = getattr(part, field.name)

    def shifts(self, join: Callable[[Vector], Vector]) -> Shifts:
        """Return the fleets where `join` adds up queues, each with the means of its vehicles."""
        service = self.service
        vehicles = join(service.vehicles)
        trips = join(service.vehicles * service.days_per_week * self.rounds.trips_per_day)
        queues = join(np.ones_like(service.vehicles))
        return Shifts(vehicles, _ratio(trips, vehicles), join(service.unload_hours) / queues)

    def fetch(self, called_kg: Vector, days: float, fleet_factor: Vector | float = 1.0, on_the_road: Vector | float = 1.0) -> Fetch:
        """Plan a period of `days` in which `called_kg` waits to be fetched.

        The fleet is `fleet_factor` its size, and a share of it `on_the_road`, not in repair.
        """
        rounds = self.rounds
        load, stops, km, hours = (getattr(rounds, name).copy() for name in ("load_kg", "stops", "km", "hours"))
        able = np.minimum(rounds.able_per_day * on_the_road, rounds.able_by_year)
        routes = np.minimum(_ratio(called_kg, load), able * days * fleet_factor)
        kg = routes * load
        queues = self._on_delivery
        if queues.size:
            # pick-ups fall on delivery rounds at random: count the rounds with any at all
            picked = kg[queues] / self.pickup_kg[queues]
            working = self.service.days_per_week[queues] / DAYS_PER_WEEK * days
            vans = self.service.vehicles[queues] * working * np.broadcast_to(fleet_factor, kg.shape)[queues]
            some = vans * -np.expm1(-_ratio(picked, vans))
            routes[queues] = np.maximum(some, _ratio(picked, rounds.most_stops[queues]))
            each = _ratio(picked, routes[queues])
            for values in (km, hours):
                values[queues] *= _ratio(each, stops[queues])
            stops[queues] = each
        return Fetch(kg, routes, stops, km, hours)


def _own_rounds(service: Service, rate: Vector, pickup_kg: Vector, year_days: float) -> Rounds:
    """Vehicles that drive for these offers only: one tour or a district of several routes from each base."""
    work_share = service.days_per_week / DAYS_PER_WEEK
    per_base = rate / pickup_kg / (work_share * service.bases)  # calls of a working day
    most = np.asarray(stops_per_truck(service.payload_kg, service.volume_m3, pickup_kg, service.density_kg_per_m3))
    gather = np.clip(most / per_base, 1.0, np.maximum(service.gather_days * work_share, 1.0))
    together = np.maximum(per_base * gather, 1.0)
    in_time = np.asarray(
        stops_in_time(
            service.shift_hours - service.unload_hours,
            together,
            service.area_km2,
            service.depot_km,
            service.road_factor,
            service.speed_kmh,
            service.stop_hours,
        )
    )
    fits = (most >= 1.0) & (in_time >= FIT)
    limit = np.minimum(most, in_time)
    each = np.where(fits, np.maximum(np.minimum(limit, together), 1.0), 1.0)
    km = round_km(together, each, service.area_km2, service.depot_km, service.road_factor) * each / together
    return _limited(service, each * pickup_kg, each, limit, np.asarray(km), fits, year_days)


def _point_to_point(service: Service, rate: Vector, pickup_kg: Vector, year_days: float) -> Rounds:
    """One stop and back; a large pick-up takes several trips."""
    load = np.minimum(pickup_kg, np.minimum(service.payload_kg, service.volume_m3 * service.density_kg_per_m3))
    one = np.ones_like(rate)
    km = np.asarray(point_to_point_km(service.depot_km, service.road_factor))
    return _limited(service, load, one, one, km, load > 0.0, year_days)


def _limited(
    service: Service, load_kg: Vector, stops: Vector, most: Vector, km: Vector, fits: NDArray[np.bool_], year_days: float
) -> Rounds:
    """Limit routes of known load and length by the shifts and yearly hours of the fleet.

    A shift is filled with routes, the last one cut to what is left: no route and no day is longer than a shift.
    """
    hours = np.asarray(route_hours(km, service.speed_kmh, stops, service.stop_hours, service.unload_hours))
    fits &= (hours * FIT <= service.shift_hours) & (hours > 0.0)
    trips = np.where(fits, _ratio(service.shift_hours, hours), 0.0)
    by_shift = service.vehicles * trips * service.days_per_week / DAYS_PER_WEEK
    by_year = service.vehicles * _ratio(service.hours_per_year, hours) / year_days
    return Rounds(load_kg, stops, most, km, hours, trips, by_shift, np.where(fits, by_year, 0.0))


def _delivery_rounds(service: Service, rate: Vector, pickup_kg: Vector, year_days: float) -> Rounds:
    """Pick-ups by vans on their delivery rounds, within the minutes and the room these leave; hours and km are extra ones."""
    vans = service.vehicles * service.days_per_week / DAYS_PER_WEEK
    wanted = rate / pickup_kg
    round_stops = np.maximum(vans * service.round_stops + wanted, 1.0)
    area_km2 = service.area_km2 * service.bases
    extra_km = np.asarray(marginal_km(round_stops, area_km2, service.road_factor, service.address_share))
    stop_hours = service.stop_hours + extra_km / service.speed_kmh
    payload_kg, volume_m3 = service.payload_kg * service.spare_share, service.volume_m3 * service.spare_share
    by_room = np.asarray(stops_per_truck(payload_kg, volume_m3, pickup_kg, service.density_kg_per_m3))
    most = np.minimum(by_room, np.floor(service.spare_hours / stop_hours / FIT))
    by_year = service.vehicles * service.hours_per_year / stop_hours / year_days
    stops = np.ones_like(rate)
    return Rounds(stops * pickup_kg, stops, most, stops * extra_km, stops * stop_hours, most, vans * most, by_year)


def _ratio(part: Vector, whole: Vector) -> Vector:
    """Return part / whole, 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0.0)
