"""Additionality: what channels got more of, what older channels lost to them, and what a tonne or kilogram more took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.core.units import KG_PER_T
from sim.results.store import Results
from sim.results.summary import ALL
from sim.study.compare import Effect, by_replication, effect_of, half_width, units_of

Array = NDArray[np.float64]

LEAST = 1.0  # additional kilogram or tonne that a figure is told of
KEYS = ["replication", "year", "metal"]
JOINT = {"usd": "cost_usd_per_kg", "kgco2e": "kgco2e_per_kg"}  # what the whole chain takes, in columns of table `costs`


@dataclass(frozen=True, slots=True)
class Channel:
    """More collected by a channel over all years, and more taken from older channels [kg]."""

    country: str
    channel: str
    collected: Effect
    diverted: Effect


@dataclass(frozen=True, slots=True)
class Rate:
    """What an additional unit took.

    of : `usd` or `kgco2e`. per : `t collected`, or `kg Nd refined` and so on. value : of the means over replications, with a
    jackknife interval (Miller 1974, Biometrika 61:1-15).
    """

    of: str
    per: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Added:
    """Additional amounts of the second run over all years; `rates` only where the amount differs clearly.

    no_more : headline metals of which no clear amount more is refined, so that nothing can be told per additional kilogram.
    no_worth : those of which more is refined, while all metals together are not clearly worth more, so that no cost can be shared.
    """

    channels: tuple[Channel, ...]
    collected_kg: Effect
    usd: Effect
    kgco2e: Effect
    rates: tuple[Rate, ...]
    no_more: tuple[str, ...] = ()
    no_worth: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metals:
    """More refined of each metal over all years [kg], and what that is worth [USD]; arrays of shape (replications,)."""

    kg: dict[str, Array]
    usd: dict[str, Array]

    @property
    def worth_usd(self) -> Array:
        """Worth of all metals together."""
        return np.asarray(np.sum(list(self.usd.values()), axis=0))


def added(first: Results, second: Results) -> Added:
    """Additional amounts of the second run and what they took.

    Money and emissions are those of table `costs`: collection, depots, hauls, plants and the capital used. What is joint is shared
    by value, as there: an additional kilogram bears its price times what was spent in addition over the worth of all metal that
    came in addition.
    """
    repeats = int(first.manifest["repeats_per_draw"])
    collected = _collected(second) - _collected(first)
    spent = {of: _joint(second, column) - _joint(first, column) for of, column in JOINT.items()}
    metals = gained(first, second)
    headline = second.summary["headline"]
    refined = [metal for metal in headline if metal in metals.kg and more(metals.kg[metal], repeats)]
    told = refined if refined and more(metals.worth_usd, repeats) else []
    rates = [
        _rate(of, "t collected", [joint], [collected / KG_PER_T], repeats)
        for of, joint in spent.items()
        if more(collected / KG_PER_T, repeats)
    ]
    rates += [
        _rate(of, f"kg {metal} refined", [joint, metals.usd[metal]], [metals.worth_usd, metals.kg[metal]], repeats)
        for metal in told
        for of, joint in spent.items()
    ]
    return Added(
        tuple(_channels(first, second, repeats)),
        effect_of(collected, repeats),
        effect_of(spent["usd"], repeats),
        effect_of(spent["kgco2e"], repeats),
        tuple(rates),
        tuple(metal for metal in headline if metal not in refined),
        tuple(metal for metal in refined if metal not in told),
    )


def more(amount: Array, repeats: int) -> bool:
    """Whether an amount of replications is clearly more than nothing, and not dust that moved between years."""
    effect = effect_of(amount, repeats)
    return effect.clear and effect.mean >= LEAST


def gained(first: Results, second: Results) -> Metals:
    """What the second run refines more, at its prices, so that a price that moved is no metal gained."""
    columns = [*KEYS, "refined_kg", "price_usd_per_kg"]
    one, other = (_everywhere(results)[columns] for results in (first, second))
    both = one.merge(other, on=KEYS, how="outer", suffixes=("_before", "_after"))
    kg = both["refined_kg_after"].fillna(0.0) - both["refined_kg_before"].fillna(0.0)
    usd = kg * both["price_usd_per_kg_after"].fillna(both["price_usd_per_kg_before"])
    metals = [str(metal) for metal in both["metal"].unique()]
    sums = (
        {metal: by_replication(both.assign(more=each)[both["metal"] == metal], "more", first) for metal in metals}
        for each in (kg, usd)
    )
    return Metals(*sums)


def _everywhere(results: Results) -> pd.DataFrame:
    """Rows of table `costs` for all countries together, metals by name."""
    frame = results.tables["costs"]
    return frame[frame["country"] == ALL].astype({"metal": str})


def _joint(results: Results, column: str) -> Array:
    """What the whole chain took over all years, by replication: the parts that metals bear add up to it."""
    frame = _everywhere(results)
    return by_replication(frame.assign(whole=frame[column] * frame["refined_kg"]), "whole", results)


def _collected(results: Results) -> Array:
    """Collected mass over all years and countries [kg], by replication."""
    frame = results.tables["signals"]
    return by_replication(frame[frame["metal"] == "total"], "collected_kg", results)


def _channels(first: Results, second: Results, repeats: int) -> Iterator[Channel]:
    before, after = _by_channel(first), _by_channel(second)
    nothing = np.zeros((2, int(first.manifest["replications"])))
    for key in sorted(before.keys() | after.keys()):
        gap = after.get(key, nothing) - before.get(key, nothing)
        if gap.any():
            yield Channel(*key, effect_of(gap[0], repeats), effect_of(gap[1], repeats))


def _by_channel(results: Results) -> dict[tuple[str, str], Array]:
    """Collected and diverted kg by country and channel, shape (2, replications)."""
    frame = results.tables["collection"]
    return {
        (str(country), str(channel)): np.array([by_replication(rows, name, results) for name in ("collected_kg", "diverted_kg")])
        for (country, channel), rows in frame.groupby(["country", "channel"], observed=True)
    }


def _rate(of: str, per: str, over: Sequence[Array], under: Sequence[Array], repeats: int) -> Rate:
    """The product of the sums `over` divided by that of the sums `under`."""
    units = np.array([units_of(each, repeats) for each in (*over, *under)])

    def ratio(sums: Array) -> Array:
        return np.asarray(sums[: len(over)].prod(axis=0) / sums[len(over) :].prod(axis=0))

    whole = units.sum(axis=1, keepdims=True)
    value, count = float(ratio(whole)[0]), units.shape[1]
    if count < 2:
        return Rate(of, per, value, float("nan"), float("nan"))
    left = ratio(whole - units)  # with each unit left out in turn
    spread = float(np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum()))
    half = half_width(count) * np.sqrt(count) * spread
    return Rate(of, per, value, value - half, value + half)


def clear_channels(found: Added, least_kg: float = LEAST) -> Sequence[Channel]:
    """Channels whose collected mass differs clearly and by something."""
    return [one for one in found.channels if one.collected.clear and abs(one.collected.mean) >= least_kg]
