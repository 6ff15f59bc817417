"""Stations against queueing theory.

Every expected number is a closed form, and so is the standard error it is judged by: the asymptotic variance of the mean
over a long run of the very process simulated. It also gives the length of each run, so that the 95 % half-width is a
stated share of the mean. |z| <= 3.3 fails one correct station in a thousand; seeds are fixed, so every figure found stands
in the tables of docs/model-plants.md, and a test fails where one differs. `python -m tests.validation.test_queues [slow]`
prints them.

References: Pollaczek-Khinchine; Takacs recursion for the moments of the wait; Erlang B and C; Jackson (1957). The asymptotic
variances follow from Poisson's equation (Whitt 1992, Prob. Eng. Inf. Sci. 6:107-126); for M/M/1 they give what Daley (1968,
J. Austral. Math. Soc. 8:683-699) found, which `test_variances_agree_with_daley` checks.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial
from pathlib import Path

import numpy as np
import pytest

from sim.engine.clock import Clock
from sim.engine.station import Station
from sim.engine.streams import Streams
from tests.fixtures.plants import DISMANTLING, Supplier, plant, process, rows, wire, world

Z_LIMIT = 3.3
Z_95 = 1.96
LITTLE = 1e-9
BOUNDED = os.environ.get("URBAN_MINE_SLOW") == "bounded"
SLOW_HALF_WIDTH = 0.03 if BOUNDED else 0.02
PAGE = Path(__file__).parents[2] / "docs" / "model-plants.md"


@dataclass(frozen=True)
class Found:
    """One measure of one run against theory; `error` is the standard error it is judged by."""

    case: str
    measure: str
    theory: float
    found: float
    error: float
    length: str

    @property
    def z(self) -> float:
        return (self.found - self.theory) / self.error

    @property
    def half_width(self) -> float:
        """Of the 95 % interval, over the mean."""
        return Z_95 * self.error / self.theory

    def line(self) -> str:
        """Its row in the tables of the page."""
        numbers = f"{self.theory:.4g} | {self.found:.4g} | {self.z:.2f} | {100 * self.half_width:.1f} %"
        return f"| {self.case} | {self.measure} | {numbers} | {self.length} |"

    def check(self, half_width: float, *, told: bool = True) -> None:
        """Fail where it is off, not sure enough, or not what the page tells."""
        assert abs(self.z) <= Z_LIMIT, self
        assert self.half_width <= half_width * (1.0 + 1e-6), f"the run is too short: {self}"
        if told:
            assert self.line() in PAGE.read_text(encoding="utf-8"), f"{PAGE.name} tells something else than {self.line()}"


# theory


@dataclass(frozen=True)
class Service:
    """A service time with mean 1 day: moments 0 to 4 and how to draw it."""

    moments: tuple[float, ...]
    draw: object

    @classmethod
    def exponential(cls):
        return cls(tuple(float(factorial(k)) for k in range(5)), lambda rng, n: rng.exponential(1.0, n))

    @classmethod
    def fixed(cls):
        return cls((1.0,) * 5, lambda rng, n: np.ones(n))

    @classmethod
    def lognormal(cls, cv):
        variance = np.log1p(cv**2)
        moments = tuple(float(np.exp(variance * (k * k - k) / 2)) for k in range(5))
        return cls(moments, lambda rng, n: rng.lognormal(-variance / 2, variance**0.5, n))


def single_server_wait(load, service):
    """Mean wait in M/G/1 and the asymptotic variance of its mean over customers.

    The wait V has moments by Takacs' recursion. h(v) = v^2 / (2 (1 - load)) solves Poisson's equation of the workload for
    f(v) = v - E V; the sum of waits less their mean is a martingale with jumps load (h(V + S) - h(V)) + V - E V at arrivals.
    """
    m = service.moments
    wait = load * m[2] / (2 * (1 - load))
    wait2 = 2 * wait**2 + load * m[3] / (3 * (1 - load))
    a = load / (1 - load)
    # jump = V (1 + a S) + (a S^2 / 2 - wait)
    slope2 = 1 + 2 * a * m[1] + a**2 * m[2]
    level2 = a**2 * m[4] / 4 - a * wait * m[2] + wait**2
    cross = (a * m[2] / 2 - wait) + a * (a * m[3] / 2 - wait * m[1])
    return wait, wait2 * slope2 + level2 + 2 * wait * cross


class BirthDeath:
    """M/M/c with room for `limit` customers; service takes a mean day."""

    def __init__(self, rate, servers, limit=None):
        self.rate, self.servers = rate, servers
        top = servers + int(np.ceil(45 / -np.log(rate / servers))) if limit is None else limit
        self.states = np.arange(top + 1)
        self.leave = np.minimum(self.states, servers).astype(float)
        weights = np.concatenate([[0.0], np.cumsum(np.log(rate) - np.log(self.leave[1:]))])
        weights = np.exp(weights - weights.max())
        self.share = weights / weights.sum()
        self.queue = np.maximum(self.states - servers, 0).astype(float)
        self.enter = np.where(self.states < top, rate, 0.0)

    @property
    def blocked_share(self):
        return self.share[-1]

    @property
    def queue_mean(self):
        return float(self.share @ self.queue)

    @property
    def wait(self):
        return self.queue_mean / float(self.share @ self.enter)

    def variance(self, over_time, at_arrival):
        """Asymptotic variance per day of the integral of `over_time` plus the sum of `at_arrival`, by state, with mean 0."""
        drift = self.share * (over_time + self.rate * at_arrival)
        beyond = np.cumsum(drift[::-1])[::-1][1:]  # sum over the states above i; the sum over all is 0
        step = beyond / (self.share[:-1] * self.enter[:-1])  # h(i + 1) - h(i) of Poisson's equation
        up = self.share[:-1] @ (self.enter[:-1] * (step + at_arrival[:-1]) ** 2)
        down = self.share[1:] @ (self.leave[1:] * step**2)
        turned_away = self.share[-1] * self.rate * at_arrival[-1] ** 2 if self.enter[-1] == 0.0 else 0.0
        return float(up + down + turned_away)

    @property
    def wait_variance(self):
        """Asymptotic variance of the mean wait over customers let in."""
        let_in = float(self.share @ self.enter)
        return self.variance(self.queue, np.where(self.enter > 0.0, -self.wait, 0.0)) / let_in

    @property
    def blocked_variance(self):
        """Asymptotic variance of the share refused over customers offered."""
        at_arrival = np.where(self.enter > 0.0, 0.0, 1.0) - self.blocked_share
        return self.variance(np.zeros_like(self.queue), at_arrival) / self.rate


def erlang_c_wait(rate, servers):
    """Mean wait in M/M/c by Erlang's C formula, written out."""
    load = rate / servers
    last = rate**servers / factorial(servers) / (1 - load)
    busy = last / (sum(rate**k / factorial(k) for k in range(servers)) + last)
    return busy / (servers - rate)


