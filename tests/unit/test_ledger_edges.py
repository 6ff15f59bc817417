"""Edges of the ledger: how much may not close, relative to what, and who is told."""

import numpy as np
import pytest

from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.engine import ledger as module
from sim.engine.composition import Composition
from sim.engine.ledger import Ledger

GOLD, OTHER, HALF = 0, 1, 2  # rows of the composition


def book(audit="month"):
    """A ledger with an outside account, and compositions of gold, of anything else, and of half of each."""
    composition = Composition(("Au", "other"))
    composition.add_rows(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]))
    ledger = Ledger(composition, audit)
    return ledger, ledger.account("start", "opening", "JPN", outside=True)


def lot(kg, ref=GOLD):
    return Lot(kg, ref, 0, 0.0)


def refused(call, *args):
    """Whether the book refuses."""
    try:
        call(*args)
    except ConservationError:
        return True
    return False


# accounts and postings


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
    ledger.on_fold = lambda pairs, kg: told.append(([list(ledger.pairs)[number] for number in pairs], kg.tolist()))
    ledger.begin_year(0.0, 2025)
    ledger.post(1.0, start, end, Lot(8.0, row, 0, 1.0))
    ledger.fold(2.0)
    ledger.post(3.0, end, start, Lot(4.0, row, 0, 1.0))
    ledger.fold(4.0)
    ledger.post(5.0, start, end, Lot(1.0, row, 0, 1.0))
    ledger.fold(6.0)
    assert told == [([(start, end)], [[2.0, 6.0]]), ([(end, start)], [[1.0, 3.0]]), ([(start, end)], [[0.25, 0.75]])]


def test_what_is_booked_together_is_told_in_kilograms():
    ledger, start = book()
    pile = ledger.stockpile("pile", "waiting", "JPN")
    assert ledger.post_all(0.0, start, pile.account, []) == 0.0
    assert ledger.post_all(0.0, start, pile.account, [lot(2.0), lot(0.0), lot(3.0, OTHER)]) == 5.0
    assert ledger.postings == 3, "a lot of nothing is a lot"


def test_what_moves_before_a_year_begins_is_of_no_year():
    ledger, start = book()
    ledger.move(0.0, [lot(2.0)], start, ledger.stockpile("pile", "waiting", "JPN"))
    ledger.fold(0.0)
    assert list(ledger.flows) == [(0, "JPN", "opening", "waiting")]


@pytest.mark.parametrize(
    ("outside", "stage", "country"), [(True, "slag", "JPN"), (True, "landfill", "THA"), (False, "landfill", "JPN")]
)
def test_a_name_is_shared_only_by_the_same_outside_account(outside, stage, country):
    ledger, _ = book()
    ledger.account("tip", "landfill", "JPN", outside=True)
    with pytest.raises(ValueError, match="tip is open already, as landfill of JPN"):
        ledger.account("tip", stage, country, outside=outside)


def test_an_inside_account_is_not_opened_again_as_an_outside_one():
    ledger, _ = book()
    ledger.stockpile("yard", "yard", "JPN")
    for outside in (False, True):
        with pytest.raises(ValueError, match="yard is open already"):
            ledger.account("yard", "yard", "JPN", outside=outside)


def test_many_lots_are_folded_before_the_month_ends_and_the_book_is_the_same(monkeypatch):
    monkeypatch.setattr(module, "MOST_PENDING", 3)
    ledger, start = book()
    pile, told = ledger.stockpile("pile", "waiting", "JPN"), []
    ledger.on_fold = lambda pairs, kg: told.append(kg.sum())
    for number in range(5):
        ledger.move(0.0, [lot(1.0 + number)], start, pile)
    assert told == [6.0], "after the third lot"
    ledger.audit(1.0)
    assert told == [6.0, 9.0]
    assert ledger.balance(pile.account).tolist() == [15.0, 0.0]
    assert ledger.balance([start, pile.account]).tolist() == [[-15.0, 0.0], [15.0, 0.0]]
    assert {key: kg.tolist() for key, kg in ledger.flows.items()} == {(0, "JPN", "opening", "waiting"): [15.0, 0.0]}


def test_a_fold_begins_the_count_anew(monkeypatch):
    monkeypatch.setattr(module, "MOST_PENDING", 3)
    ledger, start = book()
    pile, told = ledger.stockpile("pile", "waiting", "JPN"), []
    ledger.on_fold = lambda pairs, kg: told.append(kg.sum())
    ledger.move(0.0, [lot(1.0), lot(1.0)], start, pile)
    ledger.fold(1.0)
    ledger.move(1.0, [lot(2.0), lot(2.0)], start, pile)
    assert told == [2.0], "two more are fewer than three"
    ledger.move(1.0, [lot(2.0)], start, pile)
    assert told == [2.0, 6.0]


