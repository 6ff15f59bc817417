"""Road hauls within a country, and the gate of a plant where what arrives waits for its yard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from sim.core.lot import Lot
from sim.core.quantity import Quantity
from sim.core.units import KG_PER_T
from sim.engine.stockpile import DUST, Stockpile
from sim.engine.transit import Transit
from sim.engine.world import Receiver, World
from sim.transport.lane_spec import SeaSpec

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
RETRY_DAYS = 7.0  # how often a truck before a full yard asks again; a waiting time is known to a week
_Journey = list[tuple[int, str, float]]  # loads of one journey: number in transit, material, mass [kg]


class Point(NamedTuple):
    """A place on the map [degrees]."""

    lat: float
    lon: float


def great_circle_km(a: Point, b: Point) -> float:
    """Shortest distance over the sphere [km] (haversine, Sinnott 1984, Sky and Telescope 68(2):159)."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    h = sin((lat_b - lat_a) / 2.0) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b.lon - a.lon) / 2.0) ** 2
    return 2.0 * EARTH_RADIUS_KM * asin(min(sqrt(h), 1.0))


def road_km(a: Point | None, b: Point | None, rules: SeaSpec) -> float:
    """Road distance [km]: great circle times the road factor, or the default where a point is unknown."""
    if a is None or b is None:
        return rules.default_road_km.value if rules.default_road_km is not None else 0.0
    return great_circle_km(a, b) * (rules.road_factor.value if rules.road_factor is not None else 1.0)


class Bill:
    """A payment and an emission that go together, each an amount times a rate; steady rates and cells are looked up once a year."""

    __slots__ = ("_co2_kg", "_emitted", "_keys", "_paid", "_rates", "_until", "_usd", "_world")

    def __init__(
        self, world: World, usd: Sequence[Quantity], co2_kg: Quantity, paid: tuple[str, str, str], emitted: tuple[str, str, str]
    ) -> None:
        """`usd` are rates that add up; `paid` is payer, payee and item, `emitted` country, stage and item."""
        self._world, self._rates, self._keys = world, (usd, co2_kg), (paid, emitted)
        self._usd = self._co2_kg = self._until = 0.0
        self._paid: list[float] = []
        self._emitted: list[float] = []

    def add(self, paid_for: float, emitting: float) -> None:
        """Book amounts now."""
        when = self._world.decimal_year
        if when >= self._until:
            self._open(when)
        self._paid[0] += paid_for * self._usd
        self._emitted[0] += emitting * self._co2_kg

    def _open(self, when: float) -> None:
        cell, year, (paid, emitted), (usd, co2_kg) = self._world.recorder.cell, int(when), self._keys, self._rates
        self._paid, self._emitted = cell("payments", year, *paid), cell("emissions", year, *emitted)
        self._usd, self._co2_kg = sum(each.at(when) for each in usd), co2_kg.at(when)
        self._until = year + 1.0 if all(each.steady for each in (*usd, co2_kg)) else when


class RoadBill:
    """What trucks within `country` cost and emit, paid by `payer`."""

    __slots__ = ("_bill",)

    def __init__(self, world: World, rules: SeaSpec, payer: str, country: str) -> None:
        paid, emitted = (payer, f"road hauliers {country}", "road haul"), (country, "linehaul", "diesel")
        self._bill = Bill(world, (rules.road_usd_per_t_km,), rules.road_co2_kg_per_t_km, paid, emitted)

    def add(self, kg: float, km: float) -> None:
        """Book `kg` over `km` now."""
        t_km = kg / KG_PER_T * km
        self._bill.add(t_km, t_km)


