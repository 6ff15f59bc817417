"""How long metal stays in each stage on its way, and what of it is lost there, from the tables of a year.

Waits that a run records are told as recorded: at home, in yards, for consent, at sea. The other stages follow from what
they held at the two year ends over what they passed on (Little's law), a rough figure where loads come in lumps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.core.calendar import DAYS_PER_YEAR
from sim.results.store import Results
from sim.study.stored import rows_of

BY_STOCK_AT_HOME, BY_STOCK_ABROAD = ("depot", "linehaul", "processing", "haul"), ("refining",)
OUTSIDE_LOSSES = ("mixed_waste", "informal_residue", "informal_metal", "landfill", "other_recycling", "leakage", "slag")
ORDER = ("waiting", "depot", "linehaul", "yard", "processing", "haul", "consent", "sea", "refinery_yard", "refining")
Sums = dict[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Stay:
    """Mean days in a stage of what passes through it, weighted by the metal; recorded, or from stocks at year ends."""

    stage: str
    days: float
    recorded: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """Metal that left the boundary in the year, in the countries the recovered metal came from [kg, mean of replications]."""

    target: str
    kg: float


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of the recovered metal: kilograms by country of discard, by plant, and by (zone, channel, year of discard).

    fractions : what each process takes.
    """

    metal: str
    year: int
    origins: Mapping[str, float]
    plants: Mapping[str, float]
    parents: Mapping[tuple[str, str, int], float]
    fractions: Mapping[str, Collection[str]]


def journey(results: Results, way: Way) -> tuple[tuple[Stay, ...], tuple[Loss, ...]]:
    """Stays in the order of the chain, and losses, of a metal in a year."""
    flows = rows_of(results, "flows", substance=way.metal, year=way.year)
    recovery = rows_of(results, "recovery", metal=way.metal, year=way.year)
    there = recovery["plant"].isin(list(way.plants))
    before = recovery[recovery["origin"].isin(list(way.origins)) & ~there]
    plants = rows_of(results, "plants", year=way.year)
    found = [
        *_mean("waiting", _at_home(results, way)),
        *_mean("yard", _in_yards(plants, before)),
        *_mean("refinery_yard", _in_yards(plants, recovery[there])),
        *_shipped(results, way, recovery[there]),
        *_from_stocks(results, way, flows, recovery),
    ]
    stays = tuple(sorted(found, key=lambda stay: ORDER.index(stay.stage)))
    lost = _sums(flows[flows["country"].isin(list(way.origins)) & flows["target"].isin(OUTSIDE_LOSSES)], ("target",))
    count = int(results.manifest["replications"])
    losses = tuple(Loss(name, lost[name,] / count) for name in OUTSIDE_LOSSES if lost.get((name,), 0.0) > 0.0)
    return stays, losses


def _mean(stage: str, weighted: Iterable[tuple[float, float]]) -> Iterator[Stay]:
    """A recorded stay from pairs of days and weight; nothing where no weight is."""
    pairs = [(days, weight) for days, weight in weighted if np.isfinite(days) and weight > 0.0]
    if pairs:
        days, weights = zip(*pairs, strict=True)
        yield Stay(stage, float(np.average(days, weights=weights)), recorded=True)


def _at_home(results: Results, way: Way) -> Iterator[tuple[float, float]]:
    """Days that offers of each parent waited, in the year of discard."""
    table = rows_of(results, "collection")
    table = table[table["wait_days_mean"].notna()].astype({"zone": str, "channel": str})
    waits = table.groupby(["zone", "channel", "year"])["wait_days_mean"].mean()
    known: dict[tuple[str, str, int], float] = dict(zip(waits.index.tolist(), waits.tolist(), strict=True))
    for parent, kg in way.parents.items():
        if parent in known:
            yield known[parent], kg


def _in_yards(plants: pd.DataFrame, recovery: pd.DataFrame) -> Iterator[tuple[float, float]]:
    """Days in the yard of each plant of some rows of table `recovery`, weighted by the metal it was fed."""
    fed = recovery.drop_duplicates(["replication", "origin", "plant"]).groupby("plant", observed=True)["fed_kg"].sum()
    for plant, kg in fed.items():
        own = plants[(plants["plant"] == plant) & (plants["throughput_kg"] > 0.0) & plants["wait_days_mean"].notna()]
        if len(own):
            yield float(np.average(own["wait_days_mean"], weights=own["throughput_kg"])), float(kg)


def _shipped(results: Results, way: Way, recovery: pd.DataFrame) -> Iterator[Stay]:
    """Consent and voyage of the fractions that the refineries of table `recovery` take, weighted by the metal of each origin."""
    if recovery.empty:
        return
    fractions = {name for process in recovery["process"].astype(str).unique() for name in way.fractions[process]}
    ends = set(recovery["plant_country"].astype(str))
    table = rows_of(results, "shipments", year=way.year)
    table = table[table["fraction"].isin(list(fractions)) & table["destination"].isin(list(ends)) & (table["mass_kg"] > 0.0)]
    for stage, column in (("consent", "consent_days"), ("sea", "sea_days")):
        means = (
            (float(np.average(rows[column], weights=rows["mass_kg"])), way.origins.get(str(origin), 0.0))
            for origin, rows in table.groupby("origin", observed=True)
        )
        yield from _mean(stage, means)


def _from_stocks(results: Results, way: Way, flows: pd.DataFrame, recovery: pd.DataFrame) -> Iterator[Stay]:
    """Stages that nobody times: what they hold over what they pass on."""
    stocks = rows_of(results, "stocks", substance=way.metal)
    before, after = (_sums(stocks[stocks["year"] == year], ("country", "account")) for year in (way.year - 1, way.year))
    passed = _sums(flows, ("country", "source"))
    country = {
        str(row.plant): str(row.plant_country) for row in recovery[["plant", "plant_country"]].drop_duplicates().itertuples()
    }
    abroad: dict[str, float] = {}
    for plant, kg in way.plants.items():
        abroad[country.get(plant, "")] = abroad.get(country.get(plant, ""), 0.0) + kg
    for stages, weights in ((BY_STOCK_AT_HOME, way.origins), (BY_STOCK_ABROAD, abroad)):
        for stage in stages:
            pairs = []
            for key, kg in (((name, stage), kg) for name, kg in weights.items()):
                if passed.get(key, 0.0) > 0.0 and kg > 0.0:
                    held = (before.get(key, after.get(key, 0.0)) + after.get(key, 0.0)) / 2.0
                    pairs.append((DAYS_PER_YEAR * held / passed[key], kg))
            for stay in _mean(stage, pairs):
                yield Stay(stay.stage, stay.days, recorded=False)


def _sums(frame: pd.DataFrame, keys: tuple[str, ...]) -> Sums:
    sums: Sums = {}
    for *key, kg in zip(*(frame[name].astype(str) for name in keys), frame["mass_kg"], strict=True):
        sums[tuple(key)] = sums.get(tuple(key), 0.0) + float(kg)
    return sums
