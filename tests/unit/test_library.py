"""The library: tables grow into one tree, every number keeps its evidence, and every fault is told at once."""

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.core.errors import ScenarioError
from sim.scenario import library as library_module
from sim.scenario.datapackage import assemble, written
from sim.scenario.evidence import Evidence
from sim.scenario.library import Library, load_library

EVIDENCE = ("source", "source_address", "grade", "derivation")
DIALS = ("key", "year", "value", "low", "mode", "high", "unit")
CC_BY = {"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}


def put(folder: Path, name: str, header: str, *rows: str, kind: str = "dials", evidence: str = "book,,A,", types=None, **meaning):
    """Write a table; rows without their evidence get `evidence`."""
    columns = header.split(",")
    lines = [",".join([*columns, *EVIDENCE]), *(f"{row},{evidence}" for row in rows)]
    fields = [{"name": c, "type": (types or {}).get(c, "string")} for c in (*columns, *EVIDENCE)]
    described = {
        "name": name,
        "title": name.title(),
        "description": "For tests.",
        "path": f"{name}.csv",
        "schema": {"fields": fields, "primaryKey": meaning.pop("primary_key", [])},
        "licenses": [CC_BY],
        "urban_mine": {"kind": kind, **meaning},
    }
    (folder / f"{name}.csv").write_bytes(("\n".join(lines) + "\n").encode())
    (folder / f"{name}.table.json").write_text(json.dumps(described), encoding="utf-8")


def dials(folder: Path, *rows: str, name: str = "dials", **more):
    put(folder, name, ",".join(DIALS), *rows, **more)


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_library(folder).check_reference()
    return [str(fault) for fault in caught.value.faults]


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


def test_every_fault_is_told_at_once_with_its_line(tmp_path):
    dials(
        tmp_path,
        "ok.value,,1,,,,count",
        "no.number,,1_000,,,,count",
        "no.nan,,nan,,,,count",
        "no.both,,1,1,2,3,count",
        "no.order,,,3,2,1,count",
        "no.unit,,1,,,,",
        "no.trio,,,1,2,,count",
        "no.date,,2026-13-01,,,,date",
        "no.year,20x6,1,,,,count",
        "twice.year,2030,1,,,,count",
        "twice.year,2030,2,,,,count",
        "back.year,2030,1,,,,count",
        "back.year,2026,2,,,,count",
        "ok.value.deeper,,1,,,,count",
        "full.width,,１,,,,count",
        "nodots,,1,,,,count",
        "two..dots,,1,,,,count",
    )
    faults = faults_of(tmp_path)
    place = f"{tmp_path.name}/dials.csv:"
    expected = {
        3: "'1_000'",
        4: "'nan'",
        5: "either value, or low",
        6: "low <= mode <= high",
        7: "unit is missing",
        8: "'1', '2', ''",
        9: "'2026-13-01'",
        10: "'20x6'",
        12: "2030 after 2030",
        14: "2026 after 2030",
        15: "does not fit",
        16: "'１'",
        17: "nodots: is not a key path",
        18: "two..dots: is not a key path",
    }
    assert {int(fault.removeprefix(place).split(":")[0]) for fault in faults} == set(expected)
    for line, words in expected.items():
        assert any(fault.startswith(f"{place}{line}:") and words in fault for fault in faults), (line, words)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (",,A,", "source: is missing"),
        ("book,,E,", "grade: is 'E'"),
        ("book,,,", "grade: is ''"),
        ("book,,C,", "derivation: is missing: grade C"),
        ("book,,D, ", "derivation: is missing: grade D"),
    ],
)
def test_rows_without_evidence_are_refused(tmp_path, evidence, words):
    dials(tmp_path, "a.b,,1,,,,count", evidence=evidence)
    (fault,) = faults_of(tmp_path)
    assert fault.startswith(f"{tmp_path.name}/dials.csv:2: ")
    assert words in fault


@pytest.mark.parametrize(
    ("edit", "line", "words"),
    [
        (lambda raw: b"\xef\xbb\xbf" + raw, 1, "byte order mark"),
        (lambda raw: raw.replace(b"\n", b"\r\n"), 1, "carriage returns"),
        (lambda raw: raw.replace(b"book", b"b\xffk"), 2, "not UTF-8"),
        (lambda raw: raw.replace(b"book,", b'"Tanaka, M.",').replace(b'"', b""), 2, "has 12 cells for 11 columns"),
        (lambda raw: raw + b"\n", 3, "is blank"),
        (lambda raw: raw.replace(b"unit", b"units"), 1, "lacks unit and has units"),
        (lambda raw: raw.replace(b"low,mode", b"mode,low"), 1, "another order"),
        (lambda raw: raw.replace(b"book", b'"book'), 2, "is not CSV"),
        (lambda raw: raw + raw.split(b"\n")[1] + b"\n", 3, "has year none after none"),
    ],
)
def test_broken_files_are_named(tmp_path, edit, line, words):
    dials(tmp_path, "a.b,,1,,,,count")
    file = tmp_path / "dials.csv"
    file.write_bytes(edit(file.read_bytes()))
    (fault,) = faults_of(tmp_path)
    assert fault.startswith(f"{tmp_path.name}/dials.csv:{line}: ")
    assert words in fault


