"""What cannot be: results that no world could give, looked for after every run and named with table and row.

A finding is a fault of the model or of the data, never of chance, so a run with one says so in its manifest and warns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.results.schema import TABLES
from sim.results.summary import ladder
from sim.results.tables import Coded, Columns, length, numbers, rank, words

Values = NDArray[np.float64]
Rows = NDArray[np.bool_]

RELATIVE = 1e-9  # rounding of long sums
ABSOLUTE = 1e-6  # kilograms, days: less is dust
NAMED = 3  # rows told of each finding

# measures that may be negative: money and gas change hands both ways (floors hand back part of high prices), days count from
# the first of the run, diversion is signed
SIGNED = {
    "payments": {"usd"},
    "emissions": {"kgco2e"},
    "inputs": {"value"},
    "collection": {"diverted_kg"},
    "finance": {"expected_npv_usd", "expected_irr_share", "npv_usd", "irr_share"},
    "gains": {"earned_usd", "public_usd", "stockpile_usd"},
    "costs": {"public_usd_per_kg"},
}
UNSIGNED_DAYS: dict[str, set[str]] = {"milestones": {"pledged_kg", "delivered_kg"}, "shocks": set()}
_DEPENDENCE = (
    "import_dependence_share",
    "import_dependence_by_origin_share",
    "import_dependence_by_place_share",
    "import_dependence_without_share",
)
SHARES = {
    "arisings": ("units_with_magnet_share",),
    "fleet": ("load_share",),
    "plants": ("utilisation_share",),
    "market": (*_DEPENDENCE, "hhi", "hhi_by_origin", "hhi_by_place", "primary_hhi"),
    "security": (
        *_DEPENDENCE,
        "eol_rir_share",
        "share_met_share",
        "share_met_without_share",
        "hhi",
        "hhi_by_origin",
        "hhi_by_place",
        "primary_hhi",
    ),
    "inputs": ("u",),
}
NEXT_STEPS = (("collected_kg", "separated_kg"), ("separated_kg", "refined_kg"), ("refined_kg", "available_kg"))


def impossible(columns: Mapping[str, Columns], replications: int) -> list[dict[str, Any]]:
    """Every finding: table, what is wrong, how many rows, the first rows by key with the values concerned.

    columns : the tables of a run, replications under each other.
    """
    filled = {name: table for name, table in columns.items() if name in TABLES and length(table)}
    found: list[dict[str, Any]] = []
    for name, table in filled.items():
        found += _signs(name, table)
        found += _shares(name, table)
        found += [_finding(name, table, *told) for told in _LAWS.get(name, _nothing)(table)]
    if "signals" in filled:
        found += _ladder(filled["signals"], replications, _opening(filled.get("flows")))
    if "lineage" in filled and "lead_times" in filled:
        found += _parents(filled["lineage"], filled["lead_times"])
    return [one for one in found if one["rows"]]


def warnings_of(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each finding."""
    return [
        f"impossible result in table {one['table']}: {one['what']} ({one['rows']} rows, first: {_said(one['first'][0])})"
        for one in findings
    ]


def _said(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value:.6g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items())


def _finding(name: str, table: Columns, what: str, bad: Rows, measures: Sequence[str]) -> dict[str, Any]:
    keys = [column.name for column in TABLES[name].key]
    first = [{column: _cell(table, column, row) for column in (*keys, *measures)} for row in np.flatnonzero(bad)[:NAMED].tolist()]
    return {"table": name, "what": what, "rows": int(bad.sum()), "first": first}


def _cell(table: Columns, name: str, row: int) -> Any:
    column = table[name]
    if isinstance(column, Coded):
        return column.values[int(column.codes[row])]
    value = column[row].item()
    return value if np.isfinite(value) else str(value)  # JSON knows no infinity


def _over(value: Values, limit: Values) -> Rows:
    """Where a value passes a limit by more than rounding; what is missing passes none."""
    above: Rows = value > limit + RELATIVE * np.abs(limit) + ABSOLUTE
    return above


def _signs(name: str, table: Columns) -> Iterator[dict[str, Any]]:
    for column in TABLES[name].measures:
        if column.kind == "text" or column.name in SIGNED.get(name, ()):
            continue
        if name in UNSIGNED_DAYS and column.name not in UNSIGNED_DAYS[name]:
            continue
        values = numbers(table, column.name)
        dust = ABSOLUTE + RELATIVE * float(np.nanmax(np.abs(values), initial=0.0))
        yield _finding(name, table, f"{column.name} below zero", values < -dust, (column.name,))
        yield _finding(name, table, f"{column.name} is infinite", np.isinf(values), (column.name,))


def _shares(name: str, table: Columns) -> Iterator[dict[str, Any]]:
    for share in SHARES.get(name, ()):
        values = numbers(table, share)
        yield _finding(name, table, f"{share} above 1", _over(values, np.ones_like(values)), (share,))


Told = tuple[str, Rows, tuple[str, ...]]


def _recovery(table: Columns) -> Iterator[Told]:
    fed, contained, recovered = (numbers(table, name) for name in ("fed_kg", "contained_kg", "recovered_kg"))
    group = _groups(table, ("replication", "year", "origin", "plant", "metal"))
    made = np.bincount(group, contained).astype(np.float64)[group]
    yield "more metal in the products of a plant than in what it was fed", _over(made, fed), ("fed_kg", "contained_kg")
    yield "a product lighter than the metal in it", _over(contained, recovered), ("recovered_kg", "contained_kg")


