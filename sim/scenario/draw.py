"""What is not known, drawn: every uncertain number of a scenario, Latin hypercube over the draws.

Ranges are drawn as written (triangular). Numbers of the library without a range get one from their evidence grade, read
as a 90 % interval of a lognormal factor: A x/÷1.05, B x/÷1.15, C x/÷1.30, D x/÷2; shares take the factor on their odds, so
0 and 1 stay what they are. Plain numbers stated in scenario files are certain: they say what a policy is. A stated path
that begins by repeating the library keeps the library's draw up to there: what differs from the reference begins later.
Who is drawn never depends on who else is: each key has its own order of strata, hashed from its name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from math import isclose
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from sim.core.quantity import Quantity, Spread
from sim.core.spec import Bounded
from sim.nodes.plant_spec import PlantSpec
from sim.scenario import fields
from sim.scenario.fields import Node
from sim.scenario.keys import MISSING, KeyPath, entry_id, get, join
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
    reference, repeats : the library's number, and how many points at the start of a stated path only repeat it.
    """

    key: str
    quantity: Quantity
    bounds: Bounded
    sigma: float
    reference: Uncertain | None = None
    repeats: int = 0

    def at(self, u: float, z: float) -> tuple[Quantity, bool]:
        """The quantity at quantile `u` (`z` of a standard normal), and whether a bound of the field cut it."""
        if self.reference is not None:
            drawn, was_cut = self.reference.at(u, z)
            repeated = tuple((year, drawn.at(year)) for year, _ in self.quantity.points[: self.repeats])
            return Quantity(repeated + self.quantity.drawn(u).points[self.repeats :]), was_cut
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
    """Shares that belong together: whether their sum must stay, places of the uncertain ones, and the certain ones by key."""

    keeps: bool
    places: list[int]
    certain: dict[str, Quantity]


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
    keys, u, numbers, cut = draw_numbers(plan, draw, draws, seed)
    for family in plan.families:
        scale(numbers, plan.uncertain, family)
    values = (number.value for number in numbers)
    return Drawn(rebuilt(scenario.spec, plan.branch, numbers), dict(zip(keys, zip(u, values, strict=True), strict=True)), cut)


def draw_numbers(
    plan: Plan, draw: int, draws: int, seed: int
) -> tuple[tuple[str, ...], list[float], list[Quantity], tuple[str, ...]]:
    """Keys of the uncertain numbers, their quantiles in a draw, the numbers before families are scaled, and keys that were cut."""
    keys = tuple(one.key for one in plan.uncertain)
    u: list[float] = hypercube(keys, draws, seed)[draw].tolist()
    quantile = NormalDist().inv_cdf
    drawn = [one.at(share, quantile(share)) for one, share in zip(plan.uncertain, u, strict=True)]
    return keys, u, [number for number, _ in drawn], tuple(key for key, (_, was_cut) in zip(keys, drawn, strict=True) if was_cut)


def design(scenario: Scenario, draws: int, seed: int) -> tuple[tuple[str, ...], Matrix]:
    """Key paths of the uncertain numbers and their quantiles, shape (draws, keys)."""
    keys = tuple(one.key for one in plan_of(scenario).uncertain)
    return keys, hypercube(keys, draws, seed)


@lru_cache(maxsize=2)
def hypercube(keys: tuple[str, ...], draws: int, seed: int) -> Matrix:
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
    nameplates = {("plants", plant.name, "capacity_t_per_year") for plant in scenario.spec.plants if _is_busy(plant)}

    def visit(value: Any, node: Node, path: KeyPath) -> Branch | int | None:
        if node.bounds is None:
            below = ((key, visit(inner, kind, (*path, part))) for key, inner, kind, part in _inside(value, node))
            children = tuple((key, branch) for key, branch in below if branch is not None)
            return Branch(children) if children else None
        if not isinstance(value, Quantity):  # a range that is chance, drawn while the world runs
            return None
        one = None if path in nameplates else _uncertain(scenario, value, node.bounds, path)
        family = _family(path, families)
        if one is None:
            if family is not None:
                family.certain[join(path)] = value
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
            return families.setdefault(around, Family(keeps, [], {}))
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
    """Whether other feed uses part of a nameplate without a range: how much is left free is uncertain, the nameplate is not."""
    other_feed = any(
        (value.mode if isinstance(value, Spread) else value) > 0.0 for _, value in plant.background_feed_t_per_year.points
    )
    return other_feed and not _has_range(plant.capacity_t_per_year)


