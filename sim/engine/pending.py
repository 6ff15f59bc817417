"""Lots that wait to be folded into substances."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from sim.engine.composition import Composition, Vector


class Pending:
    """Lots under numbers, as flat columns to append to: the lots themselves are cold, or gone, when they are folded."""

    __slots__ = ("kg", "numbers", "refs")

    def __init__(self) -> None:
        self.numbers, self.refs, self.kg = array("q"), array("q"), array("d")

    def folded(self, composition: Composition) -> tuple[NDArray[np.int64], Vector]:
        """The numbers in order, each once, and kg of each substance under them, shape (numbers, substances)."""
        order = np.argsort(np.frombuffer(self.numbers, np.int64), kind="stable")
        numbers, refs, kg = (np.frombuffer(column, column.typecode)[order] for column in (self.numbers, self.refs, self.kg))
        firsts = np.flatnonzero(np.diff(numbers, prepend=-1))
        return numbers[firsts], sums_of_groups(kg, composition.table.take(refs, axis=0), firsts)


def sums_of_groups(kg: Vector, shares: Vector, firsts: NDArray[np.intp]) -> Vector:
    """Kg of each substance of groups of lots, each from its first one to the next, shape (groups, substances)."""
    sums: Vector = np.add.reduceat(shares * kg[:, np.newaxis], firsts, axis=0)
    return sums
