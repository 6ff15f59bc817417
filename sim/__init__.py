"""urban-mine: metal recovery from discarded electronics, simulated truck by truck and permit by permit.

    import sim
    scenario = sim.load_scenario("scenarios/baseline.toml")
    results = sim.run(scenario, replications=4)
    results.tables["recovery"]
    folder = results.save("results")
    sim.report(folder)

Each name is imported when first used, so that `import sim` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim import report
    from sim.results.store import Results, load_results
    from sim.scenario.load import load_scenario
    from sim.scenario.scenario import Scenario
    from sim.study.replicate import run

__all__ = ["Results", "Scenario", "load_results", "load_scenario", "report", "run"]

_HOMES = {
    "Results": "sim.results.store",
    "Scenario": "sim.scenario.scenario",
    "load_results": "sim.results.store",
    "load_scenario": "sim.scenario.load",
    "run": "sim.study.replicate",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home; `report` is a package that can be called."""
    if name == "report":
        return import_module("sim.report")
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    """Public names."""
    return sorted(__all__)
