import math

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.errors import ConservationError, WiringError
from sim.engine.streams import Streams
from sim.nodes.schedule import MOMENT, Breakdowns, Schedule
from tests.fixtures.plants import (
    DISMANTLING,
    HYDROMET,
    SMELTING,
    Supplier,
    day,
    plant,
    process,
    rows,
    wire,
    world,
)

PERIOD = 365.0 / 36  # [days] the equal part of a year nearest to ten days
PROCESSES = {
    "dismantling": process(DISMANTLING),
    "smelting": process(SMELTING, "refining", residence_days=20),
    "hydromet": process(HYDROMET, "refining", residence_days=15),
}


def one(here, processes=PROCESSES, routes=None, period_days=10, **fields):
    return wire(here, [plant(**fields)], processes, routes, period_days=period_days)


def chain(here, **fields):
    plants = [plant(**fields), plant("Smelter", "smelting"), plant("Magnets", "hydromet")]
    return wire(here, plants, PROCESSES, {"board": ["Smelter"], "magnet": ["Magnets"], "copper": ["landfill"]})


# what happens to a lot


def test_works_at_the_end_of_the_period_and_is_ready_after_residence():
    here = world()
    site, supplier = one(here), Supplier(here)
    supplier.send_at(3.0, site.plants["Works"], "phone", supplier.lot(1000.0))
    site.run(PERIOD - 0.1)
    assert site.plants["Works"].yard.kg == 1000.0
    site.run(PERIOD + 1.9)
    assert (site.plants["Works"].yard.kg, site.plants["Works"].store.kg) == (0.0, 0.0)
    site.run(PERIOD + 2.1)
    assert site.plants["Works"].store.kg == pytest.approx(0.01 * 900 + 0.29 * 600 + 0.70 * 100)


def test_outputs_follow_the_table_of_their_own_group():
    here = world()
    site, supplier = one(here), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1000.0))
    supplier.send(site.plants["Works"], "lamp", supplier.lot(1000.0))
    site.run(30.0)
    piles = site.plants["Works"].store.piles
    masses = {name: here.composition.masses(list(pile.lots)).tolist() for name, pile in piles.items()}
    assert masses["board"] == pytest.approx([0.0, 174.0, 70.0])
    assert masses["magnet"] == pytest.approx([9.0, 0.0, 0.0])
    assert masses["copper"] == pytest.approx([0.0, 145.0, 0.0])
    assert site.outside_kg("landfill") == pytest.approx(2000.0 - 174 - 70 - 9 - 145)


def test_treatment_tags_by_country_plant_and_year_and_refining_keeps_the_tag():
    here = world()
    site, supplier = chain(here), Supplier(here)
    lots = [
        supplier.lot(600.0, zone="JP-13", born=-100.0),
        supplier.lot(400.0, zone="JP-27", born=-50.0),
        supplier.lot(500.0, "VNM"),
    ]
    supplier.send(site.plants["Works"], "phone", *lots)
    site.run()
    sold = [(form, here.tags[lot.tag], lot.born_day) for _, form, lot in site.buyers["JPN"].sold]
    assert {form for form, _, _ in sold} == {"refined_metal", "ree_oxide"}
    assert {(tag.country, tag.plant, tag.year, tag.zone) for _, tag, _ in sold} == {
        ("JPN", "Works", 2025, ""),
        ("VNM", "Works", 2025, ""),
    }
    assert {round(born, 9) for _, tag, born in sold if tag.country == "JPN"} == {-80.0}
    taken = here.tags.divided(here.tags.intakes())
    pairs = zip(taken.tag.tolist(), taken.part.tolist(), taken.kg.tolist(), strict=True)
    intake = {(here.tags[part].zone, here.tags[tag].country): kg for tag, part, kg in pairs}
    assert intake == {("JP-13", "JPN"): 600.0, ("JP-27", "JPN"): 400.0, ("JP-13", "VNM"): 500.0}


