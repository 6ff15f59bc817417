"""Drawers and second owners: how the time a device stays in homes divides into first use, second life and hoarding.

A lifetime row states its basis. A `residence` (what UNU-type fits measure, because they compare sales with waste) already holds
drawer time and second owners: hoarding then makes *use* end earlier, not the offer later. A `use` life ends when the first
owner stops: a second life or a drawer comes on top. A device is reused, or hoarded, or neither. Either way the parts are
proportional to its own residence T, so that no part is negative and their means are the stated ones: a hoarded device uses
T (1 - d / E[T]) and lies in the drawer for the rest, which has mean d. A Weibull time multiplied by a constant is Weibull with
its scale multiplied, so every part keeps a closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import Fault, WiringError
from sim.core.lifetime import survival
from sim.nodes.panel import Panel

Vector = NDArray[np.float64]

LONGEST_DRAWER = 0.9
"""Longest share of a residence that can be drawer time; a longer one is cut, with a warning."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One kind of device, each array of shape (countries, products).

    weight : share of devices of this kind.
    first_end, second_end, end : end of first use, of second life and of residence, as factors on the Weibull scale.
    """

    weight: Vector
    first_end: Vector
    second_end: Vector
    end: Vector


def phases(
    hoarded_share: Vector,
    hoarded_years: Vector,
    reused_share: Vector,
    second_life_share: Vector,
    mean_years: Vector,
    residence: Vector,
) -> list[Phase]:
    """Divide the life of plain, hoarded and reused devices into phases.

    `residence` is 1 where the lifetime basis is residence and 0 where it is use; all arguments have shape (countries, products)
    or broadcast to it. A second life is `second_life_share` of the residence of a reused device on either basis.
    """
    one = np.ones_like(mean_years)
    drawer = np.minimum(hoarded_years / mean_years, LONGEST_DRAWER)
    hoard_end = one + (1.0 - residence) * drawer
    reuse_end = one / (residence + (1.0 - residence) * (1.0 - second_life_share))
    first_end = reuse_end * (1.0 - second_life_share)
    return [
        Phase(1.0 - hoarded_share - reused_share, one, one, one),
        Phase(hoarded_share, hoard_end - drawer, hoard_end - drawer, hoard_end),
        Phase(reused_share, first_end, reuse_end, reuse_end),
    ]


def phases_warnings(parts: Sequence[Phase], hoarded_years: Vector, panel: Panel) -> list[str]:
    """Say where drawers were cut to fit into a residence.

    Raises
    ------
    WiringError
        Shares of hoarded and reused devices sum to more than one.
    """
    plain, hoarded, _ = parts
    faults = [
        Fault("", 0, f"countries.{panel.countries[i]}.behaviour", f"hoarded and reused shares of {panel.products[j]} sum to over 1")
        for i, j in np.argwhere(plain.weight < -1e-12)
    ]
    if faults:
        raise WiringError(faults)
    cut = (hoarded.weight > 0.0) & (hoarded_years > LONGEST_DRAWER * panel.mean_years)
    return [
        f"{panel.countries[i]}: the drawer time of {panel.products[j]} was cut to {LONGEST_DRAWER:.0%} of its mean residence"
        for i, j in np.argwhere(cut)
    ]


def stocks_at_year_ends(
    parts: Sequence[Phase], sold: Vector, shape: Vector, scale_years: Vector, first: int, count: int
) -> tuple[Vector, Vector]:
    """Kg with second owners and in drawers at the end of `count` years from column `first`, by country and product.

    `sold` has shape (countries, products, years), the two results (countries, products, count). Sales are taken at the middle
    of their year, accurate enough for a stock that is only reported.
    """
    age = np.arange(first, first + count)[:, np.newaxis] - np.arange(sold.shape[-1])
    second, drawer = np.zeros((*sold.shape[:2], count)), np.zeros((*sold.shape[:2], count))
    for part in parts:
        used = np.nonzero((part.weight > 0.0) & (part.end > part.first_end) & (sold.max(axis=-1) > 0.0))
        k, scale, weight = shape[used][:, np.newaxis], scale_years[used][:, np.newaxis], part.weight[used][:, np.newaxis]
        ages: Vector = np.arange(first + count, dtype=np.float64) + 0.5
        left = [survival(ages, k, scale * end[used][:, np.newaxis]) for end in (part.first_end, part.second_end, part.end)]
        for total, earlier, later in ((second, left[0], left[1]), (drawer, left[1], left[2])):
            band = np.where(age >= 0, ((later - earlier) * weight)[:, np.maximum(age, 0)], 0.0)
            total[used] += (band @ sold[used][:, :, np.newaxis])[:, :, 0]
    return second, drawer
