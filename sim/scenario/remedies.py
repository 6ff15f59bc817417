"""What to write instead of a value that is not accepted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sim.scenario import toml, units
from sim.scenario.fields import Node, number
from sim.scenario.keys import MISSING, KeyPath, Tree, entry_id, get, join, nearest
from sim.scenario.wording import UNIT_WORDS, fill

_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_TRUE, _FALSE = {"yes", "on", "true", "y", "1"}, {"no", "off", "false", "n", "0"}


def plain(value: float) -> str:
    """A number in at most six digits, without an exponent where it can be."""
    text = f"{value:.6g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e12 else text


def example(path: KeyPath, node: Node | None, tree: Tree) -> str:
    """A line that would be right: what the entry beside this one says, else any value that is allowed."""
    if node is None or not path:
        return ""
    if node.kind in {"spec", "table"}:
        return f"[{join(path)}] with its settings"
    if node.kind == "entries":
        return f"[[{join(path)}]] with its settings"
    for end in range(len(path) - 1, 0, -1):
        for other in siblings(path[:end], tree)[:20]:
            value = get(tree, (*path[: end - 1], other, *path[end:]))
            if value is not MISSING and value is not None and _fits(value, node):
                return f"{path[-1]} = {toml.short(value)}"
    return f"{path[-1]} = {_sample(node)}"


def siblings(path: KeyPath, tree: Tree) -> list[str]:
    """The other entries of the table or array a key path ends in."""
    parent = get(tree, path[:-1]) if path else None
    if isinstance(parent, dict):
        return [key for key in parent if key != path[-1]]
    if isinstance(parent, list):
        return [name for name in (entry_id(item, index) for index, item in enumerate(parent)) if name != path[-1]]
    return []


def _fits(value: Any, node: Node) -> bool:
    if node.bounds is not None:
        return isinstance(value, int | float) and not isinstance(value, bool) and node.bounds.low <= value <= node.bounds.high
    return isinstance(value, _TYPES.get(node.kind, object)) and (not node.choices or value in node.choices)


_TYPES: dict[str, type] = {"text": str, "choice": str, "whole": int, "number": float, "date": date, "truth": bool, "list": list}


def _sample(node: Node) -> str:
    if node.bounds is not None:
        return "0.5" if node.bounds.unit == "share" else number(min(max(1.0, node.bounds.low), node.bounds.high))
    if node.kind == "choice":
        return toml.text(node.choices[0])
    if node.kind in {"whole", "number"}:
        return number(node.low if node.low is not None else 1)
    return {"text": '"..."', "date": "2026-10-01", "truth": "true", "list": '["..."]'}[node.kind]


def sorted_range(written: Any) -> str:
    """A range with its numbers put in order."""
    if not isinstance(written, Mapping):
        return ""
    numbers = sorted(value for value in written.values() if isinstance(value, int | float))
    return (
        "{ " + ", ".join(f"{name} = {plain(value)}" for name, value in zip(("low", "mode", "high"), numbers, strict=False)) + " }"
    )


def hint(kind: str, path: KeyPath, written: Any, node: Node | None, tree: Tree) -> str:
    """The remedy for one value, as exact as what was written allows; empty if none is known."""
    if node is None or not path:
        return ""
    if kind == "string_pattern_mismatch":
        return _pattern(str(written), node, tree)
    near = nearest(written, node.choices) if kind == "literal_error" and isinstance(written, str) else None
    if near is not None:
        return fill(UNIT_WORDS["did_you_mean"], {"right": toml.text(near)})
    if kind == "quantity_bounds":
        meant = _within(written, node)
        below = node.bounds is not None and node.bounds.low >= 0 and isinstance(written, int | float) and written < 0
        code = "did_you_mean_value" if meant else "not_negative" if below else "number_from"
        return fill(UNIT_WORDS[code], {"fixed": meant, "range": node.allowed})
    converted = _converted(written, node, _key(path))
    return fill(UNIT_WORDS["write"], {"fixed": f"{path[-1]} = {converted}" if converted else _shape(path, written, node, tree)})


def _within(written: Any, node: Node) -> str:
    """A share that was probably meant by a percentage."""
    percentage = node.bounds is not None and node.bounds.unit == "share" and isinstance(written, int | float) and 1 < written <= 100
    return plain(written / 100) if percentage else ""


def _key(path: KeyPath) -> str:
    """The key whose name holds the unit of a value: above the parts of a range and the years of a path."""
    return next((part for part in reversed(path) if part not in {"low", "mode", "high"} and not part.isdecimal()), path[-1])


def _converted(written: Any, node: Node, key: str) -> str:
    """`written` as a value of the right type, or empty."""
    match node.kind:
        case "quantity" | "number" | "whole":
            return _as_number(written, node, key)
        case "truth" if isinstance(written, str | int):
            word = str(written).casefold()
            return "true" if word in _TRUE else "false" if word in _FALSE else ""
        case "date":
            return _as_date(written)
        case "text" if isinstance(written, int | float | date) and not isinstance(written, bool):
            return toml.text(toml.short(written))
        case "list" if isinstance(written, str):
            return "[" + ", ".join(toml.text(part.strip()) for part in re.split(r"[,|;]", written)) + "]"
        case _:
            return ""


def _as_number(written: Any, node: Node, key: str) -> str:
    if isinstance(written, str):
        text = written.strip()
        share = text.endswith("%")
        text = re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", text.rstrip("% ")) if not re.fullmatch(r"0,\d+", text) else text
        match = re.match(r"[+-]?\d[\d_]*(?:[.,]\d+)?", text)
        if match is None:
            return ""
        factor = units.factor_of(text[match.end() :], key)
        if factor is None:
            return ""
        written = float(match[0].replace(",", ".").replace("_", "")) * factor / (100 if share else 1)
    if isinstance(written, bool) or not isinstance(written, int | float) or not abs(written) <= 1e300:
        return ""
    return f"{written:.0f}" if node.kind == "whole" else plain(written)


def _as_date(written: Any) -> str:
    if isinstance(written, datetime):
        return written.date().isoformat()
    if isinstance(written, str) and (match := _DATE.match(written)) is not None:
        return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}"
    return f"{written}-01-01" if isinstance(written, int) and 1900 <= written <= 2100 else ""


def _pattern(written: str, node: Node, tree: Tree) -> str:
    countries = tree.get("countries")
    if "[A-Z]{3}" in node.pattern and isinstance(countries, dict):
        names = {
            str(country[name]): code
            for code, country in countries.items()
            if isinstance(country, dict)
            for name in ("name_en", "name_ja")
            if country.get(name)
        }
        near = nearest(written, countries, names)
        if near is not None:
            return fill(UNIT_WORDS["did_you_mean"], {"right": toml.text(near)})
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "_", written).strip("_-")[:64]
    return fill(UNIT_WORDS["did_you_mean"], {"right": toml.text(cleaned)}) if cleaned and cleaned != written else ""


def _shape(path: KeyPath, written: Any, node: Node, tree: Tree) -> str:
    if node.kind == "entries" and isinstance(written, Mapping):
        return f"[[{join(path)}]] (double brackets) above each entry."
    return example(path, node, tree)
