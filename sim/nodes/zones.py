"""The zones of a country as collection sees them: each one as in data, or merged into regions that keep route lengths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sim.nodes.zone_spec import ZoneSpec

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone of collection; `lat` and `lon` of a merged one are the means of its members by households."""

    key: str
    country: str
    name: str
    lat: float
    lon: float
    households_share: float


@dataclass(frozen=True, slots=True)
class Zones:
    """Zones of one country and the members they are made of.

    member_of : zone of each member, shape (members,), members ordered by zone.
    first_member : first member of each zone, shape (zones,).
    households, population, area_km2 : of the members, shape (members,).
    """

    zones: tuple[Zone, ...]
    members: tuple[Zone, ...]
    member_of: NDArray[np.intp]
    first_member: NDArray[np.intp]
    households: Vector
    population: Vector
    area_km2: Vector

    def apart(self) -> Zones:
        """Return the same members, in the same order, each a zone by itself."""
        alone = np.arange(len(self.members))
        return replace(self, zones=self.members, member_of=alone, first_member=alone)

    def within(self, keys: tuple[str, ...] | None) -> Vector:
        """Which members are among `keys`, 1 or 0, shape (members,); None: all."""
        return np.array([1.0 if keys is None or key in keys else 0.0 for key in (member.key for member in self.members)])

    def share(self, within: Vector) -> Vector:
        """Share of each zone in the households of the members within, shape (zones,)."""
        return np.asarray(self.sum(self.households * within) / (self.households @ within))

    def reached(self, coverage_share: float, within: Vector) -> Vector:
        """Share of people a service reaches in each member, which together are `coverage_share` of the country."""
        there = float(self.households @ within / self.households.sum())
        return np.asarray(within * min(coverage_share / there, 1.0))

    def sum(self, of_members: Vector) -> Vector:
        """Sum over the members of each zone, shape (zones, ...)."""
        return np.add.reduceat(of_members, self.first_member, axis=0)

    def spread(self, of_zones: NDArray[Any]) -> NDArray[Any]:
        """Repeat values of zones for each of their members, shape (members, ...)."""
        return of_zones[self.member_of]

    def mean(self, of_members: Vector, weights: Vector) -> Vector:
        """Mean over the members of each zone by weights of shape (members,), shape (zones, ...); 0 where none has a weight."""
        weights = weights.reshape(-1, *[1] * (of_members.ndim - 1))
        total = np.broadcast_to(self.sum(weights), (len(self.zones), *of_members.shape[1:]))
        return np.divide(self.sum(of_members * weights), total, out=np.zeros(total.shape), where=total > 0.0)

    def vehicles(self, per_100k_households: float, reached: Vector) -> Vector:
        """Whole vehicles of each zone, shape (zones,): every member rounds up by itself, so merging zones keeps the fleet."""
        return self.sum(np.ceil(per_100k_households * self.households * reached / 100_000.0 * (1.0 - 1e-12)))

    def places(self, people_per_place: float) -> Vector:
        """Depots or bases of each member, at least one, shape (members,)."""
        return np.maximum(np.round(self.population / people_per_place), 1.0)

    def effective_area_km2(self, reached: Vector) -> Vector:
        """Area over which stops spread, shape (zones,): (sum sqrt(w A))^2 keeps the sum of sqrt(n A) of the members.

        The weights are the people reached; where a service reaches a part of them, it covers that part of the area.
        """
        people = self.households * reached
        total = self.sum(people)[self.member_of]
        weights = np.divide(people, total, out=np.zeros_like(people), where=total > 0.0)
        return np.asarray(self.sum(np.sqrt(weights * self.area_km2 * reached)) ** 2)


def gather(zones: dict[str, ZoneSpec], country: str, grain: Literal["fine", "coarse"]) -> Zones:
    """Return the zones of `country` at a grain, in order of their keys."""
    own = {key: spec for key, spec in zones.items() if spec.country == country}
    group_of = {key: key if grain == "fine" else spec.region for key, spec in own.items()}
    keys = sorted(own, key=lambda key: (group_of[key], key))
    names = sorted(set(group_of.values()))
    member_of = np.array([names.index(group_of[key]) for key in keys], dtype=np.intp)
    households = np.array([own[key].households.value for key in keys])
    total = households.sum()
    merged = []
    for number, name in enumerate(names):
        members = np.flatnonzero(member_of == number)
        weights = households[members] / households[members].sum()
        places = np.array([(own[keys[m]].lat, own[keys[m]].lon) for m in members])
        lat, lon = weights @ places
        label = own[name].name_en if name in own else name
        merged.append(Zone(name, country, label, float(lat), float(lon), float(households[members].sum() / total)))
    alone = [
        Zone(key, country, own[key].name_en, own[key].lat, own[key].lon, float(people / total))
        for key, people in zip(keys, households, strict=True)
    ]
    return Zones(
        tuple(merged),
        tuple(alone),
        member_of,
        np.searchsorted(member_of, np.arange(len(names))).astype(np.intp),
        households,
        np.array([own[key].population.value for key in keys]),
        np.array([(own[key].service_area_km2 or own[key].area_km2).value for key in keys]),
    )
