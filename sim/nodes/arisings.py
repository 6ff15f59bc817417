"""Arisings: what homes and firms hand over, from specs to arrays; read by collection and by the result tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import Calendar
from sim.core.lifetime import MONTHS
from sim.nodes.behaviour import Behaviour, behaviour_of, behaviour_warnings
from sim.nodes.cohorts import discards_by_month
from sim.nodes.contents import OTHER, Contents, contents_of, substances_of
from sim.nodes.country_spec import CountrySpec
from sim.nodes.drawers import Phase, phases, phases_warnings, stocks_at_year_ends
from sim.nodes.households import FIRST_VARYING, KG, SALE_YEAR, UNITS, WITH_MAGNET, Streams, streams_of
from sim.nodes.panel import FIRST_SALE_YEAR, Panel, Scope, panel_of
from sim.nodes.product_spec import CountryProductSpec, GroupSpec, ProductSpec

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arisings:
    """Arisings of every country, by month of the run and with what they are made of.

    A device is *discarded* when its residence ends: it has left the drawer and its last owner. Of what is discarded a part is
    exported for reuse; the rest is *offered*. So discarded = offered + exported for reuse, in every country, group and year.

    offered_kg : [country, group, month of run].
    composition : [country, group, year of run, substance], shares of what is offered that year, summing to 1
        (all `other` where nothing is offered).
    discarded_units, discarded_kg : [country, product, year of run].
    exported_for_reuse_kg : [country, group, year of run].
    units_with_magnet_share : [country, product, year of run], share of discarded units that hold an NdFeB magnet.
    put_on_market_kg : [country, product, year of `pom_years`], new goods; used imports are not among them.
    sold_per_discarded : [country, group, year of run], units put on the market over units discarded.
    in_use_kg, second_life_kg, hoarded_kg : [country, group, year of run], stocks at homes at the end of the year: with a first
        owner, with a second owner (used imports among them), in drawers. They sum to all that was sold or imported and has
        not been discarded.
    discarded_substances_kg : [country, group, year of run, substance], exports for reuse included.
    resold_kg : [country, group, year of run], what finds a second owner at home in the year: the stock with second owners over
        the mean time they have a device.
    exported_age_years : [country, group, year of run], mean age of what is exported for reuse; 0 where nothing is.
    warnings : what a reader should know, one sentence each.
    """

    countries: tuple[str, ...]
    groups: tuple[str, ...]
    products: tuple[str, ...]
    substances: tuple[str, ...]
    calendar: Calendar
    offered_kg: Vector
    composition: Vector
    discarded_units: Vector
    discarded_kg: Vector
    exported_for_reuse_kg: Vector
    units_with_magnet_share: Vector
    put_on_market_kg: Vector
    pom_years: tuple[int, ...]
    sold_per_discarded: Vector
    in_use_kg: Vector
    second_life_kg: Vector
    hoarded_kg: Vector
    discarded_substances_kg: Vector
    resold_kg: Vector
    exported_age_years: Vector
    warnings: tuple[str, ...]


def build_arisings(
    countries: Mapping[str, CountrySpec],
    products: Mapping[str, ProductSpec],
    country_products: Mapping[str, Mapping[str, CountryProductSpec]],
    groups: Mapping[str, GroupSpec],
    substances: Iterable[str],
    scope: Scope,
    calendar: Calendar,
) -> Arisings:
    """Reconstruct sales, age them, and say what homes offer in every month of the run.

    Done once per scenario and draw. Ranges stand for their mode: pass drawn specs for a draw.

    Raises
    ------
    WiringError
        Specs are valid one by one but do not fit together; each fault names its key path.
    """
    panel = panel_of(countries, products, country_products, groups, scope, calendar.end)
    contents = contents_of(panel, products, country_products, tuple(substances))
    behaviour = behaviour_of(panel, countries)
    parts = phases_of(panel, behaviour)
    streams = streams_of(panel, countries, contents, behaviour, parts, scope.discretisation)
    drawers = phases_warnings(parts, behaviour.hoarded_years, panel)
    warnings = (*contents.warnings, *drawers, *behaviour_warnings(panel, behaviour))
    return _arisings(panel, contents, behaviour, parts, streams, calendar, warnings)


def phases_of(panel: Panel, behaviour: Behaviour) -> list[Phase]:
    """Kinds of device (plain, hoarded, reused) and when their phases end."""
    residence = np.array([1.0 if basis == "residence" else 0.0 for basis in panel.basis])
    return phases(
        behaviour.hoarded_share,
        behaviour.hoarded_years,
        behaviour.reused_share,
        behaviour.second_life_share,
        panel.mean_years,
        residence,
    )


def _arisings(
    panel: Panel,
    contents: Contents,
    behaviour: Behaviour,
    parts: Sequence[Phase],
    streams: Streams,
    calendar: Calendar,
    warnings: tuple[str, ...],
) -> Arisings:
    """Sum products to groups and cut out the years of the run."""
    first, count = calendar.start - FIRST_SALE_YEAR, len(calendar.years)
    run = slice(first, first + count)
    total = streams.discarded[:, :, run] + streams.used_discarded[:, :, run]
    exported_share = behaviour.exported_share[:, :, run]
    metals = substances_of(contents, total[..., KG], total[..., FIRST_VARYING:])
    second, drawer, at_home = _stocks(panel, parts, streams, first, count)
    return Arisings(
        countries=panel.countries,
        groups=panel.groups,
        products=panel.products,
        substances=contents.substances,
        calendar=calendar,
        offered_kg=_by_group(panel, _monthly(behaviour, streams, first, count) * (1.0 - np.repeat(exported_share, MONTHS, axis=2))),
        composition=_shares(contents, _by_group(panel, metals * (1.0 - exported_share)[..., np.newaxis])),
        discarded_units=np.ascontiguousarray(total[..., UNITS]),
        discarded_kg=np.ascontiguousarray(total[..., KG]),
        exported_for_reuse_kg=_by_group(panel, total[..., KG] * exported_share),
        units_with_magnet_share=_ratio(total[..., WITH_MAGNET], total[..., UNITS]),
        put_on_market_kg=np.ascontiguousarray(streams.sold[..., KG]),
        pom_years=tuple(int(year) for year in panel.years),
        sold_per_discarded=_ratio(_by_group(panel, streams.sold[:, :, run, UNITS]), _by_group(panel, total[..., UNITS])),
        in_use_kg=_by_group(panel, at_home - second - drawer),
        second_life_kg=_by_group(panel, second),
        hoarded_kg=_by_group(panel, drawer),
        discarded_substances_kg=_by_group(panel, metals),
        resold_kg=_by_group(panel, second / (behaviour.second_life_by_year[:, :, run] * panel.mean_years[:, :, np.newaxis])),
        exported_age_years=_exported_age(panel, total, exported_share, calendar),
        warnings=warnings,
    )


def _exported_age(panel: Panel, total: Vector, exported_share: Vector, calendar: Calendar) -> Vector:
    """Mean age of exports for reuse by group, from the mean year of sale that travels with devices."""
    kg = _by_group(panel, total[..., KG] * exported_share)
    sale_year = _ratio(_by_group(panel, total[..., SALE_YEAR] * exported_share), kg)
    return np.where(kg > 0.0, np.array(calendar.years) - sale_year, 0.0)


def _monthly(behaviour: Behaviour, streams: Streams, first: int, count: int) -> Vector:
    """Discards of new and used goods in each month of the run [kg], shape (countries, products, months)."""
    monthly = discards_by_month(streams.sold[..., KG], streams.kernel, first, count)
    importers = behaviour.importers
    if importers.any():
        monthly[importers] += discards_by_month(streams.used[importers, ..., KG], streams.used_kernel[importers], first, count)
    for row, habits in behaviour.later.items():
        year = max(habits.first, first)  # earlier months stay as they are, to the last bit
        yearly = (streams.discarded[row] + streams.used_discarded[row])[:, year : first + count, KG]
        later = monthly[row, :, (year - first) * MONTHS :]
        later[:] = _scaled(later.reshape(*yearly.shape, MONTHS), yearly).reshape(later.shape)
    return monthly


def _scaled(monthly: Vector, yearly: Vector) -> Vector:
    """Months with the shape they have and the sum of their year; a year without any shape is even. (products, years, 12)."""
    before = monthly.sum(axis=-1)
    factor = _ratio(yearly, before)
    return np.where((before > 0.0)[..., np.newaxis], monthly * factor[..., np.newaxis], (yearly / MONTHS)[..., np.newaxis])


def _stocks(panel: Panel, parts: Sequence[Phase], streams: Streams, first: int, count: int) -> tuple[Vector, Vector, Vector]:
    """Kg with second owners, in drawers and in all at year ends, each of shape (countries, products, years of run)."""
    run = slice(first, first + count)
    second, drawer = stocks_at_year_ends(parts, streams.sold[..., KG], panel.shape, panel.scale_years, first, count)
    for row, change in streams.changes.items():
        # stocks and their changes are reckoned on different grids: what is left of a stock that ends may miss 0 a little
        second[row] = np.maximum(second[row] + change.second_kg[:, run], 0.0)
        drawer[row] = np.maximum(drawer[row] + change.drawer_kg[:, run], 0.0)
    used = np.cumsum(streams.used[..., KG] - streams.used_discarded[..., KG], axis=2)[:, :, run]
    new = np.cumsum(streams.sold[..., KG] - streams.discarded[..., KG], axis=2)[:, :, run]
    return second + used, drawer, new + used


def _by_group(panel: Panel, values: Vector) -> Vector:
    """Sum over the products of each group: axis 1 becomes groups."""
    member = np.zeros((len(panel.groups), len(panel.products)))
    member[panel.group_of, np.arange(len(panel.products))] = 1.0
    countries, products, *rest = values.shape
    return np.asarray((member @ values.reshape(countries, products, -1)).reshape(countries, -1, *rest))


def _ratio(part: Vector, whole: Vector) -> Vector:
    """Part over whole, 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)


def _shares(contents: Contents, kg: Vector) -> Vector:
    """Substance shares of what is offered, summing to 1; all `other` where nothing is offered."""
    shares = _ratio(kg, np.broadcast_to(kg.sum(axis=-1, keepdims=True), kg.shape))
    other = contents.substances.index(OTHER)
    shares[..., other] = 0.0
    shares[..., other] = 1.0 - shares.sum(axis=-1)
    return shares
