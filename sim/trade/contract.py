"""Contracts for recovered metal: which part of a sale they take, and what each side pays for it.

Physical and money sides meet once: `assign` says at the plant's gate which elements go under which contract, `settle` says at
month end who pays whom. Volumes count by calendar year, first come, first served, and a first or last year in proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR, Calendar
from sim.core.units import KG_PER_T
from sim.trade.contract_spec import ContractSpec

DUST = 1e-9  # of a year's volume: less is nothing
Array = NDArray[np.float64]


class Payment(NamedTuple):
    """One payment between two parties."""

    payer: str
    payee: str
    item: str
    usd: float


@dataclass(slots=True)
class Contract:
    """A contract of a running world.

    first, after : days of simulation between which it is in force. columns : places of its metals among the substances.
    taken_kg : contained element taken in `year`.
    """

    spec: ContractSpec
    first: float
    after: float
    columns: NDArray[np.intp]
    year: int = 0
    taken_kg: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether the metal goes to another buyer than without it."""
        return self.spec.kind != "price_floor"

    def pledged_kg(self, calendar: Calendar, year: int) -> float:
        """Volume of a calendar year, in proportion to the days in force [kg]."""
        return self.spec.volume_t_per_year.at(year + 0.5) * KG_PER_T * self.share_of_year(calendar, year)

    def share_of_year(self, calendar: Calendar, year: int) -> float:
        """Share of the days of a calendar year in which it is in force."""
        begin, end = (float(calendar.day_of(date(each, 1, 1))) for each in (year, year + 1))
        return max(min(self.after, end) - max(self.first, begin), 0.0) / (end - begin)

    def price(self, spot: Array, when: float) -> Array:
        """Price per kg under the contract, for spot prices of its metals."""
        floor, ceiling = self.spec.floor_usd_per_kg, self.spec.ceiling_usd_per_kg
        price = spot if ceiling is None else np.minimum(spot, ceiling.at(when))
        return price if floor is None else np.maximum(price, floor.at(when))

    def most_share(self, spot: Array, offered_kg: Array, when: float) -> float:
        """Share of its volume it takes: an offtaker takes no more than it must while spot is cheaper."""
        if self.spec.kind == "offtake" and float((self.price(spot, when) - spot) @ offered_kg) > 0.0:
            return self.spec.take_or_pay_share.at(when)
        return 1.0

    def lacking(self, spot: Array, when: float) -> Array:
        """What spot lacks of the floor per kg."""
        floor = self.spec.floor_usd_per_kg
        return np.maximum((floor.at(when) if floor is not None else 0.0) - spot, 0.0)

    def over(self, spot: Array, when: float) -> Array:
        """What the plant hands over per kg while spot is above the floor."""
        floor = self.spec.floor_usd_per_kg
        return np.maximum(spot - (floor.at(when) if floor is not None else 0.0), 0.0) * self.spec.upside_share.at(when)


