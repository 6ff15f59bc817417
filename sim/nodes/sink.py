"""Places beyond the boundary that take whatever they are sent."""

from __future__ import annotations

import math

from sim.core.lot import Lot
from sim.engine.world import World


class Sink:
    """An outside account as a destination: landfill, leakage, recycling of untracked materials."""

    __slots__ = ("_world", "account", "country", "name")

    def __init__(self, world: World, name: str, country: str = "") -> None:
        self._world = world
        self.name, self.country = name, country
        self.account = world.ledger.account(name, name, country, outside=True)

    def space_kg(self, material: str = "") -> float:
        """Always room."""
        return math.inf

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Book lots out of the boundary."""
        self._world.ledger.post_all(self._world.clock.now, source, self.account, lots)
