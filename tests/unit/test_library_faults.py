"""Faults of the library's tables: every one told at once, with file, line and column."""

from __future__ import annotations

import json

import pytest

from tests.fixtures.library_tables import dials, faults_of, put


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