def _collection(table: Columns) -> Iterator[Told]:
    came = numbers(table, "waiting_start_kg") + numbers(table, "offered_kg")
    ways = ("collected_kg", "retried_kg", "lost_kg", "waiting_end_kg")
    went = np.sum([numbers(table, name) for name in ways], axis=0)
    yield "a queue that does not close", _over(np.abs(came - went), RELATIVE * came), ("waiting_start_kg", "offered_kg", *ways)


def _plants(table: Columns) -> Iterator[Told]:
    group = _groups(table, ("replication", "plant"))
    intake, throughput = (np.bincount(group, numbers(table, name)).astype(np.float64) for name in ("intake_kg", "throughput_kg"))
    yield "more worked than ever taken in", _over(throughput, intake)[group], ("intake_kg", "throughput_kg")


def _market(table: Columns) -> Iterator[Told]:
    demand, shortfall = numbers(table, "demand_kg"), numbers(table, "shortfall_kg")
    yield "a shortfall above demand", _over(shortfall, demand), ("demand_kg", "shortfall_kg")


def _lead_times(table: Columns) -> Iterator[Told]:
    low, middle, high = (numbers(table, name) for name in ("days_p10", "days_p50", "days_p90"))
    yield "quantiles of days out of order", _over(low, middle) | _over(middle, high), ("days_p10", "days_p50", "days_p90")


def _lineage(table: Columns) -> Iterator[Told]:
    year, discarded = numbers(table, "year"), numbers(table, "discard_year")
    yield "metal recovered before the device was discarded", discarded > year, ("recovered_kg",)


def _nothing(_: Columns) -> Iterator[Told]:
    yield from ()


_LAWS = {
    "recovery": _recovery,
    "collection": _collection,
    "plants": _plants,
    "market": _market,
    "lead_times": _lead_times,
    "lineage": _lineage,
}


def _groups(table: Columns, names: Sequence[str]) -> NDArray[np.intp]:
    """Number of the group that each row belongs to."""
    number = np.zeros(length(table), dtype=np.int64)
    for name in names:
        _, codes = np.unique(rank(table[name]), return_inverse=True)
        _, number = np.unique(number * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    return number


def _ladder(signals: Columns, replications: int, opening: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Steps of the ladder, summed over countries and from the first year on: none may pass the one before it.

    In a single year one may, since it works off what earlier years left in yards, at borders and at sea.
    """
    found = ladder(signals, replications)
    sums = {step: np.cumsum(values[:, -1], axis=1) for step, values in found.values.items() if step.endswith("_kg")}
    start = np.array([opening.get(metal, 0.0) for metal in found.metals])[:, np.newaxis, np.newaxis]
    sums["in_waste_kg"] = sums["in_waste_kg"] + start
    for before, after in (("in_waste_kg", "collected_kg"), *NEXT_STEPS):
        bad = _over(sums[after], sums[before])
        first = [
            {
                "replication": replication,
                "year": found.years[year],
                "metal": found.metals[metal],
                before: float(sums[before][metal, year, replication]),
                after: float(sums[after][metal, year, replication]),
            }
            for metal, year, replication in np.argwhere(bad)[:NAMED].tolist()
        ]
        what = f"{after} above {before}, all countries, summed from the first year"
        yield {"table": "signals", "what": what, "rows": int(bad.sum()), "first": first}


def _opening(flows: Columns | None) -> dict[str, float]:
    """Opening stocks by substance, the largest of any replication [kg]."""
    if flows is None or "opening" not in words(flows, "source").values:
        return {}
    source, substance = words(flows, "source"), words(flows, "substance")
    rows = source.codes == source.values.index("opening")
    count = len(substance.values)
    cell = numbers(flows, "replication")[rows] * count + substance.codes[rows]
    sums = np.bincount(cell, numbers(flows, "mass_kg")[rows])
    whole = np.append(sums, np.zeros(-len(sums) % count)).reshape(-1, count).max(axis=0)
    return dict(zip(substance.values, whole.tolist(), strict=True))


def _parents(lineage: Columns, lead_times: Columns) -> Iterator[dict[str, Any]]:
    """Parents of a year and metal must sum to what lead times tell was recovered."""
    names = tuple(sorted({*words(lineage, "metal").values, *words(lead_times, "metal").values}))
    years = np.union1d(numbers(lineage, "year"), numbers(lead_times, "year"))

    def cells(table: Columns) -> NDArray[np.intp]:
        place = numbers(table, "replication") * np.intp(len(years)) + np.searchsorted(years, numbers(table, "year"))
        cell: NDArray[np.intp] = place * len(names) + words(table, "metal").codes_in(names)
        return cell

    cell = cells(lead_times)
    told = np.bincount(cells(lineage), numbers(lineage, "recovered_kg"), minlength=int(cell.max(initial=0)) + 1)
    traced = told[cell]
    metals = words(lineage, "metal").values
    children = np.array([name in metals for name in words(lead_times, "metal").values], dtype=bool)[
        words(lead_times, "metal").codes
    ]
    recovered = numbers(lead_times, "recovered_kg")
    bad = children & (np.abs(traced - recovered) > RELATIVE * recovered + ABSOLUTE)
    yield _finding("lead_times", lead_times, "parents of recovered metal do not sum to it", bad, ("recovered_kg",))
