"""What a plant can take and work: yards, stores, periods, ramps, extra shifts, standstill."""

import math

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.engine.streams import Streams
from sim.nodes.schedule import Breakdowns, Schedule
from tests.fixtures.plants import (
    DISMANTLING,
    PERIOD,
    PROCESSES,
    Supplier,
    one,
    plant,
    process,
    rows,
    wire,
    world,
)


def test_throughput_is_what_is_free_of_the_nameplate():
    here = world()
    site, supplier = one(here, tonnes=7305, background_feed_t_per_year=3652.5, yard_limit_days=3650), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(2e6))
    site.run(10 * PERIOD)
    assert site.plants["Works"].worked_kg == pytest.approx(10 * PERIOD * 10_000.0)
    plain = world()
    slow, more = one(plain, tonnes=3652.5, background_feed_t_per_year=3652.5), Supplier(plain)
    more.send(slow.plants["Works"], "phone", more.lot(1.0))
    slow.run()
    assert slow.plants["Works"].worked_kg == 0.0


def test_a_full_yard_has_no_space_until_it_is_worked_off():
    here = world()
    site, supplier = one(here, yard_limit_days=5), Supplier(here)
    works = site.plants["Works"]
    worked = PERIOD * 10_000.0
    assert works.space_kg("phone") == pytest.approx(50_000.0 + worked)
    supplier.send(works, "phone", supplier.lot(50_000.0 + worked))
    assert works.space_kg("phone") == pytest.approx(0.0, abs=1e-6)
    site.run(10.5)
    assert works.yard.kg == pytest.approx(50_000.0)
    assert works.space_kg("phone") == pytest.approx(worked)


def test_only_what_the_process_knows_is_taken():
    here = world()
    site, supplier = one(here), Supplier(here)
    assert site.plants["Works"].space_kg("board") == 0.0
    assert site.plants["Works"].space_kg() > 0.0
    with pytest.raises(ValueError, match="cannot take board"):
        supplier.send(site.plants["Works"], "board", supplier.lot(1.0))


def test_zero_capacity_takes_nothing():
    here = world()
    site = one(here, tonnes=0)
    assert site.plants["Works"].space_kg("phone") == 0.0


def test_extra_shift_works_more_but_no_day_has_more_than_24_hours():
    for hours, factor, worth in ((8, 1.5, 1.5), (20, 1.5, 1.2), (24, 2.0, 1.0)):
        here = world()
        site, supplier = one(here, {"dismantling": process(DISMANTLING, hours_per_day=hours)}), Supplier(here)
        here.dials.turn(0.0, "plants.Works.hours_factor", factor)
        supplier.send(site.plants["Works"], "phone", supplier.lot(1e6))
        site.run(10.5)
        assert site.plants["Works"].worked_kg == pytest.approx(PERIOD * 10_000.0 * worth)


@pytest.mark.parametrize(("factor", "told"), [(1.2, 0), (1.3, 1)])
def test_a_dial_that_asks_for_more_than_a_day_is_told_once(factor, told):
    here = world()
    site = one(here, {"dismantling": process(DISMANTLING, hours_per_day=20)})
    for when in (4.0, 17.0):
        here.clock.at(when, lambda _: here.dials.turn(here.clock.now, "plants.Works.hours_factor", factor))
    site.run()
    cut = "Plant 'Works': plants.Works.hours_factor asked for more than 24 hours a day and was cut."
    assert here.warnings == [cut] * told


def test_what_is_ready_as_a_period_ends_is_worked_in_it_whatever_rounding_says():
    here = world()
    plants, supplier = [plant(), plant("Smelter", "smelting")], Supplier(here)
    site = wire(here, plants, PROCESSES, {"board": ["Smelter"]}, period_days=1)
    for at in range(here.calendar.days - 10):
        supplier.send_at(at + 0.5, site.plants["Works"], "phone", supplier.lot(1000.0))
    site.run()
    waits = [row["wait_kg_days"] / row["throughput_kg"] for row in rows(here, "plants") if row["plant"] == "Smelter"]
    assert waits == pytest.approx([0.0] * here.calendar.months, abs=1e-6)


