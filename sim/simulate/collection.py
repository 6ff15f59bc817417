"""Collection of one country: offers, queues, fleets, depots and line-haul wired together and set to time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.world import Receiver, Router, World
from sim.nodes.arisings import Arisings
from sim.nodes.country_spec import CountrySpec
from sim.nodes.depot import Consignment, Depots
from sim.nodes.offers import Offers, YearOffers
from sim.nodes.waiting import Waiting
from sim.nodes.zone_spec import ZoneSpec
from sim.nodes.zones import Zone, gather
from sim.scenario.schema import ResolutionSpec
from sim.simulate import collection_money
from sim.simulate.service import INFORMAL, Terms, crew_of, service_of, sold_share_of, terms_of, truck_of
from sim.transport.breakdowns import Breakdowns
from sim.transport.fleet import CO2, COST, Fleet, Hands
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
    its middle; single vehicles leave from its start on. People, fleets and queues belong to places, the members of
    zones: regions travel and sort together, and carry exactly what their members can.
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
        country = terms.country
        self._resolution = resolution
        zones, channels = tuple(zone.key for zone in terms.zones.zones), tuple(terms.channels)
        self._channels = len(channels)
        of_buyers = np.array([channel.kind == INFORMAL for channel in terms.channels.values()], dtype=bool)
        self._informal = terms.by_place(of_buyers)
        self._fleet_dials = [f"collection.{country}.{key}.fleet_factor" for key in channels]
        self._sold_dial = f"collection.{country}.sold_to_formal_factor"
        self.waiting = Waiting(world, country, zones, channels, len(terms.places.zones), terms.zones.first_member)
        self.vehicles = world.ledger.account(f"{country} vehicles", "vehicle", country)
        self._road_km, self._km = road_km, dict[str, Vector]()
        self.depots = Depots(world, country, zones, channels, of_buyers, router, crude, self._distance_km)
        depots = terms.zones.sum(terms.zones.places(terms.depots.people_per_depot.value))
        put_back, account = self.depots.put_back, self.depots.account
        self.line_haul = LineHaul(world, country, zones, depots, account, router, put_back, self._distance_km)
        bays = np.maximum(np.round(depots * terms.depots.unload_bays.value), 1.0).astype(int)
        places = [(country, zone, channel) for zone in zones for channel in channels]
        breakdowns = Breakdowns(world.streams, ["/".join((*place, "breakdowns")) for place in places])
        take = partial(self.waiting.take, account=self.vehicles)
        hands = Hands(take, self._take_all, partial(self.depots.bring, account=self.vehicles))
        alone = ~terms.by_zone(of_buyers) & (resolution.vehicles == "vehicle")  # carts of buyers are always platoons
        self.fleet = Fleet(world.clock, alone, places, bays.tolist(), hands, breakdowns, world.trips)
        world.stations += self.fleet.bays
        world.ledger.accounts[self.vehicles].holdings = self.fleet.held
        self._storage_kg = np.zeros(len(zones))
        self._year: YearOffers | None = None
        self._planner: Planner | None = None
        self._fetched_kg = self._not_called = self._capacity_kg = np.zeros(terms.queues)
        self._has_points = np.zeros(terms.queues, dtype=bool)
        self._history: deque[tuple[float, float, Vector]] = deque()
        self._days = 1.0
        self._all_sold = False
        self._unserved: set[str] = set()
        for dial in (*self._fleet_dials, self._sold_dial):
            world.dials.declare(dial, 1.0)
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
        self._say_what_nobody_fetches(year, rate)
        points = self._planner.service.points
        each = [channel.point_capacity_kg.at(when) if channel.point_capacity_kg else 0.0 for channel in terms.channels.values()]
        points = np.where(terms.by_place(offers.active) > 0.0, points, 0.0)  # points of a channel that has ended are gone
        self._has_points, self._capacity_kg = points > 0.0, points * terms.by_place(np.array(each))
        scheme = self._of_schemes(rate)
        limit = max(terms.depots.storage_limit_days.at(when), self._resolution.period_days)
        self._storage_kg = scheme * limit
        self._not_called = self._planner.service.not_yet_called_kg(rate)
        self.line_haul.open_year(truck_of(terms, when))
        self.depots.learn(year, offers.mixes)
        self._schedule(year, offers)

    def _say_what_nobody_fetches(self, year: int, rate: Vector) -> None:
        """Warn, once for each channel, where offers meet a fleet that can make no route at all."""
        assert self._planner is not None
        rounds = self._planner.rounds
        able = np.minimum(rounds.able_per_day, rounds.able_by_year) > 0.0
        unserved, offered = (kg.reshape(-1, self._channels).sum(axis=0) for kg in (np.where(able, 0.0, rate), rate))
        for number, key in enumerate(self._terms.channels):
            if unserved[number] > 0.0 and key not in self._unserved:
                self._unserved.add(key)
                share = unserved[number] / offered[number]
                self._world.warnings.append(
                    f"{self._terms.country} {key}: from {year} no vehicle can fetch {share:.0%} of what people offer: no vehicles, "
                    "no hours, or a stop too much for one load or shift"
                )

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
        self.waiting.open_year(year, offers.mixes.rows)
        self.fleet.open_year(year, crew_of(terms, year + 0.5))
        if year == world.calendar.start:
            there = [channel.start is None or world.calendar.day_of(channel.start) <= 0 for channel in terms.channels.values()]
            opening = np.where(terms.by_place(np.array(there)), self._not_called, 0.0)
            self.waiting.fill(opening)
            lag = self._terms.households.patience_days.at(year)
            self._history.append((start - max(lag, MOMENT), start, opening))
        share = -np.expm1(-1.0 / max(self._terms.households.hoarded_years.at(year + 0.5), MOMENT))
        self._history.append((start, end, self.waiting.release(float(share), offers.active)))
        self._beat(period)

    def _close_year(self, year: int) -> None:
        offers, booked = self._year, self.fleet.booked()
        assert offers is not None
        collected = self.waiting.collected_kg()
        collection_money.book_year(
            self._world.recorder,
            self._terms,
            year,
            collected,
            booked[COST],
            booked[CO2],
            self.depots,
            self.line_haul,
            self._offers.paid_factor(year),
        )
        self.waiting.close_year((self._offers.share * offers.diverted_kg).ravel())
        self.fleet.close_year(self._world.recorder)
        self.line_haul.close_year(year)
        if year < self._world.calendar.end:
            self._world.clock.after(0.0, self._open_year, year + 1)

    # the period

    def _beat(self, period: tuple[int, int, float, float]) -> None:
        year, number, start, end = period
        offers, planner, waiting, terms = self._year, self._planner, self.waiting, self._terms
        assert offers is not None
        assert planner is not None
        waiting.settle()
        people, when = terms.households, self._world.decimal_year
        again = waiting.give_up(self._room_kg(start, when), people.retry_share.at(when), people.hoard_share.at(when))
        fresh = offers.kg[number].ravel()
        waiting.offer(fresh)
        if offers.mixed_kg[number] > 0.0:
            waiting.decline(float(offers.mixed_kg[number]), offers.mixed_row, year)
        self._history.append((start, end, fresh + again))
        called = np.maximum(waiting.level_kg() - self._not_called, 0.0)
        self._days = end - start
        fetch, shifts = self._fetch(planner, called, self._days), planner.shifts(terms.joined)
        self._fetched_kg = fetch.kg
        self.fleet.dispatch(shifts, fetch.joined(terms.joined), self._days)
        self._world.clock.after(CLEARING_DAYS, self._clear)

    def _fetch(self, planner: Planner, called_kg: Vector, days: float) -> Fetch:
        """Plan a period; a zone whose depots are full is fetched from only as far as they have room."""
        terms = self._terms
        factor = terms.by_place(np.array([self._world.dials[dial] for dial in self._fleet_dials]))
        on_the_road = terms.spread(self.fleet.on_the_road(terms.joined(planner.service.vehicles * factor), days))
        fetch = planner.fetch(called_kg, days, factor, on_the_road)
        wanted = self._of_schemes(fetch.kg)
        room = np.maximum(self._storage_kg - self.depots.stored_kg(), 0.0)
        if (wanted <= room).all():
            return fetch
        fit = np.minimum(np.divide(room, wanted, out=np.ones(len(wanted)), where=wanted > 0.0), 1.0)
        by_queue = terms.spread(np.repeat(fit, self._channels))
        return planner.fetch(np.where(self._informal, called_kg, fetch.kg * by_queue), days, factor, on_the_road)

    def _of_schemes(self, of_queues: Vector) -> Vector:
        """Sum over the channels that are no buyers, shape (zones,)."""
        of_zones = self._terms.joined(np.where(self._informal, 0.0, of_queues))
        return np.asarray(of_zones.reshape(-1, self._channels).sum(axis=1))

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
        share = sold_share_of(self._terms.informal, self._world.decimal_year)
        factor = self._world.dials[self._sold_dial]
        if share * factor > 1.0 and not self._all_sold:
            self._all_sold = True
            country = self._terms.country
            self._world.warnings.append(
                f"{country}: sold_to_formal_factor {factor:g} asks for more than all that buyers collect; they sell all of it."
            )
        self.depots.dispatch(min(share * factor, 1.0), self._send, apart=self._resolution.vehicles == "vehicle")

    def _take_all(self, kg: Vector) -> list[list[Lot]]:
        """Hand over what was fetched at every place of the zones and channels that have `kg`."""
        return self.waiting.take_all(np.where(self._terms.spread(kg) > 0.0, self._fetched_kg, 0.0), self.vehicles)

    def _send(self, consignment: Consignment) -> None:
        self.line_haul.send(consignment, self._days)

    def _distance_km(self, receiver: Receiver) -> Vector:
        """Road distance from each zone to a receiver [km]."""
        km = self._km.get(receiver.name)
        if km is None:
            km = self._km[receiver.name] = np.array([self._road_km(zone, receiver) for zone in self._terms.zones.zones])
        return km


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
    paid_factor: Vector | None = None,
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
    paid_factor
        What informal buyers pay over what they paid when shares were observed, by month; None: as ever.

    Raises
    ------
    WiringError
        If a vehicle is missing or too small, or the country has no depots.
    """
    by_itself = resolution.vehicles == "vehicle"
    terms = terms_of(country_key, country, gather(zones, country_key, resolution.zones), vehicles, merged=by_itself)
    sensitivity = country.informal.price_sensitivity.value if country.informal else 0.0
    offers = Offers(
        country_key,
        arisings,
        terms.places,
        terms.channels,
        sensitivity,
        world.streams,
        world.composition,
        resolution.period_days,
        paid_factor,
    )
    return Collection(world, terms, offers, resolution, router, crude, road_km)
