"""A part of the report for each country: its figures, the evidence behind them, and what to measure next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from sim.report.chart import Column, Row, Table, as_row
from sim.report.context import Context, between
from sim.report.evidence import PART, web
from sim.report.reading import Vector
from sim.study.uncertainty import deciding, draw_means

STEPS = ("in_waste_kg", "collected_kg", "separated_kg", "refined_kg", "available_kg")
MOST_OPEN = 6
_PATH = re.compile(r"\{\s*\"?\d")
_COUNTRY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Input:
    """One uncertain input of a country: its range, grade and source."""

    key: str
    value: str
    unit: str
    low: float
    high: float
    grade: str
    source: str
    addresses: tuple[str, ...]

    @property
    def width(self) -> float:
        """How wide the range is: its length over its larger end."""
        return (self.high - self.low) / max(abs(self.low), abs(self.high))

    @property
    def constant(self) -> bool:
        """Whether it is the same in all years; the range of a path is partly its course."""
        return not _PATH.match(self.value)


@dataclass(slots=True)
class Known:
    """What the run knows of a country: grades of all its inputs, and those that are uncertain."""

    grades: Counter[str] = field(default_factory=Counter)
    inputs: dict[str, Input] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Country:
    """The part of one country."""

    code: str
    name: str
    summary: str
    sentences: tuple[str, ...]
    table: Table
    grades: tuple[tuple[str, int], ...]
    decided: bool
    next: tuple[Input, ...]


def countries(context: Context) -> tuple[Country, ...]:
    """Every country that throws something away, in alphabetical order."""
    run = context.run
    if not run.has("arisings"):
        return ()
    codes = sorted({str(code) for code in run.labels("arisings", "country")}, key=context.names.country)
    known = _known(context, codes)
    return tuple(_country(context, code, known[code]) for code in codes)


def _country(context: Context, code: str, known: Known) -> Country:
    say, year = context.say, context.year
    ranked = _standing(context, code, known)
    chosen = ranked or _least_certain(known.inputs.values())
    sentences = (*_told(context, code),)
    return Country(
        code,
        context.names.country(code),
        sentences[0] if sentences else say("nothing gathered in {year}", year=year),
        sentences[1:],
        _table(context, code),
        tuple(sorted(known.grades.items())),
        bool(ranked),
        tuple(chosen[:MOST_OPEN]),
    )


def _told(context: Context, code: str) -> list[str]:
    """What the country throws away and collects, and what becomes of its headline metals."""
    say, run, year = context.say, context.run, context.year
    where: dict[str, list[Any]] = {"country": [code], "year": [year]}
    waste = sum(run.mean("arisings", ("country",), "mass_kg", where=where).values())
    told = [say("{mass} discarded in {year}", mass=say.mass(waste), year=year)]
    steps = {s: run.each("signals", ("metal",), f"{s}_kg", where=where) for s in ("in_waste", "collected", "refined")}
    for metal in context.headline:
        sums = {step: values.get((metal,)) for step, values in steps.items()}
        if sums["in_waste"] is None or not sums["in_waste"].any():
            continue
        rates = [_share(sums[step], sums["in_waste"]) for step in ("collected", "refined")]
        told.append(
            say(
                "{metal} in waste: {collected} collected by formal channels ({first}), {refined} recovered ({second})",
                metal=context.names.metal(metal),
                collected=say.share(rates[0][1]),
                first=say.shares(rates[0][0], rates[0][2]),
                refined=say.share(rates[1][1]),
                second=say.shares(rates[1][0], rates[1][2]),
            )
        )
    return told


def _share(part: Vector | None, whole: Vector) -> tuple[float, float, float]:
    """p10, p50 and p90 of a share."""
    if part is None:
        return 0.0, 0.0, 0.0
    low, middle, high = between(np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0).tolist(), (0.1, 0.5, 0.9))
    return low, middle, high


def _table(context: Context, code: str) -> Table:
    """The ladder of the country in the year shown first, with intervals."""
    say, ladder = context.say, context.run.summary.get("ladder") or {}
    years = [int(y) for y in context.run.summary.get("years") or context.years]
    names = (say("in waste"), say("collected formally"), say("separated"), say("refined"), say("available to its industry"))
    rows = list[Row]()
    for metal in context.headline:
        told: Mapping[str, Any] = (ladder.get(metal) or {}).get(code) or {}
        found = [[_at(told, step, p, years, context.year) for p in ("p10", "p50", "p90")] for step in STEPS]
        if any(isfinite(values[1]) for values in found):
            rows.append(as_row(context.names.metal(metal), *(_cell(context, values) for values in found)))
    return Table((Column(say("In {year}", year=context.year)), *(Column(name) for name in names)), tuple(rows))


def _cell(context: Context, values: list[float]) -> str:
    """Median with p10 to p90."""
    say, (low, middle, high) = context.say, values
    if not isfinite(middle):
        return "–"
    if not high:
        return "0"
    return say("{median} ({interval})", median=say.mass(middle), interval=say.masses(low, high, middle))


def _at(told: Mapping[str, Any], step: str, statistic: str, years: list[int], year: int) -> float:
    values = (told.get(step) or {}).get(statistic)
    value = values[years.index(year)] if values and year in years else None
    return float("nan") if value is None else float(value)


def _known(context: Context, codes: Iterable[str]) -> dict[str, Known]:
    """Inputs by country: those whose key names the country, one of its zones or one of its plants."""
    run = context.run
    found = {code: Known() for code in codes}
    if not run.has("assumptions"):
        return found
    homes = {
        zone: str(row["country"]) for zone, row in run.entries("zones").items() if isinstance(row, dict) and row.get("country")
    }
    if run.has("recovery"):
        homes |= {str(plant): str(country) for plant, country in run.mean("recovery", ("plant", "plant_country"), "fed_kg")}
    table = run.table("assumptions")
    columns = (table.texts(name) for name in ("key", "value", "unit", "low", "high", "grade", "source", "address"))
    for key, value, unit, low, high, grade, source, address in zip(*columns, strict=True):
        for code in {homes.get(part.strip('"'), part) for part in PART.findall(key)} & found.keys():
            mine = found[code]
            mine.grades[grade] += 1
            ends = _number(low), _number(high)
            if ends[0] < ends[1]:
                mine.inputs[key] = Input(key, value, unit, *ends, grade, source, web(address))
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _standing(context: Context, code: str, known: Known) -> list[Input]:
    """Uncertain inputs of the country that its recovered metal clearly goes with, strongest first."""
    run, metal = context.run, context.headline[0]
    if not known.inputs or not run.has("inputs"):
        return []
    keys, draws = run.table("inputs").coded("key"), run.table("inputs").coded("draw")
    mine = np.array([label in known.inputs for label in keys.labels])[keys.codes]
    count = len(set(draws.codes.tolist()))
    codes = keys.codes[mine]
    if not len(codes) or len(codes) % count:
        return []
    named = sorted(set(codes.tolist()))
    place = {label: i for i, label in enumerate(named)}
    drawn = np.zeros((count, len(named)))
    drawn[draws.codes[mine], [place[c] for c in codes.tolist()]] = run.table("inputs").numbers("u")[mine]
    kg = run.each("signals", ("metal",), "refined_kg", where={"country": [code], "metal": [metal]}).get((metal,))
    if kg is None:
        return []
    repeats = max(1, -(-run.replications // count))
    told = deciding(drawn, tuple(str(keys.labels[c]) for c in named), draw_means(np.asarray(kg), repeats))
    if told is None:
        return []
    return [known.inputs[key] for key, out in zip(told.keys, told.stands_out, strict=True) if out]


def _least_certain(inputs: Iterable[Input]) -> list[Input]:
    """The widest of each kind of constant input, worst grade first; inputs that differ only in place are of one kind."""
    kinds: dict[str, Input] = {}
    for one in inputs:
        if not one.constant:
            continue
        parts = PART.findall(one.key)
        kind = ".".join(part for part in parts if not (_COUNTRY.fullmatch(part) or "-" in part or part.startswith('"')))
        if kind not in kinds or one.width > kinds[kind].width:
            kinds[kind] = one
    return sorted(kinds.values(), key=lambda one: (one.grade != "D", -round(one.width, 6), one.key))