def test_a_turn_at_the_last_instant_of_a_period_comes_too_late_for_its_work():
    """Responses turn dials when a month is closed, which is after the work of a period that ends with it."""
    here = world(2025, 2026)
    site, supplier = one(here, yard_limit_days=3000), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(2e7))
    for at, factor in ((0.0, 2.0), (365.0 - 1e-6, 1.0), (500.0, 2.0)):
        here.clock.at(at, lambda _, factor=factor: here.dials.turn(here.clock.now, "plants.Works.hours_factor", factor))
    site.run()
    found = rows(here, "plants")
    assert [row["throughput_kg"] for row in found] == pytest.approx([row["capacity_kg"] for row in found], rel=1e-12)
    assert found[12]["throughput_kg"] == pytest.approx(found[0]["throughput_kg"] / 2)


def test_nothing_before_start_and_a_ramp_after_it():
    here = world()
    site, supplier = one(here, start="2025-04-11", process="dismantling"), Supplier(here)
    works = site.plants["Works"]
    assert works.space_kg("phone") == 0.0
    site.run(100.0)
    assert works.space_kg("phone") > 0.0
    ramp = Schedule(start_day=100.0, ramp_days=40.0)
    edges = np.array([0.0, 100.0, 110.0, 120.0, 130.0, 140.0, 150.0])
    assert ramp.full_days(edges) == pytest.approx([0.0, 1.25, 3.75, 6.25, 8.75, 10.0])
    assert Schedule(start_day=-math.inf).full_days(np.array([5.0, 12.0])).tolist() == [7.0]
    assert Schedule(start_day=103.0, end_day=108.0).full_days(edges).tolist() == [0.0, 5.0, 0.0, 0.0, 0.0, 0.0]
    assert Schedule().full_days(edges).tolist() == [0.0] * 6
    assert supplier.sent_kg == 0.0


def test_a_closed_plant_takes_nothing_more_and_works_off_its_yard():
    here = world()
    site, supplier = one(here, end="2025-02-01", yard_limit_days=3650), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(900_000.0))
    site.run()
    assert works.space_kg("phone") == 0.0
    assert works.yard.kg == 0.0
    assert works.worked_kg == pytest.approx(900_000.0)


def test_small_loads_wait_for_a_batch_or_their_age():
    here = world()
    figures = {"dismantling": process(DISMANTLING, batch_t=5, batch_age_limit_days=45)}
    site, supplier = one(here, figures), Supplier(here)
    works = site.plants["Works"]
    supplier.send_at(1.0, works, "phone", supplier.lot(1000.0))
    site.run(41.0)
    assert works.worked_kg == 0.0
    site.run(51.0)
    assert works.worked_kg == 1000.0
    supplier.send_at(55.0, works, "phone", supplier.lot(5000.0))
    site.run(61.0)
    assert works.worked_kg == 6000.0


@pytest.mark.parametrize("lines", [1, 4])
def test_standstill_is_the_same_whatever_the_periods(lines):
    calendar, streams = Calendar.of(2025, 2034), Streams(7, 0)
    stops = Breakdowns("Works", 60.0, 5.0, lines)
    fine, coarse = (stops.down_between(np.arange(0.0, 3641.0, days), stops.stops(streams, calendar)) for days in (7.0, 28.0))
    assert (fine >= 0.0).all()
    assert (fine <= 7.0 + 1e-9).all()
    np.testing.assert_allclose(fine.reshape(-1, 4).sum(axis=1), coarse, atol=1e-9)
    assert fine.sum() / 3640.0 == pytest.approx(5.0 / 60.0, rel=0.35)
    never = Breakdowns("Works", 0.0, 5.0, 1)
    assert never.down_between(np.arange(3.0), never.stops(streams, calendar)).tolist() == [0.0, 0.0]


