"""What is told of a trip when trips are traced: one row per route, or per platoon of routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Trip(NamedTuple):
    """Routes driven together; stops, km, hours, load, cost and emissions are of all of them. Days are days of simulation.

    left_day : departure. back_day : unloaded at the depot, or at the plant for line-haul.
    """

    left_day: float
    back_day: float
    year: int
    country: str
    zone: str
    channel: str
    vehicle: str
    routes: float
    stops: float
    km: float
    hours: float
    load_kg: float
    cost_usd: float
    co2_kg: float


Trace = Callable[[Trip], None]
