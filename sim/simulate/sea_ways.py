"""Finds the way of cargo from a country to a plant abroad: ports, lanes with transhipment, road at both ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from sim.engine.world import World
from sim.nodes.plant_spec import PlantSpec
from sim.transport.haul import Point, road_km
from sim.transport.lane_spec import LaneSpec, PortSpec, SeaSpec
from sim.transport.sea import DAYS_PER_WEEK, Leg, Voyage, port_dial


class SeaWays:
    """Lanes as a network of ports; a way is the quickest, ties by name."""

    def __init__(self, world: World, ports: Mapping[str, PortSpec], lanes: Sequence[LaneSpec], sea: SeaSpec) -> None:
        self._ports, self._sea = ports, sea
        self._legs = {lane.name: _leg(world, lane) for lane in lanes}
        self._lanes = {lane.name: lane for lane in lanes}
        for port in ports:
            world.dials.declare(port_dial(port), 1.0)
        self._from: dict[str, list[LaneSpec]] = {}
        for lane in sorted(lanes, key=lambda each: each.name):
            self._from.setdefault(lane.origin, []).append(lane)

    def voyage(self, origin: str, plant: PlantSpec) -> tuple[Voyage, str] | None:
        """The quickest way from a country to a plant and its port of loading; None if no lane leads there."""
        sea = self._sea
        queue: list[tuple[float, tuple[str, ...], str, str]] = [
            (0.0, (), key, key) for key, port in sorted(self._ports.items()) if port.country == origin
        ]
        done: set[str] = set()
        best: tuple[float, tuple[str, ...], str, str] | None = None
        while queue:
            days, names, port, first = heappop(queue)
            if best is not None and days >= best[0]:
                break
            if port in done:
                continue
            done.add(port)
            if names and (port == plant.port or (plant.port is None and self._ports[port].country == plant.country)):
                whole = days + self._road_km(port, plant) / sea.road_km_per_day.value
                best = min(best or (whole, names, port, first), (whole, names, port, first))
            for lane in self._from.get(port, ()):
                heappush(queue, (days + sea.cut_off_days.value + lane.sea_days.value, (*names, lane.name), lane.destination, first))
        return (self._assembled(best[1], best[2], plant), best[3]) if best is not None else None

    def point(self, port: str) -> Point:
        """Where a port is."""
        return Point(self._ports[port].lat, self._ports[port].lon)

    def _road_km(self, port: str, plant: PlantSpec) -> float:
        return road_km(self.point(port), point_of(plant), self._sea)

    def _assembled(self, names: tuple[str, ...], port: str, plant: PlantSpec) -> Voyage:
        dwell, km = self._ports[port].dwell_days, self._road_km(port, plant)
        return Voyage(
            legs=tuple(self._legs[name] for name in names),
            cut_off_days=self._sea.cut_off_days.value,
            customs_days=dwell.value if dwell is not None else self._sea.customs_days.value,
            road_km=km,
            road_days=km / self._sea.road_km_per_day.value,
            ports=(self._lanes[names[0]].origin, *(self._lanes[name].destination for name in names)),
        )


def point_of(plant: PlantSpec) -> Point | None:
    """Where a plant is, if that is known."""
    return Point(plant.lat, plant.lon) if plant.lat is not None and plant.lon is not None else None


def _leg(world: World, lane: LaneSpec) -> Leg:
    """A lane with the weekday of its sailings, drawn by its name: sailings of lanes are not in step."""
    interval = DAYS_PER_WEEK / lane.sailings_per_week.value
    offset = float(world.streams.of(f"lane/{lane.name}").random()) * interval
    return Leg(lane.name, lane.sea_days.value, interval, offset, lane.distance_km.value, lane.box_usd)
