"""Route formulas: the published cases and the laws every formula must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.transport import route


def test_stops_per_truck_is_limited_by_weight_or_volume():
    assert route.stops_per_truck(350.0, 2.8, 10.0, 200.0) == 35
    assert route.stops_per_truck(350.0, 1.0, 10.0, 200.0) == 20
    assert route.stops_per_truck(350.0, 2.8, 400.0, 200.0) == 0
    assert route.stops_per_truck(0.3, 10.0, 0.1, 200.0) == 3  # a stop that fits but for rounding


def test_tour_constants_of_the_reference():
    for stops, constant in ((10, 0.930), (20, 0.858), (50, 0.810), (100, 0.773)):
        assert float(route.tour_km(stops, 1.0, 1.0)) / stops**0.5 == pytest.approx(constant, rel=0.01)


def test_four_times_the_area_or_the_stops_doubles_the_local_part():
    local = route.district_km(100.0, 10.0, 4.0, 0.0, 1.0)
    assert local == pytest.approx(2.0 * route.district_km(100.0, 10.0, 1.0, 0.0, 1.0))
    assert local == pytest.approx(route.district_km(400.0, 10.0, 1.0, 0.0, 1.0))


def test_marginal_km_is_the_derivative_of_the_district():
    stops, area = 150.0, 60.0
    slope = (route.district_km(stops + 1e-3, 1e9, area, 0.0, 1.3) - route.district_km(stops - 1e-3, 1e9, area, 0.0, 1.3)) / 2e-3
    assert route.marginal_km(stops, area, 1.3, 0.0) == pytest.approx(slope, rel=1e-6)
    assert route.marginal_km(stops, area, 1.3, 1.0) == 0.0


def test_a_parcel_van_fills_its_day():
    assert route.route_hours(0.0, 20.0, 150.0, 3.4 / 60.0, 0.0) * 60.0 == pytest.approx(510.0)
    assert route.trucks(27.0, 9.0) == 3
    assert route.trucks(27.1, 9.0) == 4


def test_cost_and_carbon_follow_km_and_hours():
    assert route.route_cost_usd(200.0, 7.0, 0.27, 22.4) == pytest.approx(0.27 * 200 + 22.4 * 7)
    assert route.route_co2_kg(200.0, 0.476) == pytest.approx(95.2)


def test_a_point_is_called_when_full_or_too_old():
    assert route.fill_days(10.0, 75.0, 30.0) == pytest.approx(7.5)
    assert route.fill_days(1.0, 75.0, 30.0) == 30.0
    assert route.fill_days(0.0, 75.0, 30.0) == 30.0


def test_one_stop_is_there_and_back():
    area = 400.0
    distance = route.depot_distance_km(area)
    assert float(route.depot_tour_km(1.0, area, 1.3)) == pytest.approx(float(route.point_to_point_km(distance, 1.3)), rel=0.03)


@given(stops=st.floats(1.0, 500.0), load=st.floats(1.0, 100.0), area=st.floats(0.1, 1e5), factor=st.floats(1.0, 2.0))
def test_more_room_never_lengthens_the_routes_by_more_than_the_fit(stops, load, area, factor):
    distance = route.depot_distance_km(area)
    full = float(route.round_km(stops, min(load, stops), area, distance, factor))
    roomier = float(route.round_km(stops, min(2.0 * load, stops), area, distance, factor))
    assert full > 0.0
    assert roomier <= 1.06 * full


@given(
    hours=st.floats(0.5, 13.0),
    stops=st.floats(1.0, 500.0),
    area=st.floats(0.1, 2e4),
    speed=st.floats(3.0, 60.0),
    minutes=st.floats(0.5, 30.0),
)
def test_stops_in_time_keep_the_shift(hours, stops, area, speed, minutes):
    distance = route.depot_distance_km(area)
    limit = float(route.stops_in_time(hours, stops, area, distance, 1.3, speed, minutes / 60.0))
    each = min(limit, stops)
    if each >= 1.0:
        km = float(route.round_km(stops, each, area, distance, 1.3)) * each / stops
        assert route.route_hours(km, speed, each, minutes / 60.0, 0.0) <= hours * (1.0 + 1e-9)


def test_arrays_and_numbers_agree():
    stops = np.array([5.0, 50.0])
    both = route.round_km(stops, 5.0, 30.0, 2.0, 1.3)
    assert np.allclose(both, [float(route.round_km(n, 5.0, 30.0, 2.0, 1.3)) for n in stops])
