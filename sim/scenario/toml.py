"""Values and trees written as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sim.scenario.keys import Tree, is_quantity

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(part: str) -> str:
    """A key as TOML writes it, quoted where it must be."""
    return part if _BARE.fullmatch(part) else text(part)


def text(value: str) -> str:
    """A string in double quotes."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def value(raw: Any) -> str:
    """Any value in one line; numbers keep every digit."""
    match raw:
        case bool():
            line = "true" if raw else "false"
        case str():
            line = text(raw)
        case int():
            line = _digits(raw)
        case datetime() | date():
            line = raw.isoformat()
        case Mapping():
            line = "{ " + ", ".join(f"{key(str(k))} = {value(v)}" for k, v in raw.items()) + " }" if raw else "{}"
        case list() | tuple():
            line = "[" + ", ".join(map(value, raw)) + "]"
        case _:
            line = str(raw)
    return line


def _digits(number: int) -> str:
    # the interpreter refuses to write a number of more than 4,300 digits
    return str(number) if number.bit_length() < 10_000 else "a number of thousands of digits"


def short(raw: Any, limit: int = 60) -> str:
    """A value as TOML, cut to a length fit for a message."""
    if isinstance(raw, str):
        raw = raw[: limit + 1]
    elif isinstance(raw, list | tuple):
        raw = raw[:limit]
    elif isinstance(raw, Mapping):
        raw = dict(list(raw.items())[:limit])
    line = value(raw)
    return line if len(line) <= limit else line[: limit - 3] + "..."


def document(tree: Tree) -> str:
    """A whole tree as TOML: plain values first, then a section for each table, arrays of tables as `[[ ]]`."""
    return "\n".join(_section(tree, ())) + "\n"


def _section(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    later: list[tuple[str, Any]] = []
    for name, inner in tree.items():
        if (isinstance(inner, Mapping) and not is_quantity(inner)) or _is_tables(inner):
            later.append((name, inner))
        elif inner is not None:
            yield f"{key(name)} = {value(inner)}"
    for name, inner in later:
        below = (*path, name)
        header = ".".join(map(key, below))
        if isinstance(inner, Mapping):
            yield from ("", f"[{header}]")
            yield from _section(inner, below)
        else:
            for item in inner:
                yield from ("", f"[[{header}]]")
                yield from _section(item, below)


def _is_tables(raw: Any) -> bool:
    return isinstance(raw, list | tuple) and bool(raw) and all(isinstance(item, Mapping) for item in raw)
