"""What a sweep file says: which scenarios, which dials are turned how far, and which numbers are kept of every run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, ValidationError

from sim.core.errors import ScenarioError
from sim.core.spec import Items, Key, Name, Spec, Text
from sim.scenario.faults import Locator, Pointing, explain, problems
from sim.scenario.merge import Layer

MOST_ROWS = 10_000_000
DesignKind = Literal["grid", "list", "latin_hypercube", "sobol", "morris", "saltelli", "draws"]
Step = Literal["in_waste_kg", "collected_kg", "separated_kg", "refined_kg", "available_kg", "demand_met_share"]


class DialSpec(Spec):
    """One number of the scenario and where it may stand: listed values, or a range."""

    key: Text = Field(description="Key path of a number of the scenario.")
    values: Items[float] | None = Field(default=None, description="The values it takes.", min_length=1, max_length=10_000)
    low: float | None = Field(default=None, description="Lower end of its range.")
    mode: float | None = Field(default=None, description="Likeliest value; with it the range is triangular, without it even.")
    high: float | None = Field(default=None, description="Upper end of its range.")
    scale: Literal["linear", "log"] = Field(default="linear", description="Whether a range is even in the number or in its log.")
    levels: int | None = Field(default=None, ge=2, le=10_000, description="Values a grid takes from a range, ends among them.")
    apply: Literal["set", "factor"] = Field(
        default="set", description="Put the value in place of the scenario's, or multiply what the scenario says, year by year."
    )


class DesignSpec(Spec):
    """How points are placed between the ends of the dials; made once, stored, and never made again."""

    kind: DesignKind = Field(description="Way of placing points.")
    points: int | None = Field(
        default=None, ge=2, le=2**20, description="Points; of saltelli the base sample, which makes points x (dials + 2) rows."
    )
    first: int | None = Field(default=None, ge=2, le=2**20, description="Of draws, run only so many, from the first on.")
    trajectories: int | None = Field(default=None, ge=2, le=100_000, description="Trajectories of morris, dials + 1 rows each.")
    levels: int = Field(default=4, ge=2, le=100, multiple_of=2, description="Levels of morris; an even number.")
    seed: int = Field(default=1, ge=0, le=2**53, description="Start of what is random in placing points.")


class StopSpec(Spec):
    """When a saltelli or morris design is sure enough to end early: looked at each time the base sample has doubled."""

    interval_below: float = Field(
        gt=0, le=2, description="Widest 95 % interval of any total index, or of any mean effect over the largest one."
    )
    least: int = Field(default=64, ge=4, le=2**20, description="Base points or trajectories before it is first looked at.")


class OutcomesSpec(Spec):
    """The numbers kept of every run: every step for every metal, country and year."""

    steps: Items[Step] = Field(default=("collected_kg", "refined_kg"), min_length=1, description="Steps of the headline ladder.")
    metals: Items[Key] = Field(min_length=1, description="Tracked elements.")
    countries: Items[Key] = Field(default=("ALL",), min_length=1, description="Countries; ALL is the sum of all.")
    years: Items[int] = Field(default=(), description="Calendar years; none: the sum of the whole run.")


class SweepSpec(Spec):
    """A sweep: a design of points, each run with the same replications."""

    name: Name = Field(description="Title of the sweep.")
    question: Text = Field(default="", description="The question it answers.")
    scenarios: Items[Key] = Field(
        min_length=1,
        max_length=100,
        description="Scenarios beside the sweep file, in the folder above, or shipped; each meets all points.",
    )
    set: Items[Text] = Field(default=(), description="What else holds in all points, as `time.end=2035`.")
    model: Literal["full", "twin"] = Field(
        default="full", description="The simulation, or its queue-free twin: a second's work, no luck, no waiting."
    )
    replications: int = Field(
        default=1, ge=1, le=10_000, description="Runs of every point; number k meets the same luck in all points."
    )
    seed: int = Field(default=1, ge=0, le=2**53, description="Start of every random stream of the runs.")
    chunk_runs: int = Field(default=20, ge=1, le=100_000, description="Runs saved together; at most so many are lost by a worker.")
    dials: Items[DialSpec] = Field(default=(), max_length=1000, description="What is turned; nothing with draws.")
    design: DesignSpec = Field(description="Where the points lie.")
    stop: StopSpec | None = Field(default=None, description="When to end early.")
    outcomes: OutcomesSpec = Field(description="What is kept.")


def row_count(design: DesignSpec, dials: Sequence[DialSpec]) -> int:
    """How many points a design has in one scenario."""
    points, count = design.points or 0, len(dials)
    match design.kind:
        case "grid":
            return math.prod(len(dial.values) if dial.values is not None else dial.levels or 0 for dial in dials)
        case "list":
            return len(dials[0].values or ()) if dials else 0
        case "morris":
            return (design.trajectories or 0) * (count + 1)
        case "saltelli":
            return points * (count + 2)
        case "draws":
            return min(points, design.first or points)
        case _:
            return points


def read_spec(layer: Layer, library: Pointing) -> SweepSpec:
    """The specification a sweep file states; raises ScenarioError with every value that is not right by itself."""
    try:
        return SweepSpec.model_validate(layer.tree)
    except ValidationError as error:
        raise ScenarioError(explain(problems(error, layer.tree), SweepSpec, layer.tree, Locator([layer], library, {}))) from None