def test_forms_nobody_takes_further_are_sold_and_routed_ones_go_on():
    here = world()
    works = {**PROCESSES, "cells": process({"ree_oxide": {"ree_metal": {"Nd": 0.95}}}, "metallization")}
    plants = [plant("Magnets", "hydromet"), plant("Cells", "cells", tonnes=0.001 * 365.25)]
    site = wire(here, plants, works, {"ree_oxide": ["Cells"]})
    magnets = Supplier(here, (0.3, 0.0, 0.7))
    magnets.send(site.plants["Magnets"], "magnet", magnets.lot(1000.0))
    site.run()
    forms = {form for _, form, _ in site.buyers["JPN"].sold}
    assert forms == {"ree_oxide", "ree_metal"}
    assert site.sold_kg("Nd") == pytest.approx(240.0 - 0.05 * site.plants["Cells"].worked_kg)
    assert 0.0 < site.plants["Cells"].worked_kg < 240.0


def test_crude_yards_sell_outside_the_formal_market():
    here = world()
    site = wire(here, [plant(process="crude")], {"crude": process({"*": {"remelted": {"Cu": 0.8}}}, "crude")})
    supplier = Supplier(here)
    supplier.send(site.plants["Works"], "lamp", supplier.lot(1000.0))
    site.run()
    assert site.outside_kg("informal_metal") == pytest.approx(232.0)
    assert site.outside_kg("informal_residue") == pytest.approx(768.0)
    assert rows(here, "lead_times") == []


# capacity


def test_throughput_is_what_is_free_of_the_nameplate():
    here = world()
    site, supplier = one(here, tonnes=7305, background_feed_t_per_year=3652.5, yard_limit_days=3650), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(2e6))
    site.run(10 * PERIOD)
    assert site.plants["Works"].worked_kg == pytest.approx(10 * PERIOD * 10_000.0)
    plain = world()
    slow, more = one(plain, tonnes=3652.5, background_feed_t_per_year=3652.5), Supplier(plain)
    more.send(slow.plants["Works"], "phone", more.lot(1.0))
    slow.run()
    assert slow.plants["Works"].worked_kg == 0.0


def test_a_full_yard_has_no_space_until_it_is_worked_off():
    here = world()
    site, supplier = one(here, yard_limit_days=5), Supplier(here)
    works = site.plants["Works"]
    worked = PERIOD * 10_000.0
    assert works.space_kg("phone") == pytest.approx(50_000.0 + worked)
    supplier.send(works, "phone", supplier.lot(50_000.0 + worked))
    assert works.space_kg("phone") == pytest.approx(0.0, abs=1e-6)
    site.run(10.5)
    assert works.yard.kg == pytest.approx(50_000.0)
    assert works.space_kg("phone") == pytest.approx(worked)


def test_only_what_the_process_knows_is_taken():
    here = world()
    site, supplier = one(here), Supplier(here)
    assert site.plants["Works"].space_kg("board") == 0.0
    assert site.plants["Works"].space_kg() > 0.0
    with pytest.raises(ValueError, match="cannot take board"):
        supplier.send(site.plants["Works"], "board", supplier.lot(1.0))


def test_zero_capacity_takes_nothing():
    here = world()
    site = one(here, tonnes=0)
    assert site.plants["Works"].space_kg("phone") == 0.0


def test_extra_shift_works_more_but_no_day_has_more_than_24_hours():
    for hours, factor, worth in ((8, 1.5, 1.5), (20, 1.5, 1.2), (24, 2.0, 1.0)):
        here = world()
        site, supplier = one(here, {"dismantling": process(DISMANTLING, hours_per_day=hours)}), Supplier(here)
        here.dials.turn(0.0, "plants.Works.hours_factor", factor)
        supplier.send(site.plants["Works"], "phone", supplier.lot(1e6))
        site.run(10.5)
        assert site.plants["Works"].worked_kg == pytest.approx(PERIOD * 10_000.0 * worth)


