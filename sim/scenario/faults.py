"""What pydantic found, said in our own words: where it stands, what was written, what is allowed, what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from sim.core.errors import Fault
from sim.scenario import fields, remedies, toml
from sim.scenario.keys import MISSING, KeyPath, Tree, entry_id, get, join, nearest
from sim.scenario.merge import Layer
from sim.scenario.units import other_unit
from sim.scenario.wording import PATTERNS, UNIT_WORDS, VALUES, fill, listed, say, translated

BUILT_IN = frozenset(map(str, get_args(ErrorType)))


class Pointing(Protocol):
    """A library: points at the file and line that sets a key path."""

    def fault(self, path: str, message: str, hint: str = "") -> Fault:
        """A fault there."""
        ...


class Locator(NamedTuple):
    """Finds the file and line that said what stands at a key path: the last layer that did, else the library."""

    layers: Sequence[Layer]
    library: Pointing
    library_tree: Tree

    def where(self, path: KeyPath) -> tuple[str, int]:
        """File and line of a key path, or of the nearest table around it."""
        for end in range(len(path), 0, -1):
            part = path[:end]
            for layer in reversed(self.layers):
                if get(layer.tree, part) is not MISSING:
                    return layer.file, layer.positions.of(part)
            if get(self.library_tree, part) is not MISSING:
                found = self.library.fault(join(part), "")
                return found.file, found.line
        return (self.layers[-1].file, 1) if self.layers else ("scenario", 0)

    def fault(self, path: KeyPath, group: Mapping[str, tuple[str, str]], code: str, /, **values: object) -> Fault:
        """A fault at a key path in one wording."""
        file, line = self.where(path)
        return Fault(file, line, join(path), *say(dict(group), code, **values))


class Problem(NamedTuple):
    """One error of pydantic: its type, the key path it is about, what was written there, and its details."""

    kind: str
    path: KeyPath
    written: Any
    details: Mapping[str, Any]


def problems(error: ValidationError, tree: Tree) -> list[Problem]:
    """Every error with its key path in the words of a scenario file."""
    return [_problem(dict(one), tree) for one in error.errors(include_url=False)]


def _problem(one: dict[str, Any], tree: Tree) -> Problem:
    path: list[str] = []
    here: Any = tree
    for part in one["loc"]:
        if part == "[key]":
            continue
        if isinstance(part, int):
            item = here[part] if isinstance(here, list | tuple) and part < len(here) else MISSING
            path.append(entry_id(item, part))
            here = item
        else:
            path.append(str(part))
            here = here.get(part, MISSING) if isinstance(here, Mapping) else MISSING
    details = dict(one.get("ctx") or {})
    within = tuple(details.pop("within", ())) or _WITHIN.get(one["type"], _nowhere)(details)
    written = get(one.get("input"), within) if within else one.get("input")
    details["said"] = str(details.get("error") or one["msg"]).strip().rstrip(".")
    return Problem(one["type"], (*path, *within), written, details)


def _nowhere(_: dict[str, Any]) -> KeyPath:
    return ()


# where within a table the fault lies that a spec's own validator found
_WITHIN: dict[str, Callable[[dict[str, Any]], KeyPath]] = {
    "transfer_sum": lambda details: ("transfer", str(details["input"])),
    "commissioning_missing": lambda _: ("status",),
    "channels_sum": lambda _: ("channels",),
    "channel_dates": lambda _: ("end",),
}


def explain(found: Iterable[Problem], spec: type[BaseModel], tree: Tree, locator: Locator) -> list[Fault]:
    """A fault for each problem; a missing key and the misspelt key beside it become one, so do many missing in one table."""
    found = list(found)
    missing = {problem.path for problem in found if problem.kind == "missing"}
    faults: list[Fault] = []
    for problem in found:
        if problem.kind == "extra_forbidden":
            right, hint = _unknown_key(problem, spec, tree, missing)
            missing.discard((*problem.path[:-1], right or ""))
            faults.append(locator.fault(problem.path, VALUES, "extra_forbidden", hint=hint))
        elif problem.kind != "missing":
            faults.append(_wrong_value(problem, spec, tree, locator))
    tables: dict[KeyPath, list[str]] = {}
    for path in sorted(missing):
        tables.setdefault(path[:-1], []).append(path[-1])
    faults += _lacking(tables, spec, tree, locator)
    return faults


def _lacking(tables: Mapping[KeyPath, list[str]], spec: type[BaseModel], tree: Tree, locator: Locator) -> Iterator[Fault]:
    """A fault for each table that lacks keys; none below an entry whose name is misspelt."""
    misspelt: list[KeyPath] = []
    for table, keys in sorted(tables.items(), key=lambda item: len(item[0])):
        if any(table[: len(other)] == other for other in misspelt):
            continue
        if len(keys) == 1:
            yield _wrong_value(Problem("missing", (*table, keys[0]), None, {}), spec, tree, locator)
            continue
        near = _misspelt(table, spec, tree)
        if near:
            misspelt.append(table)
            yield locator.fault(table, VALUES, "new_entry", name=toml.key(table[-1]), keys=listed(keys), hint=near)
        else:
            yield locator.fault(table, VALUES, "missing_many", keys=listed(keys), hint=_as_in(table, spec, tree))


def _misspelt(table: KeyPath, spec: type[BaseModel], tree: Tree) -> str:
    """The hint that names the entry that was meant, where one is near."""
    around = fields.at(spec, table[:-1]) if table else None
    if around is None or around.kind not in {"table", "entries"}:
        return ""
    near = nearest(table[-1], remedies.siblings(table, tree))
    return fill(UNIT_WORDS["did_you_mean"], {"right": toml.key(near)}) if near is not None else ""


def _as_in(table: KeyPath, spec: type[BaseModel], tree: Tree) -> str:
    """The hint that names an entry to copy from; for a file that says hardly anything, a scenario."""
    if not table:
        return fill(UNIT_WORDS["extend"], {})
    for end in range(len(table), 0, -1):
        around = fields.at(spec, table[: end - 1])
        if around is not None and around.kind in {"table", "entries"}:
            likes = ((*table[: end - 1], other, *table[end:]) for other in remedies.siblings(table[:end], tree))
            like = next((path for path in likes if get(tree, path) is not MISSING), None)
            if like is not None:
                return fill(UNIT_WORDS["as_in"], {"other": join(like)})
    return ""


def _unknown_key(problem: Problem, spec: type[BaseModel], tree: Tree, missing: set[KeyPath]) -> tuple[str | None, str]:
    """The key that was meant, if one is near, and the hint."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - only for a fault

    parent, key = problem.path[:-1], problem.path[-1]
    node = fields.at(spec, parent)
    names = list(fields.fields(node.spec)) if node is not None and node.spec is not None else []
    table = get(tree, parent)
    written = set(table) if isinstance(table, Mapping) else set()
    free = [name for name in names if name not in written or (*parent, name) in missing]
    unit = other_unit(key, free) or other_unit(key, names)
    if unit is not None:
        return unit[0], _other_unit(unit, key, problem.written)
    place = next((path[:-1] for path, field in fields.every(spec) if field.name == key and "*" not in path), None)
    right = nearest(key, free) or nearest(key, names)
    if right is not None and (place is None or SequenceMatcher(None, right, key).ratio() > 0.8):
        return right, fill(UNIT_WORDS["did_you_mean"], {"right": right})
    if place is not None:
        return None, fill(UNIT_WORDS["belongs"], {"place": f"[{join(place)}]" if place else "the top of the file"})
    return None, fill(UNIT_WORDS["allowed"], {"names": listed(names)})


