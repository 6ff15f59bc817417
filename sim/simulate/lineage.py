"""Where recovered metal came from: what was recovered of a treated tag, divided over what that tag took in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ConservationError
from sim.engine.tags import Origin
from sim.nodes.arisings import Arisings
from sim.results.tables import Columns, from_columns
from sim.scenario.schema import ScenarioSpec

Parent = tuple[str, str, int]  # zone, channel, year of discard


def lineage(
    recorded: Mapping[str, Mapping[str, Any]], origins: Sequence[Origin], arisings: Arisings, spec: ScenarioSpec
) -> Columns:
    """Table `lineage` of headline metals; parents of a plant, year and metal sum to what it recovered.

    A treated tag (country, dismantling plant, year) mixes what the plant took in that year. Its metal is divided by the
    metal content of each intake: kilograms times the composition of (country, group, year of discard).

    Raises
    ------
    ConservationError
        If metal was recovered of a tag that took nothing in.
    """
    out = recorded["lineage_out"]
    wanted = {name for name, substance in spec.substances.items() if substance.headline}
    children: defaultdict[tuple[int, str, str], list[tuple[int, float]]] = defaultdict(list)
    for tag, metal, plant, year, kg in zip(out["tag"], out["metal"], out["plant"], out["year"], out["kg"].tolist(), strict=True):
        if metal in wanted and kg > 0.0:
            children[year, metal, plant].append((tag, kg))
    parents, shares = _intakes(recorded["lineage_intake"], origins, arisings)
    column = {substance: index for index, substance in enumerate(arisings.substances)}
    keys, rows, masses = sorted(children), [], []
    for key in keys:
        kg = np.zeros(len(parents))
        for tag, recovered in children[key]:
            if tag not in shares:
                raise ConservationError(
                    f"lineage: {key[2]} recovered {recovered:.3g} kg of {key[1]} from {origins[tag]}, which took nothing in"
                )
            held, share = shares[tag]
            kg[held] += recovered * share[:, column[key[1]]]
        rows.append(np.flatnonzero(kg))
        masses.append(kg[rows[-1]])
    return _columns(keys, parents, rows, masses)


def _intakes(
    intake: Mapping[str, Any], origins: Sequence[Origin], arisings: Arisings
) -> tuple[list[Parent], dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]]]:
    """All parents in order, and for each tag the numbers of its parents and their share of each substance, summing to 1."""
    country = {name: index for index, name in enumerate(arisings.countries)}
    group = {name: index for index, name in enumerate(arisings.groups)}
    first, last = arisings.calendar.start, arisings.calendar.end
    content: defaultdict[int, dict[Parent, NDArray[np.float64]]] = defaultdict(dict)
    cells = zip(
        intake["tag"],
        intake["zone"],
        intake["channel"],
        intake["discard_year"],
        intake["group"],
        intake["kg"].tolist(),
        strict=True,
    )
    for tag, zone, channel, year, kind, kg in cells:
        shares = arisings.composition[country[origins[tag].country], group[kind], min(max(year, first), last) - first]
        parent = (zone, channel, year)
        # mass after the substances: it divides metals that the composition does not hold
        amounts = np.append(kg * shares, kg)
        content[tag][parent] = content[tag][parent] + amounts if parent in content[tag] else amounts
    parents = sorted({parent for held in content.values() for parent in held})
    number = {parent: index for index, parent in enumerate(parents)}
    return parents, {tag: (np.array([number[parent] for parent in held]), _divided(held)) for tag, held in content.items()}


def _divided(held: Mapping[Parent, NDArray[np.float64]]) -> NDArray[np.float64]:
    amounts = np.array(list(held.values()))
    substances, mass = amounts[:, :-1], amounts[:, -1:]
    total = substances.sum(axis=0)
    known = total > 0.0
    divided: NDArray[np.float64] = np.where(known, substances / np.where(known, total, 1.0), mass / mass.sum())
    return divided


def _columns(
    keys: Sequence[tuple[int, str, str]],
    parents: Sequence[Parent],
    rows: Sequence[NDArray[np.int64]],
    masses: Sequence[NDArray[np.float64]],
) -> Columns:
    counts = [len(found) for found in rows]
    row = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    key = np.repeat(np.arange(len(keys)), counts)
    zones, channels, years = (np.array(column, dtype=object) for column in zip(*parents, strict=True)) if parents else _NO_PARENTS
    metals, plants = np.array([metal for _, metal, _ in keys], dtype=object), np.array([plant for *_, plant in keys], dtype=object)
    return from_columns(
        "lineage",
        {
            "year": np.array([year for year, _, _ in keys], dtype=np.int64)[key],
            "metal": metals[key],
            "plant": plants[key],
            "zone": zones[row],
            "channel": channels[row],
            "discard_year": years[row],
            "recovered_kg": np.concatenate([np.zeros(0), *masses]),
        },
    )


_NO_PARENTS = (np.zeros(0, dtype=object),) * 3
