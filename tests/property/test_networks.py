"""Networks drawn at random - plants, borders, seas, loops, limits, breakdowns, bans - audited at every event.

The plants, router, borders and ports are the real ones; only what is fed in is made up.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.calendar import Calendar
from sim.core.errors import DeadlockError
from sim.core.lot import Lot
from sim.engine.composition import Composition
from sim.engine.ledger import Ledger
from sim.engine.streams import Streams
from sim.engine.tags import Origin
from sim.engine.world import World
from sim.nodes.country_spec import CountrySpec
from sim.nodes.product_spec import SubstanceSpec
from sim.simulate.deadlock import Circles
from sim.simulate.trade import wire_trade
from sim.simulate.treatment import wire_plants
from tests.fixtures.plants import commissioning, plant, process
from tests.fixtures.trade_world import FREE, lane, route, rule, scenario

START = date(2025, 1, 1)
MATERIALS = ("magnet", "board", "copper", "battery")
FORM = "refined_metal"
COUNTRIES = ("JPN", "IDN")
CLASSES = {"line": commissioning(permit_months={"low": 0, "mode": 2, "high": 6}, build_months=2, finance_months=1, ramp_months=3)}
LANES = [lane("IDTPP", "JPYOK"), lane("JPYOK", "IDTPP")]


class Ban(NamedTuple):
    """No departures of a material between two countries on days `begin` <= day < `after`."""

    origin: str
    destination: str
    material: str
    begin: int
    after: float


@st.composite
def processes(draw: Any, substances: tuple[str, ...]) -> Any:
    """A process that takes one to three materials and makes materials, loops allowed, and a product form."""
    shares = st.integers(0, 10)
    table = {}
    for name in draw(st.lists(st.sampled_from(MATERIALS), min_size=1, max_size=3, unique=True)):
        outputs = draw(st.lists(st.sampled_from((*MATERIALS, FORM)), min_size=1, max_size=3, unique=True))
        raw = np.array(
            [draw(st.lists(shares, min_size=len(substances), max_size=len(substances))) for _ in range(len(outputs) + 1)]
        )
        part = raw / np.maximum(raw.sum(axis=0), 1)
        table[name] = {output: dict(zip(substances, row, strict=True)) for output, row in zip(outputs, part.tolist(), strict=False)}
    return process(
        table,
        draw(st.sampled_from(["dismantling", "refining", "crude", "treatment"])),
        residence_days=draw(st.sampled_from([0, 3, 40])),
        batch_t=draw(st.sampled_from([0, 1])),
        mean_days_between_breakdowns=draw(st.sampled_from([0, 15, 60])),
        repair_days=5,
        speed={name: draw(st.sampled_from([0.5, 1.0, 2.0])) for name in table},
    )


@st.composite
def networks(draw: Any) -> Any:
    substances = tuple(f"s{n}" for n in range(draw(st.integers(1, 8))))
    kinds = draw(st.lists(processes(substances), min_size=1, max_size=5))
    plants = []
    for number in range(draw(st.integers(1, 30))):
        operating = draw(st.integers(0, 3)) > 0
        later = {} if operating else {"commissioning": "line", "announced": "2025-01-01"}
        tonnes = draw(st.sampled_from([0.0, 10.0, 200.0, 5000.0]))
        plants.append(
            plant(
                f"Plant {number}",
                f"p{draw(st.integers(0, len(kinds) - 1))}",
                tonnes,
                status="operating" if operating else "announced",
                background_feed_t_per_year=tonnes * draw(st.sampled_from([0.0, 0.5, 1.0])),
                yard_limit_days=draw(st.sampled_from([0, 5, 60])),
                store_limit_days=draw(st.sampled_from([None, 2, 20])),
                lines=draw(st.integers(1, 3)),
                country=draw(st.sampled_from(COUNTRIES)),
                **later,
            )
        )
    table = {f"p{n}": kind for n, kind in enumerate(kinds)}
    routes = [_route(draw, material, plants, table) for material in MATERIALS]
    bans = [
        Ban(origin, COUNTRIES[1 - COUNTRIES.index(origin)], material, begin, begin + lasts if lasts is not None else np.inf)
        for (origin, material), (begin, lasts) in draw(
            st.dictionaries(
                st.tuples(st.sampled_from(COUNTRIES), st.sampled_from(MATERIALS)),
                st.tuples(st.integers(0, 300), st.none() | st.integers(1, 200)),
                max_size=3,
            )
        ).items()
    ]
    loads = st.tuples(st.floats(0.0, 300.0), st.integers(0, len(plants) - 1), st.integers(0, 3), st.floats(1e-6, 5e4))
    return substances, table, plants, [each for each in routes if each], bans, draw(st.lists(loads, min_size=1, max_size=12))


def _route(draw: Any, material: str, plants: list[Any], table: dict[str, Any]) -> Any:
    takers = [each.name for each in plants if material in table[each.process].transfer]
    chosen = draw(st.lists(st.sampled_from(takers), max_size=4, unique=True)) if takers else []
    share = draw(st.sampled_from([0.0, 1.0])) / max(len(chosen), 1)
    limit = draw(st.sampled_from([None, 1.0]))
    spec = route(material, *((name, share) for name in chosen), fallback=draw(st.sampled_from(["wait", "landfill"])))
    if limit is not None and chosen:
        spec["destinations"][0]["limit_t_per_year"] = limit
    return spec if chosen else None


class Network:
    """A wired network and what was fed into it."""

    def __init__(self, drawn: Any, audit: str, seed: int, period_days: int) -> None:
        substances, table, plants, routes, self.bans, loads = drawn
        composition = Composition(substances)
        self.world = World(Calendar.of(2025, 2025), composition, Ledger(composition, audit), Streams(seed, 0))  # type: ignore[arg-type]
        bans = [
            rule(
                name=f"ban {n}", origin=ban.origin, destination=ban.destination, fractions=[ban.material], rule="ban",
                start=START + timedelta(days=ban.begin),
                end=START + timedelta(days=int(ban.after) - 1) if np.isfinite(ban.after) else None,
            )
            for n, ban in enumerate(self.bans)
        ]  # fmt: skip
        people = {"name_en": "x", "name_ja": "x", "role": "home"}
        spec = scenario(
            plants=plants, processes=table, routes=routes, border_rules=[FREE, *bans], lanes=LANES,
            fractions=dict.fromkeys(MATERIALS), groups={},
            countries={code: CountrySpec.model_validate(people | {"available_to": code}) for code in COUNTRIES},
        )  # fmt: skip
        self.world.ledger.begin_year(0.0, 2025)
        trade = wire_trade(self.world, spec)
        kinds = {name: SubstanceSpec(name_en=name, name_ja=name, oxide_factor=1.0) for name in substances}
        self.treatment = wire_plants(
            self.world, plants, table, CLASSES, (), MATERIALS, spec.countries, kinds, trade.router, trade.market.desk, period_days,
            dict.fromkeys(COUNTRIES, 0.5),
        )  # fmt: skip
        trade.connect(self.treatment.receivers)
        self.trade, self.plants = trade, self.treatment.plants
        self.circles = Circles(self.plants, trade.router)
        self._outside = self.world.ledger.account("made up", "discard", "JPN", outside=True)
        self._ref = composition.add_rows(np.full((1, len(substances)), 1.0 / len(substances)))
        self.sent_kg = 0.0
        for when, number, kind, kg in loads:
            takes = list(table[plants[number].process].transfer)
            self.world.clock.at(when, self._feed, (plants[number].name, takes[kind % len(takes)], kg))

    def _feed(self, load: tuple[str, str, float]) -> None:
        name, material, kg = load
        here = self.plants[name]
        part = min(kg, here.space_kg(material))
        if part > 0.0:
            self.sent_kg += part
            tag = self.world.tags.of(Origin(here.country, "zone", "shop", year=2025))
            here.receive(material, [Lot(part, self._ref, tag, 0.0)], self._outside)

    def departures(self) -> list[tuple[float, str]]:
        """Collect what leaves a port from now on: day and account at sea."""
        found: list[tuple[float, str]] = []
        ledger, post_all = self.world.ledger, self.world.ledger.post_all

        def watched(day: float, source: int, target: int, lots: Iterable[Lot]) -> float:
            if ledger.accounts[target].stage == "sea":
                found.append((day, ledger.accounts[target].name))
            return post_all(day, source, target, lots)

        ledger.post_all = watched  # type: ignore[method-assign]
        return found

    def run(self) -> None:
        self.world.clock.run(self.world.calendar.days)
        self.world.ledger.audit(self.world.calendar.days)
        self.treatment.close()


def check(drawn: Any, seed: int, period_days: int) -> None:
    network = Network(drawn, "event", seed, period_days)
    left = network.departures()
    network.run()
    ledger = network.world.ledger
    assert ledger.residuals.account <= 1e-9
    assert ledger.residuals.posting <= 1e-12
    inside = sum(float(ledger.balance(a.number).sum()) for a in ledger.accounts if not a.outside)
    gone = sum(float(ledger.throughput(a.number).sum()) for a in ledger.accounts if a.outside and a.stage != "discard")
    assert abs(inside + gone - network.sent_kg) <= 1e-9 * max(network.sent_kg, 1.0)
    for works in network.plants.values():
        assert all(lot.kg >= 0.0 for yard in (works.yard, works.store) for pile in yard.piles.values() for lot in pile.lots)
        assert works.yard.kg >= 0.0
        limit = works.spec.store_limit_days
        if limit is not None:
            room = (
                limit.value * (works.spec.capacity_t_per_year.value - works.spec.background_feed_t_per_year.value) * 1000 / 365.25
            )
            assert works.store.kg <= room * (1.0 + 1e-9)
    for ban in network.bans:
        abroad = [name for name, works in network.plants.items() if works.country == ban.destination]
        names = [f"{ban.material} from {ban.origin} to {name}" for name in abroad]
        assert not [day for day, account in left if ban.begin <= day < ban.after and any(name in account for name in names)]
    try:
        network.circles.require_none(network.world.calendar.days)
    except DeadlockError as circle:
        stuck = str(circle).split(": ")[2].split(". ")[0].split(" -> ")
        assert all(network.plants[name].blocked and network.plants[name].store.kg > 0.0 for name in stuck)


SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
arguments = given(networks(), st.integers(0, 2**20), st.sampled_from([3, 7, 28, 92]))


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@arguments
def test_networks_close_at_every_event(drawn: Any, seed: int, period_days: int) -> None:
    check(drawn, seed, period_days)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
@arguments
def test_five_hundred_networks_close_at_every_event(drawn: Any, seed: int, period_days: int) -> None:
    check(drawn, seed, period_days)


# better plants where everything hangs together: no law, so the share is told


def recovered_kg(drawn: Any, seed: int, period_days: int) -> float:
    """Metal sold by all plants of a network."""
    network = Network(drawn, "month", seed, period_days)
    network.run()
    ledger = network.world.ledger
    return sum(float(ledger.throughput(each.number).sum()) for each in ledger.accounts if each.stage == "metal")


def with_lower_yield(drawn: Any) -> Any:
    """The same network whose processes make half as much metal."""
    substances, table, *rest = drawn
    halved = {}
    for name, kind in table.items():
        transfer = {
            given: {
                output: {s: share.value * (0.5 if output == FORM else 1.0) for s, share in row.items()}
                for output, row in outputs.items()
            }
            for given, outputs in kind.transfer.items()
        }
        halved[name] = process(
            transfer, kind.stage, residence_days=kind.residence_days.value, batch_t=kind.batch_t.value,
            mean_days_between_breakdowns=kind.mean_days_between_breakdowns.value, repair_days=5,
            speed={given: speed.value for given, speed in kind.speed.items()},
        )  # fmt: skip
    return substances, halved, *rest


def with_later_start(drawn: Any) -> Any:
    """The same network whose plants all begin in April."""
    substances, table, plants, *rest = drawn
    return substances, table, [each.model_copy(update={"start": each.start or date(2025, 4, 1)}) for each in plants], *rest


AT_LEAST = {"yield": 0.99, "start": 0.84}  # two sets of 200 networks gave 1.0 and 1.0, 0.895 and 0.98: docs/model-plants.md


@pytest.mark.slow
@pytest.mark.parametrize(("worse", "told"), [(with_lower_yield, "yield"), (with_later_start, "start")], ids=list(AT_LEAST))
def test_the_share_of_pairs_in_which_better_plants_recover_no_less(worse: Any, told: str) -> None:
    pairs: list[bool] = []

    @settings(max_examples=200, deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)
    @arguments
    def compare(drawn: Any, seed: int, period_days: int) -> None:
        better = recovered_kg(drawn, seed, period_days)
        pairs.append(better >= recovered_kg(worse(drawn), seed, period_days) * (1.0 - 1e-9))

    compare()
    assert len(pairs) >= 200
    assert sum(pairs) / len(pairs) >= AT_LEAST[told]
