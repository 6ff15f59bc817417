"""Which stated inputs changed nothing, and whether they ever could: dormant inputs wait for a date or a trigger, dead ones do not.

Told after every run from what it recorded and from what the scenario says. An input is dead if nothing it is about
happened and no later year or other luck would change that (a vehicle no channel uses, a rule another always overrules, a
number nobody read); it is dormant if it would work once its date comes, its plant runs or its trigger holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sim.results.tables import Columns
from sim.scenario.keys import KeyPath, join
from sim.scenario.scenario import Scenario
from sim.study.changes import LABELS, cause_of
from sim.study.dead_rules import Found, State, Verdict

SETTINGS = frozenset({"time", "run", "resolution", "scope", "stated"})
NAMED = 5  # dead inputs warned of one by one


class Idle(NamedTuple):
    """An input without effect: its key, whether it ever could have one, and why it has none."""

    key: str
    state: State
    why: str


def idle_inputs(
    scenario: Scenario, tables: Mapping[str, Columns], unread: Collection[str], triggered: Collection[str]
) -> list[Idle]:
    """Stated inputs that changed nothing, one for each part of the scenario, or for single numbers nobody read.

    unread : stated numbers that no replication read. triggered : responses that were triggered in any.
    """
    stated = [path for path in sorted(scenario.stated_keys) if path[0] not in SETTINGS and path not in LABELS and len(path) > 1]
    found = Found(scenario.spec, tables, frozenset(triggered))
    idle: list[Idle] = []
    known: dict[KeyPath, Verdict] = {}
    for path in stated:
        part = cause_of(path)
        new = part not in known
        verdict = known[part] = found.verdict(part) if new else known[part]
        if verdict is not None:
            idle += [Idle(join(part), *verdict)] if new else []
        elif join(path) in unread:
            verdict = found.leaf(path)
            if verdict is not None or scenario.value_at(join(path)) != 1:  # a factor of 1 is there to say that it is none
                idle.append(Idle(join(path), *(verdict or ("dead", "nothing in this scenario reads it"))))
    return idle


def dead_warnings(idle: Collection[Idle]) -> list[str]:
    """A line for each dead input, the first by name; dormant ones wait, so they are in the manifest only."""
    dead = [one for one in idle if one.state == "dead"]
    lines = [f"{one.key} is stated but changes nothing: {one.why}" for one in dead[:NAMED]]
    return lines + ([f"{len(dead) - NAMED} more stated inputs change nothing (inputs_without_effect)"] if len(dead) > NAMED else [])
