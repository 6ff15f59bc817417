"""What lots are made of: one growing table of substance shares that lots refer to by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot

Vector = NDArray[np.float64]


class Composition:
    """Rows of kg of each substance per kg of lot; every row sums to 1 (`total` closes through `other`)."""

    __slots__ = ("_rows", "_used", "substances")

    def __init__(self, substances: Sequence[str]) -> None:
        self.substances = tuple(substances)
        self._rows = np.zeros((1024, len(self.substances)))
        self._used = 0

    @property
    def table(self) -> Vector:
        """All rows so far, shape (rows, substances), a view."""
        return self._rows[: self._used]

    def add(self, masses_kg: Vector) -> int:
        """Add the composition of a batch given by its masses [kg], shape (substances,); return its row."""
        return self.add_rows((masses_kg / masses_kg.sum())[np.newaxis, :])

    def add_rows(self, shares: Vector) -> int:
        """Add rows of shares, shape (n, substances), each summing to 1; return the row of the first."""
        first, after = self._used, self._used + len(shares)
        if after > len(self._rows):
            grown = np.zeros((max(after, 2 * len(self._rows)), len(self.substances)))
            grown[: self._used] = self._rows[: self._used]
            self._rows = grown
        self._rows[first:after] = shares
        self._used = after
        return first

    def masses(self, lots: Sequence[Lot]) -> Vector:
        """Fold lots into kg of each substance, shape (substances,)."""
        if not lots:
            return np.zeros(len(self.substances))
        kg = np.array([lot.kg for lot in lots])
        return kg @ self._rows[[lot.ref for lot in lots]]

    def mass(self, lot: Lot) -> Vector:
        """Kg of each substance in one lot, shape (substances,)."""
        return lot.kg * self._rows[lot.ref]
