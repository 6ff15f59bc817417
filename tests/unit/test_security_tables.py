"""Key signals, carbon and recovery time, against values worked out by hand."""

from __future__ import annotations

from datetime import date
from math import inf, isnan

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.quantity import Quantity
from sim.nodes.schedule import Schedule
from sim.results.schema import TABLES
from sim.results.tables import from_columns, numbers, own_head, texts
from sim.scenario.load import load_scenario
from sim.simulate import carbon, security
from sim.simulate.key_signals import CRUDE_LOSSES, key_signals
from sim.trade.contract_spec import ContractSpec
from tests.fixtures.tiny_tree import TinyLibrary, tiny_tree

CALENDAR = Calendar.of(2025, 2026)


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    tree = tiny_tree()
    tree["substances"]["Nd"]["headline"] = True
    file = tmp_path_factory.mktemp("scenario") / "tiny.toml"
    file.write_text('name = "Tiny"\n[time]\nstart = 2025\nend = 2026\n', encoding="utf-8")
    made = load_scenario(file, library=TinyLibrary(tree)).spec
    new = made.plants[0].model_copy(update={"name": "New", "status": "announced", "capacity_t_per_year": Quantity.constant(365.25)})
    return made.model_copy(update={"plants": (*made.plants, new)})


def table(name: str, *rows: dict[str, object]) -> dict[str, object]:
    """A table of one replication; what a row does not say is missing."""
    kinds = {column.name: column.kind for column in TABLES[name].columns}
    blank = {"text": "", "integer": 0, "number": float("nan")}
    return from_columns(name, {head: [row.get(head, blank[kinds[head]]) for row in rows] for head in own_head(TABLES[name])})


def signals_of(spec, sales=None, schedule=None, calendar=CALENDAR):
    tables = {
        "collection": table(
            "collection",
            {"year": 2025, "country": "JPN", "zone": "a", "channel": "drop_box", "offered_kg": 30.0, "collected_kg": 20.0},
            {"year": 2025, "country": "JPN", "zone": "b", "channel": "drop_box", "offered_kg": 10.0, "collected_kg": 10.0},
        ),
        "signals": table(
            "signals",
            {"year": 2025, "country": "JPN", "metal": "total", "in_waste_kg": 200.0},
            {"year": 2025, "country": "JPN", "metal": "Nd", "eol_rr_share": 0.25},
        ),
        "flows": table(
            "flows",
            *(
                {"year": 2025, "country": "VNM", "source": source, "target": target, "substance": substance, "mass_kg": kg}
                for source, target, substance, kg in (
                    ("vehicle", "informal_yard", "total", 500.0),
                    ("informal_yard", "informal_yard", "total", 400.0),
                    ("processing", "informal_residue", "Cu", 3.0),
                    ("processing", "informal_residue", "Sn", 2.0),
                    ("processing", "informal_residue", "Au", 0.1),
                )
            ),
        ),
        "plants": table(
            "plants",
            {"year": 2026, "month": 1, "plant": "New", "throughput_kg": 70.0, "background_kg": 30.0},
            {"year": 2026, "month": 2, "plant": "New", "throughput_kg": 50.0, "background_kg": 0.0},
        ),
        "shipments": table(
            "shipments",
            {
                "year": 2025,
                "origin": "VNM",
                "destination": "JPN",
                "fraction": "a",
                "mass_kg": 30.0,
                "consent_days": 100.0,
                "blocked_kg": 5.0,
            },
            {
                "year": 2025,
                "origin": "VNM",
                "destination": "JPN",
                "fraction": "b",
                "mass_kg": 10.0,
                "consent_days": 20.0,
                "blocked_kg": 0.0,
            },
        ),
    }
    tables |= {"sales": sales} if sales is not None else {}
    sales_kg = {(year, "JPN"): kg for year, kg in ((2022, 60.0), (2023, 70.0), (2024, 80.0))}
    found = key_signals(tables, spec, {"New": schedule or Schedule()}, calendar, sales_kg)
    keys = zip(numbers(found, "year").tolist(), texts(found, "country"), texts(found, "signal"), strict=True)
    return dict(zip(keys, zip(numbers(found, "pledged").tolist(), numbers(found, "modelled").tolist(), strict=True), strict=True))


def test_collection_recovery_and_consents(spec):
    found = signals_of(spec)
    assert found[2025, "JPN", "collection coverage"] == (pytest.approx(0.2), pytest.approx(0.15))
    fetched = found[2025, "JPN", "collected over sales"][1]
    assert fetched == pytest.approx(30.0 / 70.0)  # over the mean of the three years before
    pledged, modelled = found[2025, "JPN", "recovery rate Nd"]
    assert isnan(pledged)
    assert modelled == 0.25
    assert found[2025, "VNM", "consent wait"][1] == pytest.approx(80.0)
    assert found[2025, "VNM", "blocked at borders"][1] == 5.0


def test_what_is_worked_in_the_open_and_what_it_leaves(spec):
    found = signals_of(spec)
    told = [found[2025, "VNM", name][1] for name in ("treated crudely", *CRUDE_LOSSES)]
    assert told == [500.0, 5.0, 0.1]


