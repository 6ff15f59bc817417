"""Every number a scenario may hold has bounds, a unit, and a name that says the unit."""

import importlib
import math
import pkgutil
import re
import typing

import pytest
from annotated_types import Ge, Gt, Le, Lt

import sim
from sim.core.quantity import Quantity
from sim.core.spec import Bounded, Spec

# unit -> word of the name that says it, else a word of the unit; what is counted or compared has no unit to say
WORDS = {
    "share": {"share"},
    "days": {"days"},
    "years": {"years"},
    "hours": {"hours"},
    "minutes": {"minutes"},
    "kg": {"kg"},
    "t": {"t"},
    "kt": {"kt"},
    "g per unit": {"g"},
    "km": {"km"},
    "km2": {"km2"},
    "km/h": {"kmh"},
    "m3": {"m3"},
    "USD": {"usd"},
    "USD per unit of the name": {"usd"},
    "kWh/t": {"kwh"},
    "kgCO2e per unit of the name": {"co2", "kgco2e"},
    "factor": set(),
    "count": set(),
}


def specs():
    for module in pkgutil.walk_packages(sim.__path__, "sim."):
        if module.name.endswith("_spec") or module.name == "sim.scenario.schema":
            importlib.import_module(module.name)
    found, todo = set(), [Spec]
    while todo:
        children = todo.pop().__subclasses__()
        todo += children
        found |= {child for child in children if child.__module__.startswith("sim.")}
    return sorted(found, key=lambda spec: (spec.__module__, spec.__name__))


def numbers(annotation, marks):
    """Every number type inside an annotation with the marks beside it."""
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *own = typing.get_args(annotation)
        yield from numbers(inner, own)
    elif annotation in {Quantity, int, float}:
        yield annotation, marks
    else:
        for part in typing.get_args(annotation):
            yield from numbers(part, marks)


FIELDS = [
    pytest.param(spec, name, field, id=f"{spec.__name__}.{name}")
    for spec in specs()
    for name, field in spec.model_fields.items()
    if any(True for _ in numbers(field.annotation, []))
]


@pytest.mark.parametrize(("spec", "name", "field"), FIELDS)
def test_every_number_has_bounds_and_a_unit(spec, name, field):
    for kind, marks in numbers(field.annotation, list(field.metadata)):
        bounds = [mark for mark in marks if isinstance(mark, Bounded)]
        if kind is Quantity:
            assert len(bounds) == 1, "a Quantity is one of the field types of sim.core.spec"
            assert math.isfinite(bounds[0].low)
            assert math.isfinite(bounds[0].high)
            assert bounds[0].low < bounds[0].high
            assert bounds[0].unit
        else:
            low, high = (any(isinstance(mark, kinds) for mark in marks) for kinds in ((Ge, Gt), (Le, Lt)))
            assert (low and high) or field.description, "both bounds, or a description that says why not"


@pytest.mark.parametrize(("spec", "name", "field"), FIELDS)
def test_names_say_the_unit(spec, name, field):
    keyed = "dict[" in str(field.annotation)  # in `mix.phone = 0.2` the description says of what
    for _, marks in numbers(field.annotation, list(field.metadata)):
        for bound in (mark for mark in marks if isinstance(mark, Bounded)):
            words = WORDS.get(bound.unit, set(re.findall(r"\w+", bound.unit)))
            assert not words or words & set(name.split("_")) or (keyed and field.description), f"{name} holds {bound.unit}"


def test_there_are_specs():
    assert len(FIELDS) > 100
