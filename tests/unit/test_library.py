"""The library: tables grow into one tree, every number keeps its evidence, and every fault is told at once."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from sim.scenario import library as library_module
from sim.scenario.datapackage import assemble, written
from sim.scenario.evidence import Evidence
from sim.scenario.library import TREE_FILE, Library, load_library
from tests.fixtures.library_tables import CC_BY, dials, put


def test_dials_are_constants_ranges_paths_and_text(tmp_path):
    dials(
        tmp_path,
        "a.constant_share,,0.25,,,,share",
        "a.whole_count,,7,,,,count",
        "a.range_days,,,1,2.5,9,days",
        "a.path_share,2026,0.1,,,,share",
        "a.path_share,2030,,0.2,0.3,0.4,share",
        "a.one_year_share,2026,0.5,,,,share",
        "b.title,,Odd words,,,,text",
        "b.start,,2026-10-01,,,,date",
        "b.open,,true,,,,bool",
        "b.groups,,phone|lamp,,,,list",
    )
    assert load_library(tmp_path).tree == {
        "a": {
            "constant_share": 0.25,
            "whole_count": 7,
            "range_days": {"low": 1.0, "mode": 2.5, "high": 9.0},
            "path_share": {"2026": 0.1, "2030": {"low": 0.2, "mode": 0.3, "high": 0.4}},
            "one_year_share": {"2026": 0.5},
        },
        "b": {"title": "Odd words", "start": date(2026, 10, 1), "open": True, "groups": ["phone", "lamp"]},
    }


def test_rows_are_entries_with_nested_fields_ranges_paths_and_arrays(tmp_path):
    types = {"lines": "integer", "cost_usd_low": "number", "cost_usd_mode": "number", "cost_usd_high": "number"}
    types |= {"people.2020": "number", "people.2030": "number", "groups": "list", "start": "date", "to.1.share": "number"}
    header = "key,lines,cost_usd_low,cost_usd_mode,cost_usd_high,people.2020,people.2030,groups,start,to.1.name,to.1.share,note"
    put(
        tmp_path,
        "places",
        header,
        "x,2,1,2,3,10,20,a|b,2026-01-02,Kure,0.5,seen",
        "y,,,4,,,,,,,,",
        kind="rows",
        at="places",
        types=types,
        aside=["note"],
    )
    assert load_library(tmp_path).tree == {
        "places": {
            "x": {
                "lines": 2,
                "cost_usd": {"low": 1.0, "mode": 2.0, "high": 3.0},
                "people": {"2020": 10.0, "2030": 20.0},
                "groups": ["a", "b"],
                "start": date(2026, 1, 2),
                "to": [{"name": "Kure", "share": 0.5}],
            },
            "y": {"cost_usd": 4.0},
        }
    }


def test_named_rows_are_an_array_that_dials_and_other_tables_reach_into(tmp_path):
    put(tmp_path, "plants", "name,country", "St. X,JPN", "Y works,THA", kind="rows", at="plants")
    put(tmp_path, "plants_money", "name,fee_usd", "Y works,5", kind="rows", at="plants", types={"fee_usd": "number"})
    dials(tmp_path, '"plants.""St. X"".lines",,3,,,,count')
    library = load_library(tmp_path)
    assert library.tree["plants"] == [
        {"name": "St. X", "country": "JPN", "lines": 3},
        {"name": "Y works", "country": "THA", "fee_usd": 5.0},
    ]
    assert library.evidence_of('plants."St. X".lines').table == "dials"
    assert library.evidence_of('plants."St. X".country').table == "plants"
    assert library.evidence_of("plants.Y works.fee_usd").table == "plants_money"
    assert library.evidence_of("plants.Y works.owner").table == "plants"


def test_a_slot_in_at_is_filled_from_the_row(tmp_path):
    types = {"t_per_year": "number"}
    put(
        tmp_path,
        "demand",
        "metal,country,t_per_year",
        "Nd,JPN,8",
        "Nd,THA,1",
        kind="rows",
        at="market.demand.{country}",
        types=types,
    )
    assert load_library(tmp_path).tree == {
        "market": {"demand": {"JPN": {"Nd": {"t_per_year": 8.0}}, "THA": {"Nd": {"t_per_year": 1.0}}}}
    }


def test_two_tables_fill_one_entry_and_each_field_keeps_its_own_evidence(tmp_path):
    put(
        tmp_path,
        "magnets",
        "key,magnet.nd_share",
        "p,0.3",
        kind="rows",
        at="products",
        types={"magnet.nd_share": "number"},
        evidence="m,,B,",
    )
    put(
        tmp_path,
        "products",
        "key,unit_mass_kg",
        "p,2",
        kind="rows",
        at="products",
        types={"unit_mass_kg": "number"},
        evidence="u,,A,",
    )
    library = load_library(tmp_path)
    assert library.tree == {"products": {"p": {"magnet": {"nd_share": 0.3}, "unit_mass_kg": 2.0}}}
    assert (library.evidence_of("products.p.magnet.nd_share").source, library.evidence_of("products.p.unit_mass_kg").source) == (
        "m",
        "u",
    )


def test_evidence_points_at_the_row_and_falls_back_to_the_longest_prefix(tmp_path):
    put(
        tmp_path,
        "zones",
        "key,area_km2",
        "JP-13,2194",
        kind="rows",
        at="zones",
        types={"area_km2": "number"},
        evidence="GSI,https://g,A,",
    )
    dials(
        tmp_path,
        "c.share,2025,0.1,,,,share,first,,A,",
        "c.share,2030,0.2,,,,share,second,,D,a guess",
        evidence="",
    )
    lines = (tmp_path / "dials.csv").read_text(encoding="utf-8").replace(",\n", "\n")
    (tmp_path / "dials.csv").write_text(lines, encoding="utf-8", newline="\n")
    library = load_library(tmp_path)
    assert library.evidence_of("zones.JP-13.area_km2") == Evidence("GSI", "https://g", "A", "", "zones", 2)
    assert library.evidence_of("zones.JP-13.households") == library.evidence_of("zones.JP-13")
    assert library.evidence_of("zones") is None
    assert library.evidence_of("c.share").grade == "D", "a path is as good as its weakest year"
    assert library.evidence_of("c.share.2025").source == "first"
    assert library.evidence_of("c.share.2030").derivation == "a guess"
    fault = library.fault("zones.JP-13.area_km2", "is too large")
    assert (fault.file, fault.line) == (f"{tmp_path.name}/zones.csv", 2)


def test_reference_tables_stay_out_of_the_tree(tmp_path):
    put(tmp_path, "series", "year,t", "2020,5", "2021,6", kind="reference", types={"t": "number"}, primary_key=["year"])
    library = load_library(tmp_path)
    assert library.tree == {}
    assert list(library.tables["series"].records())[1]["t"] == "6"


def test_hashes_name_every_file(tmp_path):
    dials(tmp_path, "a.b,,1,,,,count")
    assert sorted(load_library(tmp_path).hashes) == ["dials.csv", "dials.table.json"]


@pytest.fixture
def stored(tmp_path):
    """A folder with tables and the tree they grow into, and its library."""
    dials(tmp_path, "a.whole_count,,7,,,,count", "a.share,,0.1,,,,share", "a.start,,2026-10-01,,,,date", 'p."x.y".on,,true,,,,bool')
    grown = load_library(tmp_path)
    (tmp_path / TREE_FILE).write_text(grown.written_tree(), encoding="utf-8", newline="\n")
    return tmp_path, grown


def test_the_stored_tree_is_the_grown_one_and_tables_are_read_only_when_asked(stored, monkeypatch):
    folder, grown = stored
    with monkeypatch.context() as watched:
        watched.setattr("sim.scenario.growth.grow", lambda *_: pytest.fail("tables were read"))
        library = load_library(folder)
        assert repr(library.tree) == repr(grown.tree), "types and order too"
        assert library.hashes == grown.hashes
    assert (library.evidence, dict(library.tables)) == (grown.evidence, dict(grown.tables))


@pytest.mark.parametrize("name", ["dials.csv", "dials.table.json", TREE_FILE])
def test_a_stored_tree_is_not_believed_when_a_byte_differs(stored, name):
    folder, grown = stored
    text = (folder / name).read_text(encoding="utf-8")
    old, new = ("For tests.", "for tests.") if name.endswith("table.json") else ("0.1", "0.2")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8", newline="\n")
    assert load_library(folder).tree["a"]["share"] == (0.2 if name == "dials.csv" else 0.1)
    assert grown.tree["a"]["share"] == 0.1


@pytest.mark.parametrize("text", ["", "no json\n", "null\n[]\n{}\n", '"one line"'])
def test_a_stored_tree_that_is_damaged_is_grown_anew(stored, text):
    folder, grown = stored
    (folder / TREE_FILE).write_text(text, encoding="utf-8")
    assert load_library(folder).tree == grown.tree


def test_the_package_description_is_read_by_frictionless_and_follows_the_files(tmp_path):
    frictionless = pytest.importorskip("frictionless")
    put(tmp_path, "t", "key,groups", "z,a|b", kind="rows", at="t", types={"groups": "list"}, primary_key=["key"])
    (tmp_path / "datapackage.json").write_text(written(assemble(tmp_path)), encoding="utf-8")
    assert frictionless.validate(str(tmp_path / "datapackage.json")).valid
    resource = assemble(tmp_path)["resources"][0]
    assert (resource["rows"], resource["bytes"]) == (1, (tmp_path / "t.csv").stat().st_size)
    assert assemble(tmp_path)["licenses"] == [CC_BY]
    with (tmp_path / "t.csv").open("a", encoding="utf-8", newline="\n") as file:
        file.write("y,c,book,,A,\n")
    report = frictionless.validate(str(tmp_path / "datapackage.json"))
    assert {kind for (kind,) in report.flatten(["type"])} == {"byte-count", "hash-count", "row-count"}


@pytest.fixture
def small(tmp_path, monkeypatch) -> Library:
    put(
        tmp_path,
        "zones",
        "key,area_km2",
        "z,5",
        "y,6",
        kind="rows",
        at="zones",
        types={"area_km2": "number"},
        evidence="GSI,https://g,A,",
    )
    dials(tmp_path, "a.b,,1,,,,count", evidence="GSI,https://g,D,half of it")
    library = load_library(tmp_path)
    monkeypatch.setattr(library_module, "load_library", lambda: library)
    return library


def ask(*args: str):
    from sim.cli.data import command

    return CliRunner().invoke(command, list(args))


@pytest.mark.usefixtures("small")
def test_data_lists_tables_rows_and_sources():
    assert "zones" in ask().output
    assert [(t["table"], t["rows"]) for t in json.loads(ask("--json").output)["tables"]] == [("dials", 1), ("zones", 2)]
    assert "... and 1 more rows" in ask("show", "zones", "--rows", "1").output
    shown = json.loads(ask("show", "zones", "--rows", "0", "--json").output)
    assert [row["area_km2"] for row in shown["rows"]] == ["5", "6"]
    assert json.loads(ask("sources", "--json").output) == {
        "sources": [{"source": "GSI", "address": "https://g", "grades": ["A", "D"], "tables": ["dials", "zones"], "rows": 3}]
    }
    assert "grade A, D; 3 rows of dials, zones" in ask("sources").output


@pytest.mark.usefixtures("small")
def test_data_show_names_the_nearest_table():
    assert "Did you mean zones?" in str(ask("show", "zone").exception)
