"""A sweep file, read and checked whole: every fault with its line, before anything runs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sim.core.errors import Fault, ScenarioError
from sim.results.steps import ALL, SHARE
from sim.scenario import fields, reading, syntax
from sim.scenario.extends import shipped
from sim.scenario.fields import Node
from sim.scenario.keys import MISSING, KeyPath, entry_id, get, join, nearest, split
from sim.scenario.library import Library, load_library
from sim.scenario.load import load_scenario
from sim.scenario.merge import Layer
from sim.scenario.scenario import SET, Scenario
from sim.scenario.schema import ScenarioSpec
from sim.scenario.turn import Turner, turned
from sim.scenario.wording import listed, say
from sim.study.sweep_spec import MOST_ROWS, DesignSpec, DialSpec, SweepSpec, read_spec, row_count

NUMBERS = ("quantity", "whole", "number")

WORDINGS: dict[str, tuple[str, str]] = {
    "no_scenario": ("there is no scenario {written} beside this file, in the folder above, or in the library.", "{hint}"),
    "dial_twice": ("the dial {key} is listed twice.", "Keep one of them."),
    "dial_path": ("{key} is not a key path.", "It is written with dots, for example time.end"),
    "dial_missing": ("the scenario {scenario} has no {key}.", "{hint}"),
    "dial_number": ("{key} holds {what}, not a number.", "A dial turns a number."),
    "dial_run": ("{key} belongs to the sweep, not to its points.", "Write replications and seed at the top of the sweep file."),
    "dial_empty": ("the dial has neither values nor a range.", "Write values = [...], or low and high."),
    "dial_both": ("the dial has both values and a range.", "Keep one of them."),
    "dial_order": ("a range has low < high, and mode between them.", "Put the numbers in order."),
    "dial_log": ("a range even in the log needs low above 0 and no mode.", 'Raise low, or write scale = "linear".'),
    "dial_bounds": ("{value} is outside what {key} may be: {allowed}.", "Keep the dial within that."),
    "dial_rule": ("at {end} of {key} the scenario breaks a rule ({path}): {why}", "{hint}"),
    "dials_rule": ("with every dial where the scenario has it, a rule is broken ({path}): {why}", "{hint}"),
    "grid_levels": ("a grid needs the number of values to take from a range.", "Write levels = 5, or list values."),
    "list_values": ("a list design reads the values of all dials side by side, {count} of each.", "Give every dial as many."),
    "points_missing": ("a {kind} design needs {needed}.", "Write for example {needed} = {example}"),
    "points_power": ("a {kind} design is balanced for powers of two only.", "Write points = {below} or {above}."),
    "no_dials": ("a {kind} design turns dials, and there are none.", "Add [[dials]]."),
    "draws_dials": ("a design of draws turns nothing but what is uncertain.", "Leave out the dials, or choose another design."),
    "draws_first": ("first belongs to a design of draws.", "Leave it out."),
    "twin_luck": ("the twin knows no luck, so all replications would be the same.", "Write replications = 1."),
    "stop_design": ("a rule for ending early needs a saltelli or morris design.", "Leave out [stop]."),
    "rows_many": ("the design has {rows} rows; at most {most} are possible.", "Take fewer points, levels or dials."),
    "no_metal": ("the scenario {scenario} has no element {written}.", "{hint}"),
    "no_country": ("the scenario {scenario} has no country {written}.", "{hint}"),
    "year_outside": ("the scenario {scenario} runs from {start} to {end}.", "Choose a year of the run."),
    "share_years": ("a share has no sum over years.", "Write years = [...]."),
}


@dataclass(frozen=True, eq=False)
class SweepFile:
    """A valid sweep file and its base scenarios.

    whole : which dials take whole numbers only.
    """

    path: Path
    raw: bytes
    spec: SweepSpec
    scenarios: tuple[Scenario, ...]
    whole: tuple[bool, ...]

    @property
    def id(self) -> str:
        """Name of the file as a name for folders."""
        return re.sub(r"[^A-Za-z0-9_-]+", "_", self.path.stem).strip("_-")[:64] or "sweep"

    @property
    def rows(self) -> int:
        """Points over all scenarios."""
        return row_count(self.spec.design, self.spec.dials) * len(self.scenarios)

    @property
    def runs(self) -> int:
        """Runs in all."""
        return self.rows * self.spec.replications

    @property
    def chunks(self) -> int:
        """Parts the runs are saved in."""
        return -(-self.runs // self.spec.chunk_runs)

    def identity(self, program: str) -> str:
        """Hash of everything a number of the sweep depends on but the locked versions of libraries."""
        said = [program, self.spec.model_dump_json(), *(scenario.resolved_toml() for scenario in self.scenarios)]
        return sha256("\0".join(said).encode()).hexdigest()


def load_sweep_file(path: str | Path, library: Library | None = None) -> SweepFile:
    """Read and check a sweep file, or the shipped one of that name.

    Raises
    ------
    ScenarioError
        With every fault of the file, or of a base scenario.
    """
    file = find(path)
    label = str(file)
    raw = reading.read_bytes(file, label)
    text = reading.decode(raw, label)
    tree = syntax.parse(text, label)
    layer = Layer(label, text, tree, None, raw)
    tables = library if library is not None else load_library()
    spec = read_spec(layer, tables)
    checker = _Checker(layer, spec)
    scenarios = tuple(checker.settled(load_scenario(place, library=tables)) for place in checker.places(file))
    faults = [*checker.design(), *(fault for scenario in scenarios for fault in checker.against(scenario))]
    faults = faults or [fault for scenario in scenarios for fault in checker.ends(scenario)]
    if faults:
        raise ScenarioError(list({(fault.line, fault.path): fault for fault in reversed(faults)}.values()))
    return SweepFile(file, raw, spec, scenarios, tuple(_is_whole(dial) for dial in spec.dials))


def find(path: str | Path) -> Path:
    """The file meant by a path, or by the bare name of a shipped sweep."""
    given = Path(path)
    named = shipped() / "sweeps" / f"{path}.toml"
    return named if not given.exists() and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", str(path)) and named.is_file() else given


def _node_at(path: KeyPath) -> Node:
    node = fields.at(ScenarioSpec, path)
    if node is None:
        raise KeyError(join(path))
    return node


@dataclass(frozen=True, slots=True)
class _Checker:
    """Finds what does not fit in a sweep file whose values are right one by one."""

    layer: Layer
    spec: SweepSpec

    def fault(self, path: KeyPath, code: str, /, **values: object) -> Fault:
        return Fault(self.layer.file, self.layer.positions.of(path), join(path), *say(WORDINGS, code, **values))

    def places(self, file: Path) -> list[Path]:
        """Files of the base scenarios."""
        folders = list(dict.fromkeys((file.parent.resolve(), file.parent.resolve().parent, shipped().resolve())))
        found, faults = [], []
        for index, name in enumerate(self.spec.scenarios):
            place = next((folder / f"{name}.toml" for folder in folders if (folder / f"{name}.toml").is_file()), None)
            if place is None:
                known = sorted({other.stem for folder in folders for other in folder.glob("*.toml")} - {file.stem})
                hint = _meant(name, known)
                faults.append(self.fault(("scenarios", str(index + 1)), "no_scenario", written=f'"{name}"', hint=hint))
            else:
                found.append(place)
        if faults:
            raise ScenarioError(faults)
        return found

    def settled(self, scenario: Scenario) -> Scenario:
        """A base scenario with what holds in all points; a fault is told at the line of the sweep file."""
        if not self.spec.set:
            return scenario
        try:
            return scenario.with_set(*self.spec.set)
        except ScenarioError as error:
            file, line = self.layer.file, self.layer.positions.of(("set",))
            raise ScenarioError(
                [fault._replace(file=file, line=line) if fault.file == SET else fault for fault in error.faults]
            ) from None

    def design(self) -> Iterator[Fault]:
        """Faults of dials and design by themselves."""
        spec, keys = self.spec, [dial.key for dial in self.spec.dials]
        for index, dial in enumerate(spec.dials):
            if dial.key in keys[:index]:
                yield self.fault(_at(index, "key"), "dial_twice", key=dial.key)
            code = _range_fault(dial) or _design_fault(dial, spec.design)
            if code:
                yield self.fault(_at(index), code)
        if spec.design.kind == "list":
            count = len(spec.dials[0].values or ()) if spec.dials else 0
            for index, dial in enumerate(spec.dials):
                if len(dial.values or ()) != count or not count:
                    yield self.fault(_at(index), "list_values", count=count)
        yield from self._kind(spec)
        yield from self._points(spec.design)

    def _kind(self, spec: SweepSpec) -> Iterator[Fault]:
        """Faults of what does not go together with the kind of design or model."""
        kind = spec.design.kind
        if kind == "draws" and spec.dials:
            yield self.fault(_at(0), "draws_dials")
        if kind != "draws" and not spec.dials:
            yield self.fault(("design", "kind"), "no_dials", kind=kind)
        if kind != "draws" and spec.design.first is not None:
            yield self.fault(("design", "first"), "draws_first")
        if spec.model == "twin" and spec.replications > 1:
            yield self.fault(("replications",), "twin_luck")
        if spec.stop is not None and kind not in {"saltelli", "morris"}:
            yield self.fault(("stop",), "stop_design")

    def _points(self, design: DesignSpec) -> Iterator[Fault]:
        path = ("design", "points")
        needed = {"morris": "trajectories", "grid": "", "list": ""}.get(design.kind, "points")
        if needed and getattr(design, needed) is None:
            yield self.fault(
                ("design",), "points_missing", kind=design.kind, needed=needed, example=10 if needed == "trajectories" else 256
            )
        elif design.kind in {"sobol", "saltelli"} and design.points is not None and design.points & (design.points - 1):
            below = 2 ** int(math.log2(design.points))
            yield self.fault(path, "points_power", kind=design.kind, below=below, above=2 * below)
        rows = row_count(design, self.spec.dials) * len(self.spec.scenarios) * self.spec.replications
        if rows > MOST_ROWS:
            yield self.fault(path, "rows_many", rows=rows, most=MOST_ROWS)

    def against(self, scenario: Scenario) -> Iterator[Fault]:
        """Faults of dials and outcomes in one scenario."""
        for index, dial in enumerate(self.spec.dials):
            yield from self._dial(index, dial, scenario)
        outcomes, spec = self.spec.outcomes, scenario.spec
        for place, metal in enumerate(outcomes.metals):
            if metal not in spec.substances:
                yield self._unknown(("outcomes", "metals", str(place + 1)), "no_metal", metal, spec.substances, scenario)
        for place, country in enumerate(outcomes.countries):
            if country != ALL and country not in spec.countries:
                yield self._unknown(("outcomes", "countries", str(place + 1)), "no_country", country, spec.countries, scenario)
        time = spec.time
        for place, year in enumerate(outcomes.years):
            if not time.start <= year <= time.end:
                path = ("outcomes", "years", str(place + 1))
                yield self.fault(path, "year_outside", scenario=scenario.id, start=time.start, end=time.end)
        if SHARE in outcomes.steps and not outcomes.years:
            yield self.fault(("outcomes", "steps"), "share_years")

    def _unknown(self, path: KeyPath, code: str, written: str, names: Iterable[str], scenario: Scenario) -> Fault:
        return self.fault(path, code, written=written, scenario=scenario.id, hint=_meant(written, names))

    def _dial(self, index: int, dial: DialSpec, scenario: Scenario) -> Iterator[Fault]:
        where = _at(index, "key")
        try:
            path = split(dial.key)
        except ValueError:
            yield self.fault(where, "dial_path", key=dial.key)
            return
        node = fields.at(ScenarioSpec, path)
        if path[0] == "run":
            yield self.fault(where, "dial_run", key=dial.key)
        elif (
            node is None
            or get(scenario.tree, path[:-1]) is MISSING
            or (dial.apply == "factor" and get(scenario.tree, path) is MISSING)
        ):
            yield self.fault(where, "dial_missing", key=dial.key, scenario=scenario.id, hint=_nearest_path(path, scenario))
        elif node.kind not in NUMBERS:
            yield self.fault(where, "dial_number", key=dial.key, what=fields.WORDS[node.kind])
        elif dial.apply == "set":
            outside = next((value for value in _ends(dial) if not _allows(node, value)), None)
            if outside is not None:
                yield self.fault(_at(index), "dial_bounds", value=f"{outside:g}", key=path[-1], allowed=node.allowed)

    def ends(self, scenario: Scenario) -> Iterator[Fault]:
        """Dials whose ends break a rule of the scenario, each tried alone while the others stand where the scenario has them.

        What only several dials together break is left to the runs, which are recorded as failed.
        """
        dials = self.spec.dials
        if not dials:
            return
        resting = [_resting(dial, scenario) for dial in dials]
        try:
            turner = Turner(
                scenario, {dial.key: _turned(scenario, dial, value) for dial, value in zip(dials, resting, strict=True)}
            )
        except ScenarioError as error:
            yield self.fault(("dials",), "dials_rule", **_why(error))
            return

        def broken(values: list[float]) -> dict[str, str]:
            try:
                turner.at([_turned(scenario, dial, value) for dial, value in zip(dials, values, strict=True)])
            except ScenarioError as error:
                return _why(error)
            return {}

        if why := broken(resting):
            yield self.fault(("dials",), "dials_rule", **why)
            return
        for index, dial in enumerate(dials):
            for end in dict.fromkeys((min(_ends(dial)), max(_ends(dial)))):
                if why := broken([*resting[:index], end, *resting[index + 1 :]]):
                    yield self.fault(_at(index), "dial_rule", key=dial.key, end=f"{end:g}", **why)


def _why(error: ScenarioError) -> dict[str, str]:
    """The first fault of a scenario, for a wording."""
    first = error.faults[0]
    return {"why": first.message, "path": first.path, "hint": first.hint}


def _resting(dial: DialSpec, scenario: Scenario) -> float:
    """The place of a dial that is nearest to what the scenario has; its mode or middle where the scenario has no single number."""
    low, high = min(_ends(dial)), max(_ends(dial))
    value = 1.0 if dial.apply == "factor" else get(scenario.tree, split(dial.key))
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = dial.mode if dial.mode is not None else (low + high) / 2.0
    return min(dial.values or (min(max(value, low), high),), key=lambda place: abs(place - value))


def _turned(scenario: Scenario, dial: DialSpec, value: float) -> Any:
    return turned(scenario, dial.key, value, factor=dial.apply == "factor", whole=_is_whole(dial))


def _is_whole(dial: DialSpec) -> bool:
    return _node_at(split(dial.key)).kind == "whole"


def _at(index: int, *more: str) -> KeyPath:
    return ("dials", str(index + 1), *more)


def _range_fault(dial: DialSpec) -> str:
    """The wording for a dial that cannot be sampled; empty for one that can."""
    low, mode, high = dial.low, dial.mode, dial.high
    if dial.values is not None:
        return "dial_both" if (low, mode, high) != (None, None, None) else ""
    if low is None or high is None:
        return "dial_empty"
    if not low < high or not low <= (low if mode is None else mode) <= high:
        return "dial_order"
    return "dial_log" if dial.scale == "log" and (low <= 0.0 or mode is not None) else ""


def _design_fault(dial: DialSpec, design: DesignSpec) -> str:
    return "grid_levels" if design.kind == "grid" and dial.values is None and dial.levels is None else ""


def _ends(dial: DialSpec) -> tuple[float, ...]:
    return dial.values if dial.values is not None else tuple(value for value in (dial.low, dial.high) if value is not None)


def _allows(node: Node, value: float) -> bool:
    low, high = (node.bounds.low, node.bounds.high) if node.bounds else (node.low, node.high)
    return (low is None or low <= value) and (high is None or value <= high)


def _meant(written: str, names: Iterable[str]) -> str:
    known = list(names)
    near = nearest(written, known)
    return f"Did you mean {near}?" if near else f"There are: {listed(known, 12)}."


def _nearest_path(path: KeyPath, scenario: Scenario) -> str:
    """The hint for a key path that is not in a scenario: the path with its first wrong part mended, as far as that goes."""
    here: KeyPath = ()
    for part in path:
        if get(scenario.tree, (*here, part)) is not MISSING:
            here = (*here, part)
            continue
        names = _children(here, scenario)
        near = nearest(part, names)
        if near is None:
            return f"{join(here) or 'A scenario'} has: {listed(names, 12)}."
        here = (*here, near)
    return f"Did you mean {join(here)}?"


def _children(path: KeyPath, scenario: Scenario) -> list[str]:
    value = get(scenario.tree, path)
    names = list(value) if isinstance(value, dict) else []
    if isinstance(value, list | tuple):
        names = [entry_id(item, index) for index, item in enumerate(value)]
    node = fields.at(ScenarioSpec, path)
    return names + [name for name in (fields.fields(node.spec) if node is not None and node.spec else ()) if name not in names]
