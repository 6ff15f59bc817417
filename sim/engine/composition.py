"""What lots are made of: one growing table of substance shares that lots refer to by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ConservationError
from sim.core.lot import Lot

Vector = NDArray[np.float64]
SUM_TOLERANCE = 1e-12  # a posting closes within this share of its lot
DUST = 1e-12  # share of a lot: a residue by difference may fall this far below nothing by rounding


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
        """Add the composition of a batch given by its masses [kg], shape (substances,); return its row.

        Raises
        ------
        ConservationError
            If the batch is empty or any mass is negative beyond rounding.
        """
        total = masses_kg.sum()
        if not total > 0.0:
            raise ConservationError(f"a batch of {total} kg has no composition")
        return self.add_rows((masses_kg / total)[np.newaxis, :])

    def add_rows(self, shares: Vector) -> int:
        """Add rows of shares, shape (n, substances), each summing to 1; return the row of the first.

        Raises
        ------
        ConservationError
            If a row does not sum to 1 or a share is negative beyond rounding.
        """
        first, after = self._used, self._used + len(shares)
        if not np.abs(shares.sum(axis=1) - 1.0).max(initial=0.0) <= SUM_TOLERANCE:
            raise ConservationError("the shares of a composition do not sum to 1")
        least = shares.min(initial=0.0)
        if least < 0.0:
            if least < -DUST:
                raise ConservationError(f"a composition holds a share of {least:.3g} of {self._worst(shares)}")
            shares = np.maximum(shares, 0.0)
        if after > len(self._rows):
            grown = np.zeros((max(after, len(self._rows) * 5 // 4), len(self.substances)))
            grown[: self._used] = self._rows[: self._used]
            self._rows = grown
        self._rows[first:after] = shares
        self._used = after
        return first

    def masses(self, lots: Sequence[Lot]) -> Vector:
        """Fold lots into kg of each substance, shape (substances,)."""
        if not lots:
            return np.zeros(len(self.substances))
        kg, refs, _, _ = zip(*lots, strict=True)
        masses: Vector = np.array(kg) @ self._rows.take(refs, axis=0)
        return masses

    def mass(self, lot: Lot) -> Vector:
        """Kg of each substance in one lot, shape (substances,)."""
        masses: Vector = lot.kg * self._rows[lot.ref]
        return masses

    def forget(self) -> None:
        """Forget all rows when the run is over and nothing is folded any more: they may be a tenth of all memory."""
        self._rows, self._used = self._rows[:0].copy(), 0

    def _worst(self, shares: Vector) -> str:
        return self.substances[int(shares.min(axis=0).argmin())]
