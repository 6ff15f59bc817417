"""Numbers of the queues of all countries in one row, so that one call does for all of them what each would do alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Land:
    """A country, and its zones and channels by name; `zone_of` its places, zone by zone, shape (places,)."""

    country: str
    zones: tuple[str, ...]
    channels: tuple[str, ...]
    zone_of: Numbers


class Queues:
    """Queues, piles, channels and zones, country by country.

    A queue is one channel at one place, a pile what the places of one zone have of one channel; both are ordered by
    country, place or zone, channel. Channels of two countries are two channels. A vector by queue has shape (queues,);
    `by_...` adds such vectors up, values of channels, zones and countries are spread over queues by the `..._of` numbers.

    zones, channels, piles : names, each with its country.
    country_of, zone_of, channel_of, pile_of : of each queue.
    pile_zone, pile_channel : of each pile. channel_country : of each channel.
    of_country, channels_in, piles_in, zones_in : by country, where its queues, channels, piles and zones are in their rows.
    """

    def __init__(self, lands: Sequence[Land]) -> None:
        self.countries = tuple(land.country for land in lands)
        self.zones = tuple((land.country, zone) for land in lands for zone in land.zones)
        self.channels = tuple((land.country, channel) for land in lands for channel in land.channels)
        self.piles = tuple((land.country, zone, channel) for land in lands for zone in land.zones for channel in land.channels)
        places, zones, channels = ([len(each) for each in column] for column in _columns(lands))
        self.channels_in, self.zones_in = _slices(channels), _slices(zones)
        self.of_country = _slices([a * b for a, b in zip(places, channels, strict=True)])
        self.piles_in = _slices([a * b for a, b in zip(zones, channels, strict=True)])
        self.size = self.of_country[-1].stop
        parts = [_numbers(*each) for each in zip(lands, self.channels_in, self.zones_in, self.piles_in, strict=True)]
        self.zone_of, self.channel_of, self.pile_of, self.pile_zone, self.pile_channel = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        numbers = np.arange(len(lands))
        self.country_of = np.repeat(numbers, [each.stop - each.start for each in self.of_country])
        self.channel_country = np.repeat(numbers, channels)
        self._to_piles = _Sums(self.pile_of, len(self.piles))
        self._to_zones = _Sums(self.zone_of, len(self.zones))

    def by_pile(self, of_queues: Vector) -> Vector:
        """Add up the places of each zone, shape (..., piles)."""
        return self._to_piles(of_queues) if len(self.piles) < self.size else of_queues

    def by_zone(self, of_queues: Vector) -> Vector:
        """Add up the places and channels of each zone, shape (..., zones)."""
        return self._to_zones(of_queues)


class _Sums:
    """Adds up the entries that belong together, which every one of `count` has some of."""

    __slots__ = ("_count", "_first", "_key", "_order")

    def __init__(self, key: Numbers, count: int) -> None:
        self._key, self._count = key, count
        self._order = np.argsort(key, kind="stable")
        self._first = np.searchsorted(key[self._order], np.arange(count))

    def __call__(self, values: Vector) -> Vector:
        if values.ndim == 1:
            return np.asarray(np.bincount(self._key, values, self._count), dtype=np.float64)
        return np.add.reduceat(values[..., self._order], self._first, axis=-1)


def _columns(lands: Sequence[Land]) -> list[list[Any]]:
    return [[getattr(land, name) for land in lands] for name in ("zone_of", "zones", "channels")]


def _slices(counts: Sequence[int]) -> list[slice]:
    ends = np.cumsum(counts).tolist()
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def _numbers(land: Land, channels: slice, zones: slice, piles: slice) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers]:
    """Zone, channel and pile of each queue of a country, zone and channel of each of its piles."""
    width, count = len(land.channels), len(land.zones)
    of_channels = np.arange(channels.start, channels.stop)
    pile_of = piles.start + width * land.zone_of[:, np.newaxis] + np.arange(width)
    return (
        zones.start + np.repeat(land.zone_of, width),
        np.tile(of_channels, len(land.zone_of)),
        pile_of.ravel(),
        zones.start + np.repeat(np.arange(count), width),
        np.tile(of_channels, count),
    )
