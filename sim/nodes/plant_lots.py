"""What plants do with lots: tag what comes in, divide batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from sim.core.lot import Lot
from sim.core.transfer import TransferTable
from sim.engine.composition import Composition, Vector
from sim.engine.tags import Origin
from sim.engine.world import World

LEAST_KG = 1e-300  # nothing over nothing is day 0


class Intake:
    """The gate of one plant: what was not treated before gets the tag of plant, year and country of origin.

    `Tags.intake` keeps what each treated tag was made of, so no origin is lost. What was treated before keeps its tag.
    """

    __slots__ = ("_inputs", "_known", "_plant", "_tags", "_treated_of", "_world", "_year")

    def __init__(self, world: World, plant: str, inputs: Sequence[str]) -> None:
        self._world, self._tags, self._plant, self._inputs = world, world.tags, plant, inputs
        self._known: list[dict[int, tuple[int, list[float]]]] = []  # by input and tag
        self._treated_of: dict[str, int] = {}  # by country
        self._year = 0

    def booked(self, row: int, lots: Sequence[Lot]) -> list[Lot]:
        """Lots of input number `row` as they lie in the yard."""
        year = self._world.year
        if year != self._year:
            self._year, self._treated_of, self._known = year, {}, [{} for _ in self._inputs]
        known, booked = self._known[row], []
        for lot in lots:
            kg, ref, tag, born_day = lot
            treated, cell = known.get(tag) or self._treated(tag, row)
            cell[0] += kg
            booked.append(lot if treated == tag else Lot(kg, ref, treated, born_day))
        return booked

    def _treated(self, tag: int, row: int) -> tuple[int, list[float]]:
        """The tag after treatment here, and the cell that counts what came into it; known from now on."""
        country, _, _, plant, _ = self._tags.origins[tag]
        treated, cell = tag, [0.0]
        if not plant:
            treated = self._treated_of.get(country, -1)
            if treated < 0:
                treated = self._treated_of[country] = self._tags.of(Origin(country, plant=self._plant, year=self._year))
            cell = self._tags.intake(treated, tag, self._inputs[row])
        self._known[row][tag] = treated, cell
        return treated, cell


@dataclass(slots=True)
class Batch:
    """Lots a plant works together, and, once they are divided, what they become.

    rows : number of the input of each lot. kg : of all of them. account, journey : where it is from its start until it is ready.
    days : from its start until `ready_day`. rest_tag : of the residue.
    products : lots of every tag by output. rest : the residue of all tags, at most one lot.
    made : masses by country of origin, shape (outputs + 1, substances), the residue last; they add up to what was fed.
    """

    lots: list[Lot]
    rows: list[int]
    table: TransferTable
    account: int
    days: float
    ready_day: float
    rest_tag: int
    kg: float = field(init=False)
    journey: int = 0
    products: dict[str, list[Lot]] = field(default_factory=dict)
    rest: list[Lot] = field(default_factory=list)
    made: dict[str, Vector] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Weigh it."""
        self.kg = sum(lot.kg for lot in self.lots)

    def becomes(self) -> list[Lot]:
        """All lots it becomes."""
        return [*(lot for lots in self.products.values() for lot in lots), *self.rest]


def divide(world: World, batches: Sequence[Batch]) -> None:
    """Say what batches become: all are folded at once, and those of one table are divided in one product."""
    by_table: dict[int, list[Batch]] = {}
    for batch in batches:
        by_table.setdefault(id(batch.table), []).append(batch)
    parts: list[_Part] = []
    for some in by_table.values():
        parts.append(_Part(world, some, parts[-1].edges[-1] if parts else 0))
    _feed(world.composition, parts)
    masses = np.concatenate([rows for part in parts for rows in part.masses()])
    kg = masses.sum(axis=1)
    there = kg.nonzero()[0]
    refs = np.zeros(len(kg), dtype=np.intp)
    refs[there] = world.composition.add_rows(masses[there] / kg[there, np.newaxis]) + np.arange(len(there))
    made = zip(kg.tolist(), refs.tolist(), strict=True)
    for part in parts:
        part.give(made)


