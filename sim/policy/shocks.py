"""Shocks: dated cuts of primary supply and moves of price, felt by the market month by month."""

from __future__ import annotations

from collections.abc import Iterable

from sim.core.calendar import Calendar
from sim.policy.lever_spec import ShockSpec

ALL_SOURCES = "*"


class Shocks:
    """All shocks of a scenario. A month is struck by the share of its days that the shock covers: nothing before its date."""

    def __init__(self, specs: Iterable[ShockSpec], calendar: Calendar) -> None:
        self._specs = tuple(specs)
        self._calendar = calendar

    def supply_factor(self, metal: str, source: str, month: int) -> float:
        """Share of normal supply of `metal` from `source` that arrives in a month."""
        factor = 1.0
        for shock in self._specs:
            if shock.metal == metal and shock.source in {source, ALL_SOURCES}:
                factor *= 1.0 + self._struck_share(shock, month) * (shock.supply_factor.value - 1.0)
        return factor

    def price_factor(self, metal: str, month: int) -> float:
        """Mean price outside China over its normal price in a month."""
        factor = 1.0
        for shock in self._specs:
            if shock.metal == metal and shock.price_factor is not None:
                factor *= 1.0 + self._struck_share(shock, month) * (shock.price_factor.value - 1.0)
        return factor

    def _struck_share(self, shock: ShockSpec, month: int) -> float:
        first, after = self._calendar.month_starts[month : month + 2]
        begin = self._calendar.day_of(shock.start)
        overlap = min(begin + shock.days.value, after) - max(begin, first)
        return max(overlap, 0.0) / (after - first)
