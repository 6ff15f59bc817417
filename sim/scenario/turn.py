"""Numbers turned on a scenario that is checked already: what a sweep does at every point, without merging or reading again.

Only the tables around a turned number are validated again, and only numbers around it are drawn again; the rest is shared
with the scenario. Which numbers are uncertain is decided once, with the turned ones stated: a range may become a number or
another range, a number stays one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from sim.core.quantity import Quantity
from sim.scenario import toml
from sim.scenario.checks import COMPARED, check
from sim.scenario.draw import Branch, Family, Plan, draw_numbers, plan_of, rebuilt, scale
from sim.scenario.faults import Locator
from sim.scenario.keys import KeyPath, entry_id, get, join, split
from sim.scenario.references import names
from sim.scenario.scenario import Scenario
from sim.scenario.schema import ScenarioSpec

KEPT_DRAWS = 32


class Turner:
    """Turns the same few numbers of a scenario again and again.

    Parameters
    ----------
    scenario : the base.
    turned : key path -> a value it may have; where the base states none yet, this one tells that the key is written.
    """

    def __init__(self, scenario: Scenario, turned: Mapping[str, Any]) -> None:
        self.base = scenario
        stated = {key: get(scenario.tree, split(key)) for key in turned}
        self.stated = scenario.with_set(
            *(f"{key}={toml.value(stated[key] if _is_number(stated[key]) else turned[key])}" for key in turned)
        )
        self.paths = tuple(split(key) for key in turned)
        self.plan: Plan = plan_of(self.stated) if scenario.spec.run.uncertain_inputs else Plan((), Branch(()), ())
        place = {one.key: number for number, one in enumerate(self.plan.uncertain)}
        self._places = tuple(place.get(join(path)) for path in self.paths)
        self._families = tuple(family for family in self.plan.families if self._touches(family))
        self._compared = any(path[0] in COMPARED for path in self.paths)
        self._locator = Locator(self.stated.layers, scenario.library, scenario.library.tree)
        self._names = names(self.stated.tree, scenario.library.tree)
        self._drawn: dict[tuple[int, int, int], tuple[list[float], list[Quantity], ScenarioSpec]] = {}

    def at(self, values: Sequence[Any]) -> ScenarioSpec:
        """The specification with the numbers set, checked; values as TOML would have them.

        Raises
        ------
        ScenarioError
            If a value, or what it makes of others, is not allowed.
        """
        try:
            spec: ScenarioSpec = put(self.stated.spec, dict(zip(self.paths, values, strict=True)), validate=True)
        except ValidationError:
            return self._explained(values)
        if self._compared and next(check(spec, self._locator, self._names), None) is not None:
            return self._explained(values)
        return spec

    def _explained(self, values: Sequence[Any]) -> ScenarioSpec:
        """Go the long way, which says what is wrong."""
        keys = (join(path) for path in self.paths)
        return self.base.with_set(*(f"{key}={toml.value(value)}" for key, value in zip(keys, values, strict=True))).spec

    def drawn(self, spec: ScenarioSpec, draw: int, draws: int, seed: int) -> ScenarioSpec:
        """Draw number `draw` of `draws` of a specification made by `at`: as `draw_spec` would."""
        if not self.plan.uncertain:
            return spec
        u, unscaled, base = self._draw(draw, draws, seed)
        changed: dict[KeyPath, Any] = {}
        uncertain, numbers, fixed = list(self.plan.uncertain), list(unscaled), dict[int, Quantity]()
        for path, place in zip(self.paths, self._places, strict=True):
            value = read(spec, path)
            if place is not None:
                uncertain[place] = replace(uncertain[place], quantity=value)
                if not value.uncertain:
                    fixed[place] = value
                value = numbers[place] = value.drawn(u[place])
            changed[path] = value
        for family in self._families:
            free = [place for place in family.places if place not in fixed]
            certain = {key: read(spec, split(key)) for key in family.certain}
            certain |= {uncertain[place].key: fixed[place] for place in family.places if place in fixed}
            scale(numbers, uncertain, Family(family.keeps, free, certain))
            changed |= {split(uncertain[place].key): numbers[place] for place in free}
        turned: ScenarioSpec = put(base, changed)
        return turned

    def _draw(self, draw: int, draws: int, seed: int) -> tuple[list[float], list[Quantity], ScenarioSpec]:
        """Quantiles, numbers before families are scaled, and the specification drawn with turned numbers as in the base."""
        key = (draw, draws, seed)
        if key not in self._drawn:
            if len(self._drawn) >= KEPT_DRAWS:
                del self._drawn[next(iter(self._drawn))]
            _, u, numbers, _ = draw_numbers(self.plan, draw, draws, seed)
            scaled = list(numbers)
            for family in self.plan.families:
                scale(scaled, self.plan.uncertain, family)
            self._drawn[key] = u, numbers, rebuilt(self.stated.spec, self.plan.branch, scaled)
        return self._drawn[key]

    def _touches(self, family: Family) -> bool:
        keys = {self.plan.uncertain[place].key for place in family.places} | set(family.certain)
        return any(join(path) in keys for path in self.paths)


def turned(scenario: Scenario, key: str, number: float, *, factor: bool, whole: bool) -> Any:
    """What a number makes of the value at a key path, in the shape of TOML: it takes its place, or multiplies all of it."""
    value = _scaled(scenario.value_at(key), number) if factor else number
    return round(value) if whole else value


def _scaled(value: Any, factor: float) -> Any:
    """A number in any of its shapes, multiplied."""
    return {key: _scaled(inner, factor) for key, inner in value.items()} if isinstance(value, Mapping) else value * factor


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Mapping) and not isinstance(value, bool)


def read(value: Any, path: KeyPath) -> Any:
    """The value at a key path of a specification; raises KeyError where there is none."""
    for part in path:
        if isinstance(value, BaseModel):
            value = getattr(value, part)
        elif isinstance(value, tuple):
            value = value[_index(value, part)]
        else:
            value = value[part]
    return value


def put(value: Any, changes: Mapping[KeyPath, Any], *, validate: bool = False) -> Any:
    """A copy of a part of a specification with values at key paths replaced; what is not on the way to one is shared.

    validate : check the tables on the way again, the outermost one excepted, and read the values as TOML has them.
    """
    below: dict[str, dict[KeyPath, Any]] = {}
    for path, new in changes.items():
        below.setdefault(path[0], {})[path[1:]] = new

    def changed(inner: Any, inside: dict[KeyPath, Any]) -> Any:
        return inside[()] if () in inside else put(inner, inside, validate=validate)

    if isinstance(value, tuple):
        items = list(value)
        for part, inside in below.items():
            index = _index(value, part)
            items[index] = changed(items[index], inside)
        return tuple(items)
    if isinstance(value, BaseModel):
        update = {part: changed(getattr(value, part), inside) for part, inside in below.items()}
        if validate and not isinstance(value, ScenarioSpec):
            return type(value).model_validate({**dict(value), **update})
        return value.model_copy(update=update)
    return value | {part: changed(value.get(part), inside) for part, inside in below.items()}


def _index(entries: tuple[Any, ...], part: str) -> int:
    for index, entry in enumerate(entries):
        if entry_id({key: getattr(entry, key) for key in ("name", "to") if hasattr(entry, key)}, index) == part:
            return index
    raise KeyError(part)
