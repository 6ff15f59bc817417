"""A plant: sorting, dismantling, smelting, hydrometallurgy, electrolysis ... one archetype with different data.

Material lies in a yard of limited size, is worked in batches as far as free capacity allows, and leaves through a
store. Capacity is reckoned per period of the run: at the end of a period the plant works what lay in its yard, up to
what its lines could do in that period. Plants end their periods together (`nodes.works`), and an idle one costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.core.calendar import DAYS_PER_YEAR, HOURS_PER_DAY
from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.core.series import by_year
from sim.core.transfer import TransferTable
from sim.core.units import KG_PER_T
from sim.engine.composition import Vector
from sim.engine.tags import Origin
from sim.engine.transit import Transit
from sim.engine.world import Receiver, Router, World
from sim.nodes.plant_capacity import Capacity
from sim.nodes.plant_lots import Batch, Intake
from sim.nodes.plant_record import BACKGROUND, CAPACITY, DOWN, OPEN, THROUGHPUT, Identity, Records, YardBook
from sim.nodes.plant_spec import END_STAGES, PlantSpec, ProcessSpec
from sim.nodes.schedule import Schedule
from sim.nodes.works import Works
from sim.nodes.yard import Yard

LITTLE_TOLERANCE = 1e-9
LEAST_ROOM_SHARE = 0.01  # of a store: lines do not start for less, or a store would fill by ever smaller steps
# stages of a plant's accounts in the book: end-processing and informal work are told from dismantling
ACCOUNT_STAGES = {
    **dict.fromkeys(END_STAGES, ("refinery_yard", "refining", "product_store")),
    "crude": ("informal_yard", "informal_processing", "informal_store"),
}


@dataclass(frozen=True, slots=True)
class Process:
    """A process as plants use it: its figures, its transfer table by calendar year, and which outputs are product forms."""

    name: str
    spec: ProcessSpec
    tables: Mapping[int, TransferTable]
    forms: frozenset[str]

    def table(self, year: int) -> TransferTable:
        """Transfer table in force in a calendar year."""
        return self.tables[year]


@dataclass(frozen=True, slots=True)
class Ways:
    """Where things leave a plant: `router` for fractions and forms, `market` for forms nobody takes further, `residue` account."""

    router: Router
    market: Receiver
    residue: int


@dataclass(frozen=True, slots=True)
class Setting:
    """What a plant finds where it stands: the periods all plants share and emissions of its grid."""

    works: Works
    grid_co2_kg_per_kwh: float


class Plant:
    """One plant of a running world; a `Receiver`. Nothing happens until it receives something."""

    def __init__(
        self, world: World, spec: PlantSpec, process: Process, schedule: Schedule, records: Records, ways: Ways, setting: Setting
    ) -> None:
        self.name, self.country = spec.name, spec.country
        self.spec, self.process, self.schedule, self.ways, self.setting = spec, process, schedule, ways, setting
        self.identity = Identity(spec.name, process.name, spec.owner or spec.country, spec.available_to or spec.country)
        self.worked_kg = self.background_kg = 0.0
        self._world, self._ledger, self._records, self._works = world, world.ledger, records, setting.works
        self._months = records.months(spec.name)
        self._book = YardBook(world, self._months)
        stages = ACCOUNT_STAGES.get(process.spec.stage, ("yard", "processing", "store"))
        self.yard = Yard(world.ledger, f"{spec.name} yard", stages[0], spec.country)
        self._working = Transit(world.ledger, f"{spec.name} processing", stages[1], spec.country)
        self.store = Yard(world.ledger, f"{spec.name} store", stages[2], spec.country)
        inputs = process.tables[world.calendar.start].inputs
        self._input_rows = {name: row for row, name in enumerate(inputs)}
        self._metals = process.forms if process.spec.stage != "crude" else frozenset()
        self._least_kg = process.spec.batch_t.value * KG_PER_T
        self._age_limit_days, self._residence_days = process.spec.batch_age_limit_days.value, process.spec.residence_days.value
        self._speed = {name: speed.value for name, speed in process.spec.speed.items() if speed.value != 1.0}
        self._intake = Intake(world, spec.name, inputs)
        self._rest_tags: dict[int, int] = {}  # by year
        self._in_work_kg, self._awake, self._waits_since = 0.0, False, 0.0
        self.blocked = False
        self.capacity = Capacity(world, spec, process.spec, schedule, setting.works.periods)
        periods = setting.works.periods.count
        self._worked, self._beyond = [0.0] * periods, [0.0] * periods  # kg by period
        self._room_kg, self._room_until, self._room_turns = 0.0, -math.inf, 0

    # receiving

    def space_kg(self, material: str = "") -> float:
        """Room in the yard for what the plant may take [kg]: its limit plus what it can work until the period ends."""
        now, schedule = self._world.clock.now, self.schedule
        if not schedule.start_day <= now < schedule.end_day or (material and material not in self._input_rows):
            return 0.0
        if now >= self._room_until or len(self.capacity.turns) != self._room_turns:  # routers ask often
            periods = self._works.periods
            period = min(periods.number(now), periods.count - 1)
            self._room_kg = self.capacity.room_kg(period)
            self._room_until, self._room_turns = periods.ends[period], len(self.capacity.turns)
        if not self._speed:
            room = self._room_kg - self.yard.kg
            return room if room > 0.0 else 0.0
        return max(self._room_kg - self._lying_kg(), 0.0) * self._speed.get(material, 1.0)

    def _lying_kg(self) -> float:
        """What lies in the yard, as nameplate counts it: a slow input more than its mass [kg]."""
        if not self._speed:
            return self.yard.kg
        return sum(pile.kg / self._speed.get(material, 1.0) for material, pile in self.yard.piles.items())

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Take lots into the yard; wakes the plant."""
        row = self._input_rows.get(material)
        if row is None:
            raise ValueError(f"{self.name} cannot take {material}")
        world, yard = self._world, self.yard
        now = world.clock.now
        if yard.kg <= 0.0:
            self._waits_since = now
        lots = self._intake.booked(row, lots)
        kg = self._ledger.post_all(now, source, yard.account, lots)
        yard.put(material, lots, kg)
        self._book.change(yard.kg, kg)
        if self.spec.gate_fee_usd_per_t is not None:
            fee = self.spec.gate_fee_usd_per_t.at(world.decimal_year) * kg / KG_PER_T
            self._records.pay(world.year, self._ledger.accounts[source].country, self.name, "gate_fee", fee)
        if not self._awake:
            self._wake()

    # working

    def _wake(self) -> None:
        self._awake = True
        self._works.wake(self)

    def end_period(self, period: int) -> Batch | None:
        """Send what is in store, work what period number `period` allowed, and sleep when nothing is left."""
        self._awake = False
        self._send()
        batch = self._take_batch(period)
        if self.yard.kg > 0.0 or self.store.kg > 0.0:
            self._wake()
        return batch

    def _take_batch(self, period: int) -> Batch | None:
        now, yard = self._world.clock.now, self.yard
        lying = self._lying_kg()
        small = yard.kg < self._least_kg and now - self._waits_since < self._age_limit_days
        closed = now >= self.schedule.end_day  # a plant that closes works off its yard
        able = lying if closed else 0.0 if small else min(lying, self.capacity.free_kg(period))
        room = self._store_room_kg(period)
        self.blocked = able > 0.0 >= room and self._in_work_kg <= 0.0
        share = min(able / lying, room / yard.kg) if lying > 0.0 else 0.0
        if share <= 0.0:
            return None
        batch = self._batch(yard.kg * share)
        self._waits_since = now
        self._book.change(yard.kg)
        kg = batch.kg
        self.worked_kg += kg
        self._worked[period] += kg
        # capacity is told in tonnes of what was worked, so slow inputs lower it; what a closed plant works off counts, too
        self._beyond[period] += kg if closed else kg - lying * share
        self._in_work_kg += kg
        return batch

    def _batch(self, kg: float) -> Batch:
        """A batch of the oldest in the yard; what it becomes follows the transfer table of the day it is ready."""
        lots: list[Lot] = []
        rows: list[int] = []
        for material, part in self.yard.take(kg):
            lots += part
            rows += [self._input_rows[material]] * len(part)
        world = self._world
        ready = world.clock.now + self._residence_days
        year = world.calendar.year_of(ready)
        rest_tag = self._rest_tags.get(year)
        if rest_tag is None:
            rest_tag = self._rest_tags[year] = world.tags.of(Origin(self.country, plant=self.name, year=year))
        return Batch(lots, rows, self.process.table(year), self._working.account, self._residence_days, ready, rest_tag)

    def start_batch(self, batch: Batch, lots: list[Lot]) -> None:
        """Put to work a batch that was taken from the yard, from now on in the book as the `lots` it becomes."""
        self._ledger.post_all(self._world.clock.now, self.yard.account, self._working.account, lots)
        batch.journey = self._working.depart(lots)

    def held_back(self) -> list[str]:
        """Outputs that lie in the store, waiting for a receiver with room."""
        return [material for material, pile in self.store.piles.items() if pile.lots]

    def _store_room_kg(self, period: int) -> float:
        """Room for outputs of what is worked at the end of a period [kg]; a full store blocks the lines."""
        limit = self.spec.store_limit_days
        if limit is None:
            return math.inf
        whole = limit.at(self._world.decimal_year) * self.capacity.rate_kg(period)
        room = whole - self.store.kg - self._in_work_kg
        return room if room > LEAST_ROOM_SHARE * whole else 0.0

    def end_batch(self, batch: Batch) -> None:
        """Take what a batch has become: outputs to the store, residue out of the boundary."""
        world, post, working = self._world, self._ledger.post_all, self._working
        now = world.clock.now
        working.arrive(batch.journey)
        self._in_work_kg = max(self._in_work_kg - batch.kg, 0.0)
        for name, lots in batch.products.items():
            self.store.put(name, lots, post(now, working.account, self.store.account, lots))
        post(now, working.account, self.ways.residue, batch.rest)
        self._records.made(self.identity, world.year, batch.table.outputs, batch.made)
        self._send()
        if self.store.kg > 0.0 and not self._awake:
            self._wake()

    # sending

    def _send(self) -> None:
        """Hand over what the router finds a place for; product forms nobody takes further go to the market."""
        if self.store.kg <= 0.0:
            return
        for material, pile in self.store.piles.items():
            if not pile.lots:
                continue
            plan = self.ways.router.plan(self.country, material, pile.kg)
            if len(plan) == 1:
                receiver, kg = plan[0]
                self._hand_over(receiver, material, pile.take(kg))
            elif plan:
                whole = sum(kg for _, kg in plan)
                lots = pile.take(whole)
                for receiver, kg in plan:  # all get the same share of every lot, since lots differ in what they hold
                    self._hand_over(receiver, material, [lot.part(lot.kg * (kg / whole)) for lot in lots])
            if pile.lots and material in self.process.forms:
                self._hand_over(self.ways.market, material, pile.take_all())
        self.store.weigh()

    def _hand_over(self, receiver: Receiver, material: str, lots: list[Lot]) -> None:
        """Give lots of the store to a receiver; metal that a market takes is delivered, but not what crude yards sell."""
        if material in self._metals and (receiver is self.ways.market or receiver.name.startswith("market ")):
            self._records.delivered(self.name, lots)
        receiver.receive(material, lots, self.store.account)

    # closing

    def close(self) -> None:
        """Write what is known of every month when the run is over: work, capacity, background feed, standstill, open days."""
        calendar = self._world.calendar
        self._book.reckon(float(calendar.days))
        if self._book.little_gap > LITTLE_TOLERANCE:
            raise ConservationError(f"{self.name}: waiting in the yard breaks Little's law by {self._book.little_gap:.3g}")
        if self.capacity.asked_too_much:
            self._world.warnings.append(
                f"Plant '{self.name}': plants.{self.name}.hours_factor asked for more than 24 hours a day and was cut."
            )
        opens, closes = self.schedule.start_day, self.schedule.end_day
        if opens >= calendar.days:
            return
        self._book_work()
        capacity, background, self.background_kg = self.capacity.by_month()
        starts = np.array(calendar.month_starts, dtype=np.float64)
        days = np.minimum(starts[1:], closes) - np.maximum(starts[:-1], opens)
        down = self.capacity.down_of_months * days / np.diff(starts)
        open_days = (days - down) * (self.process.spec.days_per_year.value / DAYS_PER_YEAR)
        told = zip(days.tolist(), capacity, background, (down * HOURS_PER_DAY).tolist(), open_days.tolist(), strict=True)
        for month, (there, could, other, down_hours, opened) in enumerate(told):
            if there > 0.0:
                cell = self._months[month]
                cell[CAPACITY] += could
                cell[BACKGROUND] += other
                cell[DOWN], cell[OPEN] = down_hours, opened

    def _book_work(self) -> None:
        """Book what was worked in the months its periods lie in, its running cost and its emissions."""
        if self.worked_kg <= 0.0:
            return
        periods, days = self._works.periods, (self.schedule.start_day, self.schedule.end_day)
        kg = np.array(self._worked)
        by_month = (periods.by_month(each, *days) for each in (kg, np.array(self._beyond)))
        for month, (worked, beyond) in enumerate(zip(*by_month, strict=True)):
            if worked > 0.0:
                cell = self._months[month]
                cell[THROUGHPUT] += worked
                cell[CAPACITY] += beyond
        self._book_costs(kg)

    def _book_costs(self, kg: Vector) -> None:
        """Book running cost and emissions of what was worked in each period, in the year that ends it."""
        figures, works, records = self.process.spec, self._works, self._records
        grid = self.setting.grid_co2_kg_per_kwh
        prices = (figures.opex_usd_per_t, figures.energy_kwh_per_t, figures.co2_kg_per_t)
        t, years = kg / KG_PER_T, works.worked_years
        sums = (works.year_sums(kg), *(works.year_sums(t * by_year(price, years)) for price in prices))
        for year, (worked, usd, kwh, co2_kg) in zip(self._world.calendar.years, zip(*sums, strict=True), strict=True):
            if worked > 0.0:
                records.pay(year, self.name, "operations", "opex", usd)
                records.emit(year, self.country, figures.stage, "energy", kwh * grid)
                records.emit(year, self.country, figures.stage, "process", co2_kg)

    def pledged_kg(self) -> float:
        """Input of its nameplate from the first day announced to the end of the run [kg]."""
        first = max(self.schedule.planned_day, 0.0)
        last = min(float(self._world.calendar.days), self.schedule.end_day)
        if not math.isfinite(first) or last <= first:
            return 0.0
        year = self._world.calendar.decimal_year(first)
        return self.spec.capacity_t_per_year.at(year) * KG_PER_T / DAYS_PER_YEAR * (last - first)
