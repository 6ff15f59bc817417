"""Feed an appraisal reckons with: what routes send a plant, once and by its share."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.simulate.appraisal import available_kg, yield_per_kg
from sim.trade.routing_spec import RouteSpec
from tests.fixtures.plants import plant, process
from tests.fixtures.trade_world import route

SUBSTANCES = ("Nd", "other")
MAGNETS = process({"magnet": {"refined_metal": {"Nd": 0.9}}}, "magnet")
LINE = process({"phone": {"magnet": {"Nd": {"2026": 0.0, "2027": 1.0}}}}, "dismantling")


def site(*routes):
    """Homes that discard 1.2 t of phones a year in Japan (10 % Nd) and 3.6 t in Viet Nam (2 % Nd), and a works in Japan."""
    works = plant("Works", process="magnets")
    spec = SimpleNamespace(
        plants=(works, plant("Line", process="opening"), plant("Other", process="opening")),
        processes={"magnets": MAGNETS, "opening": LINE},
        routes=[RouteSpec.model_validate(each) for each in routes],
        fractions={"magnet": None},
    )
    arisings = SimpleNamespace(
        calendar=Calendar.of(2026, 2026),
        countries=("JPN", "VNM"),
        groups=("phone",),
        substances=SUBSTANCES,
        offered_kg=np.array([[[100.0] * 12], [[300.0] * 12]]),
        composition=np.array([[[[0.1, 0.9]]], [[[0.02, 0.98]]]]),
    )
    return spec, arisings, works


def test_a_route_for_all_countries_adds_only_those_without_one_of_their_own():
    spec, arisings, works = site(route("phone", ("Works", 0.5), ("Other", 0.5), origin="JPN"), route("phone", ("Works", 1.0)))
    spec.processes["magnets"] = process({"phone": {"refined_metal": {"Nd": 0.9}}}, "magnet")
    fed, nd = 0.5 * 1200.0 + 3600.0, 0.5 * 120.0 + 72.0
    assert yield_per_kg(spec, arisings, works, 2026).tolist() == pytest.approx([0.9 * nd / fed, 0.0])


def test_shares_of_routes_and_processes_are_those_of_the_middle_of_the_year():
    spec, arisings, works = site(route("phone", ("Line", 0.25), ("Other", 0.0), origin="JPN"), route("magnet", ("Works", 1.0)))
    assert available_kg(spec, arisings, 2026)["JPN", "magnet"].tolist() == pytest.approx([0.25 * 0.5 * 120.0, 0.0])
    assert yield_per_kg(spec, arisings, works, 2026).tolist() == pytest.approx([0.9, 0.0])
