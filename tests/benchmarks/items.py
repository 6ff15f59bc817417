"""The pattern of a component-by-component simulator in our idiom: many items, each in the inventory of a facility, over decades.

The nearest SimPy peer makes one process of every item and keeps an inventory per facility and month. Here discards of all
items are one convolution; what a facility takes in is made of its items as they are discarded that year (a row of the
composition table), and it moves what is due once a month in one event.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.core.lot import Lot
from sim.engine.clock import Clock
from sim.engine.composition import Composition
from sim.engine.ledger import Ledger
from sim.nodes.cohorts import discards_by_month, month_kernel
from sim.nodes.plant_spec import PlantSpec
from sim.scenario.schema import ScenarioSpec

MONTH_DAYS = 365.25 / 12.0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run of the pattern ends with: kernel events, mass made, still in use, in facilities and in landfills [kg]."""

    events: int
    made_kg: float
    in_use_kg: float
    stored_kg: float
    landfilled_kg: float


def run_items(items: int = 1000, facilities: int = 40, years: int = 50, seed: int = 1) -> Ended:
    """Let every item live its Weibull life, then wait in a facility for a month and move on to the next facility's landfill."""
    rng = np.random.default_rng(seed)
    life = rng.uniform(2.0, 3.5, (1, items)), rng.uniform(10.0, 30.0, (1, items))
    made = rng.lognormal(3.0, 0.5, (1, items, years))
    due = discards_by_month(made, month_kernel(*life, years, "uniform"), 0, years)[0]
    composition = Composition(("Nd", "other"))
    contents = rng.dirichlet((1.0, 50.0), items)
    of_facility = [np.arange(number, items, facilities) for number in range(facilities)]
    by_month = np.stack([due[mine].sum(axis=0) for mine in of_facility])
    by_year = due.reshape(items, years, 12).sum(axis=2)
    mixes = np.stack([by_year[mine].T @ contents[mine] for mine in of_facility])  # facility, year, substance
    row = composition.add_rows((mixes / mixes.sum(axis=2, keepdims=True)).reshape(-1, 2))
    ledger, clock = Ledger(composition), Clock()
    use = ledger.account("use", "use", "JPN", outside=True)
    piles = [ledger.stockpile(f"facility {number}", "store", "JPN") for number in range(facilities)]
    ends = [ledger.account(f"landfill {number}", "landfill", "JPN", outside=True) for number in range(facilities)]

    def month(step: tuple[int, int]) -> None:
        number, at = step
        pile = piles[number]
        ledger.post_all(clock.now, pile.account, ends[number], pile.take_all())
        lot = Lot(float(by_month[number, at]), row + number * years + at // 12, 0, clock.now)
        ledger.move(clock.now, [lot], use, pile)
        if at + 1 < due.shape[1]:
            clock.after(MONTH_DAYS, month, (number, at + 1))

    for number in range(facilities):
        clock.after(MONTH_DAYS, month, (number, 0))
    for at in range(years * 12):
        clock.at((at + 1.5) * MONTH_DAYS, lambda _: ledger.audit(clock.now))
    clock.run((years * 12 + 1) * MONTH_DAYS)
    ledger.fold(clock.now)
    landfilled = float(sum(ledger.balance(account).sum() for account in ends))
    return Ended(clock.events, float(made.sum()), float(made.sum() - due.sum()), sum(pile.kg for pile in piles), landfilled)


def with_idle_plants(spec: ScenarioSpec, count: int = 200) -> ScenarioSpec:
    """The scenario with plants that nothing feeds."""
    idle = {**spec.plants[0].model_dump(), "status": "operating", "commissioning": None}
    added = tuple(PlantSpec.model_validate({**idle, "name": f"Idle plant {number}"}) for number in range(count))
    return spec.model_copy(update={"plants": (*spec.plants, *added)})
