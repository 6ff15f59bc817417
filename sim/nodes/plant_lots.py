"""What plants do with lots: tag and merge what comes in, add up a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.core.lot import Lot
from sim.engine.composition import Composition, Vector
from sim.engine.tags import Origin
from sim.engine.world import World


class Intake:
    """The gate of one plant: what was not treated before gets the tag of plant and year; what is alike becomes one lot.

    `Tags.intake` keeps what each treated tag was made of, so merging loses no origin. What was treated before keeps its tag.
    """

    __slots__ = ("_inputs", "_known", "_plant", "_world", "_year")

    def __init__(self, world: World, plant: str, inputs: Sequence[str]) -> None:
        self._world, self._plant, self._inputs = world, plant, inputs
        self._known: dict[tuple[int, int], tuple[int, list[float]]] = {}
        self._year = 0

    def booked(self, row: int, lots: Sequence[Lot]) -> list[Lot]:
        """Lots of input number `row` as they lie in the yard: one for each composition and tag."""
        year = self._world.year
        if year != self._year:
            self._year, self._known = year, {}
        known = self._known
        alike: dict[tuple[int, int], list[float]] = {}
        for kg, ref, tag, born_day in lots:
            found = known.get((tag, row))
            if found is None:
                found = known[tag, row] = self._treated(tag, row)
            treated, cell = found
            cell[0] += kg
            sums = alike.get((ref, treated))
            if sums is None:
                alike[ref, treated] = [kg, kg * born_day]
            else:
                sums[0] += kg
                sums[1] += kg * born_day
        return [Lot(kg, ref, tag, moment / kg if kg > 0.0 else 0.0) for (ref, tag), (kg, moment) in alike.items()]

    def _treated(self, tag: int, row: int) -> tuple[int, list[float]]:
        """The tag after treatment here, and the cell that counts what came into it."""
        origin = self._world.tags[tag]
        if origin.plant:
            return tag, [0.0]
        treated = self._world.tags.of(Origin(origin.country, plant=self._plant, year=self._year))
        return treated, self._world.tags.intake(treated, tag, self._inputs[row])


def summed(composition: Composition, lots: Sequence[Lot], rows: Sequence[int], inputs: int) -> tuple[list[int], Vector, Vector]:
    """Add up a batch whose lots are of input numbers `rows`.

    Returns
    -------
    Its tags; masses fed, shape (tags, inputs, substances); mass-weighted day of discard by tag.
    """
    masses, refs, tags, born_days = zip(*lots, strict=True)
    kg, number = np.array(masses), {tag: place for place, tag in enumerate(dict.fromkeys(tags))}
    places = np.array([number[tag] for tag in tags])
    member = np.zeros((len(number) * inputs, len(lots)))  # a product of matrices sums faster than `np.add.at`
    member[places * inputs + rows, np.arange(len(lots))] = kg
    fed = member @ composition.table[list(refs)]
    whole = np.bincount(places, kg)
    born = np.bincount(places, kg * born_days)
    return list(number), fed.reshape(len(number), inputs, -1), np.divide(born, whole, out=born, where=whole > 0.0)
