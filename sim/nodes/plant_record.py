"""What plants tell the recorder; sums of metals are made and written once, when the run is over."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from sim.core.lot import Lot
from sim.engine.composition import Vector
from sim.engine.recorder import Key, Recorder
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
KeyOfLots = TypeVar("KeyOfLots")
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
        self._made = defaultdict[tuple[Identity, int, tuple[str, ...]], dict[str, Vector]](dict)  # by origin
        self._lineage = defaultdict[tuple[int, str, int], list[Lot]](list)
        self._lead = defaultdict[tuple[int, int], list[Lot]](list)

    def months(self, plant: str) -> MonthCells:
        """The cells of a plant in table `plants` by month; their measures are numbered as `INTAKE` ... `OPEN`."""
        return MonthCells(self.recorder, plant)

    def pay(self, year: int, payer: str, payee: str, item: str, usd: float) -> None:
        """Book a payment of a year."""
        self.recorder.cell("payments", year, payer, payee, item)[0] += usd

    def emit(self, year: int, country: str, stage: str, item: str, kgco2e: float) -> None:
        """Book an emission of a year."""
        self.recorder.cell("emissions", year, country, stage, item)[0] += kgco2e

    def made(self, plant: Identity, year: int, forms: tuple[str, ...], by_origin: Mapping[str, Vector]) -> None:
        """Add what a plant made of the material of each country, shape (forms + 1, substances), the residue last."""
        known = self._made[plant, year, forms]
        for origin, masses_kg in by_origin.items():
            if origin in known:
                known[origin] += masses_kg
            else:
                known[origin] = masses_kg.copy()

    def made_of(self, plants: Collection[str], form: str, years: Collection[int]) -> Vector | None:
        """What these plants made of an output in these years by substance [kg]; None if nothing."""
        sums = [
            masses[forms.index(form)]
            for (plant, year, forms), by_origin in self._made.items()
            if year in years and form in forms and plant.name in plants
            for masses in by_origin.values()
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
        self.recorder.add_rows("recovery", self._recovery())
        self.recorder.add_rows("lineage_out", (((tag, metal, *of), [kg]) for (tag, *of), metal, kg in self._folded(self._lineage)))
        self.recorder.add_rows("lead_times", (((year, metal, bin_), [kg]) for (year, bin_), metal, kg in self._folded(self._lead)))

    def _recovery(self) -> Iterator[tuple[Key, list[float]]]:
        columns = {name: column for column, name in enumerate(self.world.composition.substances)}
        made = [(*key, *each) for key, by_origin in self._made.items() for each in by_origin.items()]
        for plant, year, forms, origin, masses in made:
            fed = masses.sum(axis=0).tolist()
            for form, vector in zip(forms, masses[:-1], strict=True):
                # element per mass of its oxide
                factor = self._oxide if form.endswith("_oxide") else self._plain
                for metal, kg in self._tracked(vector):
                    key = (year, origin, plant.name, plant.process, metal, form, plant.owner, plant.available_to)
                    yield key, [fed[columns[metal]], kg / factor[columns[metal]], kg]

    def _folded(self, lots_of: Mapping[KeyOfLots, Sequence[Lot]]) -> Iterator[tuple[KeyOfLots, str, float]]:
        """Key, metal and its mass [kg] in lots by key."""
        for key, lots in lots_of.items():
            for metal, kg in self._tracked(self.world.composition.masses(lots)):
                yield key, metal, kg

    def _tracked(self, vector: Vector) -> list[tuple[str, float]]:
        names = self.world.composition.substances
        return [(name, kg) for name, kg in zip(names, vector.tolist(), strict=True) if kg > 0.0 and name != UNTRACKED]


class YardBook:
    """Intake, level and waiting of one yard by month; exact, since the level is constant between two events."""

    __slots__ = ("_area", "_clock", "_ends", "_kg", "_moment", "_month", "_months", "_moved", "_since")

    def __init__(self, world: World, months: MonthCells) -> None:
        self._clock, self._months = world.clock, months
        self._ends = (*world.calendar.month_starts[1:], math.inf)
        self._month = 0  # that holds `_since`
        self._kg = self._since = self._area = self._moment = self._moved = 0.0

    @property
    def little_gap(self) -> float:
        """Gap of Little's law with its end term, relative: area under the level against kg x day of what came and went.

        Waits are differences of days of simulation, so what waits less than a ten-thousandth of the run is compared with that.
        """
        waits = self._kg * self._since - self._moment
        return abs(self._area - waits) / max(self._area, SHORT_WAIT_SHARE * self._moved, LEAST_KG_DAYS)

    def change(self, kg: float, came_kg: float = 0.0) -> None:
        """The yard holds `kg` from now on, since `came_kg` were taken in or lots were taken out to be worked."""
        now = self._clock.now
        if now > self._since:
            self.reckon(now)
        if came_kg > 0.0:
            self._months[self._month][INTAKE] += came_kg
        moment = (kg - self._kg) * now
        self._moment += moment
        self._moved += abs(moment)
        self._kg = kg

    def reckon(self, day: float) -> None:
        """Book the waiting up to `day` and the level at every month end passed."""
        kg = self._kg
        while day >= self._ends[self._month]:
            if kg > 0.0:
                self._wait(self._ends[self._month])
                self._months[self._month][YARD] = kg
            self._since = float(self._ends[self._month])
            self._month += 1
        if kg > 0.0 and day > self._since:
            self._wait(day)
        self._since = day

    def _wait(self, day: float) -> None:
        """Book what waited since last time, all of it in one month."""
        kg_days = self._kg * (day - self._since)
        self._months[self._month][WAIT] += kg_days
        self._area += kg_days
