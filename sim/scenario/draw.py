"""What is not known, drawn: every uncertain number of a scenario, Latin hypercube over the draws.

Ranges are drawn as written (triangular). Numbers of the library without a range get one from their evidence grade, read
as a 90 % interval of a lognormal factor: A x/÷1.05, B x/÷1.15, C x/÷1.30, D x/÷2; shares take the factor on their odds, so
0 and 1 stay what they are. Plain numbers stated in scenario files are certain: they say what a policy is.
Who is drawn never depends on who else is: each key has its own order of strata, hashed from its name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from sim.core.quantity import Quantity, Spread
from sim.core.spec import Bounded
from sim.nodes.plant_spec import PlantSpec
from sim.scenario import fields
from sim.scenario.fields import Node
from sim.scenario.keys import KeyPath, entry_id, join
from sim.scenario.scenario import Scenario
from sim.scenario.schema import ScenarioSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

GRADE_FACTOR = {"A": 1.05, "B": 1.15, "C": 1.30, "D": 2.0}
Z90 = 1.6448536269514722  # a normal variable lies within +-Z90 in 90 % of cases

# numbers that are what they are, whatever their grade: stoichiometry
EXACT = (("substances", "*", "oxide_factor"),)

# shares that belong together: drawn apart, then scaled; True where the sum must stay what it is, False where at most 1
TOGETHER: tuple[tuple[KeyPath, bool], ...] = (
    (("market", "demand", "*", "*", "supply_share", "*"), True),
    (("routes", "*", "destinations", "*", "share"), False),
    (("plants", "*", "finance", "*"), False),
)


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A number that is drawn.

    sigma : standard deviation of the log of the factor; 0 where ranges are drawn as written.
    """

    key: str
    quantity: Quantity
    bounds: Bounded
    sigma: float

    def at(self, u: float, z: float) -> tuple[Quantity, bool]:
        """The quantity at quantile `u` (`z` of a standard normal), and whether a bound of the field cut it."""
        if self.sigma == 0.0:
            return self.quantity.drawn(u), False
        factor = math.exp(self.sigma * z)
        if self.bounds.unit == "share":
            return Quantity(tuple((year, _odds(value, factor)) for year, value in self.quantity.points)), False  # type: ignore[arg-type]
        points, cut = [], False
        for year, value in self.quantity.points:
            raised = value * factor  # type: ignore[operator]
            kept = min(max(raised, self.bounds.low), self.bounds.high)
            cut = cut or kept != raised
            points.append((year, kept))
        return Quantity(tuple(points)), cut


