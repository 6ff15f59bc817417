"""What a tonne of a material is worth to the plants it may go to: the metal they would sell of it, at prices of the month."""

from __future__ import annotations

from collections.abc import Mapping

from sim.core.units import KG_PER_T
from sim.engine.world import World
from sim.nodes.plant import Plant
from sim.nodes.plant_record import Records
from sim.trade.prices import Prices


class Worth:
    """For routes by least cost: the same fraction is worth more where more of its metal is got out, or sold dearer."""

    def __init__(self, world: World, plants: Mapping[str, Plant], records: Records, prices: Prices) -> None:
        self._world, self._plants, self._records, self._prices = world, plants, records, prices

    def usd_per_t(self, country: str, material: str, plant: str) -> float:
        """Metal a plant would sell of one tonne, as the plants of `country` made it this year and last [USD/t].

        0 for what no plant makes (product groups), and where a plant sells nothing of it (dismantling).
        """
        to, year = self._plants[plant], self._world.year
        table = to.process.table(year)
        sold = [number for number, output in enumerate(table.outputs) if output in to.process.forms]
        makers = frozenset(name for name, each in self._plants.items() if each.country == country)
        made_kg = self._records.made_of(makers, material, (year - 1, year))
        if made_kg is None or not sold or material not in table.inputs:
            return 0.0
        got = table.shares[table.inputs.index(material)][sold].sum(axis=0)
        prices = self._prices.faced_by(to.identity.available_to, self._world.month)
        return float(made_kg / made_kg.sum() @ (got * prices)) * KG_PER_T
