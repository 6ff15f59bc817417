"""Whether mass closes in the tables themselves: in = out + stock, per substance."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.results.tables import Coded, Columns, numbers, words


def balance(flows: Columns, stocks: Columns, outside: Collection[str], replications: int) -> list[dict[str, Any]]:
    """Mean masses of each substance over the whole run and the worst gap of a replication, relative to what came in.

    in : flows out of outside accounts (`opening`, `discard`). out : flows into outside accounts. stock : held inside at
    the end of the last year.
    """
    names = words(flows, "substance").values
    came = _by_substance(flows, names, replications, _among(words(flows, "source"), outside))
    went = _by_substance(flows, names, replications, _among(words(flows, "target"), outside))
    years = numbers(stocks, "year")
    kept = _by_substance(stocks, names, replications, years == years.max(initial=0))
    gap = np.abs(came - went - kept) / np.where(came > 0.0, came, 1.0)
    return [
        {
            "substance": name,
            "in_kg": float(came[:, index].mean()),
            "out_kg": float(went[:, index].mean()),
            "stock_kg": float(kept[:, index].mean()),
            "gap_relative": float(gap[:, index].max(initial=0.0)),
        }
        for index, name in enumerate(names)
    ]


def _among(column: Coded, names: Collection[str]) -> NDArray[np.bool_]:
    chosen: NDArray[np.bool_] = np.array([value in names for value in column.values], dtype=bool)[column.codes]
    return chosen


def _by_substance(table: Columns, names: tuple[str, ...], replications: int, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    # a substance that is in stocks must have flowed, so `names` of flows holds all of them
    cell = numbers(table, "replication")[rows] * len(names) + words(table, "substance").codes_in(names)[rows]
    sums: NDArray[np.float64] = np.bincount(
        cell, weights=numbers(table, "mass_kg")[rows], minlength=replications * len(names)
    ).astype(np.float64)
    return sums.reshape(replications, len(names))
