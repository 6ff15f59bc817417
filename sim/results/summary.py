"""The headline ladder of all replications as arrays, from table `signals`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.results.steps import ALL, SHARE, STEPS
from sim.results.tables import Columns, numbers, words

__all__ = ["ALL", "SHARE", "STEPS", "Ladder", "ladder"]


@dataclass(frozen=True, slots=True)
class Ladder:
    """Kilograms of contained element; `values[step]` has shape (metals, countries, years, replications).

    `demand_met_share` is a step too: available over demand, missing where there is no demand.
    """

    metals: tuple[str, ...]
    countries: tuple[str, ...]
    years: tuple[int, ...]
    values: dict[str, NDArray[np.float64]]


def ladder(signals: Columns, replications: int) -> Ladder:
    """Arrange table `signals`; what has no row is zero."""
    metal, country, year = words(signals, "metal"), words(signals, "country"), numbers(signals, "year")
    years = np.unique(year)
    shape = (len(metal.values), len(country.values), len(years), replications)
    place = (metal.codes, country.codes, np.searchsorted(years, year), numbers(signals, "replication"))
    values: dict[str, NDArray[np.float64]] = {}
    for step in (*STEPS, "demand_kg"):
        cube = np.zeros(shape)
        cube[place] = np.nan_to_num(numbers(signals, step), nan=0.0)
        values[step] = np.concatenate([cube, cube.sum(axis=1, keepdims=True)], axis=1)
    demand = values.pop("demand_kg")
    met = np.full(demand.shape, np.nan)
    values[SHARE] = np.divide(values["available_kg"], demand, out=met, where=demand > 0.0)
    keep = [index for index, name in enumerate(metal.values) if name not in {"total", "other"}]
    return Ladder(
        tuple(metal.values[index] for index in keep),
        (*country.values, ALL),
        tuple(years.tolist()),
        {step: cube[keep] for step, cube in values.items()},
    )