@pytest.mark.parametrize(("factor", "told"), [(1.2, 0), (1.3, 1)])
def test_a_dial_that_asks_for_more_than_a_day_is_told_once(factor, told):
    here = world()
    site = one(here, {"dismantling": process(DISMANTLING, hours_per_day=20)})
    for when in (4.0, 17.0):
        here.clock.at(when, lambda _: here.dials.turn(here.clock.now, "plants.Works.hours_factor", factor))
    site.run()
    cut = "Plant 'Works': plants.Works.hours_factor asked for more than 24 hours a day and was cut."
    assert here.warnings == [cut] * told


def test_what_is_ready_as_a_period_ends_is_worked_in_it_whatever_rounding_says():
    here = world()
    plants, supplier = [plant(), plant("Smelter", "smelting")], Supplier(here)
    site = wire(here, plants, PROCESSES, {"board": ["Smelter"]}, period_days=1)
    for at in range(here.calendar.days - 10):
        supplier.send_at(at + 0.5, site.plants["Works"], "phone", supplier.lot(1000.0))
    site.run()
    waits = [row["wait_kg_days"] / row["throughput_kg"] for row in rows(here, "plants") if row["plant"] == "Smelter"]
    assert waits == pytest.approx([0.0] * here.calendar.months, abs=1e-6)


def test_a_turn_at_the_last_instant_of_a_period_comes_too_late_for_its_work():
    """Responses turn dials when a month is closed, which is after the work of a period that ends with it."""
    here = world(2025, 2026)
    site, supplier = one(here, yard_limit_days=3000), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(2e7))
    for at, factor in ((0.0, 2.0), (365.0 - 1e-6, 1.0), (500.0, 2.0)):
        here.clock.at(at, lambda _, factor=factor: here.dials.turn(here.clock.now, "plants.Works.hours_factor", factor))
    site.run()
    found = rows(here, "plants")
    assert [row["throughput_kg"] for row in found] == pytest.approx([row["capacity_kg"] for row in found], rel=1e-12)
    assert found[12]["throughput_kg"] == pytest.approx(found[0]["throughput_kg"] / 2)


def test_nothing_before_start_and_a_ramp_after_it():
    here = world()
    site, supplier = one(here, start="2025-04-11", process="dismantling"), Supplier(here)
    works = site.plants["Works"]
    assert works.space_kg("phone") == 0.0
    site.run(100.0)
    assert works.space_kg("phone") > 0.0
    ramp = Schedule(start_day=100.0, ramp_days=40.0)
    edges = np.array([0.0, 100.0, 110.0, 120.0, 130.0, 140.0, 150.0])
    assert ramp.full_days(edges) == pytest.approx([0.0, 1.25, 3.75, 6.25, 8.75, 10.0])
    assert Schedule(start_day=-math.inf).full_days(np.array([5.0, 12.0])).tolist() == [7.0]
    assert Schedule(start_day=103.0, end_day=108.0).full_days(edges).tolist() == [0.0, 5.0, 0.0, 0.0, 0.0, 0.0]
    assert Schedule().full_days(edges).tolist() == [0.0] * 6
    assert supplier.sent_kg == 0.0


def test_a_closed_plant_takes_nothing_more_and_works_off_its_yard():
    here = world()
    site, supplier = one(here, end="2025-02-01", yard_limit_days=3650), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(900_000.0))
    site.run()
    assert works.space_kg("phone") == 0.0
    assert works.yard.kg == 0.0
    assert works.worked_kg == pytest.approx(900_000.0)


def test_small_loads_wait_for_a_batch_or_their_age():
    here = world()
    figures = {"dismantling": process(DISMANTLING, batch_t=5, batch_age_limit_days=45)}
    site, supplier = one(here, figures), Supplier(here)
    works = site.plants["Works"]
    supplier.send_at(1.0, works, "phone", supplier.lot(1000.0))
    site.run(41.0)
    assert works.worked_kg == 0.0
    site.run(51.0)
    assert works.worked_kg == 1000.0
    supplier.send_at(55.0, works, "phone", supplier.lot(5000.0))
    site.run(61.0)
    assert works.worked_kg == 6000.0


