"""Where in a TOML text each key stands, read with tree-sitter (tomllib tells no positions of values)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sim.scenario.keys import KeyPath, Tree, entry_id

if TYPE_CHECKING:
    from tree_sitter import Node

_KEYS = ("bare_key", "quoted_key", "dotted_key")


class Positions:
    """Line of every key of one text, numbered from 1.

    line : first line of each key path. again : (key path, line) of every key written a second time.
    """

    def __init__(self, text: str, tree: Tree | None = None) -> None:
        import tree_sitter_toml  # noqa: PLC0415 - only needed to point at a line
        from tree_sitter import Language, Parser  # noqa: PLC0415

        self.line: dict[KeyPath, int] = {}
        self.again: list[tuple[KeyPath, int]] = []
        self._tree = tree
        self._counts: dict[KeyPath, int] = {}
        self._written: set[KeyPath] = set()
        root = Parser(Language(tree_sitter_toml.language())).parse(text.encode("utf-8", "replace")).root_node
        for node in root.children:
            self._statement(node)

    def of(self, path: KeyPath) -> int:
        """Line of a key, or of the nearest table around it; 0 if the text has neither."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.line:
                return self.line[path[:end]]
        return 0

    def _statement(self, node: Node) -> None:
        if node.type == "pair":
            self._pair(node, ())
            return
        if node.type not in ("table", "table_array_element"):
            return
        key = next((child for child in node.children if child.type in _KEYS), None)
        if key is None:
            return
        path = self._header(list(_parts(key)), node.type == "table_array_element", _row(node))
        for child in node.children:
            if child.type == "pair":
                self._pair(child, path)

    def _header(self, parts: list[str], is_array: bool, row: int) -> KeyPath:
        path: KeyPath = ()
        for number, part in enumerate(parts):
            path = (*path, part)
            self.line.setdefault(path, row)
            last = number == len(parts) - 1
            if is_array and last:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                index = self._counts[path]
                path = (*path, self._entry(path, index))
                self.line.setdefault(path, row)
            elif last:
                self._note(path, row)
        return path

    def _pair(self, node: Node, base: KeyPath) -> None:
        key = next((child for child in node.children if child.type in _KEYS), None)
        if key is None:
            return
        path = base
        for part in _parts(key):
            path = (*path, part)
            self.line.setdefault(path, _row(key))
        self._note(path, _row(key))
        self._value(node.children[-1], path)

    def _value(self, node: Node, path: KeyPath) -> None:
        if node.type == "inline_table":
            for child in node.children:
                if child.type == "pair":
                    self._pair(child, path)
        elif node.type == "array":
            items = [child for child in node.children if child.type not in ("[", "]", ",", "comment")]
            for index, item in enumerate(items):
                inner = (*path, self._entry(path, index))
                self.line.setdefault(inner, _row(item))
                self._value(item, inner)

    def _entry(self, path: KeyPath, index: int) -> str:
        """Name of the entry `index` of the array at `path`, looked up in what was parsed."""
        found: Any = self._tree
        for part in path:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list):
                found = next((item for i, item in enumerate(found) if entry_id(item, i) == part), None)
        return entry_id(found[index], index) if isinstance(found, list) and index < len(found) else str(index + 1)

    def _note(self, path: KeyPath, row: int) -> None:
        if path in self._written:
            self.again.append((path, row))
        self._written.add(path)


def _row(node: Node) -> int:
    return int(node.start_point[0]) + 1


def _parts(key: Node) -> Iterator[str]:
    """Parts of a key in order; a dotted key is a chain as deep as it is long, so it is walked without recursion."""
    left = [key]
    while left:
        node = left.pop()
        if node.type == "dotted_key":
            left += [child for child in reversed(node.children) if child.type in _KEYS]
        else:
            yield _plain(node)


def _plain(key: Node) -> str:
    """One part without its quotes."""
    text = key.text.decode("utf-8", "replace") if key.text else ""
    if key.type == "bare_key":
        return text
    try:
        return str(tomllib.loads(f"key = {text}")["key"])
    except tomllib.TOMLDecodeError:
        return text.strip("\"'")
