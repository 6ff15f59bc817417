"""Layers of a scenario laid over each other: tables merge by key, arrays of tables by `name`, numbers whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from sim.core.errors import Fault
from sim.scenario.fields import Node, child
from sim.scenario.keys import KeyPath, Tree, entry_id, is_named_tables, is_quantity, join
from sim.scenario.positions import Positions
from sim.scenario.toml import short
from sim.scenario.wording import VALUES, say

NAMING = ("name", "to")  # the key of an entry that is its place in a key path
DIRECTIVES = ("extends", "stated")


@dataclass(frozen=True)
class Layer:
    """One scenario file as read, or what `--set` said.

    file : how it is called in messages. text, raw : as read, and its bytes. tree : its settings, without the directives
        to the loader.
    stated : the key paths a resolved scenario says were stated; None in every other file: all of them are.
    """

    file: str
    text: str
    tree: Tree
    stated: frozenset[KeyPath] | None = None
    raw: bytes = b""

    @cached_property
    def positions(self) -> Positions:
        """Lines of its keys."""
        return Positions(self.text, self.tree)

    @cached_property
    def keys(self) -> frozenset[KeyPath]:
        """Key paths of the values it states."""
        return self.stated if self.stated is not None else frozenset(leaves(self.tree))

    @property
    def sha256(self) -> str:
        """Hash of its bytes."""
        return sha256(self.raw or self.text.encode()).hexdigest()


def overlay(base: Tree, over: Mapping[str, Any]) -> Tree:
    """`base` with `over` laid on it; neither is changed, unchanged branches are shared."""
    merged = dict(base)
    for key, value in over.items():
        merged[key] = _over(base.get(key), value)
    return merged


def _over(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict) and not is_quantity(base) and not is_quantity(over):
        return overlay(base, over)
    if is_named_tables(base) and is_named_tables(over):
        entries = {item["name"]: item for item in base}
        for item in over:
            entries[item["name"]] = overlay(entries.get(item["name"], {}), item)
        return list(entries.values())
    return over


def leaves(tree: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Key path of every value in a tree; numbers in any shape and plain lists are one value."""
    if isinstance(tree, dict) and not is_quantity(tree):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif is_named_tables(tree) or (isinstance(tree, list) and tree and all(isinstance(item, dict) for item in tree)):
        for index, item in enumerate(tree):
            name = entry_id(item, index)
            yield from leaves({key: value for key, value in item.items() if key not in NAMING or value != name}, (*path, name))
    else:
        yield path


def entry_faults(layer: Layer, node: Node) -> list[Fault]:
    """Entries of arrays without a name, with the same name twice, or written as something else."""
    return list(_entry_faults(layer, layer.tree, node, ()))


def _entry_faults(layer: Layer, value: Any, node: Node, path: KeyPath) -> Iterator[Fault]:
    if node.kind in {"spec", "table"} and isinstance(value, dict):
        for key, inner in value.items():
            below = child(node, key)
            if below is not None:
                yield from _entry_faults(layer, inner, below, (*path, key))
    elif node.kind == "entries" and node.item is not None:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            yield _fault(layer, path, "not_entries", written=short(value))
            return
        if node.item.spec is not None and "name" in node.item.spec.model_fields:
            yield from _name_faults(layer, value, path)
        for index, item in enumerate(value):
            yield from _entry_faults(layer, item, node.item, (*path, entry_id(item, index)))


def _name_faults(layer: Layer, entries: list[Any], path: KeyPath) -> Iterator[Fault]:
    seen: set[Any] = set()
    for index, item in enumerate(entries):
        name = item.get("name")
        if not isinstance(name, str):
            yield _fault(layer, (*path, entry_id(item, index)), "no_name", key=path[-1])
        elif name in seen:
            inner = (*path, name, "name")
            line = max((row for again, row in layer.positions.again if again == inner), default=0)
            yield _fault(layer, path, "same_name", line, written=short(name))
        seen.add(str(name))


def _fault(layer: Layer, path: KeyPath, code: str, line: int = 0, **values: object) -> Fault:

    return Fault(layer.file, line or layer.positions.of(path), join(path), *say(VALUES, code, **{"key": path[-1], **values}))
