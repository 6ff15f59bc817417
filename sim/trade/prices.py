"""Prices of contained element by month: a path, or a random path around it, in one or two markets."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR, Calendar
from sim.engine.streams import Streams
from sim.trade.market_spec import MarketSpec

CHINA = "CHN"
Array = NDArray[np.float64]


class Disturbance(Protocol):
    """Shocks as the market feels them."""

    def supply_factor(self, metal: str, source: str, month: int) -> float:
        """Share of normal supply of `metal` that comes from `source` in a month."""
        ...

    def price_factor(self, metal: str, month: int) -> float:
        """Price outside China over its normal price in a month."""
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


class Prices:
    """USD per kg of contained element by month, substance and market; substances without a price are worth 0."""

    def __init__(
        self, spec: MarketSpec, substances: Sequence[str], calendar: Calendar, streams: Streams, shocks: Disturbance
    ) -> None:
        years = month_middles(calendar)
        self.substances = tuple(substances)
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
            struck = np.array([shocks.price_factor(metal, month) for month in range(years.size)])
            self.outside[:, column] = np.array([price.usd_per_kg.at(year) for year in years]) * np.exp(noise) * struck
            self.inside_china[:, column] = np.array([inside.at(year) for year in years]) * np.exp(noise)

    def faced_by(self, country: str, month: int) -> Array:
        """What buyers of a country pay [USD/kg], shape (substances,): in China the series inside, elsewhere the one outside."""
        table = self.inside_china if country == CHINA else self.outside
        row: Array = table[month]
        return row
