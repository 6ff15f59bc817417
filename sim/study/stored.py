"""What a finished run holds, whether in memory or in a folder: its resolved scenario and its tables as columns."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pandas as pd

from sim.core.errors import ResultsError
from sim.results import parquet
from sim.results.schema import TABLES
from sim.results.store import Results
from sim.results.tables import Coded, Columns
from sim.scenario.keys import Tree


def resolved(results: Results) -> Tree:
    """The resolved scenario of a run."""
    name = "scenario.resolved.toml"
    if name in results.texts:
        return tomllib.loads(results.texts[name].decode())
    if results.folder is None:
        raise ResultsError(f"these results hold no {name}")
    return tomllib.loads((results.folder / name).read_text(encoding="utf-8"))


def table_of(results: Results, name: str) -> Columns:
    """A table as columns, whether the results are in memory or in a folder."""
    if name in results.columns:
        return results.columns[name]
    frame = results.tables[name]
    return {
        column.name: _coded(frame[column.name]) if column.kind == "text" else frame[column.name].to_numpy()
        for column in TABLES[name].columns
    }


def rows_of(results: Results, name: str, **where: object) -> pd.DataFrame:
    """Rows of a table whose columns have these values; of a table in a folder, only they are turned into a DataFrame."""
    if results.folder is not None and name not in results.columns:
        return parquet.read(results.folder / "tables" / f"{name}.parquet", where)
    frame = results.tables[name]
    for column, wanted in where.items():
        frame = frame[frame[column] == wanted]
    return frame


def _coded(column: pd.Series[Any]) -> Coded:
    kept = pd.Categorical(column)
    texts = [str(text) for text in kept.categories]
    values = tuple(sorted(texts))
    number = {text: code for code, text in enumerate(values)}
    return Coded(np.array([number[text] for text in texts], dtype=np.int32)[kept.codes], values)
