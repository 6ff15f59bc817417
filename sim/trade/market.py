"""The market: takes recovered metal, meets demand month by month, keeps stocks, and says what is short.

A price-taker: recovered volumes never move prices. Primary supply fills what recovered metal leaves of demand, each
source country with its share; a shock cuts the share of its source and no other source fills the gap (short-run supply
does not stretch). Then firms draw their own stock; the national stock only as far as a response has released it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.core import indicators
from sim.core.calendar import MONTHS_PER_YEAR
from sim.core.lot import Lot
from sim.engine.world import World
from sim.trade.balance import REST, Met, Plan, Stocks
from sim.trade.contract import Contracts, placed
from sim.trade.market_spec import MarketSpec
from sim.trade.prices import Disturbance, Prices
from sim.trade.sold import Sold, Sums

MEASURES = (
    "demand_kg",
    "primary_kg",
    "recovered_kg",
    "stockpile_kg",
    "shortfall_kg",
    "price_usd_per_kg",
    "primary_hhi",
    "own_primary_kg",
    "own_waste_kg",
    "refined_home_kg",
    "hhi",
    "hhi_by_origin",
    "hhi_by_place",
    "released_kg",
    "refilled_kg",
    "primary_without_kg",
    "own_primary_without_kg",
    "stockpile_without_kg",
    "shortfall_without_kg",
)
RECOVERED, PRICE = MEASURES.index("recovered_kg"), MEASURES.index("price_usd_per_kg")
MOST = 0.5  # sources nobody has told apart count as one supplier; concentration is not told where they are more than this share
SPOT = ""  # the name of no contract
NO_CARRIER = "other"  # everything that is not a tracked element
Array = NDArray[np.float64]
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of a metal in a country at the end of a month; the indicators a response may watch.

    shortfall_share : share of demand that would be missing without the national stock, so that a release does not hide its cause.
    """

    shortfall_share: float
    days_of_cover: float
    price_usd_per_kg: float
    import_dependence_share: float


