"""Demand, primary supply and stocks of every country and metal with a demand figure: months in vectors over such positions.

`Plan` is what is known before the run, `Stocks` what is left at a time. The market keeps stocks twice: of the world as it
is, and of the same world without recovered metal, so one run tells what the urban mine is worth in a shock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR, Calendar
from sim.core.quantity import Quantity
from sim.core.series import by_year
from sim.core.units import KG_PER_T
from sim.trade.market_spec import DemandSpec
from sim.trade.prices import Disturbance, month_middles

ROUNDING = 1e-9  # of demand: a gap smaller than this is met
REST = "ROW"  # sources nobody has told apart
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of every position before the run; arrays of shape (months, positions) unless said otherwise.

    pairs : country and metal of each position. columns : the substance of each, shape (positions,).
    places : supplier countries and all others metal may come from, with `ROW`. own : place of each position's own country.
    days : length of each month, shape (months,).
    supply : primary supply over normal supply, 1 without shocks and never more.
    source_share : share of each place in primary supply, shape (months, positions, places).
    """

    pairs: tuple[tuple[str, str], ...]
    columns: NDArray[np.intp]
    places: tuple[str, ...]
    own: NDArray[np.intp]
    days: Array
    demand_kg: Array
    supply: Array
    source_share: Array
    national_days: Array
    industry_days: Array

    @classmethod
    def of(
        cls,
        demand: Mapping[str, Mapping[str, DemandSpec]],
        substances: Sequence[str],
        countries: Sequence[str],
        calendar: Calendar,
        shocks: Disturbance,
    ) -> Plan:
        """Read paths at the middle of every month and strike supply by shocks."""
        specs = {(country, metal): spec for country, metals in demand.items() for metal, spec in metals.items()}
        sources = (source for spec in specs.values() for source in spec.supply_share)
        places = tuple(dict.fromkeys((*countries, *demand, *sources, REST)))
        starts = np.array(calendar.month_starts, dtype=np.float64)
        days, years = np.diff(starts), month_middles(calendar)
        of_year = starts[MONTHS_PER_YEAR::MONTHS_PER_YEAR] - starts[:-1:MONTHS_PER_YEAR]
        share_of_year = (days / np.repeat(of_year, MONTHS_PER_YEAR))[:, np.newaxis]
        arriving = np.zeros((days.size, len(specs), len(places)))
        for number, ((_, metal), spec) in enumerate(specs.items()):
            normal = {source: by_year(share, years) for source, share in spec.supply_share.items()}
            total = sum(normal.values())
            for source, share in normal.items():
                arriving[:, number, places.index(source)] = share / total * shocks.supply_factor(metal, source)
        supply = arriving.sum(axis=2)
        of_all = supply[..., np.newaxis]
        return cls(
            pairs=tuple(specs),
            columns=np.array([substances.index(metal) for _, metal in specs], dtype=np.intp),
            places=places,
            own=np.array([places.index(country) for country, _ in specs], dtype=np.intp),
            days=days,
            demand_kg=_table([spec.t_per_year for spec in specs.values()], years) * KG_PER_T * share_of_year,
            supply=np.minimum(supply, 1.0),
            source_share=np.divide(arriving, of_all, out=np.zeros_like(arriving), where=of_all > 0.0),
            national_days=_table([spec.stockpile_days for spec in specs.values()], years),
            industry_days=_table([spec.industry_stock_days for spec in specs.values()], years),
        )

    def sources(self, month: int, primary_kg: Array) -> Array:
        """Primary supply by place [kg], shape (positions, places)."""
        return np.asarray(self.source_share[month] * primary_kg[:, np.newaxis])

    def at_home(self, kg_by_place: Array) -> Array:
        """Of masses by place, shape (positions, places), the part of each position's own country."""
        return np.asarray(kg_by_place[np.arange(len(self.pairs)), self.own])


