"""Depots of a country: they take what vehicles bring, sort it into product groups, and load it for plants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.world import Receiver, Router, World
from sim.nodes.offers import Part
from sim.nodes.waiting import SMALL, joined, merged

Cargo = dict[str, list[tuple[int, list[Lot]]]]
"""Product group -> zone and lots, in order of loading."""
Send = Callable[[Receiver, Cargo], None]
"""`send(receiver, cargo)`: lots of the depots' account leave for a plant."""


class _Stores:
    """Sorted lots of one group by zone, oldest first, and their mass."""

    __slots__ = ("kg", "lots")

    def __init__(self, zones: int) -> None:
        self.lots: list[list[Lot]] = [[] for _ in range(zones)]
        self.kg = [0.0] * zones

    def put(self, zone: int, lot: Lot) -> None:
        """Add a lot."""
        self.lots[zone].append(lot)
        self.kg[zone] += lot.kg

    def load(self, zone: int, kg: float) -> tuple[float, list[Lot]]:
        """Take up to `kg` out of the store of a zone, splitting the last lot; return what it weighs and the lots."""
        store, there = self.lots[zone], self.kg[zone]
        missing = kg
        if kg < there * (1.0 - SMALL):
            for number, lot in enumerate(store):
                if lot.kg > missing:
                    self.lots[zone] = [lot.part(lot.kg - missing), *store[number + 1 :]]
                    self.kg[zone] = there - kg
                    return kg, [*store[:number], lot.part(missing)]
                missing -= lot.kg
        self.lots[zone], self.kg[zone] = [], 0.0
        return there, store

    def tidy(self) -> None:
        """Add up what is alike among lots that stay."""
        for zone, store in enumerate(self.lots):
            if store:
                self.lots[zone] = merged(store)

    def empty(self) -> list[Lot]:
        """Take everything."""
        lots = [lot for store in self.lots for lot in store]
        for zone in range(len(self.lots)):
            self.lots[zone], self.kg[zone] = [], 0.0
        return lots


@dataclass(slots=True)
class _Load:
    """What one dispatch has loaded for a receiver."""

    receiver: Receiver
    cargo: Cargo
    kg: float = 0.0


