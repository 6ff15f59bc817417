"""Queues of several countries in one row: their numbers, and that none feels that the others are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.engine.composition import Composition
from sim.engine.ledger import Ledger
from sim.engine.streams import Streams
from sim.engine.world import World
from sim.nodes.queues import Land, Queues
from sim.scenario.schema import ResolutionSpec
from sim.simulate.collection import Collection
from sim.simulate.home import wire_home
from sim.transport.vehicle_spec import VehicleSpec
from tests.fixtures.collection_world import (
    BOXES,
    INFORMAL,
    SUBSTANCES,
    VEHICLE,
    OneWay,
    Plant,
    arisings,
    channel,
    country,
    zones,
)

LANDS = (
    Land("JPN", ("north", "south"), ("pickup", "box"), np.array([0, 0, 1])),
    Land("SGP", ("city",), ("bin",), np.array([0])),
)
FEW = {"vehicles_per_100k_households": 0.2}
PLACES = zones((900_000.0, 10_000.0, 50_000.0), area_km2=4000.0)
OTHER = "THA"


def test_numbers_follow_country_place_and_channel():
    queues = Queues(LANDS)
    assert queues.size == 7
    assert queues.piles == (
        ("JPN", "north", "pickup"),
        ("JPN", "north", "box"),
        ("JPN", "south", "pickup"),
        ("JPN", "south", "box"),
        ("SGP", "city", "bin"),
    )
    assert queues.pile_of.tolist() == [0, 1, 0, 1, 2, 3, 4]
    assert queues.channel_of.tolist() == [0, 1, 0, 1, 0, 1, 2]
    assert queues.zone_of.tolist() == [0, 0, 0, 0, 1, 1, 2]
    assert queues.country_of.tolist() == [0] * 6 + [1]
    assert queues.pile_zone.tolist() == [0, 0, 1, 1, 2]
    assert queues.pile_channel.tolist() == [0, 1, 0, 1, 2]
    assert [(each.start, each.stop) for each in queues.piles_in] == [(0, 4), (4, 5)]


@pytest.mark.parametrize("rows", [(), (2,)], ids=["one row", "two rows"])
def test_places_add_up_to_zones(rows):
    queues, kg = Queues(LANDS), np.broadcast_to(2.0 ** np.arange(7), (*rows, 7))
    assert queues.by_pile(kg).tolist() == np.broadcast_to([5.0, 10.0, 16.0, 32.0, 64.0], (*rows, 5)).tolist()
    assert queues.by_zone(kg).tolist() == np.broadcast_to([15.0, 48.0, 64.0], (*rows, 3)).tolist()


def collected(*countries: str, grain: str) -> dict[tuple[object, ...], list[float]]:
    """Rows of the collection and fleet tables of Japan when these countries collect together; others lose patience later."""
    made = arisings()
    made = replace(
        made,
        countries=countries,
        **{
            name: np.repeat(getattr(made, name), len(countries), axis=0)
            for name in ("offered_kg", "composition", "sold_per_discarded")
        },
    )
    composition = Composition(SUBSTANCES)
    world = World(calendar=made.calendar, composition=composition, ledger=Ledger(composition), streams=Streams(1, 0))
    world.ledger.begin_year(0.0, 2025)
    channels = {"pickup": channel(**FEW), "box": channel(**BOXES, **FEW), "informal": channel(**INFORMAL)}
    resolution = ResolutionSpec(zones="coarse", vehicles=grain)  # type: ignore[arg-type]
    homes = [
        wire_home(
            world,
            key,
            country(channels, patience_days=14.0 if key == "JPN" else 90.0),
            {f"{key}-{name}": zone.model_copy(update={"country": key}) for name, zone in PLACES.items()},
            {"van": VehicleSpec(**VEHICLE)},
            made,
            resolution,
            OneWay(Plant(world, f"plant of {key}")),
            Plant(world, f"crude yard of {key}"),
            lambda zone, receiver: 80.0,
        )
        for key in countries
    ]
    Collection(world, homes, resolution).start()
    world.clock.run(made.calendar.days)
    world.ledger.audit(made.calendar.days)
    return {
        (table, *key): list(cell) for table in ("collection", "fleet") for key, cell in world.recorder.rows(table) if "JPN" in key
    }


@pytest.mark.parametrize("grain", ["platoon", "vehicle"])
def test_a_country_collects_the_same_beside_another(grain):
    alone, beside = collected("JPN", grain=grain), collected(OTHER, "JPN", grain=grain)
    assert alone.keys() == beside.keys()
    assert any(cell[4] > 0.0 for key, cell in alone.items() if key[0] == "collection"), "some lose patience"
    for key, cell in alone.items():
        assert beside[key] == pytest.approx(cell, rel=1e-9, abs=1e-6), key
