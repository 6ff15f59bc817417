"""Key paths: how the tree of a scenario is named, walked and searched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

KeyPath = tuple[str, ...]
Tree = dict[str, Any]
MISSING = object()

_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."]+)')
_YEAR = re.compile(r"\d{4}")
_RANGE = frozenset({"low", "mode", "high"})


def join(path: Iterable[str]) -> str:
    """Write a key path with dots; a part that holds a dot or a quote stands in double quotes."""
    parts = tuple(map(str, path))
    plain = ".".join(parts)
    if '"' not in plain and plain.count(".") == len(parts) - 1 and "" not in parts:
        return plain
    return ".".join(f'"{part}"' if "." in part or not part else part for part in (part.replace('"', "'") for part in parts))


def split(text: str) -> KeyPath:
    """Read a key path written by `join`; raises ValueError on an empty part."""
    if '"' not in text:
        plain = tuple(text.split("."))
        if "" in plain:
            raise ValueError(text)
        return plain
    parts: list[str] = []
    at = 0
    while True:
        match = _PART.match(text, at)
        if match is None:
            raise ValueError(text)
        parts.append(match[1] if match[1] is not None else match[2])
        at = match.end()
        if at == len(text):
            return tuple(parts)
        if text[at] != ".":
            raise ValueError(text)
        at += 1


def entry_id(item: object, index: int) -> str:
    """What an entry of an array is called: its `name`, else its `to`, else its number from 1."""
    if isinstance(item, dict) or isinstance(item, Mapping):  # noqa: SIM101 - nearly always a dict, and that is known ten times sooner
        for key in ("name", "to"):
            found = item.get(key)
            if isinstance(found, str):
                return found
    return str(index + 1)


def step(tree: object, part: str) -> object:
    """The child of a table or array called `part`, or `MISSING`."""
    if isinstance(tree, dict):
        return tree.get(part, MISSING)
    if isinstance(tree, list | tuple):
        for index, item in enumerate(tree):
            if entry_id(item, index) == part:
                return item
    return tree.get(part, MISSING) if isinstance(tree, Mapping) else MISSING


def get(tree: object, path: Iterable[str]) -> Any:
    """The value at a key path, or `MISSING`."""
    for part in path:
        tree = step(tree, part)
        if tree is MISSING:
            return MISSING
    return tree


def is_quantity(value: object) -> bool:
    """Whether a table is a way of writing a number: a range or a path over years."""
    return isinstance(value, dict) and any(key in _RANGE or (len(key) == 4 and _YEAR.fullmatch(key)) for key in value)


def is_named_tables(value: object) -> bool:
    """Whether a value is an array of tables with names, merged entry by entry."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) and "name" in item for item in value)


def nearest(word: object, names: Iterable[str], aliases: Mapping[str, str] | None = None, cutoff: float = 0.6) -> str | None:
    """The name most like `word`, or None.

    aliases : other words for a name (Japan for JPN). cutoff : least likeness, 0 to 1; above 0.6 only spelling counts.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only for a fault

    candidates: dict[str, str] = {}
    for name in names:
        candidates.setdefault(_plain(name), name)
    for alias, name in (aliases or {}).items():
        candidates.setdefault(_plain(alias), name)
    wanted = _plain(str(word)[:100])
    found = get_close_matches(wanted, candidates, n=1, cutoff=cutoff)
    first = wanted.partition("_")[0]
    if found and 2 < len(first) < len(wanted) and not found[0].startswith(first):
        # of a name in words, the first says more than a likeness of all: ree_recycling means ree_hydromet
        alike = [plain for plain in candidates if plain.startswith(f"{first}_")]
        found = get_close_matches(wanted, alike, n=1, cutoff=0.4) or found
    if found or cutoff > 0.6:
        return candidates[found[0]] if found else None
    longer = [plain for plain in candidates if len(wanted) >= 3 and (wanted in plain or (len(plain) >= 4 and plain in wanted))]
    return candidates[min(longer, key=lambda plain: (abs(len(plain) - len(wanted)), plain))] if longer else None


def _plain(text: str) -> str:
    return re.sub(r"[\s\-./]+", "_", unicodedata.normalize("NFKC", text).casefold())
