"""Additionality: what channels got more of, what older channels lost to them, and what a tonne or kilogram more took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.results.store import Results
from sim.results.summary import ALL
from sim.simulate.benefits import LOCAL_COSTS, PLANT_COSTS
from sim.study.compare import Effect, effect_of, half_width, headline, units_of

Array = NDArray[np.float64]

KG_PER_T = 1000.0
LEAST = 1.0  # additional kilogram or tonne that a figure is told of
# what is spent on doing the work; purchases, sales, fees and duties move money from one hand to another
COST_ITEMS = (*LOCAL_COSTS, *PLANT_COSTS)


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

    of : `usd` or `kgco2e`. per : `t collected`, or `kg Nd refined` and so on. value : ratio of mean differences, with a
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

    no_more : metals of which no clear amount more is refined, so that nothing can be told per additional kilogram.
    """

    channels: tuple[Channel, ...]
    collected_kg: Effect
    usd: Effect
    kgco2e: Effect
    rates: tuple[Rate, ...]
    no_more: tuple[str, ...] = ()


def added(first: Results, second: Results) -> Added:
    """Additional amounts of the second run and what they took.

    Money counts what is spent on collection, handling, haulage, shipping and treatment (`COST_ITEMS`).
    """
    repeats = int(first.manifest["repeats_per_draw"])
    collected, usd, gas = (_sums(second, name) - _sums(first, name) for name in ("signals", "payments", "emissions"))
    refined = dict(_refined(first, second))
    amounts = {"t collected": collected / KG_PER_T} | {f"kg {metal} refined": kg for metal, kg in refined.items()}
    rates = [
        _rate(of, per, money, amount, repeats)
        for per, amount in amounts.items()
        if _worth(effect_of(amount, repeats)) and amount.mean() > 0.0  # nothing is additional where there is less
        for of, money in (("usd", usd), ("kgco2e", gas))
    ]
    return Added(
        tuple(_channels(first, second, repeats)),
        effect_of(collected, repeats),
        effect_of(usd, repeats),
        effect_of(gas, repeats),
        tuple(rates),
        tuple(metal for metal, kg in refined.items() if not _worth(effect_of(kg, repeats)) or kg.mean() < 0.0),
    )


def _worth(effect: Effect) -> bool:
    """Whether an amount [kg, or t collected] is clear and not dust that moved between years."""
    return effect.clear and abs(effect.mean) >= LEAST


def _refined(first: Results, second: Results) -> Iterator[tuple[str, Array]]:
    """More refined of each headline metal over all years, shape (replications,)."""
    before, after = headline(first), headline(second)
    for measure, metal, country in after:
        key = (measure, metal, country)
        if measure == "refined_kg" and country == ALL and key in before:
            yield metal, (after[key] - before[key]).sum(axis=0)


def _sums(results: Results, name: str) -> Array:
    """Collected mass [kg], cost [USD] or emissions [kgCO2e] of each replication, over years and countries."""
    frame = results.tables[name]
    if name == "signals":
        return _by_replication(frame[frame["metal"] == "total"], "collected_kg", results)
    if name == "payments":
        return _by_replication(frame[frame["item"].isin(COST_ITEMS)], "usd", results)
    return _by_replication(frame, "kgco2e", results)


def _by_replication(frame: pd.DataFrame, measure: str, results: Results) -> Array:
    values = frame[measure].to_numpy(dtype=np.float64, na_value=0.0)
    count = int(results.manifest["replications"])
    sums: Array = np.bincount(frame["replication"].to_numpy(), values, minlength=count).astype(np.float64)
    return sums


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
        (str(country), str(channel)): np.array([_by_replication(rows, name, results) for name in ("collected_kg", "diverted_kg")])
        for (country, channel), rows in frame.groupby(["country", "channel"], observed=True)
    }


def _rate(of: str, per: str, spent: Array, amount: Array, repeats: int) -> Rate:
    top, bottom = units_of(spent, repeats), units_of(amount, repeats)
    value = float(top.sum() / bottom.sum())
    if len(top) < 2:
        return Rate(of, per, value, float("nan"), float("nan"))
    # ratio with each unit left out in turn
    left = (top.sum() - top) / (bottom.sum() - bottom)
    count = len(top)
    spread = float(np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum()))
    half = half_width(count) * np.sqrt(count) * spread
    return Rate(of, per, value, float(value - half), float(value + half))


def clear_channels(found: Added, least_kg: float = LEAST) -> Sequence[Channel]:
    """Channels whose collected mass differs clearly and by something."""
    return [one for one in found.channels if one.collected.clear and abs(one.collected.mean) >= least_kg]
