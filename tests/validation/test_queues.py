"""Stations, alone and in a network, against queueing theory (`queue_theory.py`)."""

import numpy as np
import pytest

from sim.engine.clock import Clock
from sim.engine.station import Station
from sim.engine.streams import Streams
from tests.validation.queue_theory import (
    BOUNDED,
    Z_LIMIT,
    BirthDeath,
    Found,
    Service,
    check,
    customers_for,
    erlang_b,
    erlang_c_wait,
    single_server_wait,
)

LITTLE = 1e-9
SLOW_HALF_WIDTH = 0.03 if BOUNDED else 0.02


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
