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
from sim.nodes.later_lives import Habits, drawer_share
from sim.nodes.panel import BASE_YEAR, ZERO, Panel

Vector = NDArray[np.float64]
MID_YEAR = 0.5
MOST_OVER = 0.5  # drawn shares pass 1 by less; more is a mistake
SCALED = 1e-9  # less is rounding


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Shares and times, each of shape (countries, products) unless said otherwise.

    exported_share : (countries, products, years).
    destination_share : (countries from, countries to), share of exports for reuse; the rest of a row goes outside.
    second_life_by_year : (countries, 1, years), share of its life a reused device spends with its second owner.
    later : by row, habits of countries that leave those of the base year.
    """

    hoarded_share: Vector
    hoarded_years: Vector
    reused_share: Vector
    second_life_share: Vector
    exported_share: Vector
    destination_share: Vector
    second_life_by_year: Vector
    later: Mapping[int, Habits]

    @property
    def importers(self) -> NDArray[np.bool_]:
        """Which countries take in used goods of others, shape (countries,)."""
        return np.asarray(self.destination_share.sum(axis=0) > 0.0)


def behaviour_of(panel: Panel, countries: Mapping[str, CountrySpec]) -> Behaviour:
    """Sample what households do, each year at its middle.

    Lifetimes tell what people did up to the base year, so keeping and reusing follow their paths from then on.

    Raises
    ------
    WiringError
        A country has no behaviour, a destination is not in the study or exports to others itself, or destinations exceed 1.
    """
    specs = _specs(panel, countries)
    ones, middle = np.ones(len(panel.products)), panel.years + MID_YEAR
    made = Behaviour(
        hoarded_share=np.array([_by_product(panel, s.hoarded_share) for s in specs]),
        hoarded_years=np.array([s.hoarded_years.at(BASE_YEAR) * ones for s in specs]),
        reused_share=np.array([_by_product(panel, s.reused_share) for s in specs]),
        second_life_share=np.array([s.second_life_share.at(BASE_YEAR) * ones for s in specs]),
        exported_share=np.array([[by_year(q, middle) for q in _picked(panel, s.exported_for_reuse_share)] for s in specs]),
        destination_share=np.array([[s.reuse_destinations.get(to, ZERO).value for to in panel.countries] for s in specs]),
        second_life_by_year=np.array([[by_year(s.second_life_share, _when(panel))] for s in specs]),
        later=_later(panel, specs),
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


def _when(panel: Panel) -> Vector:
    """When in each year habits are looked at: its middle, and the base year for all before it."""
    return np.where(panel.years > BASE_YEAR, panel.years + MID_YEAR, BASE_YEAR)


def _later(panel: Panel, specs: list[HouseholdsSpec]) -> dict[int, Habits]:
    """Habits of countries whose paths leave the base year within the years of the panel."""
    when, found = _when(panel), {}
    for row, spec in enumerate(specs):
        told = (spec.hoarded_years, spec.second_life_share, *spec.hoarded_share.values(), *spec.reused_share.values())
        if any(_moves(quantity) for quantity in told):
            habits = _habits(panel, row, spec, when)
            if habits.first < len(panel.years):
                found[row] = habits
    return found


def _habits(panel: Panel, row: int, spec: HouseholdsSpec, when: Vector) -> Habits:
    hoarded, reused = (
        np.array([by_year(quantity, when) for quantity in _picked(panel, shares)])
        for shares in (spec.hoarded_share, spec.reused_share)
    )
    _check_habits(panel, row, 1.0 - hoarded - reused)
    # ranges of the two are drawn apart: what they pass 1 by is taken off both, as for other shares that belong together
    whole = np.maximum(hoarded + reused, 1.0)
    hoarded, reused = hoarded / whole, reused / whole
    share = np.stack((1.0 - hoarded - reused, hoarded, reused))
    drawer = drawer_share(by_year(spec.hoarded_years, when), panel.mean_years[row])
    second = by_year(spec.second_life_share, when)
    told = np.concatenate((share.reshape(-1, len(when)), drawer, second[np.newaxis]))
    differs = np.flatnonzero((told != told[:, :1]).any(axis=0))
    return Habits(share, drawer, second, int(differs[0]) if differs.size else len(when), float(whole.max() - 1.0))


def behaviour_warnings(panel: Panel, behaviour: Behaviour) -> list[str]:
    """Say where drawn shares of hoarded and reused devices were scaled to fit."""
    return [
        f"{panel.countries[row]}: hoarded and reused shares together pass 1 by up to {habits.over_share:.2g}; both were scaled"
        for row, habits in behaviour.later.items()
        if habits.over_share > SCALED
    ]


def _check_habits(panel: Panel, row: int, plain: Vector) -> None:
    """Raise `WiringError` where hoarded and reused devices are more than all, in some year."""
    path = f"countries.{panel.countries[row]}.behaviour"
    faults = [
        Fault("", 0, path, f"hoarded and reused shares of {panel.products[j]} sum to over 1")
        for j in np.flatnonzero((plain < -MOST_OVER).any(axis=1))
    ]
    if faults:
        raise WiringError(faults)


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
        if not all(0.0 < spec.second_life_share.at(year) < 1.0 for year, _ in spec.second_life_share.points):
            faults.append(Fault("", 0, f"countries.{key}.behaviour.second_life_share", "must be above 0 and below 1"))
    if faults:
        raise WiringError(faults)
