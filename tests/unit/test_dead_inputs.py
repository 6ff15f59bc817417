"""Inputs without effect: ten planted dead ones are named, dormant ones are told apart, and nothing else alarms."""

from __future__ import annotations

import pytest

from sim.core.quantity import Quantity
from sim.nodes.channel_spec import ChannelSpec
from sim.nodes.plant_spec import PlantSpec, ProcessSpec
from sim.nodes.product_spec import ProductSpec
from sim.policy.lever_spec import ShockSpec
from sim.scenario import toml
from sim.study import replicate
from sim.study.watched import watch
from sim.transport.lane_spec import LaneSpec, PortSpec
from sim.transport.vehicle_spec import VehicleSpec
from tests.fixtures.tiny_tree import filled
from tests.fixtures.toy_chain import CHANNEL, DISMANTLER, SMELTER, toy

PLANT = {"country": "JPN", "process": "cu_smelter", "capacity_t_per_year": 100.0, "background_feed_t_per_year": 0.0}
LEVER = {"dial": "borders.consent_days_factor", "factor": 0.5}
RESPONSE = {
    "when": {"metal": "Nd", "indicator": "shortfall_share", "above": 0.9, "for_days": 30.0},
    "actions": [{"consent_days_factor": 0.5}],
}
BOX = {**CHANNEL, "vehicle": "truck_2t", "diverted_share": 0.0, "groups": ["it_equipment"]}


def channel(**said):
    return {"countries": {"THA": {"channels": {"box": filled(ChannelSpec, **(BOX | said))}}}}


DEAD = {
    "vehicles.bicycle": {"vehicles": {"bicycle": filled(VehicleSpec)}},
    "processes.lead_smelter": {
        "processes": {"lead_smelter": filled(ProcessSpec, stage="refining", transfer={"board": {"refined_metal": {"Au": 0.9}}})}
    },
    "plants.Forgotten": {"plants": [filled(PlantSpec, name="Forgotten", status="operating", **PLANT)]},
    "routes.magnets": {
        "routes": [
            {"name": "magnets", "origin": "THA", "material": "magnet", "fallback": "wait"}
            | {"destinations": [{"to": "landfill", "share": 1.0}]}
        ]
    },
    "border_rules.overruled": {
        "border_rules": [{"name": "overruled", "origin": "THA", "destination": "*", "fractions": ["board"], "rule": "ban"}]
    },
    "border_rules.elsewhere": {
        "border_rules": [{"name": "elsewhere", "origin": "USA", "destination": "JPN", "fractions": ["board"], "rule": "ban"}]
    },
    "lanes.back": {"lanes": [filled(LaneSpec, name="back", origin="JPTYO", destination="THLCH", distance_km=5000.0)]},
    "ports.JPOSA": {"ports": {"JPOSA": filled(PortSpec, country="JPN")}},
    "levers.idle": {"levers": [{"name": "idle", **LEVER, "factor": 1.0, "start": "2026-01-01"}]},
    "shocks.nothing": {
        "shocks": [filled(ShockSpec, name="nothing", metal="Nd", source="CHN", start="2026-01-01", days=100.0, supply_factor=1.0)]
    },
    "countries.THA.channels.box": channel(participation_share=0.0),
    "products.UNU0306": {"products": {"UNU0306": filled(ProductSpec, group="phone", reference_mass_kg=1.0, unit_mass_kg=1.0)}},
}
DORMANT = {
    "plants.Later": {
        "plants": [
            filled(
                PlantSpec,
                name="Later",
                status="announced",
                announced="2029-06-01",
                commissioning="ree_recycling_separation",
                **PLANT,
            )
        ],
        "routes": [{"name": "boards of Thailand", "destinations": [{"to": SMELTER, "share": 1.0}, {"to": "Later", "share": 0.0}]}],
    },
    "shocks.late": {
        "shocks": [filled(ShockSpec, name="late", metal="Nd", source="CHN", start="2040-01-01", days=100.0, supply_factor=0.1)]
    },
    "levers.late": {"levers": [{"name": "late", **LEVER, "start": "2040-01-01"}]},
    "responses.calm": {"responses": [{"name": "calm", **RESPONSE}]},
    "countries.THA.channels.box": channel(start="2040-01-01"),
}


def written(tree):
    """As a scenario file says it; dates without quotes."""
    text = toml.document(tree)
    for day in ("2026-01-01", "2029-06-01", "2040-01-01"):
        text = text.replace(f'"{day}"', day)
    return text


