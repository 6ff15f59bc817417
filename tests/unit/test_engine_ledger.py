"""The book: what is posted, folded, converted and audited, and how a leak is named."""

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.engine.composition import Composition
from sim.engine.ledger import Ledger
from sim.engine.streams import Streams
from sim.engine.transit import Transit
from sim.engine.world import World

SUBSTANCES = ("Nd", "Cu", "other")
MILLIGRAM_KG = 1e-6


def book(audit="month"):
    """A ledger with three compositions: 0 devices, 1 pure copper, 2 magnets."""
    composition = Composition(SUBSTANCES)
    composition.add_rows(np.array([[0.001, 0.2, 0.799], [0.0, 1.0, 0.0], [0.3, 0.0, 0.7]]))
    return Ledger(composition, audit)


def test_a_posting_moves_every_substance_once():
    ledger = book()
    source, yard = ledger.account("discard", "discard", "JPN", outside=True), ledger.stockpile("yard", "yard", "JPN")
    ledger.move(1.0, [Lot(10.0, 0, 0, 0.0), Lot(2.0, 1, 0, 0.0)], source, yard)
    ledger.fold(1.0)
    assert ledger.balance(yard.account) == pytest.approx([0.01, 4.0, 7.99], rel=1e-15)
    assert ledger.balance(source) == pytest.approx([-0.01, -4.0, -7.99], rel=1e-15)
    assert ledger.throughput(yard.account).sum() == pytest.approx(12.0)
    assert (ledger.postings, yard.kg) == (2, 12.0)
    ledger.audit(1.0)
    assert ledger.residuals.account < 1e-15


def test_flows_are_by_year_country_inside_and_stages():
    ledger = book()
    source = ledger.account("discard", "discard", "*", outside=True)
    first, second = ledger.stockpile("a", "waiting", "JPN"), ledger.stockpile("b", "waiting", "THA")
    lost = ledger.account("mixed", "mixed_waste", "*", outside=True)
    ledger.begin_year(0.0, 2025)
    ledger.move(1.0, [Lot(10.0, 1, 0, 0.0)], source, first)
    ledger.move(1.0, [Lot(4.0, 1, 0, 0.0)], source, second)
    ledger.begin_year(365.0, 2026)
    ledger.post(366.0, first.account, lost, first.take(3.0)[0])
    ledger.fold(366.0)
    copper = {key: vector[1] for key, vector in ledger.flows.items()}
    assert copper == {
        (2025, "JPN", "discard", "waiting"): 10.0,
        (2025, "THA", "discard", "waiting"): 4.0,
        (2026, "JPN", "waiting", "mixed_waste"): 3.0,
    }


def test_a_thousand_accounts_keep_their_balances_while_more_are_opened():
    ledger = book()
    source = ledger.account("discard", "discard", "JPN", outside=True)
    piles = []
    for number in range(1000):
        piles.append(ledger.stockpile(f"pile {number}", "waiting", "JPN"))
        ledger.move(0.0, [Lot(1.0 + number, 1, 0, 0.0)], source, piles[-1])
    ledger.audit(0.0)
    assert [ledger.balance(pile.account)[1] for pile in piles] == [1.0 + number for number in range(1000)]


def test_names_are_unique_but_outside_accounts_are_shared():
    ledger = book()
    first = ledger.account("JPN landfill", "landfill", "JPN", outside=True)
    assert ledger.account("JPN landfill", "landfill", "JPN", outside=True) == first
    for again in ({"stage": "slag", "country": "JPN", "outside": True}, {"stage": "landfill", "country": "JPN"}):
        with pytest.raises(ValueError, match="JPN landfill is open already"):
            ledger.account("JPN landfill", **again)


@pytest.mark.parametrize("kg", [-1e-9, float("nan")])
def test_a_lot_that_is_not_a_mass_is_refused(kg):
    ledger = book()
    a, b = ledger.account("a", "waiting", "JPN"), ledger.account("b", "depot", "JPN")
    with pytest.raises(ConservationError, match=r"day 3\.00: stage waiting, a: a lot of"):
        ledger.post(3.0, a, b, Lot(kg, 0, 0, 0.0))


def test_a_conversion_must_close_for_each_substance():
    ledger = book()
    source = ledger.account("discard", "discard", "JPN", outside=True)
    plant, store = ledger.stockpile("plant", "processing", "JPN"), ledger.stockpile("store", "store", "JPN")
    ledger.move(0.0, [Lot(10.0, 0, 0, 0.0)], source, plant)
    copper = ledger.composition.add(np.array([0.0, 2.0, 0.0]))
    rest = ledger.composition.add(np.array([0.01, 0.0, 7.99]))
    taken = plant.take_all()
    with pytest.raises(ConservationError, match=r"day 5\.00: stage processing, plant: 1e-08 kg of Cu lost in a conversion"):
        ledger.convert(
            5.0, plant.account, taken, [(store.account, Lot(2.0 - 1e-8, copper, 0, 0.0)), (store.account, Lot(8.0, rest, 0, 0.0))]
        )
    with pytest.raises(ConservationError, match=r"7e-10 kg of other made in a conversion"):
        ledger.convert(
            5.0,
            plant.account,
            [Lot(1.0, copper, 0, 0.0)],
            [(store.account, Lot(1e-9, 2, 0, 0.0)), (store.account, Lot(1.0, copper, 0, 0.0))],
        )
    given = [Lot(2.0, copper, 0, 0.0), Lot(8.0, rest, 0, 0.0)]
    ledger.convert(5.0, plant.account, taken, [(store.account, lot) for lot in given])
    store.put_all(given)
    ledger.audit(5.0)
    assert ledger.residuals.posting > 1e-12, "the failed ones are remembered"
    assert ledger.balance(plant.account) == pytest.approx([0, 0, 0], abs=1e-14)


