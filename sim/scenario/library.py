"""The library: tables of `sim/data` as one tree in the shape of a scenario file, with the evidence behind every number.

`dials` tables set single keys of the tree; a row is a constant, a range or one year of a path. `rows` tables add one entry
per row at `at`, keyed by the first column, or an entry of an array of tables if that column is `name`. `reference` tables
stay out of the tree. Only the standard library is used, so that commands start fast; `tree.jsonl` holds the tree as the
tables make it (`sim.scenario.datapackage` writes it) and is believed only while every table is byte for byte the one it
was made of. Tables are then split into cells when their evidence or their rows are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import Fault, ScenarioError
from sim.scenario.evidence import Evidence
from sim.scenario.keys import Tree, join, split

if TYPE_CHECKING:
    from sim.scenario.growth import Growth
    from sim.scenario.tables import Table

HOME = Path(__file__).parent.parent / "data"
TREE_FILE = "tree.jsonl"
TABLE, DESCRIPTOR = ".csv", ".table.json"  # how the names of the two files of a table end


class Library:
    """Everything the tables of a folder say.

    tree : the shape of a scenario file; arrays of tables are lists of entries with `name`.
    hashes : file -> sha256. label : how the folder is called in messages.
    """

    def __init__(self, folder: Path, label: str) -> None:
        self.label = label
        self._folder = folder
        self._files = dict(_contents(folder))
        self.hashes: Mapping[str, str] = {name: sha256(content).hexdigest() for name, content in self._files.items()}
        stored = self._stored()
        self.tree: Tree = self._growth.tree if stored is None else stored

    @cached_property
    def _growth(self) -> Growth:
        from sim.scenario.growth import grow  # noqa: PLC0415 - start-up time

        return grow(self._folder, self._files, self.label)

    @property
    def tables(self) -> Mapping[str, Table]:
        """Tables by name."""
        return self._growth.tables

    @property
    def evidence(self) -> Mapping[str, Evidence]:
        """Key path -> where the number comes from; a path over years also has one entry per year."""
        return self._growth.evidence

    def evidence_of(self, path: str) -> Evidence | None:
        """Return the evidence of a key path, or of the longest part of it that has some: its row."""
        parts = split(path) if path else ()
        for length in range(len(parts), 0, -1):
            found = self.evidence.get(join(parts[:length]))
            if found is not None:
                return found
        return None

    def fault(self, path: str, message: str, hint: str = "") -> Fault:
        """Return a fault that points at the file and line where the library sets a key path."""
        found = self.evidence_of(path)
        if found is None:
            return Fault(self.label, 0, path, message, hint)
        return Fault(f"{self.label}/{self.tables[found.table].file}", found.row, path, message, hint)

    def check_reference(self) -> None:
        """Read the reference tables too, which loading leaves unread.

        Raises
        ------
        ScenarioError
            With every fault of every reference table.
        """
        faults = self._growth.faults
        for table in self.tables.values():
            if table.kind == "reference":
                table.read(faults)
        if faults.found:
            raise ScenarioError(faults.found)

    def written_tree(self) -> str:
        """The text of `tree.jsonl`: a seal over the tables and all that follows it, where dates stand, and the tree."""
        tree = self._growth.tree
        parts = (list(_dates(tree)), tree)
        dates, text = (json.dumps(part, ensure_ascii=False, separators=(",", ":"), default=date.isoformat) for part in parts)
        body = f"{dates}\n{text}\n"
        return f"{json.dumps(self._seal(body.encode()))}\n{body}"

    def _stored(self) -> Tree | None:
        """The tree of `tree.jsonl`; None where there is none, or not one of these very tables."""
        try:
            seal, body = (self._folder / TREE_FILE).read_bytes().split(b"\n", 1)
            if json.loads(seal) != self._seal(body):
                return None
        except (OSError, ValueError):
            return None
        dates, tree = map(json.loads, body.splitlines())
        for *way, last in dates:
            home = tree
            for part in way:
                home = home[part]
            home[last] = date.fromisoformat(home[last])
        return dict(tree)

    def _seal(self, body: bytes) -> str:
        return sha256(json.dumps(self.hashes).encode() + body).hexdigest()


def load_library(root: Path | None = None) -> Library:
    """The tables of a folder, the package's own by default.

    Raises
    ------
    ScenarioError
        With every fault of every table that enters the tree.
    """
    return Library(HOME, "sim/data") if root is None else Library(root, root.name)


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the files of tables; of a table that cannot be read, its descriptor alone."""
    for path in sorted(folder.iterdir()):
        if path.name.endswith(DESCRIPTOR):
            yield path.name, path.read_bytes()
        elif path.name.endswith(TABLE):
            with suppress(OSError):
                yield path.name, path.read_bytes()


def _dates(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where dates stand in a tree: JSON has none."""
    if isinstance(tree, date):
        yield path
    elif isinstance(tree, dict | list):
        for part, inner in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _dates(inner, (*path, part))
