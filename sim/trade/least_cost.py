"""Shares of routes by least cost: one small linear program a quarter for all routes that ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim.core.units import KG_PER_T
from sim.engine.world import World
from sim.trade.allocation import Route

QUARTER_MONTHS = 3
TIE_USD_PER_T = 1e-3  # among equal costs the plant that comes first by name wins
UNSENT_USD_PER_T = 1e6  # sending is always better than leaving unsent


class LeastCost:
    """Sets `Route.shares` anew from last quarter's mass, today's costs and the capacity plants have to spare.

    c is freight, road and gate fee less what the receiver sells of a tonne at prices of the month, where these are known.

    min sum c x  subject to  sum_j x_rj + unsent_r = supply_r,  sum_r x_rj <= capacity_j,  x >= 0  (HiGHS).
    """

    def __init__(self, world: World, routes: Sequence[Route], free_kg_per_day: Mapping[str, Callable[[], float]]) -> None:
        """`free_kg_per_day` by plant, asked each time; other receivers (outside accounts) take any mass."""
        self._world = world
        self._routes = [route for route in routes if route.options]
        self._free_kg_per_day = free_kg_per_day

    def review(self, days: float) -> None:
        """Solve for a quarter of `days`; call at its start."""
        from scipy.optimize import linprog  # noqa: PLC0415 - 47 MB and a third of a second that most runs do not need

        supply = [route.offered_kg for route in self._routes]
        for route in self._routes:
            route.offered_kg = 0.0
        if sum(supply) <= 0.0:
            return
        pairs = [(r, option) for r, route in enumerate(self._routes) for option in route.options]
        names = sorted({option.receiver.name for _, option in pairs})
        cost = [
            (o.usd_per_t() if o.usd_per_t is not None else 0.0) + TIE_USD_PER_T * names.index(o.receiver.name) for _, o in pairs
        ]
        equal = np.zeros((len(supply), len(pairs) + len(supply)))
        within = np.zeros((len(names), len(pairs) + len(supply)))
        rooms = np.zeros(len(names))
        for column, (r, option) in enumerate(pairs):
            equal[r, column] = 1.0
            row = names.index(option.receiver.name)
            within[row, column] = 1.0
            room = min(option.receiver.space_kg(self._routes[r].material), option.left_kg(self._world.decimal_year))
            free = self._free_kg_per_day.get(option.receiver.name)
            flow = free() * days if free is not None and room > 0.0 else 0.0
            rooms[row] = max(rooms[row], min(room + flow, sum(supply)) / KG_PER_T)
        equal[:, len(pairs) :] = np.eye(len(supply))
        solved = linprog(
            np.array(cost + [UNSENT_USD_PER_T] * len(supply)),
            A_ub=within,
            b_ub=rooms,
            A_eq=equal,
            b_eq=np.array(supply) / KG_PER_T,
            method="highs",
        )
        self._set_shares(supply, [r for r, _ in pairs], np.maximum(solved.x[: len(pairs)] * KG_PER_T, 0.0).tolist())

    def _set_shares(self, supply_kg: Sequence[float], owners: Sequence[int], sent_kg: Sequence[float]) -> None:
        for r, route in enumerate(self._routes):
            if supply_kg[r] > 0.0:
                route.shares = [kg / supply_kg[r] for owner, kg in zip(owners, sent_kg, strict=True) if owner == r]
