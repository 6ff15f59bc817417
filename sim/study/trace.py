"""Recovered metal back to where it was discarded: zone, channel, year of discard, and the products it was in.

Parents come from table `lineage` and sum to the recovered mass. Products and years of sale are shared out within a parent by
what the discards of its country and year held, as far as the channel takes them; that is an estimate, since trucks mix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from sim.core.errors import UsageError
from sim.results.store import Results
from sim.scenario.keys import Tree, nearest
from sim.study.cohort_shares import CohortShares
from sim.study.journey import Loss, Stay, Way, journey
from sim.study.stored import resolved, rows_of

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
    sale_years: dict[int, float]


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
    metal, mean and quantiles, for all plants together; empty where nothing was recovered. stays : days in each stage of what
    passes it. losses : metal lost in the year in the countries it came from.
    """

    metal: str
    year: int
    plant: str | None
    replications: int
    recovered_kg: float
    parents: tuple[Parent, ...]
    stops: tuple[Stop, ...]
    days: dict[str, float]
    stays: tuple[Stay, ...]
    losses: tuple[Loss, ...]

    def by(self, part: str) -> dict[str, float]:
        """Kilograms by `plant`, `country`, `zone`, `channel`, `discard_year`, `product` or `sale_year`, largest first."""
        sums: dict[str, float] = {}
        for parent in self.parents:
            for name, kg in _divided(parent, part).items():
                sums[name] = sums.get(name, 0.0) + kg
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))

    def data(self) -> dict[str, Any]:
        """Everything, for programs."""
        return asdict(self)


def _divided(parent: Parent, part: str) -> dict[str, float]:
    """Kilograms of a parent by one of its properties."""
    if part == "product":
        return parent.products
    if part == "sale_year":
        return {str(year): kg for year, kg in parent.sale_years.items()} or {UNKNOWN: parent.kg}
    return {str(getattr(parent, part)): parent.kg}


def trace(results: Results, metal: str, year: int, plant: str | None = None) -> Trace:
    """Follow a metal recovered in a year back, from all plants or one.

    Raises
    ------
    UsageError
        For a metal, year or plant of which nothing is traced; says what there is.
    """
    _require(results, metal, year)
    rows = rows_of(results, "lineage", metal=metal, year=year)
    if plant is not None:
        here = sorted(map(str, rows["plant"].unique()))
        rows = rows[rows["plant"] == plant]
        if rows.empty:
            raise UsageError(f"no {metal} was recovered by '{plant}' in {year}.{_near(plant, here)}")
    count = int(results.manifest["replications"])
    keys = ["plant", "zone", "channel", "discard_year"]
    masses = rows.groupby(keys, observed=True)["recovered_kg"].sum() / count
    tree = resolved(results)
    parents = tuple(_parents(results, tree, metal, masses))
    stops = tuple(_stops(rows_of(results, "recovery", metal=metal, year=year), sorted(set(rows["plant"].astype(str))), count))
    origins, plants = _sums((one.country, one.kg) for one in parents), {one.plant: one.contained_kg for one in stops}
    homes: dict[tuple[str, str, int], float] = {}
    for one in parents:
        place = (one.zone, one.channel, one.discard_year)
        homes[place] = homes.get(place, 0.0) + one.kg
    stays, losses = journey(results, Way(metal, year, origins, plants, homes, _fractions(tree)))
    return Trace(
        metal, year, plant, count, float(rows["recovered_kg"].sum()) / count, parents, stops,
        {} if plant is not None else _days(rows_of(results, "lead_times", metal=metal, year=year)), stays, losses,
    )  # fmt: skip


def _sums(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for key, kg in pairs:
        sums[key] = sums.get(key, 0.0) + kg
    return sums


def _require(results: Results, metal: str, year: int) -> None:
    metals = sorted(results.summary["headline"])
    if metal not in metals:
        raise UsageError(f"no {metal} is traced in this run.{_near(metal, metals)}")
    years = results.summary["years"]
    if year not in years:
        raise UsageError(f"the run covers {years[0]} to {years[-1]}, not {year}")


def _near(word: str, names: list[str]) -> str:
    near = nearest(word, names)
    return f" Did you mean {near}?" if near else f" There is: {', '.join(names) or 'nothing'}"


def _fractions(tree: Tree) -> dict[str, tuple[str, ...]]:
    """What each process takes."""
    return {name: tuple(process["transfer"]) for name, process in tree["processes"].items()}


def _parents(results: Results, tree: Tree, metal: str, masses: pd.Series[float]) -> list[Parent]:
    countries = _countries(results.manifest["zones"])
    shares = CohortShares(tree, metal)
    parents = []
    rows: list[tuple[tuple[str, str, str, int], float]] = list(zip(masses.index.tolist(), masses.tolist(), strict=True))
    for (plant, zone, channel, year), kg in rows:
        if kg > 0.0:
            country = countries.get(zone, UNKNOWN)
            products, sold = shares.of(country, channel, int(year))
            divided = {name: share * kg for name, share in products.items()} or {UNKNOWN: kg}
            by_sale = {when: share * kg for when, share in sold.items()}
            parents.append(Parent(plant, country, zone, channel, int(year), kg, divided, by_sale))
    return sorted(parents, key=lambda one: (-one.kg, one.plant, one.zone, one.channel, one.discard_year))


def _countries(zones: Mapping[str, Tree]) -> dict[str, str]:
    """Country of every zone and of every coarse region."""
    found = {str(zone["region"]): str(zone["country"]) for zone in zones.values()}
    return found | {key: str(zone["country"]) for key, zone in zones.items()}


def _stops(recovery: pd.DataFrame, plants: list[str], count: int) -> list[Stop]:
    rows = recovery[recovery["plant"].isin(plants)]
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


def _days(lead_times: pd.DataFrame) -> dict[str, float]:
    """Days from discard to metal, means over replications weighted by what each recovered."""
    rows = lead_times[lead_times["recovered_kg"] > 0.0]
    weights = rows["recovered_kg"] / rows["recovered_kg"].sum()
    names = ("days_mean", "days_p10", "days_p50", "days_p90")
    return {name: float((rows[name] * weights).sum()) for name in names} if len(rows) else {}
