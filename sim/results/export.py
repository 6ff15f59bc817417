"""Result tables in formats other programs read: CSV, Excel, and the IAMC long format of policy databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from sim.core.errors import UsageError
from sim.results.schema import TABLES
from sim.results.store import Results

SHEET_ROWS = 1_048_575  # of data in an Excel sheet
_FORMULA = re.compile(r"^[=+\-@\t\r]")
IAMC_STATISTICS = {"p50": "", "p10": "|P10", "p90": "|P90"}


def safe(text: Any) -> Any:
    """A text that a spreadsheet will not run as a formula: one that could be gets a leading apostrophe (OWASP ASVS 5, 1.2.10)."""
    return f"'{text}" if isinstance(text, str) and _FORMULA.match(text) else text


def _safe_frame(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    texts = [column.name for column in TABLES[name].columns if column.kind == "text"]
    return frame.assign(**{column: frame[column].astype(object).map(safe) for column in texts})


def to_csv(results: Results, folder: Path) -> list[Path]:
    """Write one CSV file per table: UTF-8 with byte order mark so that Excel reads Japanese, numbers with every digit."""
    written = []
    for name in results.tables:
        file = folder / f"{name}.csv"
        _safe_frame(name, results.tables[name]).to_csv(file, index=False, encoding="utf-8-sig", lineterminator="\r\n")
        written.append(file)
    return written


def to_xlsx(results: Results, folder: Path) -> tuple[list[Path], list[str]]:
    """Write one workbook with a sheet per table; returns it and the tables with more rows than a sheet holds.

    Raises
    ------
    UsageError
        If openpyxl is not installed.
    """
    try:
        openpyxl: Any = import_module("openpyxl")  # an extra
    except ModuleNotFoundError:
        raise UsageError("Excel needs one more package: pip install 'urban-mine[excel]'; or use --format csv") from None
    book = openpyxl.Workbook(write_only=True)
    left_out = []
    for name in results.tables:
        frame = results.tables[name]
        if len(frame) > SHEET_ROWS:
            left_out.append(name)
            continue
        sheet = book.create_sheet(name)
        sheet.append(list(frame.columns))
        for row in _rows(_safe_frame(name, frame)):
            sheet.append(row)
    file = folder / "tables.xlsx"
    book.save(file)
    return [file], left_out


def _rows(frame: pd.DataFrame) -> Iterator[list[Any]]:
    """Rows as plain values; a missing number is an empty cell."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns]
    yield from (list(row) for row in zip(*columns, strict=True))


def to_iamc(results: Results, folder: Path) -> list[Path]:
    """Write the headline ladder in the IAMC long format, the median under the plain name and the 10-90 % range beside it."""
    summary, scenario = results.summary, results.manifest["scenario"]["name"]
    rows = [
        ("urban-mine", scenario, "World" if country == "ALL" else country, f"{variable}{suffix}", unit, year, value)
        for metal, countries in summary["ladder"].items()
        for country, steps in countries.items()
        for step, statistics in steps.items()
        for variable, unit in [_iamc_name(metal, step)]
        for statistic, suffix in IAMC_STATISTICS.items()
        for year, value in zip(summary["years"], statistics[statistic], strict=True)
        if value is not None
    ]
    frame = pd.DataFrame(rows, columns=["model", "scenario", "region", "variable", "unit", "year", "value"])
    file = folder / "iamc.csv"
    frame.assign(scenario=frame["scenario"].map(safe)).to_csv(file, index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return [file]


def _iamc_name(metal: str, step: str) -> tuple[str, str]:
    words, _, unit = step.rpartition("_")
    title = words.replace("_", " ").title()
    return f"E-Waste|{metal}|{title}", "kg/yr" if unit == "kg" else "1"
