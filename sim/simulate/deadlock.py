"""Finds plants that wait for each other's full yards in a circle, so that none can ever go on."""

from __future__ import annotations

from collections.abc import Mapping

from sim.core.errors import DeadlockError
from sim.nodes.plant import Plant
from sim.trade.allocation import SharesRouter


class Circles:
    """Watches the plants of one world. Only a plant whose store is limited can be blocked, so most worlds cost nothing."""

    def __init__(self, plants: Mapping[str, Plant], router: SharesRouter) -> None:
        self._plants, self._router = plants, router
        self._limited = [name for name, plant in plants.items() if plant.spec.store_limit_days is not None]

    def require_none(self, day: float) -> None:
        """Raise where plants have stopped for good.

        A plant waits for several; one that goes on is enough. So those with a way out are taken away until nothing
        changes, and whoever is left waits for others that are left (a knot of the wait-for graph; Holt 1972, ACM Computing
        Surveys 4(3):179-196).

        Raises
        ------
        DeadlockError
            Names the plants of a circle in order.
        """
        waits = {name: self._waits_for(self._plants[name]) for name in self._limited if self._plants[name].blocked}
        while True:
            free = [name for name, others in waits.items() if not others or any(other not in waits for other in others)]
            if not free:
                break
            for name in free:
                del waits[name]
        if waits:
            raise DeadlockError(
                f"day {day:.0f}: plants wait for each other in a circle: {' -> '.join(_circle(waits))}. The store of each is full "
                "and its outputs may only go to the next, whose yard is full. "
                "Raise store_limit_days or yard_limit_days, or give a route another destination or a fallback."
            )

    def _waits_for(self, plant: Plant) -> list[str]:
        """Plants that all its outputs wait for; none where an output has another way or a receiver has room."""
        names: list[str] = []
        for material in plant.held_back():
            route = self._router.routes.get((plant.country, material))
            if route is None or route.fallback is not None:
                return []
            others = [self._plants.get(option.receiver.name) for option in route.options]
            stuck = [other.name for other in others if other is not None and other.space_kg(material) <= 0.0]
            if len(stuck) < len(others):
                return []
            names += stuck
        return names


def _circle(waits: Mapping[str, list[str]]) -> list[str]:
    """A circle in a graph where every node waits for another one: the first met from the first by name."""
    path = [min(waits)]
    while True:
        following = next(name for name in waits[path[-1]] if name in waits)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
