"""Money of new plants: who paid for them, what they owe, and what came of it; booked once, when the run is over."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sim.core.calendar import DAYS_PER_YEAR, MONTHS_PER_YEAR
from sim.core.finance import irr, levelised_cost, npv, payback_years
from sim.core.units import KG_PER_T
from sim.engine.world import World
from sim.nodes.plant_record import THROUGHPUT
from sim.nodes.plant_spec import PlantSpec
from sim.nodes.schedule import Schedule
from sim.policy.finance import UNSUPPORTED, Terms, Verdict
from sim.results.tables import Columns, from_rows
from sim.scenario.schema import ScenarioSpec
from sim.simulate.cash import STAGES

Years = defaultdict[int, float]


@dataclass(frozen=True, slots=True)
class Project:
    """A plant whose finance closed in the run: its terms, what it cost, and first and last year of the flows."""

    plant: PlantSpec
    terms: Terms
    closed: int
    capex_usd: float


def book(world: World, spec: ScenarioSpec, schedules: Mapping[str, Schedule]) -> dict[str, Project]:
    """Book capital, debt service and public support of plants; return the projects by plant."""
    projects = {project.plant.name: project for project in _closed(world, spec, schedules)}
    fed = _fed_t(world) if projects or any(plant.investment is not None for plant in spec.plants) else {}
    cash = _operating_usd(world, projects)
    for plant in spec.plants:
        rate = (plant.investment or UNSUPPORTED).subsidy_usd_per_t
        for year, t in fed.get(plant.name, {}).items():
            usd = t * rate.at(year + 0.5)
            if usd > 0.0:
                _pay(world, year, f"government {plant.country}", plant.name, "subsidy", usd)
                if plant.name in cash:
                    cash[plant.name][year] += usd
    for name, project in projects.items():
        _book_capital(world, project)
        _book_service(world, project, cash[name], schedules[name])
    return projects


def finance(world: World, spec: ScenarioSpec, projects: Mapping[str, Project], verdicts: Mapping[str, Verdict]) -> Columns:
    """Table `finance`; call after `book`."""
    cash, sold = _operating_usd(world, projects), _sold(world)
    spent = _operating_usd(world, projects, spent_only=True)
    support = _support_usd(world)
    rows = []
    for plant in spec.plants:
        if plant.commissioning is None or plant.status == "operating":
            continue
        verdict, project = verdicts.get(plant.name), projects.get(plant.name)
        must_pay = float(plant.investment is not None and plant.investment.must_pay)
        hurdle = project.terms.hurdle_share if project else Terms.of(plant, spec.capital, float(world.calendar.start)).hurdle_share
        asked = (float(verdict.clears), verdict.npv_usd, verdict.irr_share) if verdict else (math.nan,) * 3
        head = (plant.name, plant.country, must_pay, asked[0], hurdle, *asked[1:])
        if project is None:
            rows.append((*head, 0.0, 0.0, 0.0, support.get(plant.name, 0.0), *(math.nan,) * 5))
            continue
        capex, terms = project.capex_usd, project.terms
        years = range(project.closed, world.calendar.end + 1)
        flows = [cash[plant.name][year] - (capex if year == project.closed else 0.0) for year in years]
        costs = [spent[plant.name][year] + (capex if year == project.closed else 0.0) for year in years]
        kg, value = ([sold[plant.name, year][column] for year in years] for column in range(2))
        rows.append(
            (
                *head,
                capex,
                capex * terms.grant_share,
                capex * terms.loan_share,
                support.get(plant.name, 0.0),
                npv(hurdle, flows),
                irr(flows),
                payback_years(flows),
                levelised_cost(hurdle, costs, kg),
                levelised_cost(hurdle, value, kg),
            )
        )
    return from_rows("finance", rows)


def _closed(world: World, spec: ScenarioSpec, schedules: Mapping[str, Schedule]) -> Iterator[Project]:
    """Plants announced in the scenario whose finance closed within the run, whether they opened in it or not."""
    for plant in spec.plants:
        schedule = schedules.get(plant.name)
        if schedule is None or plant.status != "announced" or plant.commissioning is None:
            continue
        if schedule.cancelled or not 0.0 <= schedule.financed_day < world.calendar.days:
            continue
        year = world.calendar.year_of(schedule.financed_day)
        capital = spec.processes[plant.process].capex_usd_per_t_per_year.at(year + 0.5)
        yield Project(plant, Terms.of(plant, spec.capital, year + 0.5), year, plant.capacity_t_per_year.at(year + 0.5) * capital)


def _book_capital(world: World, project: Project) -> None:
    """Sources of money equal its use: owners pay what others do not."""
    terms, plant, capex = project.terms, project.plant, project.capex_usd
    country = plant.country
    sources = (
        (f"government {country}", "grant", terms.grant_share * capex),
        (f"public bank {country}", "public loan", terms.loan_share * capex),
        (f"banks {country}", "bank loan", terms.bank_share * capex),
    )
    owners = capex - math.fsum(usd for _, _, usd in sources)
    for payer, item, usd in (*sources, (f"owners {plant.owner or country}", "equity", max(owners, 0.0))):
        _pay(world, project.closed, payer, plant.name, item, usd)
    _pay(world, project.closed, plant.name, f"builders {country}", "capital expenditure", capex)


def _book_service(world: World, project: Project, cash: Years, schedule: Schedule) -> None:
    """Loans are paid back from the first year of operation; a guarantee pays what the plant cannot earn of its guaranteed part."""
    terms, plant, capex = project.terms, project.plant, project.capex_usd
    if not schedule.start_day < world.calendar.days:
        return
    first = world.calendar.year_of(schedule.start_day)
    building_years = (schedule.start_day - schedule.financed_day) / DAYS_PER_YEAR
    public, bank = (capex * share for share in terms.service_shares(building_years))
    for year in range(first, min(first + terms.loan_years, world.calendar.end + 1)):
        called = min(max(public + bank - max(cash[year], 0.0), 0.0), bank * terms.guarantee_share)
        _pay(world, year, plant.name, f"public bank {plant.country}", "loan service", public)
        _pay(world, year, plant.name, f"banks {plant.country}", "loan service", bank - called)
        _pay(world, year, f"government {plant.country}", f"banks {plant.country}", "guarantee", called)


def _pay(world: World, year: int, payer: str, payee: str, item: str, usd: float) -> None:
    if usd > 0.0:
        world.recorder.cell("payments", year, payer, payee, item)[0] += usd


def _fed_t(world: World) -> dict[str, Years]:
    """Tonnes fed to each plant by year."""
    fed: dict[str, Years] = defaultdict(lambda: defaultdict(float))
    for (month, plant), cell in world.recorder.rows("plants"):
        year = world.calendar.start + month // MONTHS_PER_YEAR  # type: ignore[operator]
        fed[str(plant)][year] += cell[THROUGHPUT] / KG_PER_T
    return fed


def _operating_usd(world: World, projects: Mapping[str, Project], *, spent_only: bool = False) -> dict[str, Years]:
    """What each project earned less what it spent by year, money of investment apart; or what it spent."""
    sums: dict[str, Years] = {name: defaultdict(float) for name in projects}
    if not projects:
        return sums
    for (year, payer, payee, item), cell in world.recorder.rows("payments"):
        if item in STAGES["investment"]:
            continue
        if payer in sums:
            sums[str(payer)][year] += cell[0] if spent_only else -cell[0]  # type: ignore[index]
        if payee in sums and not spent_only:
            sums[str(payee)][year] += cell[0]  # type: ignore[index]
    return sums


def _sold(world: World) -> dict[tuple[str, int], tuple[float, float]]:
    """Kg and spot value of metals sold by plant and year."""
    sums: dict[tuple[str, int], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for (year, plant, *_), (kg, _, spot) in world.recorder.rows("sales"):
        before = sums[plant, year]  # type: ignore[index]
        sums[plant, year] = (before[0] + kg, before[1] + spot)  # type: ignore[index]
    return sums


def _support_usd(world: World) -> dict[str, float]:
    """Public money that plants got beside grants and loans."""
    sums: dict[str, float] = defaultdict(float)
    for (_, payer, payee, item), cell in world.recorder.rows("payments"):
        if str(payer).startswith("government ") and item != "grant":
            sums[str(payee)] += cell[0]
    return sums
