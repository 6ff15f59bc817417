"""What the ledger said at each year end, by stage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.engine.ledger import POSTING_TOLERANCE, Ledger, sums_by

Vector = NDArray[np.float64]


class YearBooks:
    """Balances of inside accounts at year ends.

    stocks : (year, country, stage) -> kg of each substance.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.stocks: dict[tuple[int, str, str], Vector] = {}

    def close(self, year: int) -> None:
        """Note the balances of `year`; the ledger is folded."""
        inside = [account for account in self._ledger.accounts if not account.outside]
        places: dict[tuple[str, str], int] = {}
        place = np.array([places.setdefault((each.country, each.stage), len(places)) for each in inside], dtype=np.int64)
        numbers = [account.number for account in inside]
        stock = sums_by(place, self._ledger.balance(numbers), len(places))
        ever_in = sums_by(place, self._ledger.throughput(numbers), len(places))
        stock[np.abs(stock) <= POSTING_TOLERANCE * ever_in] = 0.0  # float dust of sums is not a stock
        self.stocks |= {(year, *key): stock[number] for key, number in places.items()}
