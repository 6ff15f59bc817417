"""Depots of a country: they take what vehicles bring, sort it into product groups, and load it for plants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.tags import Blend, Origin
from sim.engine.world import Receiver, Router, World
from sim.nodes.offers import Mixes

Vector = NDArray[np.float64]
SMALL = 1e-9  # of a heap: less is rounding
NO_TAG = -1
OWN, FOR_SALE = range(2)  # heaps: what schemes have, what buyers would sell


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is loaded for one plant: lots of each group by year of discard, and what each zone of the country sends.

    zones : those it is from, all or one. mass : kg and kg x day of discard by year of discard, zone it is from, channel and
    group, shape (years, 2, zones, channels, groups). tags : by year of discard, the blend of each group.
    """

    receiver: Receiver
    lots: dict[str, list[Lot]]
    zone_kg: Vector
    zones: slice
    years: tuple[int, ...]
    mass: Vector
    tags: dict[int, list[int]]


Send = Callable[[Consignment], None]
"""Its lots, in the depots' account, leave for a plant."""


class _Heaps:
    """What waits for plants, and what of it each is loaded: a heap that schemes have and one that buyers would sell.

    mass : as in `Consignment`, shape (2, years, 2, zones, channels, groups). kg : the same by zone and group, shape (2, zones,
    groups). left : share of it that is not loaded yet; loaded : by receiver, share that is, both of the shape of `kg`.
    """

    __slots__ = ("kg", "left", "loaded", "mass")

    def __init__(self, mass: Vector) -> None:
        self.mass = mass
        self.kg: Vector = np.einsum("hyzcg->hzg", mass[:, :, 0])
        self.left = np.ones_like(self.kg)
        self.loaded: dict[str, Vector] = {}

    def load(self, receiver: str, heap: int, groups: Sequence[int], share: Vector | float) -> None:
        """Load a share of what is left of groups of a heap, by zone or of all."""
        loaded = self.loaded.get(receiver)
        if loaded is None:
            loaded = self.loaded[receiver] = np.zeros_like(self.left)
        part = self.left[heap][:, groups] * share
        loaded[heap][:, groups] += part
        self.left[heap][:, groups] -= part

    def part(self, share: Vector) -> tuple[Vector, Vector]:
        """Mass of a share of each heap, zone and group, as in `Consignment`, and what it is of each zone [kg]."""
        return (self.mass * share[:, np.newaxis, np.newaxis, :, np.newaxis]).sum(axis=0), (self.kg * share).sum(axis=2).sum(axis=0)

    def rest(self, heap: int) -> Vector:
        """Mass of what is left of a heap."""
        return np.asarray(self.mass[heap] * self.left[heap][:, np.newaxis])


@dataclass(slots=True)
class _Vintage:
    """What is known of one year of discard. tags : of zones and channels. crude_tags : of channels, without the zone."""

    year: int
    mixes: Mixes
    tags: NDArray[np.int64]
    crude_tags: list[int]
    notes: dict[tuple[str, int], tuple[list[int], Vector]] = field(default_factory=dict)


