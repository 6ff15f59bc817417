"""The market: takes recovered metal, meets demand month by month, keeps stocks, and says what is short.

A price-taker: recovered volumes never move prices. Primary supply fills what recovered metal leaves of demand, each
source country with its share; a shock cuts the share of its source and no other source fills the gap (short-run supply
does not stretch). Then firms draw their own stock; the national stock only as far as a response has released it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR
from sim.core.lot import Lot
from sim.engine.world import World
from sim.trade.market_spec import DemandSpec, MarketSpec
from sim.trade.prices import Disturbance, Prices, month_middles

KG_PER_T = 1000.0
ROUNDING = 1e-9  # of demand: a gap smaller than this is met
MEASURES = ("demand_kg", "primary_kg", "recovered_kg", "stockpile_kg", "shortfall_kg", "price_usd_per_kg", "primary_hhi")
REST = "ROW"  # sources nobody has told apart: counted as one supplier, so concentration is an upper bound ...
MOST = 0.5  # ... and not told where they are more than this share
NO_CARRIER = "other"  # everything that is not a tracked element
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of a metal in a country at the end of a month; the indicators a response may watch.

    shortfall_share : share of demand that would be missing without the national stock, so that a release does not hide its cause.
    """

    shortfall_share: float
    days_of_cover: float
    price_usd_per_kg: float
    import_dependence_share: float


@dataclass(slots=True)
class Reserve:
    """Stocks of one metal in one country [kg]. `released_kg`: how much of the national stock may leave."""

    national_kg: float
    industry_kg: float
    released_kg: float = 0.0

    def draw_industry(self, gap_kg: float) -> float:
        """Take up to `gap_kg` from firms' stock."""
        part = min(gap_kg, self.industry_kg)
        self.industry_kg -= part
        return part

    def draw_national(self, gap_kg: float) -> float:
        """Take up to `gap_kg` of what is released of the national stock."""
        part = min(gap_kg, self.national_kg, self.released_kg)
        self.national_kg -= part
        self.released_kg -= part
        return part

    @property
    def kg(self) -> float:
        """All that is in stock."""
        return self.national_kg + self.industry_kg


@dataclass(slots=True)
class Position:
    """One metal in one country: demand, sources and stock, and the last month observed."""

    country: str
    metal: str
    column: int
    spec: DemandSpec
    reserve: Reserve
    seen: Observation = field(default_factory=lambda: Observation(0.0, 0.0, 0.0, 0.0))


