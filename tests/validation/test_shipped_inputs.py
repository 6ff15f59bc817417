"""No shipped scenario states an input that changes nothing, or gives a result that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim.scenario.load import load_scenario
from sim.study import replicate

FOLDER = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(file.stem for file in FOLDER.glob("*.toml"))
BOUNDED = ("asean_legislation", "gallium_germanium_graphite_shock", "quad_framework")  # laws, shocks, and all levers together


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDED if os.environ.get("URBAN_MINE_SLOW") == "bounded" else SHIPPED)
def test_a_shipped_scenario_raises_no_alarm(name):
    """One replication to 2031 at modes; what waits for a later date is dormant, which is no alarm."""
    short = load_scenario(FOLDER / f"{name}.toml").with_set(
        "time.end=2031", "run.uncertain_inputs=false", "resolution.period_days=92"
    )
    manifest = replicate.run(short, 1, 1, 0).manifest
    assert [one for one in manifest["inputs_without_effect"] if one["state"] == "dead"] == []
    assert manifest["impossible"] == []
