"""What each channel is offered, by period and zone: arisings x choice x timing, worked out once a year in numpy.

Chance moves when and where things are handed over, never how much: the weekly noise of a zone has mean one over the
year, so a year's offers are exactly its arisings times the shares of the channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR
from sim.core.quantity import Quantity
from sim.engine.composition import Composition
from sim.engine.streams import Streams
from sim.nodes.arisings import Arisings
from sim.nodes.channel_spec import ChannelSpec
from sim.nodes.choice import captured_shares, compete, divert
from sim.nodes.zones import Zones

Vector = NDArray[np.float64]
DAYS_PER_WEEK = 7
MOST_WEEKS = 54  # that a year can touch
DECADE = 10
JULY = 6
NOTHING = -1
INFORMAL = "informal_buyer"


def overlap(edges: Vector, periods: Vector) -> Vector:
    """Return the share of each interval between `edges` that falls into each of `periods`, shape (intervals, periods)."""
    low = np.maximum(edges[:-1, np.newaxis], periods[np.newaxis, :-1])
    high = np.minimum(edges[1:, np.newaxis], periods[np.newaxis, 1:])
    return np.asarray(np.maximum(high - low, 0.0) / np.diff(edges)[:, np.newaxis])


@dataclass(frozen=True, slots=True)
class Mixes:
    """What the mixes of one country and year are made of.

    groups : names of the product groups; their composition rows are `group_row`, `group_row` + 1, ...
    rows : composition row of each channel's mix, `NOTHING` where it is offered nothing.
    shares : of each group in a channel's mix, shape (channels, groups).
    """

    groups: tuple[str, ...]
    group_row: int
    rows: tuple[int, ...]
    shares: Vector


@dataclass(frozen=True, slots=True)
class YearOffers:
    """Offers of one country and year.

    edges : days on which periods begin, and the end of the year, shape (periods + 1,).
    kg : offered to each queue, shape (periods, zones, channels).
    mixed_kg : handed to no channel, shape (periods,); its composition row is `mixed_row`.
    mixes : what the mix of each channel is made of.
    diverted_kg : net, positive where taken from older channels, negative where lost to newer ones, shape (channels,).
    active : share of the year a channel operates, shape (channels,).
    oversubscribed : channels wanted more than all and were scaled.
    """

    edges: Vector
    kg: Vector
    mixed_kg: Vector
    mixed_row: int
    mixes: Mixes
    diverted_kg: Vector
    active: Vector
    oversubscribed: bool


@dataclass(frozen=True, slots=True)
class _Taken:
    """Mass by period, channel and group before it is spread over zones, and what was diverted over the year by channel."""

    kg: Vector
    rest_kg: Vector
    diverted_kg: Vector
    active: Vector
    oversubscribed: bool


class Offers:
    """Turns the arisings of one country into offers to its channels."""

    def __init__(
        self,
        country: str,
        arisings: Arisings,
        zones: Zones,
        channels: dict[str, ChannelSpec],
        sensitivity_per_usd: float,
        streams: Streams,
        composition: Composition,
        period_days: float,
        paid_factor: Vector | None = None,
    ) -> None:
        """`paid_factor`: what informal buyers pay over what they paid when shares were observed, by month; None: as ever."""
        self._country, self._arisings, self._zones = country, arisings, zones
        self._number = arisings.countries.index(country)
        self._channels = tuple(channels.values())
        self._sensitivity, self._streams, self._composition = sensitivity_per_usd, streams, composition
        self._period_days = period_days
        self._paid_factor = paid_factor
        self._decades: dict[int, Vector] = {}
        within = [zones.within(channel.zones) for channel in self._channels]
        self.share = np.stack([zones.share(each) for each in within], axis=1)
        """Share of each zone in the offers of each channel, shape (zones, channels)."""

    def of_year(self, year: int) -> YearOffers:
        """Work out the offers of `year`; adds its composition rows."""
        calendar = self._arisings.calendar
        edges = np.array(calendar.period_edges(year, self._period_days))
        taken = self._taken(year, edges)
        first_month = (year - calendar.start) * 12
        by_group = taken.kg.sum(axis=0)
        mixes, mixed_row = self._rows(year, by_group, taken.rest_kg.sum(axis=0))
        timing = self._timing(year, edges, taken.kg.sum(axis=2), np.array(calendar.month_starts[first_month : first_month + 13]))
        kg = self.share * by_group.sum(axis=1) * timing
        return YearOffers(
            edges,
            kg,
            taken.rest_kg.sum(axis=1),
            mixed_row,
            mixes,
            taken.diverted_kg,
            taken.active,
            taken.oversubscribed,
        )

    def _taken(self, year: int, edges: Vector) -> _Taken:
        arisings = self._arisings
        calendar = arisings.calendar
        first = (year - calendar.start) * 12
        months = np.array(calendar.month_starts[first : first + 13], dtype=np.float64)
        offered = arisings.offered_kg[self._number, :, first : first + 12] @ overlap(months, edges)  # (groups, periods)
        middle = year + (edges[:-1] + edges[1:] - 2.0 * edges[0]) / (2.0 * (edges[-1] - edges[0]))
        active = self._active(edges)
        coverage = np.stack([_over(c.coverage_share, middle) for c in self._channels], axis=1) * active
        aware = np.stack([_over(c.awareness_share, middle) for c in self._channels], axis=1)
        participation = aware * np.stack([_over(c.participation_share, middle) for c in self._channels], axis=1)
        diverted = np.stack([_over(c.diverted_share, middle) for c in self._channels], axis=1)
        gap = np.stack([_over(c.incentive_usd_per_kg, middle) for c in self._channels], axis=1)
        plain = captured_shares(coverage, participation, self._scope(year))
        after = divert(plain, diverted)
        if self._paid_factor is not None:
            gap = gap + self._raised(middle, (edges[:-1] + edges[1:]) / 2.0)
        shares = compete(after.shares, gap, self._sensitivity)
        each = offered.T[:, np.newaxis, :]
        kg = each * shares
        gained, given_up = ((each * part).sum(axis=(0, 2)) for part in (after.gained, after.given_up))
        before = (each * after.shares).sum(axis=(0, 2))
        # what prices moved keeps the proportion in which it was diverted
        gained = gained * _ratio(kg.sum(axis=(0, 2)), before)
        net = gained - given_up * _ratio(gained.sum(), given_up.sum())
        days = np.diff(edges)
        return _Taken(kg, np.maximum(offered.T - kg.sum(axis=1), 0.0), net, days @ active / days.sum(), after.scaled)

    def paid_factor(self, year: int) -> float:
        """What informal buyers pay over their stated price in the mean of a year."""
        if self._paid_factor is None:
            return 1.0
        first = (year - self._arisings.calendar.start) * MONTHS_PER_YEAR
        return float(self._paid_factor[first : first + MONTHS_PER_YEAR].mean())

    def _raised(self, middle: Vector, days: Vector) -> Vector:
        """What informal buyers pay more than the price at which shares were observed [USD/kg], shape (periods, channels)."""
        assert self._paid_factor is not None
        more = self._paid_factor[[self._arisings.calendar.month_of(day) for day in days.tolist()]] - 1.0
        paid = [_over(c.paid_to_household_usd_per_kg, middle) * (c.kind == INFORMAL) for c in self._channels]
        return np.asarray(np.stack(paid, axis=1) * more[:, np.newaxis])

    def _active(self, edges: Vector) -> Vector:
        calendar = self._arisings.calendar
        starts = np.array([-np.inf if c.start is None else calendar.day_of(c.start) for c in self._channels])
        ends = np.array([np.inf if c.end is None else calendar.day_of(c.end) for c in self._channels])
        low = np.maximum(edges[:-1, np.newaxis], starts)
        high = np.minimum(edges[1:, np.newaxis], ends)
        return np.asarray(np.maximum(high - low, 0.0) / np.diff(edges)[:, np.newaxis])

    def _scope(self, year: int) -> Vector:
        """Factor on participation by channel and group; it turns a share of what is sold into one of what is discarded."""
        scope = np.zeros((len(self._channels), len(self._arisings.groups)))
        sold = self._arisings.sold_per_discarded[self._number, :, year - self._arisings.calendar.start]
        for row, channel in zip(scope, self._channels, strict=True):
            for group in channel.groups:
                factor, number = channel.group_factors.get(group), self._arisings.groups.index(group)
                share = 1.0 if factor is None else factor.at(year + 0.5)
                row[number] = share * sold[number] if channel.denominator == "sales_in_scope" else share
        return scope

    def _rows(self, year: int, by_group: Vector, rest: Vector) -> tuple[Mixes, int]:
        """Add the composition rows of the year: groups, then mixes, each mix the weighted sum of its groups."""
        groups = self._arisings.composition[self._number, :, year - self._arisings.calendar.start, :]
        first_group = self._composition.add_rows(groups)
        shares = _ratio(by_group, by_group.sum(axis=1, keepdims=True))
        some = np.flatnonzero(by_group.any(axis=1))
        first_mix = self._composition.add_rows(shares[some] @ groups)
        rows = np.full(len(shares), NOTHING)
        rows[some] = first_mix + np.arange(some.size)
        total = float(rest.sum())
        mixed = self._composition.add_rows((rest @ groups / total)[np.newaxis, :]) if total > 0.0 else NOTHING
        return Mixes(self._arisings.groups, first_group, tuple(rows.tolist()), shares), mixed

    def _timing(self, year: int, edges: Vector, by_channel: Vector, months: Vector) -> Vector:
        """Return the share of a year's offers that falls into each period, shape (periods, zones, channels), summing to 1."""
        in_july = overlap(edges, months[JULY : JULY + 2])[:, 0]
        factor = np.array([c.july_factor.at(year + 0.5) for c in self._channels])
        july = in_july[:, np.newaxis] * factor + (1.0 - in_july[:, np.newaxis]) * (12.0 - factor) / 11.0
        weight = (by_channel * july)[:, np.newaxis, :] * self._noise(year, edges)
        return np.asarray(_ratio(weight, weight.sum(axis=0)))

    def _weeks_of(self, year: int) -> Vector:
        """Standard normal numbers of the weeks of a year, shape (members, weeks); drawn by decade, which saves streams."""
        decade = year // DECADE
        if decade not in self._decades:
            names = (f"{self._country}/{member.key}/offers" for member in self._zones.members)
            drawn = [self._streams.of(name, decade).standard_normal((DECADE, MOST_WEEKS)) for name in names]
            self._decades = {decade: np.array(drawn)}
        weeks: Vector = self._decades[decade][:, year % DECADE]
        return weeks

    def _noise(self, year: int, edges: Vector) -> Vector:
        """Return lognormal noise with mean one, alike for all channels of a zone, shape (periods, zones, channels).

        Every member zone has a stream of its own and a draw for each week, so merged zones and other periods see the
        same weeks.
        """
        weeks = np.arange(edges[0], edges[-1] + DAYS_PER_WEEK, DAYS_PER_WEEK)
        into = overlap(edges, weeks)  # (periods, weeks): share of a period that falls into a week
        normal = self._weeks_of(year)[:, : len(weeks) - 1]
        spreads = [float(np.sqrt(np.log1p(c.weekly_cv.at(year + 0.5) ** 2))) for c in self._channels]
        seen = {
            spread: self._zones.mean(np.exp(spread * normal - 0.5 * spread**2), self._zones.households) @ into.T
            for spread in set(spreads)
        }
        return np.stack([seen[spread] for spread in spreads], axis=2).transpose(1, 0, 2)


def _over(quantity: Quantity, years: Vector) -> Vector:
    if len(quantity.points) == 1:
        return np.full(len(years), quantity.value)
    return np.array([quantity.at(year) for year in years.tolist()])


def _ratio(part: Vector | np.float64, whole: Vector | np.float64) -> Vector:
    """Return part / whole, 0 where whole is 0."""
    whole = np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole != 0.0)
