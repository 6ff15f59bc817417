"""Checks of the whole model that need no published figure: degenerate, extreme, symmetric, scaled, monotone, traced by hand."""

from __future__ import annotations

import os
from datetime import date
from itertools import islice

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.quantity import Quantity
from sim.nodes.arisings import build_arisings
from sim.results.tables import numbers, texts
from sim.scenario.draw import draw_spec
from sim.scenario.load import load_scenario
from sim.simulate.run import run_replication
from sim.simulate.twin import RUNGS, run_twin
from sim.simulate.unlimited import unlimited
from tests.validation.test_twin import climbed, simulated

FEW = ("SGP", "MYS", "THA")
PAIRS = 200 if os.environ.get("URBAN_MINE_SLOW") != "bounded" else 20
DRAWS = 8


def scenario(*settings):
    return load_scenario("scenarios/baseline.toml").with_set("time.end=2026", *settings)


def of(spec, countries):
    """Only these collect."""
    made = {key: c if key in countries else c.model_copy(update={"channels": {}}) for key, c in spec.countries.items()}
    return spec.model_copy(update={"countries": made})


def with_channels(spec, **update):
    """Every channel changed alike."""
    made = {
        key: country.model_copy(update={"channels": {k: c.model_copy(update=update) for k, c in country.channels.items()}})
        for key, country in spec.countries.items()
    }
    return spec.model_copy(update={"countries": made})


def with_plants(spec, **update):
    return spec.model_copy(update={"plants": tuple(plant.model_copy(update=update) for plant in spec.plants)})


def constant(value):
    return Quantity.constant(value)


@pytest.fixture(scope="module")
def small():
    return of(scenario().spec, FEW)


def tables_of(spec):
    return run_replication(spec, seed=5, replication=0)["tables"]


def ladder_of(tables, spec):
    twin = run_twin(spec)
    return {rung: climbed(tables, "signals", twin, rung) for rung in RUNGS}


def flow(tables, source, target, substance="total"):
    table = tables["flows"]
    rows = zip(*(texts(table, name) for name in ("source", "target", "substance")), numbers(table, "mass_kg"), strict=True)
    return sum(kg for *names, kg in rows if names == [source, target, substance])


# degenerate


def test_nobody_takes_part_and_all_goes_to_mixed_waste(small):
    tables = tables_of(with_channels(small, coverage_share=constant(0.0)))
    ladder = ladder_of(tables, small)
    twin = run_twin(small)
    everything = sum(twin.in_waste_kg[twin.countries.index(country)].sum() for country in FEW)
    assert flow(tables, "discard", "mixed_waste") == pytest.approx(everything, rel=1e-9)
    assert not any(ladder[rung].any() for rung in RUNGS[1:])


def test_everybody_takes_part_in_one_channel_and_nothing_is_lost(small):
    """Coverage, participation and law scope of 1: what is collected is what is discarded."""
    singapore = small.countries["SGP"]
    key, channel = next((key, c) for key, c in singapore.channels.items() if c.kind == "producer_scheme")
    electronics = tuple(key for key, group in small.groups.items() if group.boundary == "eee")
    all_of_it = {"coverage_share": constant(1.0), "participation_share": constant(1.0), "diverted_share": constant(0.0)}
    one = channel.model_copy(update={**all_of_it, "groups": electronics, "group_factors": {}})
    countries = {**small.countries, "SGP": singapore.model_copy(update={"channels": {key: one}})}
    spec = unlimited(of(small.model_copy(update={"countries": countries}), ("SGP",)))
    twin, tables = run_twin(spec), simulated(spec)
    place = twin.countries.index("SGP")
    collected = climbed(tables, "signals", twin, "collected_kg")[place, :-1]
    np.testing.assert_allclose(collected, twin.in_waste_kg[place, :-1], rtol=1e-9)


def test_no_vehicles_collect_nothing(small):
    tables = tables_of(with_channels(small, vehicles_per_100k_households=constant(0.0)))
    assert flow(tables, "waiting", "vehicle") == 0.0
    assert ladder_of(tables, small)["in_waste_kg"].sum() > 0.0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_plants_that_recover_nothing_or_everything(small, share):
    """End-processing that gives all of every metal, or none: refined is what was fed to it, or nothing."""
    processes = {}
    for key, process in small.processes.items():
        if process.stage != "refining":
            processes[key] = process
            continue
        transfer = {
            source: {output: {"*": constant(share if place == 0 else 0.0)} for place, output in enumerate(sorted(outputs))}
            for source, outputs in process.transfer.items()
        }
        processes[key] = process.model_copy(update={"transfer": transfer})
    tables = tables_of(small.model_copy(update={"processes": processes}))
    table = tables["recovery"]
    refining = np.array([stage == "refining" for stage in texts(table, "stage")])
    fed, made = numbers(table, "fed_kg")[refining], numbers(table, "contained_kg")[refining]
    np.testing.assert_allclose(made, share * fed, rtol=1e-9)
    flows = tables["flows"]
    reached = np.array([target == "refining" for target in texts(flows, "target")])
    assert numbers(flows, "mass_kg")[reached].sum() > 0.0, "nothing was fed, so nothing is shown"
    assert (fed.sum() > 0.0) == (share > 0.0)


