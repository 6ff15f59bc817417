"""Which products a parent of recovered metal was: shares by the metal that arisings of the country and year held."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from sim.scenario.keys import Tree

MAGNET_SHARES = {"Nd": "nd_share", "Pr": "pr_share", "Dy": "dy_share", "Tb": "tb_share"}
GRAMS_PER_KG = 1000.0
LIFE_OVER_SCALE = 0.89  # mean of a Weibull life over its scale; within 1 % for shapes from 1.6 to 3
DEFAULT_LIFE_YEARS = 10.0


class ProductShares:
    """Shares of products in the metal of a country, channel and year of discard, numbers at their modes.

    Mass discarded x metal per kg x how much of the group the channel takes; magnets at the mean year of sale. Years
    before the run are told as its first.
    """

    def __init__(self, tree: Tree, arisings: pd.DataFrame, metal: str) -> None:
        self._tree, self._metal = tree, metal
        means = arisings.groupby(["country", "year", "product"], observed=True)[["mass_kg", "units_with_magnet_share"]].mean()
        self._discarded: dict[tuple[str, int], list[tuple[str, float, float]]] = {}
        for (country, year, product), row in zip(means.index, means.to_numpy().tolist(), strict=True):
            self._discarded.setdefault((str(country), int(year)), []).append((str(product), row[0], row[1]))
        years = [year for _, year in self._discarded]
        self._first, self._last = min(years, default=0), max(years, default=0)
        self._of = cache(self._shares)

    def of(self, country: str, channel: str, year: int) -> dict[str, float]:
        """Shares that sum to 1; empty where the tables do not tell."""
        return self._of(country, channel, min(max(year, self._first), self._last))

    def _shares(self, country: str, channel: str, year: int) -> dict[str, float]:
        taken = self._tree["countries"].get(country, {}).get("channels", {}).get(channel, {})
        groups, factors = taken.get("groups"), taken.get("group_factors", {})
        held = {}
        for product, mass_kg, with_magnet in self._discarded.get((country, year), ()):
            spec = self._tree["products"].get(product, {})
            group = spec.get("group")
            if groups and group not in groups:
                continue
            held[product] = mass_kg * self._per_kg(spec, year, with_magnet) * number(factors.get(group, 1.0), year)
        total = sum(held.values())
        return {product: kg / total for product, kg in held.items() if kg > 0.0} if total > 0.0 else {}

    def _per_kg(self, spec: Tree, year: int, with_magnet: float) -> float:
        """Kilograms of the metal per kg of a product discarded in a year."""
        reference_g = number(spec.get("reference_mass_kg", 1.0), year) * GRAMS_PER_KG
        grams = number(spec.get("contents_g_per_unit", {}).get(self._metal, 0.0), year)
        magnet = spec.get("magnet")
        if magnet and self._metal in MAGNET_SHARES and with_magnet > 0.0:
            sold = year - LIFE_OVER_SCALE * number(spec.get("weibull_scale_years", DEFAULT_LIFE_YEARS), year)
            grams += with_magnet * number(magnet["magnet_g_per_unit"], sold) * number(magnet[MAGNET_SHARES[self._metal]], sold)
        return grams / reference_g


def number(raw: Any, year: float) -> float:
    """A number of a resolved scenario at a year, ranges at their mode: linear between years, flat outside."""
    if not isinstance(raw, dict):
        return float(raw)
    if "mode" in raw:
        return float(raw["mode"])
    points = sorted((int(key), number(value, year)) for key, value in raw.items())
    before = [point for point in points if point[0] <= year]
    after = [point for point in points if point[0] > year]
    if not before or not after:
        return before[-1][1] if before else points[0][1]
    (y0, v0), (y1, v1) = before[-1], after[0]
    return v0 + (v1 - v0) * (year - y0) / (y1 - y0)
