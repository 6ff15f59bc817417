"""Rapid response: a trigger on an observed indicator starts actions, and ends them when it no longer holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sim.core.errors import Fault, WiringError
from sim.engine.world import World
from sim.policy.dials import DialBoard
from sim.policy.lever_spec import ActionSpec, RerouteSpec, ResponseSpec
from sim.trade.market import Observation

CONSENT_DIAL = "borders.consent_days_factor"
PERMIT_DIAL = "commissioning.permit_factor"
COMMISSIONING_DIALS = tuple(f"commissioning.{step}_factor" for step in ("finance", "permit", "build"))
RESPONSE_KEYS, RESPONSE_MEASURES = ("name", "day", "event"), ("cost_usd",)
EXTRA_SHIFT_FACTOR = 1.5  # one shift more on two


class Watched(Protocol):
    """The market as a response sees it."""

    def watches(self, country: str, metal: str) -> bool:
        """Whether indicators exist."""
        ...

    def observe(self, country: str, metal: str) -> Observation:
        """Indicators of the last month."""
        ...

    def release(self, cause: str, country: str, metal: str, days: float) -> None:
        """Allow days of demand to leave the national stock."""
        ...

    def stop_release(self, cause: str) -> None:
        """Take back what a cause has allowed."""
        ...

    def hold_more(self, country: str, metal: str, days: float) -> None:
        """Mean to hold days of demand more, or fewer."""
        ...


class Turned(Protocol):
    """Routes as a response turns them."""

    def leads(self, name: str, to: str) -> bool:
        """Whether a route has a destination."""
        ...

    def turn(self, cause: str, name: str, to: str) -> None:
        """Send all to one destination first."""
        ...

    def turn_back(self, cause: str) -> None:
        """Let shares rule again."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What responses act with. plants : name -> how many times its working hours a plant's day holds."""

    market: Watched
    board: DialBoard
    router: Turned
    plants: Mapping[str, float]


class Response:
    """One response: idle, triggered (waiting for its delay) or at work."""

    def __init__(self, world: World, spec: ResponseSpec, means: Means) -> None:
        self.spec = spec
        self.cause = f"response {spec.name}"  # a lever may bear its name
        self.at_work = False
        self.log: list[tuple[float, str]] = []
        self._world, self._means, self._market = world, means, means.market
        factors: dict[str, float] = {}
        for dial, factor in (pair for action in spec.actions for pair in _factors(action, means.plants)):
            factors[dial] = factors.get(dial, 1.0) * factor
        self._factors = list(factors.items())
        self._build_days = sum(a.build_stockpile_days.value for a in spec.actions if a.build_stockpile_days is not None)
        self._release_days = sum(a.release_stockpile_days.value for a in spec.actions if a.release_stockpile_days is not None)
        self._reroutes = [action.reroute for action in spec.actions if action.reroute is not None]
        self._require_dials()
        self._warn_of_full_days()
        self._held_days = 0.0
        self._triggered = 0
        self._waiting = False
        world.recorder.declare("responses", RESPONSE_KEYS, RESPONSE_MEASURES)
        world.recorder.declare("payments", ("year", "payer", "payee", "item"), ("usd",))

    def review(self, days: float) -> None:
        """Look at the indicator at the end of a month of `days`; the trigger has held for that month or not."""
        if self.at_work and self.spec.cost_usd_per_day is not None:
            self._pay(self.spec.cost_usd_per_day.value * min(days, self._world.clock.now - self.log[-1][0]))
        if not self._holds():
            self._held_days, self._waiting = 0.0, False
            if self.at_work:
                self._stop()
            return
        self._held_days += days
        if self._held_days >= self.spec.when.for_days and not self._waiting and not self.at_work:
            self._waiting = True
            self._triggered += 1
            self._note("triggered")
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
        cost = self.spec.cost_usd.value if self.spec.cost_usd is not None else 0.0
        self._note("start", cost)
        self._pay(cost)
        when = self.spec.when
        if self._release_days > 0.0:
            self._market.release(self.cause, when.country, when.metal, self._release_days)
        self._market.hold_more(when.country, when.metal, self._build_days)
        for dial, factor in self._factors:
            self._means.board.put(self.cause, dial, factor)
        for reroute in self._reroutes:
            self._means.router.turn(self.cause, reroute.route, reroute.to)

    def _stop(self) -> None:
        self.at_work = False
        self.log.append((self._world.clock.now, "stop"))
        self._note("stop")
        when = self.spec.when
        self._market.stop_release(self.cause)
        self._market.hold_more(when.country, when.metal, -self._build_days)
        for dial, _ in self._factors:
            self._means.board.lift(self.cause, dial)
        self._means.router.turn_back(self.cause)

    # money and memory

    def _pay(self, usd: float) -> None:
        if usd != 0.0:
            payer, payee = f"government {self.spec.when.country}", self.cause
            self._world.recorder.cell("payments", self._world.year, payer, payee, "response")[0] += usd

    def _note(self, event: str, cost_usd: float = 0.0) -> None:
        self._world.recorder.cell("responses", self.spec.name, self._world.clock.now, event)[0] += cost_usd

    # before the run

    def _require_dials(self) -> None:
        when, path = self.spec.when, f"responses.{self.spec.name}"
        faults = [
            Fault("", 0, f"{path}.actions", f"there is no dial '{dial}' to turn")
            for dial, _ in self._factors
            if dial not in self._world.dials
        ]
        faults += [
            Fault("", 0, f"{path}.actions", f"route '{each.route}' has no destination '{each.to}'")
            for each in self._reroutes
            if not self._leads(each)
        ]
        if not self._market.watches(when.country, when.metal):
            faults.append(Fault("", 0, f"{path}.when.metal", f"no demand for {when.metal} is known in {when.country}"))
        if faults:
            raise WiringError(faults)

    def _leads(self, reroute: RerouteSpec) -> bool:
        return self._means.router.leads(reroute.route, reroute.to)

    def _warn_of_full_days(self) -> None:
        """Say which plants cannot work the whole extra shift: their day has too few hours left."""
        if any(action.extra_shift for action in self.spec.actions):
            full = [name for name, most in self._means.plants.items() if most < EXTRA_SHIFT_FACTOR]
            if full:
                some = ", ".join(full[:3]) + (f" and {len(full) - 3} more" if len(full) > 3 else "")
                self._world.warnings.append(
                    f"Response '{self.spec.name}': an extra shift is cut to 24 hours a day at {len(full)} plants ({some})."
                )


def _factors(action: ActionSpec, plants: Mapping[str, float]) -> list[tuple[str, float]]:
    """Dials an action turns, with the factor it puts on each."""
    pairs: list[tuple[str, float]] = []
    if action.consent_days_factor is not None:
        pairs.append((CONSENT_DIAL, action.consent_days_factor.value))
    if action.permit_factor is not None:
        pairs.append((PERMIT_DIAL, action.permit_factor.value))
    if action.commissioning_factor is not None:
        pairs += [(dial, action.commissioning_factor.value) for dial in COMMISSIONING_DIALS]
    if action.extra_shift:
        pairs += [(f"plants.{plant}.hours_factor", min(EXTRA_SHIFT_FACTOR, most)) for plant, most in plants.items() if most > 1.0]
    return pairs
