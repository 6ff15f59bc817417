"""What an investment is worth: present value, internal rate of return, payback, annuity, levelised cost.

Flows are yearly, the first one today; money is in constant prices unless said otherwise. Formulas as in Brealey, Myers and Allen,
Principles of Corporate Finance, chapters 2, 5 and 19. What does not exist is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

LOWEST_RATE, HIGHEST_RATE = -0.99, 1e6
STEPS = 200  # halvings and doublings, more than double precision can tell apart


def npv(rate_share: float, flows_usd: Sequence[float]) -> float:
    """Net present value: each flow over (1 + rate)^years from today."""
    return math.fsum(flow / (1.0 + rate_share) ** year for year, flow in enumerate(flows_usd))


def irr(flows_usd: Sequence[float]) -> float:
    """Internal rate of return: the rate at which the net present value is zero; of several, the one nearest to zero.

    NaN where flows do not change sign, so that no rate exists.
    """
    if not any(flow > 0.0 for flow in flows_usd) or not any(flow < 0.0 for flow in flows_usd):
        return math.nan
    found = [_root(flows_usd, *bracket) for bracket in _brackets(flows_usd)]
    return min(found, key=abs, default=math.nan)


def _brackets(flows_usd: Sequence[float]) -> list[tuple[float, float]]:
    """Pairs of neighbouring rates between which the present value changes sign."""
    growth = [LOWEST_RATE + 1.0]
    while growth[-1] < HIGHEST_RATE:
        growth.append(growth[-1] * 1.05)
    rates = [each - 1.0 for each in growth]
    values = [npv(rate, flows_usd) for rate in rates]
    return [
        (rates[place], rates[place + 1]) for place in range(len(rates) - 1) if (values[place] > 0.0) != (values[place + 1] > 0.0)
    ]


def _root(flows_usd: Sequence[float], low: float, high: float) -> float:
    """Where the present value changes sign, by halving."""
    above = npv(low, flows_usd) > 0.0
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if (npv(middle, flows_usd) > 0.0) == above:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def payback_years(flows_usd: Sequence[float]) -> float:
    """Years until the sum of flows, undiscounted and even within a year, is no longer negative; NaN if it stays so."""
    sums = list(accumulate(flows_usd))
    if sums and sums[0] >= 0.0:
        return 0.0
    for year in range(1, len(sums)):
        if sums[year] >= 0.0:
            return year - sums[year] / flows_usd[year]
    return math.nan


def annuity(rate_share: float, years: float) -> float:
    """Yearly payment over what is borrowed, that pays it back with interest in equal parts (capital recovery factor)."""
    return 1.0 / years if rate_share == 0.0 else rate_share / -math.expm1(-years * math.log1p(rate_share))


def levelised_cost(rate_share: float, costs_usd: Sequence[float], amounts_kg: Sequence[float]) -> float:
    """Present value of costs over present value of amounts [USD/kg]; NaN where nothing is made."""
    made = npv(rate_share, amounts_kg)
    return npv(rate_share, costs_usd) / made if made > 0.0 else math.nan
