"""Put-on-market reconstruction: how many kg of each product each country bought in each year, past and future.

No such series exists for these countries. Sales per head follow ownership, which saturates with income; the two parameters of
that curve are fitted to the shape of the UNU e-waste series (`study.fit_ownership`), and the level is scaled to the total of the
base year only. Where units sold or units discarded are known they replace the curve. Beyond the last income figure the curve is
left for an exponential approach to the arisings per head of Japan and Singapore.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import Fault, WiringError
from sim.core.ownership import approach_factor, highest_so_far, ownership_share, trailing_mean
from sim.core.quantity import Quantity
from sim.core.series import by_year
from sim.nodes.cohorts import discards_by_year
from sim.nodes.country_spec import ArisingsSpec, CountrySpec
from sim.nodes.panel import BASE_YEAR, ZERO, Panel

Vector = NDArray[np.float64]

INCOME_YEARS = 5
KG_PER_KT = 1e6


@dataclass(frozen=True, slots=True)
class _Country:
    """One country while it is being reconstructed; arrays over products and years of sale."""

    key: str
    row: int
    spec: ArisingsSpec
    population: Vector
    ownership: Vector
    last_income_year: int
    kernel: Vector


def reconstruct(
    panel: Panel, countries: Mapping[str, CountrySpec], kernel: Vector, used_base_kg: Vector, wanted: NDArray[np.bool_]
) -> Vector:
    """Kg of new goods put on the market, shape (countries, products, years of sale); 0 for countries not wanted.

    Parameters
    ----------
    kernel : share of sales discarded by age, shape (countries, products, years).
    used_base_kg : discards of imported used goods in the base year, shape (countries,). They are part of the base-year total,
        so that the reconstruction is net of them.

    Raises
    ------
    WiringError
        Known units and used imports together exceed a base-year total, or a product has a share of it but never any sales.
    """
    out = np.zeros(panel.sales_index.shape)
    for row in np.flatnonzero(wanted).tolist():
        key = panel.countries[row]
        out[row] = _country_pom(panel, _read(panel, countries[key], key, row, kernel[row]), float(used_base_kg[row]))
    return out


def _read(panel: Panel, spec: CountrySpec, key: str, row: int, kernel: Vector) -> _Country:
    """Population and ownership paths of a country; ownership stays at its last value after the last income figure."""
    missing = [name for name in ("arisings", "population", "gdp_per_capita_usd") if getattr(spec, name) is None]
    if missing or spec.arisings is None or spec.population is None or spec.gdp_per_capita_usd is None:
        raise WiringError([Fault("", 0, f"countries.{key}.{name}", "is needed to reconstruct arisings") for name in missing])
    _check_positive(key, spec, panel.years)
    income = highest_so_far(trailing_mean(by_year(spec.gdp_per_capita_usd, panel.years), INCOME_YEARS))
    half, steepness = spec.arisings.ownership_half_gdp_usd.value, spec.arisings.ownership_steepness.value
    ownership = ownership_share(income, half, steepness)
    last = max(int(spec.gdp_per_capita_usd.points[-1][0]), BASE_YEAR)
    ownership[panel.at(last) :] = ownership[panel.at(last)]
    return _Country(key, row, spec.arisings, by_year(spec.population, panel.years), ownership, last, kernel)


def _check_positive(key: str, spec: CountrySpec, years: Vector) -> None:
    """Raise `WiringError` for numbers that the curve divides by."""
    needed = {
        "population": spec.population,
        "gdp_per_capita_usd": spec.gdp_per_capita_usd,
        "arisings.ownership_half_gdp_usd": spec.arisings.ownership_half_gdp_usd if spec.arisings else None,
        "arisings.convergence_years": spec.arisings.convergence_years if spec.arisings else None,
    }
    faults = [
        Fault("", 0, f"countries.{key}.{name}", "must be above 0")
        for name, quantity in needed.items()
        if quantity is not None and by_year(quantity, years).min() <= 0.0
    ]
    if faults:
        raise WiringError(faults)


def _country_pom(panel: Panel, country: _Country, used_base_kg: float) -> Vector:
    """Kg put on the market in one country, shape (products, years): shape from paths, level from the base year, then the future."""
    sales = country.population * country.ownership
    paths = _paths(panel, country, sales)
    scale, mix_kg = _levels(panel, country, paths, used_base_kg)
    last = panel.at(country.last_income_year)
    level_kg = float(((scale * paths[:, last])[_by_mix(panel, country)]).sum())
    if level_kg > 0.0:
        base_kg = country.spec.base_year_kt.value * KG_PER_KT
        goal_kg = country.spec.saturation_kg_per_capita.value * float(country.population[last]) * mix_kg / base_kg
        ahead = panel.years - country.last_income_year
        sales = sales * approach_factor(goal_kg / level_kg, ahead, country.spec.convergence_years.value)
    return np.asarray(scale[:, np.newaxis] * _paths(panel, country, sales))


def _known(panel: Panel, country: _Country) -> dict[int, str]:
    """Products of which units are known, by column, in the order of the panel."""
    named = set(country.spec.units) | set(country.spec.sold_units)
    return {j: key for j, key in enumerate(panel.products) if key in named}


def _by_mix(panel: Panel, country: _Country) -> NDArray[np.bool_]:
    """Which products take their level from the mix: headline products without known units."""
    known = _known(panel, country)
    return np.array([bool(head) and j not in known for j, head in enumerate(panel.headline)])


def _paths(panel: Panel, country: _Country, sales: Vector) -> Vector:
    """Kg sold over the years up to a factor per product; exact kg where units sold are known. Shape (products, years).

    A path of discarded units is turned into one of sales by shifting it back by the mean residence (it is smooth compared with
    the spread of residence). Outside the known years sales follow population and ownership.
    """
    out: Vector = panel.sales_index[country.row] * sales
    for j, key in _known(panel, country).items():
        sold = country.spec.sold_units.get(key)
        shift = 0.0 if sold is not None else float(panel.mean_years[country.row, j])
        out[j] = _extended(panel.years, sold or country.spec.units[key], shift, sales) * panel.unit_mass_kg[country.row, j]
    return out


def _extended(years: Vector, known: Quantity, shift_years: float, sales: Vector) -> Vector:
    """A known path of units, shifted back in time, and in proportion to `sales` before its first and after its last point."""
    first, last = known.points[0][0] - shift_years, known.points[-1][0] - shift_years
    values = by_year(known, years + shift_years)
    if len(known.points) == 1:
        first = last = BASE_YEAR - shift_years
    edge = np.interp(np.clip(years, first, last), years, sales)
    return np.asarray(values * sales / edge)


def _levels(panel: Panel, country: _Country, paths: Vector, used_base_kg: float) -> tuple[Vector, float]:
    """Factor on the path of each product, and the base-year kg that the mix accounts for."""
    spec, base = country.spec, panel.at(BASE_YEAR)
    gone = discards_by_year(paths[np.newaxis, :, :, np.newaxis], country.kernel[np.newaxis])[0, :, :, 0]
    scale = np.zeros(len(panel.products))
    for j, key in _known(panel, country).items():
        units = spec.units.get(key)
        scale[j] = 1.0 if units is None else _fit_units(panel, country, units, j, gone[j])
    known_kg = float((scale * gone[:, base] * panel.headline).sum())
    mix_kg = spec.base_year_kt.value * KG_PER_KT - known_kg - used_base_kg
    shares = np.array([spec.mix.get(key, ZERO).value for key in panel.products]) * _by_mix(panel, country)
    has = shares > 0.0
    _check_levels(panel, country, mix_kg, has, gone[:, base])
    scale[has] = mix_kg * shares[has] / shares.sum() / gone[has, base]
    return scale, mix_kg


def _check_levels(panel: Panel, country: _Country, mix_kg: float, has: NDArray[np.bool_], gone_kg: Vector) -> None:
    """Raise `WiringError` where what is left of the base-year total cannot be shared out."""
    path, faults = f"countries.{country.key}.arisings", []
    if mix_kg < 0.0:
        known_kt = country.spec.base_year_kt.value - mix_kg / KG_PER_KT
        faults.append(Fault("", 0, f"{path}.base_year_kt", f"is less than known units and used imports, {known_kt:.1f} kt"))
    if mix_kg > 0.0 and not has.any():
        faults.append(Fault("", 0, f"{path}.mix", f"has no share for the {mix_kg / KG_PER_KT:.1f} kt that no known units explain"))
    for j in np.flatnonzero(has & (gone_kg <= 0.0)):
        faults.append(Fault("", 0, f"{path}.mix.{panel.products[j]}", f"has a share, but nothing was sold before {BASE_YEAR}"))
    if faults:
        raise WiringError(faults)


def _fit_units(panel: Panel, country: _Country, units: Quantity, column: int, gone_kg: Vector) -> float:
    """Factor that makes modelled discards meet the known units on average over the years in which they are known.

    1 where nothing is discarded or counted yet: the path itself is in units.
    """
    years = [int(y) for y, _ in units.points if panel.years[0] <= y <= country.last_income_year] or [BASE_YEAR]
    at = [panel.at(y) for y in years]
    modelled = float((gone_kg[at] / panel.unit_mass_kg[country.row, column, at]).sum())
    counted = sum(units.at(y) for y in years)
    return counted / modelled if modelled > 0.0 and counted > 0.0 else 1.0
