"""Rapid response: a trigger on an observed indicator starts actions, and ends them when it no longer holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sim.core.errors import Fault, WiringError
from sim.engine.world import World
from sim.policy.dials import DialBoard
from sim.policy.lever_spec import ActionSpec, ResponseSpec
from sim.trade.market import Observation

CONSENT_DIAL = "borders.consent_days_factor"
COMMISSIONING_DIALS = tuple(f"commissioning.{step}_factor" for step in ("finance", "permit", "build"))
EXTRA_SHIFT_FACTOR = 1.5  # one shift more on two


class Watched(Protocol):
    """The market as a response sees it."""

    def watches(self, country: str, metal: str) -> bool:
        """Whether indicators exist."""
        ...

    def observe(self, country: str, metal: str) -> Observation:
        """Indicators of the last month."""
        ...

    def release(self, country: str, metal: str, days: float) -> None:
        """Allow days of demand to leave the national stock."""
        ...

    def stop_release(self, country: str, metal: str) -> None:
        """Close the national stock."""
        ...


class Response:
    """One response: idle, triggered (waiting for its delay) or at work."""

    def __init__(self, world: World, spec: ResponseSpec, market: Watched, board: DialBoard, plants: Sequence[str]) -> None:
        """`plants`: names of the plants that can work an extra shift."""
        self.spec = spec
        self.at_work = False
        self.log: list[tuple[float, str]] = []
        self._world, self._market, self._board = world, market, board
        self._factors = [pair for action in spec.actions for pair in _factors(action, plants)]
        self._require_dials()
        self._held_days = 0.0
        self._triggered = 0
        self._waiting = False

    def review(self, days: float) -> None:
        """Look at the indicator at the end of a month of `days`; the trigger has held for that month or not."""
        if not self._holds():
            self._held_days, self._waiting = 0.0, False
            if self.at_work:
                self._stop()
            return
        self._held_days += days
        if self._held_days >= self.spec.when.for_days and not self._waiting and not self.at_work:
            self._waiting = True
            self._triggered += 1
            delay = self.spec.delay_days.value if self.spec.delay_days is not None else 0.0
            self._world.clock.after(delay, self._act, self._triggered)

    def _holds(self) -> bool:
        when = self.spec.when
        value: float = getattr(self._market.observe(when.country, when.metal), when.indicator)
        return value > when.above if when.above is not None else when.below is not None and value < when.below

    def _act(self, number: int) -> None:
        if not self._waiting or number != self._triggered:
            return  # the trigger let go during the delay
        self._waiting, self.at_work = False, True
        self.log.append((self._world.clock.now, "start"))
        for action in self.spec.actions:
            if action.release_stockpile_days is not None:
                when = self.spec.when
                self._market.release(when.country, when.metal, action.release_stockpile_days.value)
        for dial, factor in self._factors:
            self._board.put(self.spec.name, dial, factor)

    def _stop(self) -> None:
        self.at_work = False
        self.log.append((self._world.clock.now, "stop"))
        self._market.stop_release(self.spec.when.country, self.spec.when.metal)
        for dial, _ in self._factors:
            self._board.lift(self.spec.name, dial)

    def _require_dials(self) -> None:
        when, path = self.spec.when, f"responses.{self.spec.name}"
        faults = [
            Fault("", 0, f"{path}.actions", f"there is no dial '{dial}' to turn")
            for dial, _ in self._factors
            if dial not in self._world.dials
        ]
        if not self._market.watches(when.country, when.metal):
            faults.append(Fault("", 0, f"{path}.when.metal", f"no demand for {when.metal} is known in {when.country}"))
        if faults:
            raise WiringError(faults)


def _factors(action: ActionSpec, plants: Sequence[str]) -> list[tuple[str, float]]:
    """Dials an action turns, with the factor it puts on each."""
    pairs: list[tuple[str, float]] = []
    if action.consent_days_factor is not None:
        pairs.append((CONSENT_DIAL, action.consent_days_factor.value))
    if action.commissioning_factor is not None:
        pairs += [(dial, action.commissioning_factor.value) for dial in COMMISSIONING_DIALS]
    if action.extra_shift:
        pairs += [(f"plants.{plant}.hours_factor", EXTRA_SHIFT_FACTOR) for plant in plants]
    return pairs
