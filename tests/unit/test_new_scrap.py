"""New scrap: a stream of its own, told by the transfer shares of the plants whose capacity it uses."""

from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from sim.nodes.plant_spec import ProcessSpec
from sim.results.tables import numbers, texts
from sim.simulate.new_scrap import new_scrap
from tests.fixtures.plants import Supplier, plant, process, wire, world

CONTENTS = {"magnet": {"Nd": 0.25, "Fe": 0.6}}
REFINING = {"magnet": {"ree_oxide": {"Nd": 0.8}}}
SUBSTANCES = ("Nd", "Fe", "other")


def told(share, **more):
    """Two years of a works of 100 t a year, 40 t of it other feed, that also gets 5 t of old magnets."""
    here = world(2025, 2026, substances=SUBSTANCES)
    kind = process(REFINING, "refining", new_scrap=CONTENTS, **more)
    works = plant("Works", "hydro", 100.0, background_feed_t_per_year=40.0, new_scrap_share=share)
    site = wire(here, [works], {"hydro": kind}, fractions=("magnet",), groups=())
    supplier = Supplier(here, np.array([0.3, 0.6, 0.1]))
    supplier.send_at(10.0, site.plants["Works"], "magnet", supplier.lot(5000.0))
    site.run()
    spec = SimpleNamespace(
        plants=[works], substances={name: SimpleNamespace(oxide_factor=SimpleNamespace(value=0.5)) for name in SUBSTANCES}
    )
    return here, site, new_scrap(here.recorder.read("plants"), site.plants, here.calendar, spec)


def test_metals_of_new_scrap_are_feed_times_content_times_yield():
    _, site, table = told(0.5)
    background_kg = site.plants["Works"].background_kg
    assert background_kg == pytest.approx(80_000.0, rel=1e-3)
    assert texts(table, "metal") == texts(table, "metal")[:1] * 2
    assert numbers(table, "year").tolist() == [2025, 2026]
    assert numbers(table, "fed_kg").sum() == pytest.approx(background_kg * 0.5 * 0.25, rel=1e-9)
    np.testing.assert_allclose(numbers(table, "contained_kg"), 0.8 * numbers(table, "fed_kg"), rtol=1e-9)
    np.testing.assert_allclose(numbers(table, "recovered_kg"), 2.0 * numbers(table, "contained_kg"), rtol=1e-9)


def test_it_is_in_no_other_table():
    shown = [
        list(here.recorder.rows(table)) for here in (told(0.5)[0], told(None)[0]) for table in ("recovery", "plants", "lead_times")
    ]
    assert shown[:3] == shown[3:]
    assert shown[0]


def test_nothing_is_told_of_feed_that_is_no_new_scrap():
    assert len(numbers(told(None)[2], "fed_kg")) == 0


@pytest.mark.parametrize(
    ("contents", "why"),
    [({"board": {"Nd": 0.1}}, "counts as board"), ({"magnet": {"Nd": 0.7, "Fe": 0.4}}, "sum to 1.1")],
    ids=["no such input", "more than its mass"],
)
def test_contents_must_fit(contents, why):
    kind = process(REFINING, "refining").model_dump()
    with pytest.raises(ValidationError, match=why):
        ProcessSpec.model_validate(kind | {"new_scrap": contents})