@dataclass(frozen=True, slots=True)
class Met:
    """How demand of a month was met [kg], arrays of shape (positions,).

    primary_kg : what was bought from primary suppliers, what refilled stocks included. gap_kg : what recovered metal,
    primary supply and firms' stock left open; a release of the national stock filled `released_kg` of it.
    """

    primary_kg: Array
    gap_kg: Array
    released_kg: Array
    to_industry_kg: Array
    to_nation_kg: Array

    @property
    def shortfall_kg(self) -> Array:
        """Demand not met."""
        return np.asarray(self.gap_kg - self.released_kg)


@dataclass(slots=True)
class Stocks:
    """Stocks of every position [kg]. `allowed_kg`: by cause, how much of the national stock may leave."""

    national_kg: Array
    industry_kg: Array
    allowed_kg: dict[str, Array]

    @classmethod
    def full(cls, plan: Plan) -> Stocks:
        """Start with full stocks: they were built before the run."""
        per_day = plan.demand_kg[0] / plan.days[0]
        return cls(per_day * plan.national_days[0], per_day * plan.industry_days[0], {})

    @property
    def kg(self) -> Array:
        """All that is in stock."""
        return np.asarray(self.national_kg + self.industry_kg)

    def meet(self, plan: Plan, month: int, recovered_kg: Array, extra_days: Array, refill_days: float | None) -> Met:
        """Meet demand of a month from recovered metal, primary supply and stocks, in this order; refill where nothing is short.

        extra_days : what the nation means to hold beyond its plan.
        """
        demand, supply = plan.demand_kg[month], plan.supply[month]
        primary = np.maximum(demand - recovered_kg, 0.0) * supply
        missing = demand - recovered_kg - primary
        short = missing > ROUNDING * demand
        gap = np.where(short, missing, 0.0)
        part = np.minimum(gap, self.industry_kg)
        self.industry_kg -= part
        gap = gap - part
        released = self._release(gap)
        industry, nation = np.zeros_like(gap), np.zeros_like(gap)
        if refill_days is not None:
            days = plan.days[month]
            per_day = np.where(short, 0.0, demand * supply / days)
            targets = per_day * (plan.national_days[month] + extra_days), per_day * plan.industry_days[month]
            industry, nation = self._refill(*targets, min(days / max(refill_days, days), 1.0))
        return Met(primary + industry + nation, gap, released, industry, nation)

    def allow(self, cause: str, position: int, kg: float) -> None:
        """Let so much more of a position's national stock leave."""
        self.allowed_kg.setdefault(cause, np.zeros_like(self.national_kg))[position] += kg

    def _release(self, gap_kg: Array) -> Array:
        """Fill a gap from the national stock as far as it is allowed to leave, what was allowed first going first."""
        released = np.minimum(np.minimum(gap_kg, self.national_kg), sum(self.allowed_kg.values(), np.zeros_like(gap_kg)))
        self.national_kg -= released
        left = released
        for allowed in self.allowed_kg.values():
            part = np.minimum(left, allowed)
            np.subtract(allowed, part, out=allowed)
            left = left - part
        return released

    def _refill(self, national_kg: Array, industry_kg: Array, rate: float) -> tuple[Array, Array]:
        """Buy back part of what stocks lack, firms' stock first; return what each bought."""
        left = (national_kg + industry_kg) * rate
        industry = np.minimum(np.maximum(industry_kg - self.industry_kg, 0.0), left)
        nation = np.minimum(np.maximum(national_kg - self.national_kg, 0.0), left - industry)
        self.industry_kg += industry
        self.national_kg += nation
        return industry, nation


def _table(paths: Sequence[Quantity | None], years: Array) -> Array:
    """Paths by month, shape (months, paths); nothing where a path is not given."""
    columns = [np.zeros(years.size) if path is None else by_year(path, years) for path in paths]
    return np.stack(columns, axis=1) if columns else np.zeros((years.size, 0))
