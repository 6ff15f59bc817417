"""The book: double entry for every kilogram. Mass moves only here.

A posting at truck rate books references (`Lot`); substances are folded late, at month end, or at every posting with
`audit="event"`. An audit compares what the book says an account holds with what is really there, so mass that a node
loses or makes without posting it is found and named.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.engine.composition import Composition, Vector
from sim.engine.pending import Pending, sums_of_groups
from sim.engine.stockpile import Stockpile

POSTING_TOLERANCE = 1e-12  # of the mass converted, per substance
ACCOUNT_TOLERANCE = 1e-9  # of the throughput of the account, per substance
ATOM_KG = 1e-25  # less than an atom weighs: the least mass that tolerances are relative to
MOST_PENDING = 50_000  # lots that wait to be folded: a few megabytes

FlowKey = tuple[int, str, str, str]


@dataclass(slots=True)
class Account:
    """One place mass can be. `outside` accounts are beyond the boundary: they are not audited and may run negative.

    holdings : all lots that are really there. there : what they lie in, so that an audit need not ask where it is empty;
        a place that cannot tell is never taken for empty.
    """

    number: int
    name: str
    stage: str
    country: str
    outside: bool
    holdings: Callable[[], Iterable[Lot]] = tuple
    there: Sized = (None,)


class Conversion(NamedTuple):
    """Lots taken out of account `source`, and the lots a process makes of them."""

    source: int
    taken: Sequence[Lot]
    given: Sequence[Lot]


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
        self.pairs: dict[tuple[int, int], int] = {}  # number of every source and target between which mass ever moved
        self.on_fold: Callable[[NDArray[np.int64], Vector], None] | None = None  # numbers of pairs, each once, and kg
        self.shared_places: list[Callable[[], Mapping[int, Sequence[Lot]]]] = []  # lots by account, of places with several
        self._year = 0
        self._audited = 0.0
        self._numbers: dict[str, int] = {}
        self._outside: list[int] = []
        self._ends = array("q")  # source and target of every pair
        self._pending = Pending()
        self._most_pending = 0 if self.every_event else MOST_PENDING
        self._fold_at = self._most_pending  # postings
        self._balance = Rows(len(composition.substances))
        self._throughput = Rows(len(composition.substances))
        self._moved = Rows(len(composition.substances))  # in this year, by pair
        self._closed: dict[FlowKey, Vector] = {}  # flows of the years before

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
            if outside:
                self._outside.append(number)
            for table in (self._balance, self._throughput):
                table.grow(len(self.accounts))
            return number
        there = self.accounts[number]
        if not (outside and there.outside) or (there.stage, there.country) != (stage, country):
            raise ValueError(f"account {name} is open already, as {there.stage} of {there.country}")
        return number

    def stockpile(self, name: str, stage: str, country: str) -> Stockpile:
        """Open an account together with the place that holds its lots."""
        pile = Stockpile(self.account(name, stage, country))
        account = self.accounts[pile.account]
        account.holdings, account.there = pile.lots.__iter__, pile.lots
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
        number = self.pairs.get((source, target))
        if number is None:
            number = self.pairs[source, target] = len(self.pairs)
            self._ends.extend((source, target))
        pending, whole = self._pending, 0.0
        numbers, refs, masses = pending.numbers, pending.refs, pending.kg
        for lot in lots:
            kg = lot.kg
            if not kg >= 0.0:
                account = self.accounts[source]
                raise ConservationError(f"day {day:.2f}: stage {account.stage}, {account.name}: a lot of {kg} kg")
            numbers.append(number)
            refs.append(lot.ref)
            masses.append(kg)
            whole += kg
            self.postings += 1
        if self.postings >= self._fold_at:
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
            If it does not close, as `require_closed` says.
        """
        self.require_closed(day, [Conversion(source, taken, [lot for _, lot in given])])
        for target, group in groupby(given, key=itemgetter(0)):
            self.post_all(day, source, target, [lot for _, lot in group])

    def require_closed(self, day: float, conversions: Sequence[Conversion]) -> None:
        """Check processes that lots in inside accounts go through; what they become is posted when it is ready.

        Raises
        ------
        ConservationError
            If any substance does not close within 1e-12 of what was taken of it (of the batch, if none was).
        """
        groups = [lots for each in conversions for lots in (each.taken, each.given)]
        sums = np.zeros((len(groups), len(self.composition.substances)))
        some = [number for number, lots in enumerate(groups) if lots]
        if some:
            sums[some] = self._folded([groups[number] for number in some])
        before, gap = sums[::2], sums[1::2] - sums[::2]
        relative = np.abs(gap) / np.maximum(np.where(before > 0.0, before, before.sum(axis=1, keepdims=True)), ATOM_KG)
        number, column = divmod(int(relative.argmax()), relative.shape[1])
        residual, kg = float(relative[number, column]), float(gap[number, column])
        self.residuals.posting = max(self.residuals.posting, residual)
        if not residual <= POSTING_TOLERANCE:  # what is not a number does not close
            account, substance = self.accounts[conversions[number].source], self.composition.substances[column]
            raise ConservationError(
                f"day {day:.2f}: stage {account.stage}, {account.name}: {abs(kg):.3g} kg of {substance} "
                f"{'made' if kg > 0 else 'lost'} in a conversion"
            )

    # folding and auditing

    def begin_year(self, day: float, year: int) -> None:
        """Fold what is open and book into `year` from now on."""
        self.fold(day)
        self._closed = self.flows
        self._moved.used[:] = 0.0
        self._year = year

    def fold(self, day: float) -> None:
        """Turn pending references into substances, balances and flows."""
        self._fold_at = self.postings + self._most_pending
        if not self._pending.kg:
            return
        pairs, kg = self._pending.folded(self.composition)
        source, target = np.frombuffer(self._ends, np.int64).reshape(-1, 2)[pairs].T
        self._pending = Pending()
        came, went = (sums_by(ends, kg, len(self.accounts)) for ends in (target, source))
        self._balance.used[:] += came - went
        self._throughput.used[:] += came
        self._moved.grow(len(self.pairs))
        self._moved.used[pairs] += kg
        if self.on_fold is not None:
            self.on_fold(pairs, kg)
        if self.every_event:
            self._require_no_overdraft(day)

    @property
    def flows(self) -> dict[FlowKey, Vector]:
        """Mass by year, country, source stage and target stage [kg], each of shape (substances,); call `fold` first."""
        flows = dict(self._closed)
        moved, ends = self._moved.used, list(self.pairs)
        for number in np.flatnonzero(moved.any(axis=1)).tolist():
            source, target = (self.accounts[end] for end in ends[number])
            country = target.country if source.outside else source.country
            key = (self._year, country, source.stage, target.stage)
            flows[key] = flows[key] + moved[number] if key in flows else moved[number].copy()
        return flows

    def balance(self, account: int | list[int]) -> Vector:
        """What the book says an account, or each of several, holds [kg], last axis substances; call `fold` first."""
        return self._balance.row(account)

    def throughput(self, account: int | list[int]) -> Vector:
        """What was ever booked into an account, or each of several [kg], last axis substances; call `fold` first."""
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
        gap = self._balance.used - self._held()
        gap[self._outside] = 0.0
        relative = np.abs(gap) / np.maximum(self._throughput.used, ATOM_KG)
        number, column = np.unravel_index(int(relative.argmax()), relative.shape)
        worst, kg = float(relative[number, column]), float(gap[number, column])
        account, substance = self.accounts[int(number)], self.composition.substances[int(column)]
        if worst > self.residuals.account:
            self.residuals.account, self.residuals.where = worst, f"{account.name} ({substance}, day {day:.0f})"
        if not worst <= ACCOUNT_TOLERANCE:  # what is not a number is in no book
            raise ConservationError(
                f"day {day:.2f}: stage {account.stage}, {account.name}: {abs(kg):.3g} kg of {substance} "
                f"{'lost' if kg > 0 else 'made'} without a posting since day {self._audited:.2f}"
            )
        self._audited = day

    def _held(self) -> Vector:
        """Kg of each substance that really is in the place of each account, shape (accounts, substances)."""
        held = np.zeros_like(self._balance.used)
        asked: Iterable[tuple[int, Sequence[Lot]]] = (
            (account.number, list(account.holdings())) for account in self.accounts if account.there
        )
        found = chain(asked, *(place().items() for place in self.shared_places))
        some = [(number, lots) for number, lots in found if lots]
        if some:
            numbers = np.array([number for number, _ in some])
            held += sums_by(numbers, self._folded([lots for _, lots in some]), len(held))  # one account may have several places
        return held

    def _folded(self, groups: Sequence[Sequence[Lot]]) -> Vector:
        """Kg of each substance in groups of lots, none of them empty, shape (groups, substances)."""
        lots = list(chain.from_iterable(groups))
        kg = np.fromiter(map(itemgetter(0), lots), np.float64, len(lots))
        refs = np.fromiter(map(itemgetter(1), lots), np.int64, len(lots))
        firsts = np.cumsum([0, *map(len, groups)])[:-1]
        return sums_of_groups(kg, self.composition.table.take(refs, axis=0), firsts)

    def _require_no_overdraft(self, day: float) -> None:
        short = ~(self._balance.used >= -ACCOUNT_TOLERANCE * np.maximum(self._throughput.used, ATOM_KG))
        short[self._outside] = False
        if short.any():
            number, column = np.argwhere(short)[0]
            account, substance = self.accounts[int(number)], self.composition.substances[int(column)]
            raise ConservationError(
                f"day {day:.2f}: stage {account.stage}, {account.name}: more {substance} left than ever came, "
                f"by {-self._balance.used[number, column]:.3g} kg"
            )


class Rows:
    """A table that grows by rows of zeros; doubling keeps growth linear."""

    __slots__ = ("_count", "_table")

    def __init__(self, columns: int) -> None:
        self._table = np.zeros((256, columns))
        self._count = 0

    def grow(self, count: int) -> None:
        """Have at least `count` rows."""
        while count > len(self._table):
            self._table = np.vstack([self._table, np.zeros_like(self._table)])
        self._count = max(count, self._count)

    @property
    def used(self) -> Vector:
        """The rows so far, a view."""
        return self._table[: self._count]

    def row(self, number: int | list[int]) -> Vector:
        """One row, or several, a copy."""
        copy: Vector = self._table[number].copy()
        return copy


def sums_by(keys: NDArray[np.int64], rows: Vector, count: int) -> Vector:
    """Sum of the rows of each key below `count`, shape (count, columns); like `np.add.at` on a table, but faster."""
    columns = rows.shape[1]
    cells = keys[:, np.newaxis] * columns + np.arange(columns)
    sums = np.bincount(cells.ravel(), rows.ravel(), minlength=count * columns)
    return np.asarray(sums, dtype=np.float64).reshape(count, columns)
