"""Recovered metal back to where it was discarded: zone, channel, year of discard, and the products it was in.

Parents come from table `lineage` and sum to the recovered mass. Products are shared out within a parent by what the
arisings of its country and year held, as far as the channel takes them; that is an estimate, since trucks mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from sim.core.errors import UsageError
from sim.results.store import Results
from sim.scenario.keys import Tree, nearest
from sim.study.product_shares import ProductShares
from sim.study.stored import resolved

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Parent:
    """Mean mass of recovered metal that came from one place, channel and year of discard."""

    plant: str
    country: str
    zone: str
    channel: str
    discard_year: int
    kg: float
    products: dict[str, float]


@dataclass(frozen=True, slots=True)
class Stop:
    """A plant where the metal became a product in the year: mean element fed and in its products [kg]."""

    plant: str
    process: str
    country: str
    fed_kg: float
    contained_kg: float


@dataclass(frozen=True, slots=True)
class Trace:
    """Where metal recovered in a year came from; means over replications.

    recovered_kg : element that left plants as a product. parents : largest first; they sum to it. days : from discard to
    metal, mean and quantiles, for all plants together; empty where nothing was recovered.
    """

    metal: str
    year: int
    plant: str | None
    replications: int
    recovered_kg: float
    parents: tuple[Parent, ...]
    stops: tuple[Stop, ...]
    days: dict[str, float]

    def by(self, part: str) -> dict[str, float]:
        """Kilograms by `plant`, `country`, `zone`, `channel`, `discard_year` or `product`, largest first."""
        sums: dict[str, float] = {}
        for parent in self.parents:
            told = parent.products if part == "product" else {str(getattr(parent, part)): parent.kg}
            for name, kg in told.items():
                sums[name] = sums.get(name, 0.0) + kg
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))

    def data(self) -> dict[str, Any]:
        """Everything, for programs."""
        return asdict(self)


def trace(results: Results, metal: str, year: int, plant: str | None = None) -> Trace:
    """Follow a metal recovered in a year back, from all plants or one.

    Raises
    ------
    UsageError
        For a metal, year or plant of which nothing is traced; says what there is.
    """
    lineage = results.tables["lineage"]
    _require(lineage, results, metal, year)
    rows = lineage[(lineage["metal"] == metal) & (lineage["year"] == year)]
    if plant is not None:
        here = sorted(map(str, rows["plant"].unique()))
        rows = rows[rows["plant"] == plant]
        if rows.empty:
            raise UsageError(f"no {metal} was recovered by '{plant}' in {year}.{_near(plant, here)}")
    count = int(results.manifest["replications"])
    keys = ["plant", "zone", "channel", "discard_year"]
    masses = rows.groupby(keys, observed=True)["recovered_kg"].sum() / count
    return Trace(
        metal,
        year,
        plant,
        count,
        float(rows["recovered_kg"].sum()) / count,
        tuple(_parents(results, metal, masses)),
        tuple(_stops(results.tables["recovery"], metal, year, sorted(set(rows["plant"].astype(str))), count)),
        {} if plant is not None else _days(results.tables["lead_times"], metal, year),
    )


def _require(lineage: pd.DataFrame, results: Results, metal: str, year: int) -> None:
    metals = sorted(map(str, lineage["metal"].unique()))
    if metal not in metals:
        raise UsageError(f"no {metal} is traced in this run.{_near(metal, metals)}")
    years = results.summary["years"]
    if year not in years:
        raise UsageError(f"the run covers {years[0]} to {years[-1]}, not {year}")


def _near(word: str, names: list[str]) -> str:
    near = nearest(word, names)
    return f" Did you mean {near}?" if near else f" There is: {', '.join(names) or 'nothing'}"


def _parents(results: Results, metal: str, masses: pd.Series[float]) -> list[Parent]:
    tree = resolved(results)
    countries = _countries(results.manifest["zones"])
    shares = ProductShares(tree, results.tables["arisings"], metal)
    parents = []
    rows: list[tuple[tuple[str, str, str, int], float]] = list(zip(masses.index.tolist(), masses.tolist(), strict=True))
    for (plant, zone, channel, year), kg in rows:
        if kg > 0.0:
            country = countries.get(zone, UNKNOWN)
            divided = {name: share * kg for name, share in shares.of(country, channel, int(year)).items()}
            parents.append(Parent(plant, country, zone, channel, int(year), kg, divided or {UNKNOWN: kg}))
    return sorted(parents, key=lambda one: (-one.kg, one.plant, one.zone, one.channel, one.discard_year))


def _countries(zones: Mapping[str, Tree]) -> dict[str, str]:
    """Country of every zone and of every coarse region."""
    found = {str(zone["region"]): str(zone["country"]) for zone in zones.values()}
    return found | {key: str(zone["country"]) for key, zone in zones.items()}


def _stops(recovery: pd.DataFrame, metal: str, year: int, plants: list[str], count: int) -> list[Stop]:
    rows = recovery[(recovery["metal"] == metal) & (recovery["year"] == year) & recovery["plant"].isin(plants)]
    # what was fed is told again for every form made of it
    fed = rows.drop_duplicates(["replication", "origin", "plant"]).groupby("plant", observed=True)["fed_kg"].sum()
    return [
        Stop(
            str(plant),
            str(group["process"].iloc[0]),
            str(group["plant_country"].iloc[0]),
            float(fed[plant]) / count,
            float(group["contained_kg"].sum()) / count,
        )
        for plant, group in rows.groupby("plant", observed=True)
    ]


def _days(lead_times: pd.DataFrame, metal: str, year: int) -> dict[str, float]:
    """Days from discard to metal, means over replications weighted by what each recovered."""
    rows = lead_times[(lead_times["metal"] == metal) & (lead_times["year"] == year) & (lead_times["recovered_kg"] > 0.0)]
    weights = rows["recovered_kg"] / rows["recovered_kg"].sum()
    names = ("days_mean", "days_p10", "days_p50", "days_p90")
    return {name: float((rows[name] * weights).sum()) for name in names} if len(rows) else {}
