"""Mass between accounts, month by month, as the bottleneck finder needs it: headline metals and the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR
from sim.engine.composition import Vector
from sim.engine.ledger import Ledger

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Year:
    """What moved in one year.

    source, target : account numbers, shape (pairs,). kg : shape (months, pairs, metals + 1), the whole mass last.
    """

    source: Numbers
    target: Numbers
    kg: Vector


class Movements:
    """Listens to the folds of a ledger; `end_month` closes a month."""

    def __init__(self, ledger: Ledger, columns: list[int]) -> None:
        """`columns`: numbers of the substances that are told apart."""
        self._columns = columns
        self._row: dict[tuple[int, int], int] = {}
        self._now: list[tuple[Numbers, Vector]] = []
        self._months: list[tuple[Numbers, Vector]] = []
        ledger.on_fold = self._add

    def _add(self, source: Numbers, target: Numbers, kg: Vector) -> None:
        chosen = np.column_stack([kg[:, self._columns], kg.sum(axis=1)])
        row = self._row
        pairs = zip(source.tolist(), target.tolist(), strict=True)
        self._now.append((np.array([row.setdefault(pair, len(row)) for pair in pairs], dtype=np.int64), chosen))

    def end_month(self) -> None:
        """Close a month; the ledger is folded."""
        rows = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(moved for moved, _ in self._now)]))
        amounts = np.zeros((len(rows), len(self._columns) + 1))
        for moved, kg in self._now:
            amounts[np.searchsorted(rows, moved)] += kg  # a fold tells of a pair once
        self._months.append((rows, amounts))
        self._now = []

    def year(self, number: int) -> Year:
        """Movements of year number 0, 1 ... of the run."""
        months = self._months[MONTHS_PER_YEAR * number : MONTHS_PER_YEAR * (number + 1)]
        used = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(rows for rows, _ in months)]))
        pairs = np.array(list(self._row), dtype=np.int64).reshape(-1, 2)[used]
        kg = np.zeros((MONTHS_PER_YEAR, len(used), len(self._columns) + 1))
        for month, (rows, amounts) in enumerate(months):
            kg[month, np.searchsorted(used, rows)] = amounts
        return Year(pairs[:, 0], pairs[:, 1], kg)
