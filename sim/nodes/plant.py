"""A plant: sorting, dismantling, smelting, hydrometallurgy, electrolysis ... one archetype with different data.

Material lies in a yard of limited size, is worked in batches as far as free capacity allows, and leaves through a
store. Capacity is reckoned per period of the run: at the end of a period the plant works what lay in its yard, up to
what its lines could do in that period. So a plant costs two events per period (work, batch ready), and none while idle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sim.core.calendar import DAYS_PER_YEAR, HOURS_PER_DAY
from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.core.transfer import TransferTable
from sim.core.units import KG_PER_T
from sim.engine.composition import Vector
from sim.engine.tags import Origin
from sim.engine.transit import Transit
from sim.engine.world import Receiver, Router, World
from sim.nodes.plant_lots import Intake, by_output, divided
from sim.nodes.plant_record import BACKGROUND, CAPACITY, DOWN, INTAKE, OPEN, THROUGHPUT, Identity, Records, YardBook
from sim.nodes.plant_spec import END_STAGES, PlantSpec, ProcessSpec
from sim.nodes.schedule import Periods, Schedule, breakdowns_of
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
    """What a plant finds where it stands: the periods of the run and emissions of its grid."""

    periods: Periods
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
        self._world, self._records, self._periods = world, records, setting.periods
        self._months = records.months(spec.name)
        self._book = YardBook(world, self._months)
        stages = ACCOUNT_STAGES.get(process.spec.stage, ("yard", "processing", "store"))
        self.yard = Yard(world.ledger, f"{spec.name} yard", stages[0], spec.country)
        self._working = Transit(world.ledger, f"{spec.name} processing", stages[1], spec.country)
        self.store = Yard(world.ledger, f"{spec.name} store", stages[2], spec.country)
        inputs = process.tables[world.calendar.start].inputs
        self._input_rows = {name: row for row, name in enumerate(inputs)}
        self._input_rows_of: dict[int, list[int]] = {}  # by batch in work
        self._speed = {name: speed.value for name, speed in process.spec.speed.items() if speed.value != 1.0}
        self._intake = Intake(world, spec.name, inputs)
        self._in_work_kg, self._awake, self._next_period, self._waits_since = 0.0, False, 0, 0.0
        self.blocked = False
        self._factor = f"plants.{spec.name}.hours_factor"
        self.longest_factor = HOURS_PER_DAY / min(max(process.spec.hours_per_day.value, 1.0), HOURS_PER_DAY)
        self._turns: list[tuple[float, float]] = []
        self._turns_seen = 0
        world.dials.declare(self._factor, 1.0)
        self._breakdowns = breakdowns_of(spec, process.spec)
        months = np.asarray(world.calendar.month_starts, dtype=np.float64)
        stops = self._breakdowns.stops(world.streams, world.calendar)
        self._down = self._breakdowns.down_between(self._periods.edges, stops).tolist()
        self._down_of_months = self._breakdowns.down_between(months, stops).tolist()
        self._room_kg, self._room_until, self._room_turns = 0.0, -math.inf, 0

    # capacity

    def hours_factor(self) -> float:
        """Working time over normal working time now; an extra shift cannot make a day longer than 24 hours."""
        return min(self._world.dials[self._factor], self.longest_factor)

    def free_kg(self, period: int) -> float:
        """What period number `period` leaves for modelled feed: nameplate x ramp-up x time up, less background feed [kg]."""
        nominal, background = self._worth_kg(period)
        return max(nominal - background, 0.0)

    def _factor_over(self, start: float, end: float) -> float:
        """Mean hours factor over a time by the turns of its dial so far, each counted from its day on."""
        turns = self._world.dials.turns
        if len(turns) != self._turns_seen:
            self._turns = [(day, min(value, self.longest_factor)) for day, name, value in turns if name == self._factor]
            self._turns_seen = len(turns)
        if not self._turns:
            return 1.0
        factor, since, area = 1.0, start, 0.0
        for day, value in self._turns:
            if day >= end:
                break
            area += factor * (max(day, start) - since)
            factor, since = value, max(day, start)
        return (area + factor * (end - since)) / (end - start)

    def _worth_kg(self, period: int) -> tuple[float, float]:
        """Capacity and background feed of a period [kg]."""
        (start, end), year = self._periods.spans[period], self._periods.years[period]
        days = self.schedule.full_days(start, end) * (1.0 - self._down[period] / (end - start))
        daily = days * KG_PER_T / DAYS_PER_YEAR
        nameplate_t = self.spec.capacity_t_per_year.at(year) * self._factor_over(start, end)
        return nameplate_t * daily, self.spec.background_feed_t_per_year.at(year) * daily

    def _free_kg_per_day(self, day: float) -> float:
        """Nameplate less background feed [kg per day]: what yard and store are measured in."""
        year = self._world.calendar.decimal_year(day)
        free_t = self.spec.capacity_t_per_year.at(year) - self.spec.background_feed_t_per_year.at(year)
        return max(free_t, 0.0) * KG_PER_T / DAYS_PER_YEAR

    def _lying_kg(self) -> float:
        """What lies in the yard, as nameplate counts it: a slow input more than its mass [kg]."""
        if not self._speed:
            return self.yard.kg
        return sum(pile.kg / self._speed.get(material, 1.0) for material, pile in self.yard.piles.items())

    # receiving

    def space_kg(self, material: str = "") -> float:
        """Room in the yard for what the plant may take [kg]: its limit plus what it can work until the period ends."""
        now = self._world.clock.now
        if not self.schedule.takes_on(now) or (material and material not in self._input_rows):
            return 0.0
        if now >= self._room_until or len(self._world.dials.turns) != self._room_turns:
            self._reckon_room(now)
        if not self._speed:
            return max(self._room_kg - self.yard.kg, 0.0)
        return max(self._room_kg - self._lying_kg(), 0.0) * self._speed.get(material, 1.0)

    def _reckon_room(self, now: float) -> None:
        """Room of an empty yard until the period ends or a dial turns; routers ask for it often."""
        period = min(self._periods.number(now), self._periods.count - 1)
        limit = self._free_kg_per_day(self._periods.spans[period][0]) * self.spec.yard_limit_days.at(self._world.decimal_year)
        self._room_kg = self.free_kg(period) + limit
        self._room_until, self._room_turns = self._periods.ends[period], len(self._world.dials.turns)

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Take lots into the yard; wakes the plant."""
        row = self._input_rows.get(material)
        if row is None:
            raise ValueError(f"{self.name} cannot take {material}")
        now, ledger = self._world.clock.now, self._world.ledger
        if self.yard.kg <= 0.0:
            self._waits_since = now
        lots = self._intake.booked(row, lots)
        kg = ledger.post_all(now, source, self.yard.account, lots)
        self.yard.put(material, lots, kg)
        self._book.change(self.yard.kg)
        self._months[self._world.month][INTAKE] += kg
        if self.spec.gate_fee_usd_per_t is not None:
            fee = self.spec.gate_fee_usd_per_t.at(self._world.decimal_year) * kg / KG_PER_T
            self._records.pay(ledger.accounts[source].country, self.name, "gate_fee", fee)
        self._wake()

    # working

    def _wake(self) -> None:
        period = max(self._periods.number(self._world.clock.now), self._next_period)
        if not self._awake and period < self._periods.count:
            self._awake = True
            self._world.clock.at(self._periods.ends[period], self._end_period, period)

    def _end_period(self, period: int) -> None:
        """Send what is in store, work what the period allowed, and sleep when nothing is left."""
        self._awake, self._next_period = False, period + 1
        self._send()
        self._start_batch(period)
        if self.yard.kg > 0.0 or self.store.kg > 0.0:
            self._wake()

    def _start_batch(self, period: int) -> None:
        now, figures = self._world.clock.now, self.process.spec
        lying = self._lying_kg()
        small = self.yard.kg < figures.batch_t.value * KG_PER_T and now - self._waits_since < figures.batch_age_limit_days.value
        closed = now >= self.schedule.end_day  # a plant that closes works off its yard
        able = lying if closed else 0.0 if small else min(lying, self.free_kg(period))
        room = self._store_room_kg(now)
        self.blocked = able > 0.0 >= room and self._in_work_kg <= 0.0
        share = min(able / lying, room / self.yard.kg) if lying > 0.0 else 0.0
        if share <= 0.0:
            return
        taken = self.yard.take(self.yard.kg * share)
        lots = [lot for _, part in taken for lot in part]
        self._waits_since = now
        self._book.change(self.yard.kg)
        worked = self._world.ledger.post_all(now, self.yard.account, self._working.account, lots)
        self._book_work(period, worked, lying * share, closed)
        self._in_work_kg += worked
        journey = self._working.depart(lots)
        self._input_rows_of[journey] = [self._input_rows[material] for material, part in taken for _ in part]
        self._world.clock.after(figures.residence_days.value, self._end_batch, (journey, worked))

    def held_back(self) -> list[str]:
        """Outputs that lie in the store, waiting for a receiver with room."""
        return [material for material, pile in self.store.piles.items() if pile.lots]

    def _store_room_kg(self, now: float) -> float:
        """Room for outputs of what is worked next [kg]; a full store blocks the lines."""
        limit = self.spec.store_limit_days
        if limit is None:
            return math.inf
        whole = limit.at(self._world.calendar.decimal_year(now)) * self._free_kg_per_day(now)
        room = whole - self.store.kg - self._in_work_kg
        return room if room > LEAST_ROOM_SHARE * whole else 0.0

    def _book_work(self, period: int, kg: float, nameplate_kg: float, closed: bool) -> None:
        """Book what a period worked, in the months it lies in.

        Capacity is told in tonnes of what was worked, so slow inputs lower it; what a closed plant works off counts, too.
        """
        self.worked_kg += kg
        more = kg if closed else kg - nameplate_kg
        for month, share in self._periods.months(period, self.schedule.start_day, self.schedule.end_day):
            cell = self._months[month]
            cell[THROUGHPUT] += kg * share
            cell[CAPACITY] += more * share
        self._pay_for(kg)

    def _pay_for(self, kg: float) -> None:
        """Book running cost and emissions of a batch."""
        figures, year, t = self.process.spec, self._world.decimal_year, kg / KG_PER_T
        self._records.pay(self.name, "operations", "opex", figures.opex_usd_per_t.at(year) * t)
        energy = figures.energy_kwh_per_t.at(year) * self.setting.grid_co2_kg_per_kwh * t
        self._records.emit(self.country, figures.stage, "energy", energy)
        self._records.emit(self.country, figures.stage, "process", figures.co2_kg_per_t.at(year) * t)

    def _end_batch(self, batch: tuple[int, float]) -> None:
        """Divide a batch by the transfer table; outputs to the store, residue out of the boundary."""
        world, year, (journey, kg) = self._world, self._world.year, batch
        lots = self._working.arrive(journey)
        self._in_work_kg = max(self._in_work_kg - kg, 0.0)
        table = self.process.table(year)
        tags, made, born = divided(world.composition, lots, self._input_rows_of.pop(journey), table)
        products, rest = self._lots_of(made, table.outputs, tags, born)
        store = self.store.account
        given = [(store, lot) for each in products.values() for lot in each]
        given += [(self.ways.residue, lot) for lot in rest]
        world.ledger.convert(world.clock.now, self._working.account, lots, given)
        for name, each in products.items():
            self.store.put(name, each, sum(lot.kg for lot in each))
        self._record(tags, made, table.outputs, year)
        self._send()
        if self.store.kg > 0.0:
            self._wake()

    def _lots_of(
        self, made: Vector, names: Sequence[str], tags: Sequence[int], born: Sequence[float]
    ) -> tuple[dict[str, list[Lot]], list[Lot]]:
        """Lots of every tag by output, and the residue of all tags; their compositions are added as rows."""
        world, count, last = self._world, len(tags), len(names)
        masses = by_output(made)
        kg = masses.sum(axis=1)
        some = kg.nonzero()[0]
        first = world.composition.add_rows(masses[some] / kg[some, np.newaxis])
        products: dict[str, list[Lot]] = {}
        rest = []
        for ref, (place, mass) in enumerate(zip(some.tolist(), kg[some].tolist(), strict=True), first):
            output, tag = divmod(place, count)
            if output < last:
                products.setdefault(names[output], []).append(Lot(mass, ref, tags[tag], born[tag]))
            else:
                here = world.tags.of(Origin(self.country, plant=self.name, year=world.year))
                rest.append(Lot(mass, ref, here, world.clock.now))
        return products, rest

    def _record(self, tags: Sequence[int], made: Vector, names: tuple[str, ...], year: int) -> None:
        """Tell what was made by country of origin; shape (tags, outputs + 1, substances), which add up to what was fed."""
        rows: dict[str, list[int]] = {}
        for row, tag in enumerate(tags):
            rows.setdefault(self._world.tags[tag].country, []).append(row)
        for country, own in rows.items():
            self._records.made(self.identity, year, country, names, made[own].sum(axis=0) if len(tags) > 1 else made[0])

    # sending

    def _send(self) -> None:
        """Hand over what the router finds a place for; product forms nobody takes further go to the market."""
        if self.store.kg <= 0.0:
            return
        for material, pile in self.store.piles.items():
            if not pile.lots:
                continue
            for receiver, lots in self._shared(material, self.ways.router.plan(self.country, material, pile.kg)):
                self._hand_over(receiver, material, lots)
            if pile.lots and material in self.process.forms:
                self._hand_over(self.ways.market, material, self.store.take_of(material, pile.kg))

    def _shared(self, material: str, plan: Sequence[tuple[Receiver, float]]) -> list[tuple[Receiver, list[Lot]]]:
        """Lots for each receiver of a plan; several get the same share of every lot, since lots differ in what they hold."""
        whole = sum(kg for _, kg in plan)
        lots = self.store.take_of(material, whole) if whole > 0.0 else []
        if len(plan) == 1:
            return [(plan[0][0], lots)]
        return [(receiver, [lot.part(lot.kg * (kg / whole)) for lot in lots]) for receiver, kg in plan]

    def _hand_over(self, receiver: Receiver, material: str, lots: list[Lot]) -> None:
        """Give lots of the store to a receiver; metal that a market takes is delivered, but not what crude yards sell."""
        if not lots:
            return
        sold = receiver is self.ways.market or receiver.name.startswith("market ")
        if sold and material in self.process.forms and self.process.spec.stage != "crude":
            self._records.delivered(self.name, lots)
        receiver.receive(material, lots, self.store.account)

    # closing

    def close(self) -> None:
        """Write what is known of every month when the run is over: capacity, background feed, standstill, open days."""
        calendar = self._world.calendar
        self._book.reckon(float(calendar.days))
        if self._book.little_gap > LITTLE_TOLERANCE:
            raise ConservationError(f"{self.name}: waiting in the yard breaks Little's law by {self._book.little_gap:.3g}")
        self._warn_of_full_day()
        opens, closes = self.schedule.start_day, self.schedule.end_day
        if opens >= calendar.days:
            return
        capacity, background = self._by_month()
        open_share, down = self.process.spec.days_per_year.value / DAYS_PER_YEAR, self._down_of_months
        for month, (start, end) in enumerate(pairwise(calendar.month_starts)):
            begins, ends = max(start, opens), min(end, closes)
            if ends <= begins:
                continue
            cell = self._months[month]
            running = (ends - begins) / (end - start)
            cell[CAPACITY] += capacity[month]
            cell[BACKGROUND] += background[month]
            cell[DOWN] = down[month] * running * HOURS_PER_DAY
            cell[OPEN] = (ends - begins - down[month] * running) * open_share

    def _warn_of_full_day(self) -> None:
        """Say that its dial was turned to more hours than a day has; once, whoever turned it."""
        if any(value > self.longest_factor for _, name, value in self._world.dials.turns if name == self._factor):
            self._world.warnings.append(f"Plant '{self.name}': {self._factor} asked for more than 24 hours a day and was cut.")

    def _by_month(self) -> tuple[list[float], list[float]]:
        """Capacity and background feed by month [kg], reckoned as the work of periods was, so that use never passes 1."""
        periods = self._periods
        capacity, other = np.array([self._worth_kg(period) for period in range(periods.count)]).T
        background = np.minimum(other, capacity)
        self.background_kg = float(background.sum())
        opens, closes = self.schedule.start_day, self.schedule.end_day
        return periods.by_month(capacity, opens, closes), periods.by_month(background, opens, closes)

    def pledged_kg(self) -> float:
        """Input of its nameplate from the first day announced to the end of the run [kg]."""
        first = max(self.schedule.planned_day, 0.0)
        last = min(float(self._world.calendar.days), self.schedule.end_day)
        if not math.isfinite(first) or last <= first:
            return 0.0
        year = self._world.calendar.decimal_year(first)
        return self.spec.capacity_t_per_year.at(year) * KG_PER_T / DAYS_PER_YEAR * (last - first)
