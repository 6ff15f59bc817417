"""A faulty scenario with its faulty values taken out, so that what refers to something can be checked in the same pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from sim.scenario import fields
from sim.scenario.faults import Problem, problems
from sim.scenario.keys import MISSING, KeyPath, Tree, entry_id, get
from sim.scenario.merge import Layer, overlay
from sim.scenario.schema import ScenarioSpec


def repaired(tree: Tree, library: Tree, layers: Sequence[Layer], found: Iterable[Problem]) -> ScenarioSpec | None:
    """A valid specification with every faulty value replaced by the one beneath it; None if that is not enough."""
    before: list[Tree] = [library]
    for layer in layers:
        before.append(overlay(before[-1], layer.tree))
    for problem in found:
        tree = _without(tree, problem, before[:-1])
    for _ in range(2):  # taking an entry out can leave one more fault behind, such as an empty list
        try:
            return ScenarioSpec.model_validate(tree)
        except ValidationError as error:
            for problem in problems(error, tree):
                tree = _without(tree, problem, before[:-1])
    return None


def _without(tree: Tree, problem: Problem, before: list[Tree]) -> Tree:
    path = problem.path
    if problem.kind == "extra_forbidden":
        return dict(_put(tree, path, MISSING))
    for older in reversed(before):
        value = get(older, path)
        if value is not MISSING and value != problem.written:
            return dict(_put(tree, path, value))
    # nothing stands beneath: take out the nearest thing that may be absent, a key with a default or an entry with a free name
    for end in range(len(path) - (problem.kind == "missing"), 0, -1):
        around = fields.at(ScenarioSpec, path[: end - 1])
        field = fields.field_at(ScenarioSpec, path[:end])
        if (around is not None and around.kind in {"table", "entries"}) or (field is not None and not field.required):
            return dict(_put(tree, path[:end], MISSING))
    return tree


def _put(tree: Any, path: KeyPath, value: Any) -> Any:
    """`tree` with the value at a path replaced, or taken out where `value` is `MISSING`."""
    if not path:
        return tree
    if isinstance(tree, dict):
        if path[0] not in tree:
            return tree
        inner = value if len(path) == 1 else _put(tree[path[0]], path[1:], value)
        return {key: inner if key == path[0] else old for key, old in tree.items() if key != path[0] or inner is not MISSING}
    if isinstance(tree, list):
        items = []
        for index, item in enumerate(tree):
            if entry_id(item, index) != path[0]:
                items.append(item)
            elif len(path) > 1 or value is not MISSING:
                items.append(value if len(path) == 1 else _put(item, path[1:], value))
        return items
    return tree
