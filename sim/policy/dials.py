"""Turning dials: each is its first value times every factor at work on it, so levers and responses add up and go away again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod

from sim.core.errors import Fault, WiringError
from sim.engine.world import World
from sim.policy.lever_spec import LeverSpec


class DialBoard:
    """Factors at work on dials, by cause."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._first: dict[str, float] = {}
        self._factors: dict[str, dict[str, float]] = {}
        self._listeners: dict[str, list[Callable[[float], None]]] = {}

    def listen(self, dial: str, call: Callable[[float], None]) -> None:
        """Call `call(new value over old value)` when a dial is turned."""
        self._listeners.setdefault(dial, []).append(call)

    def put(self, cause: str, dial: str, factor: float) -> None:
        """Let a factor work on a dial from now on."""
        self._factors.setdefault(dial, {})[cause] = factor
        self._turn(dial)

    def lift(self, cause: str, dial: str) -> None:
        """Take a factor away."""
        if self._factors.get(dial, {}).pop(cause, None) is not None:
            self._turn(dial)

    def _turn(self, dial: str) -> None:
        old = self._world.dials[dial]
        new = self._first.setdefault(dial, old) * prod(self._factors[dial].values())
        self._world.dials.turn(self._world.clock.now, dial, new)
        if old > 0.0:
            for call in self._listeners.get(dial, ()):
                call(new / old)


def schedule(world: World, board: DialBoard, levers: Iterable[LeverSpec]) -> None:
    """Set every lever to work on its date and to stop after its last day.

    Raises
    ------
    WiringError
        If a dial does not exist.
    """
    faults = [
        Fault("", 0, f"levers.{lever.name}.dial", f"'{lever.dial}' is no dial of this scenario")
        for lever in levers
        if lever.dial not in world.dials
    ]
    if faults:
        raise WiringError(faults)
    for lever in levers:
        begin = world.calendar.day_of(lever.start)
        end = world.calendar.day_of(lever.end) + 1 if lever.end is not None else None
        if end is not None and end <= 0:
            continue  # over before the run starts
        world.clock.at(float(begin), lambda each: board.put(f"lever {each.name}", each.dial, each.factor.value), lever)
        if end is not None:
            world.clock.at(float(end), lambda each: board.lift(f"lever {each.name}", each.dial), lever)