def test_idle_plants_cost_no_events_and_busy_ones_share_theirs():
    here = world()
    site, supplier = chain(here), Supplier(here)
    assert here.clock.events == 0
    site.run(500.0)
    assert here.clock.events == 0
    supplier.send(site.plants["Works"], "phone", supplier.lot(10.0))
    site.run()
    assert here.clock.events == 2 + 1 + 2  # two plants end a period together, but their batches are not ready together


def stores_of(*names):
    """What plants of two processes made of loads of several inputs and origins, when only those named are there."""
    here, stores = world(), {}
    kinds = {"First": "dismantling", "Second": "dismantling", "Third": "smelting"}
    site = wire(here, [plant(name, kinds[name]) for name in names], PROCESSES)
    rich, poor = Supplier(here), Supplier(here, (0.002, 0.098, 0.9))
    loads = {
        "First": [
            ("phone", rich.lot(600.0, born=-80.0)),
            ("lamp", poor.lot(50.0, "VNM", born=3.0)),
            ("phone", poor.lot(7.0, "VNM")),
        ],
        "Second": [("lamp", poor.lot(90.0, "VNM")), ("phone", rich.lot(1.0, "USA", born=-500.0))],
        "Third": [("board", rich.lot(30.0)), ("board", poor.lot(40.0, "VNM")), ("board", rich.lot(20.0, born=-9.0))],
    }
    for name in names:
        for material, lot in loads[name]:
            rich.send(site.plants[name], material, lot)
    site.run(35.0)
    for name in names:
        plain = site.plants[name].process.forms
        lots = [(material, lot) for material, pile in site.plants[name].store.piles.items() for lot in pile.lots]
        lots += [(form, lot) for _, form, lot in site.buyers["JPN"].sold if form in plain]
        stores[name] = [(material, here.tags[lot.tag], lot.born_day, here.composition.mass(lot).tolist()) for material, lot in lots]
    return stores


def test_plants_that_work_at_the_same_time_make_what_each_would_alone():
    together = stores_of("First", "Second", "Third")
    for name, made in together.items():
        alone = stores_of(name)[name]
        assert [(material, tag) for material, tag, *_ in made] == [(material, tag) for material, tag, *_ in alone]
        for (_, _, born, masses), (_, _, same_born, same_masses) in zip(made, alone, strict=True):
            assert born == pytest.approx(same_born, rel=1e-12)
            assert masses == pytest.approx(same_masses, rel=1e-12, abs=1e-12)
    assert {name: len(made) for name, made in together.items()} == {"First": 5, "Second": 3, "Third": 2}


# standstill


@pytest.mark.parametrize("lines", [1, 4])
def test_standstill_is_the_same_whatever_the_periods(lines):
    calendar, streams = Calendar.of(2025, 2034), Streams(7, 0)
    stops = Breakdowns("Works", 60.0, 5.0, lines)
    fine, coarse = (stops.down_between(np.arange(0.0, 3641.0, days), stops.stops(streams, calendar)) for days in (7.0, 28.0))
    assert (fine >= 0.0).all()
    assert (fine <= 7.0 + 1e-9).all()
    np.testing.assert_allclose(fine.reshape(-1, 4).sum(axis=1), coarse, atol=1e-9)
    assert fine.sum() / 3640.0 == pytest.approx(5.0 / 60.0, rel=0.35)
    never = Breakdowns("Works", 0.0, 5.0, 1)
    assert never.down_between(np.arange(3.0), never.stops(streams, calendar)).tolist() == [0.0, 0.0]


