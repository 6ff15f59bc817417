"""Specs as arrays: countries by products by years of sale, in the order the scenario gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import Fault, WiringError
from sim.core.lifetime import Discretisation, mean_years
from sim.core.quantity import Quantity
from sim.core.series import by_year
from sim.nodes.country_spec import CountrySpec
from sim.nodes.product_spec import CountryProductSpec, GroupSpec, ProductSpec

Vector = NDArray[np.float64]
Basis = Literal["residence", "use"]

BASE_YEAR = 2022
FIRST_SALE_YEAR = 1960
ONE = Quantity.constant(1.0)
ZERO = Quantity.constant(0.0)


class Scope(Protocol):
    """What the scenario counts; met by `scenario.schema.ScopeSpec`."""

    @property
    def vehicles_and_machines(self) -> bool:
        """Whether products outside the e-waste boundary are counted, with totals of their own."""
        ...

    @property
    def discretisation(self) -> Discretisation:
        """How cohorts are aged."""
        ...


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything about products that does not depend on how many are sold.

    years : years of sale, from `FIRST_SALE_YEAR` to the end of the run, the base year or the last income figure, whichever is
        latest, so that the past does not depend on how far a run looks ahead.
    group_of : row of the group of each product, shape (products,).
    headline : whether a product counts as electrical equipment, shape (products,).
    unit_mass_kg, sales_index : shape (countries, products, years).
    shape, scale_years, mean_years : Weibull life, shape (countries, products).
    """

    countries: tuple[str, ...]
    products: tuple[str, ...]
    groups: tuple[str, ...]
    years: Vector
    group_of: NDArray[np.intp]
    headline: NDArray[np.bool_]
    basis: tuple[Basis, ...]
    unit_mass_kg: Vector
    sales_index: Vector
    shape: Vector
    scale_years: Vector
    mean_years: Vector

    def at(self, year: int) -> int:
        """Column of a calendar year."""
        return year - FIRST_SALE_YEAR


def panel_of(
    countries: Mapping[str, CountrySpec],
    products: Mapping[str, ProductSpec],
    country_products: Mapping[str, Mapping[str, CountryProductSpec]],
    groups: Mapping[str, GroupSpec],
    scope: Scope,
    end: int,
) -> Panel:
    """Arrays of the home countries and the products in scope.

    Raises
    ------
    WiringError
        A product names a group that does not exist, or has no life.
    """
    unknown = [
        Fault("", 0, f"products.{key}.group", f"'{p.group}' is not a group") for key, p in products.items() if p.group not in groups
    ]
    if unknown:
        raise WiringError(unknown)
    kept_groups = tuple(key for key, g in groups.items() if g.boundary == "eee" or scope.vehicles_and_machines)
    kept = {key: p for key, p in products.items() if p.group in kept_groups}
    home = tuple(key for key, c in countries.items() if c.role == "home" and c.arisings is not None)
    incomes = [int(quantity.points[-1][0]) for c in home if (quantity := countries[c].gdp_per_capita_usd) is not None]
    years = np.arange(FIRST_SALE_YEAR, max(end, BASE_YEAR, *incomes) + 1, dtype=np.float64)
    own = {(c, p): country_products.get(c, {}).get(p) for c in home for p in kept}
    shape = _table(home, kept, own, "weibull_shape")
    scale = _table(home, kept, own, "weibull_scale_years")
    _check_lives(home, kept, shape, scale)
    return Panel(
        countries=home,
        products=tuple(kept),
        groups=kept_groups,
        years=years,
        group_of=np.array([kept_groups.index(p.group) for p in kept.values()], dtype=np.intp),
        headline=np.array([groups[p.group].boundary == "eee" for p in kept.values()]),
        basis=tuple(p.lifetime_basis for p in kept.values()),
        unit_mass_kg=_paths(home, kept, own, "unit_mass_kg", years),
        sales_index=_paths(home, kept, own, "sales_index", years),
        shape=shape,
        scale_years=scale,
        mean_years=mean_years(shape, scale),
    )


Own = Mapping[tuple[str, str], CountryProductSpec | None]


def chosen(spec: ProductSpec, own: CountryProductSpec | None, field: str) -> Quantity:
    """The value of a field for one country: its own where it has one, else the product's, else 1."""
    value = getattr(own, field) if own is not None else None
    value = value if value is not None else getattr(spec, field)
    return value if value is not None else ONE


def _check_lives(home: tuple[str, ...], kept: Mapping[str, ProductSpec], shape: Vector, scale: Vector) -> None:
    faults = set()
    for name, table in (("weibull_shape", shape), ("weibull_scale_years", scale)):
        for i, j in np.argwhere(table <= 0.0):
            faults.add(Fault("", 0, f"products.{list(kept)[j]}.{name}", f"must be above 0 (in {home[i]})"))
    if faults:
        raise WiringError(sorted(faults))


def _table(home: tuple[str, ...], kept: Mapping[str, ProductSpec], own: Own, field: str) -> Vector:
    return np.array([[chosen(p, own[c, key], field).at(BASE_YEAR) for key, p in kept.items()] for c in home])


def _paths(home: tuple[str, ...], kept: Mapping[str, ProductSpec], own: Own, field: str, years: Vector) -> Vector:
    common = np.array([by_year(chosen(p, None, field), years) for p in kept.values()])
    out = np.repeat(common[np.newaxis], len(home), axis=0)
    for i, c in enumerate(home):
        for j, (key, p) in enumerate(kept.items()):
            if own[c, key] is not None:
                out[i, j] = by_year(chosen(p, own[c, key], field), years)
    return out