def erlang_b(rate, servers):
    """Share refused where no one can wait."""
    return rate**servers / factorial(servers) / sum(rate**k / factorial(k) for k in range(servers + 1))


def customers_for(mean, variance, half_width):
    return int(np.ceil(variance * (Z_95 / (half_width * mean)) ** 2))


# simulation


def simulate(name, rate, servers, count, service, limit=None):
    """Serve `count` customers and return the station, the day of the last arrival and the time servers worked until then."""
    rng = Streams(20251122, 0).of(name)
    gaps, works = rng.exponential(1 / rate, count).tolist(), service.draw(rng, count).tolist()
    clock = Clock()
    station = Station(clock, servers, limit)

    def arrive(number):
        station.offer(number, works[number], ignore)
        if number + 1 < count:
            clock.after(gaps[number + 1], arrive, number + 1)

    clock.after(gaps[0], arrive, 0)
    last = float(np.sum(gaps)) * (1 + 1e-12)
    clock.run(last)
    check_little(station)
    busy_days = station.busy_days
    clock.run(last + 1e6)
    check_little(station)
    assert station.inside == 0
    assert station.served + station.refused == count
    assert station.queue_days == pytest.approx(station.wait_days, rel=LITTLE), "empty to empty, the law has no end terms"
    return station, last, busy_days


def ignore(_):
    pass


def check_little(station):
    booked = station.wait_days + station.unfinished_wait_days
    assert station.queue_days == pytest.approx(booked, rel=LITTLE)


