"""What held each metal up in each year: the place that held most of it for its throughput."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.core.calendar import DAYS_PER_YEAR
from sim.results.tables import Columns, from_rows, numbers, texts
from sim.scenario.schema import ScenarioSpec
from sim.simulate.books import YearBooks

MATERIAL_SHARE = 0.01  # a place that holds less than this share of a year's collected metal holds nothing of weight


def bottlenecks(books: YearBooks, tables: Mapping[str, Columns], spec: ScenarioSpec) -> Columns:
    """Table `bottlenecks`: of the places that hold a material amount, the one with most days of its own throughput.

    A place counts as holding for a year at most, so a closed border and a full yard rank by what they hold.
    """
    collected = _collected(tables["signals"])
    utilisation = _utilisation(tables["plants"], spec)
    rows: list[tuple[object, ...]] = []
    for year in sorted({year for year, _ in books.held}):
        resources = sorted(resource for held_in, resource in books.held if held_in == year)
        for index, metal in enumerate(spec.substances):
            worst = (0.0, 0.0, "none")
            for resource in resources:
                held = float(books.held[year, resource][index])
                if held > MATERIAL_SHARE * collected.get((year, metal), 0.0):
                    days = DAYS_PER_YEAR * held / max(float(books.left[year, resource][index]), held)
                    worst = max(worst, (days, held, resource))
            days, held, resource = worst
            rows.append((year, metal, resource, held, days, utilisation.get((year, resource), np.nan)))
    return from_rows("bottlenecks", rows)


def _collected(signals: Columns) -> dict[tuple[int, str], float]:
    """Collected metal by year, all countries [kg]."""
    sums: dict[tuple[int, str], float] = {}
    years, kg = numbers(signals, "year").tolist(), numbers(signals, "collected_kg").tolist()
    for year, metal, amount in zip(years, texts(signals, "metal"), kg, strict=True):
        sums[year, metal] = sums.get((year, metal), 0.0) + amount
    return sums


def _utilisation(plants: Columns, spec: ScenarioSpec) -> dict[tuple[int, str], float]:
    """Mean monthly utilisation of the plants behind a yard, by year and resource."""
    yard = {plant.name: f"yard: {plant.process}" for plant in spec.plants}
    years, shares = numbers(plants, "year").tolist(), numbers(plants, "utilisation_share").tolist()
    listed: dict[tuple[int, str], list[float]] = {}
    for year, plant, share in zip(years, texts(plants, "plant"), shares, strict=True):
        if not np.isnan(share):
            listed.setdefault((year, yard[plant]), []).append(share)
    return {key: float(np.mean(values)) for key, values in listed.items()}
