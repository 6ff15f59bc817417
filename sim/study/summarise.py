"""The content of `summary.json`: the headline ladder with its bands, and what decides it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from sim.results.summary import ALL, SHARE, STEPS, Ladder, ladder
from sim.results.tables import Columns, numbers, texts
from sim.study.uncertainty import STATISTICS, Array, bands, deciding, draw_means

FORMAT = 1
DIGITS = 6
OUTCOME = "refined_kg"


def summarise(signals: Columns, inputs: Columns, replications: int, repeats: int, headline: Collection[str]) -> dict[str, Any]:
    """Summarise a run.

    `ladder[metal][country][step][statistic]` has one number per year, null where it has no meaning; country `ALL` is the
    sum. `decides[metal]` tells which uncertain inputs the refined mass of all countries and years goes with.
    """
    found = ladder(signals, replications)
    return {
        "format": FORMAT,
        "replications": replications,
        "draws": -(-replications // repeats),
        "repeats_per_draw": repeats,
        "years": list(found.years),
        "countries": list(found.countries),
        "metals": list(found.metals),
        "headline": [metal for metal in found.metals if metal in headline],
        "steps": [*STEPS, SHARE],
        "statistics": list(STATISTICS),
        "ladder": _ladder(found, repeats),
        "decides": {metal: _decides(found, metal, inputs, repeats) for metal in found.metals if metal in headline},
    }


def _ladder(found: Ladder, repeats: int) -> dict[str, Any]:
    told = {step: bands(values, repeats) for step, values in found.values.items()}
    return {
        metal: {
            country: {
                step: {name: _rounded(array[m, c]) for name, array in statistics.items()}
                for step, statistics in told.items()
                if np.isfinite(statistics["mean"][m, c]).any()
            }
            for c, country in enumerate(found.countries)
        }
        for m, metal in enumerate(found.metals)
    }


def _rounded(values: Array) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values.tolist()]


def _decides(found: Ladder, metal: str, inputs: Columns, repeats: int) -> dict[str, Any]:
    kg = found.values[OUTCOME][found.metals.index(metal), found.countries.index(ALL)].sum(axis=0)
    keys, values = drawn_inputs(inputs)
    told = deciding(values, keys, draw_means(kg, repeats))
    if told is None:
        return {"outcome": OUTCOME, "threshold": None, "stands_out": False, "inputs": []}
    rows = zip(told.keys, told.correlation, told.low, told.high, told.stands_out, strict=True)
    return {
        "outcome": OUTCOME,
        "threshold": told.threshold,
        "stands_out": any(told.stands_out),
        "inputs": [
            {"key": key, "rank_correlation": value, "low": low, "high": high, "stands_out": out}
            for key, value, low, high, out in rows
        ],
    }


def drawn_inputs(inputs: Columns) -> tuple[tuple[str, ...], Array]:
    """Keys of uncertain inputs and their place in the distribution, shape (draws, keys)."""
    u = numbers(inputs, "u")
    draws = len(np.unique(numbers(inputs, "draw")))
    if not draws:
        return (), np.zeros((0, 0))
    # sorted by draw and key, and every draw has every key
    return tuple(texts(inputs, "key")[: len(u) // draws]), u.reshape(draws, -1)
