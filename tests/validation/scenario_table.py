"""Writes docs/scenarios-compared.md: every shipped scenario beside the baseline, in 2035.

`python -m tests.validation.scenario_table [replications]`: sixteen runs of four replications, uncertain inputs drawn; replication i
of every scenario shares its draw and its luck with replication i of the baseline.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import sim
from sim.results.store import Results
from sim.study.added import Metals, gained

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scenarios-compared.md"
METALS = ("Nd", "Dy", "Au", "Cu", "Co")
YEAR, HOME, REPLICATIONS = 2035, "JPN", 4
SETTINGS = (f"time.end={YEAR}", "run.repeats_per_draw=1")
LADDER = ("in_waste_kg", "collected_kg", "separated_kg", "refined_kg")
HEAD = (
    "scenario",
    "metal",
    "in waste t",
    "collected t",
    "separated t",
    "refined t",
    "refined more than baseline t",
    "available to Japan t",
    "share of Japan's demand %",
    "import dependence of Japan %",
    "USD/kg",
    "price USD/kg",
    "kgCO2e/kg",
    "public money 2025-2035 M USD",
    "bought for stock 2025-2035 M USD",
    "public USD per additional kg 2025-2035",
)
INTRO = """# Shipped scenarios compared

Written by `python -m tests.validation.scenario_table`. Year {year}, {count} replications, uncertain inputs drawn anew
in each, default grain, seed 1: median (10th to 90th percentile); with so few draws the ends are the outermost
runs. Ladder: all twelve countries. *Refined more*: paired differences with the baseline. Import dependence by
offtaker. USD/kg and kgCO2e/kg:
costs and emissions of the whole chain shared by value ([model-money](model-money.md#costs-table-costs)), so cost over
price is the same for all metals of a scenario. Public money: spending of governments on grants, subsidies, refunds,
floors, guarantees and responses, loans apart. Bought for stock: what the national stock paid for metal less what it sold
for. Public money per additional kg: more public money, shared by value over all metal that came in addition, as costs
are; told where the metal grows by more than 1 % in every replication.
"""


def results(name: str, replications: int) -> Results:
    """A run of a shipped scenario to the year of the table."""
    scenario = sim.load_scenario(ROOT / "scenarios" / f"{name}.toml").with_set(*SETTINGS)
    return sim.run(scenario, replications=replications, seed=1, workers=2)


class Told:
    """Figures of one run by replication."""

    def __init__(self, made: Results, replications: int) -> None:
        self._made, self._count = made, replications

    def of(self, table: str, measure: str, *, how: str = "sum", year: int | None = YEAR, **where: str) -> np.ndarray:
        """A measure over the rows that match, shape (replications,)."""
        frame = self._made.tables[table]
        keep = np.ones(len(frame), dtype=bool) if year is None else (frame["year"] == year).to_numpy(copy=True)
        for column, wanted in where.items():
            keep &= (frame[column] == wanted).to_numpy()
        found = getattr(frame[keep].groupby("replication")[measure], how)()
        return found.reindex(range(self._count)).to_numpy(dtype=float)

    def refined(self, metal: str, year: int | None = YEAR) -> np.ndarray:
        """Refined of a metal [kg], all countries."""
        return self.of("signals", "refined_kg", year=year, metal=metal)

    def money(self, column: str) -> np.ndarray:
        """Money of table `gains` over all years and countries [USD]."""
        return np.nan_to_num(self.of("gains", column, year=None, metal="total"))

    def gained(self, base: Told) -> Metals:
        """What is refined more than in another run."""
        return gained(base._made, self._made)


def rows(name: str, told: Told, base: Told) -> Iterator[list[str]]:
    """One row per metal."""
    more_money, metals = told.money("public_usd") - base.money("public_usd"), told.gained(base)
    worth = metals.worth_usd
    for metal in METALS:
        everyone = {"country": "ALL", "metal": metal}
        more = told.refined(metal) - base.refined(metal)
        extra = metals.kg[metal]
        grows = bool((extra > 0.01 * base.refined(metal, None)).all()) and bool((more_money > 0.0).any() and (worth > 0.0).all())
        yield [
            f"`{name}`",
            metal,
            *(band(told.of("signals", step, metal=metal) / 1e3) for step in LADDER),
            "" if told is base else band(more / 1e3),
            band(told.of("signals", "available_kg", country=HOME, metal=metal) / 1e3),
            band(100.0 * told.of("signals", "demand_met_share", country=HOME, metal=metal)),
            band(100.0 * told.of("security", "import_dependence_share", country=HOME, metal=metal)),
            band(told.of("costs", "cost_usd_per_kg", **everyone)),
            band(told.of("costs", "price_usd_per_kg", **everyone)),
            band(told.of("costs", "kgco2e_per_kg", **everyone)),
            band(told.money("public_usd") / 1e6),
            band(told.money("stockpile_usd") / 1e6),
            band(more_money * metals.usd[metal] / worth / extra) if grows else "",
        ]


def band(values: np.ndarray) -> str:
    """Median and 10th to 90th percentile with three digits."""
    if not np.isfinite(values).all():
        return ""
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9)).tolist()
    return digits(middle) if low == high else f"{digits(middle)} ({digits(low)}-{digits(high)})"


def digits(value: float) -> str:
    """Three digits; thousands with commas."""
    if value == 0.0:
        return "0"
    places = max(2 - int(np.floor(np.log10(abs(value)))), 0)
    return f"{round(value, 2 - int(np.floor(np.log10(abs(value))))):,.{places}f}"


def main(replications: int) -> None:
    """Run all and write the page; rows are written as they come, so that a stop leaves what was done."""
    names = ["baseline", *sorted(file.stem for file in (ROOT / "scenarios").glob("*.toml") if file.stem != "baseline")]
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    base = None
    for name in names:
        told = Told(results(name, replications), replications)
        base = base or told
        lines += [f"| {' | '.join(row)} |" for row in rows(name, told, base)]
        PAGE.write_text(
            INTRO.format(year=YEAR, count=replications) + "\n" + "\n".join(lines) + "\n", encoding="utf-8", newline="\n"
        )
        sys.stderr.write(f"{name}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATIONS)
