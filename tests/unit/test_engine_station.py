"""Servers with a queue: order, limits, breakdowns, and what they book, worked out by hand."""

from types import SimpleNamespace

import pytest

from sim.core.errors import ConservationError
from sim.engine.clock import Clock
from sim.engine.station import Station
from sim.simulate.run import _require_little


def served(clock, station, arrivals):
    """Offer (day, name, service days) and return the log of (day, name) of ends."""
    log = []
    for day, name, days in arrivals:
        clock.at(day, lambda call: station.offer(*call), (name, days, lambda who: log.append((clock.now, who))))
    return log


def test_two_servers_by_hand():
    # every day a customer, each needs 3 days of one of two servers: the n-th pair waits n - 1 days
    clock = Clock()
    station = Station(clock, 2)
    log = served(clock, station, [(float(day), day, 3.0) for day in range(6)])
    clock.run(100.0)
    assert log == [(3.0, 0), (4.0, 1), (6.0, 2), (7.0, 3), (9.0, 4), (10.0, 5)]
    assert (station.offered, station.started, station.served, station.refused) == (6, 6, 6, 0)
    assert (station.wait_days, station.queue_days, station.busy_days) == (6.0, 6.0, 18.0)
    assert (station.mean_wait_days, station.inside, station.free) == (1.0, 0, 2)


def test_a_customer_costs_one_event_whether_it_waits_or_not():
    clock = Clock()
    station = Station(clock, 1)
    for name in range(100):
        station.offer(name, 1.0, lambda who: None)
    clock.run(1000.0)
    assert (clock.events, station.served, station.wait_days) == (100, 100, sum(range(100)))


def test_the_end_terms_of_littles_law():
    clock = Clock()
    station = Station(clock, 1)
    served(clock, station, [(0.0, "a", 4.0), (1.0, "b", 4.0), (2.5, "c", 4.0)])
    clock.run(5.0)
    assert (station.wait_days, station.unfinished_wait_days, station.queue_days) == (3.0, 2.5, 5.5)
    assert (station.busy_days, station.waiting, station.inside) == (5.0, 1, 2)


def test_a_full_station_refuses_or_calls_back_in_order():
    clock, came = Clock(), []
    station = Station(clock, 1, limit=2)

    def try_again(who):
        came.append((clock.now, who, station.offer(who, 2.0, lambda _: None)))

    assert [station.offer(name, 2.0, lambda _: None, try_again) for name in "abcd"] == [True, True, False, False]
    assert not station.offer("gives up", 2.0, lambda _: None)
    clock.run(100.0)
    assert came == [(2.0, "c", True), (4.0, "d", True)]
    assert (station.offered, station.refused, station.served) == (7, 3, 4)


def test_who_does_not_come_again_lets_the_next_be_called():
    clock, called = Clock(), []
    station = Station(clock, 1, limit=1)
    station.offer("a", 1.0, lambda _: None)
    for name in "bc":
        station.offer(name, 1.0, lambda _: None, called.append)
    clock.run(10.0)
    assert called == ["b", "c"]


def test_service_can_be_asked_for_when_it_starts():
    clock = Clock()
    station = Station(clock, 1)
    log = served(clock, station, [(0.0, "a", 2.0), (1.0, "b", lambda: clock.now)])
    clock.run(10.0)
    assert log == [(2.0, "a"), (4.0, "b")]


def test_done_may_offer_again():
    clock, rounds = Clock(), []
    station = Station(clock, 1)

    def again(who):
        rounds.append(clock.now)
        if len(rounds) < 3:
            station.offer(who, 1.0, again)

    station.offer("a", 1.0, again)
    clock.run(10.0)
    assert rounds == [1.0, 2.0, 3.0]


def test_interrupted_work_goes_on_with_what_was_left():
    clock = Clock()
    station = Station(clock, 1)
    log = served(clock, station, [(0.0, "a", 5.0), (1.0, "b", 1.0)])
    clock.at(2.0, lambda _: station.pause())
    clock.at(9.0, lambda _: station.resume())
    clock.run(100.0)
    assert log == [(12.0, "a"), (13.0, "b")]
    assert (station.busy_days, station.wait_days, station.queue_days) == (6.0, 11.0, 11.0)


def test_idle_servers_go_first_then_the_latest_work():
    clock = Clock()
    station = Station(clock, 3)
    log = served(clock, station, [(0.0, "a", 10.0), (1.0, "b", 10.0)])
    clock.at(2.0, lambda _: station.pause(1))  # the idle one
    clock.at(3.0, lambda _: station.pause(1))  # b stops with 8 days left
    clock.at(4.0, lambda _: station.offer("c", 1.0, lambda who: log.append((clock.now, who))))
    clock.at(6.0, lambda _: station.resume(1))  # b goes on, c still waits
    clock.at(7.0, lambda _: station.resume(1))
    clock.run(100.0)
    assert log == [(8.0, "c"), (10.0, "a"), (14.0, "b")]
    assert (station.free, station.wait_days) == (3, 3.0)


def test_a_breakdown_at_the_very_end_of_a_service_delays_it():
    clock = Clock()
    station = Station(clock, 1)
    clock.at(0.3, lambda _: station.pause())  # created first, so it comes first on the same day
    log = served(clock, station, [(0.1, "a", 0.2)])
    clock.at(5.0, lambda _: station.resume())
    clock.run(100.0)
    assert [who for _, who in log] == ["a"]
    assert log[0][0] == pytest.approx(5.0)


def test_a_paused_station_queues_what_comes():
    clock = Clock()
    station = Station(clock, 2)
    station.pause()
    log = served(clock, station, [(0.0, "a", 1.0), (0.0, "b", 1.0), (0.0, "c", 1.0)])
    clock.at(10.0, lambda _: station.resume())
    clock.run(100.0)
    assert log == [(11.0, "a"), (11.0, "b"), (12.0, "c")]
    assert station.wait_days == 31.0


def test_servers_that_are_not_there_cannot_break_or_return():
    station = Station(Clock(), 2)
    with pytest.raises(ValueError, match="cannot pause 3 of 2"):
        station.pause(3)
    station.pause()
    station.pause()
    with pytest.raises(ValueError, match="cannot resume 3 of 2"):
        station.resume(3)


@pytest.mark.parametrize(("servers", "limit"), [(0, None), (2, 1)])
def test_a_station_needs_servers_and_room(servers, limit):
    with pytest.raises(ValueError, match="needs a server"):
        Station(Clock(), servers, limit)


def test_the_law_of_little_is_required_of_every_station_of_a_run():
    clock = Clock()
    station = Station(clock, 1, name="bays of JP-13")
    for _ in range(5):
        station.offer("truck", 1.5, lambda _: None)
    clock.run(4.0)
    assert station.unfinished_wait_days > 0.0
    assert station.little_gap <= 1e-9
    world = SimpleNamespace(stations=[station])
    _require_little(world)
    station.wait_days += 1e-6
    with pytest.raises(ConservationError, match="bays of JP-13: waiting breaks Little's law"):
        _require_little(world)