def test_breakdowns_cut_what_is_free():
    here = world()
    broken = {"dismantling": process(DISMANTLING, mean_days_between_breakdowns=20, repair_days=10)}
    site, supplier = one(here, broken, yard_limit_days=36500), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1e8))
    site.run()
    down = sum(r["down_hours"] for r in rows(here, "plants")) / 24.0
    assert 200 < down < 700
    periods = int(here.calendar.days // 10)
    assert site.plants["Works"].worked_kg == pytest.approx(10_000.0 * (periods * 10 - down), rel=0.02)


# what is told


def test_months_tell_intake_work_capacity_and_waiting():
    here = world()
    site, supplier = one(here, background_feed_t_per_year=365.25), Supplier(here)
    works = site.plants["Works"]
    supplier.send_at(5.0, works, "phone", supplier.lot(50_000.0))
    supplier.send_at(45.0, works, "phone", supplier.lot(200_000.0))
    site.run()
    by_month = {r["month"]: r for r in rows(here, "plants")}
    assert by_month[0]["intake_kg"] == by_month[0]["throughput_kg"] == 50_000.0
    assert by_month[0]["wait_kg_days"] == pytest.approx(50_000.0 * (PERIOD - MOMENT - 5.0))
    assert by_month[1]["intake_kg"] == 200_000.0
    # 91 t at the end of the fifth period on day 51, as much of the sixth, the rest of the seventh; February ends on day 59
    fifth, sixth, seventh = (number * PERIOD - MOMENT for number in (5, 6, 7))
    left, rest = (200_000.0 - number * PERIOD * 9_000.0 for number in (1, 2))
    assert by_month[1]["yard_kg"] == pytest.approx(left)
    assert by_month[1]["wait_kg_days"] == pytest.approx(200_000.0 * (fifth - 45.0) + left * (59.0 - fifth))
    assert by_month[2]["wait_kg_days"] == pytest.approx(left * (sixth - 59.0) + rest * (seventh - sixth))
    assert by_month[0]["capacity_kg"] == pytest.approx(310_000.0)
    assert by_month[0]["background_kg"] == pytest.approx(31_000.0)
    assert by_month[0]["open_days"] == pytest.approx(31 * 250 / 365.25)
    assert len(by_month) == 36


def test_recovery_tells_what_was_fed_and_made_by_origin():
    here = world()
    site, supplier = chain(here), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1000.0), supplier.lot(500.0, "VNM"))
    site.run()
    told = {(r["plant"], r["origin"], r["metal"], r["form"]): r for r in rows(here, "recovery")}
    oxide = told["Magnets", "VNM", "Nd", "ree_oxide"]
    assert (oxide["fed_kg"], oxide["contained_kg"]) == (pytest.approx(4.5), pytest.approx(3.6))
    assert oxide["recovered_kg"] == pytest.approx(3.6 / 0.8)
    assert told["Works", "JPN", "Cu", "board"]["fed_kg"] == pytest.approx(290.0)
    assert told["Works", "JPN", "Cu", "board"]["contained_kg"] == pytest.approx(174.0)
    assert told["Smelter", "JPN", "Cu", "refined_metal"]["recovered_kg"] == pytest.approx(174.0 * 0.95)
    assert not [r for r in told.values() if r["metal"] == "other"]
    by_tag = sum(r["kg"] for r in rows(here, "lineage_out") if r["metal"] == "Cu")
    assert by_tag == pytest.approx(1.5 * 174.0 * 0.95)
    # phones wait to day 10, boards are ready at 12, smelted from 20 on and sold at 40
    assert {(r["metal"], r["bin"]) for r in rows(here, "lead_times")} == {("Nd", 1), ("Cu", 1)}


def test_payments_and_emissions():
    here = world()
    site, supplier = one(here, gate_fee_usd_per_t=20), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(10_000.0))
    site.run()
    paid = {(r["payer"], r["payee"], r["item"]): r["usd"] for r in rows(here, "payments")}
    assert paid == {("JPN", "Works", "gate_fee"): 200.0, ("Works", "operations", "opex"): 500.0}
    emitted = {r["item"]: r["kgco2e"] for r in rows(here, "emissions")}
    assert emitted == {"energy": pytest.approx(500.0), "process": pytest.approx(100.0)}


def test_ledger_stages_tell_dismantling_from_end_processing():
    here = world()
    site, supplier = chain(here), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1000.0))
    site.run()
    stages = {(source, target) for _, _, source, target in here.ledger.flows}
    assert {("yard", "processing"), ("processing", "store"), ("store", "refinery_yard"), ("refinery_yard", "refining")} <= stages
    assert {("refining", "product_store"), ("refining", "slag"), ("processing", "landfill"), ("product_store", "metal")} <= stages


