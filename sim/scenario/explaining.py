"""Everything known about a key: what it means, what it may be, what it is, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sim.scenario import fields, toml
from sim.scenario.evidence import GRADES, Evidence
from sim.scenario.keys import MISSING, KeyPath, entry_id, get, join, nearest, split
from sim.scenario.reference import meaning
from sim.scenario.scenario import Said, Scenario
from sim.scenario.schema import ScenarioSpec
from sim.scenario.wording import listed


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known about one key of one scenario.

    value : in the shape of TOML, None where the key stands for many. inside : keys below it with their meanings.
    years : of a path over years that the library states, the years and what stands behind them, equal neighbours together.
    """

    key: str
    meaning: str
    unit: str
    allowed: str
    value: str | None
    evidence: Evidence | None
    said: Said | None
    inside: dict[str, str]
    years: tuple[tuple[str, Evidence], ...] = ()

    def text(self) -> str:
        """Lines for people."""
        lines = [self.key, f"  meaning  {self.meaning}"]
        if self.unit:
            lines.append(f"  unit     {self.unit}")
        if self.allowed:
            lines.append(f"  allowed  {self.allowed}")
        if self.value is not None:
            lines.append(f"  value    {self.value}")
        if self.said is not None:
            lines.append(f"  stated   {self.said}")
        if len(self.years) > 1:
            lines += [line for years, evidence in self.years for line in (f"  {years}", *self._evidence_lines(evidence, "    "))]
        elif self.evidence is not None:
            lines += self._evidence_lines(self.evidence)
        lines += [f"  {key:<40} {what}" for key, what in self.inside.items()]
        return "\n".join(lines)

    def _evidence_lines(self, evidence: Evidence, indent: str = "  ") -> list[str]:
        lines = [f"{indent}source   {evidence.source}"] if self.said is None else []
        if evidence.address and self.said is None:
            lines.append(f"{indent}address  {evidence.address}")
        lines.append(f"{indent}grade    {evidence.grade} ({GRADES.get(evidence.grade, 'not graded')})")
        if evidence.derivation:
            lines.append(f"{indent}derived  {evidence.derivation}")
        return lines

    def data(self) -> dict[str, Any]:
        """The same as a JSON object."""
        return {
            "key": self.key,
            "meaning": self.meaning,
            "unit": self.unit,
            "allowed": self.allowed,
            "value": self.value,
            "stated": str(self.said) if self.said else None,
            "evidence": self.evidence._asdict() if self.evidence else None,
            "years": {years: evidence._asdict() for years, evidence in self.years},
            "inside": self.inside,
        }


def explain(scenario: Scenario, key: str) -> list[Explanation]:
    """Explanations of a key path, a path with `*`, a bare key name or the name of an entry (wherever it stands); empty if none."""
    try:
        path = split(key)
    except ValueError:
        return []
    node = fields.at(ScenarioSpec, path)
    if node is not None and "*" in path and get(scenario.tree, path) is MISSING:
        return [_general(path, node)]
    if node is not None:
        value = get(scenario.tree, path)
        return [_concrete(scenario, path, node, value)] if value is not MISSING else _absent(scenario, path, node)
    named = [_general(pattern, field.node) for pattern, field in fields.every(ScenarioSpec) if field.name == key]
    return named or [_concrete(scenario, path, node, get(scenario.tree, path)) for path, node in _entries(scenario, key)]


def _entries(scenario: Scenario, name: str) -> Iterator[tuple[KeyPath, fields.Node]]:
    """Tables and entries called `name` (a metal, a country, a plant) right under a table of the scenario or of its market."""
    for above in ((), ("market",)):
        for table in get(scenario.tree, above):
            path = (*above, table, name)
            node = fields.at(ScenarioSpec, path)
            if node is not None and get(scenario.tree, path) is not MISSING:
                yield path, node


