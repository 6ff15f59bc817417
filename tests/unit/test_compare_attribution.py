"""Attribution on short real runs: parts sum to the total, and a single planted cause gets all of it."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.errors import UsageError
from sim.scenario.load import load_scenario
from sim.study import attribution, replicate
from sim.study.added import added
from sim.study.attribution import attribute, plan
from sim.study.compare import compare
from sim.study.compare_words import Story

PLANTED = "countries.JPN.channels.designated_site"
DORMANT = "ports.JPTYO"


@pytest.fixture(scope="module")
def base():
    return load_scenario("baseline").with_set("time.end=2025", "run.repeats_per_draw=1")


@pytest.fixture(scope="module")
def found(base):
    second = base.with_set(f"{PLANTED}.participation_share=0.9", f'{DORMANT}.name_en="Tokyo Bay"')
    return compare(*(replicate.run(scenario, 1, 1, 0) for scenario in (base, second)))


@pytest.fixture(scope="module")
def divided(found):
    planned = plan(found)
    return planned, attribute(found, planned, workers=0)


def test_the_estimate_comes_first(divided):
    planned, _ = divided
    assert [cause.name for cause in planned.causes] == [PLANTED, DORMANT]
    assert "runs 4 scenarios of 1 replications" in planned.text(2)
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
