"""What becomes of a metal, and how the flow picture is made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report.context import Context
from sim.report.flows import fate_colour, fates, links_by_metal, outside
from sim.report.language import language
from sim.report.losses import losses
from sim.report.reading import Run
from sim.report.sankey import _chain_view, chain, folded, origin_to_user
from sim.report.theme import BLUE, GREEN, GREY, PURPLE, VERMILION
from tests.fixtures.synthetic_run import write_run


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return Context(Run.open(write_run(tmp_path_factory.mktemp("run") / "r")), language("en"))


stages = st.sampled_from(["discard", "waiting", "vehicle", "depot", "yard", "processing", "store", "sea", "metal", "slag"])


@given(st.dictionaries(st.tuples(stages, stages).filter(lambda pair: pair[0] != pair[1]), st.floats(0.001, 1e9), max_size=30))
def test_what_came_in_is_what_went_out_and_what_stayed(links):
    beyond = frozenset({"discard", "metal", "slag"})
    came, went, stayed = fates(links, beyond)
    assert came == pytest.approx(sum(went.values()) + stayed, rel=1e-9, abs=1e-6)
    assert set(went) == {b for _, b in links} & beyond


def test_the_boundary_is_the_one_the_run_declares(context, monkeypatch):
    declared = outside(context)
    assert {"discard", "metal", "slag", "landfill"} <= declared
    assert "hoarded" not in declared
    monkeypatch.delitem(context.run.manifest, "outside_accounts")
    assert outside(context) == declared


def test_places_that_belong_together_are_drawn_together():
    links = {("vehicle", "depot"): 5.0, ("depot", "linehaul"): 4.0, ("linehaul", "yard"): 3.0, ("yard", "processing"): 2.0}
    assert folded(links) == {("vehicle", "processing"): 3.0}


def test_a_circle_is_drawn_from_a_second_node(context):
    links = {("discard", "waiting"): 10.0, ("waiting", "hoarded"): 4.0, ("hoarded", "waiting"): 1.0, ("waiting", "metal"): 7.0}
    view = _chain_view(context, "Nd", 2027, links)
    trace = view.data[0]
    labels = trace["node"]["label"]
    assert "back from: drawers at home" in labels
    assert all(
        a < len(labels) and b < len(labels) and a != b
        for a, b in zip(trace["link"]["source"], trace["link"]["target"], strict=True)
    )
    assert sum(trace["link"]["value"]) == pytest.approx(22.0)
    reached = {labels[i] for i in trace["link"]["target"]}
    assert "back from: drawers at home" not in reached


def test_losses_and_metal_have_their_colours():
    beyond = frozenset({"discard", "metal", "informal_metal", "slag", "leakage"})
    assert fate_colour("metal", beyond) == GREEN
    assert fate_colour("informal_metal", beyond) == PURPLE
    assert fate_colour("slag", beyond) == VERMILION
    assert fate_colour("leakage", beyond) == GREY
    assert fate_colour("discard", beyond) == fate_colour("yard", beyond) == BLUE


def test_waterfall_ends_where_the_metal_is(context):
    chart = losses(context)
    view = chart.first
    steps = {label: (x, base) for trace in view.data for label, x, base in zip(trace["y"], trace["x"], trace["base"], strict=True)}
    order = view.layout["yaxis"]["categoryarray"]
    first, last = steps[order[0]], steps[order[-1]]
    before_last = steps[order[-2]]
    assert first[1] == 0.0
    assert last == (pytest.approx(before_last[1]), 0.0)
    links = links_by_metal(context)[context.headline[0], context.year]
    came, went, _ = fates(links, outside(context))
    assert first[0] / last[0] == pytest.approx(came / went["metal"])


def test_flow_pictures_say_their_largest_flows(context):
    for chart in (chain(context), origin_to_user(context)):
        for view in chart.views.values():
            assert view.finding
            assert view.spoken.startswith("Flow picture of")
