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
from sim.nodes.yard import Yard, post_all

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
        self._inputs: dict[int, list[str]] = {}
        self._input_rows = {name: row for row, name in enumerate(process.tables[world.calendar.start].inputs)}
        self._treated: dict[tuple[int, str], tuple[int, list[float]]] = {}
        self._treated_in = 0
        self._awake, self._waits_since = False, 0.0
        self._factor = f"plants.{spec.name}.hours_factor"
        self._longest = HOURS_PER_DAY / min(max(process.spec.hours_per_day.value, 1.0), HOURS_PER_DAY)
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
        kg = post_all(ledger, now, source, self.yard.account, lots)
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
        inputs: list[str] = []
        for material, taken in self.yard.take(kg):
            lots += taken
            inputs += [material] * len(taken)
        self._waits_since = now
        self._book.change(self.yard.kg)
        self._pay_for(post_all(self._world.ledger, now, self.yard.account, self._working.account, lots))
        journey = self._working.depart(lots)
        self._inputs[journey] = inputs
        self._world.clock.after(figures.residence_days.value, self._end_batch, journey)

    def _pay_for(self, kg: float) -> None:
        """Book throughput, running cost and emissions of a batch."""
        figures, year, t = self.process.spec, self._world.decimal_year, kg / KG_PER_T
        self.worked_kg += kg
        self._records.month(self._world.month, self.name)[THROUGHPUT] += kg
        self._records.pay(self.name, "operations", "opex", figures.opex_usd_per_t.at(year) * t)
        energy = figures.energy_kwh_per_t.at(year) * self.setting.grid_co2_kg_per_kwh * t
        self._records.emit(self.country, figures.stage, "energy", energy)
        self._records.emit(self.country, figures.stage, "process", figures.co2_kg_per_t.at(year) * t)

    def _end_batch(self, journey: int) -> None:
        """Divide a batch by the transfer table; outputs to the store, residue out of the boundary."""
        world, year = self._world, self._world.year
        lots, inputs = self._working.arrive(journey), self._inputs.pop(journey)
        table = self.process.table(year)
        tags = self._tags_of(lots, inputs, year)
        known = {tag: row for row, tag in enumerate(dict.fromkeys(tags))}
        fed, born = self._sum_up(lots, [known[tag] for tag in tags], [self._input_rows[name] for name in inputs])
        outputs = table.divide(fed)
        products = self._lots_of(outputs[:, :-1], list(known), born)
        given = [(self.store.account, lot) for _, lot in products]
        rest = outputs[:, -1].sum(axis=0)
        if rest.sum() > 0.0:
            here = world.tags.of(Origin(self.country, plant=self.name, year=year))
            given.append((self.ways.residue, Lot(float(rest.sum()), world.composition.add(rest), here, world.clock.now)))
        world.ledger.convert(world.clock.now, self._working.account, lots, given)
        for name, lot in products:
            self.store.put(name, [lot], lot.kg)
        self._record(list(known), fed.sum(axis=1), outputs[:, :-1], year)
        self._send()
        if self.store.kg > 0.0:
            self._wake()

    def _tags_of(self, lots: Sequence[Lot], inputs: Sequence[str], year: int) -> list[int]:
        """The tags their outputs bear: treatment gives one, told in `lineage_intake`; what was treated before keeps its own."""
        if year != self._treated_in:
            self._treated.clear()
            self._treated_in = year
        tags = []
        for lot, material in zip(lots, inputs, strict=True):
            found = self._treated.get((lot.tag, material))
            if found is None:
                found = self._treated[lot.tag, material] = self._treat(lot.tag, material, year)
            tags.append(found[0])
            found[1][0] += lot.kg
        return tags

    def _treat(self, tag: int, material: str, year: int) -> tuple[int, list[float]]:
        """The tag after treatment here, and the cell that counts what came into it."""
        origin = self._world.tags[tag]
        if origin.plant:
            return tag, [0.0]
        treated = self._world.tags.of(Origin(origin.country, plant=self.name, year=year))
        return treated, self._records.intake_of(treated, tag, material)

    def _sum_up(self, lots: Sequence[Lot], tags: list[int], rows: list[int]) -> tuple[Vector, Vector]:
        """Masses fed, shape (tags, inputs, substances), and mass-weighted day of discard by tag."""
        composition = self._world.composition
        kg = np.array([lot.kg for lot in lots])
        fed = np.zeros((max(tags) + 1, len(self._input_rows), len(composition.substances)))
        np.add.at(fed, (tags, rows), composition.table[[lot.ref for lot in lots]] * kg[:, np.newaxis])
        whole = np.bincount(tags, kg)
        born = np.bincount(tags, kg * np.array([lot.born_day for lot in lots]))
        return fed, np.divide(born, whole, out=born, where=whole > 0.0)

    def _lots_of(self, outputs: Vector, tags: list[int], born: Vector) -> list[tuple[str, Lot]]:
        """Lots of every output and tag with any mass, their compositions added as rows."""
        kg = outputs.sum(axis=-1)
        where = np.argwhere(kg > 0.0).tolist()
        if not where:
            return []
        some = kg > 0.0
        first = self._world.composition.add_rows(outputs[some] / kg[some][:, np.newaxis])
        names = self.process.table(self._world.year).outputs
        return [(names[o], Lot(float(kg[t, o]), first + number, tags[t], float(born[t]))) for number, (t, o) in enumerate(where)]

    def _record(self, tags: list[int], fed: Vector, outputs: Vector, year: int) -> None:
        """Tell what was fed and made by country of origin; shapes (tags, substances), (tags, outputs, substances)."""
        countries = [self._world.tags[tag].country for tag in tags]
        names = self.process.table(year).outputs
        for country in dict.fromkeys(countries):
            rows = [row for row, name in enumerate(countries) if name == country]
            made = outputs[rows].sum(axis=0)
            self._records.made(self.identity, year, country, fed[rows].sum(axis=0), dict(zip(names, made, strict=True)))

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
        edges = np.asarray(calendar.month_starts, dtype=np.float64)
        down = self._breakdowns.down_days(self._world.streams, calendar, edges).tolist()
        open_share = self.process.spec.days_per_year.value / DAYS_PER_YEAR
        for month, (start, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
            begins, ends = max(start, self.schedule.start_day), min(end, self.schedule.end_day)
            if ends <= begins:
                continue
            cell = self._records.month(month, self.name)
            capacity, background = self._worth_kg(start, end, down[month], self._factor_on(start))
            running = (ends - begins) / (end - start)
            cell[CAPACITY], cell[BACKGROUND] = capacity, min(background, capacity)
            self.background_kg += cell[BACKGROUND]
            cell[DOWN] = down[month] * running * HOURS_PER_DAY
            cell[OPEN] = (ends - begins - down[month] * running) * open_share

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