def test_plants_as_announced_and_as_built(spec):
    """Planned for day 465 (100 days into 2026), financed at once, built after the run: a tonne a day pledged for 265 days."""
    late = Schedule(announced_day=10.0, planned_day=465.0, financed_day=20.0, permitted_day=400.0, start_day=900.0)
    country = spec.plants[-1].country
    found = signals_of(spec, schedule=late)
    told = {signal: found[2025, country, signal] for signal in ("plants financed", "plants permitted", "plants built")}
    assert told == {"plants financed": (1.0, 1.0), "plants permitted": (1.0, 0.0), "plants built": (0.0, 0.0)}
    assert found[2026, country, "plants built"] == (1.0, 0.0)
    assert found[2026, country, "plants permitted"] == (1.0, 1.0)
    assert found[2026, country, "treated by new plants"] == (pytest.approx(265_000.0), 150.0)


def test_offtake_as_agreed_and_as_delivered(spec):
    said = {
        "name": "deal",
        "kind": "offtake",
        "sellers": ["New"],
        "metals": ["Nd"],
        "buyer": "JPN",
        "years": 1.0,
        "volume_t_per_year": 2.0,
    }
    contract = ContractSpec.model_validate(said | {"start": date(2026, 1, 1)})
    sales = table(
        "sales", {"year": 2026, "plant": "New", "country": "JPN", "contract": "deal", "metal": "Nd", "contained_kg": 500.0}
    )
    found = signals_of(spec.model_copy(update={"contracts": (contract,)}), sales)
    assert found[2026, "JPN", "offtake deal"] == (2000.0, 500.0)
    assert (2025, "JPN", "offtake deal") not in found
    # three years from mid-2025 in a run to 2029: half the volume in the first and the last, nothing after; floors take nothing
    years = said | {"years": 3.0, "start": date(2025, 7, 2)}
    contracts = [ContractSpec.model_validate(years)]
    contracts.append(ContractSpec.model_validate(years | {"name": "floor", "kind": "price_floor", "floor_usd_per_kg": 90.0}))
    found = signals_of(spec.model_copy(update={"contracts": contracts}), calendar=Calendar.of(2025, 2029))
    pledged = {key: volume for key, (volume, _) in found.items() if key[2].startswith("offtake")}
    assert pledged == {
        (2025, "JPN", "offtake deal"): pytest.approx(2000.0 * 183.0 / 365.0),
        (2026, "JPN", "offtake deal"): 2000.0,
        (2027, "JPN", "offtake deal"): 2000.0,
        (2028, "JPN", "offtake deal"): pytest.approx(2000.0 * (3 * 365.25 - 183.0 - 2 * 365.0) / 366.0),
    }


# carbon and energy


def burdens(spec):
    market = spec.market.model_copy(
        update={
            "grid_co2_kg_per_kwh": {"JPN": Quantity.constant(0.5)},
            "fuel_co2_kg_per_kwh": {"road": Quantity.constant(0.25), "sea": Quantity.constant(0.2)},
            "primary_co2_kg_per_kg": {"Nd": Quantity.constant(20.0)},
            "primary_energy_kwh_per_kg": {"Nd": Quantity.constant(100.0)},
        }
    )
    return spec.model_copy(update={"market": market})


def test_energy_stands_behind_every_emission_whose_carrier_is_known(spec):
    rows = [("JPN", "refining", "energy", 100.0), ("JPN", "refining", "process", 7.0), ("JPN", "collection", "van", 5.0)]
    rows += [("VNM", "sea", "ship fuel", 4.0), ("VNM", "dismantling", "energy", 9.0)]
    country, stage, item, kg = zip(*rows, strict=True)
    cells = {"year": [2025] * 5, "country": country, "stage": stage, "item": item, "kgco2e": np.array(kg)}
    found = carbon.emissions(cells, burdens(spec))
    energy = dict(
        zip(zip(texts(found, "country"), texts(found, "item"), strict=True), numbers(found, "energy_kwh").tolist(), strict=True)
    )
    assert energy["JPN", "energy"] == pytest.approx(200.0)
    assert energy["JPN", "van"] == pytest.approx(20.0)
    assert energy["VNM", "ship fuel"] == pytest.approx(20.0)
    assert isnan(energy["JPN", "process"])
    assert isnan(energy["VNM", "energy"])  # no grid is known there


def test_primary_production_of_what_was_refined(spec):
    table_of = table(
        "signals",
        {"year": 2025, "country": "JPN", "metal": "Nd", "refined_kg": 3.0},
        {"year": 2025, "country": "JPN", "metal": "Cu", "refined_kg": 2.0},
        {"year": 2025, "country": "JPN", "metal": "total"},
    )
    found = carbon.primary(table_of, burdens(spec))
    assert texts(found, "metal") == ["Cu", "Nd"]
    assert numbers(found, "kgco2e").tolist()[1] == 60.0
    assert numbers(found, "energy_kwh").tolist()[1] == 300.0
    assert isnan(numbers(found, "kgco2e")[0])


# recovery time


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ([0.0] * 36, [None, None, None]),
        ([0.0] * 3 + [0.5, 0.0, 0.2] + [0.0] * 30, [90.0, None, None]),  # a relapse within a year belongs to it
        ([0.0] * 11 + [0.5, 0.5] + [0.0] * 23, [60.0, None, None]),  # begins in the first year, ends in the second
        ([0.5] + [0.0] * 20 + [0.5] + [0.0] * 14, [30.0, 30.0, None]),
        ([0.0] * 34 + [0.5, 0.5], [None, None, 60.0]),  # not over at the end of the run
    ],
)
def test_recovery_time_belongs_to_the_year_a_shortage_begins(lost, told):
    days = np.full(36, 30.0)
    for year, wanted in enumerate(told):
        found = security._recovery_days(np.array(lost), days, np.arange(36) // 12 == year)
        assert isnan(found) if wanted is None else found == wanted
        assert found != inf
