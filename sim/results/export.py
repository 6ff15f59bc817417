"""Result tables in formats other programs read: CSV, Excel, and the IAMC long format of policy databases."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from sim.core.errors import UsageError
from sim.results.schema import TABLES
from sim.results.store import Results

SHEET_ROWS = 1_048_575  # of data in an Excel sheet
_FORMULA = re.compile(r"^[=+\-@\t\r]")
IAMC_HEAD = ("model", "scenario", "region", "variable", "unit", "year", "value")
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
    content = io.BytesIO()  # the library leaves tracebacks of its own behind when a disk fails under it
    book.save(content)
    file = folder / "tables.xlsx"
    file.write_bytes(content.getvalue())
    return [file], left_out


def _rows(frame: pd.DataFrame) -> Iterator[list[Any]]:
    """Rows as plain values; a missing number is an empty cell."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns]
    yield from (list(row) for row in zip(*columns, strict=True))


def to_iamc(results: Results, folder: Path) -> list[Path]:
    """Write the headline ladder in the IAMC long format, the median under the plain name and the 10-90 % range beside it."""
    file = folder / "iamc.csv"
    file.write_text(iamc(results.summary, str(results.manifest["scenario"]["name"])), encoding="utf-8-sig", newline="")
    return [file]


def iamc(
    summary: Mapping[str, Any], scenario: str, metals: Collection[str] | None = None, countries: Collection[str] | None = None
) -> str:
    """The headline ladder of a summary as IAMC CSV; of some metals and countries, or all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(IAMC_HEAD)
    for metal, by_country in summary["ladder"].items():
        for country, steps in by_country.items():
            if (metals is None or metal in metals) and (countries is None or country in countries):
                writer.writerows(_iamc_rows(summary["years"], safe(scenario), metal, country, steps))
    return text.getvalue()


def _iamc_rows(
    years: Sequence[int], scenario: str, metal: str, country: str, steps: Mapping[str, Mapping[str, Sequence[float | None]]]
) -> Iterator[tuple[Any, ...]]:
    region = "World" if country == "ALL" else country
    for step, statistics in steps.items():
        variable, unit = iamc_name(metal, step)
        for statistic, suffix in IAMC_STATISTICS.items():
            for year, value in zip(years, statistics[statistic], strict=True):
                if value is not None:
                    yield "urban-mine", scenario, region, safe(f"{variable}{suffix}"), unit, year, value


def iamc_name(metal: str, step: str) -> tuple[str, str]:
    """IAMC variable and unit of a step of the headline ladder."""
    words, _, unit = step.rpartition("_")
    title = words.replace("_", " ").title()
    return f"E-Waste|{metal}|{title}", "kg/yr" if unit == "kg" else "1"