def _has_range(quantity: Quantity) -> bool:
    return any(isinstance(number, Spread) and number.low < number.high for _, number in quantity.points)


def _uncertain(scenario: Scenario, value: Any, bounds: Bounded, path: KeyPath) -> Uncertain | None:
    if not isinstance(value, Quantity):  # a range that is chance, drawn while the world runs
        return None
    if path in scenario.stated_keys and (repeated := _repeated(scenario, value, bounds, path)) is not None:
        return repeated
    if _has_range(value):
        return Uncertain(join(path), value, bounds, 0.0)
    if path in scenario.stated_keys:
        return None
    return _graded(scenario, value, bounds, path)


def _graded(scenario: Scenario, value: Quantity, bounds: Bounded, path: KeyPath) -> Uncertain | None:
    """A plain number of the library with the range its grade gives it."""
    value = Quantity(tuple((year, number.mode if isinstance(number, Spread) else number) for year, number in value.points))
    if any(_matches(path, pattern) for pattern in EXACT):
        return None
    if all(number == 0.0 or (bounds.unit == "share" and number == 1.0) for _, number in value.points):
        return None
    key = join(path)
    evidence = scenario.library.evidence_of(key)
    if evidence is None or evidence.grade not in GRADE_FACTOR:
        return None
    return Uncertain(key, value, bounds, math.log(GRADE_FACTOR[evidence.grade]) / Z90)


def _repeated(scenario: Scenario, value: Quantity, bounds: Bounded, path: KeyPath) -> Uncertain | None:
    """A stated path whose first points say what the library says, drawn there as the library is; None if it is no such path."""
    found = get(scenario.library.tree, path)
    if len(value.points) == 1 or found is MISSING:
        return None
    reference = bounds.read(found)
    same = [isclose(reference.at(year), value.at(year)) and not isinstance(number, Spread) for year, number in value.points]
    repeats = next((number for number, is_same in enumerate(same) if not is_same), len(same))
    if repeats == 0:
        return None
    drawn = Uncertain(join(path), reference, bounds, 0.0) if reference.uncertain else _graded(scenario, reference, bounds, path)
    return Uncertain(join(path), value, bounds, 0.0, drawn, repeats) if drawn is not None else None


def _matches(path: KeyPath, pattern: KeyPath) -> bool:
    return len(path) == len(pattern) and all(wanted in {"*", part} for part, wanted in zip(path, pattern, strict=True))


def scale(numbers: list[Quantity], uncertain: Sequence[Uncertain], family: Family) -> None:
    """Scale shares that belong together so that their sum stays what it is at the modes, or at most what is left of 1."""
    members = family.places
    years = sorted({year for place in members for year, _ in numbers[place].points})
    factors = []
    for year in years:
        total = sum(numbers[place].at(year) for place in members)
        if family.keeps:
            wanted = sum(uncertain[place].quantity.at(year) for place in members)
        else:
            wanted = min(total, 1.0 - sum(number.at(year) for number in family.certain.values()))
        factors.append(wanted / total if total > 0.0 else 1.0)
    if all(factor == 1.0 for factor in factors):
        return
    for place in members:
        number = numbers[place]
        numbers[place] = Quantity(tuple((year, number.at(year) * factor) for year, factor in zip(years, factors, strict=True)))


def rebuilt(value: Any, branch: Branch | int, numbers: list[Quantity]) -> Any:
    """A copy of a part of the specification with its numbers replaced; what holds none is shared."""
    if isinstance(branch, int):
        return numbers[branch]
    if isinstance(value, dict):
        return value | {key: rebuilt(value[key], below, numbers) for key, below in branch.children}
    if isinstance(value, tuple):
        items = list(value)
        for index, below in branch.children:
            items[index] = rebuilt(items[index], below, numbers)
        return tuple(items)
    return value.model_copy(update={name: rebuilt(getattr(value, name), below, numbers) for name, below in branch.children})
