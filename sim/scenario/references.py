"""Names in a scenario that refer to something: every one must exist."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sim.core.errors import Fault
from sim.scenario.faults import Locator
from sim.scenario.keys import KeyPath, Tree, entry_id, nearest
from sim.scenario.toml import short
from sim.scenario.wording import CHECKS, UNIT_WORDS, fill, listed
from sim.trade.checks import MARKET, OUTSIDE, WAIT

# forms end-processing sells
FORMS = ("ree_oxide", "ree_metal", "magnet_alloy", "refined_metal", "battery_salts", "remelted")

# (key path, what it must name); `*` is any entry, a last part of `@` means that the keys themselves are the names
REFERENCES: tuple[tuple[str, str], ...] = (
    ("countries.*.available_to", "country"),
    ("countries.*.arisings.mix.@", "product"),
    ("countries.*.arisings.units.@", "product"),
    ("countries.*.arisings.sold_units.@", "product"),
    ("countries.*.behaviour.hoarded_share.@", "product group or product"),
    ("countries.*.behaviour.reused_share.@", "product group or product"),
    ("countries.*.behaviour.exported_for_reuse_share.@", "product group or product"),
    ("countries.*.behaviour.reuse_destinations.@", "country"),
    ("countries.*.depots.linehaul_vehicle", "vehicle"),
    ("countries.*.channels.*.vehicle", "vehicle"),
    ("countries.*.channels.*.groups.*", "product group"),
    ("countries.*.channels.*.group_factors.@", "product group"),
    ("products.*.group", "product group"),
    ("products.*.contents_g_per_unit.@", "substance"),
    ("country_products.@", "country"),
    ("country_products.*.@", "product"),
    ("zones.*.country", "country"),
    ("zones.*.port", "port"),
    ("processes.*.transfer.@", "input"),
    ("processes.*.transfer.*.@", "output"),
    ("processes.*.transfer.*.*.@", "substance or *"),
    ("plants.*.country", "country"),
    ("plants.*.process", "process"),
    ("plants.*.commissioning", "commissioning class"),
    ("plants.*.owner", "country"),
    ("plants.*.available_to", "country"),
    ("plants.*.port", "port"),
    ("routes.*.origin", "country or *"),
    ("routes.*.material", "material"),
    ("routes.*.destinations.*.to", "plant or outside account"),
    ("routes.*.fallback", "outside account"),
    ("contracts.*.sellers.*", "plant"),
    ("contracts.*.metals.*", "substance"),
    ("contracts.*.buyer", "country"),
    ("border_rules.*.origin", "country or *"),
    ("border_rules.*.destination", "country or *"),
    ("border_rules.*.fractions.*", "material or *"),
    ("border_rules.*.plants.*", "plant"),
    ("ports.*.country", "country"),
    ("lanes.*.origin", "port"),
    ("lanes.*.destination", "port"),
    ("market.prices.@", "substance"),
    ("market.demand.@", "country"),
    ("market.demand.*.@", "substance"),
    ("market.demand.*.*.supply_share.@", "supplier"),
    ("market.grid_co2_kg_per_kwh.@", "country"),
    ("market.primary_co2_kg_per_kg.@", "substance"),
    ("market.primary_energy_kwh_per_kg.@", "substance"),
    ("shocks.*.metal", "substance"),
    ("shocks.*.source", "supplier or *"),
    ("shocks.*.port", "port"),
    ("shocks.*.plant", "plant"),
    ("responses.*.when.metal", "substance"),
    ("responses.*.when.country", "country"),
    ("responses.*.actions.*.reroute.route", "route"),
    ("responses.*.actions.*.reroute.to", "plant or outside account"),
    ("reactions.*.basket.@", "substance"),
    ("reactions.*.buyer", "country"),
    ("reactions.*.plants.*", "plant"),
    ("reactions.*.informal.*", "country"),
)


class Found(NamedTuple):
    """A name at a key path."""

    path: KeyPath
    name: str


def select(tree: Any, pattern: tuple[str, ...], path: KeyPath = ()) -> Iterator[Found]:
    """Every text a pattern leads to; values of another type are somebody else's fault."""
    if not pattern:
        if isinstance(tree, str):
            yield Found(path, tree)
        return
    part, rest = pattern[0], pattern[1:]
    if isinstance(tree, list | tuple):
        for index, item in enumerate(tree):
            name = entry_id(item, index)
            if part in {"*", name}:
                yield from select(item, rest, (*path, name))
    elif isinstance(tree, dict):
        if part == "@":
            yield from (Found((*path, str(key)), str(key)) for key in tree)
        for key in tree if part == "*" else (part,):
            if key in tree:
                yield from select(tree[key], rest, (*path, key))