class Contracts:
    """All contracts of a world, in the order they are written: the first takes first."""

    def __init__(self, specs: Sequence[ContractSpec], substances: Sequence[str], calendar: Calendar) -> None:
        self._calendar, self._substances = calendar, tuple(substances)
        self._by_seller: dict[str, list[Contract]] = {}
        self._by_name: dict[str, Contract] = {}
        for spec in specs:
            first = float(calendar.day_of(spec.start))
            columns = np.array([self._substances.index(metal) for metal in spec.metals], dtype=np.intp)
            contract = Contract(spec, first, first + spec.years.value * DAYS_PER_YEAR, columns)
            self._by_name[spec.name] = contract
            for seller in spec.sellers:
                self._by_seller.setdefault(seller, []).append(contract)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._by_name)

    def binds(self, seller: str, day: float) -> bool:
        """Whether a plant sells anything under contract on a day."""
        return any(each.first <= day < each.after for each in self._by_seller.get(seller, ()))

    def assign(self, seller: str, masses_kg: Array, spot: Array, day: float) -> Iterator[tuple[Contract, Array]]:
        """Elements of a sale that go under each contract in force, and count them against its volume.

        `masses_kg` and `spot` have shape (substances,). A contract that only holds up a price covers the metal whoever gets it.
        """

        def room(contract: Contract, offered: Array) -> float:
            return self._room_kg(contract, spot[contract.columns], offered, day)

        bound = [each for each in self._by_seller.get(seller, ()) if each.first <= day < each.after]
        for contract, part in _shared_out(bound, masses_kg, room):
            contract.taken_kg += float(part.sum())
            yield contract, part

    def taken_of_year(self, seller: str, year: int, masses_kg: Array) -> Iterator[tuple[str, Array]]:
        """Buyers and what they get of a plant's output of a year that comes evenly, if they take all they have agreed to."""

        def room(contract: Contract, offered: Array) -> float:
            coming = float(offered.sum()) * contract.share_of_year(self._calendar, year)
            return min(contract.pledged_kg(self._calendar, year), coming)

        for contract, part in _shared_out(self._by_seller.get(seller, ()), masses_kg, room):
            if contract.moves:
                yield contract.spec.buyer, part

    def _room_kg(self, contract: Contract, spot: Array, offered: Array, day: float) -> float:
        """What a contract still takes this year."""
        year = self._calendar.year_of(day)
        if year != contract.year:
            contract.year, contract.taken_kg = year, 0.0
        volume = contract.pledged_kg(self._calendar, year)
        room = volume * contract.most_share(spot, offered, self._calendar.decimal_year(day)) - contract.taken_kg
        return room if room > DUST * volume else 0.0

    def price_under(self, name: str, spot: Array, when: float) -> Array:
        """Price per kg under a contract, of metals it does not name spot; shape (substances,)."""
        contract = self._by_name[name]
        return _with(spot, contract.columns, contract.price(spot[contract.columns], when))

    def settle(self, name: str, seller: str, masses_kg: Array, spot: Array, when: float) -> tuple[list[Payment], Array]:
        """What is paid for elements sold under a contract in a month, and the part of it that is for each element.

        `masses_kg`, `spot` (of the buyer; for a price floor what the buyer paid, by contract or spot) and what is paid for each
        element have shape (substances,).
        """
        contract = self._by_name[name]
        spec, columns = contract.spec, contract.columns
        kg, here, usd = masses_kg[columns], spot[columns], np.zeros_like(spot)
        if spec.kind == "price_floor":
            return self._hold_up(contract, seller, kg, here, when), usd
        payer = f"stockpile {spec.buyer}" if spec.kind == "stockpile" else f"industry {spec.buyer}"
        usd[columns] = kg * contract.price(here, when)
        paid = [Payment(payer, seller, f"sale of {self._substances[column]}", float(usd[column])) for column in columns]
        above = float(usd.sum() - kg @ here) * spec.public_share.at(when)
        return [*paid, Payment(f"government {spec.buyer}", payer, f"contract {name}", max(above, 0.0))], usd

    def _hold_up(self, contract: Contract, seller: str, kg: Array, price: Array, when: float) -> list[Payment]:
        """What the government of a floor adds to the price paid, and what the plant hands over of prices above the floor."""
        government, item = f"government {contract.spec.buyer}", f"contract {contract.spec.name}"
        return [
            Payment(government, seller, item, float(contract.lacking(price, when) @ kg)),
            Payment(seller, government, item, float(contract.over(price, when) @ kg)),
        ]

    def expected_price(self, seller: str, spot: Array, day: float, sold_kg: Array, life_years: float) -> Array:
        """Mean price per kg a plant may count on in a life that begins on a day, if it sells `sold_kg` a year; shape (substances,).

        Contracts count for their years within that life and share out what is sold as `assign` does; an offtaker that may walk
        away is no floor.
        """
        end = day + life_years * DAYS_PER_YEAR
        bound = [each for each in self._by_seller.get(seller, ()) if day < each.after and each.first < end]
        edges = sorted({day, end, *(edge for each in bound for edge in (each.first, each.after) if day < edge < end)})
        gained = np.zeros_like(spot)
        for opens, closes in pairwise(edges):
            valid = [each for each in bound if each.first <= opens < each.after]
            when = self._calendar.decimal_year((opens + closes) / 2.0)
            gained += _gained_usd(valid, spot, when, sold_kg) * (closes - opens) / (end - day)
        return spot + np.divide(gained, sold_kg, out=np.zeros_like(spot), where=sold_kg > 0.0)

    def pledged_kg(self, year: int) -> dict[str, float]:
        """Volume of every contract in a calendar year [kg]."""
        return {name: contract.pledged_kg(self._calendar, year) for name, contract in self._by_name.items()}


def placed(masses_kg: Array, part_kg: Array, sale_kg: Array) -> Array:
    """What of a part of `masses_kg` went with one of the sales they were divided into."""
    return part_kg * np.divide(sale_kg, masses_kg, out=np.zeros_like(sale_kg), where=masses_kg > 0.0)


def _shared_out(
    bound: Sequence[Contract], masses_kg: Array, room_kg: Callable[[Contract, Array], float]
) -> Iterator[tuple[Contract, Array]]:
    """Part of each element that goes under each contract: the first takes first, and what moves is left to no other buyer."""
    left = masses_kg.copy()
    for contract in bound:
        offered = (left if contract.moves else masses_kg)[contract.columns]
        total = float(offered.sum())
        share = min(room_kg(contract, offered) / total, 1.0) if total > 0.0 else 0.0
        if share <= 0.0:
            continue
        part = _with(np.zeros_like(left), contract.columns, offered * share)
        if contract.moves:
            left = np.maximum(left - part, 0.0)
        yield contract, part


def _gained_usd(bound: Sequence[Contract], spot: Array, when: float, sold_kg: Array) -> Array:
    """What contracts in force bring above spot in a year for each element, floors on top of the prices others pay."""

    def room(contract: Contract, offered: Array) -> float:
        volume = contract.spec.volume_t_per_year.at(when) * KG_PER_T
        return volume * contract.most_share(spot[contract.columns], offered, when)

    parts = list(_shared_out(bound, sold_kg, room))
    sales = [
        (part, _with(spot, contract.columns, contract.price(spot[contract.columns], when)))
        for contract, part in parts
        if contract.moves
    ]
    gained = sum((part * (price - spot) for part, price in sales), np.zeros_like(spot))
    rest = np.maximum(sold_kg - sum((part for part, _ in sales), np.zeros_like(spot)), 0.0)
    for contract, part in parts:
        if not contract.moves:
            for sale, price in (*sales, (rest, spot)):
                gained += placed(sold_kg, part, sale) * (contract.lacking(price, when) - contract.over(price, when))
    return gained


def _with(values: Array, columns: NDArray[np.intp], changed: Array) -> Array:
    """A copy with other values in some columns."""
    made = values.copy()
    made[columns] = changed
    return made
