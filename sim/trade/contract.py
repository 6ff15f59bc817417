"""Contracts for recovered metal: which part of a sale they take, and what each side pays for it.

Physical and money sides meet once: `assign` says at the plant's gate which elements go under which contract, `settle` says at
month end who pays whom. Volumes count by calendar year, first come, first served, and a first or last year in proportion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR, Calendar
from sim.trade.contract_spec import ContractSpec

KG_PER_T = 1000.0
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
        begin, end = (float(calendar.day_of(date(each, 1, 1))) for each in (year, year + 1))
        days = max(min(self.after, end) - max(self.first, begin), 0.0)
        return self.spec.volume_t_per_year.at(year + 0.5) * KG_PER_T * days / (end - begin)

    def price(self, spot: Array, when: float) -> Array:
        """Price per kg under the contract, for spot prices of its metals."""
        floor, ceiling = self.spec.floor_usd_per_kg, self.spec.ceiling_usd_per_kg
        price = spot if ceiling is None else np.minimum(spot, ceiling.at(when))
        return price if floor is None else np.maximum(price, floor.at(when))

    def gain(self, spot: Array, when: float) -> Array:
        """What a plant may count on above spot per kg of each of its metals; negative under a ceiling."""
        gap = self.price(spot, when) - spot
        if self.spec.kind == "offtake":
            return np.where(gap > 0.0, gap * self.spec.take_or_pay_share.at(when), gap)
        if self.spec.kind == "price_floor":
            return self.lacking(spot, when) - self.over(spot, when)
        return gap

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
        left = masses_kg.copy()
        for contract in self._by_seller.get(seller, ()):
            if not contract.first <= day < contract.after:
                continue
            offered = (left if contract.moves else masses_kg)[contract.columns]
            room = self._room_kg(contract, spot[contract.columns], offered, day)
            share = min(room / float(offered.sum()), 1.0) if offered.sum() > 0.0 else 0.0
            if share <= 0.0:
                continue
            part = np.zeros_like(left)
            part[contract.columns] = offered * share
            contract.taken_kg += float(part.sum())
            if contract.moves:
                left = np.maximum(left - part, 0.0)
            yield contract, part

    def _room_kg(self, contract: Contract, spot: Array, offered: Array, day: float) -> float:
        """What a contract still takes this year; an offtaker takes no more than it must while spot is cheaper."""
        year = self._calendar.year_of(day)
        if year != contract.year:
            contract.year, contract.taken_kg = year, 0.0
        volume = most = contract.pledged_kg(self._calendar, year)
        when = self._calendar.decimal_year(day)
        if contract.spec.kind == "offtake" and float((contract.price(spot, when) - spot) @ offered) > 0.0:
            most *= contract.spec.take_or_pay_share.at(when)
        room = most - contract.taken_kg
        return room if room > DUST * volume else 0.0

    def settle(self, name: str, seller: str, masses_kg: Array, spot: Array, when: float) -> tuple[list[Payment], Array]:
        """What is paid for elements sold under a contract in a month, and the part of it that is for each element.

        `masses_kg`, `spot` (of the buyer) and what is paid for each element have shape (substances,).
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

    def _hold_up(self, contract: Contract, seller: str, kg: Array, spot: Array, when: float) -> list[Payment]:
        """What the government of a floor pays the plant, and what the plant hands over of prices above it."""
        government, item = f"government {contract.spec.buyer}", f"contract {contract.spec.name}"
        return [
            Payment(government, seller, item, float(contract.lacking(spot, when) @ kg)),
            Payment(seller, government, item, float(contract.over(spot, when) @ kg)),
        ]

    def expected_price(self, seller: str, spot: Array, day: float, sold_kg: Array) -> Array:
        """Price per kg a plant may count on from a day on, if it sells `sold_kg` a year; shape (substances,).

        Of what it sells only the volumes under contract count; an offtaker that may walk away is no floor.
        """
        price = spot.copy()
        for contract in self._by_seller.get(seller, ()):
            sold = float(sold_kg[contract.columns].sum())
            if day >= contract.after or sold <= 0.0:
                continue
            when = self._calendar.decimal_year(max(day, contract.first))
            share = min(contract.spec.volume_t_per_year.at(when) * KG_PER_T / sold, 1.0)
            price[contract.columns] += share * contract.gain(spot[contract.columns], when)
        return price

    def pledged_kg(self, year: int) -> dict[str, float]:
        """Volume of every contract in a calendar year [kg]."""
        return {name: contract.pledged_kg(self._calendar, year) for name, contract in self._by_name.items()}
