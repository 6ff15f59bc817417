"""Table `assumptions`: every number of a scenario with its unit, range, source and grade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from sim.results.tables import Columns, from_rows
from sim.scenario import fields, toml
from sim.scenario.keys import KeyPath, entry_id, is_quantity, join
from sim.scenario.scenario import Scenario
from sim.scenario.schema import ScenarioSpec

NUMBERS = frozenset({"quantity", "number", "whole", "date"})


def assumptions(scenario: Scenario) -> Columns:
    """Rows of all numbers and dates, those of the library and those the scenario states; sorted by key."""
    rows = []
    for path, value in _leaves(scenario.tree):
        node = fields.at(ScenarioSpec, path)
        if node is None or node.kind not in NUMBERS:
            continue
        key = join(path)
        rows.append((key, toml.value(value), node.unit, *_range(value), *_evidence(scenario, key)))
    return from_rows("assumptions", rows)


def _evidence(scenario: Scenario, key: str) -> tuple[str, str, str, str]:
    found = scenario.evidence_of(key)
    if found is None:
        return _PROGRAM
    # a scenario file by its name: where it lies on someone's disk is no part of a result
    source = found.source if found.table else PurePath(found.source).name
    return source, found.address, found.grade, found.derivation


_PROGRAM = ("default of the program", "", "D", "a setting of the model, described in the scenario reference")


def _leaves(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Key path and value of every leaf; ranges and paths over years are one value."""
    if isinstance(tree, Mapping) and not is_quantity(tree):
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(tree, list | tuple) and tree and all(isinstance(item, Mapping) for item in tree):
        for index, item in enumerate(tree):
            yield from _leaves(item, (*path, entry_id(item, index)))
    else:
        yield path, tree


def _range(value: Any) -> tuple[str, str]:
    """Ends of a range, over all years of a path; empty for a plain number."""
    if not isinstance(value, Mapping):
        return "", ""
    ranges = [value] if "low" in value else [point for point in value.values() if isinstance(point, Mapping)]
    if not ranges:
        return "", ""
    return toml.value(min(one["low"] for one in ranges)), toml.value(max(one["high"] for one in ranges))