# extreme


def test_plants_of_a_hundredth_fill_up_and_keep_every_kilogram(small):
    """The book is audited each month; yards and depots hold what the lines cannot work."""
    usual, tight = tables_of(small), tables_of(with_plants(small, capacity_t_per_year=constant(20.0)))
    stock = [
        numbers(tables["stocks"], "mass_kg")[np.array(texts(tables["stocks"], "substance")) == "total"] for tables in (usual, tight)
    ]
    assert stock[1].sum() > stock[0].sum()
    assert ladder_of(tight, small)["refined_kg"].sum() < ladder_of(usual, small)["refined_kg"].sum()


def test_all_plants_close_half_way_and_nothing_is_taken_in_after(small):
    tables = tables_of(with_plants(small, end=date(2026, 1, 1)))
    table = tables["plants"]
    crude = {plant.name for plant in small.plants if small.processes[plant.process].stage == "crude"}
    formal = np.array([plant not in crude for plant in texts(table, "plant")])
    late = numbers(table, "year")[formal] == 2026
    intake = numbers(table, "intake_kg")[formal]
    assert intake[~late].sum() > 0.0
    assert intake[late].sum() == 0.0


# symmetry


def test_the_order_of_tables_changes_nothing(small):
    """Zones, processes, plants, routes, rules and lanes reversed: the same ladder."""
    turned = small.model_copy(
        update={
            **{name: dict(reversed(getattr(small, name).items())) for name in ("zones", "processes", "vehicles", "ports")},
            **{name: tuple(reversed(getattr(small, name))) for name in ("plants", "routes", "border_rules", "lanes")},
        }
    )
    one, other = (ladder_of(tables_of(spec), small) for spec in (small, turned))
    for rung in RUNGS:
        np.testing.assert_allclose(one[rung], other[rung], rtol=1e-9, atol=1e-9)


def test_two_halves_of_a_plant_do_what_the_plant_does(small):
    spec = unlimited(small)
    name = "Naoshima Smelter"
    whole = next(plant for plant in spec.plants if plant.name == name)
    halves = tuple(whole.model_copy(update={"name": f"Half {number}"}) for number in (1, 2))
    routes = []
    for route in spec.routes:
        destinations = []
        for each in route.destinations:
            share = constant(each.share.value / 2.0)
            parts = [each.model_copy(update={"to": half.name, "share": share}) for half in halves]
            destinations += parts if each.to == name else [each]
        routes.append(route.model_copy(update={"destinations": tuple(destinations)}))
    plants = tuple(plant for plant in spec.plants if plant.name != name) + halves
    split = spec.model_copy(update={"plants": plants, "routes": tuple(routes)})
    one, other = (ladder_of(simulated(each), spec) for each in (spec, split))
    for rung in RUNGS:
        np.testing.assert_allclose(one[rung].sum(axis=1), other[rung].sum(axis=1), rtol=1e-9, atol=1e-9)


# scale


def test_a_thousand_times_the_waste_gives_a_thousand_times_the_metal(small):
    """Without limits the chain is linear from discard to metal."""
    spec, factor = unlimited(small), 1000.0
    countries = {}
    for key, country in spec.countries.items():
        if country.arisings is None:
            countries[key] = country
            continue
        given = country.arisings
        more = {"base_year_kt": constant(given.base_year_kt.value * factor)}
        more |= {name: {p: _times(q, factor) for p, q in getattr(given, name).items()} for name in ("units", "sold_units")}
        more["saturation_kg_per_capita"] = _times(given.saturation_kg_per_capita, factor)
        countries[key] = country.model_copy(update={"arisings": given.model_copy(update=more)})
    one, other = (ladder_of(simulated(each), each) for each in (spec, spec.model_copy(update={"countries": countries})))
    for rung in RUNGS:
        np.testing.assert_allclose(other[rung].sum(axis=1), factor * one[rung].sum(axis=1), rtol=1e-9, atol=1e-6)


