"""The chain of scenarios a file extends, each looked up in its folder and in the shipped library only."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.core.errors import Fault, ScenarioError
from sim.scenario import reading, syntax
from sim.scenario.keys import Tree, nearest, split
from sim.scenario.merge import DIRECTIVES, Layer
from sim.scenario.toml import short
from sim.scenario.wording import FILES, UNIT_WORDS, fill, say

TRANSLATIONS = {"title_ja": "name", "question_ja": "question"}  # what each translates
MAX_DEPTH = 8
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def shipped() -> Path:
    """Folder of the scenarios that come with the program: `sim/library` in a wheel, `scenarios` in a clone."""
    package = Path(__file__).resolve().parent.parent
    library = package / "library"
    return library if library.is_dir() else package.parent / "scenarios"


def find(path: str | Path) -> Path:
    """The file meant by a path, or by the bare name of a shipped scenario; raises ScenarioError if a name is nearly one's."""
    given, name = Path(path), str(path)
    if given.exists() or not _NAME.fullmatch(name):
        return given
    for folder in (Path(), shipped()):
        named = folder / f"{name}.toml"
        if named.is_file():
            return named
    known = sorted(file.stem for folder in (Path(), shipped()) for file in folder.glob("*.toml"))
    words = {word: stem for stem in reversed(known) for word in stem.split("_")}
    near = nearest(name, known, words)
    if near is not None:
        raise reading.refuse(name, 0, "", "no_file", hint=fill(UNIT_WORDS["did_you_mean"], {"right": near}))
    return given


def chain(path: Path) -> tuple[list[Layer], list[str]]:
    """Layers from the scenario at the root of the chain to the file itself, and warnings; raises ScenarioError."""
    layers: list[Layer] = []
    warnings: list[str] = []
    names: list[str] = []
    seen: list[Path] = []
    folder = path.parent
    here: Path | None = path
    while here is not None:
        label = _label(here, path)
        raw = reading.read_bytes(here, label)
        text = reading.decode(raw, label)
        tree = syntax.parse(text, label)
        layer = _layer(label, text, tree, raw)
        layers.insert(0, layer)
        names.append(here.stem)
        seen.append(here.resolve())
        wanted = tree.get("extends")
        if wanted is None:
            break
        here = _next(wanted, layer, folder, seen, names, warnings)
    return _own_words(layers), warnings


def _own_words(layers: list[Layer]) -> list[Layer]:
    """The layers without translations of a text that a later layer says anew: they would translate another text."""
    told = []
    for place, layer in enumerate(layers):
        later = {key for above in layers[place + 1 :] for key in above.tree}
        tree = {key: value for key, value in layer.tree.items() if TRANSLATIONS.get(key) not in later}
        told.append(replace(layer, tree=tree))
    return told


def _label(here: Path, top: Path) -> str:
    """How a file is called in messages: as given or beside the file given; a shipped one by its folder and name."""
    if here.is_absolute() and here.parent == shipped():
        return f"scenarios/{here.name}"
    return str(here) if here == top or here.parent == top.parent else f"{here.parent.name}/{here.name}"


def _layer(label: str, text: str, tree: Tree, raw: bytes) -> Layer:
    stated: Any = tree.get("stated")
    settings = {key: value for key, value in tree.items() if key not in DIRECTIVES}
    if stated is None:
        return Layer(label, text, settings, None, raw)
    try:
        return Layer(label, text, settings, frozenset(split(str(path)) for path in list(stated)), raw)
    except (TypeError, ValueError):
        line = Layer(label, text, tree).positions.of(("stated",))
        raise ScenarioError([Fault(label, line, "stated", *say(FILES, "stated_type"))]) from None


def _next(wanted: Any, layer: Layer, folder: Path, seen: list[Path], names: list[str], warnings: list[str]) -> Path:
    line = Layer(layer.file, layer.text, {}).positions.of(("extends",))

    def refuse(code: str, **values: object) -> ScenarioError:
        return reading.refuse(layer.file, line, "extends", code, **values)

    if not isinstance(wanted, str):
        raise refuse("extends_type", written=short(wanted))
    name = wanted.removesuffix(".toml")
    if not _NAME.fullmatch(name):
        raise refuse("extends_outside", written=short(wanted))
    library = shipped()
    places = [place for place in dict.fromkeys((seen[-1].parent, folder.resolve(), library.resolve())) if place.is_dir()]
    found = [place / f"{name}.toml" for place in places if (place / f"{name}.toml").exists()]
    others = [file for file in found if file.resolve() != seen[-1]]
    if not found:
        known = sorted({file.stem for place in places for file in place.glob("*.toml")})
        near = nearest(name, known)
        raise refuse(
            "extends_missing",
            written=short(wanted),
            hint=f"Did you mean {near}?" if near else f"There are: {', '.join(known[:12])}.",
        )
    if not others or others[0].resolve() in seen:
        raise refuse("extends_loop", chain=" -> ".join((*names, name)))
    here = others[0]
    if not any(here.resolve().is_relative_to(place) for place in places):
        raise refuse("extends_link", written=short(wanted))
    if len(names) >= MAX_DEPTH:
        raise refuse("extends_depth", limit=MAX_DEPTH, chain=" -> ".join((*names, name)))
    if len(others) > 1 and others[1].resolve() != here.resolve():
        warnings.append(f"{layer.file}:{line}: extends {name} of this folder, which hides the shipped scenario of that name")
    return here