class Dock:
    """The gate of one plant: knows what is on its way, and holds what finds the yard full.

    on_road_kg, at_sea_kg : mass planned for this plant that has not arrived.
    """

    def __init__(self, world: World, plant: Receiver, free_kg_per_day: Callable[[], float]) -> None:
        self.name, self.country = plant.name, plant.country
        self.on_road_kg = self.at_sea_kg = 0.0
        self._world, self._plant, self._free_kg_per_day = world, plant, free_kg_per_day
        self._account = world.ledger.account(f"{plant.name}: gate", "haul", plant.country)
        self._queues: dict[str, Stockpile] = {}
        account = world.ledger.accounts[self._account]
        account.holdings, account.there = self._held, self._queues
        self._asking = False

    def room_by_road(self, material: str) -> float:
        """Mass the plant could take that is not yet on the road [kg]."""
        room = self._plant.space_kg(material) - self.on_road_kg
        if self._asking:
            room -= self._waiting_kg()
        return room if room > 0.0 else 0.0

    def room_by_sea(self, material: str, lead_days: float) -> float:
        """Mass worth sending on a way of `lead_days` [kg]: yard space now and what the lines will make free meanwhile."""
        space = self._plant.space_kg(material)
        if space <= 0.0:
            return 0.0
        room = space + self._free_kg_per_day() * lead_days - self.at_sea_kg
        if self._asking:
            room -= self._waiting_kg()
        return room if room > 0.0 else 0.0

    def deliver(self, material: str, lots: list[Lot], kg: float, source: int) -> None:
        """Pass lots of `kg` in account `source` to the plant; what does not fit waits here, first in first out."""
        queue = self._queues.get(material)
        if (queue is None or not queue.lots) and self._plant.space_kg(material) >= kg * (1.0 - DUST):
            self._plant.receive(material, lots, source)
            return
        if queue is None:
            queue = self._queues[material] = Stockpile(self._account)
        self._world.ledger.move(self._world.clock.now, lots, source, queue)
        self._push(material, queue)
        if not self._asking and queue.lots:
            self._asking = True
            self._world.clock.after(RETRY_DAYS, self._asked)

    def _push(self, material: str, queue: Stockpile) -> None:
        kg = min(self._plant.space_kg(material), queue.kg)
        if kg > DUST * queue.kg:
            self._plant.receive(material, queue.take(kg), self._account)

    def _asked(self, _: object) -> None:
        for material, queue in self._queues.items():
            if queue.lots:
                self._push(material, queue)
        self._asking = any(queue.lots for queue in self._queues.values())
        if self._asking:
            self._world.clock.after(RETRY_DAYS, self._asked)

    def _waiting_kg(self) -> float:
        return sum(queue.kg for queue in self._queues.values())

    def _held(self) -> Iterator[Lot]:
        for queue in self._queues.values():
            yield from queue.lots


class Haul:
    """Trucks to one plant from within its country: days, cost and CO2 by distance.

    What one place sends at one instant travels together, whatever the materials.
    """

    def __init__(self, world: World, dock: Dock, rules: SeaSpec, distance_km: Callable[[int], float]) -> None:
        """`distance_km` gives the road distance from the place of a ledger account."""
        self.name, self.country = dock.name, dock.country
        self._world, self._dock, self._distance_km = world, dock, distance_km
        self._km_per_day = rules.road_km_per_day.value
        self._bill = RoadBill(world, rules, dock.name, dock.country)
        self._transit = Transit(world.ledger, f"{dock.name}: on the road", "haul", dock.country)
        self._loading: tuple[float, int, _Journey] | None = None  # when and where the last journey began

    def space_kg(self, material: str = "") -> float:
        """Mass the plant would take now, less what is on the road to it [kg]."""
        return self._dock.room_by_road(material)

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Load lots out of account `source`; they reach the plant after the drive."""
        world, km = self._world, self._distance_km(source)
        now = world.clock.now
        kg = world.ledger.post_all(now, source, self._transit.account, lots)
        self._dock.on_road_kg += kg
        self._bill.add(kg, km)
        load = (self._transit.depart(lots), material, kg)
        loading = self._loading
        if loading is not None and loading[0] == now and loading[1] == source:
            loading[2].append(load)
            return
        self._loading = (now, source, [load])
        world.clock.after(km / self._km_per_day, self._arrive, self._loading[2])

    def _arrive(self, loads: _Journey) -> None:
        for number, material, kg in loads:
            self._dock.on_road_kg = max(self._dock.on_road_kg - kg, 0.0)
            self._dock.deliver(material, self._transit.arrive(number), kg, self._transit.account)
