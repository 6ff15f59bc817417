"""Edges of the ledger: nobody to audit, and who is told of a fold."""

import numpy as np

from sim.core.lot import Lot
from sim.engine.composition import Composition
from sim.engine.ledger import Ledger


def test_a_book_without_accounts_audits_as_nothing():
    ledger = Ledger(Composition(("Au", "other")), "month")
    ledger.audit(1.0)
    assert ledger.flows == {}


def test_who_asks_is_told_of_every_fold():
    composition = Composition(("Au", "other"))
    row = composition.add_rows(np.array([[0.25, 0.75]]))
    ledger = Ledger(composition, "month")
    start, end = ledger.account("start", "opening", "JPN", outside=True), ledger.account("end", "metal", "JPN", outside=True)
    told = []
    ledger.on_fold = lambda source, target, kg: told.append((source.tolist(), target.tolist(), kg.tolist()))
    ledger.begin_year(0.0, 2025)
    ledger.post(1.0, start, end, Lot(8.0, row, 0, 1.0))
    ledger.fold(2.0)
    assert told == [([start], [end], [[2.0, 6.0]])]
