"""Households: goods that enter homes, new or used, and leave them again; in numpy, without events and without chance.

put-on-market -> cohorts with Weibull residence -> discards -> exports for reuse -> used imports of another country -> discards
there. Everything that travels with devices (kg, units, units with a magnet, kg of metals that depend on the year of sale) is one
column of the same convolution, so that it closes by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.lifetime import Discretisation
from sim.nodes.behaviour import Behaviour
from sim.nodes.cohorts import discards_by_year, month_kernel
from sim.nodes.contents import Contents, varying_sold
from sim.nodes.country_spec import CountrySpec
from sim.nodes.drawers import Phase
from sim.nodes.later_lives import Change, change_of, change_of_used
from sim.nodes.panel import BASE_YEAR, Panel
from sim.nodes.put_on_market import reconstruct

Vector = NDArray[np.float64]

KG, UNITS, WITH_MAGNET, SALE_YEAR, FIRST_VARYING = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Streams:
    """New and used goods as they enter homes and leave them.

    sold, used, discarded, used_discarded : (countries, products, years, columns); the columns are kg, units, units with a
        magnet, kg x year of sale, and kg of the substances that depend on the year of sale.
    kernel, used_kernel : share of what entered in one year that leaves with the habits of the base year, (countries, products,
        years of age, 12).
    changes : what later habits move, by row of the country.
    """

    sold: Vector
    used: Vector
    discarded: Vector
    used_discarded: Vector
    kernel: Vector
    used_kernel: Vector
    changes: Mapping[int, Change]


def streams_of(
    panel: Panel,
    countries: Mapping[str, CountrySpec],
    contents: Contents,
    behaviour: Behaviour,
    parts: Sequence[Phase],
    method: Discretisation,
) -> Streams:
    """New goods of exporters first, then what they export for reuse, then new goods of importers net of it.

    Only electrical equipment that an exporter bought new is followed into another country; used goods exported a second time,
    vehicles and machines go outside.
    """
    kernel = residence_kernel(panel, parts, method)
    by_age = kernel.sum(axis=3)
    importers = behaviour.importers
    zero = np.zeros(len(panel.countries))
    sold = _sold(panel, contents, reconstruct(panel, countries, by_age, zero, ~importers))
    discarded = np.zeros_like(sold)
    discarded[~importers] = discards_by_year(sold[~importers], by_age[~importers])
    changes = _move(panel, behaviour, parts, method, by_age, sold, discarded, ~importers)
    if not importers.any():
        return Streams(sold, np.zeros_like(sold), discarded, np.zeros_like(sold), kernel, kernel, changes)
    followed = behaviour.exported_share * panel.headline[:, np.newaxis]
    exported = discarded * followed[..., np.newaxis]
    used = np.einsum("ab,apyk->bpyk", behaviour.destination_share, exported)
    used_kernel = month_kernel(panel.shape, behaviour.second_life_share * panel.scale_years, len(panel.years), method)
    used_discarded = np.zeros_like(sold)
    used_discarded[importers] = discards_by_year(used[importers], used_kernel[importers].sum(axis=3))
    for row in np.flatnonzero(importers).tolist():
        if row in behaviour.later:
            habits = behaviour.later[row]
            moved = change_of_used(habits.second, habits.first, used_kernel[row].sum(axis=2), used[row, ..., KG])
            used_discarded[row, :, habits.first :] += moved.discards(used[row])
    used_base_kg = (used_discarded[:, :, panel.at(BASE_YEAR), KG] * panel.headline).sum(axis=1)
    pom = reconstruct(panel, countries, by_age, used_base_kg, importers)
    sold[importers] = _sold(panel, contents, pom)[importers]
    discarded[importers] = discards_by_year(sold[importers], by_age[importers])
    changes |= _move(panel, behaviour, parts, method, by_age, sold, discarded, importers)
    return Streams(sold, used, discarded, used_discarded, kernel, used_kernel, changes)


def _move(
    panel: Panel,
    behaviour: Behaviour,
    parts: Sequence[Phase],
    method: Discretisation,
    by_age: Vector,
    sold: Vector,
    discarded: Vector,
    chosen: NDArray[np.bool_],
) -> dict[int, Change]:
    """Let later habits move discards of chosen countries, in place; return what was moved by row."""
    changes = {}
    years = len(panel.years)
    for row, habits in behaviour.later.items():
        if not chosen[row]:
            continue
        kernels = [
            by_age[row]
            if (part.end[row] == 1.0).all() and all((each.end[row] == 1.0).all() for each in parts)
            else month_kernel(panel.shape[[row]], (panel.scale_years * part.end)[[row]], years, method)[0].sum(axis=2)
            for part in parts
        ]
        changes[row] = change_of(habits, parts, row, kernels, sold[row, ..., KG])
        discarded[row, :, habits.first :] += changes[row].discards(sold[row])
    return changes


def residence_kernel(panel: Panel, parts: Sequence[Phase], method: Discretisation) -> Vector:
    """Share of sales discarded by age and month; on the `use` basis a mixture over the kinds of device."""
    years = len(panel.years)
    if all((part.end == 1.0).all() for part in parts):
        return month_kernel(panel.shape, panel.scale_years, years, method)
    mixed = np.zeros((*panel.shape.shape, years, 12))
    for part in parts:
        mixed += part.weight[:, :, np.newaxis, np.newaxis] * month_kernel(panel.shape, panel.scale_years * part.end, years, method)
    return mixed


def _sold(panel: Panel, contents: Contents, pom_kg: Vector) -> Vector:
    """Columns that travel with new goods."""
    units = pom_kg / panel.unit_mass_kg
    fixed = np.stack((pom_kg, units, units * contents.magnet_share, pom_kg * panel.years), axis=-1)
    return np.concatenate((fixed, varying_sold(contents, pom_kg)), axis=-1)
