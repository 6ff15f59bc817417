"""Numbers that know whether anybody looked: what a scenario states and no room of the world reads changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sim.core.quantity import Quantity, Value
from sim.scenario.keys import KeyPath, entry_id, join
from sim.scenario.schema import ScenarioSpec

Seen = dict[str, bool]


class _Watched(Quantity):
    """A quantity that notes the first look at its points."""

    __slots__ = ("_key", "_seen")
    _key: str
    _seen: Seen

    @property
    def points(self) -> tuple[tuple[float, Value], ...]:
        """The points of the quantity."""
        self._seen[self._key] = True
        points: tuple[tuple[float, Value], ...] = _POINTS.__get__(self)
        return points


_POINTS: Any = Quantity.__dict__["points"]  # the slot that the property hides


def _watched(quantity: Quantity, key: str, seen: Seen) -> _Watched:
    made = _Watched.__new__(_Watched)
    _POINTS.__set__(made, quantity.points)
    object.__setattr__(made, "_key", key)
    object.__setattr__(made, "_seen", seen)
    return made


def watch(spec: ScenarioSpec, stated: Iterable[KeyPath]) -> tuple[ScenarioSpec, Seen]:
    """The specification with its stated numbers watched, and by key whether one was looked at so far."""
    seen: Seen = {}
    tree: dict[str, Any] = {}
    for path in stated:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
    rebuilt: ScenarioSpec = _rebuilt(spec, tree, (), seen)
    return rebuilt, seen


def _rebuilt(value: Any, tree: Mapping[str, Any], path: KeyPath, seen: Seen) -> Any:
    if isinstance(value, Quantity):
        key = join(path)
        seen[key] = False
        return _watched(value, key, seen)
    if isinstance(value, dict):
        return value | {key: _rebuilt(value[key], below, (*path, key), seen) for key, below in tree.items() if key in value}
    if isinstance(value, tuple):
        names = [
            entry_id({"name": getattr(item, "name", None), "to": getattr(item, "to", None)}, n) for n, item in enumerate(value)
        ]
        return tuple(
            _rebuilt(item, tree[name], (*path, name), seen) if name in tree else item
            for name, item in zip(names, value, strict=True)
        )
    if hasattr(value, "model_copy"):
        inner = {key: below for key, below in tree.items() if getattr(value, key, None) is not None}
        return value.model_copy(
            update={key: _rebuilt(getattr(value, key), below, (*path, key), seen) for key, below in inner.items()}
        )
    return value