def test_an_audit_names_what_was_made_or_lost():
    ledger = book()
    source, yard = ledger.account("discard", "discard", "JPN", outside=True), ledger.stockpile("Kure yard", "yard", "JPN")
    ledger.move(1.0, [Lot(10.0, 0, 0, 0.0)], source, yard)
    ledger.audit(31.0)
    yard.put(Lot(0.5, 2, 0, 0.0))
    with pytest.raises(
        ConservationError, match=r"day 59\.00: stage yard, Kure yard: 0\.15 kg of Nd made without a posting since day 31\.00"
    ):
        ledger.audit(59.0)
    yard.take_all()
    with pytest.raises(ConservationError, match=r"stage yard, Kure yard: 0\.01 kg of Nd lost"):
        ledger.audit(59.0)
    assert ledger.residuals.where == "Kure yard (Nd, day 59)"


def test_more_cannot_leave_than_came():
    ledger = book("event")
    source, yard = ledger.account("discard", "discard", "JPN", outside=True), ledger.stockpile("yard", "yard", "JPN")
    sink = ledger.account("sink", "metal", "JPN", outside=True)
    ledger.move(1.0, [Lot(10.0, 1, 0, 0.0)], source, yard)
    with pytest.raises(ConservationError, match=r"day 2\.00: stage yard, yard: more Cu left than ever came, by 1 kg"):
        ledger.post(2.0, yard.account, sink, Lot(11.0, 1, 0, 0.0))


def test_compositions_are_shares():
    composition = Composition(SUBSTANCES)
    with pytest.raises(ConservationError, match="do not sum to 1"):
        composition.add_rows(np.array([[0.5, 0.5, 1e-9]]))
    with pytest.raises(ConservationError, match=r"-0\.1 of Cu"):
        composition.add_rows(np.array([[0.6, -0.1, 0.5]]))
    with pytest.raises(ConservationError, match="no composition"):
        composition.add(np.zeros(3))
    row = composition.add(np.array([1.0, -1e-16, 3.0]))
    assert composition.table[row].tolist() == [0.25, 0.0, 0.75], "rounding dust of a residue is nothing"
    for number in range(3000):
        composition.add(np.array([1.0, number, 0.0]))
    assert composition.table[row].tolist() == [0.25, 0.0, 0.75]
    assert composition.mass(Lot(8.0, row, 0, 0.0)) == pytest.approx(composition.masses([Lot(2.0, row, 0, 0.0)] * 4))
    composition.forget()
    assert composition.table.shape == (0, 3)
    with pytest.raises(IndexError):
        composition.mass(Lot(8.0, row, 0, 0.0))


# leaks of 1 mg


class Chain:
    """A chain that carries less than 100 g of Nd in a year: waiting -> van -> depot -> plant -> metal; one stage may leak once."""

    def __init__(self, audit, leak_at="", leak_day=0.0):
        ledger = book(audit)
        self.world = World(Calendar.of(2025, 2025), ledger.composition, ledger, Streams(1, 0))
        self.leak_at, self.leak_day = leak_at, leak_day
        self.source = ledger.account("discard", "discard", "JPN", outside=True)
        self.metal = ledger.account("metal", "metal", "JPN", outside=True)
        self.landfill = ledger.account("landfill", "landfill", "JPN", outside=True)
        self.waiting = ledger.stockpile("JP-13 waiting", "waiting", "JPN")
        self.van = Transit(ledger, "JP-13 vans", "vehicle", "JPN")
        self.depot = ledger.stockpile("JP-13 depot", "depot", "JPN")
        self.plant = ledger.stockpile("Kure works", "processing", "JPN")
        for month, start in enumerate(self.world.calendar.month_starts[:-1]):
            self.world.clock.at(start, self.offer)
            self.world.clock.at(start + 10.25, self.collect)
            if month:
                self.world.clock.at(start - 1e-6, lambda _: ledger.audit(self.world.clock.now))
        self.world.clock.at(363.0, lambda _: ledger.audit(self.world.clock.now))

    def leaking(self, place, lots):
        if place == self.leak_at and self.world.clock.now >= self.leak_day:
            self.leak_at = ""
            return [lots[0].part(lots[0].kg - MILLIGRAM_KG), *lots[1:]]
        return lots

    def offer(self, _):
        for _ in range(8):
            self.world.ledger.move(self.world.clock.now, [Lot(1.0, 0, 0, self.world.clock.now)], self.source, self.waiting)
        self.waiting.put_all(self.leaking("waiting", self.waiting.take_all()))

    def collect(self, _):
        clock, ledger = self.world.clock, self.world.ledger
        lots = self.waiting.take(8.0)
        for lot in lots:
            ledger.post(clock.now, self.waiting.account, self.van.account, lot)
        clock.after(0.5, self.unload, self.van.depart(self.leaking("vehicle", lots)))

    def unload(self, journey):
        self.world.ledger.move(self.world.clock.now, self.van.arrive(journey), self.van.account, self.depot)
        self.depot.put_all(self.leaking("depot", self.depot.take_all()))
        self.world.clock.after(3.0, self.feed)

    def feed(self, _):
        self.world.ledger.move(self.world.clock.now, self.depot.take_all(), self.depot.account, self.plant)
        self.plant.put_all(self.leaking("processing", self.plant.take_all()))
        self.world.clock.after(2.0, self.treat)

    def treat(self, _):
        composition, lots = self.world.composition, self.plant.take_all()
        masses = composition.masses(lots)
        metal = masses * np.array([0.9, 0.95, 0.0])
        rest = masses - metal
        given = [
            (self.metal, Lot(float(metal.sum()), composition.add(metal), 0, 0.0)),
            (self.landfill, Lot(float(rest.sum()), composition.add(rest), 0, 0.0)),
        ]
        self.world.ledger.convert(self.world.clock.now, self.plant.account, lots, given)

    def run(self):
        self.world.clock.run(364.0)
        return self


