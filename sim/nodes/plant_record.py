"""What plants tell the recorder; sums of metals are made and written once, when the run is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from sim.core.lot import Lot
from sim.engine.composition import Vector
from sim.engine.recorder import Recorder
from sim.engine.world import World

LEAD_BIN_DAYS = 30
LEAST_KG_DAYS = 1e-6
SHORT_WAIT_SHARE = 1e-4
UNTRACKED = "other"

TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "plants": (
        ("month", "plant"),
        (
            "intake_kg",
            "throughput_kg",
            "background_kg",
            "capacity_kg",
            "yard_kg",
            "wait_kg_days",
            "down_hours",
            "open_days",
        ),
    ),
    "recovery": (
        ("year", "origin", "plant", "process", "metal", "form", "owner", "available_to"),
        ("fed_kg", "recovered_kg", "contained_kg"),
    ),
    "lead_times": (("year", "metal", "bin"), ("kg",)),
    "lineage_out": (("tag", "metal", "plant", "year"), ("kg",)),
    "payments": (("year", "payer", "payee", "item"), ("usd",)),
    "emissions": (("year", "country", "stage", "item"), ("kgco2e",)),
}
INTAKE, THROUGHPUT, BACKGROUND, CAPACITY, YARD, WAIT, DOWN, OPEN = range(8)


class Identity(NamedTuple):
    """What the `recovery` table says of a plant besides its name."""

    name: str
    process: str
    owner: str
    available_to: str


class MonthCells(dict[int, list[float]]):
    """Cells of one plant by month, made in the recorder when first asked for."""

    __slots__ = ("_plant", "_recorder")

    def __init__(self, recorder: Recorder, plant: str) -> None:
        super().__init__()
        self._recorder, self._plant = recorder, plant

    def __missing__(self, month: int) -> list[float]:
        """Make the cell of a month."""
        cell = self[month] = self._recorder.cell("plants", month, self._plant)
        return cell


class Records:
    """The tables all plants share; `close` writes the sums of metals."""

    __slots__ = ("_lead", "_lineage", "_made", "_oxide", "_plain", "recorder", "world")

    def __init__(self, world: World, oxide_factors: Sequence[float]) -> None:
        self.world = world
        self.recorder: Recorder = world.recorder
        for table, (keys, measures) in TABLES.items():
            self.recorder.declare(table, keys, measures)
        self._oxide, self._plain = list(oxide_factors), [1.0] * len(oxide_factors)
        self._made: dict[tuple[Identity, int, str, tuple[str, ...]], Vector] = {}
        self._lineage = defaultdict[tuple[int, str, int], list[Lot]](list)
        self._lead = defaultdict[tuple[int, int], list[Lot]](list)

    def months(self, plant: str) -> MonthCells:
        """The cells of a plant in table `plants` by month; their measures are numbered as `INTAKE` ... `OPEN`."""
        return MonthCells(self.recorder, plant)

    def pay(self, payer: str, payee: str, item: str, usd: float) -> None:
        """Book a payment of this year."""
        self.recorder.cell("payments", self.world.year, payer, payee, item)[0] += usd

    def emit(self, country: str, stage: str, item: str, kgco2e: float) -> None:
        """Book an emission of this year."""
        self.recorder.cell("emissions", self.world.year, country, stage, item)[0] += kgco2e

    def made(self, plant: Identity, year: int, origin: str, forms: tuple[str, ...], masses_kg: Vector) -> None:
        """Add what a plant made of one country's material, shape (forms + 1, substances), the residue last."""
        key = (plant, year, origin, forms)
        known = self._made.get(key)
        if known is None:
            self._made[key] = masses_kg.copy()
        else:
            known += masses_kg

    def made_of(self, plants: Collection[str], form: str, years: Collection[int]) -> Vector | None:
        """What these plants made of an output in these years by substance [kg]; None if nothing."""
        sums = [
            masses[forms.index(form)]
            for (plant, year, _, forms), masses in self._made.items()
            if year in years and form in forms and plant.name in plants
        ]
        whole: Vector | None = np.sum(sums, axis=0) if sums else None
        return whole if whole is not None and whole.sum() > 0.0 else None

    def delivered(self, plant: str, lots: Sequence[Lot]) -> None:
        """Note what left a plant for the market: by treated tag, and by days since discard."""
        now, year = self.world.clock.now, self.world.year
        for lot in lots:
            self._lineage[lot.tag, plant, year].append(lot)
            self._lead[year, int(max(now - lot.born_day, 0.0) // LEAD_BIN_DAYS)].append(lot)

    def close(self) -> None:
        """Write the sums to the recorder; rows of nothing and of the untracked rest are left out."""
        columns = {name: column for column, name in enumerate(self.world.composition.substances)}
        for (plant, year, origin, forms), masses in self._made.items():
            fed = masses.sum(axis=0).tolist()
            for form, vector in zip(forms, masses[:-1], strict=True):
                # element per mass of its oxide
                factor = self._oxide if form.endswith("_oxide") else self._plain
                for metal, kg in self._tracked(vector):
                    key = (year, origin, plant.name, plant.process, metal, form, plant.owner, plant.available_to)
                    self.recorder.cell("recovery", *key)[:] = [fed[columns[metal]], kg / factor[columns[metal]], kg]
        fold = self.world.composition.masses
        for (tag, name, year), lots in self._lineage.items():
            for metal, kg in self._tracked(fold(lots)):
                self.recorder.cell("lineage_out", tag, metal, name, year)[0] = kg
        for (year, number), lots in self._lead.items():
            for metal, kg in self._tracked(fold(lots)):
                self.recorder.cell("lead_times", year, metal, number)[0] = kg

    def _tracked(self, vector: Vector) -> list[tuple[str, float]]:
        names = self.world.composition.substances
        return [(name, kg) for name, kg in zip(names, vector.tolist(), strict=True) if kg > 0.0 and name != UNTRACKED]


class YardBook:
    """Intake, level and waiting of one yard by month; exact, since the level is constant between two events."""

    __slots__ = ("_area", "_kg", "_moment", "_months", "_moved", "_since", "_world")

    def __init__(self, world: World, months: MonthCells) -> None:
        self._world, self._months = world, months
        self._kg = self._since = self._area = self._moment = self._moved = 0.0

    @property
    def little_gap(self) -> float:
        """Gap of Little's law with its end term, relative: area under the level against kg x day of what came and went.

        Waits are differences of days of simulation, so what waits less than a ten-thousandth of the run is compared with that.
        """
        waits = self._kg * self._since - self._moment
        return abs(self._area - waits) / max(self._area, SHORT_WAIT_SHARE * self._moved, LEAST_KG_DAYS)

    def change(self, kg: float) -> None:
        """The yard holds `kg` from now on."""
        now = self._world.clock.now
        if now > self._since:
            self.reckon(now)
        moment = (kg - self._kg) * now
        self._moment += moment
        self._moved += abs(moment)
        self._kg = kg

    def reckon(self, day: float) -> None:
        """Book the waiting up to `day` and the level at every month end passed."""
        if self._kg > 0.0:
            calendar = self._world.calendar
            month, since = calendar.month_of(self._since), self._since
            while since < day:
                end = calendar.month_starts[month + 1]
                cell = self._months[month]
                kg_days = self._kg * (min(day, end) - since)
                cell[WAIT] += kg_days
                self._area += kg_days
                if day >= end:
                    cell[YARD] = self._kg
                month, since = month + 1, float(end)
        self._since = day