def test_an_audit_asks_every_place_but_those_that_show_they_are_empty():
    ledger, start = book()
    account, asked = ledger.account("shelf", "waiting", "JPN"), []
    ledger.accounts[account].holdings = lambda: asked.append(1) or ()
    ledger.audit(0.0)
    assert asked == [1], "it cannot tell"
    ledger.accounts[account].there = ()
    ledger.audit(0.0)
    assert asked == [1]
    ledger.post(1.0, start, account, lot(1.0))
    with pytest.raises(ConservationError, match="shelf: 1 kg of Au lost"):
        ledger.audit(1.0)


# conversions: 1e-12 of the substance, or of the batch where there was none of it


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("gap", "over"), [(0.8e-12, False), (1.5e-12, True), (-0.8e-12, False), (-1.5e-12, True)])
def test_a_conversion_closes_within_a_billionth_of_a_thousandth_whatever_its_size(scale, gap, over):
    ledger, start = book()
    assert refused(ledger.convert, 0.0, start, [lot(scale)], [(start, lot(scale * (1.0 + gap)))]) == over
    assert ledger.residuals.posting == pytest.approx(abs(gap), rel=1e-3)


def test_a_little_of_one_metal_is_not_lost_in_much_of_another():
    ledger, start = book()
    taken = [lot(0.5), lot(1000.0, OTHER)]
    with pytest.raises(ConservationError, match="1e-11 kg of Au lost"):
        ledger.convert(0.0, start, taken, [(start, lot(0.5 - 1e-11)), (start, lot(1000.0, OTHER))])


def test_dust_of_a_metal_that_was_not_there_is_measured_by_the_batch():
    ledger, start = book()
    ledger.convert(0.0, start, [lot(1.0, OTHER)], [(start, lot(1.0, OTHER)), (start, lot(1e-13))])
    assert refused(ledger.convert, 0.0, start, [lot(1.0, OTHER)], [(start, lot(1.0, OTHER)), (start, lot(1e-11))])


def test_nothing_that_becomes_nothing_closes():
    ledger, start = book()
    ledger.require_closed(0.0, [module.Conversion(start, [], [])])
    assert ledger.residuals.posting == 0.0


def test_of_conversions_checked_together_each_must_close_and_the_worst_is_named():
    ledger, start = book()
    mill, kiln = (ledger.account(name, "processing", "JPN") for name in ("mill", "kiln"))
    fine = module.Conversion(start, [lot(2.0, HALF)], [lot(1.0), lot(1.0, OTHER)])
    ledger.require_closed(3.0, [fine, module.Conversion(kiln, [], [])])
    assert ledger.residuals.posting == 0.0
    lost, made = module.Conversion(mill, [lot(1.0)], [lot(1.0 - 1e-9)]), module.Conversion(kiln, [lot(1.0)], [lot(1.0 + 1e-8)])
    with pytest.raises(ConservationError, match=r"day 3\.00: stage processing, kiln: 1e-08 kg of Au made in a conversion"):
        ledger.require_closed(3.0, [fine, lost, made])
    with pytest.raises(ConservationError, match="mill: 1e-09 kg of Au lost"):
        ledger.require_closed(3.0, [lost, fine])


@pytest.mark.parametrize(("kg", "over"), [(0.8e-37, False), (1.5e-37, True)])
def test_nothing_is_made_of_nothing(kg, over):
    """Relative to an atom, as there is nothing else to be relative to."""
    ledger, start = book()
    assert refused(ledger.convert, 0.0, start, [], [(start, lot(kg))]) == over


def test_a_conversion_at_the_limit_is_right(monkeypatch):
    """A limit that binary numbers hold exactly."""
    monkeypatch.setattr(module, "POSTING_TOLERANCE", 0.25)
    ledger, start = book()
    assert not refused(ledger.convert, 0.0, start, [lot(1.0)], [(start, lot(1.25))])
    assert refused(ledger.convert, 0.0, start, [lot(1.0)], [(start, lot(1.25 + 2**-40))])


# audits: 1e-9 of all that ever came


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("gap", "over"), [(0.8e-9, False), (1.5e-9, True), (-0.8e-9, False), (-1.5e-9, True)])
def test_an_audit_is_relative_to_the_throughput(scale, gap, over):
    ledger, start = book()
    pile = ledger.stockpile("pile", "waiting", "JPN")
    ledger.move(0.0, [lot(scale)], start, pile)
    pile.take_all()
    pile.put(lot(scale * (1.0 + gap)))
    assert refused(ledger.audit, 3.0) == over
    assert ledger.residuals.account == pytest.approx(abs(gap), rel=1e-3)
    assert ledger.residuals.where == "pile (Au, day 3)"


