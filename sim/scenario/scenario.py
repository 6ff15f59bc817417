"""A scenario as loaded: the checked specification, and for every value who said it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import ValidationError

from sim.core.errors import Fault, ScenarioError, WiringError
from sim.scenario import fields, syntax, toml
from sim.scenario.cautions import cautions
from sim.scenario.checks import check
from sim.scenario.evidence import Evidence
from sim.scenario.faults import Locator, explain, problems
from sim.scenario.keys import MISSING, KeyPath, Tree, get, join, split, step
from sim.scenario.merge import Layer, entry_faults, overlay
from sim.scenario.mistakes import mask
from sim.scenario.references import names, reference_faults
from sim.scenario.repair import repaired
from sim.scenario.schema import ScenarioSpec
from sim.scenario.wording import VALUES, say

SET = "--set"
LISTED = 200  # faults said at once: more is a file made by a machine, and looking for the right names takes its time
_GRADE = re.compile(r"\bgrade ([ABCD])\b")


class Library(Protocol):
    """The reference data a scenario stands on (`sim.scenario.library`)."""

    @property
    def tree(self) -> Tree:
        """All tables in the shape of a scenario file."""
        ...

    @property
    def hashes(self) -> Mapping[str, str]:
        """SHA-256 of every file."""
        ...

    def evidence_of(self, path: str) -> Evidence | None:
        """What stands behind a number."""
        ...

    def fault(self, path: str, message: str, hint: str = "") -> Fault:
        """A fault at the file and line where the library sets a key path."""
        ...


class Said(NamedTuple):
    """Who stated a value: a file and its line."""

    file: str
    line: int

    def __str__(self) -> str:
        """Read as file:line."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, eq=False)
