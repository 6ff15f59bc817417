"""Writes docs/validation.md and the tables of docs/model.md from fresh runs: `python -m tests.validation.pages`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.validation.backcast import Backcast
from tests.validation.cases import CLOSED, OTHER, theory
from tests.validation.comparisons import all_rows
from tests.validation.comparisons_events import events
from tests.validation.row import Row

DOCS = Path(__file__).parents[2] / "docs"
MODEL, VALIDATION = DOCS / "model.md", DOCS / "validation.md"
LAW = "trade and prices of the episode, law of 2010-2012"
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
    low, high = (f"{bound:.4g}" if bound == 1.0 or abs(bound - 1.0) > 1e-3 else f"1{bound - 1.0:+.0e}" for bound in row.accepted)
    cells = [
        row.subject,
        row.period,
        f"{number(row.published)} {row.unit}".removesuffix(" 1"),
        number(row.modelled),
        f"{row.ratio:.2f}" if abs(row.ratio - 1.0) > 1e-3 else "1.00",
        f"{low} to {high}",
        row.worth if row.basis in {"checked", "fitted", CLOSED, OTHER} else f"{row.worth} ({row.basis})",
        *([] if row.basis in {CLOSED, OTHER} else [row.inputs]),
        row.source,
    ]
    return "| " + " | ".join(cells) + " |"


HEADER = "| case | when | published or known | modelled | ratio | accepted | worth as a test | source |\n" + "|---" * 8 + "|"
OF_INPUTS = HEADER.replace("test | source", "test | inputs | source") + "---|"


def table(rows: Sequence[Row]) -> str:
    """Cases of theory name their inputs themselves; of published figures, which run and tables is said."""
    theory = all(row.basis in {CLOSED, OTHER} for row in rows)
    return "\n".join((HEADER if theory else OF_INPUTS, *map(line, rows)))


def misses(rows: Sequence[Row]) -> str:
    missed = sorted((row for row in rows if not row.holds), key=lambda row: row.ratio)
    reasons = dict.fromkeys(f"- *{row.subject}*: {row.why}." for row in missed)
    return "\n".join((table(missed), "", *reasons))


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


def cases(back: Backcast) -> tuple[list[Row], list[Row]]:
    """Every case: those of events of the past, and all others."""
    past = [replace(row, inputs=row.inputs or LAW) for row in events()]
    return past, [*all_rows(back), *theory()]


def validation(past: Sequence[Row], others: Sequence[Row]) -> dict[str, str]:
    """The tables of docs/validation.md, misses apart."""
    held = [row for row in others if row.holds]
    published = [row for row in held if row.basis not in {CLOSED, OTHER}]
    return {
        "misses": misses([*others, *past]),
        "checked": table([row for row in published if not row.fitted]),
        "fitted": table([row for row in published if row.fitted]),
        "events": table([row for row in past if row.holds]),
        "closed forms": table([row for row in held if row.basis == CLOSED]),
        "other codes": table([row for row in held if row.basis == OTHER]),
    }


def filled(page: str, made: dict[str, str]) -> str:
    """The page with the text between `<!-- name -->` and `<!-- end name -->` replaced."""
    for name, text in made.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, found = marked.subn(lambda m, text=text: f"{m[1]}{text}\n{m[2]}", page)
        if found != 1:
            raise ValueError(f"the page has no part {name}")
    return page


def write(page: Path, made: dict[str, str]) -> None:
    page.write_text(filled(page.read_text(encoding="utf-8"), made), encoding="utf-8")


def main() -> None:
    back = Backcast()
    write(MODEL, {"contained": contained(back)})
    write(VALIDATION, validation(*cases(back)))


if __name__ == "__main__":
    main()