@pytest.mark.parametrize("audit", ["month", "event"])
def test_a_chain_without_a_leak_closes(audit):
    ledger = Chain(audit).run().world.ledger
    assert 0.09 < -ledger.balance(0)[0] < 0.1
    assert ledger.residuals.account < 1e-12
    assert ledger.residuals.posting < 1e-14


# day of the leak in each stage: offers on day 151, collection 10.25 later, unloading 0.5, feeding 3 later
@pytest.mark.parametrize(("stage", "day"), [("waiting", 151.0), ("vehicle", 161.25), ("depot", 161.75), ("processing", 164.75)])
def test_a_leak_of_1_mg_is_found_at_its_event_and_named(stage, day):
    with pytest.raises(ConservationError, match=rf"^day {day:.2f}: stage {stage}, .*lost without a posting since day") as caught:
        Chain("event", stage, 150.0).run()
    assert " kg of " in str(caught.value)


@pytest.mark.parametrize(
    ("stage", "place"),
    [("waiting", "JP-13 waiting"), ("vehicle", "JP-13 vans"), ("depot", "JP-13 depot"), ("processing", "Kure works")],
)
def test_a_leak_of_1_mg_is_found_at_the_month_end_and_named(stage, place):
    with pytest.raises(
        ConservationError, match=rf"^day 181\.00: stage {stage}, {place}: .* kg of \w+ lost without a posting since day 151\.00$"
    ):
        Chain("month", stage, 150.0).run()


@pytest.mark.parametrize("how", ["mass", "swap"])
def test_a_leak_of_1_mg_is_found_beside_a_thousand_tonnes_of_other_metal(how):
    ledger = book()
    source, yard = ledger.account("discard", "discard", "JPN", outside=True), ledger.stockpile("smelter yard", "yard", "JPN")
    sink = ledger.account("metal", "metal", "JPN", outside=True)
    for day in range(1000):
        ledger.move(day, [Lot(1000.0, 1, 0, 0.0)], source, yard)
        for lot in yard.take_all():
            ledger.post(day, yard.account, sink, lot)
    ledger.move(1000.0, [Lot(0.3, 2, 0, 0.0)], source, yard)  # 90 g of Nd
    ledger.audit(1000.0)
    (magnet,) = yard.take_all()
    if how == "mass":
        yard.put(magnet.part(magnet.kg - MILLIGRAM_KG))
    else:  # a milligram of Nd turned into something else; the lot weighs the same
        poorer = ledger.composition.add(ledger.composition.mass(magnet) + np.array([-MILLIGRAM_KG, 0.0, MILLIGRAM_KG]))
        yard.put(Lot(magnet.kg, poorer, 0, 0.0))
    with pytest.raises(
        ConservationError,
        match=r"^day 1031\.00: stage yard, smelter yard: .* kg of (Nd|other) (lost|made) without a posting since day 1000\.00$",
    ):
        ledger.audit(1031.0)


def test_lots_in_nobodys_hands_between_events_are_found():
    world = Chain("event").world
    pile = world.ledger.stockpile("kept", "store", "JPN")
    source = world.ledger.account("more", "discard", "JPN", outside=True)
    world.clock.after(1.0, lambda _: world.ledger.move(world.clock.now, [Lot(1.0, 1, 0, 0.0)], source, pile))
    world.clock.after(2.0, lambda _: pile.take_all())
    with pytest.raises(
        ConservationError, match=r"^day 2\.00: stage store, kept: 1 kg of Cu lost without a posting since day 1\.00$"
    ):
        world.clock.run(10.0)