def test_missing_files_and_broken_descriptors_are_named(tmp_path):
    dials(tmp_path, "a.b,,1,,,,count")
    dials(tmp_path, "a.b,,1,,,,count", name="other")
    (tmp_path / "dials.csv").unlink()
    (tmp_path / "other.table.json").write_text('{"name": "other",\n "title": }', encoding="utf-8")
    lost, broken = faults_of(tmp_path)
    assert "dials.csv: cannot be read: No such file" in lost
    assert "other.table.json:2: is not JSON" in broken


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("title"), "title: is missing"),
        (lambda d: d.update(urban_mine={"kind": "knobs"}), "must be one of dials, rows, reference"),
        (lambda d: d.update(urban_mine={"kind": "rows"}), "urban_mine.at: is missing"),
        (lambda d: d["schema"]["fields"].pop(), "must end with source, source_address, grade, derivation"),
        (lambda d: d["schema"]["fields"].insert(0, d["schema"]["fields"][0]), "names a column twice"),
        (lambda d: d["schema"]["fields"].pop(0), "of dials must be key, year"),
        (lambda d: d["schema"]["fields"][0].update(type="strnig"), "has type strnig; allowed: number"),
        (lambda d: d["schema"].update(primaryKey=["id"]), "names a column that is not there"),
        (lambda d: d.update(schema=None), "must be a list of fields"),
        (lambda d: d.update(urban_mine=None), "must be one of"),
    ],
)
def test_descriptors_are_checked(tmp_path, change, words):
    dials(tmp_path, "a.b,,1,,,,count")
    file = tmp_path / "dials.table.json"
    described = json.loads(file.read_text(encoding="utf-8"))
    change(described)
    file.write_text(json.dumps(described), encoding="utf-8")
    faults = faults_of(tmp_path)
    assert any(words in fault for fault in faults), faults


def test_a_value_set_by_two_tables_is_a_fault_that_names_both(tmp_path):
    put(tmp_path, "zones", "key,area_km2", "z,5", kind="rows", at="zones", types={"area_km2": "number"})
    dials(tmp_path, "zones.z.area_km2,,6,,,,km2")
    (fault,) = faults_of(tmp_path)
    assert fault == f"{tmp_path.name}/dials.csv:2: zones.z.area_km2: is set twice, first in table zones, line 2"


def test_rows_with_one_key_are_told_once(tmp_path):
    put(
        tmp_path,
        "zones",
        "key,a_km,b_km",
        "z,5,6",
        "z,7,8",
        ",1,2",
        kind="rows",
        at="zones",
        types={"a_km": "number", "b_km": "number"},
    )
    twice, nameless = faults_of(tmp_path)
    assert "zones.csv:3: zones.z: is there twice, first in line 2" in twice
    assert "zones.csv:4: key: is missing" in nameless


def test_tables_that_do_not_fit_each_other_are_told(tmp_path):
    put(tmp_path, "a", "key,x,x.y", "z,1,2", kind="rows", at="t")
    put(tmp_path, "b", "name,x", "z,1", kind="rows", at="t")
    put(tmp_path, "c", "key,x", "z,1", kind="rows", at="{nowhere}.t")
    faults = faults_of(tmp_path)
    assert any("a.csv:2: t.z.x.y: does not fit: x is a value" in fault for fault in faults)
    assert any("b.csv:2: t.z: does not fit: another table put something else there" in fault for fault in faults)
    assert any("c.csv:1: lacks a column that `at` names" in fault for fault in faults)


def test_two_tables_of_one_name_are_told(tmp_path):
    dials(tmp_path, "a.b,,1,,,,count")
    dials(tmp_path, "a.c,,1,,,,count", name="more")
    file = tmp_path / "more.table.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"name": "more"', '"name": "dials"'), encoding="utf-8")
    (fault,) = faults_of(tmp_path)
    assert "more.csv: is a second table called dials" in fault


def test_wrong_cells_of_rows_are_told_with_row_and_column(tmp_path):
    types = {"a_km": "number", "n": "integer", "on": "boolean", "x_low": "number", "x_mode": "number", "x_high": "number"}
    put(
        tmp_path,
        "t",
        "key,a_km,n,on,x_low,x_mode,x_high",
        "z,5 km,1.5,yes,1,,3",
        " z,1,1,true,,1,",
        kind="rows",
        at="t",
        types=types,
    )
    faults = faults_of(tmp_path)
    for column, written_ in (("a_km", "'5 km'"), ("n", "'1.5'"), ("on", "'yes'"), ("x", "'1', '', '3'")):
        assert any(f"t.csv:2: {column}: " in fault and written_ in fault for fault in faults), (column, faults)


def test_reference_faults(tmp_path):
    put(
        tmp_path,
        "series",
        "country,year,t",
        "JPN,2020,5",
        "JPN,2020,x",
        "JPN,2023,6",
        "THA,2020,1",
        kind="reference",
        types={"t": "number", "year": "year"},
        primary_key=["country", "year"],
        yearly=True,
    )
    faults = faults_of(tmp_path)
    assert any(":3: t: is 'x'" in fault for fault in faults)
    assert any(":3: JPN, 2020: is there twice, first in line 2" in fault for fault in faults)
    assert any(":4: JPN: has no year from 2021 to 2022" in fault for fault in faults)
    assert len(faults) == 3


def test_a_multi_line_cell_does_not_shift_the_lines_told(tmp_path):
    dials(tmp_path, 'a.b,,1,,,,"a\nb"', "a.c,,x,,,,count")
    (fault,) = faults_of(tmp_path)
    assert ":4: a.c: is 'x'" in fault


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
