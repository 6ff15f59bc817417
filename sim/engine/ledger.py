"""The book: double entry for every kilogram. Mass moves only here.

A posting at truck rate books references (`Lot`); substances are folded late, at month end, or at every posting with
`audit="event"`. An audit compares what the book says an account holds with what is really there, so mass that a node
loses or makes without posting it is found and named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.engine.composition import Composition, Vector
from sim.engine.stockpile import Stockpile

POSTING_TOLERANCE = 1e-12  # of the mass converted, per substance
ACCOUNT_TOLERANCE = 1e-9  # of the throughput of the account, per substance
ATOM_KG = 1e-25  # less than an atom weighs: the least mass that tolerances are relative to

FlowKey = tuple[int, str, str, str]


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


class Ledger:
    """Accounts, postings and balances of one replication."""

    def __init__(self, composition: Composition, audit: Literal["month", "event"] = "month") -> None:
        self.composition = composition
        self.accounts: list[Account] = []
        self.residuals = Residuals()
        self.postings = 0
        self.every_event = audit == "event"
        self.on_fold: Callable[[NDArray[np.int64], NDArray[np.int64], Vector], None] | None = None  # sources, targets, kg
        self._year = 0
        self._audited = 0.0
        self._numbers: dict[str, int] = {}
        self._pending: dict[tuple[int, int], defaultdict[int, float]] = {}  # (source, target) -> ref -> kg
        self._balance = _Rows(len(composition.substances))
        self._throughput = _Rows(len(composition.substances))
        self._flow = _Rows(len(composition.substances))
        self._flow_rows: dict[FlowKey, int] = {}
        self._row_of_pair: dict[tuple[int, int], int] = {}  # in this year

    # accounts

    def account(self, name: str, stage: str, country: str, *, outside: bool = False) -> int:
        """Open an account and return its number. `stage` names it in the `flows` and `stocks` tables.

        Rooms that never meet may share an outside account: asked for again, it is the same one.

        Raises
        ------
        ValueError
            If the name is taken by an inside account or by one of another stage or country.
        """
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.accounts)
            self.accounts.append(Account(number, name, stage, country, outside))
            self._balance.grow()
            self._throughput.grow()
            return number
        there = self.accounts[number]
        if not (outside and there.outside) or (there.stage, there.country) != (stage, country):
            raise ValueError(f"account {name} is open already, as {there.stage} of {there.country}")
        return number

    def stockpile(self, name: str, stage: str, country: str) -> Stockpile:
        """Open an account together with the place that holds its lots."""
        pile = Stockpile(self.account(name, stage, country))
        self.accounts[pile.account].holdings = pile.lots.__iter__
        return pile

    # postings

    def post(self, day: float, source: int, target: int, lot: Lot) -> None:
        """Book `lot` from account `source` to account `target`.

        Raises
        ------
        ConservationError
            If its mass is negative or not a number.
        """
        self.post_all(day, source, target, (lot,))

    def post_all(self, day: float, source: int, target: int, lots: Iterable[Lot]) -> float:
        """Book lots that go together from account `source` to account `target`; return their mass [kg].

        Raises
        ------
        ConservationError
            If the mass of one is negative or not a number.
        """
        pending, whole = self._pending.get((source, target)), 0.0
        if pending is None:
            pending = self._pending[source, target] = defaultdict(float)
        for kg, ref, _, _ in lots:
            if not kg >= 0.0:
                account = self.accounts[source]
                raise ConservationError(f"day {day:.2f}: stage {account.stage}, {account.name}: a lot of {kg} kg")
            pending[ref] += kg
            whole += kg
            self.postings += 1
        if self.every_event:
            self.fold(day)
        return whole

    def move(self, day: float, lots: Sequence[Lot], source: int, target: Stockpile) -> None:
        """Book lots that have left account `source` into a stockpile."""
        self.post_all(day, source, target.account, lots)
        target.put_all(lots)

    def convert(self, day: float, source: int, taken: Sequence[Lot], given: Sequence[tuple[int, Lot]]) -> None:
        """Book a process: lots `taken` out of `source` become the lots `given` to their accounts.

        Raises
        ------
        ConservationError
            If any substance does not close within 1e-12 of what was taken of it (of the batch, if none was).
        """
        before = self.composition.masses(taken)
        gap = self.composition.masses([lot for _, lot in given]) - before
        relative = np.abs(gap) / np.maximum(np.where(before > 0.0, before, before.sum()), ATOM_KG)
        worst = int(relative.argmax())
        residual = relative.item(worst)
        self.residuals.posting = max(self.residuals.posting, residual)
        if residual > POSTING_TOLERANCE:
            account, substance = self.accounts[source], self.composition.substances[worst]
            raise ConservationError(
                f"day {day:.2f}: stage {account.stage}, {account.name}: {abs(gap[worst]):.3g} kg of {substance} "
                f"{'made' if gap[worst] > 0 else 'lost'} in a conversion"
            )
        for target, group in groupby(given, key=itemgetter(0)):
            self.post_all(day, source, target, [lot for _, lot in group])

    # folding and auditing

    def begin_year(self, day: float, year: int) -> None:
        """Fold what is open and book into `year` from now on."""
        self.fold(day)
        self._year, self._row_of_pair = year, {}

    def fold(self, day: float) -> None:
        """Turn pending references into substances, balances and flows."""
        pending = {pair: kg_of for pair, kg_of in self._pending.items() if kg_of}
        self._pending = {}
        if not pending:
            return
        source, target = np.array(list(pending), dtype=np.int64).T
        refs = [ref for kg_of in pending.values() for ref in kg_of]
        kg = np.array([kg for kg_of in pending.values() for kg in kg_of.values()])
        firsts = np.cumsum([0, *map(len, pending.values())])[:-1]
        sums = np.add.reduceat(self.composition.table.take(refs, axis=0) * kg[:, np.newaxis], firsts, axis=0)
        left, out = _sum_by(source, sums)
        reached, into = _sum_by(target, sums)
        self._balance.used[left] -= out
        self._balance.used[reached] += into
        self._throughput.used[reached] += into
        known = self._row_of_pair
        rows = np.array([known[pair] if pair in known else self._flow_row(*pair) for pair in pending])
        flows, amounts = _sum_by(rows, sums)
        self._flow.used[flows] += amounts
        if self.on_fold is not None:
            self.on_fold(source, target, sums)
        if self.every_event:
            self._require_no_overdraft(day)

    def _flow_row(self, source: int, target: int) -> int:
        a, b = self.accounts[source], self.accounts[target]
        key = (self._year, b.country if a.outside else a.country, a.stage, b.stage)
        row = self._flow_rows.get(key)
        if row is None:
            row = self._flow_rows[key] = self._flow.grow()
        self._row_of_pair[source, target] = row
        return row

    @property
    def flows(self) -> dict[FlowKey, Vector]:
        """Mass by year, country, source stage and target stage [kg], each of shape (substances,); call `fold` first."""
        return {key: self._flow.row(row) for key, row in self._flow_rows.items()}

    def balance(self, account: int) -> Vector:
        """What the book says `account` holds [kg], shape (substances,); call `fold` first."""
        return self._balance.row(account)

    def throughput(self, account: int) -> Vector:
        """What was ever booked into `account` [kg], shape (substances,); call `fold` first."""
        return self._throughput.row(account)

    def audit(self, day: float) -> None:
        """Fold, then compare book and place for every inside account and substance.

        Between two events every lot must be in the place its account stands for.

        Raises
        ------
        ConservationError
            Names stage, account, substance, kilograms and day of the worst gap beyond 1e-9 of throughput, and since
            when it can have opened.
        """
        self.fold(day)
        if not self.accounts:
            return
        booked, throughput = self._balance.used, self._throughput.used
        inside = np.array([not account.outside for account in self.accounts], dtype=bool)
        gap = np.where(inside[:, np.newaxis], booked - self._held(), 0.0)
        relative = np.abs(gap) / np.maximum(throughput, ATOM_KG)
        number, column = np.unravel_index(int(relative.argmax()), relative.shape)
        worst, kg = float(relative[number, column]), float(gap[number, column])
        account, substance = self.accounts[int(number)], self.composition.substances[int(column)]
        if worst > self.residuals.account:
            self.residuals.account, self.residuals.where = worst, f"{account.name} ({substance}, day {day:.0f})"
        if worst > ACCOUNT_TOLERANCE:
            raise ConservationError(
                f"day {day:.2f}: stage {account.stage}, {account.name}: {abs(kg):.3g} kg of {substance} "
                f"{'lost' if kg > 0 else 'made'} without a posting since day {self._audited:.2f}"
            )
        self._audited = day

    def _held(self) -> Vector:
        held = np.zeros_like(self._balance.used)
        numbers: list[int] = []
        firsts: list[int] = []
        lots: list[Lot] = []
        for account in self.accounts:
            if account.holdings is not None:
                first = len(lots)
                lots.extend(account.holdings())
                if len(lots) > first:
                    numbers.append(account.number)
                    firsts.append(first)
        if lots:
            kg, refs = (np.array(column) for column in list(zip(*lots, strict=True))[:2])
            held[numbers] = np.add.reduceat(self.composition.table.take(refs, axis=0) * kg[:, np.newaxis], firsts, axis=0)
        return held

    def _require_no_overdraft(self, day: float) -> None:
        inside = np.array([not account.outside for account in self.accounts], dtype=bool)
        floor = -ACCOUNT_TOLERANCE * np.maximum(self._throughput.used, ATOM_KG)
        short = (self._balance.used < floor) & inside[:, np.newaxis]
        if short.any():
            number, column = np.argwhere(short)[0]
            account, substance = self.accounts[int(number)], self.composition.substances[int(column)]
            raise ConservationError(
                f"day {day:.2f}: stage {account.stage}, {account.name}: more {substance} left than ever came, "
                f"by {-self._balance.used[number, column]:.3g} kg"
            )


class _Rows:
    """A table that grows by rows of zeros; doubling keeps growth linear."""

    __slots__ = ("_count", "_table")

    def __init__(self, columns: int) -> None:
        self._table = np.zeros((256, columns))
        self._count = 0

    def grow(self) -> int:
        """Add a row and return its number."""
        if self._count == len(self._table):
            self._table = np.vstack([self._table, np.zeros_like(self._table)])
        self._count += 1
        return self._count - 1

    @property
    def used(self) -> Vector:
        """The rows so far, a view."""
        return self._table[: self._count]

    def row(self, number: int) -> Vector:
        """One row, a copy."""
        copy: Vector = self._table[number].copy()
        return copy


def _sum_by(keys: NDArray[np.int64], rows: Vector) -> tuple[NDArray[np.int64], Vector]:
    """Return the distinct keys in order and the sum of the rows of each; like `np.add.at` on a table, but faster."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    return ordered[first], np.add.reduceat(rows[order], first, axis=0)