def _times(quantity, factor):
    return Quantity(tuple((year, quantity.at(year) * factor) for year, _ in quantity.points))


# monotone


def steps_of_collection(more):
    """The small world with less participation in one channel after the other, and the world itself.

    Less rather than more: raised, people could hand over more than there is, and then all channels are scaled to fit.
    """
    for code in FEW:
        country = more.countries[code]
        for key, channel in country.channels.items():
            if channel.kind == "informal_buyer" or channel.diverted_share.value > 0.0:
                continue
            for factor in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99):
                fewer = channel.model_copy(update={"participation_share": _times(channel.participation_share, factor)})
                less = country.model_copy(update={"channels": {**country.channels, key: fewer}})
                yield more.model_copy(update={"countries": {**more.countries, code: less}})


def check_monotone(draw, count):
    """With common random numbers, less participation never collects more."""
    more = of(draw_spec(scenario(), draw, DRAWS, 3).spec, FEW)
    whole = ladder_of(tables_of(more), more)["collected_kg"].sum()
    for less in islice(steps_of_collection(more), 0, None, 7 if count < 10 else 1):
        assert ladder_of(tables_of(less), more)["collected_kg"].sum() <= whole * (1.0 + 1e-9)
        count -= 1
        if not count:
            return


def test_more_participation_never_collects_less():
    check_monotone(0, 3)


@pytest.mark.slow
def test_more_participation_never_collects_less_in_many_pairs():
    for draw in range(DRAWS):
        check_monotone(draw, PAIRS // DRAWS)


def test_without_limits_more_collection_never_recovers_less():
    """At least two hundred pairs of the twin, every metal."""
    pairs = 0
    for draw in range(4):
        more = of(draw_spec(scenario(), draw, DRAWS, 3).spec, FEW)
        calendar = Calendar.of(more.time.start, more.time.end)
        made = build_arisings(
            more.countries, more.products, more.country_products, more.groups, more.substances, more.scope, calendar
        )
        refined = run_twin(more, made).refined_kg
        for less in steps_of_collection(more):
            assert (run_twin(less, made).refined_kg <= refined * (1.0 + 1e-9)).all()
            pairs += 1
    assert pairs >= 200


# trace


def test_gold_of_phones_followed_by_hand(small):
    """Singapore's phones alone: offered x dismantling x board shares x smelter yields, every factor looked up in the tables."""
    singapore = small.countries["SGP"]
    channels = {
        key: channel.model_copy(update={"groups": ("phone",)})
        for key, channel in singapore.channels.items()
        if "phone" in channel.groups
    }
    formal = {key: channel for key, channel in channels.items() if channel.kind != "informal_buyer"}
    spec = unlimited(
        of(
            small.model_copy(update={"countries": {**small.countries, "SGP": singapore.model_copy(update={"channels": formal})}}),
            ("SGP",),
        )
    )
    tables, twin = simulated(spec), run_twin(spec)
    place, gold = twin.countries.index("SGP"), twin.substances.index("Au")
    collected = climbed(tables, "signals", twin, "collected_kg")[place, :, gold].sum()
    plants, routes = {plant.name: plant for plant in spec.plants}, {(route.origin, route.material): route for route in spec.routes}

    def share(process, source, output):
        rows = spec.processes[process].transfer.get(source) or spec.processes[process].transfer["*"]
        row = rows.get(output, {})
        quantity = row.get("Au", row.get("*"))
        return quantity.value if quantity is not None else 0.0

    dismantler = plants[routes["SGP", "phone"].destinations[0].to]
    refined = 0.0
    for destination in routes["SGP", "board"].destinations:
        smelter = plants[destination.to]
        outputs = [
            output for output in spec.processes[smelter.process].transfer["board"] if output not in {*spec.fractions, "residue"}
        ]
        on_board = collected * share(dismantler.process, "phone", "board")
        refined += on_board * destination.share.value * sum(share(smelter.process, "board", output) for output in outputs)
    found = climbed(tables, "signals", twin, "refined_kg")[place, :, gold].sum()
    assert found >= refined * (1.0 - 1e-9)  # a little gold sits in other fractions of the phone, some of which are refined too
    assert found == pytest.approx(refined, rel=0.05)
    way = [("waiting", "vehicle"), ("vehicle", "depot"), ("depot", "linehaul"), ("linehaul", "yard"), ("yard", "processing")]
    for source, target in (("discard", "waiting"), *way):
        assert flow(tables, source, target, "Au") == pytest.approx(collected, rel=1e-9), (source, target)
