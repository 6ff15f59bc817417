"""Writes the tables of docs/model.md from a fresh run: `python -m tests.validation.model_table`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.validation.backcast import Backcast
from tests.validation.comparisons import all_rows
from tests.validation.row import Row

PAGE = Path(__file__).parents[2] / "docs" / "model.md"
METALS = ("Au", "Ag", "Pd", "Cu", "Co", "Nd", "Dy")
NAIVE = {  # reference tables multiplied without reference masses and magnet shares; the size to meet for gold and copper only
    "Japan": {"Au": 9.0, "Ag": 37.0, "Pd": 2.9, "Cu": 44_000.0, "Co": 1_800.0, "Nd": 650.0, "Dy": 45.0},
    "ASEAN-11": {"Au": 21.0, "Cu": 79_000.0, "Nd": 1_240.0},
}


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    if value == 0.0:
        return "0"
    text = f"{value:.3g}"
    return f"{float(text):,.0f}" if abs(value) >= 100.0 else text


def line(row: Row) -> str:
    cells = [
        row.subject,
        row.period,
        f"{number(row.published)} {row.unit}",
        number(row.modelled),
        f"{row.ratio:.2f}",
        row.basis,
        row.source,
    ]
    return "| " + " | ".join(cells) + " |"


HEADER = "| what | when | published | modelled | ratio | fitted or checked | source |\n|---|---|---|---|---|---|---|"


def misses(rows: Sequence[Row]) -> str:
    out = [HEADER]
    reasons: dict[str, None] = {}
    for row in sorted((row for row in rows if not row.holds), key=lambda row: row.ratio):
        out.append(line(row))
        reasons[f"- *{row.subject}*: {row.why}."] = None
    return "\n".join((*out, "", *reasons))


def held(rows: Sequence[Row]) -> str:
    return "\n".join((HEADER, *(line(row) for row in rows if row.holds)))


def contained(back: Backcast) -> str:
    """Metal in what was discarded in 2022."""
    asean = [country for country in back.made.countries if country != "JPN"]
    out = ["| tonnes in 2022 | " + " | ".join(METALS) + " |", "|---" * (len(METALS) + 1) + "|"]
    for name, countries in (("Japan", ["JPN"]), ("ASEAN-11", asean)):
        found = [number(back.contained_t(countries, metal, 2022)) for metal in METALS]
        naive = [number(NAIVE[name][metal]) if metal in NAIVE[name] else "" for metal in METALS]
        out += [
            f"| {name}, model | " + " | ".join(found) + " |",
            f"| {name}, tables multiplied naively | " + " | ".join(naive) + " |",
        ]
    return "\n".join(out)


def parts(back: Backcast) -> dict[str, str]:
    rows = all_rows(back)
    return {"misses": misses(rows), "held": held(rows), "contained": contained(back)}


def filled(page: str, made: dict[str, str]) -> str:
    """The page with the text between `<!-- name -->` and `<!-- end name -->` replaced."""
    for name, text in made.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, found = marked.subn(lambda m, text=text: f"{m[1]}{text}\n{m[2]}", page)
        if found != 1:
            raise ValueError(f"docs/model.md has no part {name}")
    return page


def main() -> None:
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), parts(Backcast())), encoding="utf-8")


if __name__ == "__main__":
    main()
