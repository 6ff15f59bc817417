"""Plants, routes and borders as the twin sees them: one set of shares a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import DAYS_PER_YEAR
from sim.nodes.plant_spec import ANY, END_STAGES, PlantSpec
from sim.scenario.schema import ScenarioSpec
from sim.trade.border_spec import BorderRuleSpec
from sim.trade.checks import WAIT
from sim.trade.rules import applies, specificity

Vector = NDArray[np.float64]
STAGES_AHEAD = {"announced": ("finance", "permit", "build"), "financed": ("permit", "build"), "permitted": ("build",)}
DAYS_PER_MONTH = DAYS_PER_YEAR / 12.0


@dataclass(frozen=True, slots=True)
class Plant:
    """A plant of the twin.

    forms : outputs that are sold unless a route takes them further. ends : whether it is end-processing of fractions.
    """

    name: str
    country: str
    available_to: str
    process: str
    stage: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    forms: frozenset[str]
    ends: bool
    opens: date
    closes: date


class Network:
    """Who takes what from where; call `open_year` first."""

    def __init__(self, spec: ScenarioSpec) -> None:
        self._spec = spec
        self._substances = tuple(spec.substances)
        self.plants = {plant.name: _plant(plant, spec) for plant in spec.plants}
        self.crude = {plant.country: plant for plant in self.plants.values() if plant.stage == "crude"}
        """The yard that takes what informal buyers of a country do not sell."""
        self._routes = {(route.origin, route.material): route for route in spec.routes}
        self._ports = _ports_reached(spec)
        self._year, self._rules = spec.time.start, list(spec.border_rules)
        self._known: dict[tuple[str, str], list[tuple[str, float]]] = {}
        self._tables: dict[tuple[str, str], Vector] = {}
        self._bans: dict[tuple[str, str, str], bool] = {}
        self._changing = {
            name
            for name, process in spec.processes.items()
            if not all(share.steady for outputs in process.transfer.values() for row in outputs.values() for share in row.values())
        }

    def open_year(self, year: int) -> None:
        """Look at dates and paths as they are in the middle of `year`."""
        self._year, rules = year, in_force(self._spec.border_rules, date(year, 7, 1))
        if rules != self._rules:
            self._rules = rules
            self._bans.clear()
        self._known.clear()
        self._tables = {key: table for key, table in self._tables.items() if key[0] not in self._changing}

    def destinations(self, country: str, material: str) -> list[tuple[str, float]]:
        """Where material of a country goes this year, with shares that sum to 1; empty: nowhere.

        Destinations that are open get their shares; the rest goes to the first open one in the order of the route, or
        to the fallback where none is open.
        """
        found = self._known.get((country, material))
        if found is None:
            found = self._known[country, material] = self._split(country, material)
        return found

    def _split(self, country: str, material: str) -> list[tuple[str, float]]:
        route = self._routes.get((country, material)) or self._routes.get((ANY, material))
        if route is None:
            return []
        given = [(each.to, each.share.at(self._year + 0.5)) for each in route.destinations]
        takes = [(name, share) for name, share in given if self._takes(name, country, material)]
        if not takes:
            return [] if route.fallback == WAIT else [(route.fallback, 1.0)]
        first, share = takes[0]
        takes[0] = first, share + 1.0 - sum(share for _, share in takes)
        return [(name, share) for name, share in takes if share > 0.0]

    def _takes(self, name: str, country: str, material: str) -> bool:
        plant = self.plants.get(name)
        if plant is None:
            return True
        if not plant.opens <= date(self._year, 7, 1) < plant.closes or material not in plant.inputs:
            return False
        return plant.country == country or (name in self._ports[country] and not self._banned(plant, country, material))

    def _banned(self, plant: Plant, country: str, material: str) -> bool:
        """Whether the most specific rule in force forbids the way."""
        key = plant.name, country, material
        if key not in self._bans:
            rules = [rule for rule in self._rules if applies(rule, country, plant.country, material, plant.name)]
            self._bans[key] = max(rules, key=specificity).rule == "ban"
        return self._bans[key]

    def transfer(self, plant: Plant, inputs: Sequence[str]) -> Vector:
        """Share of each substance of each input that goes to each output, shape (inputs, outputs, substances)."""
        return np.stack([self._table(plant, name) for name in inputs])

    def _table(self, plant: Plant, source: str) -> Vector:
        found = self._tables.get((plant.process, source))
        if found is None:
            transfer, when = self._spec.processes[plant.process].transfer, self._year + 0.5
            rows = transfer.get(source) or transfer[ANY]
            found = np.zeros((len(plant.outputs), len(self._substances)))
            for number, row in enumerate(rows.get(output, {}) for output in plant.outputs):
                for column, substance in enumerate(self._substances):
                    share = row.get(substance, row.get(ANY))
                    found[number, column] = 0.0 if share is None else share.at(when)
            found /= np.maximum(found.sum(axis=0), 1.0)
            self._tables[plant.process, source] = found
        return found


def in_force(rules: Sequence[BorderRuleSpec], day: date) -> list[BorderRuleSpec]:
    """Border rules that hold on a day."""
    return [rule for rule in rules if (rule.start or day) <= day <= (rule.end or day)]


def planned_opening(plant: PlantSpec, spec: ScenarioSpec) -> date:
    """Day a plant is there if all goes by plan: the day it names, or the most likely durations after its announcement."""
    if plant.status == "closed":
        return date.max
    ahead = STAGES_AHEAD.get(plant.status, () if plant.status == "operating" else ("build",))
    if plant.start is not None or not ahead or plant.commissioning is None:
        return plant.start or date.min
    durations = spec.commissioning[plant.commissioning]
    months = sum(getattr(durations, f"{stage}_months").mode for stage in ahead)
    return (plant.announced or date(spec.time.start, 1, 1)) + timedelta(days=months * DAYS_PER_MONTH)


def _plant(plant: PlantSpec, spec: ScenarioSpec) -> Plant:
    process = spec.processes[plant.process]
    fractions = spec.fractions.keys()
    end = process.stage in END_STAGES
    return Plant(
        plant.name,
        plant.country,
        plant.available_to or spec.countries[plant.country].available_to,
        plant.process,
        process.stage,
        process.takes(tuple(spec.groups)),
        process.outputs,
        frozenset(process.outputs) - fractions if end or process.stage == "crude" else frozenset(),
        end and not fractions.isdisjoint(process.transfer),
        planned_opening(plant, spec),
        plant.end or date.max,
    )


def _ports_reached(spec: ScenarioSpec) -> Mapping[str, frozenset[str]]:
    """Plants that lanes reach from each country, by name."""
    onward: dict[str, set[str]] = {}
    for lane in spec.lanes:
        onward.setdefault(lane.origin, set()).add(lane.destination)
    reached = {}
    for country in spec.countries:
        ports: set[str] = set()
        fresh = {key for key, port in spec.ports.items() if port.country == country}
        while fresh:
            fresh = {there for port in fresh for there in onward.get(port, ())} - ports
            ports |= fresh
        there = {spec.ports[port].country for port in ports}
        reached[country] = frozenset(p.name for p in spec.plants if (p.port in ports if p.port else p.country in there))
    return reached
