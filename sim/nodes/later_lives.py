"""What paths of reuse and hoarding change: when people keep, repair and resell more, or less, than in the base year.

Lifetimes were measured with the habits of the base year in them (`nodes.drawers`), so only a *departure* from those habits moves
a discard. A device's first use ends at age a. In that year the shares in force say what becomes of it:

- it leaves at age a;
- it lies in a drawer, for d of its mean residence: it leaves at a + d T, T being its own residence as of the base year;
- it finds a second owner, who has it for the share s of its whole life: it leaves at a / (1 - s).

Where a share falls, devices of that kind become the kinds whose shares rise. The bookkeeping is by cohort and year: what would have
left in one year is moved to another, so that nothing is lost, nothing is negative, and what was decided before the first year of a
path stays where it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.nodes.drawers import LONGEST_DRAWER, Phase

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]

KINDS = 3
PLAIN, HOARDED, REUSED = range(KINDS)
SAME_YEAR_AGE = 1.0 / 3.0  # mean age of what is sold and discarded within one year, both evenly spread
WHOLE, QUARTERS = (0.0,), (-0.375, -0.125, 0.125, 0.375)  # middles of parts of a year, from its own middle
ROUNDING = 9  # decimals of a year below which a discard has not moved


@dataclass(frozen=True, slots=True)
class Habits:
    """What one country does with devices by the year their first use ends; equal to the base year before `first`.

    share : (kinds, products, years), plain, hoarded and reused devices; sums to 1 over kinds.
    drawer : (products, years), mean time in the drawer over mean residence.
    second : (years,), share of its life a reused device spends with its second owner.
    first : column of the first year that differs from the base year.
    over_share : by how much hoarded and reused devices together passed all of them at most, before both were scaled.
    """

    share: Vector
    drawer: Vector
    second: Vector
    first: int
    over_share: float


@dataclass(frozen=True, slots=True)
class Change:
    """How discards of one country differ from what the base year's habits give.

    band : (products, years from `first`, years of sale), change of the share of a year's sales that leaves.
    second_kg, drawer_kg : (products, years), change of stocks at year ends.
    """

    first: int
    band: Vector
    second_kg: Vector
    drawer_kg: Vector

    def discards(self, sold: Vector) -> Vector:
        """Change of discards from column `first` on; `sold` has shape (products, years of sale, columns)."""
        return np.asarray(self.band @ sold)


def drawer_share(hoarded_years: Vector, mean_years: Vector) -> Vector:
    """Mean drawer time over mean residence, at most `LONGEST_DRAWER`; (products, years) from (years,) and (products,)."""
    return np.minimum(hoarded_years / mean_years[:, np.newaxis], LONGEST_DRAWER)


def change_of(habits: Habits, parts: Sequence[Phase], row: int, kernels: Sequence[Vector], sold_kg: Vector) -> Change:
    """What the habits of a country move.

    Parameters
    ----------
    row : row of the country in `parts`.
    kernels : for each kind, share of a year's sales that leaves by age in years, (products, years).
    sold_kg : (products, years of sale).
    """
    book = _Book(habits.first, sold_kg)
    for kind, (part, kernel) in enumerate(zip(parts, kernels, strict=True)):
        weight = part.weight[row]
        if weight.any():
            _move_kind(book, habits, kind, kernel * weight[:, np.newaxis], part.first_end[row], (part.first_end / part.end)[row])
    return book.change()


def change_of_used(second: Vector, first: int, kernel: Vector, sold_kg: Vector) -> Change:
    """What a path of second lives moves of used imports, which live `second` of a whole life from the year they come in."""
    book = _Book(first, sold_kg)
    product, left, sale = book.cells(kernel)
    came = sale >= first
    product, left, sale = product[came], left[came], sale[came]
    book.move(kernel[product, left - sale], (product, left, sale), sale, second[sale] / second[first - 1])
    return book.change()


def _age(left: Whole, sale: Whole) -> Vector:
    return np.maximum((left - sale).astype(np.float64), SAME_YEAR_AGE)


def _move_kind(book: _Book, habits: Habits, kind: int, kernel: Vector, first_end: Vector, in_use: Vector) -> None:
    """Move what devices of one kind of the base year become; `in_use`: share of their residence that is first use.

    Devices that leave in one year have ended their first use in another one or two: they are looked at in quarters.
    """
    becomes = _transition(habits.share)[kind]
    cells = book.cells(kernel)
    parts = QUARTERS if (in_use < 1.0).any() else WHOLE
    for offset in parts:
        product, left, sale = cells
        age = np.maximum(_age(left, sale) + offset, 0.0)
        decided = np.maximum(np.floor(left + 0.5 + offset - age * (1.0 - in_use[product])).astype(np.int64), sale)
        late = decided >= habits.first
        product, left, sale, decided = (each[late] for each in (product, left, sale, decided))
        amount = kernel[product, left - sale] / len(parts)
        stretch = (
            in_use[product],
            in_use[product] * (1.0 + habits.drawer[product, decided] / first_end[product]),
            in_use[product] / (1.0 - habits.second[decided]),
        )
        for other in range(KINDS):
            share = amount * becomes[other][product, decided]
            book.move(share, (product, left, sale), decided, stretch[other], offset, kind, other)


def _transition(share: Vector) -> Vector:
    """Share of each kind of the base year (first axis) that becomes each kind (second axis), by product and year."""
    base = share[:, :, :1]
    gain = np.maximum(share - base, 0.0)
    lost = np.maximum(base - share, 0.0)
    total = gain.sum(axis=0)
    to = np.divide(gain, total, out=np.zeros_like(gain), where=total > 0.0)
    goes = np.divide(lost, base, out=np.zeros_like(lost), where=base > 0.0)
    moved = goes[:, np.newaxis] * to[np.newaxis]
    for kind in range(KINDS):
        moved[kind, kind] += 1.0 - goes[kind]
    return np.asarray(moved)


class _Book:
    """Adds up what is moved from year to year: shares of sales for discards, kg for stocks."""

    def __init__(self, first: int, sold_kg: Vector) -> None:
        self._first, self._sold_kg = first, sold_kg
        self._products, self._years = sold_kg.shape
        self._band = np.zeros(self._products * (self._years - first) * self._years)
        self._stock = {kind: np.zeros(self._products * self._years) for kind in (HOARDED, REUSED)}

    def cells(self, kernel: Vector) -> tuple[Whole, Whole, Whole]:
        """Product, year of leaving and year of sale of everything that leaves from the first year on."""
        left, sale = np.meshgrid(np.arange(self._first, self._years), np.arange(self._years), indexing="ij")
        possible = left >= sale
        left, sale = left[possible], sale[possible]
        product, cell = np.nonzero((kernel[:, left - sale] > 0.0) & (self._sold_kg[:, sale] > 0.0))
        return product, left[cell], sale[cell]

    def move(
        self,
        share: Vector,
        cell: tuple[Whole, Whole, Whole],
        decided: Whole,
        stretch: Vector,
        offset: float = 0.0,
        kind: int = PLAIN,
        other: int = PLAIN,
    ) -> None:
        """Let shares of sales leave at their age times `stretch`, not before the year it was decided.

        What leaves in one year spreads evenly over as much of a year, or of several where lives are stretched.
        """
        stretch = np.round(stretch, ROUNDING)
        some = np.flatnonzero((share > 0.0) & ((stretch != 1.0) | (kind != other)))
        product, left, sale = (each[some] for each in cell)
        share, decided, stretch = share[some], decided[some], stretch[some]
        kg = share * self._sold_kg[product, sale]
        self._stay(kind, product, (decided, left), -kg)
        self._leave(product, left, sale, -share)
        width = np.maximum(stretch, 1.0)
        age = np.maximum(_age(left, sale) + offset, 0.0)
        begins = np.round(left + 0.5 + offset + age * (stretch - 1.0) - width / 2.0, ROUNDING)
        first = np.floor(begins)
        for step in range(math.ceil(width.max(initial=0.0)) + 1):
            year = first + step
            part = np.maximum(np.minimum(begins + width, year + 1.0) - np.maximum(begins, year), 0.0) / width
            then = np.maximum(year.astype(np.int64), decided)
            self._stay(other, product, (decided, then), kg * part)
            self._leave(product, then, sale, share * part)

    def _leave(self, product: Whole, year: Whole, sale: Whole, share: Vector) -> None:
        seen = year < self._years
        place = (product * (self._years - self._first) + year - self._first) * self._years + sale
        self._band += np.bincount(place[seen], share[seen], minlength=len(self._band))

    def _stay(self, kind: int, product: Whole, span: tuple[Whole, Whole], kg: Vector) -> None:
        """Kg of a kind that are in a drawer or with a second owner from one year to another."""
        if kind == PLAIN:
            return
        for year, sign in zip(span, (1.0, -1.0), strict=True):
            seen = year < self._years
            place = product * self._years + year
            self._stock[kind] += np.bincount(place[seen], sign * kg[seen], minlength=len(self._stock[kind]))

    def change(self) -> Change:
        """What has been moved in all."""
        stocks = {kind: np.cumsum(flow.reshape(self._products, -1), axis=1) for kind, flow in self._stock.items()}
        band = self._band.reshape(self._products, self._years - self._first, self._years)
        return Change(self._first, band, stocks[REUSED], stocks[HOARDED])
