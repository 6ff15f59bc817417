"""Dials of a goal seek: which numbers of a scenario may change, and how far."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.core.errors import UsageError
from sim.scenario import fields, toml
from sim.scenario.explaining import nearest_key
from sim.scenario.keys import MISSING, get, join, split
from sim.scenario.scenario import Scenario
from sim.scenario.schema import ScenarioSpec

MOST_DIALS = 6
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')  # outside of quotes


@dataclass(frozen=True, slots=True)
class Dial:
    """A number of the scenario that may move from `value` towards `limit`; paths and ranges move as a whole.

    value : in the shape of TOML.
    """

    key: str
    unit: str
    value: Any
    limit: float

    def at(self, position: float) -> Any:
        """The value a share of the way to the limit, in the shape of TOML; certain at the limit itself."""
        return _moved(self.value, self.limit, position)

    def assignment(self, position: float) -> str:
        """As `--set` takes it."""
        return f"{self.key}={toml.value(self.at(position))}"


def _moved(raw: Any, limit: float, position: float) -> Any:
    if isinstance(raw, Mapping):
        moved = {key: _moved(value, limit, position) for key, value in raw.items()}
        certain = "mode" in moved and moved["low"] == moved["high"]
        return moved["mode"] if certain else moved
    return raw + (limit - raw) * position


def dials_of(scenario: Scenario, using: str | Iterable[str]) -> tuple[Dial, ...]:
    """Read `key,key=limit`: a share may go to 1 unless a limit is said, everything else needs one.

    Raises
    ------
    UsageError
        For a key that is no number of the scenario, or a limit that is missing, out of bounds or no change.
    """
    texts = _COMMA.split(using) if isinstance(using, str) else list(using)
    dials = tuple(_dial(scenario, text.strip()) for text in texts if text.strip())
    if not 1 <= len(dials) <= MOST_DIALS:
        raise UsageError(f"--using takes from 1 to {MOST_DIALS} dials, not {len(dials)}")
    if len({dial.key for dial in dials}) < len(dials):
        raise UsageError("--using names a dial twice")
    return dials


def _dial(scenario: Scenario, text: str) -> Dial:
    name, equals, written = text.partition("=")
    try:
        path = split(name.strip())
    except ValueError:
        path = ()
    node, raw = fields.at(ScenarioSpec, path), get(scenario.tree, path) if path else MISSING
    if node is None or raw is MISSING:
        near = nearest_key(scenario, name.strip()) if path else None
        raise UsageError(f"there is no number {name[:200]} in this scenario." + (f" Did you mean {near}?" if near else ""))
    if node.bounds is None:
        raise UsageError(f"{name} is no number that a run can change")
    key, bounds = join(path), node.bounds
    if not equals and bounds.unit != "share":
        raise UsageError(f"say how far {key} may go ({bounds.unit}): --using '{key}=LIMIT'")
    try:
        limit = float(written) if equals else 1.0
    except ValueError:
        raise UsageError(f"the limit of {key} must be a number, not '{written[:40]}'") from None
    if not bounds.low <= limit <= bounds.high:
        raise UsageError(f"the limit of {key} must be from {node.allowed}, not {limit:g}")
    if all(number == limit for number in _numbers(raw)):
        raise UsageError(f"{key} is at {limit:g} already")
    return Dial(key, bounds.unit, raw, limit)


def _numbers(raw: Any) -> Sequence[float]:
    return [number for inner in raw.values() for number in _numbers(inner)] if isinstance(raw, Mapping) else [float(raw)]
