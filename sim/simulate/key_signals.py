"""What people watch, modelled against pledged: collection, recovery, finance, permits, plants, consents, offtake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isnan, nan

import numpy as np

from sim.core import indicators
from sim.core.calendar import DAYS_PER_YEAR, MONTHS_PER_YEAR, Calendar
from sim.core.units import KG_PER_T
from sim.nodes.arisings import Arisings
from sim.nodes.plant_spec import PlantSpec
from sim.nodes.schedule import Schedule
from sim.results.tables import Columns, from_rows, numbers, texts
from sim.scenario.schema import ScenarioSpec
from sim.simulate.sums import Sums, is_one_of, sums
from sim.trade.contract import Contracts

Place = tuple[int, str]
Row = tuple[int, str, str, str, float, float]
"""Year, country, signal, unit, pledged, modelled; missing where there is no pledge."""
INFORMAL = "informal_buyer"
SALES_YEARS = 3  # of which the mean is the denominator of the European collection rate
CRUDE_YARD, CRUDE_RESIDUE = "informal_yard", "informal_residue"
CRUDE_LOSSES = {
    "Cu, Ni, Co and Sn in crude residue": frozenset({"Cu", "Ni", "Co", "Sn"}),
    "gold lost to crude leaching": frozenset({"Au"}),
}


def key_signals(
    tables: Mapping[str, Columns],
    spec: ScenarioSpec,
    schedules: Mapping[str, Schedule],
    calendar: Calendar,
    sold_kg: Mapping[Place, float],
) -> Columns:
    """Table `key_signals`; `schedules`: dates of every plant; `sold_kg`: put on market by year and country."""
    year_ends = dict(zip(calendar.years, map(float, calendar.month_starts[MONTHS_PER_YEAR::MONTHS_PER_YEAR]), strict=True))
    found = (
        *_collection(tables, spec, sold_kg),
        *_crude(tables["flows"]),
        *_recovery(tables["signals"], spec),
        *_projects(spec, schedules, year_ends),
        *_treated(tables["plants"], spec, schedules, year_ends),
        *_consents(tables["shipments"]),
        *_offtake(tables.get("sales"), spec, calendar),
    )
    return from_rows("key_signals", found)


def sold(arisings: Arisings) -> dict[Place, float]:
    """Mass put on market by year and country [kg]."""
    by_country = arisings.put_on_market_kg.sum(axis=1)
    return {
        (year, country): float(by_country[row, at])
        for row, country in enumerate(arisings.countries)
        for at, year in enumerate(arisings.pom_years)
    }


def _collection(tables: Mapping[str, Columns], spec: ScenarioSpec, sold_kg: Mapping[Place, float]) -> Iterator[Row]:
    """Share of a country's waste that formal channels reach; what they really fetch, over waste and over sales."""
    table, signals = tables["collection"], tables["signals"]
    waste = sums(signals, "year country", "in_waste_kg", is_one_of(signals, "metal", {"total"}))
    reached, fetched = defaultdict[Place, float](float), defaultdict[Place, float](float)
    for measure, total in (("offered_kg", reached), ("collected_kg", fetched)):
        for (year, country, channel), kg in sums(table, "year country channel", measure).items():
            if spec.countries[country].channels[channel].kind != INFORMAL:
                total[year, country] += kg
    for (year, country), kg in waste.items():
        pledged, modelled = (float(indicators.collection_rate(part[year, country], kg)) for part in (reached, fetched))
        yield year, country, "collection coverage", "share", pledged, modelled
        before = [sold_kg.get((past, country), nan) for past in range(year - SALES_YEARS, year)]
        of_sales = float(indicators.collection_rate_of_sales(fetched[year, country], before))
        if not isnan(of_sales):
            yield year, country, "collected over sales", "share", nan, of_sales


def _crude(flows: Columns) -> Iterator[Row]:
    """What is burnt and leached in the open: devices, metals left in the residue (a proxy of pollution), gold lost."""
    brought = is_one_of(flows, "target", {CRUDE_YARD}) & ~is_one_of(flows, "source", {CRUDE_YARD})
    residue = is_one_of(flows, "target", {CRUDE_RESIDUE})
    whole = is_one_of(flows, "substance", {"total"})
    for (year, country), kg in sums(flows, "year country", "mass_kg", brought & whole).items():
        yield year, country, "treated crudely", "kg", nan, kg
    for signal, metals in CRUDE_LOSSES.items():
        lost = np.where(is_one_of(flows, "substance", metals), numbers(flows, "mass_kg"), 0.0)
        for (year, country), kg in sums(flows, "year country", lost, residue).items():
            yield year, country, signal, "kg", nan, kg


