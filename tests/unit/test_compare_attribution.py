"""Attribution on short real runs: parts sum to the total, and a single planted cause gets all of it."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.errors import UsageError
from sim.scenario.keys import join
from sim.scenario.load import load_scenario
from sim.study import attribution, replicate
from sim.study.added import added
from sim.study.attribution import attribute, estimate, plan
from sim.study.changes import Cause, Change, grouped
from sim.study.compare import compare
from sim.study.compare_words import Story

PLANTED = "countries.JPN.channels.designated_site"
DORMANT = "ports.JPTYO"


@pytest.fixture(scope="module")
def base():
    return load_scenario("baseline").with_set("time.end=2025", "run.repeats_per_draw=1")


@pytest.fixture(scope="module")
def found(base):
    second = base.with_set(f"{PLANTED}.participation_share=0.155", f'{DORMANT}.name_en="Tokyo Bay"')
    return compare(*(replicate.run(scenario, 1, 1, 0) for scenario in (base, second)))


@pytest.fixture(scope="module")
def divided(found):
    planned = plan(found)
    return planned, attribute(found, planned, workers=0)


def test_the_estimate_comes_first_and_prepares_nothing(found, divided):
    planned, _ = divided
    assert [cause.name for cause in planned.causes] == [PLANTED, DORMANT]
    assert "Attribution to 2 groups of changes runs 4 scenarios of 1 replications" in planned.text(2)
    assert estimate(found, 2) == planned.text(2)
    assert "runs 12 scenarios" not in estimate(found, 2, shapley=True)
    assert planned.cpu_s > 0.0


def test_parts_sum_to_the_difference(found, divided):
    _, told = divided
    assert told.names == (PLANTED, DORMANT, "interaction")
    assert len(found.rows) > 10
    for row in found.rows:
        parts = told.parts[row.measure, row.metal, row.country, row.year]
        assert sum(part.mean for part in parts) == pytest.approx(row.effect.mean, rel=1e-9)


def test_a_single_planted_cause_gets_the_whole_difference(found, divided):
    _, told = divided
    row = next(row for row in found.rows if (row.measure, row.metal, row.country) == ("collected_kg", "Nd", "JPN"))
    planted, dormant, _ = told.parts[row.measure, row.metal, row.country, row.year]
    assert abs(row.effect.mean) > 1.0
    assert planted.mean / row.effect.mean >= 0.99
    assert abs(dormant.mean / row.effect.mean) <= 0.01


def test_story_tells_the_parts_in_words(found, divided):
    _, told = divided
    text = Story(found, added(found.first, found.second), told).text()
    assert "What each change makes of it" in text
    assert f"{PLANTED}: " in text
    assert "100.0%" in text
    assert "USD per additional t collected" in text


def test_shapley_values_share_the_interaction_out(found, divided):
    planned = plan(found, shapley=True)
    told = attribute(found, planned, workers=0)
    assert planned.subsets == ((0,), (1,))
    assert told.names == (PLANTED, DORMANT)
    for row in found.rows:
        parts = told.parts[row.measure, row.metal, row.country, row.year]
        assert sum(part.mean for part in parts) == pytest.approx(row.effect.mean, rel=1e-9)
    three = {(): 0.0, (0,): 1.0, (1,): 2.0, (2,): 0.0, (0, 1): 6.0, (0, 2): 1.0, (1, 2): 2.0, (0, 1, 2): 6.0}
    values = attribution._shapley({subset: np.array([value]) for subset, value in three.items()}, 3)
    # causes 0 and 1 make 3 more together than apart, half for each; cause 2 makes nothing
    np.testing.assert_allclose(np.array(values).ravel(), [2.5, 3.5, 0.0], atol=1e-12)


def test_many_causes_are_grouped_by_country_and_section():
    parts = [("countries", "JPN", "channels", name) for name in "abc"] + [
        ("countries", "VNM", "depots"),
        ("plants", "A"),
        ("plants", "B"),
    ]
    listed = [Cause(join(part), (part,), (Change((*part, "x"), 1, 2),)) for part in parts]
    assert grouped(listed, 6) == tuple(listed)
    four = grouped(listed, 4)
    assert [cause.name for cause in four] == ["countries.JPN (3 changes)", "countries.VNM.depots", "plants (2 changes)"]
    assert [cause.name for cause in grouped(listed, 2)] == ["countries (4 changes)", "plants (2 changes)"]
    assert sum(len(cause.changes) for cause in four) == len(listed)


def test_one_cause_needs_no_run(found, monkeypatch):
    alone = type(found)(found.first, found.second, found.causes[:1], found.rows)
    planned = plan(alone)
    monkeypatch.setattr(attribution.replicate, "run", None)  # would fail if it were reached
    told = attribute(alone, planned)
    assert "nothing to run" in planned.text()
    for parts in told.parts.values():
        assert parts[-1].mean == 0.0


def test_runs_of_another_program_are_not_explained(found, divided, monkeypatch):
    monkeypatch.setattr(attribution.replicate, "run", lambda *_: found.second)
    with pytest.raises(UsageError, match="does not give these results any more"):
        attribute(found, divided[0], workers=0)


def test_changes_that_only_fit_together_are_one_cause(found, monkeypatch):
    """A cause that is not valid alone is joined with the one that makes it so."""
    valid = {(PLANTED,), (DORMANT,), (DORMANT, "routes.r")}
    causes = [*found.causes, type(found.causes[0])("routes.r", (("routes", "r"),), ())]

    def fits(cause):
        return tuple(cause.name.split(" + ")) in valid

    merged = attribution._merged(causes, 2, fits)
    assert [cause.name for cause in merged] == [PLANTED, f"{DORMANT} + routes.r"]
    assert len(attribution._merged(causes, 2, lambda cause: False)) == 1
    assert np.isfinite(found.rows[0].before)
