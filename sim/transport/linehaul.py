"""Trucks that take sorted groups from the depots of a zone to a plant: they leave when full or too old."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from sim.core.calendar import HOURS_PER_DAY
from sim.core.lot import Lot
from sim.engine.recorder import Recorder
from sim.engine.transit import Transit
from sim.engine.world import Receiver, World
from sim.transport.fleet import KEYS, MEASURES
from sim.transport.route import route_co2_kg, route_cost_usd, route_hours

Cargo = list[tuple[str, list[Lot]]]
"""Product group and its lots."""
CHANNEL = "linehaul"


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


class LineHaul:
    """Line-haul of one country: one kernel event per depot zone, plant and period, however many trucks it stands for.

    Parameters
    ----------
    turned_back
        `turned_back(zone, group, lots)` takes what a full yard refused; the lots are back in the depot's account.
    """

    def __init__(self, world: World, country: str, depot_account: int, turned_back: Callable[[int, str, list[Lot]], None]) -> None:
        self._world, self._country = world, country
        self._depot_account, self._turned_back = depot_account, turned_back
        self.transit = Transit(world.ledger, f"{country} line-haul", "linehaul", country)
        self._on_way: dict[str, float] = {}
        self._truck: Truck | None = None
        self._recorder: Recorder = world.recorder
        self.moved_kg = self.cost_usd = self.co2_kg = 0.0

    def open_year(self, truck: Truck) -> None:
        """Run by these rules from now on, and count mass, cost and emissions anew."""
        self.moved_kg = self.cost_usd = self.co2_kg = 0.0
        self._truck = truck
        self._recorder.declare("fleet", KEYS, MEASURES)

    def space_kg(self, receiver: Receiver, group: str) -> float:
        """What a receiver would take beyond what is on its way [kg]."""
        return receiver.space_kg(group) - self._on_way.get(receiver.name, 0.0)

    def send(self, zone: int, zone_key: str, receiver: Receiver, cargo: Cargo, km: float, depots: float, days: float) -> None:
        """Send what a zone's depots gathered over `days` for one plant; the lots are in the depots' account."""
        truck = self._truck
        assert truck is not None
        world = self._world
        day = world.clock.now
        lots = [lot for _, each in cargo for lot in each]
        kg = self._post(day, lots, self._depot_account, self.transit.account)
        rate = kg / days / depots
        fill = min(truck.payload_kg / rate, truck.age_limit_days)
        trips = kg / (rate * fill)
        hours = float(route_hours(km, truck.speed_kmh, 1.0, truck.stop_hours, 0.0))
        self._book(truck, zone_key, kg, trips, 2.0 * km * (1.0 - truck.backhaul_discount_share), hours + km / truck.speed_kmh)
        self._on_way[receiver.name] = self._on_way.get(receiver.name, 0.0) + kg
        journey = self.transit.depart(lots)
        delay = 0.5 * fill + travel_days(hours, truck.shift_hours)
        world.clock.after(delay, self._arrive, (journey, zone, receiver, cargo, kg))

    def _post(self, day: float, lots: list[Lot], source: int, target: int) -> float:
        """Book lots, those of one composition together; return their mass [kg]."""
        by_ref: dict[int, float] = {}
        for kg, ref, _, _ in lots:
            by_ref[ref] = by_ref.get(ref, 0.0) + kg
        for ref, kg in by_ref.items():
            self._world.ledger.post(day, source, target, Lot(kg, ref, 0, day))
        return sum(by_ref.values())

    def _book(self, truck: Truck, zone_key: str, kg: float, trips: float, km: float, hours: float) -> None:
        cell = self._recorder.cell("fleet", self._world.year, self._country, zone_key, CHANNEL, truck.name)
        cost = trips * float(route_cost_usd(km, hours, truck.usd_per_km, truck.usd_per_hour))
        co2 = trips * float(route_co2_kg(km, truck.co2_kg_per_km))
        booked = (trips, trips, trips * km, trips * hours, kg, trips * truck.payload_kg, cost, co2)
        for measure, amount in enumerate(booked):
            cell[measure] += amount
        self.moved_kg += kg
        self.cost_usd += cost
        self.co2_kg += co2

    def _arrive(self, trip: tuple[int, int, Receiver, Cargo, float]) -> None:
        journey, zone, receiver, cargo, kg = trip
        self.transit.arrive(journey)
        self._on_way[receiver.name] -= kg
        for group, lots in cargo:
            space, taken = receiver.space_kg(group), len(lots)
            if space < math.inf:
                within = accumulate(lot.kg for lot in lots)
                taken = sum(total <= space for total in within)
            if taken:
                receiver.receive(group, lots[:taken], self.transit.account)
            if taken < len(lots):
                self._post(self._world.clock.now, lots[taken:], self.transit.account, self._depot_account)
                self._turned_back(zone, group, lots[taken:])
