"""A plant: sorting, dismantling, smelting, hydrometallurgy, electrolysis ... one archetype with different data.

Material lies in a yard of limited size, is worked in batches as far as free capacity allows, and leaves through a
store. Capacity is reckoned per period of the run: at the end of a period the plant works what lay in its yard, up to
what its lines could do in that period. So a plant costs two events per period (work, batch ready), and none while idle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR, HOURS_PER_DAY
from sim.core.lot import Lot
from sim.core.transfer import TransferTable
from sim.engine.composition import Vector
from sim.engine.tags import Origin
from sim.engine.transit import Transit
from sim.engine.world import Receiver, Router, World
from sim.nodes.plant_record import BACKGROUND, CAPACITY, DOWN, INTAKE, OPEN, THROUGHPUT, Identity, Records, YardBook
from sim.nodes.plant_spec import END_STAGES, PlantSpec, ProcessSpec
from sim.nodes.schedule import Breakdowns, Schedule
from sim.nodes.yard import Yard

KG_PER_T = 1000.0
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
    """What a plant finds where it stands: length of the periods of the run and emissions of its grid."""

    period_days: int
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
        self._world, self._records = world, records
        self._book = YardBook(records, spec.name)
        stages = ACCOUNT_STAGES.get(process.spec.stage, ("yard", "processing", "store"))
        self.yard = Yard(world.ledger, f"{spec.name} yard", stages[0], spec.country)
        self._working = Transit(world.ledger, f"{spec.name} processing", stages[1], spec.country)
        self.store = Yard(world.ledger, f"{spec.name} store", stages[2], spec.country)
        self._input_rows_of: dict[int, list[int]] = {}  # by batch in work
        self._input_rows = {name: row for row, name in enumerate(process.tables[world.calendar.start].inputs)}
        self._treated: dict[tuple[int, int], tuple[int, list[float]]] = {}
        self._treated_in = 0
        self._awake, self._waits_since = False, 0.0
        self._factor = f"plants.{spec.name}.hours_factor"
        self._longest = HOURS_PER_DAY / min(max(process.spec.hours_per_day.value, 1.0), HOURS_PER_DAY)
        self._worked_at: dict[int, float] = {}
        world.dials.declare(self._factor, 1.0)
        self._breakdowns = Breakdowns(
            spec.name, process.spec.mean_days_between_breakdowns.value, process.spec.repair_days.value, spec.lines
        )
        self._down = self._breakdowns.down_days(world.streams, world.calendar, self._edges())
        self._free: tuple[tuple[float, ...], float, float] = ((), 0.0, 0.0)

    # capacity

    def _edges(self) -> NDArray[np.float64]:
        """Days on which periods begin, one beyond the end of the run."""
        period = self.setting.period_days
        return np.arange(self._world.calendar.days // period + 2, dtype=np.float64) * period

    def hours_factor(self) -> float:
        """Working time over normal working time now; an extra shift cannot make a day longer than 24 hours."""
        return min(self._world.dials[self._factor], self._longest)

    def free_kg(self, period: int) -> float:
        """What period number `period` leaves for modelled feed: nameplate x ramp-up x time up, less background feed [kg]."""
        return self._reckoned(period)[0]

    def _reckoned(self, period: int) -> tuple[float, float]:
        """Free capacity of a period and the yard limit in it [kg]; kept, since routers ask often."""
        key = (float(period), self.hours_factor(), self.schedule.start_day, self.schedule.end_day)
        if self._free[0] != key:
            start = float(period * self.setting.period_days)
            nominal, background = self._worth_kg(start, start + self.setting.period_days, float(self._down[period]), key[1])
            year = self._world.calendar.decimal_year(start)
            free_t = self.spec.capacity_t_per_year.at(year) - self.spec.background_feed_t_per_year.at(year)
            limit = max(free_t, 0.0) * KG_PER_T / DAYS_PER_YEAR * self.spec.yard_limit_days.at(year)
            self._free = (key, max(nominal - background, 0.0), limit)
        return self._free[1:]

    def _worth_kg(self, start: float, end: float, down_days: float, factor: float) -> tuple[float, float]:
        """Capacity and background feed of a time with `down_days` of standstill in it [kg]."""
        days = self.schedule.full_days(start, end) * (1.0 - down_days / (end - start))
        year = self._world.calendar.decimal_year(max(start, 0.0))
        daily = days * KG_PER_T / DAYS_PER_YEAR
        return self.spec.capacity_t_per_year.at(year) * daily * factor, self.spec.background_feed_t_per_year.at(year) * daily

    def _period(self, day: float) -> int:
        return int(day // self.setting.period_days)

    def _months_of(self, period: int) -> list[tuple[int, float]]:
        """Months that a period's open days lie in, each with its share of them: work of a period is even over its days."""
        start = float(period * self.setting.period_days)
        end = min(start + self.setting.period_days, float(self._world.calendar.days))
        begins, ends = max(start, self.schedule.start_day), min(end, self.schedule.end_day)
        if ends <= begins:  # a plant that has closed and works off its yard
            begins, ends = start, end
        edges = self._world.calendar.month_starts
        first, last = self._world.calendar.month_of(begins), self._world.calendar.month_of(np.nextafter(ends, begins))
        days = [(month, min(ends, edges[month + 1]) - max(begins, edges[month])) for month in range(first, last + 1)]
        return [(month, float(part) / (ends - begins)) for month, part in days]

    # receiving

    def space_kg(self, material: str = "") -> float:
        """Room in the yard for what the plant may take [kg]: its limit plus what it can work until the period ends."""
        day = self._world.clock.now
        if not self.schedule.takes_on(day) or (material and material not in self._input_rows):
            return 0.0
        return max(sum(self._reckoned(self._period(day))) - self.yard.kg, 0.0)

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Take lots into the yard; wakes the plant."""
        if material not in self._input_rows:
            raise ValueError(f"{self.name} cannot take {material}")
        now, ledger = self._world.clock.now, self._world.ledger
        if self.yard.kg <= 0.0:
            self._waits_since = now
        kg = ledger.post_all(now, source, self.yard.account, lots)
        self.yard.put(material, lots, kg)
        self._book.change(self.yard.kg)
        self._records.month(self._world.month, self.name)[INTAKE] += kg
        if self.spec.gate_fee_usd_per_t is not None:
            fee = self.spec.gate_fee_usd_per_t.at(self._world.decimal_year) * kg / KG_PER_T
            self._records.pay(ledger.accounts[source].country, self.name, "gate_fee", fee)
        self._wake()

    # working

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._world.clock.at(float((self._period(self._world.clock.now) + 1) * self.setting.period_days), self._end_period)

    def _end_period(self, _: object) -> None:
        """Work what the period allowed, send what is in store, and sleep when nothing is left."""
        self._awake = False
        self._start_batch()
        self._send()
        if self.yard.kg > 0.0 or self.store.kg > 0.0:
            self._wake()

    def _start_batch(self) -> None:
        now, figures = self._world.clock.now, self.process.spec
        lying = self.yard.kg
        small = lying < figures.batch_t.value * KG_PER_T and now - self._waits_since < figures.batch_age_limit_days.value
        closed = now >= self.schedule.end_day  # a plant that closes works off its yard
        kg = lying if closed else 0.0 if small else min(lying, self.free_kg(self._period(now) - 1))
        if kg <= 0.0:
            return
        lots: list[Lot] = []
        rows: list[int] = []
        for material, taken in self.yard.take(kg):
            lots += taken
            rows += [self._input_rows[material]] * len(taken)
        self._waits_since = now
        self._book.change(self.yard.kg)
        worked = self._world.ledger.post_all(now, self.yard.account, self._working.account, lots)
        self._book_work(self._period(now) - 1, worked, closed)
        journey = self._working.depart(lots)
        self._input_rows_of[journey] = rows
        self._world.clock.after(figures.residence_days.value, self._end_batch, journey)

    def _book_work(self, period: int, kg: float, closed: bool) -> None:
        """Book what a period worked, in the months it lies in; what a closed plant works off counts as capacity too."""
        self.worked_kg += kg
        self._worked_at[period] = self.hours_factor()
        for month, share in self._months_of(period):
            cell = self._records.month(month, self.name)
            cell[THROUGHPUT] += kg * share
            if closed:
                cell[CAPACITY] += kg * share
        self._pay_for(kg)

    def _pay_for(self, kg: float) -> None:
        """Book running cost and emissions of a batch."""
        figures, year, t = self.process.spec, self._world.decimal_year, kg / KG_PER_T
        self._records.pay(self.name, "operations", "opex", figures.opex_usd_per_t.at(year) * t)
        energy = figures.energy_kwh_per_t.at(year) * self.setting.grid_co2_kg_per_kwh * t
        self._records.emit(self.country, figures.stage, "energy", energy)
        self._records.emit(self.country, figures.stage, "process", figures.co2_kg_per_t.at(year) * t)

    def _end_batch(self, journey: int) -> None:
        """Divide a batch by the transfer table; outputs to the store, residue out of the boundary."""
        world, year = self._world, self._world.year
        lots, rows = self._working.arrive(journey), self._input_rows_of.pop(journey)
        table = self.process.table(year)
        places = self._tags_of(lots, rows, year)
        tags = list(dict.fromkeys(places))
        fed, born = self._sum_up(lots, [tags.index(tag) for tag in places], rows)
        outputs = table.divide(fed)
        products, rest = self._lots_of(outputs, table.outputs, tags, born)
        given = [(self.store.account, lot) for _, lot in products] + [(self.ways.residue, lot) for lot in rest]
        world.ledger.convert(world.clock.now, self._working.account, lots, given)
        for name, lot in products:
            self.store.put(name, [lot], lot.kg)
        self._record(tags, fed.sum(axis=1), outputs[:, :-1], table.outputs, year)
        self._send()
        if self.store.kg > 0.0:
            self._wake()

    def _tags_of(self, lots: Sequence[Lot], rows: Sequence[int], year: int) -> list[int]:
        """The tags their outputs bear: treatment gives one, told in `lineage_intake`; what was treated before keeps its own."""
        if year != self._treated_in:
            self._treated.clear()
            self._treated_in = year
        tags = []
        for lot, row in zip(lots, rows, strict=True):
            found = self._treated.get((lot.tag, row))
            if found is None:
                found = self._treated[lot.tag, row] = self._treat(lot.tag, row, year)
            tags.append(found[0])
            found[1][0] += lot.kg
        return tags

    def _treat(self, tag: int, row: int, year: int) -> tuple[int, list[float]]:
        """The tag after treatment here, and the cell that counts what came into it."""
        origin = self._world.tags[tag]
        if origin.plant:
            return tag, [0.0]
        treated = self._world.tags.of(Origin(origin.country, plant=self.name, year=year))
        return treated, self._records.intake_of(treated, tag, list(self._input_rows)[row])

    def _sum_up(self, lots: Sequence[Lot], tags: list[int], rows: list[int]) -> tuple[Vector, Vector]:
        """Masses fed, shape (tags, inputs, substances), and mass-weighted day of discard by tag."""
        masses, refs, _, born_days = zip(*lots, strict=True)
        kg, composition = np.array(masses), self._world.composition
        count, inputs, numbers = max(tags) + 1, len(self._input_rows), np.array(tags)
        member = np.zeros((count * inputs, len(lots)))  # a product of matrices sums faster than `np.add.at`
        member[numbers * inputs + rows, np.arange(len(lots))] = kg
        fed = member @ composition.table[list(refs)]
        whole = np.bincount(numbers, kg)
        born = np.bincount(numbers, kg * born_days)
        return fed.reshape(count, inputs, -1), np.divide(born, whole, out=born, where=whole > 0.0)

    def _lots_of(
        self, outputs: Vector, names: Sequence[str], tags: Sequence[int], born: Vector
    ) -> tuple[list[tuple[str, Lot]], list[Lot]]:
        """Lots of every output and tag with any mass, and the residue of all tags; their compositions are added as rows."""
        world = self._world
        masses = np.vstack([outputs[:, :-1].reshape(-1, outputs.shape[-1]), outputs[:, -1].sum(axis=0)])
        kg = masses.sum(axis=1)
        some = np.flatnonzero(kg > 0.0)
        first = world.composition.add_rows(masses[some] / kg[some, np.newaxis])
        products, rest = [], []
        for ref, (place, mass) in enumerate(zip(some.tolist(), kg[some].tolist(), strict=True), first):
            if place < len(tags) * len(names):
                tag, output = divmod(place, len(names))
                products.append((names[output], Lot(mass, ref, tags[tag], float(born[tag]))))
            else:
                here = world.tags.of(Origin(self.country, plant=self.name, year=world.year))
                rest.append(Lot(mass, ref, here, world.clock.now))
        return products, rest

    def _record(self, tags: Sequence[int], fed: Vector, outputs: Vector, names: tuple[str, ...], year: int) -> None:
        """Tell what was fed and made by country of origin; shapes (tags, substances), (tags, outputs, substances)."""
        rows: dict[str, list[int]] = {}
        for row, tag in enumerate(tags):
            rows.setdefault(self._world.tags[tag].country, []).append(row)
        for country, own in rows.items():
            sums = (fed, outputs) if len(rows) == 1 else (fed[own], outputs[own])
            self._records.made(self.identity, year, country, names, np.vstack([each.sum(axis=0) for each in sums]))

    # sending

    def _send(self) -> None:
        """Hand over what the router finds a place for; product forms nobody takes further go to the market."""
        for material, pile in self.store.piles.items():
            if not pile.lots:
                continue
            for receiver, kg in self.ways.router.plan(self.country, material, pile.kg):
                lots = self.store.take_of(material, kg)
                if lots:
                    receiver.receive(material, lots, self.store.account)
            if pile.lots and material in self.process.forms:
                lots = self.store.take_of(material, pile.kg)
                if self.process.spec.stage != "crude":  # what crude yards sell is not metal of the formal chain
                    self._records.delivered(self.name, lots)
                self.ways.market.receive(material, lots, self.store.account)

    # closing

    def close(self) -> None:
        """Write what is known of every month when the run is over: capacity, background feed, standstill, open days."""
        calendar = self._world.calendar
        self._book.reckon(float(calendar.days))
        for period in range(math.ceil(calendar.days / self.setting.period_days)):
            self._close_period(period)
        edges = np.asarray(calendar.month_starts, dtype=np.float64)
        down = self._breakdowns.down_days(self._world.streams, calendar, edges).tolist()
        open_share = self.process.spec.days_per_year.value / DAYS_PER_YEAR
        for month, (start, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
            begins, ends = max(start, self.schedule.start_day), min(end, self.schedule.end_day)
            if ends <= begins:
                continue
            cell = self._records.month(month, self.name)
            running = (ends - begins) / (end - start)
            cell[DOWN] = down[month] * running * HOURS_PER_DAY
            cell[OPEN] = (ends - begins - down[month] * running) * open_share

    def _close_period(self, period: int) -> None:
        """Write capacity and background feed of a period, reckoned as its work was, so that use never passes 1.

        What the run cuts short is not worked by modelled feed any more: its capacity counts as far as other feed uses it.
        """
        start, last = float(period * self.setting.period_days), float(self._world.calendar.days)
        end = min(start + self.setting.period_days, last)
        down = float(self._down[period]) * (end - start) / self.setting.period_days
        factor = self._worked_at.get(period, self._factor_on(end))
        capacity, background = self._worth_kg(start, end, down, factor)
        background = min(background, capacity)
        if capacity <= 0.0:
            return
        self.background_kg += background
        for month, share in self._months_of(period):
            cell = self._records.month(month, self.name)
            cell[CAPACITY] += share * (capacity if end - start == self.setting.period_days else background)
            cell[BACKGROUND] += share * background

    def _factor_on(self, day: float) -> float:
        """Hours factor in force on a day: its last turn up to then, else the first value."""
        turns = [value for when, name, value in self._world.dials.turns if name == self._factor and when <= day]
        return min(turns[-1], self._longest) if turns else 1.0

    def pledged_kg(self) -> float:
        """Input of its nameplate from the first day announced to the end of the run [kg]."""
        first = max(self.schedule.planned_day, 0.0)
        last = min(float(self._world.calendar.days), self.schedule.end_day)
        if not math.isfinite(first) or last <= first:
            return 0.0
        year = self._world.calendar.decimal_year(first)
        return self.spec.capacity_t_per_year.at(year) * KG_PER_T / DAYS_PER_YEAR * (last - first)
