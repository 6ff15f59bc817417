"""Fit the ownership curve of every country to the shape of the UNU e-waste series.

Two numbers per country are fitted: the income at which ownership is half of saturation, and the steepness. Only the shape of kg per
head counts: the mean of the log ratio of modelled to published arisings is taken out, and the level comes from the base year.
`python -m sim.study.fit_ownership` renews `sim/data/ownership.csv`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sim.core.lifetime import Discretisation
from sim.core.quantity import Quantity
from sim.core.series import by_year
from sim.nodes.arisings import phases_of
from sim.nodes.behaviour import behaviour_of
from sim.nodes.cohorts import discards_by_year
from sim.nodes.contents import contents_of
from sim.nodes.country_spec import CountrySpec
from sim.nodes.households import KG, residence_kernel, streams_of
from sim.nodes.panel import BASE_YEAR, Panel, panel_of
from sim.nodes.product_spec import CountryProductSpec, GroupSpec, ProductSpec
from sim.nodes.put_on_market import reconstruct
from sim.scenario.library import HOME, Library, load_library

Vector = NDArray[np.float64]

SERIES = "unu_2017"
TABLE = "ownership.csv"
STARTS_USD = (1500.0, 15_000.0)
LOW = (np.log(150.0), np.log(0.3))
HIGH = (np.log(100_000.0), np.log(6.0))
FALLING = {"TLS": (2015, "; years after 2015 are left out, where the series falls, which looks like a trade-data artefact")}
COUNTRY_FIELDS = ("name_en", "name_ja", "role", "available_to", "population", "gdp_per_capita_usd", "arisings", "behaviour")


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted curve of one country and how well it follows the series, as shares of the published value."""

    country: str
    half_gdp_usd: float
    steepness: float
    rms_share: float
    worst_share: float
    years: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _EeeScope:
    """The e-waste boundary: what the series counts."""

    vehicles_and_machines: bool = False
    discretisation: Discretisation = "uniform"


def fit_all(library: Library) -> list[Fit]:
    """Fit every country: exporters of used goods first, then importers on top of what they take in."""
    countries, products, own, groups = specs(library)
    panel = panel_of(countries, products, own, groups, _EeeScope(), BASE_YEAR)
    contents = contents_of(panel, products, own, tuple(library.tree["substances"]))
    behaviour = behaviour_of(panel, countries)
    parts = phases_of(panel, behaviour)
    kernel = residence_kernel(panel, parts, "uniform").sum(axis=3)
    published = series(library)
    fits: dict[str, Fit] = {}
    used_kg = np.zeros((len(panel.countries), len(panel.years)))
    for importing in (False, True):
        if importing:
            streams = streams_of(panel, countries, contents, behaviour, parts, "uniform")
            used_kg = streams.used_discarded[..., KG].sum(axis=1)
        for row in np.flatnonzero(behaviour.importers == importing).tolist():
            key = panel.countries[row]
            fits[key] = fit(panel, countries, kernel, row, used_kg[row], published[key])
            countries[key] = with_curve(countries[key], fits[key].half_gdp_usd, fits[key].steepness)
    return [fits[key] for key in panel.countries]


def fit(
    panel: Panel, countries: Mapping[str, CountrySpec], kernel: Vector, row: int, used_kg: Vector, published: Mapping[int, float]
) -> Fit:
    """Fit one country by least squares on the logarithm, from two starting incomes."""
    key = panel.countries[row]
    last = FALLING[key][0] if key in FALLING else BASE_YEAR
    years = [year for year in sorted(published) if year <= last]
    goal = np.log([published[year] for year in years])
    population = countries[key].population
    assert population is not None
    people = by_year(population, panel.years)
    wanted = np.arange(len(panel.countries)) == row
    used_base = wanted * used_kg[panel.at(BASE_YEAR)]

    def misses(logs: Vector) -> Vector:
        half, steepness = np.exp(logs).tolist()
        trial = {**countries, key: with_curve(countries[key], half, steepness)}
        sold = reconstruct(panel, trial, kernel, used_base, wanted)[wanted][..., np.newaxis]
        gone = discards_by_year(sold, kernel[wanted])[0, ..., 0].sum(axis=0) + used_kg
        ratio = np.log((gone / people)[[panel.at(year) for year in years]]) - goal
        return np.asarray(ratio - ratio.mean())

    starts = [np.log([half, 1.5]) for half in STARTS_USD]
    best = min((least_squares(misses, start, bounds=(LOW, HIGH)) for start in starts), key=lambda found: float(found.cost))
    half, steepness = np.exp(best.x).tolist()
    return Fit(
        key,
        round(half, 1),
        round(steepness, 3),
        float(np.sqrt(np.mean(best.fun**2))),
        float(np.abs(best.fun).max()),
        (years[0], years[-1]),
    )


