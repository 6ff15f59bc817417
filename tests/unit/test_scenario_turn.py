"""A few numbers turned again and again give what setting them on the command line gives, at a fraction of the work."""

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import toml
from sim.scenario.draw import draw_spec
from sim.scenario.load import load_scenario
from sim.scenario.turn import Turner
from tests.fixtures.tiny_tree import TinyLibrary, tiny_tree

CHANNEL = "countries.JPN.channels.delivery_truck"
PLANT = "plants.Saganoseki Smelter"
SUPPLY = "market.demand.JPN.Nd.supply_share"
ROUTE = "routes.phones of Japan.destinations"
WIDE = {"low": 0.1, "mode": 0.4, "high": 0.8}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    tree = tiny_tree()
    tree["market"]["demand"]["JPN"]["Nd"]["supply_share"] = {"CHN": 0.7, "AUS": 0.2, "USA": {"low": 0.05, "mode": 0.1, "high": 0.2}}
    tree["routes"][0]["destinations"] = [
        {"to": "Japan small appliance recyclers", "share": WIDE},
        {"to": "landfill", "share": 0.3},
    ]
    file = tmp_path_factory.mktemp("turn") / "mine.toml"
    file.write_text(f'extends = "baseline"\nname = "Mine"\n[{CHANNEL}]\ncoverage_share = 0.4\n', encoding="utf-8")
    return load_scenario(file, library=TinyLibrary(tree))


def slow(scenario, turned, draw=1):
    return draw_spec(scenario.with_set(*(f"{key}={toml.value(value)}" for key, value in turned.items())), draw, 4, 1).spec


@pytest.mark.parametrize(
    "turned",
    [
        {f"{CHANNEL}.participation_share": 0.3},  # of the library, by its grade
        {f"{CHANNEL}.participation_share": {"2025": 0.15, "2030": 0.2}},
        {f"{CHANNEL}.coverage_share": 0.7},  # stated by the scenario
        {f"{CHANNEL}.points_per_100k_households": 3.0, f"{CHANNEL}.point_capacity_kg": 40.0}  # not in the base
        | {f"{CHANNEL}.fill_share": 0.5, f"{CHANNEL}.age_limit_days": 28.0},
        {"time.end": 2027, "resolution.period_days": 14, "sea.customs_days": 3.0, "zones.JP-13.population": 1.4e7},
        {f"{PLANT}.capacity_t_per_year": 5e5, f"{PLANT}.lines": 3},
        {f"{ROUTE}.landfill.share": 0.6},  # leaves less for the uncertain one
        {f"{ROUTE}.Japan small appliance recyclers.share": 0.5},  # a range no more
        {f"{ROUTE}.Japan small appliance recyclers.share": {"low": 0.2, "mode": 0.6, "high": 0.7}},
        {f"{SUPPLY}.USA": 0.1},
        {f"{SUPPLY}.USA": {"low": 0.05, "mode": 0.1, "high": 0.15}, f"{SUPPLY}.AUS": 0.205},
    ],
    ids="+".join,
)
def test_turning_is_setting_and_drawing(base, turned):
    turner = Turner(base, turned)
    spec = turner.at(list(turned.values()))
    assert spec != base.spec
    for draw in (1, 3, 1):
        assert turner.drawn(spec, draw, 4, 1) == slow(base, turned, draw)


def test_one_turner_serves_many_points(base):
    keys = (f"{CHANNEL}.coverage_share", f"{ROUTE}.landfill.share", "time.end")
    turner = Turner(base, dict(zip(keys, (0.1, 0.2, 2026), strict=True)))
    for values in ((0.1, 0.2, 2026), (0.9, 0.9, 2044), (0.1, 0.2, 2026)):
        assert turner.drawn(turner.at(values), 2, 4, 1) == slow(base, dict(zip(keys, values, strict=True)), 2)


def test_what_is_not_turned_is_the_same_object(base):
    turner = Turner(base, {f"{CHANNEL}.coverage_share": 0.1})
    first, other = turner.at([0.1]), turner.at([0.2])
    assert first.countries["THA"] is other.countries["THA"]
    assert first.plants is other.plants
    drawn = [turner.drawn(spec, 0, 4, 1) for spec in (first, other)]
    assert drawn[0].market is drawn[1].market


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (f"{CHANNEL}.coverage_share", 1.5, "coverage_share"),
        (f"{PLANT}.lines", 0, "lines"),
        ("time.end", 2020, "time.end"),  # before the start: right by itself, wrong beside another
        (f"{PLANT}.background_feed_t_per_year", 1e9, "background"),
        (f"{SUPPLY}.CHN", 0.1, "supply_share"),
    ],
)
def test_what_is_not_allowed_is_told_as_on_the_command_line(base, key, value, said):
    turner = Turner(base, {key: 0.5 if "share" in key else 2030})
    with pytest.raises(ScenarioError, match=said) as quick:
        turner.at([value])
    with pytest.raises(ScenarioError) as slow_way:
        base.with_set(f"{key}={toml.value(value)}")
    assert str(quick.value) == str(slow_way.value)


def test_without_uncertain_inputs_nothing_is_drawn(base):
    certain = base.with_set("run.uncertain_inputs=false")
    turner = Turner(certain, {f"{CHANNEL}.coverage_share": 0.1})
    spec = turner.at([0.2])
    assert turner.drawn(spec, 0, 4, 1) is spec
