"""The shipped baseline on the shipped tables: valid, whole, every number with evidence, and the same when resolved."""

from pathlib import Path

import pytest

from sim.core.quantity import Quantity
from sim.scenario.draw import design, draw_spec
from sim.scenario.keys import join, split
from sim.scenario.library import load_library
from sim.scenario.load import load_scenario
from sim.scenario.merge import leaves

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios").glob("*.toml"))


@pytest.fixture(scope="module")
def library():
    return load_library()


@pytest.fixture(scope="module")
def baseline(library):
    return load_scenario(ROOT / "scenarios" / "baseline.toml", library=library)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_scenario_is_valid_and_asks_a_question(file, library):
    scenario = load_scenario(file, library=library)
    assert scenario.spec.question
    assert scenario.warnings == ()


def test_the_baseline_states_settings_only(baseline):
    assert {key[0] for key in baseline.stated_keys} <= {
        "name",
        "title_ja",
        "question",
        "question_ja",
        "time",
        "resolution",
        "run",
        "scope",
    }


def test_every_number_has_evidence(baseline):
    numbers = [key for key in leaves(baseline.tree) if isinstance(_value(baseline.spec, key), Quantity)]
    assert len(numbers) > 5000
    bare = [join(key) for key in numbers if baseline.evidence_of(join(key)) is None]
    assert bare == []


def _value(spec, key):
    for part in key:
        if isinstance(spec, dict):
            spec = spec[part]
        elif isinstance(spec, tuple):
            spec = next((item for item in spec if part in {getattr(item, "name", None), getattr(item, "to", None)}), None)
        else:
            spec = getattr(spec, part, None)
    return spec


def test_resolved_it_is_the_same_scenario(baseline, library, tmp_path):
    (tmp_path / "resolved.toml").write_text(baseline.resolved_toml(), encoding="utf-8")
    again = load_scenario(tmp_path / "resolved.toml", library=library)
    assert again.spec == baseline.spec
    assert again.stated_keys == baseline.stated_keys
    assert draw_spec(again, 3, 10, 1).inputs == draw_spec(baseline, 3, 10, 1).inputs


def test_a_draw_is_valid_and_only_a_few_numbers_are_cut(baseline):
    keys, _ = design(baseline, 10, 1)
    for draw in (0, 5, 9):
        drawn = draw_spec(baseline, draw, 10, 1)
        assert len(drawn.inputs) == len(keys) > 3000
        assert len(drawn.cut) < 0.01 * len(keys)
        assert {path[0] for path in map(split, drawn.cut)} <= {"lanes", "vehicles", "zones", "countries", "products"}
