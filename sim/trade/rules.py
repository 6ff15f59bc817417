"""Border rules as a table: which one is in force for a cargo on a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf

from sim.core.calendar import Calendar
from sim.core.errors import Fault, WiringError
from sim.trade.border_spec import BorderRuleSpec

ANY = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its days of simulation, in force from `start_day` up to, not including, `end_day`."""

    spec: BorderRuleSpec
    start_day: float
    end_day: float

    def holds(self, day: float) -> bool:
        """Whether it is in force on `day`."""
        return self.start_day <= day < self.end_day


def specificity(spec: BorderRuleSpec) -> tuple[bool, int, bool]:
    """Rank of a rule, higher wins: names the plant, then number of countries named, then names the fraction."""
    return bool(spec.plants), (spec.origin != ANY) + (spec.destination != ANY), ANY not in spec.fractions


def applies(spec: BorderRuleSpec, origin: str, destination: str, fraction: str, plant: str) -> bool:
    """Whether a rule is about this cargo, whatever the day."""
    return (
        _joins(spec, origin, destination)
        and (ANY in spec.fractions or fraction in spec.fractions)
        and (not spec.plants or plant in spec.plants)
    )


def _joins(spec: BorderRuleSpec, origin: str, destination: str) -> bool:
    return spec.origin in {ANY, origin} and spec.destination in {ANY, destination}


class RuleTable:
    """All border rules of a scenario."""

    def __init__(self, specs: Iterable[BorderRuleSpec], calendar: Calendar) -> None:
        self._rules = [
            Rule(
                spec,
                float(calendar.day_of(spec.start)) if spec.start is not None else -inf,
                float(calendar.day_of(spec.end) + 1) if spec.end is not None else inf,
            )
            for spec in specs
        ]
        self._days = float(calendar.days)
        self._of_pair: dict[tuple[str, str], list[Rule]] = {}

    def about(self, origin: str, destination: str, fraction: str, plant: str) -> Sequence[Rule]:
        """Rules about a cargo, most specific first.

        Raises
        ------
        WiringError
            If on some day of the run no rule is in force.
        """
        pair = self._of_pair.get((origin, destination))
        if pair is None:
            pair = [rule for rule in self._rules if _joins(rule.spec, origin, destination)]
            pair.sort(key=lambda rule: specificity(rule.spec), reverse=True)
            self._of_pair[origin, destination] = pair
        rules = [rule for rule in pair if applies(rule.spec, origin, destination, fraction, plant)]
        for day in sorted({0.0, *(rule.end_day for rule in rules)}):
            if 0.0 <= day < self._days and not any(rule.holds(day) for rule in rules):
                message = f"no rule says how {fraction} goes from {origin} to {destination} on day {day:.0f}"
                raise WiringError([Fault("", 0, "border_rules", message, 'Add a rule with origin = "*" and destination = "*".')])
        return rules


def contradictions(specs: Sequence[BorderRuleSpec]) -> list[Fault]:
    """One fault for every two rules that are equally specific for the same cargo and day."""
    faults = []
    for a, b in combinations(specs, 2):
        if specificity(a) == specificity(b) and _meet(a, b):
            message = f"'{a.name}' and '{b.name}' are equally specific for the same cargo and days"
            hint = "Say which wins with a rule that names both countries, a fraction or a plant, or change their dates."
            faults.append(Fault("", 0, f"border_rules.{b.name}", message, hint))
    return faults


def _meet(a: BorderRuleSpec, b: BorderRuleSpec) -> bool:
    """Whether some cargo on some day is under both rules."""
    if a.start is not None and b.end is not None and b.end < a.start:
        return False
    if b.start is not None and a.end is not None and a.end < b.start:
        return False
    one_way = all(ANY in {x, y} or x == y for x, y in ((a.origin, b.origin), (a.destination, b.destination)))
    fractions = ANY in a.fractions or ANY in b.fractions or not set(a.fractions).isdisjoint(b.fractions)
    plants = not a.plants or not b.plants or not set(a.plants).isdisjoint(b.plants)
    return one_way and fractions and plants
