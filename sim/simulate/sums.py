"""Sums over rows of a result table by some of its columns, for tables that are made of other tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.results.tables import Coded, Columns, numbers, rank, taken, words

Flags = NDArray[np.bool_]
Sums = defaultdict[Any, float]


def is_one_of(columns: Columns, name: str, chosen: Container[str]) -> Flags:
    """Rows in which a text column holds one of the chosen texts."""
    column = words(columns, name)
    return np.array([value in chosen for value in column.values], dtype=bool)[column.codes]


def sums(columns: Columns, names: str, measure: str | NDArray[np.float64], rows: Flags | None = None) -> Sums:
    """Sum of a measure (a column, or a value for every row) by the columns `names`, over `rows` or all; keys in order."""
    amounts = numbers(columns, measure) if isinstance(measure, str) else measure
    keys = [columns[name] for name in names.split()]
    if rows is not None:
        chosen = np.flatnonzero(rows)
        amounts, keys = amounts[chosen], [taken(key, chosen) for key in keys]
    group = np.zeros(len(amounts), dtype=np.int64)
    for key in keys:
        ranks = rank(key)
        group = group * (int(ranks.max(initial=0)) + 1) + ranks
    _, first, number = np.unique(group, return_index=True, return_inverse=True)
    heads = (taken(key, first) for key in keys)
    told = (head.texts.tolist() if isinstance(head, Coded) else head.tolist() for head in heads)
    totals = np.bincount(number, amounts, minlength=len(first)).tolist()
    return Sums(float, zip(zip(*told, strict=True), totals, strict=True))
