"""A place that holds lots, first in first out; in place of `simpy.Container`, which waits for ever on float dust."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from sim.core.lot import Lot

DUST = 1e-12  # relative: less than this share of a request is not worth another lot
CANCELLED = 1e-3  # a remainder below this share of what was there has lost digits: add it up again


class Stockpile:
    """Lots in one ledger account. Only `Ledger` posts mass; a stockpile merely holds what was posted to it."""

    __slots__ = ("account", "kg", "lots")

    def __init__(self, account: int) -> None:
        self.account = account
        self.lots: deque[Lot] = deque()
        self.kg = 0.0

    def put(self, lot: Lot) -> None:
        """Add a lot at the end."""
        self.lots.append(lot)
        self.kg += lot.kg

    def put_all(self, lots: Iterable[Lot]) -> None:
        """Add lots at the end."""
        for lot in lots:
            self.put(lot)

    def take(self, kg: float) -> list[Lot]:
        """Remove the oldest lots up to `kg` in all, splitting the last; everything if there is no more than that.

        Raises
        ------
        ValueError
            If `kg` is negative or not a number.
        """
        if not kg >= 0.0:
            raise ValueError(f"cannot take {kg} kg")
        if kg >= self.kg * (1.0 - DUST):
            return self.take_all()
        taken: list[Lot] = []
        missing, enough = kg, kg * DUST
        while missing > enough and self.lots:
            lot = self.lots.popleft()
            if lot.kg <= missing + enough:
                taken.append(lot)
                missing -= lot.kg
            else:
                taken.append(lot.part(missing))
                self.lots.appendleft(lot.part(lot.kg - missing))
                missing = 0.0
        before, self.kg = self.kg, self.kg - (kg - missing)
        if self.kg < CANCELLED * before:
            self.kg = sum(lot.kg for lot in self.lots)
        return taken

    def take_all(self) -> list[Lot]:
        """Remove every lot."""
        taken = list(self.lots)
        self.lots.clear()
        self.kg = 0.0
        return taken
