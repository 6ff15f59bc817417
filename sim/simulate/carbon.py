"""Carbon and energy: of every stage of the chain, and of primary production of as much metal."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import Any

from sim.core.quantity import Quantity
from sim.results.tables import Columns, from_columns, from_rows, numbers, texts
from sim.scenario.schema import ScenarioSpec

ELECTRICITY, PROCESS, SEA = "energy", "process", "sea"


def emissions(cells: Mapping[str, Any], spec: ScenarioSpec) -> Columns:
    """Table `emissions`: what was recorded, and the energy behind it.

    Emissions over those of a kWh of what was used: electricity of the country's grid, fuel of trucks, fuel of ships.
    """
    market = spec.market
    rows = zip(cells["country"], cells["stage"], cells["item"], cells["year"], cells["kgco2e"].tolist(), strict=True)
    energy = []
    for country, stage, item, year, kg in rows:
        if item == ELECTRICITY:
            per_kwh = market.grid_co2_kg_per_kwh.get(country)
        elif item == PROCESS:
            per_kwh = None
        else:
            per_kwh = market.fuel_co2_kg_per_kwh.get("sea" if stage == SEA else "road")
        energy.append(_over(kg, per_kwh, year + 0.5))
    return from_columns("emissions", {**cells, "energy_kwh": energy})


def _over(kg: float, per_kwh: Quantity | None, year: float) -> float:
    factor = per_kwh.at(year) if per_kwh is not None else 0.0
    return kg / factor if factor > 0.0 else nan


def primary(signals: Columns, spec: ScenarioSpec) -> Columns:
    """Table `primary`: burdens of primary metal for what was refined, missing where no figure is known."""
    keys = zip(numbers(signals, "year").tolist(), texts(signals, "country"), texts(signals, "metal"), strict=True)
    rows = []
    for (year, country, metal), kg in zip(keys, numbers(signals, "refined_kg").tolist(), strict=True):
        if metal in spec.substances and kg > 0.0:
            tables = (spec.market.primary_co2_kg_per_kg, spec.market.primary_energy_kwh_per_kg)
            burdens = (kg * table[metal].at(year + 0.5) if metal in table else nan for table in tables)
            rows.append((year, country, metal, kg, *burdens))
    return from_rows("primary", rows)
