"""Conservation for anything: random networks audited at every event, random stockpiles, leaks of 1 mg always found."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.calendar import Calendar
from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.engine.composition import Composition
from sim.engine.ledger import ACCOUNT_TOLERANCE, ATOM_KG, Ledger
from sim.engine.stockpile import Stockpile
from sim.engine.streams import Streams
from sim.engine.transit import Transit
from sim.engine.world import World

MILLIGRAM_KG = 1e-6
EXAMPLES = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

masses = st.floats(1e-9, 1e9)
shares = st.floats(0.0, 1.0)


class Network:
    """Places that open, move, ship and convert lots as told by numbers from 0 to 1; loops allowed."""

    def __init__(self, places, substances, audit, composition_seed):
        names = tuple(f"s{number}" for number in range(substances))
        composition = Composition(names)
        rows = np.random.default_rng(composition_seed).dirichlet(np.full(substances, 0.3), size=4)
        composition.add_rows(rows / rows.sum(axis=1, keepdims=True))
        ledger = Ledger(composition, audit)
        self.world = World(Calendar.of(2025, 2025), composition, ledger, Streams(1, 0))
        self.opening = ledger.account("opening", "opening", "JPN", outside=True)
        self.lost = ledger.account("landfill", "landfill", "JPN", outside=True)
        self.piles = [ledger.stockpile(f"place {number}", f"stage {number % 5}", "JPN") for number in range(places)]
        self.roads = Transit(ledger, "roads", "vehicle", "JPN")
        self.put_in = 0.0

    def pile(self, share):
        return self.piles[min(int(share * len(self.piles)), len(self.piles) - 1)]

    def open(self, kg, where, ref):
        lot = Lot(kg, int(ref * 3.999), 0, self.world.clock.now)
        self.put_in += kg
        self.world.ledger.move(self.world.clock.now, [lot], self.opening, self.pile(where))

    def move(self, share, a, b):
        source, target = self.pile(a), self.pile(b)
        self.world.ledger.move(self.world.clock.now, source.take(share * source.kg), source.account, target)

    def ship(self, share, a, b):
        clock, ledger, source = self.world.clock, self.world.ledger, self.pile(a)
        lots = source.take(share * source.kg)
        for lot in lots:
            ledger.post(clock.now, source.account, self.roads.account, lot)

        def arrive(journey):
            ledger.move(clock.now, self.roads.arrive(journey), self.roads.account, self.pile(b))

        clock.after(2.5 * share, arrive, self.roads.depart(lots))

    def convert(self, share, a, b):
        """Split by a random transfer table into two products for `b` and a residue, by difference, that is lost."""
        composition, source, target = self.world.composition, self.pile(a), self.pile(b)
        lots = source.take(share * source.kg)
        before = composition.masses(lots)
        if before.sum() <= 0.0:
            source.put_all(lots)
            return
        rng = np.random.default_rng(int(share * 1e9))
        first = before * rng.random(before.size)
        second = (before - first) * rng.random(before.size)
        given_ = []
        for vector, account in ((first, target.account), (second, target.account), (before - first - second, self.lost)):
            if vector.sum() > 0.0:
                given_.append((account, Lot(float(vector.sum()), composition.add(vector), 0, 0.0)))
        self.world.ledger.convert(self.world.clock.now, source.account, lots, given_)
        target.put_all([lot for account, lot in given_ if account == target.account])

    def run(self, steps):
        for day, (what, *numbers) in enumerate(steps, start=1):
            self.world.clock.at(float(day), lambda call: call[0](*call[1]), (getattr(self, what), numbers))
        self.world.clock.run(len(steps) + 5.0)
        self.world.ledger.audit(len(steps) + 5.0)


step = st.one_of(
    st.tuples(st.just("open"), masses, shares, shares),
    st.tuples(st.sampled_from(["move", "ship", "convert"]), shares, shares, shares),
)
networks = st.tuples(st.integers(1, 30), st.integers(1, 8), st.integers(0, 99))
steps_ = st.lists(step, min_size=1, max_size=40)


@EXAMPLES
@given(networks, steps_, st.sampled_from(["month", "event"]))
def test_random_networks_close_at_every_event(network, steps, audit):
    places, substances, seed = network
    net = Network(places, substances, audit, seed)
    net.run(steps)
    ledger = net.world.ledger
    scale = max(net.put_in, 1.0)
    everywhere = sum(ledger.balance(account.number) for account in ledger.accounts)
    assert np.abs(everywhere).max() <= ACCOUNT_TOLERANCE * scale, "what all accounts hold sums to nothing"
    inside = sum(ledger.balance(pile.account).sum() for pile in net.piles) + ledger.balance(net.lost).sum()
    assert inside == pytest.approx(net.put_in, rel=ACCOUNT_TOLERANCE), "all that came is in a place or in the landfill"
    for account in ledger.accounts:
        if not account.outside:
            assert (
                ledger.balance(account.number) >= -ACCOUNT_TOLERANCE * np.maximum(ledger.throughput(account.number), ATOM_KG)
            ).all()
    assert all(lot.kg >= 0.0 for pile in net.piles for lot in pile.lots)
    assert ledger.residuals.posting <= 1e-12
    assert ledger.residuals.account <= ACCOUNT_TOLERANCE


@EXAMPLES
@given(networks, steps_)
def test_folding_late_gives_the_same_book(network, steps):
    places, substances, seed = network
    late, soon = (Network(places, substances, audit, seed) for audit in ("month", "event"))
    late.run(steps)
    soon.run(steps)
    assert late.world.ledger.postings == soon.world.ledger.postings
    for account in range(len(late.world.ledger.accounts)):
        assert late.world.ledger.balance(account) == pytest.approx(soon.world.ledger.balance(account), abs=1e-12 * late.put_in)


@EXAMPLES
@given(
    st.integers(1, 30),
    st.integers(0, 99),
    st.lists(st.tuples(st.just("open"), st.floats(1e-3, 0.1), shares, shares), min_size=1, max_size=10),
    st.lists(st.tuples(st.sampled_from(["move", "convert"]), shares, shares, shares), max_size=20),
    shares,
    st.booleans(),
)
def test_a_milligram_is_always_found(places, seed, openings, moves, where, made):
    net = Network(places, 5, "event", seed)
    net.run([*openings, *moves])
    held = [pile for pile in net.piles if any(lot.kg > 2 * MILLIGRAM_KG for lot in pile.lots)]
    if not held:
        return
    pile = held[min(int(where * len(held)), len(held) - 1)]
    lots = pile.take_all()
    victim = max(range(len(lots)), key=lambda number: lots[number].kg)
    lots[victim] = lots[victim].part(lots[victim].kg + (MILLIGRAM_KG if made else -MILLIGRAM_KG))
    pile.put_all(lots)
    account = net.world.ledger.accounts[pile.account]
    with pytest.raises(
        ConservationError, match=rf"^day 99\.00: stage {account.stage}, {account.name}: .*{'made' if made else 'lost'}"
    ):
        net.world.ledger.audit(99.0)


@EXAMPLES
@given(st.lists(st.one_of(st.tuples(st.just("put"), masses), st.tuples(st.just("take"), st.floats(0.0, 1.2))), max_size=80))
def test_stockpiles_lose_nothing_and_never_hold_less_than_nothing(steps):
    pile, put, taken = Stockpile(0), [], []
    for what, amount in steps:
        if what == "put":
            pile.put(Lot(amount, len(put), 0, 0.0))
            put.append(amount)
        else:
            asked = amount * pile.kg
            got = pile.take(asked)
            assert math.fsum(lot.kg for lot in got) == pytest.approx(
                min(asked, math.fsum(put) - math.fsum(taken)), rel=1e-9, abs=1e-12 * math.fsum(put)
            )
            taken.extend(lot.kg for lot in got)
            assert [lot.ref for lot in got] == sorted(lot.ref for lot in got), "first in, first out"
            assert all(lot.kg > 0.0 for lot in got)
        assert all(lot.kg > 0.0 for lot in pile.lots)
        inside = math.fsum(lot.kg for lot in pile.lots)
        assert pile.kg >= 0.0
        assert pile.kg == pytest.approx(inside, abs=1e-12 * math.fsum(put))
        assert math.fsum(taken) + inside == pytest.approx(math.fsum(put), rel=1e-12)
