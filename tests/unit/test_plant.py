import numpy as np
import pytest

from sim.core.errors import ConservationError, WiringError
from sim.nodes.schedule import MOMENT
from tests.fixtures.plants import PERIOD, PROCESSES, Supplier, day, one, plant, process, rows, wire, world


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


def test_yards_that_lose_their_waiting_are_found():
    here = world()
    site, supplier = one(here), Supplier(here)
    works = site.plants["Works"]
    supplier.send(works, "phone", supplier.lot(50_000.0))
    here.clock.at(5.0, lambda _: setattr(works._book, "_since", 6.0))
    with pytest.raises(ConservationError, match="Works: waiting in the yard breaks Little's law"):
        site.run()
