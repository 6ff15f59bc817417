"""From a world that has run to result tables: sums become means, references become names, rows get an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR
from sim.engine.world import World
from sim.nodes.arisings import Arisings
from sim.results.schema import TABLES
from sim.results.tables import Columns, from_columns, from_rows, own_head, ratio
from sim.scenario.schema import ScenarioSpec
from sim.simulate.books import YearBooks
from sim.simulate.bottlenecks import bottlenecks
from sim.simulate.lineage import lineage
from sim.simulate.signals import signals
from sim.simulate.treatment import Treatment

LEAD_BIN_DAYS = 30.0
Cells = dict[str, Any]


class Collector:
    """Watches one replication at year ends and turns it into tables."""

    def __init__(self, world: World, spec: ScenarioSpec, arisings: Arisings, treatment: Treatment) -> None:
        self._world, self._spec, self._arisings, self._treatment = world, spec, arisings, treatment
        self._books = YearBooks(world.ledger, spec)

    def year_end(self, year: int) -> None:
        """Note what the book says at the end of `year`, before anything of the next year moves."""
        self._world.ledger.fold(self._world.clock.now)
        self._books.close(year)

    def tables(self) -> dict[str, Columns]:
        """All tables of the replication but `inputs` and without column `replication`; columns as in `results.schema`."""
        recorded = {name: recorded_cells(self._world, name) for name in self._world.recorder.columns}
        tables = {
            "flows": _by_substance("flows", self._world.ledger.flows, self._spec),
            "stocks": _by_substance("stocks", self._books.stocks, self._spec),
            "arisings": _arisings(self._arisings),
            "collection": _collection(recorded),
            "fleet": _fleet(recorded),
            "plants": _plants(recorded, self._treatment, self._world),
            "shipments": _shipments(recorded),
            "recovery": _recovery(recorded, self._spec),
            "lead_times": _lead_times(recorded),
            "market": _market(recorded, self._spec, self._world),
            "payments": from_columns("payments", recorded["payments"]),
            "emissions": from_columns("emissions", recorded["emissions"]),
            "milestones": _milestones(self._treatment),
            "lineage": lineage(recorded, self._world.tags.origins, self._arisings, self._spec),
        }
        tables["signals"] = signals(tables, self._spec)
        tables["bottlenecks"] = bottlenecks(self._books, tables, self._spec)
        return tables


def recorded_cells(world: World, table: str) -> Cells:
    """A recorder table as columns: keys as tuples, measures as arrays."""
    keys, measures = world.recorder.columns[table]
    rows = list(world.recorder.rows(table))
    columns: Iterable[Sequence[Any]] = zip(*(key for key, _ in rows), strict=True) if rows else [()] * len(keys)
    amounts = chain.from_iterable(cell for _, cell in rows)
    values = np.fromiter(amounts, np.float64, len(rows) * len(measures)).reshape(len(rows), len(measures))
    return {**dict(zip(keys, columns, strict=True)), **dict(zip(measures, values.T, strict=True))}


def _chosen(cells: Cells, names: str) -> Cells:
    return {name: cells[name] for name in names.split()}


def _by_substance(table: str, booked: Mapping[tuple[Any, ...], NDArray[np.float64]], spec: ScenarioSpec) -> Columns:
    """Rows of every substance and `total` that is not zero."""
    names = (*spec.substances, "total")
    keys = list(booked)
    masses = np.array([booked[key] for key in keys]).reshape(len(keys), len(spec.substances))
    masses = np.hstack([masses, masses.sum(axis=1, keepdims=True)])
    row, column = np.nonzero(masses)
    heads = ("year", "country", "source", "target") if table == "flows" else ("year", "country", "account")
    columns: Cells = {head: [keys[index][place] for index in row.tolist()] for place, head in enumerate(heads)}
    return from_columns(
        table, {**columns, "substance": [names[index] for index in column.tolist()], "mass_kg": masses[row, column]}
    )


def _arisings(arisings: Arisings) -> Columns:
    country, product, year = np.nonzero(arisings.discarded_kg)
    return from_columns(
        "arisings",
        {
            "year": arisings.calendar.start + year,
            "country": [arisings.countries[index] for index in country.tolist()],
            "product": [arisings.products[index] for index in product.tolist()],
            "units": arisings.discarded_units[country, product, year],
            "mass_kg": arisings.discarded_kg[country, product, year],
            "units_with_magnet_share": arisings.units_with_magnet_share[country, product, year],
        },
    )


def _collection(recorded: Mapping[str, Cells]) -> Columns:
    cells = recorded["collection"]
    names = "year country zone channel waiting_start_kg offered_kg collected_kg retried_kg lost_kg waiting_end_kg diverted_kg"
    return from_columns(
        "collection", {**_chosen(cells, names), "wait_days_mean": ratio(cells["wait_kg_days"], cells["collected_kg"])}
    )


def _fleet(recorded: Mapping[str, Cells]) -> Columns:
    cells = recorded["fleet"]
    names = "year country zone channel vehicle routes stops km hours load_kg cost_usd co2_kg"
    return from_columns("fleet", {**_chosen(cells, names), "load_share": ratio(cells["load_kg"], cells["capacity_kg"])})


def _plants(recorded: Mapping[str, Cells], treatment: Treatment, world: World) -> Columns:
    cells = recorded["plants"]
    month = np.asarray(cells["month"], dtype=np.int64)
    schedule = {name: plant.schedule for name, plant in treatment.plants.items()}
    ends = world.calendar.month_starts[1:]
    return from_columns(
        "plants",
        {
            **_chosen(cells, "plant intake_kg throughput_kg background_kg yard_kg down_hours"),
            "year": world.calendar.start + month // MONTHS_PER_YEAR,
            "month": month % MONTHS_PER_YEAR + 1,
            "status": [schedule[plant].status(ends[index]) for plant, index in zip(cells["plant"], month.tolist(), strict=True)],
            "utilisation_share": ratio(cells["throughput_kg"] + cells["background_kg"], cells["capacity_kg"]),
            "wait_days_mean": ratio(cells["wait_kg_days"], cells["throughput_kg"]),
        },
    )


def _shipments(recorded: Mapping[str, Cells]) -> Columns:
    cells = recorded["shipments"]
    return from_columns(
        "shipments",
        {
            **_chosen(cells, "year origin destination fraction boxes mass_kg refused blocked_kg"),
            "consent_days": ratio(cells["consent_kg_days"], cells["mass_kg"]),
            "sea_days": ratio(cells["sea_kg_days"], cells["mass_kg"]),
        },
    )


def _recovery(recorded: Mapping[str, Cells], spec: ScenarioSpec) -> Columns:
    cells = recorded["recovery"]
    countries = {plant.name: plant.country for plant in spec.plants}
    return from_columns(
        "recovery",
        {
            **cells,
            "plant_country": [countries[plant] for plant in cells["plant"]],
            "stage": [spec.processes[process].stage for process in cells["process"]],
        },
    )


def _lead_times(recorded: Mapping[str, Cells]) -> Columns:
    cells = recorded["lead_times"]
    bins: dict[tuple[int, str], dict[int, float]] = {}
    for year, metal, number, kg in zip(cells["year"], cells["metal"], cells["bin"], cells["kg"].tolist(), strict=True):
        counts = bins.setdefault((year, metal), {})
        counts[number] = counts.get(number, 0.0) + kg
    rows = []
    for (year, metal), counts in bins.items():
        numbers = np.array(sorted(counts))
        kg = np.array([counts[number] for number in numbers.tolist()])
        mean = float(((numbers + 0.5) * kg).sum() / kg.sum()) * LEAD_BIN_DAYS if kg.sum() > 0.0 else np.nan
        rows.append((year, metal, kg.sum(), mean, *binned_quantiles(numbers, kg, (0.1, 0.5, 0.9))))
    return from_rows("lead_times", rows)


def binned_quantiles(numbers: NDArray[np.int64], kg: NDArray[np.float64], shares: Sequence[float]) -> list[float]:
    """Quantiles of days from masses in bins of 30 days, `numbers` ascending; even within a bin."""
    total = kg.sum()
    if not total > 0.0:
        return [float("nan")] * len(shares)
    before = np.concatenate([[0.0], np.cumsum(kg)])
    days = []
    for share in shares:
        place = min(int(np.searchsorted(before[1:], share * total)), len(kg) - 1)
        within = (share * total - before[place]) / kg[place] if kg[place] > 0.0 else 0.0
        days.append(float(numbers[place] + min(max(within, 0.0), 1.0)) * LEAD_BIN_DAYS)
    return days


def _market(recorded: Mapping[str, Cells], spec: ScenarioSpec, world: World) -> Columns:
    """Own primary supply is not an import; recovered metal is one more supplier in `hhi` (shares squared, 0 to 1)."""
    cells = recorded["market"]
    month = np.asarray(cells["month"], dtype=np.int64)
    year = world.calendar.start + month // MONTHS_PER_YEAR
    own = _own_supply_share(cells["country"], cells["metal"], year.tolist(), spec)
    primary, recovered = cells["primary_kg"], cells["recovered_kg"]
    supplied = primary + recovered
    recovered_share = ratio(recovered, supplied)
    names = "country metal demand_kg primary_kg recovered_kg stockpile_kg shortfall_kg price_usd_per_kg primary_hhi"
    return from_columns(
        "market",
        {
            **_chosen(cells, names),
            "year": year,
            "month": month % MONTHS_PER_YEAR + 1,
            "import_dependence_share": ratio(primary * (1.0 - own), supplied),
            "hhi": np.where(primary > 0.0, cells["primary_hhi"], 0.0) * (1.0 - recovered_share) ** 2 + recovered_share**2,
        },
    )


def _own_supply_share(
    countries: Iterable[str], metals: Iterable[str], years: Iterable[int], spec: ScenarioSpec
) -> NDArray[np.float64]:
    shares = []
    for country, metal, year in zip(countries, metals, years, strict=True):
        demand = spec.market.demand.get(country, {}).get(metal)
        own = demand.supply_share.get(country) if demand is not None else None
        shares.append(own.at(year + 0.5) if own is not None else 0.0)
    return np.array(shares)


def _milestones(treatment: Treatment) -> Columns:
    rows = treatment.milestones()
    return from_columns("milestones", {name: [row[name] for row in rows] for name in own_head(TABLES["milestones"])})
