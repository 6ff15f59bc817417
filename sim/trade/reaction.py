"""How recyclers answer prices: an index of what they sell, as it was of late, to the power of an elasticity.

Prices do not depend on what is recovered, so every answer is known before the run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR, MONTHS_PER_YEAR
from sim.trade.prices import Prices
from sim.trade.reaction_spec import ReactionSpec

Array = NDArray[np.float64]


def answer(spec: ReactionSpec, prices: Prices) -> Array:
    """Factor on hours or on prices paid, by month of the run; 1 as long as prices are those of the first month."""
    table = prices.table_of(spec.buyer)
    columns = [prices.substances.index(metal) for metal in spec.basket]
    weights = np.array([weight.value for weight in spec.basket.values()])
    index = table[:, columns] / table[0, columns] @ (weights / weights.sum())
    return np.asarray(of_late(index, spec.lag_days.value) ** spec.elasticity.value)


def of_late(index: Array, lag_days: float) -> Array:
    """Mean of the months, at least one, that `lag_days` reach back to before each month; before the run all was as in its first."""
    months = max(math.ceil(lag_days / (DAYS_PER_YEAR / MONTHS_PER_YEAR) - 1e-9), 1)
    past = np.concatenate([np.full(months, index[0]), index])
    windows = np.lib.stride_tricks.sliding_window_view(past, months)[: index.size]
    return np.asarray(windows.mean(axis=1))


def price_answers(specs: Sequence[ReactionSpec], prices: Prices, country: str) -> Array | None:
    """Factor on what informal buyers of a country pay, by month; None if none of them answers."""
    answers = [answer(spec, prices) for spec in specs if country in spec.informal]
    return np.asarray(np.prod(answers, axis=0)) if answers else None
