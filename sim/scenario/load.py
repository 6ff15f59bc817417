"""From a TOML file to a frozen scenario."""

from __future__ import annotations

from pathlib import Path

from sim.scenario import extends
from sim.scenario.scenario import Library, Scenario, resolve


def load_scenario(path: str | Path, *, library: Library | None = None) -> Scenario:
    """The scenario at `path`, or the shipped one of that name, checked whole.

    library : reference data to stand on, the shipped tables by default.

    Raises
    ------
    ScenarioError
        With every fault, each with file, line, key path, what was written, what is allowed and the nearest right name.
    """
    file = extends.find(path)
    layers, warnings = extends.chain(file)
    return resolve(file, tuple(layers), library if library is not None else _shipped_library(), warnings)


def _shipped_library() -> Library:
    from sim.scenario.library import load_library  # noqa: PLC0415 - tables are read only when needed

    return load_library()