def station_case(case, rate, servers, service, wait, variance, half_width):
    """Mean wait of one long run; utilisation is checked by the way."""
    count = customers_for(wait, variance, half_width)
    station, days, busy_days = simulate(named(case, half_width), rate, servers, count, service)
    # work less rate x time has, per customer, the variance of a service and of a gap in mean gaps
    busy_error = ((service.moments[2] - 1.0 + 1.0) / count) ** 0.5
    assert abs(busy_days / days / rate - 1.0) <= Z_LIMIT * busy_error
    yield Found(case, "mean wait, services", wait, station.mean_wait_days, (variance / count) ** 0.5, f"{count:,} customers")


def named(case, half_width):
    """Name of the random streams of a run; long runs have their own."""
    return case if half_width >= 0.05 else f"{case} long"


# tests of the theory


@pytest.mark.parametrize("load", [0.2, 0.5, 0.9])
def test_variances_agree_with_daley(load):
    wait, variance = single_server_wait(load, Service.exponential())
    queue = BirthDeath(load, 1)
    assert wait == pytest.approx(load / (1 - load))
    assert variance == pytest.approx(load * (2 + 5 * load - 4 * load**2 + load**3) / (1 - load) ** 4)
    assert queue.wait == pytest.approx(wait)
    assert queue.wait_variance == pytest.approx(variance)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (2, 0.8), (3, 0.8), (10, 0.9)])
def test_birth_and_death_agree_with_erlang(servers, load):
    assert BirthDeath(servers * load, servers).wait == pytest.approx(erlang_c_wait(servers * load, servers))
    assert BirthDeath(servers * load, servers, servers).blocked_share == pytest.approx(erlang_b(servers * load, servers))


# tests of the station

SINGLE = [
    ("M/M/1 load 0.5", 0.5, Service.exponential(), 0.05),
    ("M/M/1 load 0.7", 0.7, Service.exponential(), 0.05),
    ("M/M/1 load 0.9", 0.9, Service.exponential(), 0.10),
    ("M/D/1 load 0.7", 0.7, Service.fixed(), 0.05),
    ("M/G/1 lognormal cv 1.0 load 0.6", 0.6, Service.lognormal(1.0), 0.05),
]
SEVERAL = [("M/M/2 load 0.8", 2, 0.8), ("M/M/3 load 0.8", 3, 0.8), ("M/M/10 load 0.8", 10, 0.8)]
LIMITED = [("M/M/1/5 load 0.9", 1, 5, 0.9), ("M/M/3/8 load 1.2", 3, 8, 1.2), ("M/M/4/4 load 0.8", 4, 4, 0.8)]


def one_server(case, load, service, half_width):
    wait, variance = single_server_wait(load, service)
    return station_case(case, load, 1, service, wait, variance, half_width)


def several_servers(case, servers, load, half_width):
    queue = BirthDeath(servers * load, servers)
    wait = erlang_c_wait(servers * load, servers)
    return station_case(case, servers * load, servers, Service.exponential(), wait, queue.wait_variance, half_width)


def blocking(case, servers, limit, load, half_width):
    queue = BirthDeath(servers * load, servers, limit)
    count = customers_for(queue.blocked_share, queue.blocked_variance, half_width)
    if limit > servers:
        count = max(
            count, customers_for(queue.wait, queue.wait_variance, half_width) * queue.rate / float(queue.share @ queue.enter)
        )
    count = int(np.ceil(count))
    station, _, _ = simulate(named(case, half_width), servers * load, servers, count, Service.exponential(), limit)
    refused = (queue.blocked_variance / count) ** 0.5
    yield Found(case, "share refused", queue.blocked_share, station.refused / count, refused, f"{count:,} customers")
    if limit > servers:
        let_in = count * float(queue.share @ queue.enter) / queue.rate  # expected, so that the length owes nothing to the run
        error = (queue.wait_variance / let_in) ** 0.5
        yield Found(case, "mean wait, services", queue.wait, station.mean_wait_days, error, f"{station.started:,} customers")


def check(cases, half_width, *, told=True):
    for found in cases:
        found.check(half_width, told=told)


