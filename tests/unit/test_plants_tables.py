"""What the library says of processes, plants, commissioning and routes fits together and keeps to what was read."""

from pathlib import Path

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.quantity import Quantity, Spread
from sim.core.transfer import RESIDUE, TransferTable
from sim.nodes.arisings import build_arisings
from sim.nodes.country_spec import CountrySpec
from sim.nodes.plant_spec import END_STAGES, CommissioningSpec, PlantSpec, ProcessSpec
from sim.nodes.product_spec import CountryProductSpec, GroupSpec, ProductSpec
from sim.scenario.library import load_library
from sim.scenario.load import load_scenario
from sim.simulate.run import make_world
from sim.simulate.sea_ways import SeaWays
from sim.trade.routing_spec import RouteSpec

ROOT = Path(__file__).parents[2]
SMALL = ("it_equipment", "phone", "small_appliance")
REE = ("Nd", "Pr", "Dy", "Tb")
OUTSIDE = {"landfill", "leakage", "other_recycling", "informal_metal"}


class Scope:
    vehicles_and_machines = False
    discretisation = "uniform"


@pytest.fixture(scope="module")
def tree():
    return load_library().tree


@pytest.fixture(scope="module")
def processes(tree):
    return {name: ProcessSpec.model_validate(raw) for name, raw in tree["processes"].items()}


@pytest.fixture(scope="module")
def plants(tree):
    return {raw["name"]: PlantSpec.model_validate(raw) for raw in tree["plants"]}


@pytest.fixture(scope="module")
def routes(tree):
    return [RouteSpec.model_validate(raw) for raw in tree["routes"]]


def at_modes(process, inputs, substances):
    shares = {i: {o: {s: q.value for s, q in row.items()} for o, row in rows.items()} for i, rows in process.transfer.items()}
    return TransferTable.of(shares, inputs, substances)


def high(quantity: Quantity) -> float:
    value = quantity.points[0][1]
    return value.high if isinstance(value, Spread) else value


def test_whatever_is_drawn_no_substance_passes_one(processes):
    for name, process in processes.items():
        for source, outputs in process.transfer.items():
            named = {s for row in outputs.values() for s in row}
            for substance in named:
                given = [row.get(substance, row.get("*")) for output, row in outputs.items() if output != RESIDUE]
                total = sum(high(share) for share in given if share is not None)
                assert total <= 1.0 + 1e-9, (name, source, substance, total)


def test_names_exist_and_background_leaves_something(tree, processes, plants):
    classes = {name: CommissioningSpec.model_validate(raw) for name, raw in tree["commissioning"].items()}
    for plant in plants.values():
        assert plant.process in processes, plant.name
        assert plant.country in tree["countries"], plant.name
        assert plant.commissioning is None or plant.commissioning in classes, plant.name
        assert high(plant.background_feed_t_per_year) < plant.capacity_t_per_year.value, plant.name
    homes = {key for key, raw in tree["countries"].items() if raw["role"] == "home"}
    assert {f"{iso3} informal dismantlers" for iso3 in homes} <= set(plants)


def test_destinations_take_what_they_are_sent(tree, processes, plants, routes):
    groups = list(tree["groups"])
    for route in routes:
        for destination in route.destinations:
            if destination.to not in OUTSIDE:
                assert route.material in processes[plants[destination.to].process].takes(groups), (route.name, destination.to)
        assert route.fallback in OUTSIDE | {"wait"}
        assert sum(d.share.value for d in route.destinations) == pytest.approx(1.0, abs=0.12), route.name


def test_every_group_and_every_fraction_made_has_a_way_out(tree, processes, plants, routes):
    known = {(route.origin, route.material) for route in routes}
    homes = [key for key, raw in tree["countries"].items() if raw["role"] == "home"]
    assert {(iso3, group) for iso3 in homes for group in tree["groups"]} <= known
    for plant in plants.values():
        process = processes[plant.process]
        if process.stage not in END_STAGES and plant.process != "crude_informal":
            for material in process.outputs:
                assert (plant.country, material) in known or ("*", material) in known, (plant.name, material)


def test_shred_first_loses_rare_earths_and_most_precious_metal(tree, processes):
    substances = tuple(tree["substances"])
    shredder = at_modes(processes["shredder"], ("small_appliance",), substances)
    fit = shredder.shares[0][[shredder.outputs.index("board"), shredder.outputs.index("copper")]].sum(axis=0).round(6)
    assert {metal: float(fit[substances.index(metal)]) for metal in (*REE, "Au", "Ag", "Pd", "Cu")} == {
        **dict.fromkeys(REE, 0.0),
        "Au": 0.256,
        "Ag": 0.115,
        "Pd": 0.256,
        "Cu": 0.60,
    }
    assert "magnet" not in shredder.outputs
    powder = at_modes(processes["shredder_magnet_powder"], ("small_appliance",), substances)
    assert 0.0 < powder.shares[0][powder.outputs.index("magnet")][substances.index("Nd")] < 0.10


def test_drives_by_hand_and_by_machine(processes):
    """12 drives an hour and worker by hand, 100 by machine (drives of 0.6 kg)."""
    hours = {name: processes[name].labour_hours_per_t.value for name in ("hdd_manual", "hdd_auto_drum")}
    drives = {name: 1000.0 / 0.6 / per_t for name, per_t in hours.items()}
    assert drives["hdd_manual"] == pytest.approx(12.0, rel=0.01)
    assert drives["hdd_auto_drum"] == pytest.approx(100.0, rel=0.01)
    by_hand, by_machine = (processes[name].transfer["hdd"]["magnet"]["Nd"] for name in hours)
    assert by_hand.value > by_machine.value > 0.8


