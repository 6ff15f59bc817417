"""Sea and road: timetables, boxes, waiting, days, money, CO2."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import pytest

from sim.core.lot import Lot
from sim.core.quantity import Quantity
from sim.simulate.sea_ways import SeaWays
from sim.transport.haul import Dock, Point, RoadBill, great_circle_km, road_km
from sim.transport.lane_spec import PortSpec, SeaSpec
from sim.transport.sea import Leg, Voyage, port_dial
from tests.fixtures.trade_world import SEA, Maker, build, empty_world, lane, plant, route, scenario, shipments

WAY = [route("magnet", ("Refinery", 1.0))]


def leg(offset: float = 0.0, interval: float = 7.0, days: float = 10.0) -> Leg:
    return Leg("x", days, interval, offset, 5000.0, Quantity.constant(800.0))


def test_great_circle_against_known_distances() -> None:
    tokyo, singapore = Point(35.6812, 139.7671), Point(1.3521, 103.8198)
    # 5,320 km by common great-circle calculators
    assert great_circle_km(tokyo, singapore) == pytest.approx(5_320.0, rel=2e-3)
    assert great_circle_km(Point(0.0, 0.0), Point(0.0, 180.0)) == pytest.approx(20_015.1, rel=1e-5)
    assert great_circle_km(tokyo, tokyo) == 0.0


def test_road_distance_has_a_stated_default() -> None:
    rules = SeaSpec.model_validate(SEA)
    a, b = Point(0.0, 0.0), Point(1.0, 0.0)
    assert road_km(a, b, rules) == pytest.approx(1.3 * 111.195, rel=1e-4)
    assert road_km(a, None, rules) == 100.0
    plain = SeaSpec.model_validate({key: value for key, value in SEA.items() if key not in {"road_factor", "default_road_km"}})
    assert road_km(None, b, plain) == 0.0
    assert road_km(a, b, plain) == pytest.approx(111.195, rel=1e-4)


def test_departures_are_weekly() -> None:
    weekly = leg(offset=2.5)
    assert [weekly.next_sailing(day) for day in (0.0, 2.5, 2.6, 9.5, 1000.0)] == [2.5, 2.5, 9.5, 9.5, 1003.5]
    twice = leg(interval=3.5)
    assert twice.next_sailing(3.6) == 7.0


def test_days_of_a_voyage_with_transhipment() -> None:
    voyage = Voyage((leg(), leg(offset=1.0, days=4.0)), cut_off_days=3.0, customs_days=2.0, road_km=200.0, road_days=0.5)
    # sails on day 0, at the hub on day 10, cargo closed from day 13: next sailing day 15, there on 19, customs and road
    assert voyage.arrival(0.0) == 15.0 + 4.0 + 2.0 + 0.5
    assert voyage.legs[0].next_sailing(0.0 + voyage.cut_off_days) == 7.0
    assert voyage.distance_km == 10_000.0
    assert voyage.mean_days == 2 * (3.0 + 3.5) + 10.0 + 4.0 + 2.5


def test_full_boxes_sail_weekly_after_the_cut_off() -> None:
    world, trade, eaters = build(scenario(routes=WAY))
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([float(day) for day in range(0, 200, 5)], 20_000.0)
    world.clock.run(300.0)
    booked = shipments(world, "IDN", "JPN", "magnet")
    assert booked["boxes"] == 40.0
    assert booked["mass_kg"] == 800_000.0
    days = [when for when, _ in eaters["Refinery"].came]
    gaps = {round(later - earlier, 9) for earlier, later in pairwise(days)}
    assert gaps == {7.0}
    voyage = trade.borders[0]._way.voyage
    # every load is a whole number of boxes; the first left at the first sailing three days after its drive of a quarter day
    assert {kg % 20_000.0 for _, kg in eaters["Refinery"].came} == {0.0}
    assert days[0] == pytest.approx(voyage.arrival(voyage.legs[0].next_sailing(0.25 + voyage.cut_off_days)))


def test_a_part_filled_box_sails_when_it_is_too_old() -> None:
    world, trade, eaters = build(scenario(routes=WAY))
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([0.0, 30.0], 3_000.0)
    world.clock.run(300.0)
    booked = shipments(world, "IDN", "JPN", "magnet")
    assert booked["boxes"] == 1.0
    ((when, kg),) = eaters["Refinery"].came
    assert kg == 6_000.0
    voyage = trade.borders[0]._way.voyage
    sailing = voyage.legs[0].next_sailing(60.0)
    assert when == pytest.approx(voyage.arrival(sailing))
    # from the port to the plant: both lots, each from the day it came
    assert booked["sea_kg_days"] == pytest.approx(3_000.0 * when + 3_000.0 * (when - 30.0))


def test_a_full_box_leaves_the_rest_behind_unless_it_is_old() -> None:
    world, trade, eaters = build(scenario(routes=WAY))
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([0.0], 50_000.0)
    world.clock.run(300.0)
    assert [kg for _, kg in eaters["Refinery"].came] == [40_000.0, 10_000.0]
    assert shipments(world, "IDN", "JPN", "magnet")["boxes"] == 3.0


def test_money_and_co2_of_a_box() -> None:
    world, trade, _ = build(scenario(routes=WAY))
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([0.0], 20_000.0)
    world.clock.run(100.0)
    paid = {key[1:]: cell[0] for key, cell in world.recorder.rows("payments")}
    assert paid["Refinery", "shipping lines", "sea freight"] == 800.0
    # 20 t x default 100 km x 0.2 USD
    assert paid["Refinery", "road hauliers IDN", "road haul"] == pytest.approx(400.0)
    inland = road_km(Point(35.45, 139.65), Point(35.9, 136.2), SeaSpec.model_validate(SEA))
    assert paid["Refinery", "road hauliers JPN", "road haul"] == pytest.approx(20.0 * inland * 0.2)
    emitted = {key[1:]: cell[0] for key, cell in world.recorder.rows("emissions")}
    assert emitted["IDN", "sea", "ship fuel"] == pytest.approx(20.0 * 5000.0 * 0.02)
    assert emitted["JPN", "linehaul", "diesel"] == pytest.approx(20.0 * inland * 0.15)


def test_a_road_bill_follows_rates_and_years() -> None:
    for usd, paid in (({2025: 0.0, 2027: 2.0}, [0.5, 1.5]), (0.2, [0.2, 0.2])):
        world, _, _ = build(scenario())
        bill = RoadBill(world, SeaSpec.model_validate(SEA | {"road_usd_per_t_km": usd}), "Works", "JPN")
        for day in (182.5, 365.0 + 182.5):  # the middle of 2025 and of 2026
            world.clock.at(day, lambda _, bill=bill: [bill.add(500.0, 2.0), bill.add(1000.0, 0.0)])
        world.clock.run(700.0)
        assert [cell[0] for _, cell in world.recorder.rows("payments")] == pytest.approx(paid)
        assert [cell[0] for _, cell in world.recorder.rows("emissions")] == pytest.approx([0.15, 0.15])


def test_a_road_haul_takes_days_by_distance() -> None:
    world, trade, eaters = build(scenario(routes=WAY, plants=[plant("Refinery", "JPN"), plant("Home", "JPN", lat=35.0, lon=135.0)]))
    Maker(world, trade, "Home", "JPN", "magnet").make_on([5.0], 1_000.0)
    world.clock.run(50.0)
    assert eaters["Refinery"].came == [(5.25, 1_000.0)]  # no point: 100 km at 400 km a day
    world, trade, eaters = build(
        scenario(routes=WAY, plants=[plant("Refinery", "JPN", lat=36.0, lon=135.0), plant("Home", "JPN", lat=35.0, lon=135.0)])
    )
    Maker(world, trade, "Home", "JPN", "magnet").make_on([5.0], 1_000.0)
    world.clock.run(50.0)
    assert eaters["Refinery"].came[0][0] == pytest.approx(5.0 + 1.3 * 111.195 / 400.0, rel=1e-4)


def test_cargo_waits_at_the_gate_of_a_full_yard() -> None:
    world, trade, eaters = build(scenario(routes=WAY), rooms={"Refinery": 10_000.0})
    refinery = eaters["Refinery"]
    maker = Maker(world, trade, "Home", "JPN", "magnet")
    maker.make_on([0.0], 8_000.0)
    world.clock.at(0.1, lambda _: setattr(refinery, "room_kg", 3_000.0))  # the yard fills from elsewhere meanwhile
    world.clock.at(20.0, lambda _: setattr(refinery, "room_kg", 1e9))
    world.clock.at(10.0, lambda _: maker.send())
    world.clock.run(100.0)
    # 3 t fit, 5 t wait in front and come in at the next question, a week apart
    assert [kg for _, kg in refinery.came] == [3_000.0, 5_000.0]
    assert [when for when, _ in refinery.came] == [0.25, 21.25]


def test_what_is_on_the_road_takes_room() -> None:
    world, trade, _ = build(scenario(routes=WAY), rooms={"Refinery": 10_000.0})
    maker = Maker(world, trade, "Home", "JPN", "magnet")
    maker.make_on([0.0, 0.1], 8_000.0)
    world.clock.run(0.2)
    assert maker.store.kg == 6_000.0


def test_the_pipeline_of_a_long_way_is_bounded_by_what_the_plant_can_work() -> None:
    # 365.25 t a year is a ton a day; a yard of 10 t and a way of 20 odd days: about 30 t on their way at most
    small = [plant("Refinery", "JPN", port="JPYOK", capacity_t_per_year=365.25)]
    world, trade, _ = build(scenario(routes=WAY, plants=small), rooms={"Refinery": 10_000.0})
    maker = Maker(world, trade, "Mine", "IDN", "magnet")
    maker.make_on([0.0], 100_000.0)
    world.clock.run(1.0)
    lead = trade.borders[0]._way.voyage.mean_days
    assert 100_000.0 - maker.store.kg == pytest.approx(10_000.0 + 1_000.0 * lead)


def ways(*lanes: object) -> SeaWays:
    spots = {"AAA": "IDN", "BBB": "IDN", "CCC": "SGP", "DDD": "JPN", "EEE": "JPN"}
    ports = {
        key: PortSpec.model_validate(
            {"name_en": key, "country": code, "lat": 1.0 * n, "lon": 100.0, "dwell_days": 9.0 if n == 4 else None}
        )
        for n, (key, code) in enumerate(spots.items())
    }
    return SeaWays(empty_world(), ports, lanes, SeaSpec.model_validate(SEA))  # type: ignore[arg-type]


def test_the_quickest_way_is_chosen_and_ties_go_by_name() -> None:
    net = ways(lane("AAA", "DDD", 12.0), lane("BBB", "DDD", 12.0), lane("AAA", "CCC", 2.0), lane("CCC", "EEE", 5.0))
    found = net.voyage("IDN", plant("P", "JPN"))
    assert found is not None
    # two legs of 2 and 5 days with two cut-offs beat one of 12
    assert [each.name for each in found[0].legs] == ["AAA-CCC", "CCC-EEE"]
    assert found[0].customs_days == 9.0
    to_port = net.voyage("IDN", plant("P", "JPN", port="DDD"))
    assert to_port is not None
    assert [each.name for each in to_port[0].legs] == ["AAA-DDD"]
    assert to_port[1] == "AAA"
    assert net.voyage("JPN", plant("P", "IDN")) is None


def test_lanes_are_not_in_step_but_each_is_as_drawn() -> None:
    net = ways(lane("AAA", "DDD"), lane("BBB", "DDD"), lane("AAA", "CCC"))
    offsets = [each.offset_day for each in net._legs.values()]
    assert len(set(offsets)) == 3
    alone = ways(lane("AAA", "DDD"))
    assert alone._legs["AAA-DDD"].offset_day == offsets[0]
    assert all(0.0 <= offset < 7.0 for offset in offsets)


@pytest.mark.parametrize("port", ["IDTPP", "JPYOK"])
def test_nothing_sails_while_a_port_of_the_way_is_closed_and_cargo_waits(port: str) -> None:
    world, trade, eaters = build(scenario(routes=WAY))
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([float(day) for day in range(0, 200, 5)], 20_000.0)
    world.clock.at(50.0, lambda _: world.dials.turn(50.0, port_dial(port), 0.0))
    world.clock.at(110.0, lambda _: world.dials.turn(110.0, port_dial(port), 1.0))
    world.clock.run(400.0)
    way_days = trade.borders[0]._way.voyage.arrival(0.0)
    left = [day - way_days for day, _ in eaters["Refinery"].came]
    assert min(left) < 50.0
    assert not [day for day in left if 50.0 <= day < 110.0]
    assert eaters["Refinery"].pile.kg == pytest.approx(40 * 20_000.0)


def test_dust_of_cargo_that_has_sailed_does_not_age_what_came_later() -> None:
    """2100.3 + 1500.7 - 2100.3 kg is 2e-13 kg short of 1500.7 kg: what is left of it must not count as cargo too old to wait."""
    world, trade, eaters = build(scenario(routes=WAY))
    maker = Maker(world, trade, "Mine", "IDN", "magnet")
    maker.make_on([0.0], 2_100.3)
    maker.make_on([10.0], 1_500.7)
    world.clock.run(0.5)
    sailing = trade.borders[0]._way.voyage.legs[0].next_sailing(60.0)
    maker.make_on([sailing - 1.0], 500.0)  # too late for that sailing
    world.clock.run(300.0)
    voyage = trade.borders[0]._way.voyage
    late = voyage.legs[0].next_sailing(sailing - 1.0 + 60.0)
    assert [when for when, _ in eaters["Refinery"].came] == pytest.approx([voyage.arrival(sailing), voyage.arrival(late)])


def test_a_load_that_fills_a_yard_to_rounding_does_not_wait() -> None:
    world, took = empty_world(), []
    yard = SimpleNamespace(name="Works", country="JPN", space_kg=lambda _: 0.3, receive=lambda _, lots, source: took.extend(lots))
    load = [Lot(0.1 + 0.2, 0, 0, 0.0)]
    assert load[0].kg > yard.space_kg("magnet")
    Dock(world, yard, lambda: 0.0).deliver("magnet", load, load[0].kg, 0)
    assert took == load