@pytest.mark.parametrize(("case", "load", "service", "half_width"), SINGLE, ids=[case[0] for case in SINGLE])
def test_one_server(case, load, service, half_width):
    check(one_server(case, load, service, half_width), half_width)


@pytest.mark.parametrize(("case", "servers", "load"), SEVERAL, ids=[case[0] for case in SEVERAL])
def test_several_servers(case, servers, load):
    check(several_servers(case, servers, load, 0.05), 0.05)


@pytest.mark.parametrize(("case", "servers", "limit", "load"), LIMITED, ids=[case[0] for case in LIMITED])
def test_blocking(case, servers, limit, load):
    check(blocking(case, servers, limit, load, 0.05), 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("case", "load", "service", "half_width"), SINGLE, ids=[case[0] for case in SINGLE])
def test_one_server_long(case, load, service, half_width):
    check(one_server(case, load, service, SLOW_HALF_WIDTH), SLOW_HALF_WIDTH, told=not BOUNDED)


@pytest.mark.slow
@pytest.mark.parametrize(("case", "servers", "load"), SEVERAL, ids=[case[0] for case in SEVERAL])
def test_several_servers_long(case, servers, load):
    check(several_servers(case, servers, load, SLOW_HALF_WIDTH), SLOW_HALF_WIDTH, told=not BOUNDED)


@pytest.mark.slow
@pytest.mark.parametrize(("case", "servers", "limit", "load"), LIMITED, ids=[case[0] for case in LIMITED])
def test_blocking_long(case, servers, limit, load):
    check(blocking(case, servers, limit, load, SLOW_HALF_WIDTH), SLOW_HALF_WIDTH, told=not BOUNDED)


# a network

# collection -> sorting -> smelter; sorting sends a fifth back to be collected again and loses a tenth, the smelter returns a tenth
ROUTES = np.array([[0.0, 1.0, 0.0], [0.2, 0.0, 0.7], [0.0, 0.1, 0.0]])
OUTSIDE = np.array([0.5, 0.0, 0.0])
SERVERS = (3, 1, 2)
SPEED = np.array([0.35, 1.1, 0.4])  # services per day of one server


class Network:
    """Jackson's network: exponential services, customers sent on by chance."""

    def __init__(self, days, name):
        streams = Streams(20251122, 0)
        expected = int(days * OUTSIDE[0] * 1.1) + 1000
        self.clock = Clock()
        self.stations = [Station(self.clock, servers) for servers in SERVERS]
        self.gaps = iter(streams.of(f"{name}/arrivals").exponential(1 / OUTSIDE[0], expected).tolist())
        self.works = [iter(streams.of(f"{name}/work", k).exponential(1 / SPEED[k], 3 * expected).tolist()) for k in range(3)]
        self.ways = [iter(streams.of(f"{name}/way", k).random(3 * expected).tolist()) for k in range(3)]
        self.to = [np.cumsum(row).tolist() for row in ROUTES]
        self.inside = self.entered = 0
        self.clock.after(next(self.gaps), self.enter)

    def enter(self, _):
        self.inside += 1
        self.entered += 1
        self.send(0)
        self.clock.after(next(self.gaps), self.enter)

    def send(self, station):
        self.stations[station].offer(station, next(self.works[station]), self.leave)

    def leave(self, station):
        u = next(self.ways[station])
        for target, bound in enumerate(self.to[station]):
            if u < bound:
                self.send(target)
                return
        self.inside -= 1


def network_case(half_width, batches=30):
    rates = np.linalg.solve(np.eye(3) - ROUTES.T, OUTSIDE)
    theory = [BirthDeath(rate / speed, servers) for rate, speed, servers in zip(rates, SPEED, SERVERS, strict=True)]
    # each station alone needs so many days; feedback lengthens the memory of the network: twice that
    days = 2 * max(
        customers_for(queue.wait, queue.wait_variance, half_width) / rate for queue, rate in zip(theory, rates, strict=True)
    )
    network = Network(days, named("Jackson", half_width))
    areas = np.zeros((batches + 1, 3))
    for batch in range(1, batches + 1):
        network.clock.run(days * batch / batches)
        areas[batch] = [station.queue_days for station in network.stations]
        for station in network.stations:
            check_little(station)
        assert network.inside == sum(station.inside for station in network.stations)
    queues = np.diff(areas, axis=0) * batches / days
    error = queues.std(axis=0, ddof=1) / batches**0.5
    served = np.array([station.started for station in network.stations]) / days
    assert served == pytest.approx(rates, rel=half_width)
    names = [
        "Jackson network with feedback, collection (3 servers)",
        "the same, sorting (1 server)",
        "the same, smelter (2 servers)",
    ]
    for name, queue, mean, spread in zip(names, theory, queues.mean(axis=0).tolist(), error.tolist(), strict=True):
        yield Found(name, "mean queue", queue.queue_mean, mean, spread, f"{days:,.0f} days")