class Depots:
    """The depots of all zones of one country, in one inside account.

    Sorting changes how a lot is described, not what it holds: the composition row of a channel's mix is the weighted sum
    of its groups' rows, so no mass moves and nothing is posted. What schemes collect waits here for a plant that takes
    it; what buyers hold for sale goes to those plants as far as they take it now, and else to crude dismantling.

    Parameters
    ----------
    distance_km
        Road distance from a zone to a receiver.
    space_kg
        What a receiver would take beyond what is on its way to it.
    crude
        Takes all that informal buyers do not sell to formal plants; none: it waits like the rest.
    """

    def __init__(
        self,
        world: World,
        country: str,
        zones: int,
        router: Router,
        crude: Receiver | None,
        distance_km: Callable[[int, Receiver], float],
        space_kg: Callable[[Receiver, str], float],
    ) -> None:
        self._world, self._country, self._router, self._crude = world, country, router, crude
        self._distance_km, self._space_kg = distance_km, space_kg
        self.account = world.ledger.account(f"{country} depots", "depot", country)
        world.ledger.accounts[self.account].holdings = self._held
        self._zones = zones
        self._mixed: list[dict[int, Lot]] = [{} for _ in range(zones)]
        self._sorted: dict[str, _Stores] = {}
        self._for_sale: dict[str, _Stores] = {}
        self._crude_mixed: dict[int, Lot] = {}
        self._parts: dict[int, tuple[Part, ...]] = {}
        self._informal: set[int] = set()
        self._nearest: dict[str, list[int]] = {}
        self.crude_kg = self.sold_to_formal_kg = 0.0

    def learn(self, parts: dict[int, tuple[Part, ...]], informal: set[int]) -> None:
        """Know what the composition rows of a new year's mixes are made of, and which of them buyers bring; count anew."""
        self.crude_kg = self.sold_to_formal_kg = 0.0
        self._parts.update(parts)
        for group in sorted({group for mix in parts.values() for group, _, _ in mix} - set(self._sorted)):
            self._sorted[group], self._for_sale[group] = _Stores(self._zones), _Stores(self._zones)
        self._informal |= informal

    def bring(self, zone: int, lots: Sequence[Lot], source: int) -> None:
        """Take what a vehicle unloads out of account `source`."""
        self._world.ledger.post_all(self._world.clock.now, source, self.account, lots)
        mixed = self._mixed[zone]
        for lot in lots:
            there = mixed.get(lot.ref)
            mixed[lot.ref] = lot if there is None else joined(there, lot)

    def put_back(self, zone: int, group: str, lots: Sequence[Lot]) -> None:
        """Take back sorted lots that are in the depots' account again."""
        for lot in lots:
            self._sorted[group].put(zone, lot)

    def stored_kg(self) -> NDArray[np.float64]:
        """What waits for a plant in each zone [kg]."""
        return np.sum([stores.kg for stores in self._sorted.values()], axis=0) if self._sorted else np.zeros(self._zones)

    def dispatch(self, sold_to_formal_share: float, send: Send) -> None:
        """Sort what has come in, send it where the router says, and hand the rest of what buyers brought to crude yards."""
        for zone in range(self._zones):
            self._sort(zone, sold_to_formal_share)
        loads: dict[str, _Load] = {}
        for_sale = sum(sum(stores.kg) for stores in self._for_sale.values())
        for stores in (self._sorted, self._for_sale):
            # what schemes collected goes first, the largest heaps first, so that no group starves the others
            for group in sorted(stores, key=lambda group: -sum(stores[group].kg)):
                self._load(stores[group], group, loads)
        self.sold_to_formal_kg += for_sale - sum(sum(stores.kg) for stores in self._for_sale.values())
        for each in self._sorted.values():
            each.tidy()
        for load in loads.values():
            send(load.receiver, load.cargo)
        self._hand_over_crude()

    def _load(self, stores: _Stores, group: str, loads: dict[str, _Load]) -> None:
        """Load one group for the receivers the router names, those of the nearest zones first."""
        total = sum(stores.kg)
        if total <= 0.0:
            return
        for receiver, kg in self._router.plan(self._country, group, total):
            load = loads.setdefault(receiver.name, _Load(receiver, {}))
            room = min(kg, self._space_kg(receiver, group) - load.kg)
            enough = SMALL * room
            for zone in self._by_distance(receiver):
                if room <= enough:
                    break
                if stores.kg[zone] > 0.0:
                    taken, lots = stores.load(zone, room)
                    room -= taken
                    load.kg += taken
                    load.cargo.setdefault(group, []).append((zone, lots))

    def _sort(self, zone: int, sold_to_formal_share: float) -> None:
        mixed, self._mixed[zone] = self._mixed[zone], {}
        for ref, lot in mixed.items():
            kg, target = lot.kg, self._sorted
            if ref in self._informal and self._crude is not None:
                kg, target = lot.kg * sold_to_formal_share, self._for_sale
                self._for_crude(lot.part(lot.kg - kg))
            if kg > 0.0:
                for group, share, row in self._parts[ref]:
                    target[group].put(zone, Lot(kg * share, row, lot.tag, lot.born_day))

    def _for_crude(self, lot: Lot) -> None:
        """Keep what buyers take apart themselves, by kind of mix and without its zone: such yards serve a whole country."""
        lot = lot._replace(tag=self._country_tag(lot.tag))
        there = self._crude_mixed.get(lot.ref)
        self._crude_mixed[lot.ref] = lot if there is None else joined(there, lot)

    def _hand_over_crude(self) -> None:
        if self._crude is None:
            return
        by_group: dict[str, list[Lot]] = {}
        for ref, lot in self._crude_mixed.items():
            for group, share, row in self._parts[ref]:
                by_group.setdefault(group, []).append(Lot(lot.kg * share, row, lot.tag, lot.born_day))
        self._crude_mixed.clear()
        for group, stores in self._for_sale.items():
            unsold = stores.empty()
            if unsold:
                by_group.setdefault(group, []).extend(lot._replace(tag=self._country_tag(lot.tag)) for lot in unsold)
        for group, lots in by_group.items():
            handed = merged(lots)
            self.crude_kg += sum(lot.kg for lot in handed)
            self._crude.receive(group, handed, self.account)

    def _country_tag(self, tag: int) -> int:
        return self._world.tags.of(self._world.tags[tag]._replace(zone=""))

    def _by_distance(self, receiver: Receiver) -> list[int]:
        order = self._nearest.get(receiver.name)
        if order is None:
            order = sorted(range(self._zones), key=lambda zone: (self._distance_km(zone, receiver), zone))
            self._nearest[receiver.name] = order
        return order

    def _held(self) -> Iterator[Lot]:
        for mixed in self._mixed:
            yield from mixed.values()
        for stores in (*self._sorted.values(), *self._for_sale.values()):
            for store in stores.lots:
                yield from store
        yield from self._crude_mixed.values()