def names(tree: Tree, library: Tree) -> dict[str, tuple[str, ...]]:
    """What may be named, by kind of name."""

    def keys(table: str) -> tuple[str, ...]:
        found = tree.get(table)
        if isinstance(found, list | tuple):
            return tuple(entry_id(item, index) for index, item in enumerate(found))
        return tuple(found) if isinstance(found, dict) else ()

    inputs = [found.name for found in select(tree, _INPUTS) if found.name != "*"]
    outputs = [found.name for found in select(tree, _OUTPUTS)]
    materials = tuple(dict.fromkeys((*keys("groups"), *keys("fractions"), *FORMS, *outputs)))
    suppliers = tuple(dict.fromkeys((*keys("countries"), *(found.name for found in select(library, _SUPPLIERS)), "ROW")))
    markets = tuple(f"{MARKET}{country}" for country in keys("countries"))
    kinds = {
        "country": keys("countries"),
        "product": keys("products"),
        "product group": keys("groups"),
        "product group or product": (*keys("groups"), *keys("products")),
        "substance": keys("substances"),
        "vehicle": keys("vehicles"),
        "port": keys("ports"),
        "process": keys("processes"),
        "commissioning class": keys("commissioning"),
        "plant": keys("plants"),
        "route": keys("routes"),
        "input": (*materials, "*"),
        "output": (*keys("fractions"), *FORMS, "informal_metal", "residue"),
        "material": tuple(dict.fromkeys((*materials, *inputs))),
        "outside account": (WAIT, *OUTSIDE),
        "outside account or market": (*OUTSIDE, *markets),
        "plant or outside account": (*keys("plants"), *OUTSIDE, *markets),
        "supplier": suppliers,
    }
    return kinds | {f"{kind} or *": (*kinds[kind], "*") for kind in ("country", "substance", "material", "supplier")}


_INPUTS = ("processes", "*", "transfer", "@")
_OUTPUTS = ("processes", "*", "transfer", "*", "@")
_SUPPLIERS = ("market", "demand", "*", "*", "supply_share", "@")


class _Branch:
    """Where references lead on from a place in the tree: all of `REFERENCES` are followed in one walk."""

    __slots__ = ("every", "keys", "named", "value")

    def __init__(self) -> None:
        self.value: int | None = None  # number of the reference that a text here is
        self.keys: int | None = None  # number of the reference that the keys here are
        self.every: _Branch | None = None
        self.named: dict[str, _Branch] = {}

    def follow(self, tree: Any, path: KeyPath, known: Sequence[Container[str]], unknown: list[tuple[int, Found]]) -> None:
        """Add to `unknown` the names in `tree` that none of `known` has, each with the number of its reference."""
        if isinstance(tree, str) and self.value is not None and tree not in known[self.value]:
            unknown.append((self.value, Found(path, tree)))
        if isinstance(tree, dict):
            if self.keys is not None:
                unknown += [(self.keys, Found((*path, str(key)), str(key))) for key in tree if str(key) not in known[self.keys]]
            for part, below in self.named.items():
                if part in tree:
                    below.follow(tree[part], (*path, part), known, unknown)
        if self.every is not None:
            for part, inner in _entries(tree):
                self.every.follow(inner, (*path, part), known, unknown)


def _entries(tree: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(tree, dict):
        return tree.items()
    return [(entry_id(item, index), item) for index, item in enumerate(tree)] if isinstance(tree, list | tuple) else ()


def _branches() -> _Branch:
    root = _Branch()
    for number, (pattern, _) in enumerate(REFERENCES):
        here = root
        for part in pattern.split("."):
            if part == "@":
                here.keys = number
            elif part == "*":
                here.every = here = here.every or _Branch()
            else:
                here = here.named.setdefault(part, _Branch())
        if part != "@":
            here.value = number
    return root


_ROOT = _branches()


def reference_faults(tree: Tree, locator: Locator, names_known: Mapping[str, Iterable[str]]) -> Iterator[Fault]:
    """A fault for every name that refers to nothing, with the nearest right one."""
    known = {kind: dict.fromkeys(values) for kind, values in names_known.items()}
    aliases = {"country": _aliases(tree, "countries"), "substance": _aliases(tree, "substances")}
    unknown: list[tuple[int, Found]] = []
    _ROOT.follow(tree, (), [known[kind] for _, kind in REFERENCES], unknown)
    for number, found in sorted(unknown, key=itemgetter(0)):
        kind = REFERENCES[number][1]
        if kind == "output" and not nearest(found.name, known[kind], cutoff=0.85):
            continue  # a process may make a form nobody has named before, but not one that looks misspelt
        what = kind.removesuffix(" or *")
        near = nearest(found.name, known[kind], aliases.get(what))
        hint = _hint(near, known[kind])
        yield locator.fault(found.path, CHECKS, "unknown_name", what=what, written=short(found.name), hint=hint)


def _hint(near: str | None, known: Mapping[str, object]) -> str:
    if near is not None:
        return fill(UNIT_WORDS["did_you_mean"], {"right": short(near)})
    return fill(UNIT_WORDS["allowed"], {"names": listed(known)})


def _aliases(tree: Tree, table: str) -> dict[str, str]:
    """The key of each entry of a table by its names in words."""
    entries = tree.get(table)
    if not isinstance(entries, dict):
        return {}
    return {
        str(entry[name]): key
        for key, entry in entries.items()
        if isinstance(entry, dict)
        for name in ("name_en", "name_ja")
        if entry.get(name)
    }
