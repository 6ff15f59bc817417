"""Mass between accounts, month by month, as the bottleneck finder needs it: headline metals and the whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR
from sim.engine.composition import Vector
from sim.engine.ledger import Ledger, Rows

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Year:
    """What moved in one year.

    source, target : places in `Movements.accounts`, shape (pairs,). kg : shape (months, pairs, metals + 1), the whole mass last.
    """

    source: Numbers
    target: Numbers
    kg: Vector


class Movements:
    """Listens to the folds of a ledger; `end_month` closes a month."""

    def __init__(self, ledger: Ledger, columns: list[int]) -> None:
        """`columns`: numbers of the substances that are told apart."""
        self._columns, self._pairs = columns, ledger.pairs
        self._now = Rows(len(columns) + 1)
        self._months: list[tuple[Numbers, Vector]] = []
        ledger.on_fold = self._add

    def _add(self, pairs: Numbers, kg: Vector) -> None:
        self._now.grow(len(self._pairs))
        self._now.used[pairs] += np.column_stack([kg[:, self._columns], kg.sum(axis=1)])

    def end_month(self) -> None:
        """Close a month; the ledger is folded."""
        pairs = np.flatnonzero(self._now.used.any(axis=1))
        self._months.append((pairs, self._now.used[pairs]))
        self._now.used[:] = 0.0

    @cached_property
    def _ends(self) -> Numbers:
        """Accounts of all pairs; asked for when the run is over."""
        return np.array(list(self._pairs), dtype=np.int64).reshape(-1, 2)

    @cached_property
    def accounts(self) -> Numbers:
        """Numbers of the accounts that anything moved into or out of in the run, ascending."""
        return np.unique(self._ends)

    def year(self, number: int) -> Year:
        """Movements of year number 0, 1 ... of the run."""
        months = self._months[MONTHS_PER_YEAR * number : MONTHS_PER_YEAR * (number + 1)]
        used = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(pairs for pairs, _ in months)]))
        ends = np.searchsorted(self.accounts, self._ends[used])
        kg = np.zeros((MONTHS_PER_YEAR, len(used), len(self._columns) + 1))
        for month, (pairs, amounts) in enumerate(months):
            kg[month, np.searchsorted(used, pairs)] = amounts
        return Year(ends[:, 0], ends[:, 1], kg)
