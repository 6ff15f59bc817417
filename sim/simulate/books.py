"""What the ledger said at each year end, by stage."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from sim.engine.ledger import POSTING_TOLERANCE, Ledger

Vector = NDArray[np.float64]


class YearBooks:
    """Balances of inside accounts at year ends.

    stocks : (year, country, stage) -> kg of each substance.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.stocks: defaultdict[tuple[int, str, str], Vector] = defaultdict(self._nothing)

    def close(self, year: int) -> None:
        """Note the balances of `year`; the ledger is folded."""
        ever_in: dict[tuple[int, str, str], Vector] = defaultdict(self._nothing)
        for account in self._ledger.accounts:
            if not account.outside:
                place = (year, account.country, account.stage)
                self.stocks[place] += self._ledger.balance(account.number)
                ever_in[place] += self._ledger.throughput(account.number)
        for place, throughput in ever_in.items():
            # float dust of sums is not a stock
            self.stocks[place][np.abs(self.stocks[place]) <= POSTING_TOLERANCE * throughput] = 0.0

    def _nothing(self) -> Vector:
        return np.zeros(len(self._ledger.composition.substances))
