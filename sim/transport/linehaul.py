"""Trucks that take sorted groups from the depots of a zone to a plant: they leave when full or too old."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import HOURS_PER_DAY
from sim.core.lot import Lot
from sim.engine.transit import Transit
from sim.engine.world import Receiver, World
from sim.transport.fleet import KEYS, MEASURES
from sim.transport.route import route_co2_kg, route_cost_usd

Cargo = dict[str, list[tuple[int, list[Lot]]]]
"""Product group -> zone and lots, in order of loading."""
CHANNEL = "linehaul"
Vector = NDArray[np.float64]


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


def travel_days(hours: float, shift_hours: float) -> float:
    """Return how long a drive takes when the driver rests after each shift [days]."""
    shifts, rest = divmod(hours, shift_hours)
    return shifts + rest / HOURS_PER_DAY


@dataclass(frozen=True, slots=True)
class Journey:
    """Trucks on their way to one plant."""

    number: int
    receiver: Receiver
    cargo: Cargo
    kg: float


class LineHaul:
    """Line-haul of one country: all trucks of a period to one plant arrive in one kernel event.

    Each zone has its own loads, trips, km and cost; the event comes at their mean arrival, weighted by mass. Single
    vehicles (`grain = "vehicle"`) are sent zone by zone, so that each zone arrives by itself.

    Parameters
    ----------
    turned_back
        `turned_back(zone, group, lots)` takes what a full yard refused; the lots are back in the depot's account.
    """

    def __init__(
        self,
        world: World,
        country: str,
        zones: tuple[str, ...],
        depots: Vector,
        depot_account: int,
        turned_back: Callable[[int, str, list[Lot]], None],
    ) -> None:
        self._world, self._country, self._zones, self._depots = world, country, zones, [float(count) for count in depots]
        self._depot_account, self._turned_back = depot_account, turned_back
        self.transit = Transit(world.ledger, f"{country} line-haul", "linehaul", country)
        self._on_way: dict[str, float] = {}
        self._truck: Truck | None = None
        self.moved_kg = self.cost_usd = self.co2_kg = 0.0
        world.recorder.declare("fleet", KEYS, MEASURES)

    def open_year(self, truck: Truck) -> None:
        """Run by these rules from now on, and count mass, cost and emissions anew."""
        self.moved_kg = self.cost_usd = self.co2_kg = 0.0
        self._truck = truck

    def space_kg(self, receiver: Receiver, group: str) -> float:
        """What a receiver would take beyond what is on its way [kg]."""
        return receiver.space_kg(group) - self._on_way.get(receiver.name, 0.0)

    def send(self, receiver: Receiver, cargo: Cargo, days: float, distance_km: Callable[[int, Receiver], float]) -> None:
        """Send what depots gathered over `days` for one plant; the lots are in the depots' account."""
        by_zone: dict[int, float] = {}
        for loads in cargo.values():
            for zone, lots in loads:
                by_zone[zone] = by_zone.get(zone, 0.0) + sum(lot.kg for lot in lots)
        kg = sum(by_zone.values())
        if kg <= 0.0:
            return
        delay = sum(each * self._drive(zone, each, distance_km(zone, receiver), days) for zone, each in by_zone.items()) / kg
        lots = [lot for loads in cargo.values() for _, each in loads for lot in each]
        self._world.ledger.post_all(self._world.clock.now, self._depot_account, self.transit.account, lots)
        self._on_way[receiver.name] = self._on_way.get(receiver.name, 0.0) + kg
        journey = Journey(self.transit.depart(lots), receiver, cargo, kg)
        self._world.clock.after(delay, self._arrive, journey)

    def _drive(self, zone: int, kg: float, km: float, days: float) -> float:
        """Book the trips that take `kg` out of a zone over `days`; return the mean time from depot to plant [days]."""
        truck = self._truck
        assert truck is not None
        rate = kg / days / self._depots[zone]
        fill = min(truck.payload_kg / rate, truck.age_limit_days)
        trips = kg / (rate * fill)
        out = km / truck.speed_kmh + truck.stop_hours
        hours = out + km / truck.speed_kmh
        charged = 2.0 * km * (1.0 - truck.backhaul_discount_share)
        cost = trips * float(route_cost_usd(charged, hours, truck.usd_per_km, truck.usd_per_hour))
        co2 = trips * float(route_co2_kg(charged, truck.co2_kg_per_km))
        cell = self._world.recorder.cell("fleet", self._world.year, self._country, self._zones[zone], CHANNEL, truck.name)
        booked = (trips, trips, trips * charged, trips * hours, kg, trips * truck.payload_kg, cost, co2)
        for measure, amount in enumerate(booked):
            cell[measure] += amount
        self.moved_kg += kg
        self.cost_usd += cost
        self.co2_kg += co2
        return 0.5 * fill + travel_days(out, truck.shift_hours)

    def _arrive(self, journey: Journey) -> None:
        self.transit.arrive(journey.number)
        receiver = journey.receiver
        self._on_way[receiver.name] -= journey.kg
        for group, loads in journey.cargo.items():
            lots = [(zone, lot) for zone, each in loads for lot in each]
            space, taken = receiver.space_kg(group), len(lots)
            if space < math.inf:
                taken = sum(total <= space for total in accumulate(lot.kg for _, lot in lots))
            if taken:
                receiver.receive(group, [lot for _, lot in lots[:taken]], self.transit.account)
            for zone, lot in lots[taken:]:
                self._world.ledger.post(self._world.clock.now, self.transit.account, self._depot_account, lot)
                self._turned_back(zone, group, [lot])
