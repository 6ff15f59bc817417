"""Lots on their way: they belong to one account until they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from sim.core.lot import Lot
from sim.engine.ledger import Ledger


class Transit:
    """An account whose lots travel; departures are numbered so that each can be ended on its own."""

    __slots__ = ("_departures", "_travelling", "account")

    def __init__(self, ledger: Ledger, name: str, stage: str, country: str) -> None:
        self.account = ledger.account(name, stage, country)
        self._travelling: dict[int, list[Lot]] = {}
        self._departures = 0
        account = ledger.accounts[self.account]
        account.holdings, account.there = self._held, self._travelling

    def depart(self, lots: list[Lot]) -> int:
        """Start a journey; the caller has posted the lots to `account`. Returns its number."""
        self._departures += 1
        self._travelling[self._departures] = lots
        return self._departures

    def arrive(self, journey: int) -> list[Lot]:
        """End a journey; the caller posts the lots out of `account`."""
        return self._travelling.pop(journey)

    def _held(self) -> Iterator[Lot]:
        return chain.from_iterable(self._travelling.values())