def nearest_key(scenario: Scenario, key: str) -> str | None:
    """The key path most like one that is not there, or those of the entries that its last name stands for."""
    parts = key.split(".")
    for end in range(len(parts) - 1, 0, -1):  # the first part that is wrong, the rest kept
        around = get(scenario.tree, tuple(parts[:end]))
        if isinstance(around, Mapping | list | tuple):
            node = fields.at(ScenarioSpec, tuple(parts[:end]))
            known = list(fields.fields(node.spec)) if node is not None and node.spec is not None else _children(around)
            near = nearest(parts[end], known)
            return join((*parts[:end], near, *parts[end + 1 :])) if near and near != parts[end] else None
    known = list(dict.fromkeys(field.name for _, field in fields.every(ScenarioSpec)))
    near = nearest(parts[0], known)
    right = (near, *parts[1:]) if near and near != parts[0] else None
    if len(parts) > 1 and (right is None or get(scenario.tree, right) is MISSING):
        here = [join(path) for path, _ in _entries(scenario, parts[-1])]
        return " or ".join(here[:2]) or (".".join(right) if right else None)
    return ".".join(right) if right else None


def _children(around: Any) -> list[str]:
    return list(around) if isinstance(around, Mapping) else [entry_id(item, index) for index, item in enumerate(around)]


def _general(pattern: KeyPath, node: fields.Node) -> Explanation:
    return Explanation(".".join(pattern), _meaning(pattern), _unit(pattern, node), node.allowed, None, None, None, _inside(node))


def _unit(path: KeyPath, node: fields.Node) -> str:
    """Unit of a value; of those whose name tells it (`usd_per_kg`), what the name says."""
    money, of_name, _ = node.unit.partition(" per unit of the name")
    named = path[-1].partition("_per_")[2] if of_name else ""
    return f"{money} per {named.replace('_', ' ')}" if named else node.unit


def _years(scenario: Scenario, key: str, value: Any) -> tuple[tuple[str, Evidence], ...]:
    """Years of a path and what stands behind them; nothing for any other value."""
    found: list[tuple[str, str, Evidence]] = []
    for year in value if isinstance(value, Mapping) and "mode" not in value else ():
        evidence = scenario.library.evidence_of(f"{key}.{year}")
        if evidence is None:
            continue
        if found and found[-1][2]._replace(row=0) == evidence._replace(row=0):
            found[-1] = (found[-1][0], year, evidence)
        else:
            found.append((year, year, evidence))
    return tuple((first if first == last else f"{first} to {last}", evidence) for first, last, evidence in found)


def _concrete(scenario: Scenario, path: KeyPath, node: fields.Node, value: Any) -> Explanation:
    key = join(path)
    if node.kind in {"spec", "table", "entries"}:
        inside = _inside(node) if node.kind == "spec" else {"": listed(_children(value), 60)}
        return Explanation(key, _meaning(path), "", "", None, None, None, inside)
    said = scenario.written.get(key)
    years = () if said else _years(scenario, key, value)
    told = (key, _meaning(path), _unit(path, node), node.allowed, toml.short(value, 400), scenario.evidence_of(key), said)
    return Explanation(*told, {}, years)


def _absent(scenario: Scenario, path: KeyPath, node: fields.Node) -> list[Explanation]:
    """A key that may be written but is not, where everything around it exists."""
    if path[:-1] and get(scenario.tree, path[:-1]) is MISSING:
        return []
    parent = fields.at(ScenarioSpec, path[:-1])
    if parent is None or parent.spec is None:  # an entry with a free name that does not exist
        return []
    return [Explanation(join(path), _meaning(path), _unit(path, node), node.allowed, "not written", None, None, _inside(node))]


def _meaning(path: KeyPath) -> str:
    for end in range(len(path), 0, -1):
        field = fields.field_at(ScenarioSpec, path[:end])
        if field is not None:
            return meaning(field)
    return ""


def _inside(node: fields.Node) -> dict[str, str]:
    inner: fields.Node | None = node
    prefix = ""
    while inner is not None and inner.kind in {"table", "entries"}:
        inner, prefix = inner.item, f"{prefix}*."
    if inner is None or inner.spec is None:
        return {}
    return {f"{prefix}{name}": meaning(field) for name, field in fields.fields(inner.spec).items()}
