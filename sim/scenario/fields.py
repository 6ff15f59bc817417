"""What may stand at a key path, read from the specs: the one description behind checks, `explain`, draws and the reference page."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sim.core.quantity import Quantity
from sim.core.spec import Bounded, written
from sim.scenario.keys import KeyPath

Kind = Literal["spec", "table", "entries", "list", "quantity", "text", "whole", "number", "date", "truth", "choice"]
_LEAVES: dict[type, Kind] = {str: "text", int: "whole", float: "number", date: "date", bool: "truth"}


class Node(NamedTuple):
    """The type of a value.

    kind : table is a mapping with free keys, entries an array of tables, list an array of plain values.
    bounds : of a quantity. item : type of what a table, array or list holds. spec : model of a spec.
    low, high : bounds of a whole or plain number. choices : of a choice. pattern : of a text.
    """

    kind: Kind
    bounds: Bounded | None = None
    item: Node | None = None
    spec: type[BaseModel] | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""

    @property
    def unit(self) -> str:
        """Unit of a quantity, empty for anything else."""
        return self.bounds.unit if self.bounds else ""

    @property
    def allowed(self) -> str:
        """What may be written, in words."""
        match self.kind:
            case "quantity" if self.bounds:
                return f"{number(self.bounds.low)} to {number(self.bounds.high)}"
            case "whole" | "number" if self.low is not None and self.high is not None:
                return f"{number(self.low)} to {number(self.high)}"
            case "choice":
                return ", ".join(f'"{choice}"' for choice in self.choices)
            case "truth":
                return "true, false"
            case _:
                return WORDS[self.kind]


WORDS: dict[Kind, str] = {
    "spec": "a table of settings",
    "table": "a table of settings",
    "entries": "entries under [[ ]]",
    "list": "a list",
    "quantity": "a number",
    "text": "text in quotes",
    "whole": "a whole number",
    "number": "a number",
    "date": "a date",
    "truth": "true or false",
    "choice": "a choice",
}


class Field(NamedTuple):
    """A key of a spec."""

    name: str
    node: Node
    info: FieldInfo

    @property
    def required(self) -> bool:
        """Whether it must be written."""
        return self.info.is_required()

    @property
    def default(self) -> Any:
        """What holds where it is not written, as in TOML; None where there is nothing. Made only when asked for."""
        found = self.info.get_default(call_default_factory=True, validated_data={})
        return None if found is PydanticUndefined else _plain(found)

    @property
    def description(self) -> str:
        """What it means."""
        return self.info.description or ""


def number(value: float) -> str:
    """A bound as people read it: 1e+10 stays short, 36525 stays whole."""
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e7 else f"{value:g}".replace("e+0", "e").replace("e+", "e")


@cache
def fields(spec: type[BaseModel]) -> dict[str, Field]:
    """The keys of a spec by name."""
    return {name: Field(name, _node(info.annotation, tuple(info.metadata)), info) for name, info in spec.model_fields.items()}


@cache
def root(spec: type[BaseModel]) -> Node:
    """The node of a whole spec."""
    return Node("spec", spec=spec)


def child(node: Node, part: str) -> Node | None:
    """The type of `part` of a value of type `node`, or None if nothing may stand there."""
    if node.spec is not None:
        field = fields(node.spec).get(part)
        return field.node if field else None
    return node.item


def at(spec: type[BaseModel], path: KeyPath) -> Node | None:
    """The type at a key path; None for a path that nothing may be written at."""
    node: Node | None = root(spec)
    for part in path:
        node = child(node, part) if node is not None else None
    return node


def field_at(spec: type[BaseModel], path: KeyPath) -> Field | None:
    """The field a key path names; None where it names an entry of a table or nothing."""
    parent = at(spec, path[:-1])
    return fields(parent.spec).get(path[-1]) if parent is not None and parent.spec is not None else None


def every(spec: type[BaseModel], base: KeyPath = ()) -> Iterator[tuple[KeyPath, Field]]:
    """Every key a spec may hold, `*` standing for free keys and entries."""
    for field in fields(spec).values():
        path = (*base, field.name)
        yield path, field
        node: Node | None = field.node
        while node is not None and node.kind in {"table", "entries"}:
            path, node = (*path, "*"), node.item
        if node is not None and node.spec is not None:
            yield from every(node.spec, path)


def _plain(value: Any) -> Any:
    if isinstance(value, Quantity):
        return written(value)
    return value.model_dump() if isinstance(value, BaseModel) else value


def _node(annotation: Any, metadata: tuple[Any, ...]) -> Node:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        node = _node(args[0], (*metadata, *args[1:]))
    elif origin in {typing.Union, types.UnionType}:
        node = _node(next(arg for arg in args if arg is not type(None)), metadata)
    elif origin is Literal:
        node = Node("choice", choices=tuple(map(str, args)))
    elif origin is dict:
        node = Node("table", item=_node(args[1], ()))
    elif origin in {tuple, list}:
        item = _node(args[0], ())
        node = Node("entries" if item.spec is not None else "list", item=item)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        node = Node("spec", spec=annotation)
    else:
        node = _leaf(annotation, metadata)
    return node


def _leaf(annotation: Any, metadata: tuple[Any, ...]) -> Node:
    bounds = next((mark for mark in metadata if isinstance(mark, Bounded)), None)
    if bounds is not None:
        return Node("quantity", bounds=bounds)
    low = next((float(getattr(m, "ge", getattr(m, "gt", 0))) for m in metadata if isinstance(m, Ge | Gt)), None)
    high = next((float(getattr(m, "le", getattr(m, "lt", 0))) for m in metadata if isinstance(m, Le | Lt)), None)
    pattern = next((str(m.pattern) for m in metadata if getattr(m, "pattern", None)), "")
    return Node(_LEAVES[annotation], low=low, high=high, pattern=pattern)
