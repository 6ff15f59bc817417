"""Networks of plants drawn at random: mass closes at every event, and better plants never give less."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.plants import Supplier, commissioning, plant, process, wire, world

CLASSES = {"line": commissioning(permit_months={"low": 0, "mode": 2, "high": 6}, build_months=2, finance_months=1, ramp_months=3)}
MATERIALS = ("m0", "m1", "m2", "m3")
SHARES = st.floats(0.0, 1.0)


@st.composite
def transfers(draw, substances):
    """One process: two or so materials in, materials (loops allowed) and one form out."""
    table = {}
    for name in draw(st.lists(st.sampled_from(MATERIALS), min_size=1, max_size=3, unique=True)):
        outputs = draw(st.lists(st.sampled_from((*MATERIALS, "metal", "residue")), min_size=1, max_size=4, unique=True))
        raw = np.array([[draw(SHARES) for _ in substances] for _ in range(len(outputs) + 1)])
        whole = np.maximum(raw.sum(axis=0), 1e-9)
        table[name] = {
            output: {s: float(raw[row, column] / whole[column]) for column, s in enumerate(substances)}
            for row, output in enumerate(outputs)
        }
    return table


@st.composite
def networks(draw):
    substances = tuple(f"s{n}" for n in range(draw(st.integers(1, 8))))
    processes, plants = {}, []
    for number in range(draw(st.integers(1, 8))):
        breaks = draw(st.sampled_from([0, 15, 60]))
        processes[f"p{number}"] = process(
            draw(transfers(substances)),
            draw(st.sampled_from(["dismantling", "refining", "crude", "treatment"])),
            residence_days=draw(st.sampled_from([0, 3, 40])),
            batch_t=draw(st.sampled_from([0, 1])),
            mean_days_between_breakdowns=breaks,
            repair_days=5,
        )
        status = draw(st.sampled_from(["operating", "operating", "announced", "building"]))
        fields = {"status": status, "commissioning": "line", "announced": "2025-01-01"} if status != "operating" else {}
        tonnes = draw(st.sampled_from([0.0, 10.0, 200.0, 5000.0]))
        plants.append(
            plant(
                f"Plant {number}",
                f"p{number}",
                tonnes,
                background_feed_t_per_year=tonnes * draw(st.sampled_from([0.0, 0.5, 1.0])),
                yard_limit_days=draw(st.sampled_from([0, 5, 60])),
                lines=draw(st.integers(1, 3)),
                country=draw(st.sampled_from(["JPN", "VNM"])),
                **fields,
            )
        )
    routes = {}
    for material in MATERIALS:
        names = [p.name for p in plants if material in processes[p.process].transfer]
        routes[material] = draw(st.permutations(names)) + draw(st.sampled_from([[], ["landfill"]]))
    loads = draw(
        st.lists(
            st.tuples(st.floats(0.0, 700.0), st.integers(0, len(plants) - 1), st.integers(0, 3), st.floats(1e-6, 5e4)),
            min_size=1,
            max_size=12,
        )
    )
    return substances, processes, plants, routes, loads, draw(st.sampled_from([1, 7, 28, 92]))


def feed(site, supplier, when, name, material, kg):
    def send(_):
        here = site.plants[name]
        part = min(kg, here.space_kg(material))
        if part > 0.0:
            supplier.send(here, material, supplier.lot(part))

    site.world.clock.at(when, send)


def build(network, audit="event"):
    substances, processes, plants, routes, loads, period_days = network
    here = world(2025, 2026, audit=audit, substances=substances)
    site = wire(here, plants, processes, routes, CLASSES, period_days, groups=(), fractions=MATERIALS)
    supplier = Supplier(here, np.full(len(substances), 1.0 / len(substances)))
    for when, number, kind, kg in loads:
        takes = list(processes[plants[number].process].transfer)
        feed(site, supplier, when, plants[number].name, takes[kind % len(takes)], kg)
    return site, supplier


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(networks())
def test_networks_close_at_every_event(network):
    site, supplier = build(network)
    site.run()
    ledger = site.world.ledger
    assert ledger.residuals.account <= 1e-9
    assert ledger.residuals.posting <= 1e-12
    inside = sum(float(ledger.balance(a.number).sum()) for a in ledger.accounts if not a.outside)
    left = sum(float(ledger.throughput(a.number).sum()) for a in ledger.accounts if a.outside and a.stage != "discard")
    assert abs(inside + left - supplier.sent_kg) <= 1e-9 * max(supplier.sent_kg, 1.0)
    for row in site.plants.values():
        assert row.yard.kg >= 0.0
        assert row.store.kg >= 0.0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(networks())
def test_throughput_stays_within_what_was_free(network):
    site, _ = build(network, audit="month")
    site.run()
    recorder = site.world.recorder
    for name, works in site.plants.items():
        cells = [cell for (_, plant_name), cell in recorder.rows("plants") if plant_name == name]
        worked, background, capacity = (sum(cell[i] for cell in cells) for i in (1, 2, 3))
        assert abs(worked - works.worked_kg) <= 1e-9 * max(worked, 1.0)
        # a batch settles the period that ends with it, so nothing runs ahead of the capacity booked by month
        assert worked <= (capacity - background) * (1.0 + 1e-9) + 1e-6
        assert worked == 0.0 or works.schedule.start_day < site.world.calendar.days


def chain(factor, seed, residence=10, start="2025-03-01", tonnes=400.0):
    """Dismantler -> refinery without feedback; `factor` scales both yields, `seed` draws feed and breakdowns."""
    here = world(2025, 2026, audit="month", seed=seed)
    stops = {"mean_days_between_breakdowns": 60, "repair_days": 8}
    processes = {
        "open": process({"phone": {"board": {"Cu": 0.8 * factor, "other": 0.2}}}, residence_days=5, **stops),
        "melt": process({"board": {"refined_metal": {"Cu": 0.95 * factor}}}, "refining", residence_days=residence, **stops),
    }
    plants = [plant("Works", "open", 3000.0), plant("Smelter", "melt", tonnes, start=start, yard_limit_days=20)]
    site = wire(here, plants, processes, {"board": ["Smelter"]}, period_days=14)
    supplier = Supplier(here)
    rng = np.random.Generator(np.random.Philox(seed))
    for when, kg in zip(rng.uniform(0, 700, 40), rng.uniform(1e3, 4e4, 40), strict=True):
        supplier.send_at(float(when), site.plants["Works"], "phone", supplier.lot(float(kg)))
    site.run()
    return site.sold_kg("Cu")


def require_yield_law(one, other, seed):
    low, high = sorted((one, other))
    assert chain(high, seed, tonnes=1e5) >= chain(low, seed, tonnes=1e5) * (1.0 - 1e-12)


def require_start_law(one, other, seed):
    early, late = sorted((one, other))
    start = date(2025, 1, 1)
    days = [(start + timedelta(days=day)).isoformat() for day in (early, late)]
    assert chain(1.0, seed, start=days[0]) >= chain(1.0, seed, start=days[1]) * (1.0 - 1e-12)


SEEDS = st.integers(0, 2**20)
YIELDS, DAYS = (*(st.floats(0.1, 1.0),) * 2, SEEDS), (*(st.integers(0, 700),) * 2, SEEDS)


@settings(max_examples=15, deadline=None)
@given(*YIELDS)
def test_higher_yield_never_recovers_less(one, other, seed):
    require_yield_law(one, other, seed)


@settings(max_examples=15, deadline=None)
@given(*DAYS)
def test_an_earlier_start_never_recovers_less(one, other, seed):
    require_start_law(one, other, seed)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(*YIELDS)
def test_higher_yield_never_recovers_less_in_200_pairs(one, other, seed):
    require_yield_law(one, other, seed)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(*DAYS)
def test_an_earlier_start_never_recovers_less_in_200_pairs(one, other, seed):
    require_start_law(one, other, seed)


@settings(max_examples=15, deadline=None)
@given(st.floats(10.0, 3000.0), st.floats(10.0, 3000.0), SEEDS)
def test_more_capacity_never_recovers_less(one, other, seed):
    small, large = sorted((one, other))
    assert chain(1.0, seed, tonnes=large) >= chain(1.0, seed, tonnes=small) * (1.0 - 1e-12)


def test_no_capacity_recovers_nothing_and_loses_nothing():
    assert chain(1.0, 3, tonnes=0.0) == 0.0
