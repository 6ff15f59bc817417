"""Whether a project clears its hurdle, judged on the day its finance closes, from what investors could know that day.

Revenue is metal that its process makes of the feed routes send it, at the prices of that month held for its life, floors and
ceilings of contracts included. Feed is that of the first whole year it is planned to run, if all that homes discard were
collected: no plant works more, whatever its nameplate. Feed after the run is not known: that of its last
year stands for it, with a warning. Load, life and rates are those of `capital`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR
from sim.core.quantity import Quantity
from sim.core.units import KG_PER_T
from sim.engine.world import World
from sim.nodes.arisings import Arisings
from sim.nodes.plant_spec import ANY, END_STAGES, RESIDUE, PlantSpec
from sim.policy.finance import UNSUPPORTED, Terms, Verdict, judge
from sim.scenario.schema import ScenarioSpec
from sim.trade.contract import Contracts
from sim.trade.prices import Prices

MONTHS_PER_YEAR = 12.0
STEPS = 4  # from product group to the last fraction: device, compressor, motor, magnet
Vector = NDArray[np.float64]


@dataclass(slots=True)
class Appraiser:
    """Judges projects that must pay; keeps its verdicts by plant."""

    world: World
    spec: ScenarioSpec
    arisings: Arisings
    prices: Prices
    contracts: Contracts | None
    verdicts: dict[str, Verdict]

    def __call__(self, name: str) -> bool:
        """Whether the money of a plant is found: always, unless it must pay and does not."""
        plant = next(each for each in self.spec.plants if each.name == name)
        if plant.investment is None or not plant.investment.must_pay:
            return True
        verdict = self.verdicts[name] = self.judge(plant)
        return verdict.clears

    def judge(self, plant: PlantSpec) -> Verdict:
        """What owners expect of a plant today."""
        year = self.world.decimal_year
        terms = Terms.of(plant, self.spec.capital, year)
        capacity_t = plant.capacity_t_per_year.at(year)
        free_t = max(capacity_t - plant.background_feed_t_per_year.at(year), 0.0) * terms.load_share
        process = self.spec.processes[plant.process]
        fee = plant.gate_fee_usd_per_t.at(year) if plant.gate_fee_usd_per_t is not None else 0.0
        support = (plant.investment or UNSUPPORTED).subsidy_usd_per_t.at(year)
        delay = self._delay_years(plant)
        fed_t, earned = self._sales_of(plant, free_t, self.world.clock.now + delay * DAYS_PER_YEAR, terms.life_years)
        cash = earned + fed_t * (fee + support - process.opex_usd_per_t.at(year))
        capex = capacity_t * process.capex_usd_per_t_per_year.at(year)
        return judge(terms, capex, cash, delay)

    def _delay_years(self, plant: PlantSpec) -> float:
        if plant.commissioning is None:
            return 0.0
        figures = self.spec.commissioning[plant.commissioning]
        return (figures.permit_months.mode + figures.build_months.mode) / MONTHS_PER_YEAR

    def _sales_of(self, plant: PlantSpec, free_t: float, opens: float, life_years: float) -> tuple[float, float]:
        """Yearly feed [t] and sales [USD] of end-processing that opens on a day; what others make is handed on without payment."""
        if self.spec.processes[plant.process].stage not in END_STAGES:
            return free_t, 0.0
        calendar = self.world.calendar
        year = calendar.year_of(opens) + 1
        if year > calendar.end:
            opened, year = (date(calendar.start, 1, 1) + timedelta(days=opens)).year, calendar.end
            self.world.warnings.append(
                f"{plant.name}: judged on the feed of {year}, the last year of the run; it would open in {opened}."
            )
        sent_kg, per_kg = expected_feed(self.spec, self.arisings, plant, year)
        fed_t = min(free_t, sent_kg / KG_PER_T)
        sold_kg = per_kg * fed_t * KG_PER_T
        buyer = plant.available_to or self.spec.countries[plant.country].available_to
        price = self.prices.faced_by(buyer, self.world.month)
        if self.contracts is not None:
            price = self.contracts.expected_price(plant.name, price, opens, sold_kg, life_years)
        return fed_t, float(sold_kg @ price)


def expected_feed(spec: ScenarioSpec, arisings: Arisings, plant: PlantSpec, year: int) -> tuple[float, Vector]:
    """Kg that routes send a plant in a year, and kg of each substance in product forms per kg of it, shape (substances,)."""
    process = spec.processes[plant.process]
    routes = {(route.origin, route.material): route for route in spec.routes}
    fed, made = np.zeros(len(arisings.substances)), np.zeros(len(arisings.substances))
    for (country, material), whole in available_kg(spec, arisings, year).items():
        route = routes.get((country, material)) or routes.get((ANY, material))
        if route is None or material not in process.transfer:
            continue
        mass = whole * sum(each.share.at(year + 0.5) for each in route.destinations if each.to == plant.name)
        fed += mass
        outputs = process.transfer[material]
        forms = [row for output, row in outputs.items() if output != RESIDUE and output not in spec.fractions]
        made += sum((mass * _shares(row, arisings.substances, year + 0.5) for row in forms), np.zeros_like(mass))
    total = float(fed.sum())
    return total, made / total if total > 0.0 else made


def available_kg(spec: ScenarioSpec, arisings: Arisings, year: int) -> dict[tuple[str, str], Vector]:
    """Kg of each substance in every product group and fraction that a country could make in a year, if all were collected."""
    at = year - arisings.calendar.start
    monthly = arisings.offered_kg[:, :, at * 12 : (at + 1) * 12].sum(axis=2)
    groups = {
        (country, group): monthly[row, column] * arisings.composition[row, column, at]
        for row, country in enumerate(arisings.countries)
        for column, group in enumerate(arisings.groups)
    }
    known = dict(groups)
    for _ in range(STEPS):
        known = groups | _next(spec, arisings, known, year)
    return known


def _next(
    spec: ScenarioSpec, arisings: Arisings, known: Mapping[tuple[str, str], Vector], year: int
) -> dict[tuple[str, str], Vector]:
    """Fractions that dismantling at home makes of what is known, as routes share it out."""
    plants = {plant.name: plant for plant in spec.plants}
    routes = {(route.origin, route.material): route for route in spec.routes}
    made: dict[tuple[str, str], Vector] = {}
    for (country, material), mass in known.items():
        route = routes.get((country, material)) or routes.get((ANY, material))
        for destination in route.destinations if route is not None else ():
            plant = plants.get(destination.to)
            share = destination.share.at(year + 0.5)
            if plant is None or plant.country != country or share <= 0.0:
                continue
            process = spec.processes[plant.process]
            if process.stage in {*END_STAGES, "crude"}:
                continue
            for output, row in (process.transfer.get(material) or process.transfer.get(ANY, {})).items():
                if output in spec.fractions:
                    part = share * mass * _shares(row, arisings.substances, year + 0.5)
                    made[country, output] = made.get((country, output), np.zeros_like(part)) + part
    return made


def _shares(row: Mapping[str, Quantity], substances: tuple[str, ...], year: float) -> Vector:
    """Share of each substance that goes to an output."""
    stated = (row.get(substance, row.get(ANY)) for substance in substances)
    return np.array([share.at(year) if share is not None else 0.0 for share in stated])
