"""Depots: sorting, crude hand-over, full yards and full depots."""

from __future__ import annotations

import numpy as np
import pytest

from sim.nodes.depot import OWN
from tests.fixtures.collection_world import BOXES, INFORMAL, MIX, arisings, channel, town

VEHICLES = {"vehicles_per_100k_households": 20.0}


def test_groups_come_out_as_they_went_in():
    made = town({"pickup": channel(**VEHICLES)}).run()
    assert made.plant.kg["phone"] / made.plant.kg["television"] == pytest.approx(0.25, rel=1e-9)
    received = made.world.ledger.throughput(made.plant.account)
    neodymium = sum(made.plant.kg[group] * MIX[group][0] for group in MIX)
    assert received[0] == pytest.approx(neodymium, rel=1e-9)


def test_sorting_moves_no_mass_between_accounts():
    made = town({"pickup": channel(**VEHICLES)}).run()
    assert ("depot", "depot") not in {key[2:] for key in made.world.ledger.flows}


def test_what_was_collected_is_at_the_plant_or_on_its_way():
    made = town({"pickup": channel(**VEHICLES), "informal": channel(**INFORMAL, **VEHICLES)}).run()
    ledger = made.world.ledger
    inside = sum(ledger.balance(a.number).sum() for a in ledger.accounts if a.stage in {"vehicle", "depot", "linehaul"})
    arrived = sum(made.plant.kg.values()) + sum(made.crude.kg.values())
    assert made.total("collection", "collected_kg") == pytest.approx(arrived + inside, rel=1e-9)


def test_a_full_plant_fills_depots_and_stops_the_fetching():
    free = town({"pickup": channel(**VEHICLES)}).run()
    full = town({"pickup": channel(**VEHICLES)}, space_kg=200_000.0).run()
    assert sum(full.plant.kg.values()) <= 200_000.0 * (1.0 + 1e-9)
    assert full.total("collection", "lost_kg") > 0.0
    stored = full.home.depots.stored_kg().sum()
    a_year = free.total("collection", "collected_kg", year=2026)
    assert 0.0 < stored <= a_year * (60.0 + 2 * 28.0) / 365.0


def test_groups_that_want_the_same_room_get_the_same_share_of_it():
    made = town({"pickup": channel(**VEHICLES)}, space_kg=200_000.0).run()
    assert sum(made.plant.kg.values()) == pytest.approx(200_000.0, rel=1e-6), "the plant is full"
    assert made.plant.kg["phone"] / made.plant.kg["television"] == pytest.approx(0.25, rel=0.02)


def test_informal_buyers_are_not_stopped_and_turn_to_crude_yards():
    made = town({"informal": channel(**INFORMAL, **VEHICLES)}, space_kg=0.0).run()
    assert sum(made.plant.kg.values()) == 0.0
    assert sum(made.crude.kg.values()) == pytest.approx(made.total("collection", "collected_kg"), rel=0.05)
    assert made.total("collection", "lost_kg") == 0.0


def test_a_yard_that_fills_on_the_way_sends_trucks_back():
    made = town({"pickup": channel(**VEHICLES)}, offered=arisings(2025, 2025), audit="event", period_days=31)
    made.world.clock.at(46.64, lambda _: setattr(made.plant, "space", 1000.0))
    made.run()
    flows = {key[2:]: vector.sum() for key, vector in made.world.ledger.flows.items()}
    assert flows["linehaul", "depot"] > 0.0


def test_room_short_by_rounding_sends_no_truck_back():
    made, sent = town({"pickup": channel(**VEHICLES)}, offered=arisings(2025, 2025), period_days=31), []
    send = made.home.line_haul.send
    made.home.line_haul.send = lambda cargo, days: sent.append(cargo) or send(cargo, days)  # type: ignore[method-assign]

    def fill(_):
        made.plant.space = float(sent[-1].zone_kg.sum()) * (1.0 - 1e-12)

    made.world.clock.at(46.64, fill)
    made.run()
    assert made.plant.space == pytest.approx(0.0, abs=1e-6), "it is full"
    assert ("linehaul", "depot") not in {key[2:] for key in made.world.ledger.flows}


def test_full_depots_are_not_driven_to_for_rounding():
    channels = {"pickup": channel(**VEHICLES), "box": channel(**{**BOXES, **VEHICLES})}
    made, fetched = town(channels, space_kg=0.0, period_days=61), []
    dispatch = made.collection.fleet.dispatch
    made.collection.fleet.dispatch = lambda shifts, fetch, days: fetched.append(fetch.kg) or dispatch(shifts, fetch, days)  # type: ignore[method-assign]
    made.run()
    kg = np.concatenate(fetched)
    assert (kg == 0.0).any()
    assert kg[kg > 0.0].min() > 1e-6