def _other_unit(unit: tuple[str, float | None], key: str, written: Any) -> str:
    right, factor = unit
    if factor is None:
        how = fill(UNIT_WORDS["its_unit"], {})
    elif isinstance(written, int | float) and not isinstance(written, bool) and abs(written) < 1e300:
        how = fill(
            UNIT_WORDS["times"], {"factor": remedies.plain(factor), "fixed": f"{right} = {remedies.plain(written * factor)}"}
        )
    else:
        how = fill(UNIT_WORDS["times_all"], {"factor": remedies.plain(factor)})
    return fill(UNIT_WORDS["another_unit"], {"right": right, "how": how})


def _wrong_value(problem: Problem, spec: type[BaseModel], tree: Tree, locator: Locator) -> Fault:
    node, path = _node(spec, problem.path)
    code = problem.kind if problem.kind in VALUES else "not_understood" if problem.kind in BUILT_IN else "value_error"
    details = {key: remedies.plain(value) if isinstance(value, float) else value for key, value in problem.details.items()}
    key = path[-1] if path else ""
    values: dict[str, object] = {
        **details,
        "written": toml.short(problem.written) if problem.kind != "missing" else "",
        "key": key,
        "path": join(path),
        "allowed": translated(fields.WORDS[node.kind]) if node else "",
        "example": remedies.example(path, node, tree),
        "pattern_words": translated(PATTERNS.get(str(problem.details.get("pattern", "")), "")),
        "range": f"{node.allowed}" if node else "",
        "hint": remedies.hint(problem.kind, path, problem.written, node, tree) if code != "value_error" else "",
        "fixed": remedies.sorted_range(problem.written),
        "meaning": _meaning(spec, path),
        "expected": node.allowed if node else "",
    }
    if problem.kind == "path_year":
        values["written"] = problem.path[-1]
    if node is not None and node.bounds is not None:
        values["low"], values["high"] = fields.number(node.bounds.low), fields.number(node.bounds.high)
    return locator.fault(problem.path, VALUES, code, **values)


def _node(spec: type[BaseModel], path: KeyPath) -> tuple[fields.Node | None, KeyPath]:
    """The type at a path; for a part of a range or path over years, of the whole number."""
    for end in range(len(path), -1, -1):
        node = fields.at(spec, path[:end])
        if node is not None:
            return node, path[:end]
    return None, path


def _meaning(spec: type[BaseModel], path: KeyPath) -> str:
    field = fields.field_at(spec, path)
    return f" ({field.description.rstrip('.')})" if field is not None and field.description else ""
