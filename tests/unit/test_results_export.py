"""Exports: what a spreadsheet or a policy database reads is what the tables say, and no text runs as a formula."""

from __future__ import annotations

import csv
import io

import openpyxl
import pandas as pd
import pytest

from sim.core.errors import UsageError
from sim.results import export
from sim.results.tables import from_rows, gathered
from tests.fixtures.columns import made_results

ATTACKS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")']
HARMLESS = ["JPN", "日本 施設", "a=b", "1+1", "yard: smelt"]


@pytest.fixture
def results():
    made = made_results()
    rows = [(2025, text, "z", "c", float(number), *[0.5] * 7) for number, text in enumerate(ATTACKS + HARMLESS)]
    made.columns["collection"] = gathered("collection", [from_rows("collection", rows)])
    return made


@pytest.mark.parametrize("text", ATTACKS)
def test_formulas_are_disarmed(text):
    assert export.safe(text) == f"'{text}"


@pytest.mark.parametrize("value", [*HARMLESS, -1.5, 3, None])
def test_everything_else_stays(value):
    assert export.safe(value) == value


def test_csv_opens_in_excel_and_keeps_every_digit(results, tmp_path):
    files = export.to_csv(results, tmp_path)
    assert {file.stem for file in files} == set(results.tables)
    content = (tmp_path / "collection.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert {row[2] for row in cells[1:]} == {f"'{text}" for text in ATTACKS} | set(HARMLESS)
    flows = pd.read_csv(tmp_path / "flows.csv")
    assert flows["mass_kg"].tolist() == results.tables["flows"]["mass_kg"].tolist()


def test_workbook_holds_texts_as_texts_and_numbers_as_numbers(results, tmp_path):
    (file,), left_out = export.to_xlsx(results, tmp_path)
    assert left_out == []
    book = openpyxl.load_workbook(file)
    assert set(book.sheetnames) == set(results.tables)
    cells = [cell for row in book["collection"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert [cell.value for cell in book["flows"][2]][:3] == [0, 2025, "JPN"]
    missing = [
        column for column, cell in zip(results.tables["signals"].columns, book["signals"][2], strict=True) if cell.value is None
    ]
    assert "plants_operating_units" in missing


def test_tables_larger_than_a_sheet_are_named(results, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "SHEET_ROWS", 20)
    _, left_out = export.to_xlsx(results, tmp_path)
    assert "flows" in left_out
    assert "collection" not in left_out


def test_without_openpyxl_the_remedy_is_named(results, tmp_path, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(export, "import_module", missing)
    with pytest.raises(UsageError, match=r"urban-mine\[excel\]"):
        export.to_xlsx(results, tmp_path)


def test_iamc_long_format(results, tmp_path):
    results.manifest["scenario"]["name"] = "=Made"
    (file,) = export.to_iamc(results, tmp_path)
    frame = pd.read_csv(file, encoding="utf-8-sig")
    assert list(frame.columns) == ["model", "scenario", "region", "variable", "unit", "year", "value"]
    assert set(frame["scenario"]) == {"'=Made"}
    assert set(frame["region"]) == {"JPN", "VNM", "World"}
    row = frame[(frame["variable"] == "E-Waste|Nd|Refined") & (frame["region"] == "World") & (frame["year"] == 2025)]
    assert row["unit"].tolist() == ["kg/yr"]
    assert row["value"].tolist() == [results.summary["ladder"]["Nd"]["ALL"]["refined_kg"]["p50"][0]]
    assert {"E-Waste|Nd|Refined|P10", "E-Waste|Nd|Demand Met"} <= set(frame["variable"])
    assert not frame.duplicated(["region", "variable", "year"]).any()
