"""The Frictionless data package of the library, put together from what stands beside each table.

`python -m sim.scenario.datapackage` writes `datapackage.json` and `tree.jsonl` anew after a change of the tables.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.scenario.library import HOME, TREE_FILE, Library, load_library
from sim.scenario.tables import Table

FILE = "datapackage.json"


def assemble(root: Path | None = None) -> dict[str, Any]:
    """Return the package descriptor of a folder of tables: what their descriptors say, and bytes, rows and sha256 as found.

    Raises
    ------
    ScenarioError
        With every fault of every table.
    """
    library = load_library(root)
    library.check_reference()
    folder = HOME if root is None else root
    resources = [_resource(library, table, folder) for _, table in sorted(library.tables.items())]
    licences = {json.dumps(licence, sort_keys=True): licence for one in resources for licence in one.get("licenses", [])}
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "urban-mine-data",
        "title": "Reference data of urban-mine: discarded electronics, their metals and their ways in Japan and ASEAN",
        "description": "Every row has a source and a grade: A measured or official, B published estimate, C derived, D assumption.",
        "licenses": [licences[key] for key in sorted(licences)],
        "resources": resources,
    }


def _resource(library: Library, table: Table, folder: Path) -> dict[str, Any]:
    fields = [{**f, "delimiter": "|"} if f["type"] == "list" else f for f in table.descriptor["schema"]["fields"]]
    return {
        **table.descriptor,
        "type": "table",
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": (folder / table.file).stat().st_size,
        "hash": f"sha256:{library.hashes[table.file]}",
        "rows": len(table.rows),
        "schema": {**table.descriptor["schema"], "fields": fields},
    }


def written(package: dict[str, Any]) -> str:
    """The text of `datapackage.json`."""
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for file, text in ((FILE, written(assemble())), (TREE_FILE, load_library().written_tree())):
        (HOME / file).write_text(text, encoding="utf-8", newline="\n")
