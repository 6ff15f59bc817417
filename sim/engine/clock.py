"""The passing of time; the only file that imports SimPy, so the kernel can be replaced here.

Time is in days. A callback costs one kernel event and no process; use processes only where behaviour waits
more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf, nextafter
from typing import Any

import simpy
from simpy.events import Event, Timeout

Process = Generator[Event, Any, None]


class Clock:
    """Counts kernel events and runs callbacks and processes in time order, ties in order of creation.

    now : current time [day of simulation]; set when an event comes, since it is asked for far more often than it moves.
    """

    __slots__ = ("_come", "_env", "_watch", "events", "now")

    def __init__(self) -> None:
        self._env = simpy.Environment()
        self._watch: Callable[[], None] | None = None
        self.events = 0
        self.now: float = 0.0
        self._come = self._came  # bound once, not for every event

    def after(self, days: float, call: Callable[[Any], None], value: Any = None) -> None:
        """Call `call(value)` in `days` from now: one kernel event."""
        self.events += 1
        event = Timeout(self._env, days, (self.now + days, call, value))
        assert event.callbacks is not None
        event.callbacks.append(self._come)

    def at(self, day: float, call: Callable[[Any], None], value: Any = None) -> None:
        """Call `call(value)` on `day`, never earlier by rounding; today if that is past."""
        days = day - self.now
        if self.now + days < day:
            days = nextafter(days, inf)
        self.after(days if days > 0.0 else 0.0, call, value)

    def every(self, days: Callable[[float], float | None], call: Callable[[], None]) -> None:
        """Call `call()` now and again at each day `days(now)` returns, until it returns None."""

        def beat(_: object) -> None:
            call()
            following = days(self.now)
            if following is not None:
                self.at(following, beat)

        self.after(0.0, beat)

    def start(self, process: Process) -> None:
        """Start a process that yields `wait(...)` or `signal()` events."""
        self.events += 1
        self._env.process(process)

    def wait(self, days: float) -> Event:
        """An event for a process to yield: it goes on in `days`."""
        self.events += 1
        event = Timeout(self._env, days)
        assert event.callbacks is not None
        event.callbacks.append(self._tick)  # before the process goes on, which joins the event later
        return event

    def signal(self) -> Event:
        """An event for a process to yield until someone calls `succeed()` on it."""
        self.events += 1
        return Event(self._env)

    def watch(self, call: Callable[[], None]) -> None:
        """Call `call()` after every event: slow, for audits."""
        self._watch = call

    def run(self, until: float) -> None:
        """Run up to, not including, day `until`."""
        if self._watch is not None:
            while self._env.peek() < until:
                self._env.step()
                self._watch()
        self._env.run(until=until)
        self.now = self._env.now

    def _came(self, event: Any) -> None:
        self.now, call, value = event.value
        call(value)

    def _tick(self, _: Event) -> None:
        self.now = self._env.now


def bare_timeouts(count: int, processes: int = 1000) -> None:
    """Let resident processes yield `count` timeouts in all and do nothing else: the floor that benchmarks compare with."""
    env = simpy.Environment()

    def idle(times: int) -> Process:
        for _ in range(times):
            yield Timeout(env, 1.0)

    for number in range(processes):
        env.process(idle(count // processes + (number < count % processes)))
    env.run()
