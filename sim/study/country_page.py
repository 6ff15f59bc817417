"""What a reader wants to know of one country: its figures, how good its data are, and what to measure next.

What to measure next is a first-order guess, not a sensitivity analysis: how wide an input is known (log of high over low) times
the share of the country's flow that it moves. Lives divided into first use, drawer and second owner move nothing by themselves.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.results.store import Results
from sim.scenario.draw import GRADE_FACTOR
from sim.scenario.keys import KeyPath, split

OPEN_GRADES = frozenset({"C", "D"})
MOST = 6
PREFERRED_YEAR = 2035
LADDER = ("in_waste_kg", "collected_kg", "separated_kg", "refined_kg", "available_kg")
GAINS = {"earned_usd": "usd", "public_usd": "usd", "jobs_fte": "1", "residue_kg": "kg"}
_PATH = re.compile(r"\{ \d{4}")  # the ends of a path over years are those of all its years
WIDEST = math.log(100.0)  # a range from zero counts as one from a hundredth of its high end
# inputs that a flow is in proportion to, and shares that divide one
LEVELS = frozenset(
    {"base_year_kt", "saturation_kg_per_capita", "convergence_years", "ownership_half_gdp_usd", "ownership_steepness"}
)
OF_CHANNEL = frozenset({"coverage_share", "participation_share"})
LOSSES = frozenset({"patience_days", "retry_share", "hoard_share"})
DIVIDING = frozenset({"retry_share", "hoard_share", "sold_to_formal_share", "diverted_share"})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the year over replications."""

    name: str
    unit: str
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Open:
    """An input worth measuring. `weight`: log of its width times the share of the country's flow it moves."""

    key: str
    value: str
    unit: str
    low: str
    high: str
    grade: str
    source: str
    weight: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A date from which something holds in the country."""

    key: str
    date: str
    source: str


@dataclass(frozen=True, slots=True)
class CountryPage:
    """All of it. `grades`: numbers of the country by grade of evidence."""

    country: str
    year: int
    figures: tuple[Figure, ...]
    grades: dict[str, int]
    measure_next: tuple[Open, ...]
    rules: tuple[Rule, ...]


def country_pages(results: Results) -> tuple[CountryPage, ...]:
    """One page for each country whose waste is modelled, in alphabetical order; figures of 2035, or of the last year before."""
    signals = results.tables["signals"]
    year = int(min(PREFERRED_YEAR, signals["year"].max()))
    homes = sorted(results.tables["arisings"]["country"].astype(str).unique())
    return tuple(_page(results, country, year) for country in homes)


def _page(results: Results, country: str, year: int) -> CountryPage:
    numbers = results.tables["assumptions"]
    own = numbers[numbers["key"].astype(str).str.contains(rf"^(?:countries|country_products|market\.demand)\.{country}\.")]
    shares = _Shares(results, country)
    found = sorted(_open(own, shares), key=lambda one: (-one.weight, one.key))
    grades = Counter(own["grade"].astype(str))
    return CountryPage(
        country,
        year,
        tuple(_figures(results, country, year)),
        {grade: grades.get(grade, 0) for grade in GRADE_FACTOR},
        tuple(found[:MOST]),
        tuple(_rules(own)),
    )


def _figures(results: Results, country: str, year: int) -> Iterator[Figure]:
    """Ladder of the headline metals, then who gains."""
    count = int(results.manifest["replications"])
    signals, gains = (_of(results.tables[name], country, year) for name in ("signals", "gains"))
    for metal in results.summary["headline"]:
        rows = signals[signals["metal"] == metal]
        for step in LADDER:
            if rows[step].notna().any():
                yield _figure(f"{metal} {step}", "kg", rows, step, count)
    yield _figure("collection_rate_share", "share", signals[signals["metal"] == "total"], "collection_rate_share", count)
    for name, unit in GAINS.items():
        yield _figure(name, unit, gains[gains["metal"] == "total"], name, count)


def _of(frame: pd.DataFrame, country: str, year: int) -> pd.DataFrame:
    return frame[(frame["country"] == country) & (frame["year"] == year)]


def _figure(name: str, unit: str, rows: pd.DataFrame, column: str, replications: int) -> Figure:
    """Quantiles over replications; a replication without a row counts as nothing."""
    values = np.zeros(replications)
    values[rows["replication"].to_numpy()] = rows[column].to_numpy(dtype=np.float64, na_value=0.0)
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9)).tolist()
    return Figure(name, unit, low, middle, high)


class _Shares:
    """Parts of a country's flow: by product, group and channel, and what is lost of what is offered."""

    def __init__(self, results: Results, country: str) -> None:
        arisings, collection = (results.tables[name] for name in ("arisings", "collection"))
        mass = arisings[arisings["country"] == country].groupby("product", observed=True)["mass_kg"].sum()
        offers = collection[collection["country"] == country].groupby("channel", observed=True)[["offered_kg", "lost_kg"]].sum()
        total = float(offers["offered_kg"].sum()) or 1.0
        self.product = {str(key): float(kg) / float(mass.sum()) for key, kg in mass.items()}
        self.channel = {str(key): float(kg) / total for key, kg in offers["offered_kg"].items()}
        self.informal = sum(share for key, share in self.channel.items() if key.startswith("informal"))
        self.lost = float(offers["lost_kg"].sum()) / total

    def reach(self, path: KeyPath) -> float:
        """Share of the country's flow that an input moves; 0 where it moves costs only, or nothing by itself."""
        part, name = path[2], path[-1]
        if path[0] == "country_products":
            return self.product.get(part, 0.0)
        found = {
            "arisings": 1.0 if name in LEVELS else self.product.get(name, 0.0),
            "behaviour": self.lost if name in LOSSES else 0.0,
            "informal": self.informal if name in DIVIDING else 0.0,
            "channels": self.channel.get(path[3], 0.0) if name in OF_CHANNEL | DIVIDING else 0.0,
        }
        return found.get(part, 0.0) if path[0] == "countries" else 0.0


def _open(own: pd.DataFrame, shares: _Shares) -> Iterator[Open]:
    """Inputs of grade C and D that move something, with their weight."""
    head = ("key", "value", "unit", "low", "high", "grade", "source")
    for row in own[list(head)].astype(str).itertuples(index=False, name=None):
        told = dict(zip(head, row, strict=True))
        reach = shares.reach(split(told["key"]))
        if told["grade"] in OPEN_GRADES and reach > 0.0 and told["unit"] != "":
            weight = reach * _width(split(told["key"])[-1], told)
            if weight > 0.0:
                yield Open(**told, weight=weight)


def _width(name: str, told: Mapping[str, str]) -> float:
    """Log of high over low, of a share that divides a flow the difference; without a range, what the grade says."""
    if not told["low"] or not told["high"] or _PATH.match(told["value"]):
        return 2.0 * math.log(GRADE_FACTOR[told["grade"]]) if name not in DIVIDING else 0.0
    least, most = float(told["low"]), float(told["high"])
    if name in DIVIDING or most <= least:
        return most - least
    return min(math.log(most / least), WIDEST) if least > 0.0 else WIDEST


def _rules(own: pd.DataFrame) -> Iterator[Rule]:
    """Dates from which channels work, or no longer do."""
    for key, value, source in own[["key", "value", "source"]].astype(str).sort_values("key").itertuples(index=False, name=None):
        if key.endswith((".start", ".end")):
            yield Rule(key, value, source)
