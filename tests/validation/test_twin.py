"""Second implementation: the simulation without limits and delays equals the queue-free twin, kilogram by kilogram.

What is equal within 1e-9 of each figure: in waste and collected by country, year and substance; separated, refined,
available and what has nowhere to go by country and substance over the run, since a batch may cross a year end.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.quantity import Quantity
from sim.results.tables import numbers, texts
from sim.scenario.draw import draw_spec
from sim.scenario.load import load_scenario
from sim.simulate.run import run_replication
from sim.simulate.twin import RUNGS, run_twin, twin_ladder
from sim.simulate.unlimited import unlimited

BY_YEAR = RUNGS[:2]
FEW = ("JPN", "MYS", "SGP", "THA", "LAO")


def simulated(spec):
    """Tables of one replication in which loads of any size are split: shares hold exactly, not but for a truck load a year."""
    exact = spec.sea.model_copy(update={"smallest_load_t": Quantity.constant(0.0)})
    return run_replication(spec.model_copy(update={"sea": exact}), seed=3, replication=1)["tables"]


def scenario(name="baseline", end=2026):
    return load_scenario(f"scenarios/{name}.toml").with_set(f"time.end={end}")


def of_few_countries(spec):
    """A small world: nobody collects elsewhere."""
    countries = {
        key: country if key in FEW else country.model_copy(update={"channels": {}}) for key, country in spec.countries.items()
    }
    return spec.model_copy(update={"countries": countries})


def climbed(tables, name, ladder, rung):
    """A rung of table `signals` or `unlimited` in the shape of the twin's."""
    table = tables[name]
    kg = np.zeros_like(ladder.in_waste_kg)
    rows = zip(texts(table, "country"), numbers(table, "year").tolist(), texts(table, "metal"), numbers(table, rung), strict=True)
    for country, year, metal, mass in rows:
        if metal != "total":
            kg[ladder.countries.index(country), ladder.years.index(year), ladder.substances.index(metal)] += mass
    return kg


WORLDS = {
    "few countries": lambda: of_few_countries(scenario().spec),
    "baseline": lambda: scenario().spec,
    "baseline, drawn": lambda: draw_spec(scenario(), 1, 4, 7).spec,
    "quad_framework": lambda: scenario("quad_framework").spec,
    "asean_formal_collection, drawn": lambda: draw_spec(scenario("asean_formal_collection"), 2, 4, 7).spec,
}


@pytest.mark.parametrize("world", WORLDS)
def test_simulation_without_limits_is_the_twin(world):
    spec = unlimited(WORLDS[world]())
    ladder = run_twin(spec)
    tables = simulated(spec)
    for rung in RUNGS:
        found, twin = climbed(tables, "signals", ladder, rung), getattr(ladder, rung)
        if rung not in BY_YEAR:
            found, twin = found.sum(axis=1), twin.sum(axis=1)
        if rung == "available_kg":  # the market table knows no `other`
            found, twin = found[:, :-1], twin[:, :-1]
        assert twin.sum() > 0.0, rung
        np.testing.assert_allclose(found, twin, rtol=1e-9, atol=1e-9, err_msg=rung)


def test_a_run_brings_its_twin_along():
    """Table `unlimited` is the twin of the very spec; limits and delays only ever take away from what is refined over the run."""
    spec = scenario(end=2027).spec
    ladder, tables = run_twin(spec), run_replication(spec, seed=1, replication=0)["tables"]
    for rung in RUNGS:
        np.testing.assert_array_equal(climbed(tables, "unlimited", ladder, rung), getattr(ladder, rung))
    np.testing.assert_allclose(climbed(tables, "signals", ladder, "in_waste_kg"), ladder.in_waste_kg, rtol=1e-9)
    neodymium = ladder.substances.index("Nd")
    held_back = (ladder.refined_kg - climbed(tables, "signals", ladder, "refined_kg"))[..., neodymium].sum()
    assert held_back > 0.0


def test_the_ladder_for_pairing_says_the_same():
    spec = scenario().spec
    ladder, paired = run_twin(spec), twin_ladder(spec)
    metal, country, year = paired.metals.index("Cu"), paired.countries.index("JPN"), paired.years.index(2026)
    there = ladder.countries.index("JPN"), ladder.years.index(2026), ladder.substances.index("Cu")
    for rung in RUNGS:
        assert paired.values[rung][metal, country, year, 0] == getattr(ladder, rung)[there]
        np.testing.assert_allclose(paired.values[rung][:, :-1].sum(axis=1), paired.values[rung][:, -1])
    demand_kg = spec.market.demand["JPN"]["Cu"].t_per_year.at(2026.5) * 1000.0
    assert paired.values["demand_met_share"][metal, country, year, 0] == pytest.approx(ladder.available_kg[there] / demand_kg)
