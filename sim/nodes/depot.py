"""Depots of a country: they take what vehicles bring, sort it into product groups, and load it for plants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sim.core.lot import Lot
from sim.engine.world import Receiver, Router, World
from sim.nodes.offers import Part
from sim.nodes.waiting import SMALL, merged

Cargo = list[tuple[str, list[Lot]]]
Send = Callable[[int, Receiver, Cargo], None]
"""`send(zone, receiver, cargo)`: lots of the depots' account leave for a plant."""


@dataclass(slots=True)
class _Stores:
    """Sorted lots of one group by zone, oldest first, and their mass."""

    lots: list[list[Lot]]
    kg: list[float]

    def load(self, zone: int, kg: float) -> tuple[float, list[Lot]]:
        """Take up to `kg` out of the store of a zone, splitting the last lot; return what it weighs and the lots."""
        store, there = self.lots[zone], self.kg[zone]
        if kg >= there * (1.0 - SMALL):
            self.lots[zone], self.kg[zone] = [], 0.0
            return there, store
        missing = kg
        for number, lot in enumerate(store):
            if lot.kg > missing:
                self.lots[zone] = merged([lot.part(lot.kg - missing), *store[number + 1 :]])
                self.kg[zone] = there - kg
                return kg, [*store[:number], lot.part(missing)]
            missing -= lot.kg
        self.lots[zone], self.kg[zone] = [], 0.0
        return there, store


class Depots:
    """The depots of all zones of one country, in one inside account.

    Sorting changes how a lot is described, not what it holds: the composition row of a channel's mix is the weighted sum
    of its groups' rows, so no mass moves and nothing is posted.

    Parameters
    ----------
    distance_km
        Road distance from a zone to a receiver, asked once for each pair.
    space_kg
        What a receiver would take beyond what is on its way to it.
    crude
        Takes all that informal buyers do not sell to formal plants; none: they sell everything to them.
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
        self._mixed: list[dict[int, Lot]] = [{} for _ in range(zones)]
        self._sorted: dict[str, _Stores] = {}
        self._crude_mixed: dict[int, Lot] = {}
        self._zones = zones
        self._parts: dict[int, tuple[Part, ...]] = {}
        self._informal: set[int] = set()
        self._nearest: dict[str, list[int]] = {}
        self.crude_kg = self.sold_to_formal_kg = 0.0

    def learn(self, parts: dict[int, tuple[Part, ...]], informal: set[int]) -> None:
        """Know what the composition rows of a new year's mixes are made of, and which of them buyers bring; count anew."""
        self.crude_kg = self.sold_to_formal_kg = 0.0
        self._parts.update(parts)
        for group in {group for mix in parts.values() for group, _, _ in mix} - set(self._sorted):
            self._sorted[group] = _Stores([[] for _ in range(self._zones)], [0.0] * self._zones)
        self._informal |= informal

    def bring(self, zone: int, lots: Sequence[Lot], source: int) -> None:
        """Take what a vehicle unloads out of account `source`."""
        day, ledger, mixed = self._world.clock.now, self._world.ledger, self._mixed[zone]
        for lot in lots:
            ledger.post(day, source, self.account, lot)
            there = mixed.get(lot.ref)
            mixed[lot.ref] = lot if there is None else merged((there, lot))[0]

    def put_back(self, zone: int, group: str, lots: Sequence[Lot]) -> None:
        """Take back sorted lots that are in the depots' account again."""
        stores = self._sorted[group]
        stores.lots[zone].extend(lots)
        stores.kg[zone] += sum(lot.kg for lot in lots)

    def dispatch(self, sold_to_formal_share: float, send: Send) -> None:
        """Sort what has come in, hand the crude share over, and send the rest where the router says.

        What no receiver takes stays.
        """
        for zone in range(self._zones):
            self._sort(zone, sold_to_formal_share)
        self._hand_over_crude()
        loads: dict[tuple[int, str], tuple[Receiver, Cargo]] = {}
        for group, stores in self._sorted.items():
            total = sum(stores.kg)
            if total <= 0.0:
                continue
            for receiver, kg in self._router.plan(self._country, group, total):
                room = min(kg, self._space_kg(receiver, group))
                for zone in self._by_distance(receiver):
                    if room <= SMALL * total:
                        break
                    if stores.kg[zone] > 0.0:
                        kg_loaded, lots = stores.load(zone, room)
                        room -= kg_loaded
                        loads.setdefault((zone, receiver.name), (receiver, []))[1].append((group, lots))
        for (zone, _), (receiver, cargo) in loads.items():
            send(zone, receiver, cargo)

    def _sort(self, zone: int, sold_to_formal_share: float) -> None:
        mixed, self._mixed[zone] = self._mixed[zone], {}
        for ref, (total, _, tag, born_day) in mixed.items():
            informal = ref in self._informal and self._crude is not None
            formal = sold_to_formal_share if informal else 1.0
            sold = total * formal
            if sold > 0.0:
                for group, share, row in self._parts[ref]:
                    stores, kg = self._sorted[group], sold * share
                    stores.lots[zone].append(Lot(kg, row, tag, born_day))
                    stores.kg[zone] += kg
            if informal:
                self.sold_to_formal_kg += sold
                self._for_crude(Lot(total - sold, ref, tag, born_day))

    def _for_crude(self, lot: Lot) -> None:
        """Keep what buyers take apart themselves, by kind of mix and without its zone: such yards serve a whole country."""
        origin = self._world.tags[lot.tag]
        lot = lot._replace(tag=self._world.tags.of(origin._replace(zone="")))
        there = self._crude_mixed.get(lot.ref)
        self._crude_mixed[lot.ref] = lot if there is None else merged((there, lot))[0]

    def _hand_over_crude(self) -> None:
        if self._crude is None:
            return
        by_group: dict[str, list[Lot]] = {}
        for ref, lot in self._crude_mixed.items():
            for group, share, row in self._parts[ref]:
                by_group.setdefault(group, []).append(Lot(lot.kg * share, row, lot.tag, lot.born_day))
        self._crude_mixed.clear()
        for group, lots in by_group.items():
            self.crude_kg += sum(lot.kg for lot in lots)
            self._crude.receive(group, lots, self.account)

    def _by_distance(self, receiver: Receiver) -> list[int]:
        order = self._nearest.get(receiver.name)
        if order is None:
            order = sorted(range(self._zones), key=lambda zone: (self._distance_km(zone, receiver), zone))
            self._nearest[receiver.name] = order
        return order

    def _held(self) -> Iterator[Lot]:
        for mixed in self._mixed:
            yield from mixed.values()
        for stores in self._sorted.values():
            for store in stores.lots:
                yield from store
        yield from self._crude_mixed.values()

