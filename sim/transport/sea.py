"""Sea transport of one material to one plant: the port store, sailings by timetable, the voyage, customs.

Boxes fill until they are full or their oldest cargo is too old. An event is spent only on sailings that take cargo.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, inf
from typing import Protocol

from sim.core.lot import Lot
from sim.core.quantity import Quantity
from sim.core.units import KG_PER_T
from sim.engine.stockpile import Stockpile
from sim.engine.transit import Transit
from sim.engine.world import World
from sim.transport.haul import Bill, Dock, RoadBill
from sim.transport.lane_spec import SeaSpec

DAYS_PER_WEEK = 7.0
EPSILON_INTERVALS = 1e-9  # a departure this share of an interval before cargo is ready still takes it ...
EPSILON_DAYS = 1e-6  # ... so readiness is compared more loosely than departures are counted
EPSILON_BOXES = 1e-9  # a box short of this share of its payload is full
EPSILON_REST = 1e-9  # of cargo that sails: a smaller rest of it is rounding


def port_dial(port: str) -> str:
    """Name of the dial of a port: 1 open, 0 closed."""
    return f"ports.{port}.open_factor"


@dataclass(frozen=True, slots=True)
class Leg:
    """A lane with its timetable: departures at `offset_day` + k * `interval_days`."""

    name: str
    sea_days: float
    interval_days: float
    offset_day: float
    distance_km: float
    box_usd: Quantity

    def next_sailing(self, day: float) -> float:
        """First departure at or after `day`."""
        return self.offset_day + self.interval_days * ceil((day - self.offset_day) / self.interval_days - EPSILON_INTERVALS)


@dataclass(frozen=True, slots=True)
class Voyage:
    """The way from the port of loading to the plant: one leg or several with transhipment between them.

    ports : ports of loading, transhipment and discharge.
    """

    legs: tuple[Leg, ...]
    cut_off_days: float
    customs_days: float
    road_km: float
    road_days: float
    ports: tuple[str, ...] = ()

    def arrival(self, sailing_day: float) -> float:
        """Day at the plant of what sails on `sailing_day`: sea, transhipment, customs, road."""
        day = sailing_day + self.legs[0].sea_days
        for leg in self.legs[1:]:
            day = leg.next_sailing(day + self.cut_off_days) + leg.sea_days
        return day + self.customs_days + self.road_days

    @property
    def mean_days(self) -> float:
        """Expected days from a full box at the port to the plant."""
        waits = sum(self.cut_off_days + leg.interval_days / 2.0 + leg.sea_days for leg in self.legs)
        return waits + self.customs_days + self.road_days

    @property
    def distance_km(self) -> float:
        """Distance at sea [km]."""
        return sum(leg.distance_km for leg in self.legs)


class Clearance(Protocol):
    """The border as the port sees it."""

    def may_depart(self) -> bool:
        """Whether cargo may leave the country now."""
        ...

    def give_back(self, lots: list[Lot], source: int) -> None:
        """Take back cargo that may not leave, out of account `source`."""
        ...

    def departed(self, lots: list[Lot]) -> None:
        """Note that lots have left."""
        ...


@dataclass(slots=True)
class _Entry:
    entered_day: float
    ready_day: float
    kg: float


class PortStore:
    """Cargo of one material for one plant at the port of loading, and at sea.

    clearance : the border; set once it is built, before anything moves.
    """

    clearance: Clearance

    def __init__(
        self,
        world: World,
        voyage: Voyage,
        rules: SeaSpec,
        dock: Dock,
        origin: str,
        material: str,
        distance_km: Callable[[int], float],
    ) -> None:
        """`distance_km` gives the road distance to the port from the place of a ledger account."""
        self.plant, self.country, self.voyage = dock.name, dock.country, voyage
        self._world, self._dock, self._distance_km = world, dock, distance_km
        self._material = material
        route = f"{material} from {origin} to {dock.name}"
        self.pile: Stockpile = world.ledger.stockpile(f"{route}: port", "port", origin)
        self._transit = Transit(world.ledger, f"{route}: at sea", "sea", origin)
        self._lead_days, self._sea_km = voyage.mean_days, voyage.distance_km
        self._port_dials = [port_dial(port) for port in voyage.ports]
        self._payload_kg = rules.box_payload_t.value * KG_PER_T
        self._age_limit_days, self._km_per_day = rules.fill_age_limit_days.value, rules.road_km_per_day.value
        self._to_port = RoadBill(world, rules, dock.name, origin)
        self._from_port = RoadBill(world, rules, dock.name, dock.country)
        freight, fuel = (dock.name, "shipping lines", "sea freight"), (origin, "sea", "ship fuel")
        self._at_sea = Bill(world, [leg.box_usd for leg in voyage.legs], rules.co2_kg_per_t_km, freight, fuel)
        self._booked = world.recorder.yearly("shipments", origin, dock.country, material)
        self._entries: deque[_Entry] = deque()
        self._sailing_day = inf

    def room_kg(self, extra_days: float) -> float:
        """Mass worth sending if it first waits `extra_days` for consent [kg]."""
        return self._dock.room_by_sea(self._material, self._lead_days + extra_days)

    def reserve(self, kg: float) -> None:
        """Count `kg` more (or fewer) as on its way to the plant."""
        self._dock.at_sea_kg = max(self._dock.at_sea_kg + kg, 0.0)

    def drive_to_port(self, kg: float, source: int) -> float:
        """Book the drive from the place of account `source`; return its days."""
        km = self._distance_km(source)
        self._to_port.add(kg, km)
        return km / self._km_per_day

    def load(self, lots: list[Lot], source: int, road_days: float) -> None:
        """Take lots out of account `source`; they can sail once they have been driven to the port."""
        now = self._world.clock.now
        kg = self._world.ledger.post_all(now, source, self.pile.account, lots)
        self.pile.put_all(lots)
        self._entries.append(_Entry(now, now + road_days, kg))
        self._book_sailing()

    def _book_sailing(self, after_day: float = -inf) -> None:
        """Choose the first sailing after `after_day` with a full box or with cargo too old to wait; an earlier choice stands."""
        if not self._entries:
            return
        oldest, cut_off_days = self._entries[0], self.voyage.cut_off_days
        due = max(oldest.ready_day, oldest.entered_day + self._age_limit_days - cut_off_days)
        gathered = ready = 0.0
        for entry in self._entries:
            gathered, ready = gathered + entry.kg, max(ready, entry.ready_day)
            if gathered >= self._payload_kg * (1.0 - EPSILON_BOXES):
                due = min(due, ready)
                break
        day = self.voyage.legs[0].next_sailing(max(due + cut_off_days, after_day, self._world.clock.now))
        if day < self._sailing_day:
            self._sailing_day = day
            self._world.clock.at(day, self._sail, day)

    def _sail(self, day: float) -> None:
        if day != self._sailing_day:
            return  # an earlier sailing took its place
        self._sailing_day = inf
        if not self.clearance.may_depart():
            self._entries.clear()
            self.clearance.give_back(self.pile.take_all(), self.pile.account)
            return
        kg, boxes = self._cargo(day)
        if boxes > 0 and self._ports_open():
            self._depart(kg, boxes)
        self._book_sailing(day + EPSILON_DAYS)

    def _ports_open(self) -> bool:
        """Whether all ports of the way are open on the day of departure; cargo waits for the next sailing if not."""
        return min(map(self._world.dials.__getitem__, self._port_dials), default=1.0) > 0.0

    def _cargo(self, day: float) -> tuple[float, int]:
        """Mass and boxes that sail now: full boxes, and the rest too if any of it is too old to wait."""
        closed_day = day - self.voyage.cut_off_days + EPSILON_DAYS
        ready_kg, ready = 0.0, []
        for entry in self._entries:
            if entry.ready_day <= closed_day:
                ready.append(entry)
                ready_kg += entry.kg
        boxes = floor(ready_kg / self._payload_kg + 2.0 * EPSILON_BOXES)
        kg, passed = min(boxes * self._payload_kg, ready_kg), 0.0
        too_old_day = day - self._age_limit_days + EPSILON_DAYS
        for entry in ready:
            passed += entry.kg
            if passed > kg * (1.0 + EPSILON_BOXES) and entry.entered_day <= too_old_day:
                return ready_kg, ceil(ready_kg / self._payload_kg - EPSILON_BOXES)
        return kg, boxes

    def _depart(self, kg: float, boxes: int) -> None:
        world = self._world
        now = world.clock.now
        lots = self.pile.take(kg)
        kg = world.ledger.post_all(now, self.pile.account, self._transit.account, lots)
        arrival_day = self.voyage.arrival(now)
        cell = self._booked.cell(world.year)
        cell[0] += boxes
        cell[1] += kg
        cell[3] += self._kg_days_until(arrival_day, kg)
        self._at_sea.add(boxes, kg / KG_PER_T * self._sea_km)
        self._from_port.add(kg, self.voyage.road_km)
        self.clearance.departed(lots)
        world.clock.at(arrival_day, self._arrive, (self._transit.depart(lots), kg))

    def _kg_days_until(self, arrival_day: float, kg: float) -> float:
        """Strike `kg` off the oldest entries; return their kg-days from entry to arrival."""
        kg_days = 0.0
        if not self.pile.lots:
            kg_days = sum(entry.kg * (arrival_day - entry.entered_day) for entry in self._entries)
            self._entries.clear()
            return kg_days
        while kg > 0.0 and self._entries:
            entry = self._entries[0]
            part = min(entry.kg, kg)
            kg_days += part * (arrival_day - entry.entered_day)
            kg -= part
            entry.kg -= part
            if entry.kg <= EPSILON_REST * part:  # float dust would age and make young cargo sail with it
                self._entries.popleft()
        return kg_days

    def _arrive(self, load: tuple[int, float]) -> None:
        journey, kg = load
        self.reserve(-kg)
        self._dock.deliver(self._material, self._transit.arrive(journey), kg, self._transit.account)