def _recovery(signals: Columns, spec: ScenarioSpec) -> Iterator[Row]:
    for year, country, metal, rate in _cells(signals, "eol_rr_share"):
        if metal in spec.substances and spec.substances[metal].headline and not isnan(rate):
            yield year, country, f"recovery rate {metal}", "share", nan, rate


def _cells(signals: Columns, measure: str) -> Iterator[tuple[int, str, str, float]]:
    names = (numbers(signals, "year").tolist(), texts(signals, "country"), texts(signals, "metal"))
    return zip(*names, numbers(signals, measure).tolist(), strict=True)


def _projects(spec: ScenarioSpec, schedules: Mapping[str, Schedule], year_ends: Mapping[int, float]) -> Iterator[Row]:
    """Plants that were not running at the start: announced to be financed, permitted, built, and really so by year end."""
    projects = [(plant.country, schedules[plant.name]) for plant in _to_build(spec) if plant.name in schedules]
    for year, end in year_ends.items():
        for country in sorted({country for country, _ in projects}):
            own = [schedule for home, schedule in projects if home == country]
            announced = float(sum(schedule.announced_day < end for schedule in own))
            planned = float(sum(schedule.planned_day < end for schedule in own))
            for signal, pledged, days in (
                ("plants financed", announced, [schedule.financed_day for schedule in own]),
                ("plants permitted", announced, [schedule.permitted_day for schedule in own]),
                ("plants built", planned, [schedule.start_day for schedule in own]),
            ):
                yield year, country, signal, "plants", pledged, float(sum(day < end for day in days))


def _to_build(spec: ScenarioSpec) -> list[PlantSpec]:
    return [plant for plant in spec.plants if plant.status not in {"operating", "closed"}]


def _treated(
    plants: Columns, spec: ScenarioSpec, schedules: Mapping[str, Schedule], year_ends: Mapping[int, float]
) -> Iterator[Row]:
    """Mass new plants treat in a year: nameplate from the day announced, and what they work."""
    country = {plant.name: plant.country for plant in _to_build(spec)}
    worked, pledged = defaultdict[Place, float](float), defaultdict[Place, float](float)
    amounts = numbers(plants, "throughput_kg") + numbers(plants, "background_kg")
    for (year, plant), kg in sums(plants, "year plant", amounts, is_one_of(plants, "plant", country)).items():
        worked[year, country[plant]] += kg
    for project in _to_build(spec):
        for year, end in year_ends.items():
            days = min(max(end - schedules[project.name].planned_day, 0.0), DAYS_PER_YEAR) if project.name in schedules else 0.0
            pledged[year, project.country] += project.capacity_t_per_year.at(year + 0.5) * KG_PER_T * days / DAYS_PER_YEAR
    for year, home in sorted({*worked, *(place for place, kg in pledged.items() if kg > 0.0)}):
        yield year, home, "treated by new plants", "kg", pledged[year, home], worked[year, home]


def _consents(shipments: Columns) -> Iterator[Row]:
    """Days that cargo waited for consent, and mass that a rule kept from leaving."""
    mass, waits, blocked = (defaultdict[Place, float](float) for _ in range(3))
    keys = zip(numbers(shipments, "year").tolist(), texts(shipments, "origin"), strict=True)
    columns = (numbers(shipments, name).tolist() for name in ("mass_kg", "consent_days", "blocked_kg"))
    for place, kg, days, held in zip(keys, *columns, strict=True):
        mass[place] += kg
        waits[place] += kg * days if kg > 0.0 else 0.0
        blocked[place] += held
    for (year, origin), kg in mass.items():
        if kg > 0.0:
            yield year, origin, "consent wait", "days", nan, waits[year, origin] / kg
        yield year, origin, "blocked at borders", "kg", nan, blocked[year, origin]


def _offtake(sales: Columns | None, spec: ScenarioSpec, calendar: Calendar) -> Iterator[Row]:
    """Metal delivered under contracts and the volume agreed, by the country of the buyer; a price floor has no buyer."""
    delivered = Sums(float) if sales is None else sums(sales, "year contract", "contained_kg")
    buyers = {contract.name: contract.buyer for contract in spec.contracts if contract.kind != "price_floor"}
    contracts = Contracts(spec.contracts, tuple(spec.substances), calendar)
    for year in calendar.years:
        for name, agreed in contracts.pledged_kg(year).items():
            if name in buyers and agreed > 0.0:
                yield year, buyers[name], f"offtake {name}", "kg", agreed, delivered[year, name]