def test_a_book_that_closes_exactly_names_no_place():
    ledger, start = book()
    ledger.move(0.0, [lot(1.0)], start, ledger.stockpile("pile", "waiting", "JPN"))
    ledger.audit(3.0)
    assert (ledger.residuals.account, ledger.residuals.where) == (0.0, "")


def test_the_first_audit_looks_back_to_the_first_day():
    ledger, start = book()
    pile = ledger.stockpile("pile", "waiting", "JPN")
    ledger.move(0.0, [lot(1.0)], start, pile)
    pile.take_all()
    with pytest.raises(ConservationError, match=r"1 kg of Au lost without a posting since day 0\.00$"):
        ledger.audit(31.0)


def test_an_audit_at_the_limit_is_right(monkeypatch):
    monkeypatch.setattr(module, "ACCOUNT_TOLERANCE", 0.25)
    ledger, start = book()
    pile = ledger.stockpile("pile", "waiting", "JPN")
    ledger.move(0.0, [lot(4.0)], start, pile)
    pile.put(lot(1.0))
    assert not refused(ledger.audit, 1.0)
    pile.put(lot(2.0**-40))
    assert refused(ledger.audit, 1.0)


def test_empty_places_hold_nothing_wherever_they_stand():
    """Also before, between and behind places that hold something."""
    ledger, start = book()
    piles = [ledger.stockpile(f"pile {number}", "waiting", "JPN") for number in range(5)]
    for number in (1, 3):
        ledger.move(0.0, [lot(1.0 + number, HALF), lot(2.0)], start, piles[number])
    ledger.audit(0.0)
    assert [ledger.balance(pile.account).tolist() for pile in piles] == [[0, 0], [3, 1], [0, 0], [4, 2], [0, 0]]


def test_a_place_of_several_accounts_is_asked_once_and_must_hold_what_each_of_them_does():
    ledger, start = book()
    first, second = (ledger.account(name, "waiting", "JPN") for name in ("first", "second"))
    there = {first: [lot(2.0)], second: [lot(1.0), lot(3.0, OTHER)], start: []}
    ledger.shared_places.append(lambda: there)
    for account, lots in there.items():
        ledger.post_all(0.0, start, account, lots)
    ledger.audit(1.0)
    there[first], there[second] = there[second], there[first]
    with pytest.raises(ConservationError, match=r"day 2\.00: stage waiting, first: 3 kg of other made without a posting"):
        ledger.audit(2.0)


def test_the_places_of_one_account_are_added_up():
    """Else what lies in one of them too much could hide behind the other."""
    ledger, start = book()
    pile = ledger.stockpile("pile", "waiting", "JPN")
    ledger.shared_places.append(lambda: {pile.account: [lot(2.0)]})
    ledger.post(0.0, start, pile.account, lot(2.0))
    ledger.audit(1.0)
    pile.put(lot(1e-6))
    with pytest.raises(ConservationError, match="pile: 1e-06 kg of Au made"):
        ledger.audit(2.0)


@pytest.mark.parametrize("kg", [np.nan, np.inf])
def test_what_is_not_a_number_closes_nowhere(kg):
    ledger, start = book()
    pile = ledger.stockpile("pile", "waiting", "JPN")
    ledger.move(0.0, [lot(2.0)], start, pile)
    pile.put(lot(kg))
    with np.errstate(invalid="ignore"):
        assert refused(ledger.audit, 1.0)
        assert refused(ledger.convert, 1.0, start, [lot(1.0)], [(start, lot(kg))])
        assert refused(ledger.convert, 1.0, start, [lot(kg)], [(start, lot(kg))])


# overdrafts


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("more", "over"), [(0.5e-9, False), (2e-9, True)])
def test_an_overdraft_is_relative_to_the_throughput(scale, more, over):
    ledger, start = book("event")
    yard = ledger.stockpile("yard", "yard", "JPN")
    ledger.move(0.0, [lot(scale)], start, yard)
    assert refused(ledger.post, 1.0, yard.account, start, lot(scale * (1.0 + more))) == over


def test_an_account_of_no_number_is_overdrawn():
    ledger, start = book("event")
    pile = ledger.stockpile("pile", "waiting", "JPN")
    with np.errstate(invalid="ignore"):
        assert refused(ledger.post, 1.0, start, pile.account, lot(np.inf))


def test_an_overdraft_at_the_limit_is_right(monkeypatch):
    monkeypatch.setattr(module, "ACCOUNT_TOLERANCE", 0.25)
    ledger, start = book("event")
    yard = ledger.stockpile("yard", "yard", "JPN")
    ledger.move(0.0, [lot(4.0)], start, yard)
    assert not refused(ledger.post, 1.0, yard.account, start, lot(5.0))
    assert refused(ledger.post, 1.0, yard.account, start, lot(2.0**-30))