def test_breakdowns_cut_what_is_free():
    here = world()
    broken = {"dismantling": process(DISMANTLING, mean_days_between_breakdowns=20, repair_days=10)}
    site, supplier = one(here, broken, yard_limit_days=36500), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1e8))
    site.run()
    down = sum(r["down_hours"] for r in rows(here, "plants")) / 24.0
    assert 200 < down < 700
    periods = int(here.calendar.days // 10)
    assert site.plants["Works"].worked_kg == pytest.approx(10_000.0 * (periods * 10 - down), rel=0.02)


def test_a_slow_input_uses_more_of_the_nameplate():
    here = world()
    slow = process(DISMANTLING, speed={"lamp": 0.5})
    site, supplier = one(here, {"dismantling": slow}, yard_limit_days=36.5), Supplier(here)
    works = site.plants["Works"]
    room = works.space_kg("phone")
    assert works.space_kg("lamp") == pytest.approx(0.5 * room)
    supplier.send(works, "lamp", supplier.lot(60_000.0))
    supplier.send(works, "phone", supplier.lot(30_000.0))
    assert works.space_kg("phone") == pytest.approx(room - 150_000.0)
    site.run(10.5)
    share = PERIOD * 10_000.0 / 150_000.0  # nameplate work of a period, of what lies; by mass, the same of each
    assert works.worked_kg == pytest.approx(90_000.0 * share)
    assert works.yard.piles["lamp"].kg == pytest.approx(60_000.0 * (1.0 - share))
    site.run()
    months = rows(here, "plants")
    assert sum(r["throughput_kg"] for r in months) == pytest.approx(90_000.0)
    first = months[0]
    assert first["throughput_kg"] / first["capacity_kg"] == pytest.approx(90_000.0 / (310_000.0 + 90_000.0 - 150_000.0))


def test_a_full_store_stops_the_lines_and_pushes_back():
    here = world()
    everything = {"dismantling": process({"phone": {"board": {"*": 1.0}}})}
    site, supplier = one(here, everything, {"board": []}, yard_limit_days=1, store_limit_days=5), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(110_000.0))
    site.run(100.0)
    assert works.store.kg == pytest.approx(50_000.0)
    assert works.yard.kg == pytest.approx(60_000.0)
    assert works.blocked
    assert works.space_kg("phone") == pytest.approx(10_000.0 + PERIOD * 10_000.0 - 60_000.0)
    site.run()
    assert works.store.kg == pytest.approx(50_000.0), "to the last period"


def test_a_dial_counts_from_its_day_on_also_within_a_period():
    here = world()
    site, supplier = one(here, yard_limit_days=3650), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1e6))
    here.clock.at(4.0, lambda _: here.dials.turn(4.0, "plants.Works.hours_factor", 0.0))
    here.clock.at(17.0, lambda _: here.dials.turn(17.0, "plants.Works.hours_factor", 1.0))
    site.run(10.5)
    assert site.plants["Works"].worked_kg == pytest.approx(40_000.0)
    site.run(20.5)
    assert site.plants["Works"].worked_kg == pytest.approx(40_000.0 + (2 * PERIOD - 17.0) * 10_000.0)


def test_fires_of_batteries_are_a_cause_of_their_own():
    calendar, streams, days = Calendar.of(2025, 2034), Streams(7, 0), np.arange(0.0, 3641.0, 28.0)
    plain, fires, both = (
        stops.down_between(days, stops.stops(streams, calendar))
        for stops in (
            Breakdowns("Works", 60.0, 5.0, 1),
            Breakdowns("Works", 0.0, 5.0, 1, 30.0, 6.0),
            Breakdowns("Works", 60.0, 5.0, 1, 30.0, 6.0),
        )
    )
    assert fires.sum() == pytest.approx(3640.0 * 6.0 / 36.0, rel=0.35)
    # a fire during a repair waits for its end, so nothing is lost but what reaches beyond the run
    assert (np.maximum(plain, fires) <= both + 6.0).all()
    assert both.sum() > max(plain.sum(), fires.sum())
    here = world()
    burning = {"dismantling": process(DISMANTLING, mean_days_between_fires=40, after_fire_days=20)}
    site, supplier = one(here, burning, yard_limit_days=36500), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1e8))
    site.run()
    assert 200 < sum(r["down_hours"] for r in rows(here, "plants")) / 24.0 < 600


def test_an_expansion_is_a_path_of_capacity_and_a_closure_an_end():
    here = world(2025, 2027)
    grows = {"2025": 365.25, "2026": 365.25, "2027": 3652.5}
    site, supplier = one(here, tonnes=grows, yard_limit_days=36525, end="2027-03-02"), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(1e7))
    site.run()
    by_month = [r["throughput_kg"] for r in rows(here, "plants")]
    assert sum(by_month[:12]) == pytest.approx(1000.0 * 365, rel=0.02)
    # the nameplate of a period is that of its first day, five days behind the middle on a path that rises tenfold
    assert sum(by_month[12:24]) == pytest.approx(1000.0 * 5.5 * 360, rel=0.02)
    # the last period before the end, then all that still lies there
    assert works.yard.kg == 0.0
    assert works.worked_kg == pytest.approx(1e7)
    assert works.space_kg("phone") == 0.0
