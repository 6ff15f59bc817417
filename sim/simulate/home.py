"""One home country as collection sees it: what it has by itself, its offers, depots and line-haul."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.engine.world import Receiver, Router, World
from sim.nodes.arisings import Arisings
from sim.nodes.country_spec import CountrySpec
from sim.nodes.depot import Consignment, Depots
from sim.nodes.offers import Offers, YearOffers
from sim.nodes.zone_spec import ZoneSpec
from sim.nodes.zones import Zone, gather
from sim.scenario.schema import ResolutionSpec
from sim.simulate import collection_money
from sim.simulate.service import INFORMAL, Terms, sold_share_of, terms_of, truck_of
from sim.transport.linehaul import LineHaul
from sim.transport.rounds import Rounds
from sim.transport.vehicle_spec import VehicleSpec

Vector = NDArray[np.float64]
RoadKm = Callable[[Zone, Receiver], float]


class Home:
    """A home country; its people, fleets and queues are with those of the others in `Collection`, which sets it to time.

    terms, offers, depots, line_haul : its parts. bays : unload bays of each zone, shape (zones,).
    of_buyers : which channels are informal buyers, shape (channels,).
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
        self._world, self.terms, self.offers = world, terms, offers
        self._apart = resolution.vehicles == "vehicle"
        country = terms.country
        self.of_buyers = np.array([channel.kind == INFORMAL for channel in terms.channels.values()], dtype=bool)
        self._road_km, self._km = road_km, dict[str, Vector]()
        land = terms.land
        self.depots = Depots(world, country, land.zones, land.channels, self.of_buyers, router, crude, self._distance_km)
        depots = terms.zones.sum(terms.zones.places(terms.depots.people_per_depot.value))
        put_back, account = self.depots.put_back, self.depots.account
        self.line_haul = LineHaul(world, country, land.zones, depots, account, router, put_back, self._distance_km)
        self.bays = np.maximum(np.round(depots * terms.depots.unload_bays.value), 1.0).astype(int)
        self.fleet_dials = [f"collection.{country}.{key}.fleet_factor" for key in terms.channels]
        self._sold_dial = f"collection.{country}.sold_to_formal_factor"
        for dial in (*self.fleet_dials, self._sold_dial):
            world.dials.declare(dial, 1.0)
        self._all_sold = False
        self._unserved: set[str] = set()
        self._days = 1.0

    def open_year(self, year: int) -> YearOffers:
        """Begin the year of depots and trucks; return what people offer in it."""
        offers = self.offers.of_year(year)
        if offers.oversubscribed:
            self._warn(f"{self.terms.country} {year}: channels together want more than all arisings; all are scaled to fit")
        self.line_haul.open_year(truck_of(self.terms, year + 0.5))
        self.depots.learn(year, offers.mixes)
        return offers

    def say_what_nobody_fetches(self, year: int, rate_kg_per_day: Vector, rounds: Rounds, queues: slice) -> None:
        """Warn, once for each channel, where offers meet a fleet that can make no route at all; `queues` are its own."""
        able = np.minimum(rounds.able_per_day[queues], rounds.able_by_year[queues]) > 0.0
        rate, channels = rate_kg_per_day[queues], len(self.terms.channels)
        unserved, offered = (kg.reshape(-1, channels).sum(axis=0) for kg in (np.where(able, 0.0, rate), rate))
        for number, key in enumerate(self.terms.channels):
            if unserved[number] > 0.0 and key not in self._unserved:
                self._unserved.add(key)
                share = unserved[number] / offered[number]
                self._warn(
                    f"{self.terms.country} {key}: from {year} no vehicle can fetch {share:.0%} of what people offer: no vehicles, "
                    "no hours, or a stop too much for one load or shift"
                )

    def clear(self, days: float) -> None:
        """Send away what depots gathered over `days`."""
        share = sold_share_of(self.terms.informal, self._world.decimal_year)
        factor = self._world.dials[self._sold_dial]
        if share * factor > 1.0 and not self._all_sold:
            self._all_sold = True
            country = self.terms.country
            self._warn(
                f"{country}: sold_to_formal_factor {factor:g} asks for more than all that buyers collect; they sell all of it."
            )
        self._days = days
        self.depots.dispatch(min(share * factor, 1.0), self._send, apart=self._apart)

    def book_year(self, year: int, collected_kg: Vector, cost_usd: Vector, co2_kg: Vector) -> None:
        """Book payments and emissions of a year; vectors have an entry for each of its queues, or of its piles."""
        paid = self.offers.paid_factor(year)
        recorder = self._world.recorder
        collection_money.book_year(recorder, self.terms, year, collected_kg, cost_usd, co2_kg, self.depots, self.line_haul, paid)

    def _warn(self, said: str) -> None:
        self._world.warnings.append(said)

    def _send(self, consignment: Consignment) -> None:
        self.line_haul.send(consignment, self._days)

    def _distance_km(self, receiver: Receiver) -> Vector:
        """Road distance from each zone to a receiver [km]."""
        km = self._km.get(receiver.name)
        if km is None:
            km = self._km[receiver.name] = np.array([self._road_km(zone, receiver) for zone in self.terms.zones.zones])
        return km


def wire_home(
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
) -> Home:
    """Build the parts of one home country.

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
    return Home(world, terms, offers, resolution, router, crude, road_km)
