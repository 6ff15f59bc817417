"""Length, time, cost and carbon of collection routes: one documented formula per function, no state.

Symbols: n stops, A area [km2], Q stops a truck can take, m = n/Q routes, r mean distance from depot to stop [km],
c road km per straight km, v speed [km/h], s hours per stop, u hours to unload. All functions take numbers or arrays
of one shape. The formulas are checked against a routing solver in `tests/validation/test_routes.py`; nothing is
solved inside a run.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = float | NDArray[np.float64]

TOUR_CONSTANT = 0.7124
"""Limit of tour length over sqrt(nA) for many random points (Johnson, McGeoch and Rothberg 1996)."""
TOUR_BOUNDARY = 0.95
"""Boundary term of `tour_km`, fitted to n = 10, 20, 50, 100."""
DISTRICT_CONSTANT = 0.57
"""Local km per sqrt(nA) when a district is cut into routes (Daganzo 1984, Transportation Science 18(4))."""
MARGINAL_CONSTANT = DISTRICT_CONSTANT / 2
"""Derivative of the local part of `district_km` by n."""
MEAN_DISTANCE_OF_SQUARE = 0.3826
"""Mean distance from the centre of a unit square to its points: (sqrt(2) + ln(1 + sqrt(2))) / 6."""
FEW_STOPS_SHARE, FEW_STOPS_DECAY = 0.83, 0.42
"""Of a tour from a central depot with few stops, fitted to solver tours with 1 to 10 stops: 1 - 0.83 exp(-0.42 n)."""
MANY_ROUTES = 3.0
ROUNDING = 1e-9


def stops_per_truck(payload_kg: Values, volume_m3: Values, pickup_kg: Values, density_kg_per_m3: Values) -> Values:
    """Return Q = floor(min(W/q, V d/q)), the stops that fill a truck by weight or by volume.

    A balance of load against payload and volume; 0 where one pick-up does not fit.
    """
    by_load = np.minimum(payload_kg, np.multiply(volume_m3, density_kg_per_m3)) / pickup_kg
    return np.floor(by_load * (1.0 + ROUNDING))


def depot_distance_km(area_km2: Values) -> Values:
    """Return r, the mean straight distance of stops from a depot in the middle of a square district [km]."""
    return MEAN_DISTANCE_OF_SQUARE * np.sqrt(area_km2)


def tour_km(stops: Values, area_km2: Values, road_factor: Values) -> Values:
    """Return the length of one tour over all stops, L = c k(n) sqrt(nA), k(n) = 0.7124 (1 + 0.95/sqrt n) [km].

    References: Beardwood, Halton and Hammersley 1959, doi:10.1017/S0305004100034095 (form); Johnson, McGeoch and Rothberg
    1996 (0.7124). The term in 1/sqrt n is fitted here to solver tours (`docs/model-collection.md`).
    """
    constant = TOUR_CONSTANT * (1.0 + TOUR_BOUNDARY / np.sqrt(stops))
    return road_factor * constant * np.sqrt(np.multiply(stops, area_km2))


def district_km(stops: Values, stops_per_route: Values, area_km2: Values, depot_km: Values, road_factor: Values) -> Values:
    """Return the length of all routes of a district with three or more, L = c (2 r n/Q + 0.57 sqrt(nA)) [km].

    Reference: Daganzo 1984, doi:10.1287/trsc.18.4.331. The tour constant 0.7124 in its place counts the way
    between depot and district twice and overstates by 13-17 %.
    """
    line_haul = 2.0 * depot_km * stops / stops_per_route
    return road_factor * (line_haul + DISTRICT_CONSTANT * np.sqrt(np.multiply(stops, area_km2)))


def depot_tour_km(stops: Values, area_km2: Values, road_factor: Values) -> Values:
    """Return the length of one tour from a depot in the middle over n stops [km].

    `tour_km` over n + 1 points, less what a few points do not span; one stop gives twice the mean distance.
    """
    few = 1.0 - FEW_STOPS_SHARE * np.exp(-FEW_STOPS_DECAY * np.asarray(stops))
    return few * tour_km(np.add(stops, 1.0), area_km2, road_factor)


def round_km(stops: Values, stops_per_route: Values, area_km2: Values, depot_km: Values, road_factor: Values) -> Values:
    """Return the length of all routes that serve `stops` from one depot [km].

    One route: `depot_tour_km`. Three or more: `district_km`. Between them the weight of the district grows linearly,
    and the tour gains one way to the depot and back per further route.
    """
    routes = np.divide(stops, stops_per_route)
    share = np.clip((routes - 1.0) / (MANY_ROUTES - 1.0), 0.0, 1.0)
    ways = 2.0 * np.multiply(road_factor, depot_km) * np.maximum(routes - 1.0, 0.0)
    tour = depot_tour_km(stops, area_km2, road_factor) + ways
    district = district_km(stops, stops_per_route, area_km2, depot_km, road_factor)
    return (1.0 - share) * tour + share * district


def marginal_km(round_stops: Values, area_km2: Values, road_factor: Values, delivery_address_share: Values) -> Values:
    """Return the extra km of one pick-up on an existing delivery round: none where a parcel goes anyway, else c 0.285 sqrt(A/n).

    The derivative of the district formula by n, 0.57/2; n counts the stops of the rounds in area A.
    """
    return (1.0 - delivery_address_share) * road_factor * MARGINAL_CONSTANT * np.sqrt(area_km2 / round_stops)


def point_to_point_km(distance_km: Values, road_factor: Values) -> Values:
    """Return the length of a trip to one stop and back, 2 c r [km]."""
    return 2.0 * road_factor * distance_km


def route_hours(km: Values, speed_kmh: Values, stops: Values, hours_per_stop: Values, unload_hours: Values) -> Values:
    """Return the time of one route, T = L/v + n s + u [h]; for m routes pass m u."""
    return km / speed_kmh + stops * hours_per_stop + unload_hours


def stops_in_time(
    hours: Values, stops: Values, area_km2: Values, depot_km: Values, road_factor: Values, speed_kmh: Values, hours_per_stop: Values
) -> Values:
    """Return the most stops of one route that keep it within `hours` (unloading apart) when `stops` share the district.

    Solves `route_hours` = hours for the route of a district and for the share of a tour, both linear in the stops, and
    takes the smaller one while fewer than three routes make the district, where `round_km` lies between the two.
    Below 1 where the way alone is too long.
    """
    way_km = 2.0 * np.multiply(road_factor, depot_km)
    spare = np.maximum(hours - way_km / speed_kmh, 0.0)
    per_stop = road_factor * DISTRICT_CONSTANT * np.sqrt(np.divide(area_km2, stops))
    of_district = spare / (hours_per_stop + per_stop / speed_kmh)
    per_stop = np.maximum(depot_tour_km(stops, area_km2, road_factor) - way_km, 0.0) / stops
    of_tour = spare / (hours_per_stop + per_stop / speed_kmh)
    return np.where(stops >= MANY_ROUTES * of_district, of_district, np.minimum(of_district, of_tour))


def trucks(hours: Values, shift_hours: Values) -> Values:
    """Return the whole trucks that `hours` of work a day need."""
    return np.ceil(np.divide(hours, shift_hours) * (1.0 - ROUNDING))


def route_cost_usd(km: Values, hours: Values, usd_per_km: Values, usd_per_hour: Values) -> Values:
    """Return the cost of driving and working, ckm L + ch T [USD]."""
    return usd_per_km * km + usd_per_hour * hours


def route_co2_kg(km: Values, kg_per_km: Values) -> Values:
    """Return the emissions of driving, g L [kg CO2]."""
    return kg_per_km * km


def fill_days(rate_kg_per_day: Values, load_kg: Values, age_limit_days: Values) -> Values:
    """Return how long a point, depot or truck fills before it is called for: full or too old [days].

    Nothing coming in: the age limit.
    """
    rate, load = np.broadcast_arrays(np.asarray(rate_kg_per_day, dtype=np.float64), np.asarray(load_kg, dtype=np.float64))
    full = np.divide(load, rate, out=np.full(rate.shape, np.inf), where=rate > 0.0)
    return np.asarray(np.minimum(full, age_limit_days))
