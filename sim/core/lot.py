"""The only thing that moves: an amount of mass that refers to what it is made of and where it came from."""

from __future__ import annotations

from typing import NamedTuple


class Lot(NamedTuple):
    """A mass with references; substances are looked up late (`engine.composition`).

    kg : mass [kg], never negative.
    ref : row of the composition table (kg of each substance per kg of lot).
    tag : where it came from (`engine.tags`): zone and channel before treatment, dismantling plant, year and
        country of origin after it.
    born_day : mass-weighted mean day of discard [day of simulation].
    """

    kg: float
    ref: int
    tag: int
    born_day: float

    def part(self, kg: float) -> Lot:
        """The same lot with another mass."""
        return Lot(kg, self.ref, self.tag, self.born_day)
