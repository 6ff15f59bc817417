"""Metal that plants make of new scrap: the part of their other feed that is offcuts and sludge of manufacturing.

A stream of its own. It passes no yard and no ledger, since it is no waste of the countries modelled: it only uses
capacity. So its metals stand in a table apart, by the same transfer shares, and in no sum of recovery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR, Calendar
from sim.nodes.plant import Plant
from sim.results.tables import Columns, from_rows
from sim.scenario.schema import ScenarioSpec


def new_scrap(recorded: Mapping[str, Any], plants: Mapping[str, Plant], calendar: Calendar, spec: ScenarioSpec) -> Columns:
    """Table `new_scrap` of one replication; `recorded` is the recorder's table of plants."""
    year = calendar.start + np.asarray(recorded["month"], dtype=np.int64) // MONTHS_PER_YEAR
    name, kg = np.asarray(recorded["plant"], dtype=object), recorded["background_kg"]
    rows: list[tuple[object, ...]] = []
    for each in spec.plants:
        share = each.new_scrap_share
        if share is None:
            continue
        plant, here = plants[each.name], name == each.name
        for when in np.unique(year[here & (kg > 0.0)]).tolist():
            fed_kg = kg[here & (year == when)].sum() * share.at(when + 0.5) * _contents(plant, when, list(spec.substances))
            rows += _rows(plant, when, fed_kg, spec)
    return from_rows("new_scrap", rows)


def _contents(plant: Plant, year: int, substances: list[str]) -> NDArray[np.float64]:
    """Contents of one kilogram of new scrap by input and substance; the rest of its mass is not told."""
    inputs = plant.process.table(year).inputs
    contents = np.zeros((len(inputs), len(substances)))
    for source, shares in plant.process.spec.new_scrap.items():
        for substance, share in shares.items():
            contents[inputs.index(source), substances.index(substance)] = share.at(year + 0.5)
    return contents


def _rows(plant: Plant, year: int, fed_kg: NDArray[np.float64], spec: ScenarioSpec) -> Iterator[tuple[object, ...]]:
    """Rows of a plant and year, in the order of the table's head."""
    table, whole_kg = plant.process.table(year), fed_kg.sum(axis=0)
    made_kg = table.divide(fed_kg)
    for output, form in enumerate(table.outputs):
        for column, (metal, substance) in enumerate(spec.substances.items()):
            kg = float(made_kg[output, column])
            if kg > 0.0 and form in plant.process.forms:
                # element per mass of its oxide
                recovered_kg = kg / substance.oxide_factor.value if form.endswith("_oxide") else kg
                head = (year, plant.name, plant.process.name, metal, form, plant.identity.owner, plant.identity.available_to)
                yield (*head, plant.country, float(whole_kg[column]), recovered_kg, kg)
