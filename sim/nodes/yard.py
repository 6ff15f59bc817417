"""Materials that lie apart in one account of one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from sim.core.lot import Lot
from sim.engine.ledger import Ledger
from sim.engine.stockpile import Stockpile


class Yard:
    """One pile per material, first in first out within each; the ledger knows them as one account.

    kg : all that lies here; exactly 0 when nothing does.
    """

    __slots__ = ("account", "kg", "piles")

    def __init__(self, ledger: Ledger, name: str, stage: str, country: str) -> None:
        self.account = ledger.account(name, stage, country)
        self.piles: dict[str, Stockpile] = {}
        self.kg = 0.0
        account = ledger.accounts[self.account]
        account.holdings, account.there = self._held, self.piles  # a yard that never held anything has no pile

    def put(self, material: str, lots: Sequence[Lot], kg: float) -> None:
        """Add lots of `kg` in all, which the caller has posted to `account`."""
        pile = self.piles.get(material)
        if pile is None:
            pile = self.piles[material] = Stockpile(self.account)
        pile.lots.extend(lots)
        pile.kg += kg
        self.kg += kg

    def take(self, kg: float) -> list[tuple[str, list[Lot]]]:
        """Remove the oldest lots of every material, in proportion to what lies here, `kg` in all."""
        if self.kg <= 0.0 or kg <= 0.0:
            return []
        share = kg / self.kg
        there = [(material, pile) for material, pile in self.piles.items() if pile.lots]
        if share >= 1.0:
            self.kg = 0.0
            return [(material, pile.take_all()) for material, pile in there]
        taken = [(material, pile.take(pile.kg * share)) for material, pile in there]
        self.weigh()
        return taken

    def weigh(self) -> None:
        """Add up what lies here, after lots were taken from its piles."""
        self.kg = sum(pile.kg for pile in self.piles.values() if pile.lots)

    def _held(self) -> Iterator[Lot]:
        return chain.from_iterable([pile.lots for pile in self.piles.values()])
