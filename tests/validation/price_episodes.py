"""Two export controls on rare earths: the price law fitted to 2010-2012, and what it says of 2025.

The law is `sim.trade.prices.scarcity_factor`; every figure is a row of `price_quotes.csv` or `policy_events.csv`.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from sim.core.calendar import Calendar
from sim.core.quantity import Quantity
from sim.engine.streams import Streams
from sim.policy.lever_spec import ShockSpec
from sim.policy.shocks import Shocks
from sim.scenario.load import load_scenario
from sim.trade.market_spec import MarketSpec, PriceSpec
from sim.trade.prices import Prices, scarcity_factor

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / "scenarios" / "baseline.toml"
CUT, CONTROL = date(2010, 7, 8), date(2025, 4, 4)  # the cut of July 2010 was announced within the first days of the month
YEAR_END = {2011: date(2011, 12, 31), 2012: date(2012, 12, 31)}
EUROPE = ("6 May", "5 Jun", "18 Sep")  # quotations of 2025 after the control
YEAR_DAYS, BEFORE_DAYS = 365, (CONTROL - date(2025, 1, 1)).days


@cache
def _rows(table: str) -> tuple[dict[str, str], ...]:
    with (ROOT / "sim" / "data" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def quote(metal: str, year: int, period: str, form: str = "") -> float:
    """The one quotation of a metal, year and period whose form begins with `form` [USD/kg]."""
    (found,) = (
        row
        for row in _rows("price_quotes")
        if row["metal"] == metal and row["year"] == str(year) and row["period"] == period and row["form"].startswith(form)
    )
    return float(found["usd_per_kg"])


def event(year: str, begins: str) -> float:
    """The figure of the one event of a date whose text begins so."""
    (found,) = (row for row in _rows("policy_events") if row["date"] == year and row["event"].startswith(begins))
    return float(found["value"])


def price_of_2009(metal: str) -> float:
    """Mean of the year before the cut [USD/kg]."""
    return quote(metal, 2009, "annual mean", "oxide FOB")


def observed(metal: str) -> np.ndarray:
    """Price over that of 2009 on 26 July 2010, at the end of 2011 and of 2012."""
    prices = [quote(metal, 2010, "26 Jul"), quote(metal, 2011, "year end"), quote(metal, 2012, "year end")]
    return np.array(prices) / price_of_2009(metal)


def arriving(year: int) -> float:
    """Share of the rare earths of 2009 that reached buyers outside China.

    For 2010 the cut China announced in July, all that buyers knew then; from 2011 on what customs counted leaving, as for 2025:
    quotas were not filled.
    """
    if year == 2010:
        return event("2010", "Chinese export quota") / event("2009", "Chinese export quota")
    name = "Chinese exports of rare earth ore"
    return event(str(year), name) / event("2009", name)


def modelled(exponent: float, delay_days: float) -> np.ndarray:
    """The same by the law."""
    shares = [arriving(year) for year in (2010, 2010, 2011, 2012)]
    edges = [CUT, date(2010, 7, 26), date(2010, 12, 31), YEAR_END[2011], YEAR_END[2012]]
    days = np.diff([edge.toordinal() for edge in edges]).astype(float)
    return scarcity_factor(np.array(shares), days, exponent, delay_days)[[0, 2, 3]]


@dataclass(frozen=True, slots=True)
class Fit:
    """The price law of a metal: exponent (one over the elasticity of demand) and time constant."""

    exponent: float
    delay_days: float


@cache
def fit(metal: str) -> Fit:
    """Least squares on the log prices of 2010-2012, and of them alone."""
    wanted = np.log(observed(metal))

    def misses(parameters: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(modelled(*np.exp(parameters))) - wanted)

    found = least_squares(misses, [math.log(3.0), math.log(60.0)])
    return Fit(*(float(value) for value in np.exp(found.x)))


def exponent_of(price_factor: float, share_arriving: float) -> float:
    """The exponent that one price and one share stand for, once the price has caught up."""
    return math.log(price_factor) / -math.log(share_arriving)


def arriving_in_2025(metal: str) -> float:
    """Exports from the control to the end of 2025 over the same days of 2024, the first quarter being as in 2024."""
    name = {"Dy": "dysprosium", "Tb": "terbium"}[metal]
    of_year, before = event("2025", f"Chinese exports of {name}"), BEFORE_DAYS / YEAR_DAYS
    return (of_year - before) / (1.0 - before)


@dataclass(frozen=True, slots=True)
class Prediction:
    """Prices of 2025 over those before the control, by month, outside and inside China."""

    outside: np.ndarray
    inside: np.ndarray

    def after_control(self) -> float:
        """Mean factor outside China in the months of the quotations: May, June, September."""
        return float(self.outside[[4, 5, 8]].mean())


@cache
def predict(metal: str) -> Prediction:
    """2025 by the shipped market with the law of 2010-2012: prices flat at those of early April, licences from 4 April on."""
    law, start = fit(metal), quote(metal, 2025, "early Apr", "oxide Europe")
    price = PriceSpec(usd_per_kg=Quantity.constant(start), scarcity_exponent=Quantity.constant(law.exponent))
    demand = load_scenario(BASELINE).spec.market.demand
    market = MarketSpec(
        prices={metal: price},
        demand={"JPN": {metal: demand["JPN"][metal]}},
        scarcity_delay_days=Quantity.constant(law.delay_days),
        grid_co2_kg_per_kwh={},
    )
    control = {"name": "licences", "kind": "quota", "metal": metal, "source": "CHN", "start": CONTROL}
    control |= {"days": float(YEAR_DAYS - BEFORE_DAYS), "supply_factor": arriving_in_2025(metal)}
    calendar = Calendar.of(2025, 2025)
    shocks = Shocks([ShockSpec.model_validate(control)], calendar, Streams(1, 0))
    made = Prices(market, (metal,), calendar, Streams(1, 0), shocks)
    return Prediction(made.outside[:, 0] / start, made.inside_china[:, 0] / start)


def europe_after_control(metal: str) -> float:
    """Mean European quotation after the control over that before it."""
    after = [quote(metal, 2025, period, "oxide Europe") for period in EUROPE]
    return float(np.mean(after)) / quote(metal, 2025, "early Apr", "oxide Europe")
