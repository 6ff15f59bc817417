"""What is uncertain is drawn as its range or grade says, alike on every machine, and nothing else changes."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core.quantity import Quantity, Spread
from sim.core.spec import Bounded
from sim.scenario.draw import GRADE_FACTOR, Uncertain, design, draw_spec, draws_of, plan_of
from sim.scenario.load import load_scenario
from tests.fixtures.tiny_tree import TinyLibrary, tiny_tree

ROOT = Path(__file__).parents[2]
CHANNEL = "countries.JPN.channels.delivery_truck"
DROP_BOX = "countries.JPN.channels.drop_box.participation_share"


def load(tmp_path, text: str = "", library=None):
    (tmp_path / "mine.toml").write_text(f'extends = "baseline"\nname = "Mine"\n{text}', encoding="utf-8")
    return load_scenario(tmp_path / "mine.toml", library=library or TinyLibrary())


def test_every_key_meets_every_stratum_once(tmp_path):
    keys, u = design(load(tmp_path), 10, 1)
    assert u.shape == (10, len(keys))
    assert len(keys) > 100
    assert (np.sort((u * 10).astype(int), axis=0) == np.arange(10)[:, None]).all()
    assert ((u > 0.0) & (u < 1.0)).all()


def test_keys_are_drawn_independently(tmp_path):
    _, u = design(load(tmp_path), 400, 1)
    correlation = np.corrcoef(u.T) - np.eye(u.shape[1])
    bound = 5.0 / math.sqrt(400)  # five standard errors: one in a million for each of some ten thousand pairs
    assert np.abs(correlation).max() < bound
    assert abs(correlation.mean()) < 0.01


def test_a_key_more_changes_no_other(tmp_path):
    before = dict(zip(*_columns(load(tmp_path)), strict=True))
    plant = (
        '[[plants]]\nname = "New"\ncountry = "JPN"\nprocess = "cu_smelter"\nbackground_feed_t_per_year = 0\nstatus = "operating"\n'
    )
    plant += "yard_limit_days = 3\ncapacity_t_per_year = { low = 1, mode = 2, high = 3 }\n"
    after = dict(zip(*_columns(load(tmp_path, plant)), strict=True))
    assert set(after) - set(before) == {"plants.New.capacity_t_per_year"}
    assert all((after[key] == before[key]).all() for key in before)


def _columns(scenario):
    keys, u = design(scenario, 8, 3)
    return keys, u.T


def test_seeds_differ_and_one_seed_is_alike(tmp_path):
    scenario = load(tmp_path)
    assert (design(scenario, 6, 1)[1] == design(load(tmp_path), 6, 1)[1]).all()
    assert (design(scenario, 6, 1)[1] != design(scenario, 6, 2)[1]).any()


def test_draws_do_not_depend_on_the_hash_seed(tmp_path):
    (tmp_path / "mine.toml").write_text('extends = "baseline"\nname = "Mine"\n', encoding="utf-8")
    code = (
        "from sim.scenario.draw import hypercube; from hashlib import sha256;"
        "print(sha256(hypercube(('a.b', 'plants.X.capacity_t_per_year'), 7, 1).tobytes()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert seen == {"f3e327e014db998bf3a226e9bdf950260f251b9fe6f6ac0f9fa455d558937ed3"}


@pytest.mark.parametrize("grade", "ABCD")
def test_the_middle_ninety_per_cent_of_a_graded_number(grade):
    factor = GRADE_FACTOR[grade]
    one = Uncertain("x", Quantity.constant(40.0), Bounded(0.0, 1e6, "days"), math.log(factor) / 1.6448536269514722)
    z95 = 1.6448536269514722
    assert one.at(0.95, z95)[0].value == pytest.approx(40.0 * factor)
    assert one.at(0.05, -z95)[0].value == pytest.approx(40.0 / factor)
    assert one.at(0.5, 0.0)[0].value == pytest.approx(40.0)


@given(st.floats(0.0, 1.0), st.floats(-5.0, 5.0))
@settings(deadline=None)
def test_a_graded_share_stays_a_share(share, z):
    one = Uncertain("x", Quantity.constant(share), Bounded(0.0, 1.0, "share"), math.log(2.0) / 1.6448536269514722)
    drawn, cut = one.at(0.5, z)
    assert 0.0 <= drawn.value <= 1.0
    assert not cut
    if share in {0.0, 1.0}:
        assert drawn.value == share


def test_a_number_beyond_its_bounds_is_cut_and_told():
    one = Uncertain("x", Quantity.constant(20.0), Bounded(0.1, 24.0, "hours"), math.log(2.0) / 1.6448536269514722)
    assert one.at(0.99, 2.326) == (Quantity.constant(24.0), True)
    assert one.at(0.5, 0.0)[1] is False


def test_a_path_moves_as_a_whole():
    one = Uncertain("x", Quantity(((2025.0, 10.0), (2035.0, 30.0))), Bounded(0.0, 1e6, "t"), 0.2)
    (_, first), (_, second) = one.at(0.9, 1.2815515655446004)[0].points
    assert second / first == pytest.approx(3.0)


def test_ranges_are_drawn_as_written_and_never_beyond(tmp_path):
    scenario = load(tmp_path, f"[{CHANNEL}]\ncoverage_share = {{ low = 0.2, mode = 0.3, high = 0.5 }}\n")
    seen = [
        draw_spec(scenario, draw, 40, 1).spec.countries["JPN"].channels["delivery_truck"].coverage_share.value for draw in range(40)
    ]
    assert 0.2 < min(seen) < 0.25
    assert 0.45 < max(seen) < 0.5
    assert np.mean(seen) == pytest.approx((0.2 + 0.3 + 0.5) / 3, abs=0.01)


def test_plain_numbers_of_a_scenario_are_certain(tmp_path):
    scenario = load(tmp_path, f"[{CHANNEL}]\ncoverage_share = 0.4\n")
    assert f"{CHANNEL}.coverage_share" not in draw_spec(scenario, 0, 5, 1).inputs
    assert f"{CHANNEL}.participation_share" in draw_spec(scenario, 0, 5, 1).inputs
    assert all(
        draw_spec(scenario, draw, 5, 1).spec.countries["JPN"].channels["delivery_truck"].coverage_share.value == 0.4
        for draw in range(5)
    )


def test_zero_and_what_is_exact_are_not_drawn(tmp_path):
    keys, _ = design(load(tmp_path), 5, 1)
    assert f"{CHANNEL}.diverted_share" not in keys  # 0
    assert "substances.Nd.oxide_factor" not in keys  # stoichiometry
    assert "routes.boards.destinations.Saganoseki Smelter.share" not in keys  # 1
    assert "commissioning.ree_recycling_separation.permit_months" not in keys  # chance, drawn for each plant
    assert "plants.Saganoseki Smelter.capacity_t_per_year" in keys


def test_shares_of_supply_still_sum_to_one(tmp_path):
    tree = tiny_tree()
    tree["market"]["demand"]["JPN"]["Nd"]["supply_share"] = {
        "CHN": {"2025": 0.7, "2035": 0.4},
        "AUS": {"2025": 0.2, "2035": 0.5},
        "USA": 0.1,
    }
    scenario = load(tmp_path, library=TinyLibrary(tree))
    for draw in range(5):
        supply = draw_spec(scenario, draw, 5, 1).spec.market.demand["JPN"]["Nd"].supply_share
        for year in (2020.0, 2025.0, 2029.3, 2035.0, 2050.0):
            assert sum(share.at(year) for share in supply.values()) == pytest.approx(1.0, abs=1e-12)
    assert (
        len({draw_spec(scenario, draw, 5, 1).spec.market.demand["JPN"]["Nd"].supply_share["CHN"].value for draw in range(5)}) == 5
    )


def test_shares_of_a_route_never_sum_to_more_than_one(tmp_path):
    tree = tiny_tree()
    wide = {"low": 0.1, "mode": 0.5, "high": 1.0}
    tree["routes"][0]["destinations"] = [
        {"to": "Japan small appliance recyclers", "share": wide},
        {"to": "landfill", "share": wide},
    ]
    scenario = load(tmp_path, library=TinyLibrary(tree))
    totals = [
        sum(destination.share.value for destination in draw_spec(scenario, draw, 30, 1).spec.routes[0].destinations)
        for draw in range(30)
    ]
    assert max(totals) == pytest.approx(1.0)
    assert min(totals) < 0.9


def test_without_uncertain_inputs_nothing_is_drawn(tmp_path):
    scenario = load(tmp_path, "[run]\nuncertain_inputs = false\n")
    drawn = draw_spec(scenario, 0, 5, 1)
    assert drawn.spec is scenario.spec
    assert drawn.inputs == {}


def test_what_is_not_drawn_is_the_same_object(tmp_path):
    scenario = load(tmp_path)
    drawn = draw_spec(scenario, 2, 5, 1)
    assert drawn.spec.time is scenario.spec.time
    assert drawn.spec.groups is scenario.spec.groups
    assert drawn.spec.countries["USA"] is scenario.spec.countries["USA"]
    assert drawn.spec != scenario.spec
    assert type(drawn.spec) is type(scenario.spec)
    for key, (u, value) in drawn.inputs.items():
        assert 0.0 < u < 1.0
        assert math.isfinite(value), key


def test_the_drawn_specification_is_valid_by_itself(tmp_path):
    scenario = load(tmp_path)
    spec = draw_spec(scenario, 1, 5, 1).spec
    assert type(spec).model_validate(spec.model_dump(exclude_none=True)) == spec


def test_a_range_without_width_is_a_plain_number_with_its_grade(tmp_path):
    tree = tiny_tree()
    tree["plants"][1]["capacity_t_per_year"] = {"low": 53000.0, "mode": 53000.0, "high": 53000.0}
    key = "plants.Saganoseki Smelter.capacity_t_per_year"
    found = {one.key: one for one in plan_of(load(tmp_path, library=TinyLibrary(tree))).uncertain}
    assert found[key].sigma > 0.0
    stated = '[[plants]]\nname = "Saganoseki Smelter"\ncapacity_t_per_year = { low = 5, mode = 5, high = 5 }\n'
    assert key not in {one.key for one in plan_of(load(tmp_path, stated)).uncertain}


def test_the_nameplate_of_a_plant_with_other_feed_is_exact_so_no_draw_leaves_it_without_room(tmp_path):
    tree = tiny_tree()
    feed = {"low": 42000.0, "mode": 46000.0, "high": 49000.0}
    tree["plants"][1] |= {
        "capacity_t_per_year": {"low": 53000.0, "mode": 53000.0, "high": 53000.0},
        "background_feed_t_per_year": feed,
    }
    scenario = load(tmp_path, library=TinyLibrary(tree))
    free = [
        plant.capacity_t_per_year.value - plant.background_feed_t_per_year.value
        for plant in (draw_spec(scenario, draw, 50, 1).spec.plants[1] for draw in range(50))
    ]
    assert min(free) > 4000.0
    assert max(free) < 11000.0
    tree["plants"][1]["capacity_t_per_year"] = {"low": 50000.0, "mode": 53000.0, "high": 60000.0}
    assert "plants.Saganoseki Smelter.capacity_t_per_year" in design(load(tmp_path, library=TinyLibrary(tree)), 5, 1)[0]


def test_a_resolved_scenario_draws_the_same(tmp_path):
    scenario = load(tmp_path, f"[{CHANNEL}]\ncoverage_share = 0.4\n")
    (tmp_path / "resolved.toml").write_text(scenario.resolved_toml(), encoding="utf-8")
    again = load_scenario(tmp_path / "resolved.toml", library=TinyLibrary())
    assert draw_spec(again, 1, 4, 9).inputs == draw_spec(scenario, 1, 4, 9).inputs
    assert draw_spec(again, 1, 4, 9).spec == draw_spec(scenario, 1, 4, 9).spec


def test_ranges_of_the_library_are_found(tmp_path):
    found = {one.key: one for one in plan_of(load(tmp_path)).uncertain}
    assert found[DROP_BOX].sigma == 0.0
    assert found[DROP_BOX].quantity == Quantity.constant(Spread(0.05, 0.1, 0.2))
    assert found["market.prices.Au.usd_per_kg"].sigma > 0.0


@pytest.mark.parametrize(("replications", "repeats", "draws"), [(20, 2, 10), (21, 2, 11), (1, 2, 1), (5, 1, 5), (3, 100, 1)])
def test_replications_share_draws(replications, repeats, draws):
    assert draws_of(replications, repeats) == draws


def test_a_stated_path_that_repeats_the_library_keeps_its_draw_until_it_departs(tmp_path):
    """What a file states from 2030 on is certain; what it repeats for 2026 is drawn as the library is."""
    key = DROP_BOX
    reference = load(tmp_path)
    mode = reference.spec.countries["JPN"].channels["drop_box"].participation_share.at(2026.0)
    (table, channel) = key.rsplit(".", 1)
    mine = load(tmp_path, f"[{table}]\n{channel} = {{ 2026 = {mode}, 2030 = 0.6 }}\n")
    certain = load(tmp_path, f"[{table}]\n{channel} = {{ 2026 = {mode * 1.5}, 2030 = 0.6 }}\n")
    assert key not in {one.key for one in plan_of(certain).uncertain}
    for draw in range(4):
        before = draw_spec(reference, draw, 4, 1).spec.countries["JPN"].channels["drop_box"].participation_share
        after = draw_spec(mine, draw, 4, 1).spec.countries["JPN"].channels["drop_box"].participation_share
        assert after.at(2025.0) == before.at(2025.0) == after.at(2026.0)
        assert after.at(2030.0) == 0.6
        assert after.at(2028.0) == pytest.approx((before.value + 0.6) / 2.0)
    assert before.value != mode
