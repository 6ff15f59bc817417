"""The reference data are complete, described, sourced and graded."""

import json

import pytest

from sim.scenario.datapackage import FILE, assemble, written
from sim.scenario.evidence import COLUMNS, GRADES
from sim.scenario.library import HOME, TREE_FILE, load_library


@pytest.fixture(scope="module")
def library():
    return load_library()


def test_the_committed_package_description_is_what_assembling_gives():
    assert (HOME / FILE).read_text(encoding="utf-8") == written(assemble()), "run: python -m sim.scenario.datapackage"


def test_the_committed_tree_is_what_the_tables_grow_into(library):
    assert (HOME / TREE_FILE).read_text(encoding="utf-8") == library.written_tree(), "run: python -m sim.scenario.datapackage"


def test_the_package_is_valid_for_frictionless():
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(HOME / FILE))
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "note"])[:20]


def test_every_table_is_described_and_licensed(library):
    for table in library.tables.values():
        assert table.descriptor.get("licenses"), f"{table.name} has no licence"
        assert all(licence.get("name") or licence.get("path") for licence in table.descriptor["licenses"]), table.name
        assert tuple(table.columns)[-4:] == COLUMNS
        assert table.rows, f"{table.name} is empty"
    described = {table.file for table in library.tables.values()}
    assert {path.name for path in HOME.glob("*.csv")} == described, "every CSV has a descriptor"


def test_every_row_has_a_source_and_a_grade(library):
    for table in library.tables.values():
        for row, record in zip(table.rows, table.records(), strict=True):
            assert record["source"].strip(), f"{table.file}:{row.line}"
            assert record["grade"] in GRADES, f"{table.file}:{row.line}"
            assert record["grade"] in {"A", "B"} or record["derivation"].strip(), f"{table.file}:{row.line}"


def test_every_leaf_of_the_tree_has_evidence(library):
    def leaves(node, path):
        if isinstance(node, dict) and not set(node) & {"low", "mode", "high"}:
            for key, value in node.items():
                yield from leaves(value, (*path, key))
        elif isinstance(node, list) and node and isinstance(node[0], dict):
            for entry in node:
                yield from leaves(entry, (*path, entry["name"]) if "name" in entry else path)
        else:
            yield path

    from sim.scenario.keys import join

    bare = [path for path in leaves(library.tree, ()) if library.evidence_of(join(path)) is None]
    assert bare == []


def test_what_may_not_be_shipped_is_not():
    names = {path.name for path in HOME.rglob("*")}
    assert "ewaste_trade.csv" not in names, "its source has no open licence"


def test_the_description_is_json_in_utf8():
    assert json.loads((HOME / FILE).read_bytes().decode("utf-8"))["resources"]