class Desk:
    """The Receiver of product forms for one country's industry; metal leaves the boundary here."""

    def __init__(self, market: Market, country: str, account: int) -> None:
        self.name, self.country, self.account = "market", country, account
        self._market = market

    def space_kg(self, material: str = "") -> float:
        """No bound: the market takes all."""
        return float("inf")

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Take product out of account `source`."""
        self._market.take(self, lots, source)


class Market:
    """Demand, supply, prices and stocks of every country and metal with a figure."""

    def __init__(self, world: World, spec: MarketSpec, shocks: Disturbance, seller: Callable[[int], str]) -> None:
        """`seller` names the plant of a ledger account: the payee of what is sold out of it."""
        self._world, self._spec, self._shocks, self._seller = world, spec, shocks, seller
        self._substances = world.composition.substances
        self.prices = Prices(spec, self._substances, world.calendar, world.streams, shocks)
        self._years = month_middles(world.calendar)
        self._desks: dict[str, Desk] = {}
        self._recovered: dict[str, Array] = {}
        self._sold: dict[tuple[str, str], Array] = {}
        world.recorder.declare("market", ("month", "country", "metal"), MEASURES)
        world.recorder.declare("payments", ("year", "payer", "payee", "item"), ("usd",))
        self._positions = {
            (country, metal): self._open(country, metal, demand)
            for country, metals in spec.demand.items()
            for metal, demand in metals.items()
        }

    def _open(self, country: str, metal: str, demand: DemandSpec) -> Position:
        """Start with full stocks: they were built before the run."""
        year = self._years[0]
        kg_per_day = demand.t_per_year.at(year) * KG_PER_T / self._days_of_year(0)
        reserve = Reserve(*(kg_per_day * days for days in _target_days(demand, year)))
        return Position(country, metal, self._substances.index(metal), demand, reserve)

    # taking metal

    def desk(self, country: str) -> Desk:
        """The Receiver of metal that is available to a country's industry."""
        desk = self._desks.get(country)
        if desk is None:
            account = self._world.ledger.account(f"metal {country}", "metal", country, outside=True)
            desk = self._desks[country] = Desk(self, country, account)
            self._recovered[country] = np.zeros(len(self._substances))
        return desk

    def take(self, desk: Desk, lots: list[Lot], source: int) -> None:
        """Book lots out of account `source` into the industry of a desk; they are paid at month end."""
        now, ledger = self._world.clock.now, self._world.ledger
        ledger.post_all(now, source, desk.account, lots)
        masses = self._world.composition.masses(lots)
        self._recovered[desk.country] += masses
        key = (self._seller(source), desk.country)
        sold = self._sold.get(key)
        self._sold[key] = masses if sold is None else sold + masses

    def value_usd(self, lots: list[Lot], country: str) -> float:
        """Worth of the elements in lots to buyers of a country today [USD]."""
        return float(self._world.composition.masses(lots) @ self.prices.faced_by(country, self._world.month))

    # levers

    def release(self, country: str, metal: str, days: float) -> None:
        """Allow so many days of demand to leave the national stock."""
        position = self._positions[country, metal]
        position.reserve.released_kg += days * self._demand_kg(position, self._world.month) / self._days_of_month(self._world.month)

    def stop_release(self, country: str, metal: str) -> None:
        """Close the national stock again."""
        self._positions[country, metal].reserve.released_kg = 0.0

    def observe(self, country: str, metal: str) -> Observation:
        """What the last month closed has shown."""
        return self._positions[country, metal].seen

    def watches(self, country: str, metal: str) -> bool:
        """Whether there is a demand figure, so that indicators exist."""
        return (country, metal) in self._positions

    # month end

    def close_month(self, month: int) -> None:
        """Pay for what was sold, meet demand, and record the month; call at its last instant."""
        self._pay(month)
        for position in self._positions.values():
            self._meet(position, month)
        for country, recovered in self._recovered.items():
            self._record_undemanded(month, country, recovered)
            recovered[:] = 0.0

    def _pay(self, month: int) -> None:
        year = self._world.calendar.start + month // MONTHS_PER_YEAR
        for (plant, country), masses in self._sold.items():
            usd = masses * self.prices.faced_by(country, month)
            for column in np.flatnonzero(usd).tolist():
                item = f"sale of {self._substances[column]}"
                self._world.recorder.cell("payments", year, f"industry {country}", plant, item)[0] += float(usd[column])
        self._sold.clear()

    def _meet(self, position: Position, month: int) -> None:
        demand = self._demand_kg(position, month)
        desk = self._recovered.get(position.country)
        recovered = float(desk[position.column]) if desk is not None else 0.0
        weights = self._weights(position, month)
        primary = max(demand - recovered, 0.0) * min(sum(weights.values()), 1.0)
        gap = demand - recovered - primary
        released = 0.0
        if gap > ROUNDING * demand:
            gap -= position.reserve.draw_industry(gap)
            released = self._release(position, month, gap)
        else:
            gap = 0.0
            primary += self._refill(position, month, demand * min(sum(weights.values()), 1.0))
        self._record(position, month, (demand, primary, recovered, gap - released), weights)
        self._notice(position, month, (demand, primary, recovered, gap), weights)

    def _weights(self, position: Position, month: int) -> dict[str, float]:
        """Supply of each source over all normal supply; sums to 1 without shocks."""
        drawn = {source: share.at(self._years[month]) for source, share in position.spec.supply_share.items()}
        return {
            source: share * self._shocks.supply_factor(position.metal, source, month) for source, share in _normal(drawn).items()
        }

    def _release(self, position: Position, month: int, gap_kg: float) -> float:
        """Fill a gap from what is released of the national stock; return what it gave [kg]."""
        released = position.reserve.draw_national(gap_kg)
        self._book(month, position, f"stockpile {position.country}", "stock release", released * self._price(position, month))
        return released

    def _refill(self, position: Position, month: int, demand_kg: float) -> float:
        """Buy back part of what stocks of days of `demand_kg` lack, firms' stock first; return what was bought [kg]."""
        if self._spec.stockpile_refill_days is None:
            return 0.0
        days, reserve = self._days_of_month(month), position.reserve
        national, industry = (demand_kg / days * target for target in _target_days(position.spec, self._years[month]))
        rate = min(days / max(self._spec.stockpile_refill_days.value, days), 1.0)
        left = (national + industry) * rate
        to_industry = min(max(industry - reserve.industry_kg, 0.0), left)
        to_nation = min(max(national - reserve.national_kg, 0.0), left - to_industry)
        reserve.industry_kg += to_industry
        reserve.national_kg += to_nation
        price = self._price(position, month)
        self._book(month, position, "primary suppliers", "stock refill", to_industry * price)
        self._book(month, position, "primary suppliers", "stock refill", to_nation * price, payer=f"stockpile {position.country}")
        return to_industry + to_nation

    def _book(self, month: int, position: Position, payee: str, item: str, usd: float, payer: str = "") -> None:
        if usd > 0.0:
            year = self._world.calendar.start + month // MONTHS_PER_YEAR
            payer = payer or f"industry {position.country}"
            self._world.recorder.cell("payments", year, payer, payee, f"{item} of {position.metal}")[0] += usd

    def _record(
        self, position: Position, month: int, masses_kg: tuple[float, float, float, float], weights: Mapping[str, float]
    ) -> None:
        demand, primary, recovered, shortfall = masses_kg
        shares = _normal(weights) if primary > 0.0 else {}
        known = shares and shares.get(REST, 0.0) <= MOST
        concentration = sum(share**2 for share in shares.values()) if known else float("nan")
        row = (demand, primary, recovered, position.reserve.kg, shortfall, self._price(position, month), concentration)
        self._world.recorder.cell("market", month, position.country, position.metal)[:] = row

    def _notice(
        self, position: Position, month: int, masses_kg: tuple[float, float, float, float], weights: Mapping[str, float]
    ) -> None:
        """Tell responses what they watch; the gap is the one before any release."""
        demand, primary, recovered, gap = masses_kg
        imported, supplied = primary * (1.0 - _normal(weights).get(position.country, 0.0)), primary + recovered
        per_day = demand / self._days_of_month(month)
        position.seen = Observation(
            shortfall_share=gap / demand if demand > 0.0 else 0.0,
            days_of_cover=position.reserve.kg / per_day if per_day > 0.0 else float("inf"),
            price_usd_per_kg=self._price(position, month),
            import_dependence_share=imported / supplied if supplied > 0.0 else 0.0,
        )

    def _record_undemanded(self, month: int, country: str, recovered: Array) -> None:
        """Metal whose demand nobody knows: recovered and price are told, the rest is blank."""
        prices = self.prices.faced_by(country, month)
        for column in np.flatnonzero(recovered).tolist():
            metal = self._substances[column]
            if (country, metal) not in self._positions and metal != NO_CARRIER:
                nan = float("nan")
                row = (nan, nan, float(recovered[column]), nan, nan, float(prices[column]), nan)
                self._world.recorder.cell("market", month, country, metal)[:] = row

    # small things

    def _price(self, position: Position, month: int) -> float:
        return float(self.prices.faced_by(position.country, month)[position.column])

    def _demand_kg(self, position: Position, month: int) -> float:
        per_year = position.spec.t_per_year.at(self._years[month]) * KG_PER_T
        return per_year * self._days_of_month(month) / self._days_of_year(month)

    def _days_of_month(self, month: int) -> float:
        starts = self._world.calendar.month_starts
        return float(starts[month + 1] - starts[month])

    def _days_of_year(self, month: int) -> float:
        starts, first = self._world.calendar.month_starts, month - month % MONTHS_PER_YEAR
        return float(starts[first + MONTHS_PER_YEAR] - starts[first])


def _target_days(demand: DemandSpec, year: float) -> tuple[float, float]:
    """Days of demand the nation and its firms mean to hold."""
    return demand.stockpile_days.at(year), demand.industry_stock_days.at(year) if demand.industry_stock_days is not None else 0.0


def _normal(weights: Mapping[str, float]) -> dict[str, float]:
    """Shares of supply by source; empty if there is none."""
    total = sum(weights.values())
    return {source: weight / total for source, weight in weights.items()} if total > 0.0 else {}
