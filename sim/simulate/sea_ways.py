"""Finds the way of cargo from a country to a plant abroad: ports, lanes with transhipment, road at both ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from sim.engine.world import World
from sim.nodes.plant_spec import PlantSpec
from sim.transport.haul import Point, road_km
from sim.transport.lane_spec import LaneSpec, PortSpec, SeaSpec
from sim.transport.sea import DAYS_PER_WEEK, Leg, Voyage, port_dial

_Way = tuple[float, tuple[str, ...], str]  # days, names of the lanes, port of loading


class SeaWays:
    """Lanes as a network of ports; a way is the quickest, ties by name."""

    def __init__(self, world: World, ports: Mapping[str, PortSpec], lanes: Sequence[LaneSpec], sea: SeaSpec) -> None:
        self._ports, self._sea = ports, sea
        self._legs = {lane.name: _leg(world, lane) for lane in lanes}
        self._lanes = {lane.name: lane for lane in lanes}
        self._sea_days = {lane.name: lane.sea_days.value for lane in lanes}
        for port in ports:
            world.dials.declare(port_dial(port), 1.0)
        self._from: dict[str, list[LaneSpec]] = {}
        self._reached_from: dict[str, dict[str, _Way]] = {}
        for lane in sorted(lanes, key=lambda each: each.name):
            self._from.setdefault(lane.origin, []).append(lane)

    def voyage(self, origin: str, plant: PlantSpec) -> tuple[Voyage, str] | None:
        """The quickest way from a country to a plant and its port of loading; None if no lane leads there."""
        km_per_day = self._sea.road_km_per_day.value
        ways = [
            (days + self._road_km(port, plant) / km_per_day, names, port, first)
            for port, (days, names, first) in self._reached(origin).items()
            if port == plant.port or (plant.port is None and self._ports[port].country == plant.country)
        ]
        if not ways:
            return None
        _, names, port, first = min(ways)
        return self._assembled(names, port, plant), first

    def _reached(self, origin: str) -> dict[str, _Way]:
        """Ports that lanes lead to from a country, with the quickest way there (Dijkstra 1959, Numerische Mathematik 1:269)."""
        reached = self._reached_from.get(origin)
        if reached is not None:
            return reached
        reached = self._reached_from[origin] = {}
        cut_off_days, done = self._sea.cut_off_days.value, set()
        queue: list[tuple[float, tuple[str, ...], str, str]] = [
            (0.0, (), key, key) for key, port in sorted(self._ports.items()) if port.country == origin
        ]
        while queue:
            days, names, port, first = heappop(queue)
            if port in done:
                continue
            done.add(port)
            if names:
                reached[port] = days, names, first
            for lane in self._from.get(port, ()):
                heappush(queue, (days + cut_off_days + self._sea_days[lane.name], (*names, lane.name), lane.destination, first))
        return reached

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
