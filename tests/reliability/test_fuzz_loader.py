"""Loader fuzzing, five minutes in the slow tier; one hour was run once by hand (docs/validation.md)."""

import os
import random

import pytest

from sim.core.errors import ScenarioError
from sim.scenario.load import load_scenario
from tests.fixtures.tiny_tree import TinyLibrary
from tests.reliability.fuzz_loader import changed, fuzz

FOUND = {  # what fuzzing brought to light, kept
    "a dotted key of a thousand parts behind a value": b'name = "a"\nname = "b"a' + b".a" * 2000 + b" = 1",
    "the same, right but too deep": b"a" + b".a" * 2000 + b" = 1",
    "a percentage with a point and a comma": b"[time]\nend = { low = 1, mode = 0.6,85 % }",
}
SECONDS = 30.0 if os.environ.get("URBAN_MINE_SLOW") == "bounded" else 300.0


@pytest.mark.parametrize("raw", FOUND.values(), ids=FOUND)
def test_what_was_found_stays_mended(tmp_path, raw):
    file = tmp_path / "mine.toml"
    file.write_bytes(raw)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, library=TinyLibrary())
    assert all(fault.message for fault in caught.value.faults)


@pytest.mark.slow
def test_no_file_ends_the_loader_in_another_way():
    outcome = fuzz(SECONDS, seed=20261122)
    assert not outcome.faults, "\n\n".join(f"{ended}\n{raw[:2000]!r}" for ended, raw in outcome.faults.items())
    assert outcome.ended["faults in words"] > 0
    assert outcome.ended["a scenario"] > 0


def test_the_same_seed_tries_the_same_files():
    one, other = random.Random(5), random.Random(5)
    assert [changed(one) for _ in range(50)] == [changed(other) for _ in range(50)]
