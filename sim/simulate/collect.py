"""From a world that has run to result tables: sums become means, references become names, rows get an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR
from sim.engine.world import World
from sim.nodes.arisings import Arisings
from sim.policy.finance import Verdict
from sim.results.schema import TABLES
from sim.results.tables import Columns, coded, from_columns, from_rows, own_head, ratio, taken
from sim.scenario.schema import ScenarioSpec
from sim.simulate import carbon, security
from sim.simulate.benefits import costs, gains, reuse
from sim.simulate.books import YearBooks
from sim.simulate.bottlenecks import bottlenecks, headline
from sim.simulate.cash import payments
from sim.simulate.investment import book, finance
from sim.simulate.key_signals import key_signals, sold
from sim.simulate.lineage import lineage
from sim.simulate.movements import Movements
from sim.simulate.new_scrap import new_scrap
from sim.simulate.signals import signals
from sim.simulate.treatment import Treatment

LEAD_BIN_DAYS = 30.0
Cells = dict[str, Any]


class Collector:
    """Watches one replication at year ends and turns it into tables."""

    def __init__(
        self,
        world: World,
        spec: ScenarioSpec,
        arisings: Arisings,
        treatment: Treatment,
        verdicts: Mapping[str, Verdict] = MappingProxyType({}),
    ) -> None:
        """`verdicts`: what owners thought of projects that must pay, by plant."""
        self._verdicts = verdicts
        self._world, self._spec, self._arisings, self._treatment = world, spec, arisings, treatment
        self._books = YearBooks(world.ledger)
        substances = list(spec.substances)
        self._movements = Movements(world.ledger, [substances.index(metal) for metal in headline(spec)])

    def month_end(self) -> None:
        """Close a month of movements; the ledger is folded."""
        self._movements.end_month()

    def year_end(self, year: int) -> None:
        """Note what the book says at the end of `year`, before anything of the next year moves."""
        self._world.ledger.fold(self._world.clock.now)
        self._books.close(year)

    def tables(self) -> dict[str, Columns]:
        """All tables of the replication but `inputs` and without column `replication`; columns as in `results.schema`."""
        schedules = {name: plant.schedule for name, plant in self._treatment.plants.items()}
        projects = book(self._world, self._spec, schedules)
        # first, while memory is free: it may be as large as all else
        parents = lineage(self._world.recorder.read("lineage_out"), self._world.tags, self._arisings, self._spec)
        recorded = {name: self._world.recorder.read(name) for name in self._world.recorder.columns}
        tables = {
            "flows": _by_substance("flows", self._world.ledger.flows, self._spec),
            "stocks": _by_substance("stocks", self._books.stocks, self._spec),
            "arisings": _arisings(self._arisings),
            "collection": _collection(recorded),
            "fleet": _fleet(recorded),
            "plants": _plants(recorded, self._treatment, self._world),
            "shipments": _shipments(recorded),
            "recovery": _recovery(recorded, self._spec),
            "new_scrap": new_scrap(recorded["plants"], self._treatment.plants, self._world.calendar, self._spec),
            "lead_times": _lead_times(recorded),
            "market": security.market(recorded["market"], self._world),
            "security": security.security(recorded["market"], self._world),
            "supply": from_columns("supply", recorded["supply"]),
            "shocks": from_columns("shocks", recorded["shocks"]),
            "responses": from_columns("responses", recorded["responses"]),
            "payments": payments(recorded["payments"]),
            "sales": _sales(recorded["sales"]),
            "finance": finance(self._world, self._spec, projects, self._verdicts),
            "emissions": carbon.emissions(recorded["emissions"], self._spec),
            "milestones": _milestones(self._treatment),
            "lineage": parents,
        }
        tables["signals"] = signals(tables, self._spec)
        tables["costs"] = costs(tables, self._spec)
        tables["gains"] = gains(tables, self._spec)
        tables["reuse"] = reuse(tables, self._spec, self._arisings)
        tables["bottlenecks"] = bottlenecks(self._movements, self._world.ledger.accounts, recorded, self._spec)
        tables["primary"] = carbon.primary(tables["signals"], self._spec)
        tables["key_signals"] = key_signals(tables, self._spec, schedules, self._world.calendar, sold(self._arisings))
        return tables


def _chosen(cells: Cells, names: str) -> Cells:
    return {name: cells[name] for name in names.split()}


def _by_substance(table: str, booked: Mapping[tuple[Any, ...], NDArray[np.float64]], spec: ScenarioSpec) -> Columns:
    """Rows of every substance and `total` that is not zero."""
    names = (*spec.substances, "total")
    keys = list(booked)
    masses = np.array([booked[key] for key in keys]).reshape(len(keys), len(spec.substances))
    masses = np.hstack([masses, masses.sum(axis=1, keepdims=True)])
    some, made = np.flatnonzero(masses.any(axis=1)).tolist(), np.flatnonzero(masses.any(axis=0)).tolist()
    masses = masses[np.ix_(some, made)]
    row, column = np.nonzero(masses)
    heads = ("country", "source", "target") if table == "flows" else ("country", "account")
    years, *texts = zip(*(keys[index] for index in some), strict=True) if some else [()] * (1 + len(heads))
    columns: Cells = {head: taken(coded(each), row) for head, each in zip(heads, texts, strict=True)}
    columns |= {"year": np.array(years, dtype=np.int64)[row], "substance": taken(coded(names[index] for index in made), column)}
    return from_columns(table, {**columns, "mass_kg": masses[row, column]})


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
        rows.append((year, metal, kg.sum(), mean, *binned_quantiles(numbers, kg, (0.1, 0.25, 0.5, 0.75, 0.9))))
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


def _sales(cells: Cells) -> Columns:
    columns = {name: values for name, values in cells.items() if name != "kg"}
    return from_columns("sales", columns | {"contained_kg": cells["kg"]})


def _milestones(treatment: Treatment) -> Columns:
    rows = treatment.milestones()
    return from_columns("milestones", {name: [row[name] for row in rows] for name in own_head(TABLES["milestones"])})
