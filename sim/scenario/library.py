"""The library: tables of `sim/data` as one tree in the shape of a scenario file, with the evidence behind every number.

`dials` tables set single keys of the tree; a row is a constant, a range or one year of a path. `rows` tables add one entry
per row at `at`, keyed by the first column, or an entry of an array of tables if that column is `name`. `reference` tables
stay out of the tree. Only the standard library is used, so that commands start fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.core.errors import Fault, ScenarioError
from sim.scenario.evidence import Evidence
from sim.scenario.growth import Growth, add_dials, add_entries
from sim.scenario.keys import Tree, join, split
from sim.scenario.tables import SUFFIX, Faults, Table, find_table

HOME = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Library:
    """Everything the tables say.

    tree : the shape of a scenario file; arrays of tables are lists of entries with `name`.
    evidence : key path -> where the number comes from; a path over years also has one entry per year.
    tables : by name. hashes : file -> sha256. label : how the folder is called in messages.
    """

    tree: Tree
    evidence: Mapping[str, Evidence]
    tables: Mapping[str, Table]
    hashes: Mapping[str, str]
    label: str

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
        faults = Faults(self.label)
        for table in self.tables.values():
            if table.kind == "reference":
                table.read(faults)
        if faults.found:
            raise ScenarioError(faults.found)


def load_library(root: Path | None = None) -> Library:
    """Read the tables of a folder, the package's own by default; reference tables only when they are asked for.

    Raises
    ------
    ScenarioError
        With every fault of every table that enters the tree.
    """
    folder = HOME if root is None else root
    faults = Faults("sim/data" if root is None else folder.name)
    hashes: dict[str, str] = {}
    found = [find_table(descriptor, faults, hashes) for descriptor in sorted(folder.glob(f"*{SUFFIX}"))]
    tables: dict[str, Table] = {}
    for table in filter(None, found):
        if tables.setdefault(table.name, table) is not table:
            faults.add(table.file, 0, "", f"is a second table called {table.name}")
    growth = Growth(faults)
    for kind, add in (("rows", add_entries), ("dials", add_dials)):  # rows first, so that a dial can reach into an entry
        for table in tables.values():
            if table.kind == kind:
                add(growth, table, table.read(faults))
    if faults.found:
        raise ScenarioError(faults.found)
    return Library(growth.tree, growth.evidence, tables, hashes, faults.label)