# faults


def test_names_that_do_not_exist_are_told_together():
    here = world()
    with pytest.raises(WiringError) as caught:
        wire(here, [plant(process="alchemy"), plant("Other", country="ATL")], PROCESSES)
    assert [fault.path for fault in caught.value.faults] == ["plants.Other.country", "plants.Works.process"]


def test_shares_over_one_are_refused_when_read_and_scaled_with_a_warning_when_drawn():
    with pytest.raises(ValueError, match=r"shares of Cu in lamp sum to 1.2"):
        process({"lamp": {"board": {"Cu": 0.7}, "copper": {"Cu": 0.5}}})
    low = process({"lamp": {"board": {"Cu": 0.7}}})
    high = process({"lamp": {"copper": {"Cu": 0.5}}})
    drawn = low.model_copy(update={"transfer": {"lamp": {**low.transfer["lamp"], **high.transfer["lamp"]}}})
    here = world()
    site, supplier = one(here, {"dismantling": drawn}), Supplier(here)
    assert here.warnings == ["process dismantling: drawn transfer shares sum to 1.200; scaled to 1"]
    supplier.send(site.plants["Works"], "lamp", supplier.lot(1000.0))
    site.run(30.0)
    assert here.composition.masses(list(site.plants["Works"].store.piles["board"].lots))[1] == pytest.approx(290 * 0.7 / 1.2)


def test_a_path_of_shares_follows_the_year():
    here = world(2025, 2026)
    rising = {"dismantling": process({"*": {"magnet": {"Nd": {"2025": 0.0, "2027": 0.8}}}})}
    site, supplier = one(here, rising), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(1000.0))
    supplier.send_at(float(day(here, 2026, 6)), works, "phone", supplier.lot(1000.0))
    site.run()
    made = {r["year"]: r["contained_kg"] for r in rows(here, "recovery")}
    assert made == {2025: pytest.approx(2.0), 2026: pytest.approx(6.0)}


def test_a_slow_input_uses_more_of_the_nameplate():
    here = world()
    slow = process(DISMANTLING, speed={"lamp": 0.5})
    site, supplier = one(here, {"dismantling": slow}, yard_limit_days=36.5), Supplier(here)
    works = site.plants["Works"]
    room = works.space_kg("phone")
    assert works.space_kg("lamp") == pytest.approx(0.5 * room)
    supplier.send(works, "lamp", supplier.lot(60_000.0))
    supplier.send(works, "phone", supplier.lot(30_000.0))
    assert works.space_kg("phone") == pytest.approx(room - 150_000.0)
    site.run(10.5)
    share = PERIOD * 10_000.0 / 150_000.0  # nameplate work of a period, of what lies; by mass, the same of each
    assert works.worked_kg == pytest.approx(90_000.0 * share)
    assert works.yard.piles["lamp"].kg == pytest.approx(60_000.0 * (1.0 - share))
    site.run()
    months = rows(here, "plants")
    assert sum(r["throughput_kg"] for r in months) == pytest.approx(90_000.0)
    first = months[0]
    assert first["throughput_kg"] / first["capacity_kg"] == pytest.approx(90_000.0 / (310_000.0 + 90_000.0 - 150_000.0))


def test_a_full_store_stops_the_lines_and_pushes_back():
    here = world()
    everything = {"dismantling": process({"phone": {"board": {"*": 1.0}}})}
    site, supplier = one(here, everything, {"board": []}, yard_limit_days=1, store_limit_days=5), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(110_000.0))
    site.run(100.0)
    assert works.store.kg == pytest.approx(50_000.0)
    assert works.yard.kg == pytest.approx(60_000.0)
    assert works.blocked
    assert works.space_kg("phone") == pytest.approx(10_000.0 + PERIOD * 10_000.0 - 60_000.0)
    site.run()
    assert works.store.kg == pytest.approx(50_000.0), "to the last period"


