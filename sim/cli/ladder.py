"""The headline ladder as a small table for a terminal."""

from __future__ import annotations

from typing import Any

from sim.core.units import KG_PER_T

STEPS = {"in_waste_kg": "in waste", "collected_kg": "collected", "separated_kg": "separated", "refined_kg": "refined"}
FOR = "JPN"  # the country whose industry the last two columns are about


def ladder_text(summary: dict[str, Any]) -> str:
    """Medians of the headline metals in the first, middle and last year; what is refined with its 10-90 % range."""
    years = summary["years"]
    chosen = sorted({0, len(years) // 2, len(years) - 1}) if years else []
    head = ("metal", "year", *STEPS.values(), "10-90 %", f"to {FOR}", "of demand")
    rows = [
        (metal, str(years[index]), *_cells(summary["ladder"][metal], index)) for metal in summary["headline"] for index in chosen
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    note = f"All countries, contained element, median of {summary['replications']} replications."
    if summary.get("draws") == 1:
        note += " The uncertain inputs were drawn once: the range holds chance alone."
    return "\n".join([note, *lines])


def _cells(countries: dict[str, Any], index: int) -> tuple[str, ...]:
    steps = countries["ALL"]
    medians = [mass(_value(steps, step, "p50", index)) for step in STEPS]
    low, high = (mass(_value(steps, "refined_kg", name, index)) for name in ("p10", "p90"))
    own = countries.get(FOR, {})
    share = _value(own, "demand_met_share", "p50", index)
    met = "-" if share is None else f"{100.0 * share:.2g} %"
    return (*medians, f"{low} - {high}", mass(_value(own, "available_kg", "p50", index)), met)


def _value(steps: dict[str, Any], step: str, statistic: str, index: int) -> float | None:
    values = steps.get(step)
    found: float | None = values[statistic][index] if values else None
    return found


def mass(kg: float | None) -> str:
    """Kilograms with three digits, in t from 1 t on."""
    if kg is None:
        return "-"
    amount, unit = (kg / KG_PER_T, "t") if kg >= KG_PER_T else (kg, "kg")
    return f"{amount:,.0f} {unit}" if amount >= 100.0 or amount == 0.0 else f"{amount:.3g} {unit}"
