"""The headline ladder: from waste to the share of Japan's demand, with intervals, at chosen years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.report.chart import Column, Row, Table, as_row, joined
from sim.report.context import FOCUS_COUNTRY, Context
from sim.report.drawing import capital

# Step of `summary.json`, whose country it is told for, and the topic of its assumptions.
STEPS = (
    ("in_waste_kg", "ALL", "arisings"),
    ("collected_kg", "ALL", "collection"),
    ("separated_kg", "ALL", "processes"),
    ("refined_kg", "ALL", "plants"),
    ("available_kg", FOCUS_COUNTRY, "borders"),
    ("demand_met_share", FOCUS_COUNTRY, "market"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: what it is called, its median and interval in words, how long its bar is, and where its assumptions are."""

    label: str
    middle: str
    interval: str
    part: float
    topic: str
    share: bool


@dataclass(frozen=True, slots=True)
class Card:
    """The rungs of one metal in one year."""

    metal: str
    symbol: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The cards shown for one choice of metals and year."""

    key: str
    shown: bool
    cards: tuple[Card, ...]


def step_names(context: Context) -> dict[str, str]:
    """The rungs in words."""
    say = context.say
    return {
        "in_waste_kg": say("in waste"),
        "collected_kg": say("collected formally"),
        "separated_kg": say("separated"),
        "refined_kg": say("refined"),
        "available_kg": say("available to Japan"),
        "demand_met_share": say("share of Japan's demand"),
    }


def statistics(context: Context, metal: str, step: str, year: int) -> dict[str, float] | None:
    """Statistics of one rung; none if the summary does not tell it."""
    country = next(where for name, where, _ in STEPS if name == step)
    ladder: Mapping[str, Any] = context.run.summary.get("ladder") or {}
    told = ((ladder.get(metal) or {}).get(country) or {}).get(step)
    years = [int(y) for y in context.run.summary.get("years") or context.years]
    if not isinstance(told, dict) or year not in years:
        return None
    place = years.index(year)
    found = {key: float(values[place]) for key, values in told.items() if isinstance(values, list) and values[place] is not None}
    return found if {"p10", "p50", "p90"} <= set(found) else None


def panels(context: Context) -> tuple[Panel, ...]:
    """Panels for every choice: headline metals or the others, and the year."""
    if not context.run.summary.get("ladder"):
        return ()
    sets = {"main": context.headline, "more": tuple(metal for metal in context.metals if metal not in context.headline)}
    return tuple(
        Panel(joined(key, year), (key, year) == ("main", context.year), tuple(_card(context, metal, year) for metal in metals))
        for key, metals in sets.items()
        for year in context.chosen
        if metals
    )


def worked_off(context: Context) -> bool:
    """Whether more of a headline metal is refined in the year shown first than is separated: stocks of before are worked off."""
    for metal in context.headline:
        made, fed = (statistics(context, metal, step, context.year) for step in ("refined_kg", "separated_kg"))
        if made and fed and made["p50"] > fed["p50"]:
            return True
    return False


def _card(context: Context, metal: str, year: int) -> Card:
    names = step_names(context)
    waste = statistics(context, metal, "in_waste_kg", year)
    whole = waste["p50"] if waste else 0.0
    steps = []
    for step, _, topic in STEPS:
        told = statistics(context, metal, step, year)
        share = step == "demand_met_share"
        label = context.say("of Japan's demand") if share else names[step]
        if told is None:
            steps.append(Step(label, "–", "", 0.0, topic, share))
            continue
        middle = context.say.share(told["p50"]) if share else context.say.mass(told["p50"])
        interval = (
            context.say.shares(told["p10"], told["p90"]) if share else context.say.masses(told["p10"], told["p90"], told["p50"])
        )
        part = told["p50"] if share else (told["p50"] / whole if whole else 0.0)
        steps.append(Step(label, middle, interval, min(1.0, max(0.0, part)), topic, share))
    return Card(capital(context.names.metal(metal)), metal, tuple(steps))


def table(context: Context) -> Table:
    """The ladder of all metals and chosen years as a table."""
    names = step_names(context)
    rows: list[Row] = []
    for metal in context.metals:
        for year in context.chosen:
            for step, _, _ in STEPS:
                told = statistics(context, metal, step, year)
                if told is not None:
                    unit = context.say("share") if step == "demand_met_share" else "kg"
                    rows.append(as_row(metal, str(year), names[step], unit, *(told[p] for p in ("p10", "p50", "p90"))))
    heads: Sequence[str] = (context.say("Metal"), context.say("Year"), context.say("Step"), context.say("Unit"))
    write: Callable[[float], str] = context.say.number
    return Table((*(Column(head) for head in heads), *(Column(p, write) for p in ("p10", "p50", "p90"))), tuple(rows), 4)
