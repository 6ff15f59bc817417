"""What households do with devices, as arrays over countries and products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import Fault, WiringError
from sim.core.quantity import Quantity
from sim.core.series import by_year
from sim.nodes.country_spec import CountrySpec, HouseholdsSpec
from sim.nodes.panel import BASE_YEAR, ZERO, Panel

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Shares and times, each of shape (countries, products) unless said otherwise.

    exported_share : (countries, products, years).
    destination_share : (countries from, countries to), share of exports for reuse; the rest of a row goes outside.
    """

    hoarded_share: Vector
    hoarded_years: Vector
    reused_share: Vector
    second_life_share: Vector
    exported_share: Vector
    destination_share: Vector

    @property
    def importers(self) -> NDArray[np.bool_]:
        """Which countries take in used goods of others, shape (countries,)."""
        return np.asarray(self.destination_share.sum(axis=0) > 0.0)


def behaviour_of(panel: Panel, countries: Mapping[str, CountrySpec]) -> Behaviour:
    """Sample what households do.

    Raises
    ------
    WiringError
        A country has no behaviour, a destination is not in the study or exports to others itself, or destinations exceed 1.
    """
    specs = _specs(panel, countries)
    ones = np.ones(len(panel.products))
    made = Behaviour(
        hoarded_share=np.array([_by_product(panel, s.hoarded_share) for s in specs]),
        hoarded_years=np.array([s.hoarded_years.at(BASE_YEAR) * ones for s in specs]),
        reused_share=np.array([_by_product(panel, s.reused_share) for s in specs]),
        second_life_share=np.array([s.second_life_share.at(BASE_YEAR) * ones for s in specs]),
        exported_share=np.array([[by_year(q, panel.years) for q in _picked(panel, s.exported_for_reuse_share)] for s in specs]),
        destination_share=np.array([[s.reuse_destinations.get(to, ZERO).value for to in panel.countries] for s in specs]),
    )
    _check_destinations(panel, specs, made)
    return made


def _specs(panel: Panel, countries: Mapping[str, CountrySpec]) -> list[HouseholdsSpec]:
    found = {key: countries[key].behaviour for key in panel.countries}
    faults = [Fault("", 0, f"countries.{key}.behaviour", "is needed for arisings") for key, spec in found.items() if spec is None]
    if faults:
        raise WiringError(faults)
    return [spec for spec in found.values() if spec is not None]


def _picked(panel: Panel, shares: Mapping[str, Quantity]) -> list[Quantity]:
    """The share of every product: its own where it is named, else that of its group, else 0."""
    groups = [panel.groups[g] for g in panel.group_of]
    return [shares.get(key, shares.get(group, ZERO)) for key, group in zip(panel.products, groups, strict=True)]


def _by_product(panel: Panel, shares: Mapping[str, Quantity]) -> list[float]:
    return [quantity.at(BASE_YEAR) for quantity in _picked(panel, shares)]


def behaviour_warnings(panel: Panel, countries: Mapping[str, CountrySpec]) -> tuple[str, ...]:
    """Name what a scenario lets change over time but the model samples in the base year only."""
    found = []
    for country, spec in zip(panel.countries, _specs(panel, countries), strict=True):
        named = {"hoarded_years": spec.hoarded_years, "second_life_share": spec.second_life_share}
        named |= {f"hoarded_share.{key}": share for key, share in spec.hoarded_share.items()}
        named |= {f"reused_share.{key}": share for key, share in spec.reused_share.items()}
        found += [f"countries.{country}.behaviour.{name}" for name, quantity in named.items() if _moves(quantity)]
    if not found:
        return ()
    which = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return (f"Paths over years have no effect on {which}: what people keep and reuse is taken as of {BASE_YEAR}.",)


def _moves(quantity: Quantity) -> bool:
    return len({quantity.at(year) for year, _ in quantity.points}) > 1


def _check_destinations(panel: Panel, specs: list[HouseholdsSpec], made: Behaviour) -> None:
    faults = []
    exporting = made.destination_share.sum(axis=1)
    for i, (key, spec) in enumerate(zip(panel.countries, specs, strict=True)):
        path = f"countries.{key}.behaviour.reuse_destinations"
        strange = [to for to in spec.reuse_destinations if to not in panel.countries]
        faults += [Fault("", 0, f"{path}.{to}", "is not a country of the study") for to in strange]
        if exporting[i] > 1.0 + 1e-9:
            faults.append(Fault("", 0, path, f"shares sum to {exporting[i]:g}, more than 1"))
        if made.importers[i] and exporting[i] > 0.0:
            faults.append(Fault("", 0, path, "a country that takes in used goods may export its own only to the outside"))
        if not 0.0 < made.second_life_share[i, 0] < 1.0:
            faults.append(Fault("", 0, f"countries.{key}.behaviour.second_life_share", "must be above 0 and below 1"))
    if faults:
        raise WiringError(faults)
