"""The book: double entry for every kilogram. Mass moves only here.

A posting at truck rate books references (`Lot`); substances are folded late, at month end, or at every posting with
`audit="event"`. An audit compares what the book says an account holds with what is really there, so mass that a node
loses or makes without posting it is found and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.engine.composition import Composition, Vector
from sim.engine.stockpile import Stockpile

POSTING_TOLERANCE = 1e-12  # of the mass converted, per substance
ACCOUNT_TOLERANCE = 1e-9  # of the throughput of the account, per substance


@dataclass(slots=True)
class Account:
    """One place mass can be. `outside` accounts are beyond the boundary: they are not audited and may run negative."""

    number: int
    name: str
    stage: str
    country: str
    outside: bool
    holdings: Callable[[], Iterable[Lot]] | None = None


@dataclass(slots=True)
class Residuals:
    """Largest closing error seen so far, relative, and where."""

    posting: float = 0.0
    account: float = 0.0
    where: str = ""


@dataclass(slots=True)
class _Pending:
    source: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    ref: list[int] = field(default_factory=list)
    kg: list[float] = field(default_factory=list)


class Ledger:
    """Accounts, postings and balances of one replication."""

    def __init__(self, composition: Composition, audit: Literal["month", "event"] = "month") -> None:
        self.composition = composition
        self.accounts: list[Account] = []
        self.flows: dict[tuple[int, str, str, str], Vector] = {}
        self.residuals = Residuals()
        self.postings = 0
        self._year = 0
        self._every_event = audit == "event"
        self._pending = _Pending()
        self._balance = np.zeros((0, len(composition.substances)))
        self._throughput = np.zeros_like(self._balance)

    # accounts

    def account(self, name: str, stage: str, country: str, *, outside: bool = False) -> int:
        """Open an account; names are unique. `stage` names it in the `flows` and `stocks` tables."""
        number = len(self.accounts)
        self.accounts.append(Account(number, name, stage, country, outside))
        empty = np.zeros((1, len(self.composition.substances)))
        self._balance = np.vstack([self._balance, empty])
        self._throughput = np.vstack([self._throughput, empty])
        return number

    def stockpile(self, name: str, stage: str, country: str) -> Stockpile:
        """Open an account together with the place that holds its lots."""
        pile = Stockpile(self.account(name, stage, country))
        self.accounts[pile.account].holdings = lambda: pile.lots
        return pile

    # postings

    def post(self, day: float, source: int, target: int, lot: Lot) -> None:
        """Book `lot` from account `source` to account `target`."""
        pending = self._pending
        pending.source.append(source)
        pending.target.append(target)
        pending.ref.append(lot.ref)
        pending.kg.append(lot.kg)
        if self._every_event:
            self.fold(day)

    def move(self, day: float, lots: Iterable[Lot], source: int, target: Stockpile) -> None:
        """Book lots that have left account `source` into a stockpile."""
        for lot in lots:
            self.post(day, source, target.account, lot)
            target.put(lot)

    def convert(self, day: float, source: int, taken: Sequence[Lot], given: Sequence[tuple[int, Lot]]) -> None:
        """Book a process: lots `taken` out of `source` become the lots `given` to their accounts.

        Raises
        ------
        ConservationError
            If any substance does not close within 1e-12 of what was taken of it.
        """
        self.fold(day)
        masses = self.composition.masses(taken)
        outputs = np.array([self.composition.mass(lot) for _, lot in given]).reshape(len(given), masses.size)
        gap = np.abs(outputs.sum(axis=0) - masses)
        error = float((gap / np.where(masses > 0.0, masses, 1.0)).max(initial=0.0))
        self.residuals.posting = max(self.residuals.posting, error)
        if error > POSTING_TOLERANCE:
            worst = int((gap / np.where(masses > 0.0, masses, 1.0)).argmax())
            raise ConservationError(
                f"day {day:.2f}: {self.accounts[source].name}: {self.composition.substances[worst]} does not close by {gap[worst]:.3g} kg"
            )
        for (target, _), vector in zip(given, outputs, strict=True):
            self._book(source, target, vector)
        self.postings += len(given)

    # folding and auditing

    def begin_year(self, day: float, year: int) -> None:
        """Fold what is open and book into `year` from now on."""
        self.fold(day)
        self._year = year

    def fold(self, day: float) -> None:
        """Turn pending references into substances and balances."""
        pending = self._pending
        if not pending.kg:
            return
        source, target = np.array(pending.source), np.array(pending.target)
        vectors = self.composition.table[pending.ref] * np.array(pending.kg)[:, np.newaxis]
        self._pending = _Pending()
        self.postings += len(source)
        pairs, inverse = np.unique(source * len(self.accounts) + target, return_inverse=True)
        sums = np.zeros((len(pairs), vectors.shape[1]))
        np.add.at(sums, inverse, vectors)
        for pair, vector in zip(pairs.tolist(), sums, strict=True):
            self._book(*divmod(pair, len(self.accounts)), vector)
        if self._every_event:
            self._require_no_overdraft(day)

    def _book(self, source: int, target: int, vector: Vector) -> None:
        self._balance[source] -= vector
        self._balance[target] += vector
        self._throughput[target] += vector
        a, b = self.accounts[source], self.accounts[target]
        key = (self._year, a.country if not a.outside else b.country, a.stage, b.stage)
        flow = self.flows.get(key)
        if flow is None:
            self.flows[key] = vector.copy()
        else:
            flow += vector

    def balance(self, account: int) -> Vector:
        """What the book says `account` holds [kg], shape (substances,); call `fold` first."""
        return self._balance[account]

    def throughput(self, account: int) -> Vector:
        """What was ever booked into `account` [kg], shape (substances,)."""
        return self._throughput[account]

    def audit(self, day: float) -> None:
        """Fold, then compare book and place for every inside account and substance.

        Raises
        ------
        ConservationError
            Names stage, account, substance, day and kilograms of the worst gap beyond 1e-9 of throughput.
        """
        self.fold(day)
        numbers, lots = self._held()
        held = np.zeros_like(self._balance)
        if lots:
            kg = np.array([lot.kg for lot in lots])
            np.add.at(held, numbers, self.composition.table[[lot.ref for lot in lots]] * kg[:, np.newaxis])
        inside = np.array([not account.outside for account in self.accounts])
        gap = np.where(inside[:, np.newaxis], self._balance - held, 0.0)
        relative = np.abs(gap) / np.where(self._throughput > 0.0, self._throughput, 1.0)
        row, column = np.unravel_index(int(relative.argmax()), relative.shape)
        worst = float(relative[row, column])
        account, substance = self.accounts[int(row)], self.composition.substances[int(column)]
        if worst > self.residuals.account:
            self.residuals.account, self.residuals.where = worst, f"{account.name} ({substance}, day {day:.0f})"
        if worst > ACCOUNT_TOLERANCE:
            verb = "lost" if gap[row, column] > 0 else "made"
            raise ConservationError(
                f"day {day:.2f}: stage {account.stage}, {account.name}: {abs(gap[row, column]):.3g} kg of {substance} {verb} without a posting"
            )

    def _held(self) -> tuple[list[int], list[Lot]]:
        numbers: list[int] = []
        lots: list[Lot] = []
        for account in self.accounts:
            if account.holdings is not None:
                before = len(lots)
                lots.extend(account.holdings())
                numbers.extend([account.number] * (len(lots) - before))
        return numbers, lots

    def _require_no_overdraft(self, day: float) -> None:
        floor = -ACCOUNT_TOLERANCE * np.where(self._throughput > 0.0, self._throughput, 1.0)
        for account in self.accounts:
            if not account.outside and (self._balance[account.number] < floor[account.number]).any():
                raise ConservationError(f"day {day:.2f}: stage {account.stage}, {account.name}: more left than ever came")
