"""From ledger and recorder to tables: a chain small enough to check by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.errors import ConservationError
from sim.core.lot import Lot
from sim.core.quantity import Quantity
from sim.engine.composition import Composition
from sim.engine.ledger import Ledger
from sim.engine.streams import Streams
from sim.engine.tags import Blend, Origin
from sim.engine.world import World
from sim.nodes.arisings import Arisings
from sim.nodes.schedule import Schedule
from sim.results.schema import TABLES
from sim.results.tables import numbers, own_head, texts
from sim.scenario.load import load_scenario
from sim.simulate.collect import Collector, binned_quantiles
from sim.simulate.signals import recoverable
from sim.trade.market import MEASURES
from tests.fixtures.tiny_tree import TinyLibrary, tiny_tree

DISMANTLER, SMELTER = (plant["name"] for plant in tiny_tree()["plants"][:2])
DISMANTLE, SMELT = (plant["process"] for plant in tiny_tree()["plants"][:2])
RECORDED = {
    "collection": (
        "year country zone channel",
        "waiting_start_kg offered_kg collected_kg retried_kg lost_kg waiting_end_kg wait_kg_days diverted_kg",
    ),
    "fleet": ("year country zone channel vehicle", "routes stops km hours load_kg capacity_kg cost_usd co2_kg"),
    "plants": (
        "month plant",
        "intake_kg throughput_kg background_kg capacity_kg yard_kg wait_kg_days down_hours open_days",
    ),
    "shipments": ("year origin destination fraction", "boxes mass_kg consent_kg_days sea_kg_days refused blocked_kg"),
    "recovery": ("year origin plant process metal form owner available_to", "fed_kg recovered_kg contained_kg"),
    "lead_times": ("year metal bin", "kg"),
    "lineage_out": ("tag metal plant year", "kg"),
    "payments": ("year payer payee item", "usd"),
    "emissions": ("year country stage item", "kgco2e"),
    "sales": ("year plant country contract metal", "kg usd spot_usd"),
    "market": ("month country metal", " ".join(MEASURES)),
    "supply": ("year origin place available_to metal", "recovered_kg"),
    "shocks": ("name kind target", "start_day end_day"),
    "responses": ("name day event", "cost_usd"),
}


REUSE = ("second_life_kg", "hoarded_kg", "exported_for_reuse_kg", "resold_kg", "exported_age_years")


@dataclass
class Plant:
    schedule: Schedule


@dataclass
class Treatment:
    plants: dict[str, Plant]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def milestones(self) -> list[dict[str, Any]]:
        return self.rows


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    tree = tiny_tree()
    tree["processes"][DISMANTLE]["stage"] = "dismantling"
    tree["processes"][SMELT]["stage"] = "refining"
    for name in ("Nd", "Au"):
        tree["substances"][name]["headline"] = True
    tree["market"]["demand"]["JPN"]["Nd"]["supply_share"] = {"CHN": 0.8, "JPN": 0.2}
    file = Path(tmp_path_factory.mktemp("scenario")) / "tiny.toml"
    file.write_text('name = "Tiny"\n[time]\nstart = 2025\nend = 2026\n', encoding="utf-8")
    return load_scenario(file, library=TinyLibrary(tree)).spec


@pytest.fixture
def world(spec):
    composition = Composition(tuple(spec.substances))
    made = World(Calendar.of(2025, 2026), composition, Ledger(composition), Streams(1, 0))
    for table, (keys, measures) in RECORDED.items():
        made.recorder.declare(table, tuple(keys.split()), tuple(measures.split()))
    made.ledger.begin_year(0.0, 2025)
    return made


@pytest.fixture
def arisings(spec):
    """Two groups in Japan; a phone is 1 % gold in 2025 and 2 % in 2026, a computer holds none."""
    substances, calendar = tuple(spec.substances), Calendar.of(2025, 2026)
    composition = np.zeros((1, 2, 2, len(substances)))
    composition[..., substances.index("other")] = 1.0
    for year, share in enumerate((0.01, 0.02)):
        composition[0, 0, year, substances.index("Au")] = share
        composition[0, 0, year, substances.index("other")] = 1.0 - share
    units = np.array([[[10.0, 0.0], [0.0, 4.0]]])
    told = {
        "countries": ("JPN",),
        "groups": ("phone", "it_equipment"),
        "products": ("UNU0306", "UNU0302"),
        "substances": substances,
        "calendar": calendar,
        "composition": composition,
        "discarded_units": units,
        "discarded_kg": units * 2.0,
        "units_with_magnet_share": np.full((1, 2, 2), 0.5),
        "put_on_market_kg": units * 3.0,
        "pom_years": (2023, 2024),
        **dict.fromkeys(REUSE, np.zeros((1, 2, 2))),
    }
    # nothing else of it is read here
    return Arisings(**(dict.fromkeys((field.name for field in fields(Arisings)), ()) | told))


def collected(world, spec, arisings, treatment=None):
    """Tables of a world that stands still; books are closed once per year."""
    made = Collector(world, spec, arisings, treatment or Treatment({}))
    made.year_end(2025)
    return made.tables()


def rows(table, *names):
    columns = [texts(table, n) if hasattr(table[n], "values") else numbers(table, n).tolist() for n in names]
    return list(zip(*columns, strict=True))


def test_every_table_but_inputs_and_assumptions_is_there(world, spec, arisings):
    tables = collected(world, spec, arisings)
    assert set(tables) == set(TABLES) - {"inputs", "assumptions", "capacity_cases", "unlimited"}
    for name, columns in tables.items():
        assert tuple(columns) == own_head(TABLES[name])


def test_flows_and_stocks_by_substance_with_totals_and_without_zeros(world, spec, arisings):
    ledger = world.ledger
    discard = ledger.account("discard JPN", "discard", "JPN", outside=True)
    reuse = ledger.account("reuse JPN", "exported_for_reuse", "JPN", outside=True)
    waiting = [ledger.stockpile(f"waiting {zone}", "waiting", "JPN") for zone in ("a", "b")]
    depot = ledger.stockpile("depot a", "depot", "JPN")
    crude = ledger.stockpile("JPN informal dismantlers yard", "informal_yard", "JPN")
    ref = world.composition.add(np.array([0.0, 1.0, 9.0, 90.0]))  # Nd, Au, Cu, other
    for pile in waiting:
        ledger.move(1.0, [Lot(100.0, ref, 0, 0.0)], discard, pile)
    ledger.post(1.0, discard, reuse, Lot(50.0, ref, 0, 0.0))
    ledger.move(2.0, waiting[0].take(40.0), waiting[0].account, depot)
    ledger.move(3.0, depot.take(10.0), depot.account, crude)
    tables = collected(world, spec, arisings)
    assert rows(tables["flows"], "year", "country", "source", "target", "substance", "mass_kg") == [
        (2025, "JPN", "depot", "informal_yard", "Au", pytest.approx(0.1)),
        (2025, "JPN", "depot", "informal_yard", "Cu", pytest.approx(0.9)),
        (2025, "JPN", "depot", "informal_yard", "other", pytest.approx(9.0)),
        (2025, "JPN", "depot", "informal_yard", "total", pytest.approx(10.0)),
        (2025, "JPN", "discard", "exported_for_reuse", "Au", 0.5),
        (2025, "JPN", "discard", "exported_for_reuse", "Cu", 4.5),
        (2025, "JPN", "discard", "exported_for_reuse", "other", 45.0),
        (2025, "JPN", "discard", "exported_for_reuse", "total", 50.0),
        (2025, "JPN", "discard", "waiting", "Au", 2.0),
        (2025, "JPN", "discard", "waiting", "Cu", 18.0),
        (2025, "JPN", "discard", "waiting", "other", 180.0),
        (2025, "JPN", "discard", "waiting", "total", 200.0),
        (2025, "JPN", "waiting", "depot", "Au", pytest.approx(0.4)),
        (2025, "JPN", "waiting", "depot", "Cu", pytest.approx(3.6)),
        (2025, "JPN", "waiting", "depot", "other", pytest.approx(36.0)),
        (2025, "JPN", "waiting", "depot", "total", pytest.approx(40.0)),
    ]
    totals = [row for row in rows(tables["stocks"], "account", "substance", "mass_kg") if row[1] == "total"]
    assert totals == [
        (stage, "total", pytest.approx(kg)) for stage, kg in (("depot", 30.0), ("informal_yard", 10.0), ("waiting", 160.0))
    ]
    ladder = {row[0]: row[1:] for row in rows(tables["signals"], "metal", "in_waste_kg", "collected_kg", "collection_rate_share")}
    assert ladder["Au"] == pytest.approx((2.0, 0.3, 0.15))
    assert ladder["total"] == pytest.approx((200.0, 30.0, 0.15))


def test_dust_is_not_a_stock(world, spec, arisings):
    ledger = world.ledger
    source = ledger.account("discard JPN", "discard", "JPN", outside=True)
    pile, sink = ledger.stockpile("depot a", "depot", "JPN"), ledger.account("slag", "slag", "JPN", outside=True)
    ref = world.composition.add(np.array([0.1, 0.2, 0.3, 0.4]))
    ledger.move(0.0, [Lot(0.1, ref, 0, 0.0), Lot(0.2, ref, 0, 0.0)], source, pile)
    pile.take_all()
    ledger.post(1.0, pile.account, sink, Lot(0.3, ref, 0, 0.0))
    assert rows(collected(world, spec, arisings)["stocks"], "mass_kg") == []


def test_sums_become_means(world, spec, arisings):
    cell = world.recorder.cell
    cell("collection", 2025, "JPN", "JP-13", "drop_box")[:] = [0.0, 100.0, 80.0, 5.0, 5.0, 10.0, 160.0, 7.0]
    cell("collection", 2026, "JPN", "JP-13", "drop_box")[:] = [10.0, 0.0, 0.0, 0.0, 0.0, 10.0, 90.0, 0.0]
    cell("fleet", 2025, "JPN", "JP-13", "drop_box", "van")[:] = [2.0, 20.0, 30.0, 4.0, 80.0, 200.0, 5.0, 6.0]
    cell("shipments", 2025, "THA", "JPN", "board")[:] = [2.0, 1000.0, 90_000.0, 12_000.0, 1.0, 50.0]
    tables = collected(world, spec, arisings)
    waits = numbers(tables["collection"], "wait_days_mean")
    assert waits[0] == 2.0
    assert np.isnan(waits[1])
    assert rows(tables["fleet"], "load_share", "routes", "co2_kg") == [(0.4, 2.0, 6.0)]
    assert rows(tables["shipments"], "consent_days", "sea_days", "refused", "blocked_kg") == [(90.0, 12.0, 1.0, 50.0)]
    assert rows(tables["signals"], "country", "metal", "boxes_sailed_units") == [("THA", "total", 2.0)]


def test_plants_by_calendar_month_with_their_status(world, spec, arisings):
    cell = world.recorder.cell
    cell("plants", 11, DISMANTLER)[:] = [50.0, 40.0, 20.0, 100.0, 10.0, 120.0, 6.0, 25.0]
    cell("plants", 12, DISMANTLER)[:] = [0.0, 0.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0]
    schedule = Schedule(start_day=-np.inf, end_day=370.0)
    told = dict.fromkeys(own_head(TABLES["milestones"])) | {"plant": DISMANTLER, "country": "JPN", "status": "closed"}
    tables = collected(world, spec, arisings, Treatment({DISMANTLER: Plant(schedule)}, [told]))
    assert rows(tables["plants"], "year", "month", "status") == [(2025, 12, "operating"), (2026, 1, "closed")]
    assert numbers(tables["plants"], "utilisation_share")[0] == 0.6
    assert numbers(tables["plants"], "wait_days_mean")[0] == 3.0
    assert rows(tables["signals"], "year", "country", "metal", "plants_operating_units") == [(2025, "JPN", "total", 1.0)]
    assert np.isnan(numbers(tables["milestones"], "built_day")).all()


def test_separated_counts_right_fractions_and_refined_counts_once(world, spec, arisings):
    """Of boards the smelter recovers gold and copper; gold in the copper fraction is lost, and neodymium everywhere."""
    assert recoverable(spec) == {"board": frozenset({"Au", "Cu"})}
    book = lambda plant, process, metal, form, kg: world.recorder.cell(  # noqa: E731
        "recovery", 2025, "JPN", plant, process, metal, form, "JPN", "JPN"
    ).__setitem__(slice(None), [10.0, kg, kg])
    book(DISMANTLER, DISMANTLE, "Au", "board", 6.0)
    book(DISMANTLER, DISMANTLE, "Au", "copper", 2.0)
    book(DISMANTLER, DISMANTLE, "Nd", "board", 1.0)
    book(SMELTER, SMELT, "Au", "refined_metal", 5.0)
    tables = collected(world, spec, arisings)
    assert rows(tables["signals"], "metal", "separated_kg", "refined_kg") == [("Au", 6.0, 5.0)]
    assert rows(tables["recovery"], "plant_country", "stage")[-1] == ("JPN", "refining")


def test_right_fractions_are_not_taken_apart_again_and_give_half_of_the_metal(spec):
    """A plant that takes boards apart makes them intermediate; a smelter that loses gold makes boards wrong for gold."""
    dismantle, smelt = spec.processes[DISMANTLE], spec.processes[SMELT]
    again = dismantle.model_copy(update={"transfer": {**dismantle.transfer, "board": {}}})
    assert recoverable(spec.model_copy(update={"processes": {DISMANTLE: again, SMELT: smelt}})) == {}
    poor = {
        "board": {
            "refined_metal": {"Au": Quantity.constant(0.4), "Cu": Quantity.constant(0.5)},
            "residue": {"Nd": Quantity.constant(1.0)},
        }
    }
    lossy = smelt.model_copy(update={"transfer": poor})
    # no other fraction gives half of the gold, so what little comes back of it has been separated
    processes = {DISMANTLE: dismantle, SMELT: lossy}
    assert recoverable(spec.model_copy(update={"processes": processes})) == {"board": frozenset({"Au", "Cu"})}
    better = {**poor, "copper": {"refined_metal": {"Au": Quantity.constant(0.6)}}}
    processes[SMELT] = smelt.model_copy(update={"transfer": better})
    assert recoverable(spec.model_copy(update={"processes": processes})) == {
        "board": frozenset({"Cu"}),
        "copper": frozenset({"Au"}),
    }
    unused = spec.model_copy(update={"plants": tuple(plant for plant in spec.plants if plant.process != SMELT)})
    assert recoverable(unused) == {}


def test_quantiles_of_bins():
    kg, bins = np.array([1.0, 1.0]), np.array([0, 10])
    assert binned_quantiles(bins, kg, (0.25, 0.5, 0.75, 1.0)) == pytest.approx([15.0, 30.0, 315.0, 330.0])
    assert np.isnan(binned_quantiles(bins, np.zeros(2), (0.5,))).all()


def test_lead_times_from_bins(world, spec, arisings):
    world.recorder.cell("lead_times", 2025, "Au", 10)[0] = 3.0
    world.recorder.cell("lead_times", 2025, "Au", 0)[0] = 1.0
    table = collected(world, spec, arisings)["lead_times"]
    assert rows(table, "recovered_kg", "days_mean") == [(4.0, pytest.approx((15.0 + 3 * 315.0) / 4))]
    assert numbers(table, "days_p50")[0] == pytest.approx(300.0 + 30.0 / 3.0)


def market_row(**told):
    """A recorded month; what is not told is missing."""
    return [told.get(name, float("nan")) for name in MEASURES]


def test_market_shares(world, spec, arisings):
    """Japan mines a fifth of its primary neodymium here. Of 20 kg recovered 15 are of its own waste, 12 refined at home."""
    plain = {"price_usd_per_kg": 70.0}
    first = {"demand_kg": 100.0, "primary_kg": 80.0, "own_primary_kg": 16.0, "recovered_kg": 20.0, "own_waste_kg": 15.0}
    bare = {"primary_without_kg": 90.0, "own_primary_without_kg": 18.0, "shortfall_without_kg": 10.0, "stockpile_without_kg": 0.0}
    first |= plain | bare | {"refined_home_kg": 12.0, "stockpile_kg": 5.0, "shortfall_kg": 0.0, "hhi": 0.4, "primary_hhi": 0.6}
    second = plain | {"demand_kg": 10.0, "primary_kg": 0.0, "own_primary_kg": 0.0, "recovered_kg": 10.0, "own_waste_kg": 10.0}
    second |= {"refined_home_kg": 10.0, "stockpile_kg": 5.0, "shortfall_kg": 0.0, "primary_without_kg": 10.0}
    second |= {"own_primary_without_kg": 2.0, "shortfall_without_kg": 0.0, "stockpile_without_kg": 0.0}
    world.recorder.cell("market", 0, "JPN", "Nd")[:] = market_row(**first)
    world.recorder.cell("market", 0, "THA", "Nd")[:] = market_row(recovered_kg=9.0, **plain)  # demand not known
    world.recorder.cell("market", 1, "JPN", "Nd")[:] = market_row(**second)  # all of it recovered
    tables = collected(world, spec, arisings)
    table, nan = tables["market"], float("nan")
    assert rows(table, "year", "month", "country", "price_usd_per_kg") == [
        (2025, 1, "JPN", 70.0),
        (2025, 1, "THA", 70.0),
        (2025, 2, "JPN", 70.0),
    ]
    np.testing.assert_allclose(numbers(table, "import_dependence_share"), [0.64, nan, 0.0])
    np.testing.assert_allclose(numbers(table, "import_dependence_by_origin_share"), [0.64 + 0.05, nan, 0.0])
    np.testing.assert_allclose(numbers(table, "import_dependence_by_place_share"), [0.64 + 0.08, nan, 0.0])
    np.testing.assert_allclose(numbers(table, "import_dependence_without_share"), [0.8, nan, 0.8])
    np.testing.assert_allclose(numbers(table, "cover_days"), [5.0 / 100.0 * 31.0, nan, 5.0 / 10.0 * 28.0])
    (year,) = rows(
        tables["security"],
        "country",
        "loss_area_days",
        "loss_area_without_days",
        "recovery_time_without_days",
        "share_met_without_share",
    )
    assert year == ("JPN", 0.0, pytest.approx(3.1), 31.0, pytest.approx(1.0 - 10.0 / 110.0))
    assert np.isnan(numbers(tables["security"], "recovery_time_days")).all()
    assert numbers(tables["security"], "import_dependence_by_place_share")[0] == pytest.approx(72.0 / 110.0)
    found = rows(tables["signals"], "country", "available_kg", "demand_kg", "demand_met_share")
    assert found[0] == ("JPN", 30.0, 110.0, pytest.approx(30.0 / 110.0))
    assert found[1][:2] == ("THA", 9.0)
    assert np.isnan(found[1][2:]).all()


def test_lineage_divides_by_metal_content_and_sums_to_what_was_recovered(world, spec, arisings):
    tag = world.tags.of(Origin("JPN", plant=DISMANTLER, year=2026))

    def intake(zone, year, group):
        return world.tags.intake(tag, world.tags.of(Origin("JPN", zone, "drop_box", "", year)), group)

    intake("JP-13", 2025, "phone")[0] = 100.0  # 1 kg of gold
    intake("JP-13", 2026, "phone")[0] = 150.0  # 3 kg
    intake("JP-01", 2026, "it_equipment")[0] = 750.0  # none
    world.recorder.cell("lineage_out", tag, "Au", SMELTER, 2026)[0] = 2.0
    world.recorder.cell("lineage_out", tag, "Nd", SMELTER, 2026)[0] = 1.0
    world.recorder.cell("lineage_out", tag, "Cu", SMELTER, 2026)[0] = 9.0  # not a headline metal
    table = collected(world, spec, arisings)["lineage"]
    found = {row[:3]: row[3] for row in rows(table, "metal", "zone", "discard_year", "recovered_kg")}
    assert {key: kg for key, kg in found.items() if key[0] == "Au"} == pytest.approx(
        {("Au", "JP-13", 2025): 0.5, ("Au", "JP-13", 2026): 1.5}
    )
    # of a metal the composition does not know, by mass
    assert found["Nd", "JP-01", 2026] == pytest.approx(0.75)
    assert sum(kg for key, kg in found.items() if key[0] == "Nd") == pytest.approx(1.0, rel=1e-12)
    assert {key[0] for key in found} == {"Au", "Nd"}


def test_lineage_of_two_years_and_plants_divides_each_apart_and_stands_in_order(world, spec, arisings):
    """What one tag gave to two plants in two years comes of the same parents in the same shares."""
    tag = world.tags.of(Origin("JPN", plant=DISMANTLER, year=2025))
    zones = ("JP-13", "JP-01", "")  # crude yards know no zone
    for zone, kg in zip(zones, (100.0, 300.0, 400.0), strict=True):
        world.tags.intake(tag, world.tags.of(Origin("JPN", zone, "drop_box", "", 2025)), "phone")[0] = kg
    parts = np.array([world.tags.of(Origin("JPN", zone, "drop_box", "", 2026)) for zone in zones[:2]])
    blend = world.tags.blend(Origin("JPN", year=2026), Blend(parts, np.array([1.0, 3.0])))
    world.tags.intake(tag, blend, "phone")[0] = 100.0  # holds as much gold as 200 kg of 2025
    for year, plant, kg in ((2026, SMELTER, 1.0), (2025, DISMANTLER, 2.0), (2025, SMELTER, 3.0)):
        world.recorder.cell("lineage_out", tag, "Au", plant, year)[0] = kg
    found = rows(collected(world, spec, arisings)["lineage"], "year", "plant", "zone", "discard_year", "recovered_kg")
    share = {("", 2025): 0.4, ("JP-01", 2025): 0.3, ("JP-01", 2026): 0.15, ("JP-13", 2025): 0.1, ("JP-13", 2026): 0.05}
    ends = sorted([(2025, DISMANTLER, 2.0), (2025, SMELTER, 3.0), (2026, SMELTER, 1.0)])
    expected = [(year, plant, zone, born, kg * part) for year, plant, kg in ends for (zone, born), part in share.items()]
    assert [row[:4] for row in found] == [row[:4] for row in expected]
    assert [row[4] for row in found] == pytest.approx([row[4] for row in expected], rel=1e-12)


def test_lineage_of_a_year_without_arisings_is_an_error(world, spec, arisings):
    tag = world.tags.of(Origin("JPN", plant=DISMANTLER, year=2026))
    world.tags.intake(tag, world.tags.of(Origin("JPN", "JP-13", "drop_box", "", 1999)), "phone")[0] = 100.0
    world.recorder.cell("lineage_out", tag, "Au", SMELTER, 2026)[0] = 2.0
    with pytest.raises(ConservationError, match="discarded outside the run"):
        collected(world, spec, arisings)


def test_metal_from_nowhere_is_found(world, spec, arisings):
    tag = world.tags.of(Origin("JPN", plant=DISMANTLER, year=2026))
    world.recorder.cell("lineage_out", tag, "Au", SMELTER, 2026)[0] = 2.0
    with pytest.raises(ConservationError, match="took nothing in"):
        collected(world, spec, arisings)