def test_receivers_of_one_plan_get_the_same_mix():
    here = world()
    plants = [plant(), plant("Smelter", "smelting", tonnes=36.525, yard_limit_days=0), plant("Second", "smelting")]
    site, supplier = wire(here, plants, PROCESSES, {"board": ["Smelter", "Second"]}), Supplier(here)
    rich = Supplier(here, (0.0, 0.9, 0.1))
    supplier.send(site.plants["Works"], "phone", supplier.lot(10_000.0))
    rich.send(site.plants["Works"], "phone", rich.lot(10_000.0, "VNM"))
    site.run(13.0)
    mixes = [here.composition.masses(list(site.plants[name].yard.piles["board"].lots)) for name in ("Smelter", "Second")]
    assert 0.0 < mixes[0].sum() < mixes[1].sum()
    np.testing.assert_allclose(mixes[0] / mixes[0].sum(), mixes[1] / mixes[1].sum(), rtol=1e-12)


def test_a_dial_counts_from_its_day_on_also_within_a_period():
    here = world()
    site, supplier = one(here, yard_limit_days=3650), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1e6))
    here.clock.at(4.0, lambda _: here.dials.turn(4.0, "plants.Works.hours_factor", 0.0))
    here.clock.at(17.0, lambda _: here.dials.turn(17.0, "plants.Works.hours_factor", 1.0))
    site.run(10.5)
    assert site.plants["Works"].worked_kg == pytest.approx(40_000.0)
    site.run(20.5)
    assert site.plants["Works"].worked_kg == pytest.approx(40_000.0 + (2 * PERIOD - 17.0) * 10_000.0)


def test_fires_of_batteries_are_a_cause_of_their_own():
    calendar, streams, days = Calendar.of(2025, 2034), Streams(7, 0), np.arange(0.0, 3641.0, 28.0)
    plain, fires, both = (
        stops.down_between(days, stops.stops(streams, calendar))
        for stops in (
            Breakdowns("Works", 60.0, 5.0, 1),
            Breakdowns("Works", 0.0, 5.0, 1, 30.0, 6.0),
            Breakdowns("Works", 60.0, 5.0, 1, 30.0, 6.0),
        )
    )
    assert fires.sum() == pytest.approx(3640.0 * 6.0 / 36.0, rel=0.35)
    # a fire during a repair waits for its end, so nothing is lost but what reaches beyond the run
    assert (np.maximum(plain, fires) <= both + 6.0).all()
    assert both.sum() > max(plain.sum(), fires.sum())
    here = world()
    burning = {"dismantling": process(DISMANTLING, mean_days_between_fires=40, after_fire_days=20)}
    site, supplier = one(here, burning, yard_limit_days=36500), Supplier(here)
    supplier.send(site.plants["Works"], "phone", supplier.lot(1e8))
    site.run()
    assert 200 < sum(r["down_hours"] for r in rows(here, "plants")) / 24.0 < 600


def test_yards_that_lose_their_waiting_are_found():
    here = world()
    site, supplier = one(here), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(50_000.0))
    here.clock.at(5.0, lambda _: setattr(works._book, "_since", 6.0))
    with pytest.raises(ConservationError, match="Works: waiting in the yard breaks Little's law"):
        site.run()


def test_an_expansion_is_a_path_of_capacity_and_a_closure_an_end():
    here = world(2025, 2027)
    grows = {"2025": 365.25, "2026": 365.25, "2027": 3652.5}
    site, supplier = one(here, tonnes=grows, yard_limit_days=36525, end="2027-03-02"), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(1e7))
    site.run()
    by_month = [r["throughput_kg"] for r in rows(here, "plants")]
    assert sum(by_month[:12]) == pytest.approx(1000.0 * 365, rel=0.02)
    # the nameplate of a period is that of its first day, five days behind the middle on a path that rises tenfold
    assert sum(by_month[12:24]) == pytest.approx(1000.0 * 5.5 * 360, rel=0.02)
    # the last period before the end, then all that still lies there
    assert works.yard.kg == 0.0
    assert works.worked_kg == pytest.approx(1e7)
    assert works.space_kg("phone") == 0.0