class _Part:
    """Batches of one table. Every tag of a batch is a key; keys are numbered through all batches that are divided together.

    keys : of each lot. edges : first key of each batch, and the key after the last one. tags, born : of each key.
    made : shape (keys, outputs + 1, substances), the residue last.
    """

    __slots__ = ("_world", "batches", "born", "edges", "keys", "made", "table", "tags")

    def __init__(self, world: World, batches: Sequence[Batch], first: int) -> None:
        self._world, self.batches, self.table = world, batches, batches[0].table
        self.keys: list[int] = []
        self.tags: list[int] = []
        self.edges = [first]
        for batch in batches:
            tags = [lot.tag for lot in batch.lots]
            number = {tag: key for key, tag in enumerate(dict.fromkeys(tags), self.edges[-1])}
            self.keys += [number[tag] for tag in tags]
            self.tags += number
            self.edges.append(first + len(self.tags))

    def feed(self, fed: Vector, born: Vector) -> None:
        """Divide what its keys are fed, shape (keys x inputs, substances)."""
        self.made = self.table.divide(fed.reshape(len(self.tags), -1, fed.shape[1]))
        self.born: list[float] = born.tolist()

    def masses(self) -> tuple[Vector, Vector]:
        """Masses of every lot that `give` makes: all outputs of every key, and one residue of each batch."""
        products, rest = self.made[:, :-1], self.made[:, -1]
        firsts = np.array(self.edges[:-1]) - self.edges[0]
        return products.reshape(-1, products.shape[-1]), np.add.reduceat(rest, firsts, axis=0)

    def give(self, made: Iterator[tuple[float, int]]) -> None:
        """Give every batch its lots, of the mass and composition that `made` tells in the order of `masses`."""
        names, origins = self.table.outputs, self._world.tags.origins
        cells = [list(islice(made, len(names))) for _ in self.tags]
        of_keys = list(zip(cells, self.tags, self.born, self.made, strict=True))
        for batch, first, last in zip(self.batches, self.edges, self.edges[1:], strict=False):
            products: dict[str, list[Lot]] = {name: [] for name in names}
            for outputs, tag, born, masses in of_keys[first - self.edges[0] : last - self.edges[0]]:
                for lots, (kg, ref) in zip(products.values(), outputs, strict=True):
                    if kg > 0.0:
                        lots.append(Lot(kg, ref, tag, born))
                country = origins[tag].country
                batch.made[country] = batch.made[country] + masses if country in batch.made else masses
            batch.products = {name: lots for name, lots in products.items() if lots}
            kg, ref = next(made)
            batch.rest = [Lot(kg, ref, batch.rest_tag, batch.ready_day)] if kg > 0.0 else []


def _feed(composition: Composition, parts: Sequence[_Part]) -> None:
    """Fold the lots of all batches by key and input, and let every part divide what is its own."""
    batches = [batch for part in parts for batch in part.batches]
    masses, refs, _, born_days = zip(*(lot for batch in batches for lot in batch.lots), strict=True)
    inputs = np.repeat([len(part.table.inputs) for part in parts], [len(part.tags) for part in parts])
    ends, kg = inputs.cumsum(), np.array(masses)
    keys = np.array([key for part in parts for key in part.keys])
    cells = (ends - inputs)[keys] + [row for batch in batches for row in batch.rows]
    order = cells.argsort(kind="stable")
    cells = cells[order]
    firsts = np.flatnonzero(np.diff(cells, prepend=-1))
    fed = np.zeros((ends[-1], len(composition.substances)))
    shares = composition.table.take(np.array(refs)[order], axis=0)
    fed[cells[firsts]] = np.add.reduceat(shares * kg[order, np.newaxis], firsts, axis=0)
    born = np.bincount(keys, kg * born_days) / np.maximum(np.bincount(keys, kg), LEAST_KG)
    for part in parts:
        first, last = part.edges[0], part.edges[-1]
        part.feed(fed[ends[first] - inputs[first] : ends[last - 1]], born[first:last])
