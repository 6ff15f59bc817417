"""What a valid scenario says that its author can hardly mean: warnings with file, line and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sim.nodes.plant_spec import PlantSpec
from sim.scenario.faults import Locator
from sim.scenario.schema import ScenarioSpec
from sim.trade.checks import WAIT

CLOSED = "it is closed"
NO_ROOM = "its capacity is not above its background feed"
REMEDIES = {CLOSED: ("status", "Open it"), NO_ROOM: ("capacity_t_per_year", "Raise capacity_t_per_year")}


def cautions(spec: ScenarioSpec, locator: Locator) -> list[str]:
    """Warnings of a specification that is valid."""
    return list(_routes_to_nowhere(spec, locator))


def never_takes(plant: PlantSpec, start: int, end: int) -> str:
    """Why a plant can take nothing in from year `start` to year `end`; empty where it may."""
    if plant.status == "closed" or (plant.end is not None and plant.end <= date(start, 1, 1)):
        return CLOSED
    capacity, background = plant.capacity_t_per_year, plant.background_feed_t_per_year
    return "" if any(capacity.at(year) > background.at(year) for year in range(start, end + 2)) else NO_ROOM


def _routes_to_nowhere(spec: ScenarioSpec, locator: Locator) -> Iterator[str]:
    """Plants that take nothing while routes without a fallback lead to no other: what these carry waits, back to its collection."""
    start, end = spec.time.start, spec.time.end
    shut = {plant.name: why for plant in spec.plants if (why := never_takes(plant, start, end))}
    held: dict[str, list[str]] = {}
    for route in spec.routes if shut else ():
        if route.fallback == WAIT and all(each.to in shut for each in route.destinations):
            held.setdefault(route.destinations[0].to, []).append(route.name)
    for name, routes in held.items():
        field, remedy = REMEDIES[shut[name]]
        file, line = locator.where(("plants", name, field))
        named = ", ".join(f"'{route}'" for route in routes)
        yield (
            f"{file}:{line}: plants.{name}.{field}: the plant takes nothing in from {start} to {end}, as {shut[name]}. "
            f"All that comes by {named} waits, and when yards are full its collection stops. "
            f"{remedy}, or give these routes another destination or a fallback."
        )
