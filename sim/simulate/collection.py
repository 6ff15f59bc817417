"""Collection of one country: offers, queues, fleets, depots and line-haul wired together and set to time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.world import Receiver, Router, World
from sim.nodes.arisings import Arisings
from sim.nodes.country_spec import CountrySpec
from sim.nodes.depot import Cargo, Depots
from sim.nodes.offers import NOTHING, Offers, YearOffers
from sim.nodes.waiting import Waiting
from sim.nodes.zone_spec import ZoneSpec
from sim.nodes.zones import Zone, gather
from sim.scenario.schema import ResolutionSpec
from sim.simulate import collection_money
from sim.simulate.service import INFORMAL, Terms, crew_of, service_of, terms_of, truck_of
from sim.transport import fleet as fleets
from sim.transport.fleet import Fleet
from sim.transport.linehaul import LineHaul
from sim.transport.rounds import Fetch, Planner
from sim.transport.vehicle_spec import VehicleSpec

Vector = NDArray[np.float64]
RoadKm = Callable[[Zone, Receiver], float]
CLEARING_DAYS = 1.0  # depots are cleared a day after the rounds of a period
MOMENT = 1e-3  # [days]: keeps beats inside their year


class Collection:
    """The collection of one country, in time. `start()` sets it going; nothing happens before.

    A year begins by working out its offers and routes. In each period offers come in, those that waited too long give
    up, fleets leave for what is called, and depots are cleared. Platoons stand for all routes of a period and leave in
    its middle; single vehicles leave from its start on.
    """

    def __init__(
        self,
        world: World,
        terms: Terms,
        offers: Offers,
        resolution: ResolutionSpec,
        router: Router,
        crude: Receiver | None,
        road_km: RoadKm,
    ) -> None:
        self._world, self._terms, self._offers = world, terms, offers
        self._resolution, self._road_km = resolution, road_km
        country, self._zones = terms.country, terms.zones.zones
        self._channel_keys = tuple(terms.channels)
        self.waiting = Waiting(world, country, tuple(zone.key for zone in self._zones), self._channel_keys)
        self.vehicles = world.ledger.account(f"{country} vehicles", "vehicle", country)
        self.depots = Depots(world, country, len(self._zones), router, crude, self._distance_km, self._space_kg)
        keys = tuple(zone.key for zone in self._zones)
        depots = terms.zones.sum(terms.zones.places(terms.depots.people_per_depot.value))
        self.line_haul = LineHaul(world, country, keys, depots, self.depots.account, self.depots.put_back)
        bays = np.maximum(np.round(depots * terms.depots.unload_bays.value), 1.0).astype(int)
        self.fleet = Fleet(world.clock, resolution.vehicles, terms.queues, bays.tolist(), self._take, self._deliver)
        world.ledger.accounts[self.vehicles].holdings = self.fleet.held
        self._informal = terms.by_zone(np.array([channel.kind == INFORMAL for channel in terms.channels.values()], dtype=bool))
        self._storage_kg = np.zeros(len(self._zones))
        self._year: YearOffers | None = None
        self._planner: Planner | None = None
        self._not_called = self._capacity_kg = np.zeros(terms.queues)
        self._has_points = np.zeros(terms.queues, dtype=bool)
        self._history: deque[tuple[float, float, Vector]] = deque()
        self._days = 1.0
        for key in self._channel_keys:
            world.dials.declare(self._dial(key), 1.0)
        world.dials.declare(f"collection.{country}.sold_to_formal_factor", 1.0)
        collection_money.declare(world.recorder)

    def start(self) -> None:
        """Schedule the first year."""
        self._world.clock.after(0.0, self._open_year, self._world.calendar.start)

    # the year

    def _open_year(self, year: int) -> None:
        world, terms = self._world, self._terms
        offers = self._year = self._offers.of_year(year)
        if offers.oversubscribed:
            world.warnings.append(f"{terms.country} {year}: channels together want more than all arisings; all are scaled to fit")
        when, days = year + 0.5, float(offers.edges[-1] - offers.edges[0])
        open_share = np.where(offers.active > 0.0, offers.active, 1.0)
        rate = (offers.kg.sum(axis=0) / (open_share * days)).ravel()
        self._planner = Planner(service_of(terms, when), rate, days)
        points = self._planner.service.points
        each = [channel.point_capacity_kg.at(when) if channel.point_capacity_kg else 0.0 for channel in terms.channels.values()]
        points = np.where(terms.by_zone(offers.active) > 0.0, points, 0.0)  # points of a channel that has ended are gone
        self._has_points, self._capacity_kg = points > 0.0, points * terms.by_zone(np.array(each))
        scheme = np.where(self._informal, 0.0, rate).reshape(len(self._zones), -1).sum(axis=1)
        limit = max(terms.depots.storage_limit_days.at(when), self._resolution.period_days)
        self._storage_kg = scheme * limit
        self._not_called = self._planner.service.not_yet_called_kg(rate)
        self.line_haul.open_year(truck_of(terms, when))
        informal = {row for row, is_informal in zip(offers.rows, self._informal, strict=False) if is_informal and row != NOTHING}
        self.depots.learn(offers.parts, informal)
        self._schedule(year, offers)

    def _schedule(self, year: int, offers: YearOffers) -> None:
        clock = self._world.clock
        at = 0.5 if self._resolution.vehicles == "platoon" else 0.0
        for number, (start, end) in enumerate(pairwise(offers.edges.tolist())):
            beat = self._first_beat if number == 0 else self._beat
            clock.at(start + max(at * (end - start), MOMENT), beat, (year, number, start, end))
        clock.at(float(offers.edges[-1]) - MOMENT, self._close_year, year)

    def _first_beat(self, period: tuple[int, int, float, float]) -> None:
        """Begin the books of a year, then a period; drawers open once a year."""
        year, _, start, end = period
        world, terms, offers = self._world, self._terms, self._year
        assert offers is not None
        self.waiting.open_year(year, offers.rows)
        places = [(zone.key, channel) for zone in self._zones for channel in self._channel_keys]
        self.fleet.open_year(world.recorder, year, terms.country, places, crew_of(terms, year + 0.5))
        if year == world.calendar.start:
            there = [channel.start is None or world.calendar.day_of(channel.start) <= 0 for channel in terms.channels.values()]
            opening = np.where(terms.by_zone(np.array(there)), self._not_called, 0.0)
            self.waiting.fill(opening)
            lag = self._terms.households.patience_days.at(year)
            self._history.append((start - max(lag, MOMENT), start, opening))
        share = -np.expm1(-1.0 / max(self._terms.households.hoarded_years.at(year + 0.5), MOMENT))
        self._history.append((start, end, self.waiting.release(float(share), offers.active)))
        self._beat(period)

    def _close_year(self, year: int) -> None:
        offers, fleet = self._year, self.fleet
        assert offers is not None
        self.waiting.close_year((self._offers.share * offers.diverted_kg).ravel())
        collection_money.book_year(
            self._world.recorder,
            self._terms,
            year,
            self.waiting.collected_kg(),
            fleet.booked(fleets.COST),
            fleet.booked(fleets.CO2),
            self.depots,
            self.line_haul,
        )
        if year < self._world.calendar.end:
            self._world.clock.after(0.0, self._open_year, year + 1)

    # the period

    def _beat(self, period: tuple[int, int, float, float]) -> None:
        year, number, start, end = period
        offers, planner, waiting = self._year, self._planner, self.waiting
        assert offers is not None
        assert planner is not None
        waiting.settle()
        people, when = self._terms.households, self._world.decimal_year
        again = waiting.give_up(self._room_kg(start, when), people.retry_share.at(when), people.hoard_share.at(when))
        fresh = offers.kg[number].ravel()
        waiting.offer(fresh)
        if offers.mixed_kg[number] > 0.0:
            waiting.decline(float(offers.mixed_kg[number]), offers.mixed_row, year)
        self._history.append((start, end, fresh + again))
        called = np.maximum(waiting.level_kg() - self._not_called, 0.0)
        dials = self._world.dials
        factor = self._terms.by_zone(np.array([dials[self._dial(key)] for key in self._channel_keys]))
        self.fleet.dispatch(planner, self._fetch(called, end - start, factor))
        self._days = end - start
        self._world.clock.after(CLEARING_DAYS, self._clear)

    def _fetch(self, called_kg: Vector, days: float, fleet_factor: Vector) -> Fetch:
        """Plan a period; a zone whose depots are full is fetched from only as far as they have room."""
        planner = self._planner
        assert planner is not None
        fetch = planner.fetch(called_kg, days, fleet_factor)
        zones = len(self._zones)
        wanted = np.where(self._informal, 0.0, fetch.kg).reshape(zones, -1).sum(axis=1)
        room = np.maximum(self._storage_kg - self.depots.stored_kg(), 0.0)
        if (wanted <= room).all():
            return fetch
        fit = np.minimum(np.divide(room, wanted, out=np.ones(zones), where=wanted > 0.0), 1.0)
        by_queue = np.repeat(fit, len(self._channel_keys))
        return planner.fetch(np.where(self._informal, called_kg, fetch.kg * by_queue), days, fleet_factor)

    def _room_kg(self, day: float, when: float) -> Vector:
        """What may still wait on `day` in each queue [kg]: what was offered within people's patience, or what points hold."""
        patience = self._terms.households.patience_days.at(when)
        while self._history and self._history[0][1] <= day - patience:
            self._history.popleft()
        room = np.zeros(self._terms.queues)
        for start, end, kg in self._history:
            room += kg * (min(end, day) - max(start, day - patience)) / (end - start) if end > day - patience else 0.0
        return np.where(self._has_points, self._capacity_kg, room)

    def _clear(self, _: object) -> None:
        informal = self._terms.informal
        share = informal.sold_to_formal_share.at(self._world.decimal_year) if informal else 1.0
        factor = self._world.dials[f"collection.{self._terms.country}.sold_to_formal_factor"]
        self.depots.dispatch(min(share * factor, 1.0), self._send)

    def _take(self, queue: int, kg: float) -> list[Lot]:
        return self.waiting.take(queue, kg, self.vehicles)

    def _deliver(self, queue: int, lots: list[Lot]) -> None:
        self.depots.bring(queue // len(self._channel_keys), lots, self.vehicles)

    def _send(self, receiver: Receiver, cargo: Cargo) -> None:
        if self._resolution.vehicles == "platoon":
            self.line_haul.send(receiver, cargo, self._days, self._distance_km)
            return
        for zone in sorted({zone for loads in cargo.values() for zone, _ in loads}):
            own = {group: [load for load in loads if load[0] == zone] for group, loads in cargo.items()}
            self.line_haul.send(receiver, own, self._days, self._distance_km)

    def _distance_km(self, zone: int, receiver: Receiver) -> float:
        return self._road_km(self._zones[zone], receiver)

    def _space_kg(self, receiver: Receiver, group: str) -> float:
        return self.line_haul.space_kg(receiver, group)

    def _dial(self, channel: str) -> str:
        return f"collection.{self._terms.country}.{channel}.fleet_factor"


def wire_collection(
    world: World,
    country_key: str,
    country: CountrySpec,
    zones: dict[str, ZoneSpec],
    vehicles: dict[str, VehicleSpec],
    arisings: Arisings,
    resolution: ResolutionSpec,
    router: Router,
    crude: Receiver | None,
    road_km: RoadKm,
) -> Collection:
    """Build the collection of one home country; call `start()` on it before the clock runs.

    Parameters
    ----------
    zones
        Zones of the scenario; those of other countries are left out.
    crude
        Takes what informal buyers do not sell to formal plants.
    road_km
        Road distance from a zone of collection to a receiver [km].

    Raises
    ------
    WiringError
        If a vehicle is missing or too small, or the country has no depots.
    """
    terms = terms_of(country_key, country, gather(zones, country_key, resolution.zones), vehicles)
    sensitivity = country.informal.price_sensitivity.value if country.informal else 0.0
    offers = Offers(
        country_key, arisings, terms.zones, terms.channels, sensitivity, world.streams, world.composition, resolution.period_days
    )
    return Collection(world, terms, offers, resolution, router, crude, road_km)