def _odds(share: float, factor: float) -> float:
    return share * factor / (1.0 - share + share * factor)


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of the specification that holds uncertain numbers: (key or index, branch or place in the list of numbers)."""

    children: tuple[tuple[Any, Branch | int], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Shares that belong together: whether their sum must stay, places of the uncertain ones, and the certain ones."""

    keeps: bool
    places: list[int]
    certain: list[Quantity]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a scenario's draws that does not depend on the draw."""

    uncertain: tuple[Uncertain, ...]
    branch: Branch
    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw.

    inputs : per uncertain number, by key path, its quantile and its value (of a path: the first).
    cut : keys a bound of the field cut.
    """

    spec: ScenarioSpec
    inputs: dict[str, tuple[float, float]]
    cut: tuple[str, ...]


def draws_of(replications: int, repeats_per_draw: int) -> int:
    """How many draws so many replications need."""
    return -(-replications // repeats_per_draw)


def draw_spec(scenario: Scenario, draw: int, draws: int, seed: int) -> Drawn:
    """Draw number `draw` from 0 of `draws`, with what was drawn; with `uncertain_inputs = false` nothing is."""
    if not scenario.spec.run.uncertain_inputs:
        return Drawn(scenario.spec, {}, ())
    plan = plan_of(scenario)
    keys = tuple(one.key for one in plan.uncertain)
    u = _hypercube(keys, draws, seed)[draw].tolist()
    quantile = NormalDist().inv_cdf
    numbers: list[Quantity] = []
    cut: list[str] = []
    for one, share in zip(plan.uncertain, u, strict=True):
        number, was_cut = one.at(share, quantile(share))
        numbers.append(number)
        if was_cut:
            cut.append(one.key)
    for family in plan.families:
        _scale(numbers, plan.uncertain, family)
    spec = _rebuilt(scenario.spec, plan.branch, numbers)
    values = (number.value for number in numbers)
    return Drawn(spec, dict(zip(keys, zip(u, values, strict=True), strict=True)), tuple(cut))


def design(scenario: Scenario, draws: int, seed: int) -> tuple[tuple[str, ...], Matrix]:
    """Key paths of the uncertain numbers and their quantiles, shape (draws, keys)."""
    keys = tuple(one.key for one in plan_of(scenario).uncertain)
    return keys, _hypercube(keys, draws, seed)


@lru_cache(maxsize=2)
def _hypercube(keys: tuple[str, ...], draws: int, seed: int) -> Matrix:
    """Quantiles, shape (draws, keys): every key meets each of `draws` equal strata once (McKay et al. 1979).

    Order and place within a stratum are hashes of key, seed and draw, so a key more or less changes no other.
    """
    import numpy as np  # noqa: PLC0415

    salt = seed.to_bytes(8, "little")
    digests = b"".join(blake2b(key.encode(), digest_size=16, key=salt).digest() for key in keys)
    words = np.frombuffer(digests, dtype="<u8").reshape(len(keys), 2).astype(np.uint64)
    steps = np.arange(1, draws + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    order = np.argsort(_mixed(words[:, :1] + steps), axis=1, kind="stable")
    within = ((_mixed(words[:, 1:] + steps) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    matrix: Matrix = np.ascontiguousarray(((order + within) / draws).T)
    matrix.setflags(write=False)
    return matrix


def _mixed(words: Any) -> Any:
    """Scramble 64-bit words (finaliser of SplitMix64, Steele et al. 2014, doi:10.1145/2660193.2660195)."""
    import numpy as np  # noqa: PLC0415

    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


@lru_cache(maxsize=4)
def plan_of(scenario: Scenario) -> Plan:
    """Find every uncertain number of a scenario."""
    found: list[Uncertain] = []
    families: dict[KeyPath, Family] = {}
    exact = EXACT + tuple(("plants", plant.name, "capacity_t_per_year") for plant in scenario.spec.plants if _is_busy(plant))

    def visit(value: Any, node: Node, path: KeyPath) -> Branch | int | None:
        if node.bounds is None:
            below = ((key, visit(inner, kind, (*path, part))) for key, inner, kind, part in _inside(value, node))
            children = tuple((key, branch) for key, branch in below if branch is not None)
            return Branch(children) if children else None
        if not isinstance(value, Quantity):  # a range that is chance, drawn while the world runs
            return None
        one = _uncertain(scenario, value, node.bounds, path, exact)
        family = _family(path, families)
        if one is None:
            if family is not None:
                family.certain.append(value)
            return None
        if family is not None:
            family.places.append(len(found))
        found.append(one)
        return len(found) - 1

    branch = visit(scenario.spec, fields.root(ScenarioSpec), ())
    drawn_families = tuple(family for family in families.values() if family.places)
    return Plan(tuple(found), branch if isinstance(branch, Branch) else Branch(()), drawn_families)


def _family(path: KeyPath, families: dict[KeyPath, Family]) -> Family | None:
    for pattern, keeps in TOGETHER:
        if _matches(path, pattern):
            around = path[: max(index for index, part in enumerate(pattern) if part == "*")]
            return families.setdefault(around, Family(keeps, [], []))
    return None


def _inside(value: Any, node: Node) -> Iterator[tuple[Any, Any, Node, str]]:
    """What a part of the specification holds: key or index, value, its type, and what it is called in a key path."""
    if node.spec is not None:
        for name, field in fields.fields(node.spec).items():
            inner = getattr(value, name)
            if inner is not None:
                yield name, inner, field.node, name
    elif node.kind == "table" and node.item is not None:
        for key, inner in value.items():
            yield key, inner, node.item, key
    elif node.kind == "entries" and node.item is not None:
        for index, inner in enumerate(value):
            yield index, inner, node.item, _entry(inner, index)


def _entry(entry: Any, index: int) -> str:
    return entry_id({key: getattr(entry, key) for key in ("name", "to") if hasattr(entry, key)}, index)


def _is_busy(plant: PlantSpec) -> bool:
    """Whether other feed uses a part of the nameplate: then what is left free is uncertain, and the range of that feed says so."""
    return any((value.mode if isinstance(value, Spread) else value) > 0.0 for _, value in plant.background_feed_t_per_year.points)


def _uncertain(scenario: Scenario, value: Any, bounds: Bounded, path: KeyPath, exact: tuple[KeyPath, ...]) -> Uncertain | None:
    if not isinstance(value, Quantity):  # a range that is chance, drawn while the world runs
        return None
    if any(isinstance(number, Spread) and number.low < number.high for _, number in value.points):
        return Uncertain(join(path), value, bounds, 0.0)
    value = Quantity(tuple((year, number.mode if isinstance(number, Spread) else number) for year, number in value.points))
    if path in scenario.stated_keys or any(_matches(path, pattern) for pattern in exact):
        return None
    if all(number == 0.0 or (bounds.unit == "share" and number == 1.0) for _, number in value.points):
        return None
    key = join(path)
    evidence = scenario.library.evidence_of(key)
    if evidence is None or evidence.grade not in GRADE_FACTOR:
        return None
    return Uncertain(key, value, bounds, math.log(GRADE_FACTOR[evidence.grade]) / Z90)


def _matches(path: KeyPath, pattern: KeyPath) -> bool:
    return len(path) == len(pattern) and all(wanted in {"*", part} for part, wanted in zip(path, pattern, strict=True))


def _scale(numbers: list[Quantity], uncertain: tuple[Uncertain, ...], family: Family) -> None:
    """Scale shares that belong together so that their sum stays what it is at the modes, or at most what is left of 1."""
    members = family.places
    years = sorted({year for place in members for year, _ in numbers[place].points})
    factors = []
    for year in years:
        total = sum(numbers[place].at(year) for place in members)
        if family.keeps:
            wanted = sum(uncertain[place].quantity.at(year) for place in members)
        else:
            wanted = min(total, 1.0 - sum(number.at(year) for number in family.certain))
        factors.append(wanted / total if total > 0.0 else 1.0)
    if all(factor == 1.0 for factor in factors):
        return
    for place in members:
        number = numbers[place]
        numbers[place] = Quantity(tuple((year, number.at(year) * factor) for year, factor in zip(years, factors, strict=True)))


def _rebuilt(value: Any, branch: Branch | int, numbers: list[Quantity]) -> Any:
    """A copy of a part of the specification with its numbers replaced; what holds none is shared."""
    if isinstance(branch, int):
        return numbers[branch]
    if isinstance(value, dict):
        return value | {key: _rebuilt(value[key], below, numbers) for key, below in branch.children}
    if isinstance(value, tuple):
        items = list(value)
        for index, below in branch.children:
            items[index] = _rebuilt(items[index], below, numbers)
        return tuple(items)
    return value.model_copy(update={name: _rebuilt(getattr(value, name), below, numbers) for name, below in branch.children})