def test_lots_that_stay_are_added_up():
    made = town({"pickup": channel(**VEHICLES), "box": channel(**{**BOXES, **VEHICLES})}, space_kg=10_000.0).run()
    lots = list(made.home.depots._held())
    assert len(lots) <= 3 * 2 * 2 * 2 + 12  # zones x channels x groups x years, and a few not yet sorted


def test_origins_survive_to_the_plant():
    made = town({"pickup": channel(**VEHICLES)})
    seen: set[int] = set()
    receive = made.plant.receive

    def watched(material, lots, source):
        seen.update(lot.tag for lot in lots)
        receive(material, lots, source)

    made.plant.receive = watched  # type: ignore[method-assign]
    made.run()
    tags = made.world.tags
    for tag in seen:
        tags.intake(len(tags.origins), tag, "phone")[0] += 1.0
    taken = tags.divided(tags.intakes())
    assert taken.kg.sum() == pytest.approx(len(seen))
    origins = {tags[part][:3] + tags[part][4:] for part in taken.part.tolist()}
    assert origins == {("JPN", f"Z-{zone}", "pickup", year) for zone in range(3) for year in (2025, 2026)}


def test_what_buyers_sent_and_a_full_plant_refused_is_taken_apart_by_them():
    made = town({"informal": channel(**INFORMAL, **VEHICLES)}, offered=arisings(2025, 2025), audit="event", period_days=31)
    made.world.clock.at(46.64, lambda _: setattr(made.plant, "space", 1000.0))
    made.run()
    flows = {key[2:]: vector.sum() for key, vector in made.world.ledger.flows.items()}
    refused = flows["linehaul", "depot"]
    assert refused > 0.0
    assert made.home.depots.stored_kg().sum() == 0.0, "it is no stock of the schemes"
    sold, crude = made.home.depots.sold_to_formal_kg, made.home.depots.crude_kg
    assert sold + crude == pytest.approx(sum(made.plant.kg.values()) + sum(made.crude.kg.values()), rel=1e-9)


@pytest.mark.parametrize("years_later", [0, 3])
def test_cargo_turned_back_leaves_its_lineage_however_late(years_later):
    made = town({"pickup": channel(**VEHICLES)})
    depots, sent = made.home.depots, []
    send = made.home.line_haul.send
    made.home.line_haul.send = lambda cargo, days: sent.append(cargo) or send(cargo, days)  # type: ignore[method-assign]
    made.run()
    cargo, mixes = sent[0], depots._vintages[2025].mixes
    number = mixes.groups.index("phone")
    tag = next(lot.tag for lot in cargo.lots["phone"])
    tags = made.world.tags

    def by_part():
        return dict(zip(*(column.tolist() for column in tags.blends[tag]), strict=True))

    before, stored = by_part(), depots.stored_kg().sum()
    for year in range(2027, 2027 + years_later):
        depots.learn(year, mixes)
    parts = depots._vintages[2025].tags.ravel().tolist()
    depots.put_back(cargo, "phone", 0.5)
    after, back = by_part(), dict(zip(parts, (0.5 * cargo.mass[0, 0, ..., number]).ravel().tolist(), strict=True))
    assert sum(back.values()) > 0.0
    for part in parts:
        assert after.get(part, 0.0) == pytest.approx(before[part] - back[part], rel=1e-12)
    assert depots.stored_kg().sum() - stored == pytest.approx(sum(back.values()), rel=1e-12)


def test_a_refused_group_of_which_a_year_had_nothing_comes_back_to_the_other():
    made, sent = town({"pickup": channel(**VEHICLES)}), []
    depots = made.home.depots
    mixes = made.home.open_year(2025).mixes
    depots.learn(2026, mixes)
    shape = (*depots._vintages[2025].tags.shape, len(mixes.groups))
    old, new = np.zeros((2, 2, 2, *shape))
    old[OWN, 0, ..., mixes.groups.index("phone")] = new[OWN, 0] = 5.0
    depots._stock = {2025: old, 2026: new}
    depots.dispatch(0.0, sent.append)
    depots.put_back(sent[0], "television", 0.5)
    assert depots.stored_kg() == pytest.approx(2.5 * shape[1] * np.ones(shape[0]))
    assert depots._stock.keys() == {2026}
