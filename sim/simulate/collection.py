"""Collection of all home countries: offers, queues, fleets, depots and line-haul wired together and set to time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.core.quantity import Quantity
from sim.engine.world import World
from sim.nodes.offers import YearOffers
from sim.nodes.queues import Queues
from sim.nodes.waiting import Waiting
from sim.scenario.schema import ResolutionSpec
from sim.simulate import collection_money
from sim.simulate.home import Home
from sim.simulate.service import crew_of, service_of
from sim.transport.breakdowns import Breakdowns
from sim.transport.fleet import CO2, COST, Fleet, Hands
from sim.transport.rounds import Fetch, Planner, Shifts

Vector = NDArray[np.float64]
CLEARING_DAYS = 1.0  # depots are cleared a day after the rounds of a period
MOMENT = 1e-3  # [days]: keeps beats inside their year
SMALL = 1e-9  # of what depots hold: less room is rounding, for which nobody drives


class _Year(NamedTuple):
    """What is known of a year when it begins; vectors are by queue.

    offers : of each country. kg : offered in each period, shape (periods, queues). storage_kg : room of depots, by zone.
    has_points, capacity_kg : which queues wait in boxes, and what these hold. not_called_kg : what waits on average before
    it is called for. is_open : whether the channel operates at all.
    """

    offers: list[YearOffers]
    kg: Vector
    planner: Planner
    shifts: Shifts
    storage_kg: Vector
    has_points: NDArray[np.bool_]
    capacity_kg: Vector
    not_called_kg: Vector
    is_open: NDArray[np.bool_]


class Collection:
    """The collection of all home countries, in time. `start()` sets it going; nothing happens before.

    A year begins by working out its offers and routes. In each period offers come in, those that waited too long give
    up, fleets leave for what is called, and depots are cleared. Platoons stand for all routes of a period and leave in
    its middle; single vehicles leave from its start on. People, fleets and queues belong to places, the members of
    zones: regions travel and sort together, and carry exactly what their members can. All countries keep the same
    periods, so their queues are one row of numbers; what belongs to one country alone is in its `Home`.
    """

    def __init__(self, world: World, homes: Sequence[Home], resolution: ResolutionSpec) -> None:
        self._world, self.homes, self._resolution = world, list(homes), resolution
        self._terms = [home.terms for home in homes]
        queues = self._queues = Queues([terms.land for terms in self._terms])
        ledger = world.ledger
        of_buyers = np.concatenate([home.of_buyers for home in homes])
        self._informal = of_buyers[queues.channel_of]
        self._fleet_dials = [dial for home in homes for dial in home.fleet_dials]
        self.waiting = Waiting(world, queues)
        vehicles = [ledger.account(f"{country} vehicles", "vehicle", country) for country in queues.countries]
        breakdowns = Breakdowns(world.streams, ["/".join((*pile, "breakdowns")) for pile in queues.piles])
        deliver = [
            partial(home.depots.bring, zone, account=account)
            for home, account in zip(homes, vehicles, strict=True)
            for zone in range(home.bays.size)
        ]
        hands = Hands(partial(self.waiting.take, targets=vehicles), partial(self._take_all, targets=vehicles), deliver)
        # carts of buyers are always platoons
        alone = ~of_buyers[queues.pile_channel] & (resolution.vehicles == "vehicle")
        bays = np.concatenate([home.bays for home in homes]).tolist()
        self.fleet = Fleet(world.clock, alone, queues.piles, queues.pile_zone, bays, hands, breakdowns, world.trips)
        world.stations += self.fleet.bays
        for account, zones in zip(vehicles, queues.zones_in, strict=True):
            ledger.accounts[account].holdings = partial(self.fleet.held, zones)
        self._year: _Year | None = None
        self._fetched_kg = np.zeros(queues.size)
        self._history: deque[tuple[float | Vector, float, Vector]] = deque()
        collection_money.declare(world.recorder)

    def start(self) -> None:
        """Schedule the first year."""
        self._world.clock.after(0.0, self._open_year, self._world.calendar.start)

    # the year

    def _open_year(self, year: int) -> None:
        clock, homes = self._world.clock, self.homes
        offers = [home.open_year(year) for home in homes]
        edges = offers[0].edges
        self._year = self._known(year, offers, float(edges[-1] - edges[0]))
        at = 0.5 if self._resolution.vehicles == "platoon" else 0.0
        for number, (start, end) in enumerate(pairwise(edges.tolist())):
            beat = self._first_beat if number == 0 else self._beat
            clock.at(start + max(at * (end - start), MOMENT), beat, (year, number, start, end))
        clock.at(float(edges[-1]) - MOMENT, self._close_year, year)

    def _known(self, year: int, offers: list[YearOffers], days: float) -> _Year:
        queues, homes, when = self._queues, self.homes, year + 0.5
        kg = np.concatenate([each.kg.reshape(len(each.kg), -1) for each in offers], axis=1)
        active = np.concatenate([each.active for each in offers])[queues.channel_of]
        is_open = active > 0.0
        rate = kg.sum(axis=0) / (np.where(is_open, active, 1.0) * days)
        planner = Planner(service_of(self._terms, queues, when), rate, days)
        for home, own in zip(homes, queues.of_country, strict=True):
            home.say_what_nobody_fetches(year, rate, planner.rounds, own)
        holds = [
            channel.point_capacity_kg.at(when) if channel.point_capacity_kg else 0.0
            for home in homes
            for channel in home.terms.channels.values()
        ]
        points = np.where(is_open, planner.service.points, 0.0)  # points of a channel that has ended are gone
        limits = [max(home.terms.depots.storage_limit_days.at(when), self._resolution.period_days) for home in homes]
        return _Year(
            offers,
            kg,
            planner,
            planner.shifts(queues.by_pile),
            self._of_schemes(rate) * np.repeat(limits, [home.bays.size for home in homes]),
            points > 0.0,
            points * np.array(holds)[queues.channel_of],
            planner.service.not_yet_called_kg(rate),
            is_open,
        )

    def _first_beat(self, period: tuple[int, int, float, float]) -> None:
        """Begin the books of a year, then a period; drawers open once a year."""
        year, _, start, end = period
        world, known, queues = self._world, self._year, self._queues
        assert known is not None
        self.waiting.open_year(year, [row for offers in known.offers for row in offers.mixes.rows])
        self.fleet.open_year(year, crew_of(self._terms, queues, year + 0.5))
        if year == world.calendar.start:
            day_of = world.calendar.day_of
            starts = [channel.start for home in self.homes for channel in home.terms.channels.values()]
            there = np.array([start is None or day_of(start) <= 0 for start in starts])[queues.channel_of]
            opening = np.where(there, known.not_called_kg, 0.0)
            self.waiting.fill(opening)
            lag = self._of_people(lambda home: home.terms.households.patience_days, year)
            self._history.append((start - np.maximum(lag, MOMENT), start, opening))
        hoarded_years = self._of_people(lambda home: home.terms.households.hoarded_years, year + 0.5)
        share = -np.expm1(-1.0 / np.maximum(hoarded_years, MOMENT))
        self._history.append((start, end, self.waiting.release(share, known.is_open)))
        self._beat(period)

    def _close_year(self, year: int) -> None:
        known, world, queues = self._year, self._world, self._queues
        assert known is not None
        booked, collected = self.fleet.booked(), self.waiting.collected_kg()
        diverted = [(home.offers.share * offers.diverted_kg).ravel() for home, offers in zip(self.homes, known.offers, strict=True)]
        self.waiting.close_year(np.concatenate(diverted))
        for home, own, piles in zip(self.homes, queues.of_country, queues.piles_in, strict=True):
            home.book_year(year, collected[own], booked[COST, piles], booked[CO2, piles])
            self.fleet.close_year(world.recorder, piles)
            home.line_haul.close_year(year)
        if year < world.calendar.end:
            world.clock.after(0.0, self._open_year, year + 1)

    # the period

    def _beat(self, period: tuple[int, int, float, float]) -> None:
        year, number, start, end = period
        known, waiting, when = self._year, self.waiting, self._world.decimal_year
        assert known is not None
        waiting.settle()
        retry = self._of_people(lambda home: home.terms.households.retry_share, when)
        hoard = self._of_people(lambda home: home.terms.households.hoard_share, when)
        again = waiting.give_up(self._room_kg(known, start, when), retry, hoard)
        fresh = known.kg[number]
        waiting.offer(fresh)
        for country, offers in enumerate(known.offers):
            if offers.mixed_kg[number] > 0.0:
                waiting.decline(country, float(offers.mixed_kg[number]), offers.mixed_row, year)
        self._history.append((start, end, fresh + again))
        called = np.maximum(waiting.level_kg() - known.not_called_kg, 0.0)
        fetch = self._fetch(known, called, end - start)
        self._fetched_kg = fetch.kg
        self.fleet.dispatch(known.shifts, fetch.joined(self._queues.by_pile), end - start)
        self._world.clock.after(CLEARING_DAYS, self._clear, end - start)

    def _fetch(self, known: _Year, called_kg: Vector, days: float) -> Fetch:
        """Plan a period; a zone whose depots are full is fetched from only as far as they have room."""
        queues, planner = self._queues, known.planner
        factor = np.array([self._world.dials[dial] for dial in self._fleet_dials])[queues.channel_of]
        on_the_road = self.fleet.on_the_road(queues.by_pile(planner.service.vehicles * factor), days)[queues.pile_of]
        fetch = planner.fetch(called_kg, days, factor, on_the_road)
        wanted = self._of_schemes(fetch.kg)
        stored = np.concatenate([home.depots.stored_kg() for home in self.homes])
        room = known.storage_kg - stored
        room = np.where(room > SMALL * known.storage_kg, room, 0.0)
        if (wanted <= room).all():
            return fetch
        fit = np.minimum(np.divide(room, wanted, out=np.ones(len(wanted)), where=wanted > 0.0), 1.0)[queues.zone_of]
        fits = self._informal | (fit == 1.0)  # these keep their plan to the last digit, whatever happens elsewhere
        return planner.fetch(np.where(fits, called_kg, fetch.kg * fit), days, factor, on_the_road)

    def _of_schemes(self, of_queues: Vector) -> Vector:
        """Sum over the channels that are no buyers, shape (zones,)."""
        return self._queues.by_zone(np.where(self._informal, 0.0, of_queues))

    def _room_kg(self, known: _Year, day: float, when: float) -> Vector:
        """What may still wait on `day` in each queue [kg]: what was offered within people's patience, or what points hold."""
        oldest = day - self._of_people(lambda home: home.terms.households.patience_days, when)
        while self._history and self._history[0][1] <= oldest.min():
            self._history.popleft()
        room = np.zeros(self._queues.size)
        for start, end, kg in self._history:
            room += kg * (np.maximum(min(end, day) - np.maximum(start, oldest), 0.0) / (end - start))
        return np.where(known.has_points, known.capacity_kg, room)

    def _of_people(self, of_home: Callable[[Home], Quantity], when: float) -> Vector:
        """A number by country at decimal year `when`, by queue."""
        return np.array([of_home(home).at(when) for home in self.homes])[self._queues.country_of]

    def _clear(self, days: float) -> None:
        for home in self.homes:
            home.clear(days)

    def _take_all(self, kg: Vector, targets: Sequence[int]) -> list[list[Lot]]:
        """Hand over what was fetched at every place of the piles that have `kg`."""
        return self.waiting.take_all(np.where(kg[self._queues.pile_of] > 0.0, self._fetched_kg, 0.0), targets)
