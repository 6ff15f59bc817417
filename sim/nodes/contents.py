"""What devices are made of, by country, product and year of sale.

Contents are measured on a reference device; they are carried as mass fractions of it, because the average unit of a product key
is often much lighter (a game console key weighs 0.48 kg, the console that was taken apart 3 kg). Nd, Pr, Dy and Tb of magnets are
magnet mass x composition x share of units with a magnet, each in the year of sale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import Fault, WiringError
from sim.core.series import by_year
from sim.nodes.panel import Panel
from sim.nodes.product_spec import CountryProductSpec, ProductSpec

Vector = NDArray[np.float64]

MAGNET_METALS = ("Nd", "Pr", "Dy", "Tb")
GRAMS_PER_KG = 1000.0
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Contents:
    """Kg of each substance per kg of device; what is not named is `other`.

    fraction : (products, years of sale, substances), magnets apart, `other` left at 0.
    magnet : (products, years of sale, 4), Nd, Pr, Dy, Tb per kg of a device that has a magnet.
    magnet_share : (countries, products, years of sale), share of units sold that have one.
    metals : columns of Nd, Pr, Dy, Tb among the substances.
    varying : columns of substances that depend on the year of sale, `metals` among them.
    warnings : products whose contents were scaled down to their reference mass.
    """

    substances: tuple[str, ...]
    fraction: Vector
    magnet: Vector
    magnet_share: Vector
    metals: tuple[int, ...]
    varying: tuple[int, ...]
    warnings: tuple[str, ...]


def contents_of(
    panel: Panel,
    products: Mapping[str, ProductSpec],
    country_products: Mapping[str, Mapping[str, CountryProductSpec]],
    substances: Sequence[str],
) -> Contents:
    """Sample contents over the years of sale.

    Raises
    ------
    WiringError
        A product contains a substance that is not tracked.
    """
    column = {name: k for k, name in enumerate(substances)}
    _check_names(panel, products, column)
    n_products, n_years = len(panel.products), len(panel.years)
    fraction = np.zeros((n_products, n_years, len(substances)))
    magnet = np.zeros((n_products, n_years, len(MAGNET_METALS)))
    share = np.zeros(panel.sales_index.shape)
    for j, key in enumerate(panel.products):
        spec = products[key]
        reference_g = by_year(spec.reference_mass_kg, panel.years) * GRAMS_PER_KG
        for name, grams in spec.contents_g_per_unit.items():
            fraction[j, :, column[name]] = by_year(grams, panel.years) / reference_g
        if spec.magnet is None:
            continue
        per_kg = by_year(spec.magnet.magnet_g_per_unit, panel.years) / reference_g
        parts = (spec.magnet.nd_share, spec.magnet.pr_share, spec.magnet.dy_share, spec.magnet.tb_share)
        magnet[j] = np.stack([per_kg * by_year(part, panel.years) for part in parts], axis=1)
        share[:, j] = by_year(spec.magnet.units_with_magnet_share, panel.years)
        for i, country in enumerate(panel.countries):
            own = country_products.get(country, {}).get(key)
            if own is not None and own.units_with_magnet_share is not None:
                share[i, j] = by_year(own.units_with_magnet_share, panel.years)
    warnings = _fitted(panel, fraction, magnet)
    metals = tuple(column[name] for name in MAGNET_METALS)
    changing = np.flatnonzero(np.ptp(fraction, axis=1).max(axis=0) > 0.0).tolist()
    varying = tuple(sorted({*metals, *changing}))
    return Contents(tuple(substances), fraction, magnet, share, metals, varying, warnings)


def substances_of(contents: Contents, total_kg: Vector, varying_kg: Vector) -> Vector:
    """Kg of every substance in discards, summing to the total with `other` by difference.

    Parameters
    ----------
    total_kg : (countries, products, years), discards.
    varying_kg : (countries, products, years, columns), kg of the substances `contents.varying` in them.

    Returns
    -------
    Array of shape (countries, products, years, substances).
    """
    out = total_kg[..., np.newaxis] * contents.fraction[:, :1]
    out[..., list(contents.varying)] = varying_kg
    other = contents.substances.index(OTHER)
    out[..., other] = 0.0
    out[..., other] = total_kg - out.sum(axis=-1)
    return out


def varying_sold(contents: Contents, sold_kg: Vector) -> Vector:
    """Kg of the substances that depend on the year of sale in what is sold, shape (countries, products, years, columns)."""
    out = sold_kg[..., np.newaxis] * contents.fraction[:, :, list(contents.varying)]
    for part, metal in enumerate(contents.metals):
        out[..., contents.varying.index(metal)] += sold_kg * contents.magnet_share * contents.magnet[:, :, part]
    return out


def _check_names(panel: Panel, products: Mapping[str, ProductSpec], column: Mapping[str, int]) -> None:
    named = [(key, name) for key in panel.products for name in products[key].contents_g_per_unit]
    faults = [
        Fault("", 0, f"products.{key}.contents_g_per_unit.{name}", f"'{name}' is not a tracked substance")
        for key, name in named
        if name not in column or name == OTHER
    ]
    faults += [Fault("", 0, "substances", f"'{name}' is missing") for name in (*MAGNET_METALS, OTHER) if name not in column]
    if faults:
        raise WiringError(faults)


def _fitted(panel: Panel, fraction: Vector, magnet: Vector) -> tuple[str, ...]:
    """Scale contents that weigh more than their device down to it, in place; say which (a draw of wide ranges can do that)."""
    over = np.maximum((fraction.sum(axis=2) + magnet.sum(axis=2)).max(axis=1), 1.0)
    fraction /= over[:, np.newaxis, np.newaxis]
    magnet /= over[:, np.newaxis, np.newaxis]
    return tuple(
        f"contents of {panel.products[j]} weigh {over[j]:.2f} times its reference mass and were scaled down to it"
        for j in np.flatnonzero(over > 1.0)
    )
