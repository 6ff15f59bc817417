"""Which products, sold when, a parent of recovered metal was: shares by the metal that discards of a country and year held.

The sales and lives of the scenario are reckoned again with every number at its mode, since a run keeps discards but not
the years their devices were sold in.
"""

from __future__ import annotations

from functools import cache, cached_property

import numpy as np

from sim.nodes.arisings import phases_of
from sim.nodes.behaviour import behaviour_of
from sim.nodes.contents import contents_of
from sim.nodes.households import KG, streams_of
from sim.nodes.panel import FIRST_SALE_YEAR, Panel, Vector, panel_of
from sim.scenario.keys import Tree
from sim.scenario.schema import ScenarioSpec
from sim.study.changes import STATED


class CohortShares:
    """Shares of products and years of sale in the metal of a country, channel and year of discard.

    Sold x discarded at that age x metal in a device of that year x how much of its group the channel takes. Used imports
    count like devices sold at home. Years of discard before the run are told as its first.
    """

    def __init__(self, tree: Tree, metal: str) -> None:
        self._spec = ScenarioSpec.model_validate({key: value for key, value in tree.items() if key != STATED})
        self._metal = metal
        self.of = cache(self._of)

    @cached_property
    def panel(self) -> Panel:
        """Products of the scenario over the years of sale."""
        spec = self._spec
        return panel_of(spec.countries, spec.products, spec.country_products, spec.groups, spec.scope, spec.time.end)

    @cached_property
    def _sold(self) -> tuple[Vector, Vector]:
        """Metal in what is sold [kg], shape (countries, products, years), and the share discarded by age in years."""
        spec, panel = self._spec, self.panel
        contents = contents_of(panel, spec.products, spec.country_products, tuple(spec.substances))
        behaviour = behaviour_of(panel, spec.countries)
        streams = streams_of(panel, spec.countries, contents, behaviour, phases_of(panel, behaviour), spec.scope.discretisation)
        column = contents.substances.index(self._metal)
        per_kg = np.broadcast_to(contents.fraction[..., column], panel.sales_index.shape)
        if column in contents.metals:
            per_kg = per_kg + contents.magnet_share * contents.magnet[..., contents.metals.index(column)]
        return streams.sold[..., KG] * per_kg, streams.kernel.sum(axis=3)

    def _of(self, country: str, channel: str, discard_year: int) -> tuple[dict[str, float], dict[int, float]]:
        """Shares by product and by year of sale, each summing to 1; empty where the scenario does not tell."""
        panel, spec = self.panel, self._spec
        if country not in panel.countries:
            return {}, {}
        year = panel.at(min(max(discard_year, spec.time.start), spec.time.end))
        row = panel.countries.index(country)
        sold, kernel = self._sold
        held = sold[row, :, : year + 1] * kernel[row, :, year::-1]
        held = held * self._taken(country, channel, discard_year)[:, np.newaxis]
        total = held.sum()
        if not total > 0.0:
            return {}, {}
        products, years = held.sum(axis=1) / total, held.sum(axis=0) / total
        return (
            {panel.products[index]: float(products[index]) for index in np.flatnonzero(products).tolist()},
            {FIRST_SALE_YEAR + index: float(years[index]) for index in np.flatnonzero(years).tolist()},
        )

    def _taken(self, country: str, channel: str, year: int) -> Vector:
        """How much of each product's group the channel takes of what it could."""
        said = self._spec.countries[country].channels.get(channel)
        factors = np.ones(len(self.panel.products))
        if said is not None:
            for index, product in enumerate(self.panel.products):
                group = self._spec.products[product].group
                factor = said.group_factors.get(group)
                factors[index] = (factor.at(year) if factor is not None else 1.0) if group in said.groups else 0.0
        return factors