def test_what_leaks_abroad_by_the_copper_price_has_a_way_at_home(routes, plants):
    found = {route.material: route for route in routes if route.origin == "JPN" and route.leakage_metal == "Cu"}
    assert set(found) == {"compressor_motor", "mixed_scrap"}
    for route in found.values():
        home = [
            each
            for each in route.destinations
            if each.to == "informal_metal" or (each.to in plants and plants[each.to].country == "JPN")
        ]
        assert sum(each.share.value for each in home) > 0.2
        assert route.leakage_sensitivity.value > 0.0


def test_fires_of_batteries_are_as_many_per_tonne_as_reported_next_door(processes, plants):
    """230 cases in nine months at recyclers of 660,000 t of packaging plastics a year."""
    one = plants["Japan small appliance recyclers"]
    per_line_kt = one.capacity_t_per_year.value / one.lines / 1000.0
    cases_a_year = 230 / 0.75 / 660.0 * per_line_kt
    assert processes[one.process].mean_days_between_fires.value == pytest.approx(365.25 / cases_a_year, rel=0.02)


def test_smelters_lose_rare_earths_and_hydrometallurgy_keeps_them_as_oxide(tree, processes):
    substances = tuple(tree["substances"])

    def kept(name, source):
        table = at_modes(processes[name], (source,), substances)
        assert len(table.outputs) == 1
        return {metal: float(table.shares[0, 0, substances.index(metal)]) for metal in ("Nd", "Tb", "Au", "Cu", "Fe")}

    assert kept("cu_smelter", "board") == {"Nd": 0.0, "Tb": 0.0, "Au": 0.96, "Cu": 0.96, "Fe": 0.0}
    assert kept("ree_hydromet", "magnet") == {"Nd": 0.83, "Tb": 0.82, "Au": 0.0, "Cu": 0.0, "Fe": 0.0}


def test_magnet_lines_of_japan_are_small(plants):
    """6 t of magnets a year at one site, 120 compressors an hour at another: nameplates as read, in tonnes of compressors."""
    assert plants["Green Cycle Systems"].capacity_t_per_year.value == pytest.approx(120 * 8 * 245 * 9 / 1000, rel=0.001)
    assert plants["Sowa Works Taguchi"].capacity_t_per_year.value * 0.1 / 9 == pytest.approx(6.0)
    smelters = [
        p for p in plants.values() if p.process in {"cu_smelter", "pb_smelter"} and p.country == "JPN" and p.status == "operating"
    ]
    assert sum(p.capacity_t_per_year.value for p in smelters) == pytest.approx(375_000 + 30_000 + 20_000)


def test_small_appliances_of_fy2017_give_the_copper_and_gold_reported(tree, processes):
    """65,750 t delivered gave 1,747 t copper and 245 kg gold; nothing here is fitted to that."""
    substances = tuple(tree["substances"])

    def all_of(spec, raw, skip=()):
        return {key: spec.model_validate({k: v for k, v in value.items() if k not in skip}) for key, value in raw.items()}

    arisings = build_arisings(
        all_of(CountrySpec, tree["countries"], ("channels", "depots", "informal")),
        all_of(ProductSpec, tree["products"]),
        {iso3: all_of(CountryProductSpec, raw) for iso3, raw in tree.get("country_products", {}).items()},
        all_of(GroupSpec, tree["groups"]),
        substances,
        Scope,
        Calendar.of(2017, 2017),
    )
    japan = arisings.countries.index("JPN")
    rows = [arisings.groups.index(group) for group in SMALL]
    offered = arisings.offered_kg[japan, rows].sum(axis=1)
    fed = (65_750e3 * offered / offered.sum())[:, np.newaxis] * arisings.composition[japan, rows, 0]
    recycler = at_modes(processes["small_appliance_recycling"], SMALL, substances)
    made = dict(zip(recycler.outputs, recycler.divide(fed), strict=False))
    smelted = at_modes(processes["cu_smelter"], ("board",), substances).divide(made["board"][np.newaxis])[0]
    remelted = at_modes(processes["remelt"], ("copper",), substances).divide(made["copper"][np.newaxis])[0]
    copper, gold = substances.index("Cu"), substances.index("Au")
    assert 1747e3 / 1.5 <= smelted[copper] + remelted[copper] <= 1747e3 * 1.5
    assert 245 / 1.5 <= smelted[gold] <= 245 * 1.5


PARTNERS = {
    "baseline": {"JPN": "Shin-Etsu Takefu", "FRA": "Caremag Lacq", "BEL": "Hoboken", "USA": "Exeter metallization"},
    "us_metallization": {"USA": "Exeter metallization"},
    "korea_australia_partnership": {"KOR": "Kangwon-Noveon Korea", "AUS": "Eneabba refinery"},
    "india_partnership": {"IND": "Lohum"},
    "asean_refining": {"MYS": "Kuantan magnet hub"},
}


@pytest.mark.parametrize("name", PARTNERS)
def test_every_partner_has_a_plant_that_a_route_leads_to_over_sea_and_border(name):
    spec = load_scenario(ROOT / "scenarios" / f"{name}.toml").spec
    plants = {plant.name: plant for plant in spec.plants}
    ways = SeaWays(make_world(spec, 0, 0), spec.ports, spec.lanes, spec.sea)
    for country, plant in PARTNERS[name].items():
        assert plants[plant].country == country
        origins = {
            "IDN" if route.origin == "*" else route.origin for route in spec.routes for to in route.destinations if to.to == plant
        }
        assert origins, plant
        assert all(origin == country or ways.voyage(origin, plants[plant]) is not None for origin in origins)
