"""Parallel servers with one queue, first come first served: unload bays, plant lines.

A customer that finds a free server costs one kernel event (the end of its service); waiting costs none. Waits and
areas under the queue are booked apart, so Little's law with its end terms is a check of the station, not an identity
of its arithmetic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from sim.engine.clock import Clock

Done = Callable[[Any], object]
CLOCK_DUST = 1e-6  # of the clock: a wait is a difference of two times, so one this short has lost its digits


class _Service:
    """A customer, its work and where it stands; `left_days` is what remained when it last came to a server."""

    __slots__ = ("arrived_day", "customer", "done", "interrupted", "left_days", "resumed_day", "work")

    def __init__(self, customer: Any, work: float | Callable[[], float], done: Done, arrived_day: float) -> None:
        self.customer, self.work, self.done, self.arrived_day = customer, work, done, arrived_day
        self.left_days = self.resumed_day = 0.0
        self.interrupted = False


class Station:
    """`servers` alike servers and at most `limit` customers inside, waiting or served; None: no limit.

    Attributes
    ----------
    offered, refused, started, served : customers so far.
    wait_days : waits of all customers whose service has started [days].
    """

    __slots__ = (
        "_blocked",
        "_busy_area",
        "_clock",
        "_down",
        "_last_day",
        "_queue",
        "_queue_area",
        "_running",
        "_stopped",
        "limit",
        "name",
        "offered",
        "refused",
        "served",
        "servers",
        "started",
        "wait_days",
    )

    def __init__(self, clock: Clock, servers: int, limit: int | None = None, name: str = "") -> None:
        if servers < 1 or (limit is not None and limit < servers):
            raise ValueError(f"a station needs a server and room for as many customers (servers {servers}, limit {limit})")
        self._clock, self.servers, self.limit, self.name = clock, servers, limit, name
        self._queue: deque[_Service] = deque()
        self._running: dict[_Service, None] = {}  # in order of start
        self._stopped: deque[_Service] = deque()  # interrupted; goes on before anyone waiting starts
        self._blocked: deque[tuple[Done, Any]] = deque()
        self._down = 0
        self._last_day = clock.now
        self._queue_area = self._busy_area = self.wait_days = 0.0
        self.offered = self.refused = self.started = self.served = 0

    def offer(self, customer: Any, service_days: float | Callable[[], float], done: Done, blocked: Done | None = None) -> bool:
        """Let a customer in, if there is room, and call `done(customer)` when its service has ended.

        Parameters
        ----------
        service_days
            Length of its service [days], or a function asked for it when the service starts.
        blocked
            Called once with the customer when room appears after it was refused: it may then come again.

        Returns
        -------
        Whether it came in.
        """
        self.offered += 1
        if self.limit is not None and self.inside >= self.limit:
            self.refused += 1
            if blocked is not None:
                self._blocked.append((blocked, customer))
            return False
        now = self._clock.now
        self._book(now)
        service = _Service(customer, service_days, done, now)
        if self.free:
            self._start(service, now)
        else:
            self._queue.append(service)
        return True

    def pause(self, count: int | None = None) -> None:
        """Take servers out, all by default, idle ones first; work in progress, the latest first, stops and waits at its server."""
        count = self.servers - self._down if count is None else count
        if not 0 <= count <= self.servers - self._down:
            raise ValueError(f"cannot pause {count} of {self.servers - self._down} servers")
        self._book(self._clock.now)
        self._down += count
        while len(self._running) > self.servers - self._down:
            service, _ = self._running.popitem()
            service.interrupted = True  # its event still comes, to nothing
            rest = _Service(service.customer, service.work, service.done, service.arrived_day)
            rest.left_days = max(service.left_days - (self._clock.now - service.resumed_day), 0.0)
            self._stopped.appendleft(rest)

    def resume(self, count: int | None = None) -> None:
        """Bring servers back, all by default; interrupted work goes on with what was left of it."""
        count = self._down if count is None else count
        if not 0 <= count <= self._down:
            raise ValueError(f"cannot resume {count} of {self._down} servers")
        self._book(self._clock.now)
        self._down -= count
        self._fill()

    # statistics

    @property
    def inside(self) -> int:
        """Customers waiting, served or interrupted."""
        return len(self._queue) + len(self._running) + len(self._stopped)

    @property
    def waiting(self) -> int:
        """Customers whose service has not started."""
        return len(self._queue)

    @property
    def free(self) -> int:
        """Servers that could start a service now."""
        return self.servers - self._down - len(self._running)

    @property
    def queue_days(self) -> float:
        """Area under the number waiting, up to now [customer days]."""
        return self._queue_area + len(self._queue) * (self._clock.now - self._last_day)

    @property
    def busy_days(self) -> float:
        """Area under the number of servers at work, up to now [server days]."""
        return self._busy_area + len(self._running) * (self._clock.now - self._last_day)

    @property
    def unfinished_wait_days(self) -> float:
        """Waits so far of those still waiting: the end term of Little's law [days]."""
        now = self._clock.now
        return sum(now - service.arrived_day for service in self._queue)

    @property
    def little_gap(self) -> float:
        """Gap of Little's law with its end term, relative: area under the queue against waits booked one by one.

        Little (1961, Operations Research 9:383-387). Exact for any run, so more than rounding is a fault of the station.
        """
        area, waits = self.queue_days, self.wait_days + self.unfinished_wait_days
        return abs(area - waits) / max(area, waits, self.started * self._clock.now * CLOCK_DUST, CLOCK_DUST)

    @property
    def mean_wait_days(self) -> float:
        """Mean wait of the customers whose service has started [days]; 0 if none has."""
        return self.wait_days / self.started if self.started else 0.0

    # behaviour

    def _book(self, now: float) -> None:
        elapsed = now - self._last_day
        if elapsed:
            self._queue_area += len(self._queue) * elapsed
            self._busy_area += len(self._running) * elapsed
            self._last_day = now

    def _start(self, service: _Service, now: float) -> None:
        self.started += 1
        self.wait_days += now - service.arrived_day
        work = service.work
        service.left_days = work() if callable(work) else work
        self._run(service, now)

    def _run(self, service: _Service, now: float) -> None:
        service.resumed_day = now
        self._running[service] = None
        self._clock.after(service.left_days, self._finish, service)

    def _fill(self) -> None:
        now = self._clock.now
        while self._stopped and self.free:
            self._run(self._stopped.popleft(), now)
        while self._queue and self.free:
            self._start(self._queue.popleft(), now)

    def _finish(self, service: _Service) -> None:
        if service.interrupted:
            return
        self._book(self._clock.now)
        del self._running[service]
        self.served += 1
        if self._queue or self._stopped:
            self._fill()
        service.done(service.customer)
        while self._blocked and (self.limit is None or self.inside < self.limit):
            call, customer = self._blocked.popleft()
            call(customer)
