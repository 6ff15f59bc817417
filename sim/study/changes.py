"""What two scenarios say differently, by cause: the part of the scenario a person would name as the reason."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sim.scenario.keys import MISSING, KeyPath, Tree, entry_id, get, is_quantity, join, split

# what a run is called changes nothing in it; seed and replications are those of the run folder
LABELS = frozenset({("name",), ("title_ja",), ("question",), ("question_ja",), ("run", "seed"), ("run", "replications")})
# how much of a key path names a cause; the first that fits
DEPTHS: tuple[tuple[KeyPath, int], ...] = (
    (("countries", "*", "channels"), 4),
    (("countries",), 3),
    (("country_products",), 3),
    (("market",), 3),
    (("time",), 1),
    (("resolution",), 1),
    (("run",), 1),
    (("scope",), 1),
    (("sea",), 1),
)
USUAL_DEPTH = 2
BY_COUNTRY = frozenset({"countries", "country_products"})
STATED = "stated"


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs; None where a side does not say it.

    certain : set where the value is the same but only one side states it: True where the second does, so that it is no
    longer drawn from the range its evidence gives it.
    """

    path: KeyPath
    before: Any
    after: Any
    certain: bool | None = None

    @property
    def key(self) -> str:
        """Key path with dots."""
        return join(self.path)


@dataclass(frozen=True, slots=True)
class Cause:
    """Changes that belong to one part of the scenario, or to parts that only fit together."""

    name: str
    parts: tuple[KeyPath, ...]
    changes: tuple[Change, ...]


def cause_of(path: KeyPath) -> KeyPath:
    """The part of a scenario that a key path belongs to."""
    for pattern, depth in DEPTHS:
        if len(path) >= len(pattern) and all(wanted in {"*", part} for wanted, part in zip(pattern, path, strict=False)):
            return path[:depth]
    return path[:USUAL_DEPTH]


def causes(first: Tree, second: Tree) -> tuple[Cause, ...]:
    """Changes from one resolved scenario to another, by cause in order of the tree; labels are left out."""
    found = [change for change in _changes(first, second, ()) if change.path not in LABELS and change.path != (STATED,)]
    found += _stated(first, second, found)
    parts: dict[KeyPath, list[Change]] = {}
    for change in found:
        parts.setdefault(cause_of(change.path), []).append(change)
    return tuple(Cause(join(part), (part,), tuple(listed)) for part, listed in parts.items())


def grouped(found: Sequence[Cause], most: int) -> tuple[Cause, ...]:
    """At most `most` causes, or as near as whole sections come: what belongs to one country or section becomes one cause."""
    for depth in (None, 2, 1):
        groups: dict[KeyPath, list[Cause]] = {}
        for cause in found:
            groups.setdefault(cause.parts[0] if depth is None else _group_of(cause.parts[0], depth), []).append(cause)
        if len(groups) <= most:
            break
    return tuple(_as_one(group, causes) for group, causes in groups.items())


def _group_of(part: KeyPath, depth: int) -> KeyPath:
    return part[: depth if part[0] in BY_COUNTRY else 1]


def _as_one(group: KeyPath, causes: Sequence[Cause]) -> Cause:
    if len(causes) == 1:
        return causes[0]
    parts, changes = (tuple(chain.from_iterable(getattr(cause, name) for cause in causes)) for name in ("parts", "changes"))
    return Cause(f"{join(group)} ({len(causes)} changes)", parts, changes)


def joined(one: Cause, other: Cause) -> Cause:
    """Two causes as one."""
    return Cause(f"{one.name} + {other.name}", one.parts + other.parts, one.changes + other.changes)


def _changes(first: Any, second: Any, path: KeyPath) -> Iterator[Change]:
    one, other = _children(first), _children(second)
    if one is None or other is None:
        if first != second or type(first) is not type(second):
            yield Change(path, None if first is MISSING else first, None if second is MISSING else second)
        return
    for key in dict.fromkeys((*one, *other)):
        yield from _changes(one.get(key, MISSING), other.get(key, MISSING), (*path, key))


def _children(value: Any) -> dict[str, Any] | None:
    """Parts of a table or of an array of tables by name; None for a value."""
    if isinstance(value, Mapping) and not is_quantity(value):
        return {str(key): inner for key, inner in value.items()}
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return {entry_id(item, index): item for index, item in enumerate(value)}
    return None


def _stated(first: Tree, second: Tree, found: Iterable[Change]) -> list[Change]:
    """Values that one side states and the other only has: stated numbers are certain."""
    told = {change.path for change in found}
    before, after = (_stated_paths(tree) for tree in (first, second))
    listed = []
    for path in sorted(before ^ after):
        if path in LABELS or any(path[: len(above)] == above for above in told):
            continue
        value = get(second, path)
        if value is not MISSING and not isinstance(value, str | bool):
            listed.append(Change(path, get(first, path), value, certain=path in after))
    return listed


def _stated_paths(tree: Tree) -> set[KeyPath]:
    return {split(str(key)) for key in tree.get(STATED, ())}


def applied(first: Tree, second: Tree, chosen: Iterable[Cause]) -> Tree:
    """The first scenario with the changes of some causes, and only those."""
    tree = copy.deepcopy(first)
    parts: set[KeyPath] = set()
    for cause in chosen:
        parts.update(cause.parts)
        for change in cause.changes:
            if change.certain is None:
                _set(tree, change.path, get(second, change.path))
    before, after = _stated_paths(first), _stated_paths(second)
    stated = {path for path in before | after if path in (after if cause_of(path) in parts else before)}
    tree[STATED] = sorted(join(path) for path in stated)
    return tree


def _set(tree: Tree, path: KeyPath, value: Any) -> None:
    """Set, add or (`MISSING`) take away what stands at a key path; entries of arrays are added at their end."""
    parent, name = get(tree, path[:-1]), path[-1]
    if isinstance(parent, list):
        numbered = [index for index, item in enumerate(parent) if entry_id(item, index) == name]
        parent[numbered[0] if numbered else len(parent) : numbered[0] + 1 if numbered else len(parent)] = (
            [] if value is MISSING else [copy.deepcopy(value)]
        )
    elif value is MISSING:
        parent.pop(name, None)
    else:
        parent[name] = copy.deepcopy(value)