def findings(folder, tree):
    """Inputs without effect of one run, as its manifest tells them, and its warnings."""
    made = replicate.run(toy(folder, years=(2025, 2026), said=written(tree)), 1, 1, 0)
    return {one["key"]: one for one in made.manifest["inputs_without_effect"]}, made.manifest["warnings"]


@pytest.mark.parametrize("key", DEAD)
def test_a_planted_dead_input_is_named_with_the_reason_and_warned_of(tmp_path, key):
    found, warnings = findings(tmp_path, DEAD[key])
    assert set(found) == {key}
    assert found[key]["state"] == "dead"
    assert found[key]["why"]
    assert any(warning.startswith(f"{key} is stated but changes nothing") for warning in warnings)


@pytest.mark.parametrize("key", DORMANT)
def test_a_dormant_input_is_told_apart_and_raises_no_alarm(tmp_path, key):
    found, warnings = findings(tmp_path, DORMANT[key])
    assert found[key]["state"] == "dormant"
    assert all(one["state"] == "dormant" for one in found.values())
    assert not any("changes nothing" in warning for warning in warnings)


def test_inputs_that_work_are_not_named(tmp_path):
    tree = channel() | {
        "levers": [{"name": "quick", **LEVER, "start": "2026-01-01"}],
        "plants": [{"name": SMELTER, "capacity_t_per_year": 5000.0}],
    }
    found, _ = findings(tmp_path, tree)
    assert found == {}


def test_a_number_nobody_reads_is_noticed(tmp_path):
    scenario = toy(tmp_path, f"plants.{SMELTER}.capacity_t_per_year=5.0")
    path = ("plants", SMELTER, "capacity_t_per_year")
    spec, seen = watch(scenario.spec, [path, ("time", "start")])
    assert seen == {".".join(path): False}
    (plant,) = (plant for plant in spec.plants if plant.name == SMELTER)
    shared = [made.name for made, was in zip(spec.plants, scenario.spec.plants, strict=True) if made is was]
    assert shared == [DISMANTLER]
    assert plant.capacity_t_per_year.at(2030.0) == 5.0
    assert seen == {".".join(path): True}
    assert isinstance(plant.capacity_t_per_year, Quantity)


@pytest.mark.parametrize("name", [DISMANTLER, SMELTER])
@pytest.mark.parametrize(
    ("said", "why"),
    [({"capacity_t_per_year": 0.0}, "its capacity is not above its background feed"), ({"status": "closed"}, "it is closed")],
    ids=["no capacity", "closed"],
)
def test_a_route_that_leads_to_no_room_is_warned_of_with_line_and_remedy_and_its_reason_is_true(tmp_path, name, said, why):
    tree = {"plants": [{"name": name, **said}]}
    scenario = toy(tmp_path, years=(2025, 2026), said=written(tree))
    (warning,) = scenario.warnings
    line = 1 + scenario.source_text.split("\n").index(f"{next(iter(said))} = {toml.text(next(iter(said.values())))}")
    assert f"toy.toml:{line}: plants.{name}." in warning
    assert why in warning
    assert "give these routes another destination or a fallback" in warning
    made = replicate.run(scenario, 1, 1, 0)
    assert made.manifest["warnings"][0] == warning
    (found,) = [one for one in made.manifest["inputs_without_effect"] if one["key"] == f"plants.{name}"]
    assert found["state"] == "dormant"
    assert why in found["why"]
    assert "waits" in found["why"]
    if name == DISMANTLER:  # nobody fetches what no yard can take
        assert made.tables["collection"]["collected_kg"].sum() < 0.8 * made.tables["collection"]["offered_kg"].sum()


def test_a_plant_without_room_is_not_warned_of_where_the_route_has_another_way(tmp_path):
    tree = {
        "plants": [{"name": SMELTER, "capacity_t_per_year": 0.0}],
        "routes": [{"name": "boards of Thailand", "fallback": "landfill"}],
    }
    assert toy(tmp_path, said=written(tree)).warnings == ()
    assert toy(tmp_path, f"plants.{SMELTER}.capacity_t_per_year={{ 2025 = 0, 2028 = 9 }}").warnings == ()
    assert toy(tmp_path, f"plants.{SMELTER}.yard_limit_days=0").warnings == (), "a plant without a yard takes what it can work"