class Scenario:
    """A valid scenario and where each of its values comes from.

    spec : every value, checked. path : the file. layers : the files of its chain, the first extended by the next, and
    what was set on the command line. read_warnings : of how the files were found. cautions : of what they say.
    """

    spec: ScenarioSpec
    path: Path
    layers: tuple[Layer, ...]
    library: Library
    read_warnings: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know before trusting a result."""
        return (*self.read_warnings, *self.cautions)

    @property
    def name(self) -> str:
        """Title of the scenario."""
        return self.spec.name

    @property
    def id(self) -> str:
        """Name of the file as a name for folders: letters, digits, _ and - only."""
        return re.sub(r"[^A-Za-z0-9_-]+", "_", self.path.stem).strip("_-")[:64] or "scenario"

    @property
    def source_text(self) -> str:
        """The file as written; encoded as UTF-8 it is the file byte for byte."""
        return next(layer.raw.decode() for layer in reversed(self.layers) if layer.file != SET)

    @property
    def inputs(self) -> dict[str, str]:
        """SHA-256 of every file the scenario is made of, scenario files first, then tables."""
        said = {"/".join(Path(layer.file).parts[-2:]): layer.sha256 for layer in self.layers}
        return said | {f"sim/data/{file}": digest for file, digest in self.library.hashes.items()}

    @cached_property
    def stated_keys(self) -> frozenset[KeyPath]:
        """Key paths of the values stated by scenario files or on the command line, not by the library."""
        return frozenset(key for layer in self.layers for key in layer.keys)

    @cached_property
    def written(self) -> dict[str, Said]:
        """File and line of every stated value by key path; the last one that said it."""
        return {
            join(key): Said(layer.file, layer.positions.of(key))
            for layer in self.layers
            for key in sorted(layer.keys)
            if layer.stated is None or get(layer.tree, key) is not MISSING
        }

    def evidence_of(self, key: str) -> Evidence | None:
        """What stands behind a value: the comment of the scenario file that states it, else the row of the library."""
        said = self.written.get(join(split(key)))
        if said is None:
            return self.library.evidence_of(key)
        layer = next(layer for layer in reversed(self.layers) if layer.file == said.file)
        comment = comment_at(layer.text, said.line)
        graded = _GRADE.search(comment)
        return Evidence(
            source=said.file,
            address=f"line {said.line}" if said.line else "",
            grade=graded[1] if graded else "D",
            derivation=comment or "stated by the scenario",
            table="",
            row=said.line,
        )

    def value_at(self, key: str) -> Any:
        """The value at a key path in the shape of TOML; raises KeyError where there is none."""
        found = get(self.tree, split(key))
        if found is MISSING:
            raise KeyError(key)
        return found

    @cached_property
    def tree(self) -> Tree:
        """All values in the shape of TOML, defaults written out."""
        dumped: Tree = self.spec.model_dump(exclude_none=True)
        return dumped

    def resolved_toml(self) -> str:
        """Every value as one scenario file that needs no other and loads to an equal scenario."""
        stated = sorted(join(key) for key in self.stated_keys)
        lines = ",\n".join(f"  {toml.text(key)}" for key in stated)
        head = f"# {toml.text(self.name)} with every value written out.\n# stated: what files say; all else is reference data.\n"
        return f"{head}stated = [\n{lines},\n]\n{toml.document(self.tree)}"

    def with_set(self, *assignments: str) -> Scenario:
        """The same scenario with values set as on the command line (`"time.end=2030"`); raises ScenarioError."""
        tree: Tree = {}
        for assignment in assignments:
            path, value = read_assignment(assignment, self)
            tree = overlay(tree, _nest(path, value, self.tree))
        layers = self.layers
        if layers and layers[-1].file == SET:
            tree, layers = overlay(layers[-1].tree, tree), layers[:-1]
        layer = Layer(SET, "", tree, raw=toml.document(tree).encode())
        return resolve(self.path, (*layers, layer), self.library, self.read_warnings)


def read_assignment(assignment: str, scenario: Scenario) -> tuple[KeyPath, Any]:
    """Key path and value of `path=value`; a word without quotes is text where text is needed."""
    key, equals, text = assignment.partition("=")
    try:
        path = split(key.strip())
    except ValueError:
        path = ()
    if not equals or not path or not text.strip():
        raise ScenarioError([Fault(SET, 0, key.strip(), "it is written path=value.", "For example --set time.end=2030")])
    node = fields.at(ScenarioSpec, path)
    plain = re.fullmatch(r"[A-Za-z0-9_][\w .-]*", text.strip())
    if node is not None and node.kind in {"text", "choice"} and plain:
        return path, text.strip()
    try:
        return path, syntax.parse(f"value = {text}", SET)["value"]
    except ScenarioError as error:
        raise ScenarioError([fault._replace(line=0, path=join(path)) for fault in error.faults]) from None


def _nest(path: KeyPath, value: Any, tree: Tree) -> Tree:
    """A tree that says one value; entries of arrays are named as the merge needs them."""
    nested = value
    for end in range(len(path) - 1, -1, -1):
        parent = get(tree, path[:end])
        if isinstance(parent, list | tuple):
            known = step(parent, path[end])
            key = "to" if isinstance(known, Mapping) and "name" not in known else "name"
            nested = [{key: path[end], **nested}]
        else:
            nested = {path[end]: nested}
    return dict(nested)


def comment_at(text: str, line: int) -> str:
    """The comment on a line of TOML, or the lines of comment right above it."""
    lines = text.split("\n")
    if not 0 < line <= len(lines):
        return ""
    code = mask(lines[line - 1])
    if len(code.rstrip()) < len(lines[line - 1].rstrip()):
        return lines[line - 1][len(code.rstrip()) :].strip().lstrip("#").strip()
    above: list[str] = []
    for before in reversed(lines[: line - 1]):
        if not before.lstrip().startswith("#"):
            break
        above.insert(0, before.strip().lstrip("#").strip())
    return " ".join(above)


def resolve(path: Path, layers: tuple[Layer, ...], library: Library, warnings: Iterable[str] = ()) -> Scenario:
    """Merge the layers over the library and check everything.

    Raises
    ------
    ScenarioError
        With every fault at once, or the first `LISTED` values that are wrong and how many there are.
    """
    node = fields.root(ScenarioSpec)
    faults = [fault for layer in layers for fault in entry_faults(layer, node)]
    if faults:
        raise ScenarioError(faults)
    tree = library.tree
    for layer in layers:
        tree = overlay(tree, layer.tree)
    locator = Locator(layers, library, library.tree)
    known = names(tree, library.tree)
    try:
        spec = ScenarioSpec.model_validate(tree)
    except ValidationError as error:
        found = problems(error, tree)
        faults = explain(found[:LISTED], ScenarioSpec, tree, locator)
        if len(found) > LISTED:
            raise ScenarioError([_more(locator, f"{len(found):,}"), *faults]) from None
        mended = repaired(tree, library.tree, layers, found)
        wiring = check(mended, locator, known) if mended is not None else ()
        raise ScenarioError([*faults, *_new(faults, chain(reference_faults(tree, locator, known), wiring), locator)]) from None
    faults = _new([], chain(reference_faults(tree, locator, known), check(spec, locator, known)), locator)
    if faults:
        raise WiringError(faults)
    return Scenario(spec, path, layers, library, tuple(warnings), tuple(cautions(spec, locator)))


def _more(locator: Locator, count: str) -> Fault:
    """Says that not all faults are listed."""
    return Fault(locator.where(())[0], 0, "", *say(VALUES, "more_faults", count=count, listed=LISTED))


def _new(faults: list[Fault], more: Iterable[Fault], locator: Locator) -> list[Fault]:
    """Faults at places that have none yet, at most `LISTED`: one message for one mistake."""
    kept: list[Fault] = []
    said = [fault.path for fault in faults]
    for fault in more:
        if len(kept) == LISTED:
            return [_more(locator, f"> {LISTED}"), *kept]
        if not any(f"{path}.".startswith(f"{fault.path}.") or f"{fault.path}.".startswith(f"{path}.") for path in said):
            kept.append(fault)
            said.append(fault.path)
    return kept