def with_curve(country: CountrySpec, half_gdp_usd: float, steepness: float) -> CountrySpec:
    """The same country with another ownership curve."""
    assert country.arisings is not None
    curve = {
        "ownership_half_gdp_usd": Quantity.constant(half_gdp_usd),
        "ownership_steepness": Quantity.constant(steepness),
    }
    return country.model_copy(update={"arisings": country.arisings.model_copy(update=curve)})


def specs(
    library: Library,
) -> tuple[dict[str, CountrySpec], dict[str, ProductSpec], dict[str, dict[str, CountryProductSpec]], dict[str, GroupSpec]]:
    """Countries, products, country products and groups of the library, checked; a missing ownership curve is started anywhere."""
    tree = library.tree
    countries = {key: CountrySpec.model_validate(_country(raw)) for key, raw in tree["countries"].items()}
    products = {key: ProductSpec.model_validate(raw) for key, raw in tree["products"].items()}
    own = {
        country: {key: CountryProductSpec.model_validate(raw) for key, raw in rows.items()}
        for country, rows in tree["country_products"].items()
    }
    return countries, products, own, {key: GroupSpec.model_validate(raw) for key, raw in tree["groups"].items()}


def _country(raw: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: raw[name] for name in COUNTRY_FIELDS if name in raw}
    if "arisings" in kept:
        kept["arisings"] = {"ownership_half_gdp_usd": STARTS_USD[0], "ownership_steepness": 1.5, **kept["arisings"]}
    return kept


def series(library: Library, name: str = SERIES, quantity: str = "ewaste_per_capita") -> dict[str, dict[int, float]]:
    """A published series by country and year: kg per head, or kt for `ewaste_generated`."""
    out: dict[str, dict[int, float]] = {}
    for record in library.tables["ewaste-series"].records():
        if record["series"] == name and record["quantity"] == quantity:
            out.setdefault(record["country"], {})[int(record["year"])] = float(record["value"])
    return out


def write(fits: Iterable[Fit], path: Path) -> None:
    """Write the table of dials with how each number came about."""
    head = ("key", "year", "value", "low", "mode", "high", "unit", "source", "source_address", "grade", "derivation")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        for found in fits:
            words = (
                f"Least squares on the logarithm of kg per head {found.years[0]}-{found.years[1]}, shape only "
                f"(python -m sim.study.fit_ownership): root mean square {found.rms_share:.1%}, worst year {found.worst_share:.1%}"
                + (FALLING[found.country][1] if found.country in FALLING else "")
            )
            source = "Fitted to the UNU modelled e-waste series, vintage of the Global E-waste Monitor 2017"
            values = (("half_gdp_usd", found.half_gdp_usd, "USD"), ("steepness", found.steepness, "factor"))
            for name, value, unit in values:
                key = f"countries.{found.country}.arisings.ownership_{name}"
                writer.writerow([key, "", value, "", "", "", unit, source, "https://github.com/javrmad/e-waste", "C", words])


def main(arguments: list[str]) -> int:
    """Fit the library and write the table to the folder given, by default the library itself."""
    path = Path(arguments[0] if arguments else HOME) / TABLE
    fits = fit_all(load_library())
    write(fits, path)
    for found in fits:
        sys.stdout.write(
            f"{found.country} half {found.half_gdp_usd:9.1f} USD steepness {found.steepness:5.2f} "
            f"rms {found.rms_share:6.1%} worst {found.worst_share:6.1%}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