class Desk:
    """The Receiver of product forms for one country's industry; metal leaves the boundary here."""

    def __init__(self, market: Market, country: str, account: int) -> None:
        self.name, self.country, self.account = f"market {country}", country, account
        self._market = market

    def space_kg(self, material: str = "") -> float:
        """No bound: the market takes all."""
        return float("inf")

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Take product out of account `source`."""
        self._market.take(self, lots, source)


class Market:
    """Demand, supply, prices and stocks of every country and metal with a figure."""

    def __init__(
        self,
        world: World,
        spec: MarketSpec,
        shocks: Disturbance,
        seller: Callable[[int], str],
        countries: Sequence[str],
        contracts: Contracts | None = None,
    ) -> None:
        """`seller` names the plant of a ledger account: the payee of what is sold out of it. `countries`: all of the scenario."""
        self._world, self._spec, self._seller, self.contracts = world, spec, seller, contracts
        self._substances = world.composition.substances
        self._tracked = np.array([metal != NO_CARRIER for metal in self._substances])
        self.prices = Prices(spec, self._substances, world.calendar, world.streams, shocks)
        self.plan = Plan.of(spec.demand, self._substances, countries, world.calendar, shocks)
        self._position = {pair: number for number, pair in enumerate(self.plan.pairs)}
        buyers = [country for country, _ in self.plan.pairs]
        self._positions = {country: np.flatnonzero(np.array(buyers) == country) for country in set(buyers)}
        self._price = np.zeros(self.plan.demand_kg.shape)
        for number, ((country, _), column) in enumerate(zip(self.plan.pairs, self.plan.columns.tolist(), strict=True)):
            self._price[:, number] = self.prices.table_of(country)[:, column]
        self._stocks, self._without = Stocks.full(self.plan), Stocks.full(self.plan)
        self._extra_days = np.zeros(len(self.plan.pairs))
        self._refill_days = spec.stockpile_refill_days.value if spec.stockpile_refill_days is not None else None
        self._desks: dict[str, Desk] = {}
        self._supplied: dict[tuple[str, str, str], Array] = {}
        self._sold = Sold(world)
        self._held_up: dict[tuple[str, str, str, str], Array] = {}
        self._sales: dict[tuple[str, str, str], Array] = {}
        self._stored: dict[str, Array] = {}
        self._seen: dict[str, Array] = {name: np.zeros(len(self.plan.pairs)) for name in Observation.__slots__}
        world.recorder.declare("market", ("month", "country", "metal"), MEASURES)
        world.recorder.declare("supply", ("year", "origin", "place", "available_to", "metal"), ("recovered_kg",))
        world.recorder.declare("payments", ("year", "payer", "payee", "item"), ("usd",))
        world.recorder.declare("sales", ("year", "plant", "country", "contract", "metal"), ("kg", "usd", "spot_usd"))

    # taking metal

    def desk(self, country: str) -> Desk:
        """The Receiver of metal that is available to a country's industry."""
        desk = self._desks.get(country)
        if desk is None:
            account = self._world.ledger.account(f"metal {country}", "metal", country, outside=True)
            desk = self._desks[country] = Desk(self, country, account)
        return desk

    def take(self, desk: Desk, lots: list[Lot], source: int) -> None:
        """Book lots out of account `source` into the industry of a desk, or of who has a contract; they are paid at month end."""
        world, seller = self._world, self._seller(source)
        if self.contracts is not None and self.contracts.binds(seller, world.clock.now):
            self._take_by_contract(self.contracts, desk, lots, source)
            return
        world.ledger.post_all(world.clock.now, source, desk.account, lots)
        self._sold.count(seller, desk.country, SPOT, world.ledger.accounts[source].country, lots)

    def _take_by_contract(self, contracts: Contracts, desk: Desk, lots: list[Lot], source: int) -> None:
        """Divide lots by element over contracts in force and the desk; a contract gets the same part of every lot."""
        world, seller = self._world, self._seller(source)
        masses, now = world.composition.masses(lots), world.clock.now
        parts: list[tuple[str, str, Array]] = []
        floors: list[tuple[str, Array]] = []
        spot = self.prices.faced_by(desk.country, world.month)
        for contract, part in contracts.assign(seller, masses, spot, now):
            if contract.moves:
                parts.append((contract.spec.buyer, contract.spec.name, part))
                if contract.spec.kind == "stockpile":
                    _add(self._stored, contract.spec.buyer, part)
            else:
                floors.append((contract.spec.name, part))
        rest = np.maximum(masses - sum((part for _, _, part in parts), np.zeros_like(masses)), 0.0)
        parts.append((desk.country, SPOT, rest))
        for floor, part in floors:
            for buyer, name, sale in parts:
                _add(self._held_up, (seller, buyer, name, floor), placed(masses, part, sale))
        given: list[tuple[int, Lot]] = []
        place = world.ledger.accounts[source].country
        for buyer, name, part in parts:
            divided = self._divided(lots, np.divide(part, masses, out=np.zeros_like(part), where=masses > 0.0))
            given += [(self.desk(buyer).account, lot) for lot in divided]
            self._sold.count(seller, buyer, name, place, divided)
        world.ledger.convert(now, source, lots, given)

    def _divided(self, lots: Sequence[Lot], share: Array) -> list[Lot]:
        """The part of every lot that a share of each substance is, one lot per origin tag."""
        composition = self._world.composition
        by_tag: dict[int, list[Lot]] = {}
        for lot in lots:
            by_tag.setdefault(lot.tag, []).append(lot)
        divided = []
        for tag, some in by_tag.items():
            part = composition.masses(some) * share
            kg = float(part.sum())
            if kg > 0.0:
                whole = sum(lot.kg for lot in some)
                born = sum(lot.kg * lot.born_day for lot in some) / whole
                divided.append(Lot(kg, composition.add(part), tag, born))
        return divided

    def value_usd(self, lots: list[Lot], country: str) -> float:
        """Worth of the elements in lots to buyers of a country today [USD]."""
        return float(self._world.composition.masses(lots) @ self.prices.faced_by(country, self._world.month))

    # levers

    def release(self, cause: str, country: str, metal: str, days: float) -> None:
        """Allow so many days of demand to leave the national stock, for `cause` and beside what others allow."""
        number, month = self._position[country, metal], self._world.month
        kg = days * float(self.plan.demand_kg[month, number] / self.plan.days[month])
        for stocks in (self._stocks, self._without):
            stocks.allow(cause, number, kg)

    def stop_release(self, cause: str) -> None:
        """Let no more leave of what `cause` has allowed."""
        for stocks in (self._stocks, self._without):
            stocks.allowed_kg.pop(cause, None)

    def hold_more(self, country: str, metal: str, days: float) -> None:
        """Let the nation mean to hold so many days of demand more than its plan (fewer, if negative); bought like a refill."""
        self._extra_days[self._position[country, metal]] += days

    def observe(self, country: str, metal: str) -> Observation:
        """What the last month closed has shown."""
        number = self._position[country, metal]
        return Observation(**{name: float(values[number]) for name, values in self._seen.items()})

    def watches(self, country: str, metal: str) -> bool:
        """Whether there is a demand figure, so that indicators exist."""
        return (country, metal) in self._position

    # month end

    def close_month(self, month: int) -> None:
        """Pay for what was sold, meet demand, and record the month; call at its last instant."""
        came, sold = self._sold.fold()
        self._pay(month, sold)
        by_origin, by_place = self._arrived(came)
        self._meet(month, by_origin, by_place)
        self._record_undemanded(month, came)
        for key, masses in came.items():
            _add(self._supplied, key, masses)
        if month % MONTHS_PER_YEAR == MONTHS_PER_YEAR - 1:
            self._close_year(month)

    def _pay(self, month: int, sold: Sums) -> None:
        """Pay for the sales of a month, at spot or as contracts say, and for the floors that governments hold up.

        What is paid at spot is added up here and booked when the year is over.
        """
        when = self._world.calendar.start + (month + 0.5) / MONTHS_PER_YEAR
        for (plant, country, contract), masses in sold.items():
            spot = self.prices.faced_by(country, month)
            at_spot = masses * spot
            usd = at_spot if contract == SPOT else self._settle(month, contract, plant, masses, spot, when)
            _add(self._sales, (plant, country, contract), np.array([masses, usd, at_spot]))
        for (plant, country, contract, floor), masses in self._held_up.items():
            price = self.prices.faced_by(country, month)
            if contract != SPOT and self.contracts is not None:
                price = self.contracts.price_under(contract, price, when)
            self._settle(month, floor, plant, masses, price, when)
        self._held_up.clear()

    def _settle(self, month: int, contract: str, plant: str, masses: Array, spot: Array, when: float) -> Array:
        """Book what a contract makes its parties pay; return what is paid for each substance [USD]."""
        assert self.contracts is not None
        paid, usd = self.contracts.settle(contract, plant, masses, spot, when)
        for payment in paid:
            if payment.usd > 0.0:
                self._book(month, payment.payer, payment.payee, payment.item, payment.usd)
        return usd

    def _arrived(self, came: Sums) -> tuple[Array, Array]:
        """Recovered metal of the month by country of waste and by country of refining [kg], each of shape (positions, places)."""
        plan = self.plan
        by_origin, by_place = (np.zeros((len(plan.pairs), len(plan.places))) for _ in range(2))
        for (country, origin, place), masses in came.items():
            if country in self._positions:
                positions = self._positions[country]
                kg = masses[plan.columns[positions]]
                by_origin[positions, plan.places.index(origin)] += kg
                by_place[positions, plan.places.index(place)] += kg
        return by_origin, by_place

    def _meet(self, month: int, by_origin: Array, by_place: Array) -> None:
        """Meet demand with and without recovered metal; tell responses what they watch and tables what happened."""
        plan, recovered = self.plan, by_origin.sum(axis=1)
        stored = self._bought_for_stock()
        met = self._stocks.meet(plan, month, recovered - stored, self._extra_days, self._refill_days)
        self._stocks.national_kg += stored
        without = self._without.meet(plan, month, np.zeros_like(recovered), self._extra_days, self._refill_days)
        self._book_stocks(month, met)
        sources, bare = plan.sources(month, met.primary_kg), plan.sources(month, without.primary_kg)
        rest = sources[:, plan.places.index(REST)]
        known = np.where(rest <= MOST * met.primary_kg, 1.0, np.nan)
        supplies = np.array([sources, sources + by_origin, sources + by_place])
        primary_hhi, hhi_by_origin, hhi_by_place = known * indicators.hhi(supplies)
        own = plan.at_home(sources)
        self._notice(month, met, recovered, own)
        table = np.stack(
            [
                plan.demand_kg[month],
                met.primary_kg,
                recovered,
                self._stocks.kg,
                met.shortfall_kg,
                self._price[month],
                primary_hhi,
                own,
                plan.at_home(by_origin),
                plan.at_home(by_place),
                indicators.hhi_with_urban_mine(primary_hhi, met.primary_kg, recovered),
                hhi_by_origin,
                hhi_by_place,
                met.released_kg,
                met.to_industry_kg + met.to_nation_kg,
                without.primary_kg,
                plan.at_home(bare),
                self._without.kg,
                without.shortfall_kg,
            ]
        )
        rows = zip(((month, *pair) for pair in plan.pairs), table.T, strict=True)
        self._world.recorder.add_rows("market", rows)

    def _bought_for_stock(self) -> Array:
        """Recovered metal that national stocks bought this month [kg], shape (positions,); it meets no demand."""
        kg = np.zeros(len(self.plan.pairs))
        for number, ((country, _), column) in enumerate(zip(self.plan.pairs, self.plan.columns, strict=True)):
            if country in self._stored:
                kg[number] = self._stored[country][column]
        self._stored.clear()
        return kg

    def _notice(self, month: int, met: Met, recovered: Array, own: Array) -> None:
        """Keep what responses watch; the gap is the one before any release."""
        demand = self.plan.demand_kg[month]
        self._seen = {
            "shortfall_share": 1.0 - indicators.share_of_demand_met(demand, met.gap_kg),
            "days_of_cover": indicators.days_of_cover(self._stocks.kg, demand / self.plan.days[month]),
            "price_usd_per_kg": self._price[month],
            "import_dependence_share": indicators.import_dependence_by_offtaker(met.primary_kg - own, met.primary_kg + recovered),
        }

    def _book_stocks(self, month: int, met: Met) -> None:
        """Pay for what left the national stock and for what stocks bought."""
        moves = (
            ("industry {}", "stockpile {}", "stock release", met.released_kg),
            ("industry {}", "primary suppliers", "stock refill", met.to_industry_kg),
            ("stockpile {}", "primary suppliers", "stock refill", met.to_nation_kg),
        )
        for payer, payee, item, kg in moves:
            for number in np.flatnonzero(kg).tolist():
                country, metal = self.plan.pairs[number]
                usd = float(kg[number] * self._price[month, number])
                self._book(month, payer.format(country), payee.format(country), f"{item} of {metal}", usd)

    def _book(self, month: int, payer: str, payee: str, item: str, usd: float) -> None:
        year = self._world.calendar.start + month // MONTHS_PER_YEAR
        self._world.recorder.cell("payments", year, payer, payee, item)[0] += usd

    def _record_undemanded(self, month: int, came: Sums) -> None:
        """Metal whose demand nobody knows: recovered and price are told, the rest is blank."""
        sums: dict[str, Array] = {}
        for (country, _, _), masses in came.items():
            _add(sums, country, masses)
        for country, masses in sums.items():
            undemanded = masses * self._tracked
            undemanded[self.plan.columns[self._positions.get(country, [])]] = 0.0
            columns = np.flatnonzero(undemanded)
            told = np.full((len(columns), len(MEASURES)), np.nan)
            told[:, RECOVERED], told[:, PRICE] = masses[columns], self.prices.faced_by(country, month)[columns]
            keys = [(month, country, self._substances[column]) for column in columns.tolist()]
            self._world.recorder.add_rows("market", zip(keys, told, strict=True))

    def _close_year(self, month: int) -> None:
        """Tell what the year brought by country of waste, of refining and of the industry that got it; book sales at spot."""
        year, names = self._world.calendar.start + month // MONTHS_PER_YEAR, self._substances
        supply = (
            ((year, origin, place, country, names[column]), masses[[column]].tolist())
            for (country, origin, place), masses in self._supplied.items()
            for column in np.flatnonzero(masses * self._tracked).tolist()
        )
        self._world.recorder.add_rows("supply", supply)
        sales = (
            ((year, *sale, names[column]), told[:, column].tolist())
            for sale, told in self._sales.items()
            for column in np.flatnonzero(told[0] * self._tracked).tolist()
        )
        self._world.recorder.add_rows("sales", sales)
        for (plant, country, contract), (_, usd, _) in self._sales.items():
            for column in np.flatnonzero(usd).tolist() if contract == SPOT else ():
                self._book(month, f"industry {country}", plant, f"sale of {names[column]}", usd.item(column))
        self._supplied.clear()
        self._sales.clear()


def _add(sums: dict[Key, Array], key: Key, masses: Array) -> None:
    found = sums.get(key)
    if found is None:
        sums[key] = masses.copy()
    else:
        found += masses
