"""Trucks that take sorted groups from the depots of a zone to a plant: they leave when full or too old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import HOURS_PER_DAY
from sim.core.lot import Lot
from sim.engine.transit import Transit
from sim.engine.world import Receiver, Router, World
from sim.transport.fleet import CO2, COST, KEYS, LOAD, MEASURES, ROUTES
from sim.transport.route import route_co2_kg, route_cost_usd
from sim.transport.trips import Trip

CHANNEL = "linehaul"
SMALL = 1e-9  # of a cargo: less is rounding, for which no truck leaves or turns back
Vector = NDArray[np.float64]


class Cargo(Protocol):
    """What depots load for one plant: lots by product group, and what each zone sends [kg]."""

    @property
    def receiver(self) -> Receiver:
        """The plant."""
        ...

    @property
    def lots(self) -> dict[str, list[Lot]]:
        """Lots by product group."""
        ...

    @property
    def zone_kg(self) -> Vector:
        """What each zone sends [kg]."""
        ...


@dataclass(frozen=True, slots=True)
class Truck:
    """A line-haul truck and the rules it runs by, in one year."""

    name: str
    payload_kg: float
    speed_kmh: float
    shift_hours: float
    stop_hours: float
    usd_per_km: float
    usd_per_hour: float
    co2_kg_per_km: float
    age_limit_days: float
    backhaul_discount_share: float


def travel_days(hours: Vector, shift_hours: float) -> Vector:
    """Return how long drives take when the driver rests after each shift [days]."""
    shifts, rest = np.divmod(hours, shift_hours)
    return np.asarray(shifts + rest / HOURS_PER_DAY)


class LineHaul:
    """Line-haul of one country: all trucks of a period to one plant arrive in one kernel event.

    Each zone has its own loads, trips, km and cost; the event comes at their mean arrival, weighted by mass. With single
    vehicles (`grain = "vehicle"`) depots send zone by zone, so that each zone arrives by itself.

    Parameters
    ----------
    router
        Is told what has arrived and no longer is on its way.
    turned_back
        `turned_back(cargo, group, share)` takes a share of a group that a full yard refused; the lots are back in the
        depot's account.
    distance_km
        Road distance from each zone to a receiver [km].
    """

    def __init__(
        self,
        world: World,
        country: str,
        zones: tuple[str, ...],
        depots: Vector,
        depot_account: int,
        router: Router,
        turned_back: Callable[[Any, str, float], None],
        distance_km: Callable[[Receiver], Vector],
    ) -> None:
        self._world, self._country, self._zones, self._depots = world, country, zones, depots
        self._depot_account, self._router = depot_account, router
        self._turned_back, self._distance_km = turned_back, distance_km
        self.transit = Transit(world.ledger, f"{country} line-haul", "linehaul", country)
        self._truck: Truck | None = None
        self._ways: dict[str, tuple[Vector, Vector]] = {}  # with the truck of this year
        self._book = np.zeros((len(MEASURES), len(zones)))
        world.recorder.declare("fleet", KEYS, MEASURES)

    def open_year(self, truck: Truck) -> None:
        """Run by these rules from now on, and count anew."""
        self._truck, self._ways = truck, {}
        self._book[:] = 0.0

    def close_year(self, year: int) -> None:
        """Write the year."""
        truck = self._truck
        assert truck is not None
        for zone in np.flatnonzero(self._book.any(axis=0)).tolist():
            cell = self._world.recorder.cell("fleet", year, self._country, self._zones[zone], CHANNEL, truck.name)
            cell[:] = self._book[:, zone].tolist()

    @property
    def moved_kg(self) -> float:
        """What was loaded this year so far [kg]."""
        return float(self._book[LOAD].sum())

    @property
    def cost_usd(self) -> float:
        """What this year's trips cost so far [USD]."""
        return float(self._book[COST].sum())

    @property
    def co2_kg(self) -> float:
        """What this year's trips emitted so far [kg]."""
        return float(self._book[CO2].sum())

    def send(self, cargo: Cargo, days: float) -> None:
        """Send what depots gathered over `days` for one plant; the lots are in the depots' account."""
        world = self._world
        kg = float(cargo.zone_kg.sum())
        delay = float(cargo.zone_kg @ self._drive(cargo, days)) / kg
        lots = [lot for each in cargo.lots.values() for lot in each]
        world.ledger.post_all(world.clock.now, self._depot_account, self.transit.account, lots)
        world.clock.after(delay, self._arrive, (self.transit.depart(lots), kg, cargo))

    def _drive(self, cargo: Cargo, days: float) -> Vector:
        """Book the trips that take a cargo out of its zones over `days`; return their mean time from depot to plant [days]."""
        truck, kg = self._truck, cargo.zone_kg
        assert truck is not None
        one, way_days = self._way(cargo.receiver)
        # trucks that leave full, or those that leave as old as loads may get
        trips = np.maximum(kg / truck.payload_kg, days * self._depots / truck.age_limit_days) * (kg > SMALL * kg.sum())
        booked = trips * one
        booked[LOAD] = kg
        self._book += booked
        fill_days = np.divide(days * self._depots, trips, out=np.zeros_like(kg), where=trips > 0.0)
        taken = 0.5 * fill_days + way_days
        if self._world.trips is not None:
            self._tell(booked, taken)
        return np.asarray(taken)

    def _way(self, receiver: Receiver) -> tuple[Vector, Vector]:
        """Measures of one trip from each zone to a receiver, shape (measures, zones), and days from depot to plant."""
        way = self._ways.get(receiver.name)
        if way is None:
            truck, km = self._truck, self._distance_km(receiver)
            assert truck is not None
            out = km / truck.speed_kmh + truck.stop_hours
            hours, charged = out + km / truck.speed_kmh, 2.0 * km * (1.0 - truck.backhaul_discount_share)
            cost = route_cost_usd(charged, hours, truck.usd_per_km, truck.usd_per_hour)
            each, load = np.ones_like(km), np.full_like(km, truck.payload_kg)
            one = np.stack((each, each, charged, hours, load, load, cost, route_co2_kg(charged, truck.co2_kg_per_km)))
            way = self._ways[receiver.name] = one, travel_days(out, truck.shift_hours)
        return way

    def _tell(self, booked: Vector, taken_days: Vector) -> None:
        world, truck = self._world, self._truck
        assert truck is not None
        assert world.trips is not None
        for zone in np.flatnonzero(booked[ROUTES]).tolist():
            routes, stops, km, hours, load, _, cost, co2 = booked[:, zone].tolist()
            day, where = world.clock.now, (world.year, self._country, self._zones[zone], CHANNEL, truck.name)
            world.trips(Trip(day, day + float(taken_days[zone]), *where, routes, stops, km, hours, load, cost, co2))

    def _arrive(self, journey: tuple[int, float, Cargo]) -> None:
        number, kg, cargo = journey
        world, receiver = self._world, cargo.receiver
        self.transit.arrive(number)
        self._router.expect(receiver.name, -kg)
        for group, lots in cargo.lots.items():
            whole = sum(lot.kg for lot in lots)
            taken = receiver.space_kg(group) / whole
            if taken >= 1.0 - SMALL:
                receiver.receive(group, lots, self.transit.account)
                continue
            taken = taken if taken > SMALL else 0.0
            if taken > 0.0:
                receiver.receive(group, [lot.part(lot.kg * taken) for lot in lots], self.transit.account)
            back = [lot.part(lot.kg - lot.kg * taken) for lot in lots]
            world.ledger.post_all(world.clock.now, self.transit.account, self._depot_account, back)
            self._turned_back(cargo, group, 1.0 - taken)
