"""Laws of collection over random channels, vehicles, behaviour and grains."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.nodes.waiting import MEASURES
from tests.fixtures.collection_world import BOXES, DELIVERY, INFORMAL, VEHICLE, arisings, channel, town, zones

KINDS = {"pickup": {}, "box": BOXES, "truck": DELIVERY, "informal": INFORMAL}
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def cases(draw):
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3, unique=True))
    fleet = draw(st.sampled_from([0.0, 0.1, 0.5, 3.0, 40.0]))
    days = draw(st.floats(2.0, 7.0))
    channels = {
        name: channel(
            **{**KINDS[name], "vehicles_per_100k_households": fleet, "working_days_per_week": days, "participation_share": 0.25}
        )
        for name in names
    }
    vehicle = {
        "payload_kg": draw(st.floats(60.0, 4000.0)),
        "volume_m3": draw(st.floats(0.5, 30.0)),
        "shift_hours": draw(st.floats(4.0, 13.0)),
        "driver_hours_per_year": draw(st.floats(200.0, 3000.0)),
        "minutes_per_stop": draw(st.floats(1.0, 30.0)),
        "speed_kmh": draw(st.floats(4.0, 50.0)),
    }
    behaviour = {
        "patience_days": draw(st.floats(1.0, 90.0)),
        "retry_share": draw(st.floats(0.0, 1.0)),
        "hoard_share": draw(st.floats(0.0, 1.0)),
    }
    return {
        "channels": channels,
        "vehicle": vehicle,
        "behaviour": behaviour,
        "places": zones(area_km2=draw(st.floats(20.0, 8000.0))),
        "period_days": draw(st.sampled_from([7, 28])),
        "vehicles": draw(st.sampled_from(["platoon", "vehicle"])) if fleet < 3.0 else "platoon",
        "seed": draw(st.integers(0, 99)),
        "space_kg": draw(st.sampled_from([0.0, 3e5, float("inf")])),
    }


@few
@given(case=cases())
def test_laws_of_any_collection(case):
    made = town(offered=arisings(2025, 2025, 150_000.0), **case).run()  # audits mass every month
    rows = list(made.world.recorder.rows("collection"))
    for _, cell in rows:
        row = dict(zip(MEASURES, cell, strict=True))
        came = row["waiting_start_kg"] + row["offered_kg"]
        went = row["collected_kg"] + row["retried_kg"] + row["lost_kg"] + row["waiting_end_kg"]
        assert went == pytest.approx(came, rel=1e-9, abs=1e-6)
        assert min(value for name, value in row.items() if name != "diverted_kg") >= 0.0
    vehicle = {**VEHICLE, **case["vehicle"]}
    for key, cell in made.world.recorder.rows("fleet"):
        routes, _, _, hours, load, capacity, cost, co2 = cell
        assert load <= capacity * (1.0 + 1e-9)
        assert cost >= 0.0
        assert co2 >= 0.0
        if key[3] == "linehaul":
            continue
        density = case["channels"][key[3]]["density_kg_per_m3"]
        assert load <= routes * min(vehicle["payload_kg"], vehicle["volume_m3"] * density) * 0.8 * (1.0 + 1e-9)
        assert hours <= routes * vehicle["shift_hours"] * (1.0 + 1e-9)
        zone = case["places"][key[2]]
        wanted = case["channels"][key[3]]["vehicles_per_100k_households"]
        fleet = math.ceil(wanted * 0.8 * zone.households.value / 100_000.0 * (1.0 - 1e-12))
        assert hours <= fleet * vehicle["driver_hours_per_year"] * (1.0 + 1e-9)


@few
@given(case=cases())
def test_zero_vehicles_collect_zero(case):
    case["channels"] = {name: {**each, "vehicles_per_100k_households": 0.0} for name, each in case["channels"].items()}
    made = town(offered=arisings(2025, 2025, 150_000.0), **case).run()
    assert made.total("collection", "collected_kg") == 0.0
    assert made.plant.kg == {}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(), fleet=st.floats(0.05, 3.0), more=st.floats(1.0, 4.0))
def test_more_vehicles_never_collect_less(case, fleet, more):
    """Common random numbers, room at the plant."""
    case |= {"space_kg": float("inf"), "vehicles": "platoon"}
    collected = []
    for size in (fleet, fleet * more):
        channels = {name: {**each, "vehicles_per_100k_households": size} for name, each in case["channels"].items()}
        made = town(offered=arisings(2025, 2025, 150_000.0), **{**case, "channels": channels}).run()
        collected.append(made.total("collection", "collected_kg"))
    assert collected[1] >= collected[0] * (1.0 - 1e-9)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_every_lot_is_in_a_place_after_every_event(case):
    case |= {"audit": "event", "vehicles": "platoon", "period_days": 28}
    town(offered=arisings(2025, 2025, 150_000.0), **case).run()


def test_same_seed_same_cells_and_another_seed_moves_chance():
    channels = {"pickup": channel(vehicles_per_100k_households=0.3), "box": channel(**BOXES)}
    one, two, other = (town(channels, seed=seed).run() for seed in (4, 4, 5))
    assert list(one.world.recorder.rows("collection")) == list(two.world.recorder.rows("collection"))
    assert list(one.world.recorder.rows("collection")) != list(other.world.recorder.rows("collection"))


def test_a_new_zone_leaves_the_weeks_of_others_alone():
    small = town({"pickup": channel()}, places=zones((4e5, 1.5e5))).home.offers.of_year(2025)
    large = town({"pickup": channel()}, places=zones((4e5, 1.5e5, 5e4))).home.offers.of_year(2025)
    assert large.kg[:, 0, 0] / large.kg[:, 0, 0].sum() == pytest.approx(small.kg[:, 0, 0] / small.kg[:, 0, 0].sum(), rel=1e-12)
