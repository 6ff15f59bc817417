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
    from sim.study.compare import compare
    from sim.study.replicate import run
    from sim.study.sweep import sweep
    from sim.study.sweep_results import Sweep, load_sweep
    from sim.study.target import target
    from sim.study.trace import trace

__all__ = [
    "Results",
    "Scenario",
    "Sweep",
    "compare",
    "load_results",
    "load_scenario",
    "load_sweep",
    "report",
    "run",
    "sweep",
    "target",
    "trace",
]

_HOMES = {
    "Results": "sim.results.store",
    "Scenario": "sim.scenario.scenario",
    "load_results": "sim.results.store",
    "compare": "sim.study.compare",
    "load_scenario": "sim.scenario.load",
    "load_sweep": "sim.study.sweep_results",
    "run": "sim.study.replicate",
    "Sweep": "sim.study.sweep_results",
    "sweep": "sim.study.sweep",
    "target": "sim.study.target",
    "trace": "sim.study.trace",
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
