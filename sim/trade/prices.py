"""Prices of contained element by month: a path, or a random path around it, in one or two markets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import exp, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR, Calendar
from sim.core.series import by_year
from sim.engine.streams import Streams
from sim.trade.market_spec import MarketSpec, PriceSpec

CHINA = "CHN"
LEAST_ARRIVING = 0.1  # shares of supply below which the price law is an extrapolation nobody has seen
Array = NDArray[np.float64]


class Disturbance(Protocol):
    """Shocks as the market feels them: one value per month of the run."""

    def supply_factor(self, metal: str, source: str, unpriced: bool = False) -> Array:
        """Share of normal supply of `metal` from `source` that arrives; `unpriced`: by shocks that say nothing of the price."""
        ...

    def price_factor(self, metal: str) -> Array:
        """Price outside China over its normal price, as shocks say it."""
        ...


def month_middles(calendar: Calendar) -> Array:
    """Decimal year in the middle of every month of the run, shape (months,)."""
    starts = np.array(calendar.month_starts, dtype=np.float64)
    return np.array([calendar.decimal_year(day) for day in (starts[:-1] + starts[1:]) / 2.0])


def log_noise(normals: Array, log_sd_per_year: float, reversion_years: float | None) -> Array:
    """Deviations of the log price from its path, one per month, whose exponential has mean 1.

    An Ornstein-Uhlenbeck process in months that starts at 0; its stationary variance v is such that changes over a year
    have the standard deviation of the table: sd^2 = 2 v (1 - exp(-1 / reversion_years)). Without reversion a random walk.
    """
    months = np.arange(1, normals.size + 1)
    if reversion_years is None:
        step = log_sd_per_year / sqrt(MONTHS_PER_YEAR)
        return np.asarray(np.cumsum(normals) * step - months * step**2 / 2.0)
    keep = exp(-1.0 / (reversion_years * MONTHS_PER_YEAR))
    variance = log_sd_per_year**2 / (2.0 * (1.0 - exp(-1.0 / reversion_years)))
    level, noise = 0.0, np.empty(normals.size)
    for month, normal in enumerate(normals * sqrt(variance * (1.0 - keep**2))):
        level = keep * level + normal
        noise[month] = level
    return np.asarray(noise - variance * (1.0 - keep ** (2 * months)) / 2.0)


def scarcity_factor(arriving: Array, days: Array, exponent: float, delay_days: float) -> Array:
    """Price over its normal price where only a share `arriving` of normal supply comes, by month of `days`.

    Demand of constant elasticity e: price goes towards arriving^(-1/e), `exponent` = 1/e. Buyers feel it with a mean delay:
    the log price closes the gap with time constant `delay_days`, so it rises and falls gradually. Exactly 1 before any cut.
    """
    log, factors = 0.0, np.ones(arriving.size)
    keep = np.exp(-days / delay_days) if delay_days > 0.0 else np.zeros(days.size)
    for month, (share, kept) in enumerate(zip(arriving.tolist(), keep.tolist(), strict=True)):
        log = -exponent * math.log(share) * (1.0 - kept) + log * kept
        factors[month] = math.exp(log)
    return factors


class Prices:
    """USD per kg of contained element by month, substance and market; substances without a price are worth 0.

    warnings : what had to be bounded.
    """

    def __init__(
        self, spec: MarketSpec, substances: Sequence[str], calendar: Calendar, streams: Streams, shocks: Disturbance
    ) -> None:
        self._spec, self._calendar, self._shocks = spec, calendar, shocks
        years = month_middles(calendar)
        self.substances = tuple(substances)
        self.warnings: list[str] = []
        self.outside = np.zeros((years.size, len(self.substances)))
        self.inside_china = np.zeros_like(self.outside)
        for metal, price in spec.prices.items():
            noise = np.zeros(years.size)
            if price.log_sd_per_year is not None:
                normals = streams.of(f"price/{metal}").standard_normal(years.size)
                reversion = spec.price_reversion_years.value if spec.price_reversion_years is not None else None
                noise = log_noise(normals, price.log_sd_per_year.value, reversion)
            column = self.substances.index(metal)
            inside = price.inside_china_usd_per_kg or price.usd_per_kg
            struck = shocks.price_factor(metal) * self._scarcity(metal, price)
            self.outside[:, column] = by_year(price.usd_per_kg, years) * np.exp(noise) * struck
            self.inside_china[:, column] = by_year(inside, years) * np.exp(noise)

    def _scarcity(self, metal: str, price: PriceSpec) -> Array:
        """Price factor of shocks that cut supply and say nothing of the price; 1 where no exponent is known."""
        buyers = [metals[metal] for country, metals in self._spec.demand.items() if country != CHINA and metal in metals]
        if price.scarcity_exponent is None or not buyers:
            return np.ones(self._calendar.months)
        largest = max(buyers, key=lambda demand: demand.t_per_year.value)
        years = month_middles(self._calendar)
        shares = {source: by_year(share, years) for source, share in largest.supply_share.items()}
        whole = np.sum(list(shares.values()), axis=0)
        lost = [share * (1.0 - self._shocks.supply_factor(metal, source, True)) for source, share in shares.items()]
        arriving = 1.0 - np.sum(lost, axis=0) / whole
        if (arriving < LEAST_ARRIVING).any():
            self.warnings.append(
                f"price of {metal}: less than {LEAST_ARRIVING:.0%} of supply arrives; the price law is not known there and is"
                f" held at {LEAST_ARRIVING:.0%}"
            )
        delay = self._spec.scarcity_delay_days.value if self._spec.scarcity_delay_days is not None else 0.0
        days = np.diff(np.array(self._calendar.month_starts, dtype=np.float64))
        return scarcity_factor(np.maximum(arriving, LEAST_ARRIVING), days, price.scarcity_exponent.value, delay)

    def table_of(self, country: str) -> Array:
        """What buyers of a country pay [USD/kg], shape (months, substances): in China the series inside, else the one outside."""
        return self.inside_china if country == CHINA else self.outside

    def faced_by(self, country: str, month: int) -> Array:
        """What buyers of a country pay in a month [USD/kg], shape (substances,)."""
        row: Array = self.table_of(country)[month]
        return row