def test_jackson_network_with_feedback():
    check(network_case(0.05), 0.05)


@pytest.mark.slow
def test_jackson_network_with_feedback_long():
    check(network_case(SLOW_HALF_WIDTH), SLOW_HALF_WIDTH, told=not BOUNDED)


# the plant itself


def plant_queue(name, load, periods):
    """A plant that can work one lot a period, fed by Poisson arrivals of such lots; its yard over `periods`, less the last ones.

    Work starts at the end of a period, so what is left of the yard after it follows W' = max(W + A - 1, 0): the queue of
    M/D/1 seen after departures. Lots that come within a period wait half of it on average for its end.
    """
    start, tonnes = 2000, 365.25  # a tonne a day
    here = world(start, start + int(periods / 365.25), audit="month")
    site = wire(here, [plant(tonnes=tonnes, yard_limit_days=36500)], {"dismantling": process(DISMANTLING)}, period_days=1)
    works, supplier = site.plants["Works"], Supplier(here)
    rng = Streams(20251122, 0).of(name)
    when = np.cumsum(rng.exponential(1.0 / load, int(periods * load * 1.2)))
    for day in when[when < here.calendar.days - 1.0].tolist():
        supplier.send_at(day, works, "phone", supplier.lot(1000.0))
    site.run()
    months = rows(here, "plants")
    return np.array([r["wait_kg_days"] for r in months]) / 1000.0, here.calendar.days


PLANTS = [(0.5, 0.02), (0.7, 0.02), (0.9, 0.10)]  # the calendar ends with the year 9999


def plant_case(load, half_width, batches=30):
    wait, variance = single_server_wait(load, Service.fixed())
    expected = load * wait + load / 2.0  # mean yard [lots]: queue of M/D/1 and half a period of what comes
    # the yard also varies by who comes within a period, which the variance of the queue does not know: two and a half times as long
    days = int(2.5 * customers_for(expected / load, variance, half_width) / load)
    areas, run_days = plant_queue(f"plant load {load}", load, days)
    whole = len(areas) // batches * batches
    means = areas[:whole].reshape(batches, -1).sum(axis=1) / (run_days * whole / len(areas) / batches)
    error = float(means.std(ddof=1)) / batches**0.5
    yield Found(f"plant, load {load}", "mean yard, lots", expected, float(means.mean()), error, f"{run_days:,} days")


def test_a_plant_is_the_queue_with_constant_service():
    check(plant_case(0.5, 0.08), 0.08)


@pytest.mark.slow
@pytest.mark.parametrize(("load", "half_width"), PLANTS)
def test_a_busy_plant_is_the_queue_with_constant_service(load, half_width):
    wide = max(half_width, 0.05) if BOUNDED else half_width
    check(plant_case(load, wide), wide, told=not BOUNDED)


def table(*, slow: bool) -> Iterator[str]:
    """Rows of the tables in docs/model-plants.md."""
    made = [one_server(case, load, service, 0.02 if slow else half_width) for case, load, service, half_width in SINGLE]
    made += [several_servers(*case, 0.02 if slow else 0.05) for case in SEVERAL]
    made += [blocking(*case, 0.02 if slow else 0.05) for case in LIMITED]
    made += [network_case(0.02 if slow else 0.05)]
    made += [plant_case(*case) for case in PLANTS] if slow else [plant_case(0.5, 0.08)]
    return (found.line() for cases in made for found in cases)


if __name__ == "__main__":
    for row in table(slow="slow" in sys.argv[1:]):
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()