class Depots:
    """The depots of all zones of one country, in one inside account.

    Sorting changes how mass is described, not what it holds: the composition row of a channel's mix is the weighted sum
    of its groups' rows, so no mass moves and nothing is posted. What schemes collect waits here for a plant that takes
    it; what buyers hold for sale goes to those plants as far as they take it now, and else to crude dismantling. What
    lies in one zone is well mixed; a truckload is one lot per group and year of discard, whose tag is a blend.

    Parameters
    ----------
    distance_km
        Road distance from each zone to a receiver [km].
    crude
        Takes all that informal buyers do not sell to formal plants; none: it waits like the rest.
    informal
        Which channels are buyers, shape (channels,).
    """

    def __init__(
        self,
        world: World,
        country: str,
        zones: tuple[str, ...],
        channels: tuple[str, ...],
        informal: NDArray[np.bool_],
        router: Router,
        crude: Receiver | None,
        distance_km: Callable[[Receiver], Vector],
    ) -> None:
        self._world, self._country, self._zones, self._channels = world, country, zones, channels
        self._router, self._crude = router, crude
        self._buyers = informal & (crude is not None)
        self._distance_km = distance_km
        self.account = world.ledger.account(f"{country} depots", "depot", country)
        world.ledger.accounts[self.account].holdings = self._held
        self._vintages: dict[int, _Vintage] = {}
        # what waits, sorted, by year of discard: kg and kg x day of discard, shape (heaps, 2, zones, channels, groups)
        self._stock: dict[int, Vector] = {}
        self._brought: list[dict[int, list[float]]] = [{} for _ in zones]  # row of a mix -> kg and kg x day of discard
        self._place: dict[int, tuple[_Vintage, int]] = {}  # of a mix: composition row -> year and channel
        self._stored = np.zeros(len(zones))
        self._nearest: dict[str, list[int]] = {}
        self.crude_kg = self.sold_to_formal_kg = 0.0

    def learn(self, year: int, mixes: Mixes) -> None:
        """Know what the mixes of a new year are made of; count anew."""
        self.crude_kg = self.sold_to_formal_kg = 0.0
        self._pack(year)
        of = self._world.tags.of
        tags = [[of(Origin(self._country, zone, channel, "", year)) for channel in self._channels] for zone in self._zones]
        crude = [of(Origin(self._country, "", channel, "", year)) for channel in self._channels]
        made = self._vintages[year] = _Vintage(year, mixes, np.array(tags), crude)
        self._place.update({row: (made, channel) for channel, row in enumerate(mixes.rows)})

    def _pack(self, year: int) -> None:
        """Keep only what is something of the notes on cargo sent before `year`, to which none is added any more."""
        for vintage in self._vintages.values():
            for key in [key for key in vintage.notes if key[1] < year]:
                for tag in vintage.notes.pop(key)[0]:
                    if tag != NO_TAG:
                        self._world.tags.pack(tag)

    def bring(self, zone: int, lots: Sequence[Lot], account: int) -> None:
        """Take what a vehicle unloads out of its account."""
        self._world.ledger.post_all(self._world.clock.now, account, self.account, lots)
        brought = self._brought[zone]
        for kg, ref, _, born_day in lots:
            there = brought.get(ref)
            if there is None:
                brought[ref] = [kg, kg * born_day]
            else:
                there[0] += kg
                there[1] += kg * born_day

    def put_back(self, consignment: Consignment, group: str, share: float) -> None:
        """Take back a share of a group of a consignment; it is in the depots' account again, with those who sent it."""
        zones = consignment.zones
        for year, mass in zip(consignment.years, consignment.mass, strict=True):
            vintage = self._vintages[year]
            number = vintage.mixes.groups.index(group)
            if not mass[0, ..., number].any():
                continue  # a group of which a year has nothing may have no tag
            shape = (2, *vintage.tags.shape, len(vintage.mixes.groups))
            stock = self._stock.setdefault(year, np.zeros((2, *shape)))
            back = np.zeros(shape[:-1])
            back[:, zones] = mass[..., number] * share
            of_buyers = back * self._buyers
            stock[FOR_SALE, ..., number] += of_buyers
            stock[OWN, ..., number] += back - of_buyers
            self._stored += (back - of_buyers)[0].sum(axis=1)
            self.sold_to_formal_kg -= float(of_buyers[0].sum())
            blend = self._world.tags.blends[consignment.tags[year][number]]
            blend.kg[:] -= back[0].ravel()[np.isin(vintage.tags, blend.tags).ravel()]  # a packed blend has fewer parts

    def stored_kg(self) -> Vector:
        """What schemes collected and waits for a plant in each zone [kg]."""
        return self._stored

    def dispatch(self, sold_to_formal_share: float, send: Send, *, apart: bool = False) -> None:
        """Sort what has come in, send it where the router says, and hand the rest of what buyers brought to crude yards.

        `apart`: each zone sends its trucks by itself.
        """
        years = sorted({self._place[ref][0].year for brought in self._brought for ref in brought} | self._stock.keys())
        if not years:
            return
        vintages = [self._vintages[year] for year in years]
        self._stored = np.zeros(len(self._zones))
        heaps, crude = self._sort(vintages, sold_to_formal_share)
        receivers: dict[str, Receiver] = {}
        groups = vintages[0].mixes.groups
        # what schemes collected goes first
        if self._load_all(heaps, OWN, groups, receivers)[1]:
            self._keep(years, heaps.rest(OWN))
        held, unsold = self._load_all(heaps, FOR_SALE, groups, receivers)
        self.sold_to_formal_kg += held - unsold
        for name, receiver in receivers.items():
            mass, zone_kg = heaps.part(heaps.loaded[name])
            for consignment in self._consignments(receiver, mass, zone_kg, years, apart):
                send(consignment)
        self._hand_over_crude(years, crude + heaps.rest(FOR_SALE).sum(axis=2) if unsold else crude)

    def _sort(self, vintages: Sequence[_Vintage], sold_share: float) -> tuple[_Heaps, Vector]:
        """Empty the depots: what is for plants, and what buyers take apart, the latter without zones."""
        mixed = np.zeros((len(vintages), 2, len(self._zones), len(self._channels)))
        place = {each.year: number for number, each in enumerate(vintages)}
        for zone, brought in enumerate(self._brought):
            for ref, mass in brought.items():
                vintage, channel = self._place[ref]
                mixed[place[vintage.year], :, zone, channel] = mass
            brought.clear()
        shares = np.array([each.mixes.shares for each in vintages])[:, np.newaxis]
        bought = mixed * self._buyers
        sold = bought * sold_share
        mass = np.array((mixed - bought, sold))[..., np.newaxis] * shares[:, np.newaxis]
        crude = (bought - sold).sum(axis=2)[..., np.newaxis] * shares
        for year, stock in self._stock.items():
            mass[:, place[year]] += stock
        self._stock.clear()
        return _Heaps(mass), crude

    def _load_all(self, heaps: _Heaps, heap: int, groups: Sequence[str], receivers: dict[str, Receiver]) -> tuple[float, float]:
        """Load a heap for plants, group by group; return what it was and what is left of it [kg]."""
        kg = heaps.kg[heap].sum(axis=0).tolist()
        left = {group: mass for group, mass in zip(groups, kg, strict=True) if mass > 0.0}
        whole: dict[str, list[int]] = {}  # groups that go to a receiver with all that is left of them
        for group, part, plan in self._router.plan_together(self._country, left):
            number, heaped, rest = groups.index(group), left[group], part
            for receiver, mass in plan:
                receivers[receiver.name] = receiver
                if mass >= heaped * (1.0 - SMALL):
                    whole.setdefault(receiver.name, []).append(number)
                    rest = 0.0
                    break
                zone_kg = heaps.kg[heap, :, number] * heaps.left[heap, :, number]
                share = self._shares(zone_kg, self._by_distance(receiver), mass)
                heaps.load(receiver.name, heap, [number], share[:, np.newaxis])
                heaped -= mass
                rest -= mass
            left[group] -= part - rest
        for name, numbers in whole.items():
            heaps.load(name, heap, numbers, 1.0)
        return sum(kg), sum(left.values())

    @staticmethod
    def _shares(zone_kg: Vector, order: Sequence[int], room_kg: float) -> Vector:
        """Share of what lies in each zone that fits into the room, zones taken in an order, shape (zones,)."""
        share = np.zeros(len(zone_kg))
        for zone in order:
            there = float(zone_kg[zone])
            if there > 0.0:
                share[zone] = 1.0 if there <= room_kg * (1.0 + SMALL) else room_kg / there
                room_kg = max(room_kg - there, 0.0)
        return share

    def _keep(self, years: Sequence[int], own: Vector) -> None:
        """Leave what found no plant."""
        self._stored = own[:, 0].sum(axis=(0, 2, 3))
        self._stock = {year: np.array((mass, np.zeros_like(mass))) for year, mass in zip(years, own, strict=True) if mass.any()}

    def _consignments(
        self, receiver: Receiver, mass: Vector, zone_kg: Vector, years: Sequence[int], apart: bool
    ) -> Iterator[Consignment]:
        if not apart:
            yield self._consignment(receiver, mass, zone_kg, slice(None), years)
            return
        for zone in np.flatnonzero(zone_kg).tolist():
            some = mass[:, 0, zone].any(axis=(1, 2))
            here, own_kg = slice(zone, zone + 1), np.zeros_like(zone_kg)
            own_kg[zone] = zone_kg[zone]
            yield self._consignment(receiver, mass[some, :, here], own_kg, here, np.array(years)[some].tolist())

    def _consignment(self, receiver: Receiver, mass: Vector, zone_kg: Vector, zones: slice, years: Sequence[int]) -> Consignment:
        lots: dict[str, list[Lot]] = {}
        tags: dict[int, list[int]] = {}
        by_group = mass.reshape(*mass.shape[:2], -1, mass.shape[-1]).sum(axis=2)
        for year, (kg, kg_days), of_zones in zip(years, by_group.tolist(), mass[:, 0], strict=True):
            vintage = self._vintages[year]
            tags[year], of_groups = self._note(vintage, receiver)
            of_groups.reshape(-1, *vintage.tags.shape)[:, zones] += of_zones.transpose(2, 0, 1)
            for number, (name, each) in enumerate(zip(vintage.mixes.groups, kg, strict=True)):
                if each > 0.0:
                    tag = tags[year][number]
                    if tag == NO_TAG:
                        parts, common = vintage.tags.ravel(), Origin(self._country, year=year)
                        tag = tags[year][number] = self._world.tags.blend(common, Blend(parts, of_groups[number]))
                    lot = Lot(each, vintage.mixes.group_row + number, tag, kg_days[number] / each)
                    lots.setdefault(name, []).append(lot)
        return Consignment(receiver, lots, zone_kg, zones, tuple(years), mass, tags)

    def _note(self, vintage: _Vintage, receiver: Receiver) -> tuple[list[int], Vector]:
        """Tags of each group of what one plant is sent this year of one year of discard, and the masses behind them.

        A group has a tag from its first lot on; masses have shape (groups, zones x channels).
        """
        key = (receiver.name, self._world.year)
        note = vintage.notes.get(key)
        if note is None:
            count = len(vintage.mixes.groups)
            note = vintage.notes[key] = [NO_TAG] * count, np.zeros((count, vintage.tags.size))
        return note

    def _hand_over_crude(self, years: Sequence[int], mass: Vector) -> None:
        """Hand over what buyers take apart, without its zone: such yards serve a whole country."""
        if self._crude is None:
            return
        by_group: dict[str, list[Lot]] = {}
        for year, (kg, kg_days) in zip(years, mass, strict=True):
            vintage, (channels, numbers) = self._vintages[year], (kg > 0.0).nonzero()
            groups, first, tags = vintage.mixes.groups, vintage.mixes.group_row, vintage.crude_tags
            columns = (channels, numbers, kg[channels, numbers], kg_days[channels, numbers])
            for channel, number, each, days in zip(*(column.tolist() for column in columns), strict=True):
                by_group.setdefault(groups[number], []).append(Lot(each, first + number, tags[channel], days / each))
        for group, lots in by_group.items():
            self.crude_kg += sum(lot.kg for lot in lots)
            self._crude.receive(group, lots, self.account)

    def _by_distance(self, receiver: Receiver) -> list[int]:
        order = self._nearest.get(receiver.name)
        if order is None:
            order = self._nearest[receiver.name] = np.argsort(self._distance_km(receiver), kind="stable").tolist()
        return order

    def _held(self) -> Iterator[Lot]:
        for brought in self._brought:
            for ref, (kg, _) in brought.items():
                yield Lot(kg, ref, 0, 0.0)
        for year, stock in self._stock.items():
            first = self._vintages[year].mixes.group_row
            for number, kg in enumerate(stock[:, 0].sum(axis=(0, 1, 2)).tolist()):
                yield Lot(kg, first + number, 0, 0.0)
