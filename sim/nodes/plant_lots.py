"""What plants do with lots: tag and merge what comes in, divide a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.core.lot import Lot
from sim.core.transfer import TransferTable
from sim.engine.composition import Composition, Vector
from sim.engine.tags import Origin
from sim.engine.world import World

LEAST_KG = 1e-300  # nothing over nothing is day 0


class Intake:
    """The gate of one plant: what was not treated before gets the tag of plant and year; what is alike becomes one lot.

    `Tags.intake` keeps what each treated tag was made of, so merging loses no origin. What was treated before keeps its tag.
    """

    __slots__ = ("_inputs", "_known", "_plant", "_world", "_year")

    def __init__(self, world: World, plant: str, inputs: Sequence[str]) -> None:
        self._world, self._plant, self._inputs = world, plant, inputs
        self._known: dict[tuple[int, int], tuple[int, list[float]]] = {}
        self._year = 0

    def booked(self, row: int, lots: list[Lot]) -> list[Lot]:
        """Lots of input number `row` as they lie in the yard: one for each composition and tag."""
        year = self._world.year
        if year != self._year:
            self._year, self._known = year, {}
        known = self._known
        if len(lots) == 1:  # nothing to merge, which is most loads
            kg, ref, tag, born_day = lots[0]
            treated, cell = known.get((tag, row)) or self._treated(tag, row)
            cell[0] += kg
            return lots if treated == tag else [Lot(kg, ref, treated, born_day)]
        alike: dict[tuple[int, int], list[float]] = {}
        for kg, ref, tag, born_day in lots:
            treated, cell = known.get((tag, row)) or self._treated(tag, row)
            cell[0] += kg
            sums = alike.get((ref, treated))
            if sums is None:
                alike[ref, treated] = [kg, kg * born_day]
            else:
                sums[0] += kg
                sums[1] += kg * born_day
        return [Lot(kg, ref, tag, moment / kg if kg > 0.0 else 0.0) for (ref, tag), (kg, moment) in alike.items()]

    def _treated(self, tag: int, row: int) -> tuple[int, list[float]]:
        """The tag after treatment here, and the cell that counts what came into it; known from now on."""
        tags = self._world.tags
        origin = tags[tag]
        if origin.plant:
            found = tag, [0.0]
        else:
            treated = tags.of(Origin(origin.country, plant=self._plant, year=self._year))
            found = treated, tags.intake(treated, tag, self._inputs[row])
        self._known[tag, row] = found
        return found


def divided(
    composition: Composition, lots: Sequence[Lot], rows: Sequence[int], table: TransferTable
) -> tuple[list[int], Vector, list[float]]:
    """Divide a batch whose lots are of input numbers `rows`.

    Returns
    -------
    Its tags; masses made, shape (tags, outputs + 1, substances), the residue last; mass-weighted day of discard by tag.
    """
    masses, refs, tags, born_days = zip(*lots, strict=True)
    number = {tag: place for place, tag in enumerate(dict.fromkeys(tags))}
    kg = np.zeros((len(number), len(lots)))  # a product of matrices sums faster than `np.add.at`
    kg[[number[tag] for tag in tags], range(len(lots))] = masses
    made = table.whole.take(rows, axis=0) * composition.table.take(refs, axis=0)[:, np.newaxis]
    sums = kg @ made.reshape(len(lots), -1)
    born = kg @ np.array(born_days) / np.maximum(kg.sum(axis=1), LEAST_KG)
    return list(number), sums.reshape(len(number), *made.shape[1:]), born.tolist()


def by_output(made: Vector) -> Vector:
    """Masses of every tag, output by output, and one residue of all tags, shape (outputs x tags + 1, substances)."""
    first: Vector = made[0]
    if len(made) == 1:
        return first
    outputs = made[:, :-1].swapaxes(0, 1).reshape(-1, made.shape[-1])
    whole: Vector = np.concatenate((outputs, made[:, -1].sum(axis=0, keepdims=True)))
    return whole
