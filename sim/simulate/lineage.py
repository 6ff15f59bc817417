"""Where recovered metal came from: what was recovered of a treated tag, divided over what that tag took in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ConservationError
from sim.engine.tags import Origin, Tags
from sim.nodes.arisings import Arisings
from sim.results.tables import Coded, Columns, coded, from_columns
from sim.scenario.schema import ScenarioSpec

Vector = NDArray[np.float64]
Rows = NDArray[np.int64]
Small = NDArray[np.int32]


def lineage(out: Mapping[str, Any], tags: Tags, arisings: Arisings, spec: ScenarioSpec) -> Columns:
    """Table `lineage` of headline metals; parents of a plant, year and metal sum to what it recovered.

    A treated tag (country, dismantling plant, year) mixes what the plant took in that year. Its metal is divided by the
    metal content of each intake: kilograms times the composition of (country, group, year of discard).

    Parameters
    ----------
    out
        Kilograms by `tag metal plant year` of recovery.

    Raises
    ------
    ConservationError
        If metal was recovered of a tag that took nothing in.
    """
    intakes = _intakes_of(tags, arisings)
    ends = sorted(set(zip(out["year"], out["plant"], strict=True)))
    number = {end: place for place, end in enumerate(ends)}
    metals, years = np.array(out["metal"], dtype=object), np.array(out["year"])
    tag, kg = np.asarray(out["tag"], dtype=np.int64), np.asarray(out["kg"], dtype=np.float64)
    end = _integers(number[each] for each in zip(out["year"], out["plant"], strict=True))
    headline = sorted(name for name, substance in spec.substances.items() if substance.headline)
    parts = []
    for year in sorted(set(out["year"])):  # a year at a time, or memory would grow with all of them
        for metal in headline:  # in the order of the table, which then need not be sorted
            mine = np.flatnonzero((metals == metal) & (years == year) & (kg > 0.0))
            if mine.size:
                _require_known(metal, tag[mine], kg[mine], intakes, tags)
                divided = intakes.divided(arisings.substances.index(metal), end[mine], tag[mine], kg[mine])
                parts.append(_Part(metal, *divided))
    parents = intakes.parents
    del intakes  # as large as the table
    return _columns(parts, ends, parents)


class _Part(NamedTuple):
    """Rows of one metal and year: end, parent, kilograms."""

    metal: str
    end: Small
    parent: Small
    kg: Vector


@dataclass(frozen=True, slots=True)
class _Intakes:
    """What treated tags took in, sorted by tag.

    tag, parent, kg : by row. parents : zone, channel and year of discard, which `parent` numbers.
    made_of : country, group and year of each row in `composition`, of shape (countries, groups, years, substances).
    """

    tag: Rows
    parent: Rows
    kg: Vector
    parents: tuple[tuple[str, str, int], ...]
    made_of: tuple[Rows, Rows, Rows]
    composition: Vector

    def divided(self, metal: int, end: Rows, tag: Rows, kg: Vector) -> tuple[Small, Small, Vector]:
        """Divide what was recovered of a substance over the parents of tags; return end, parent and kilograms, each pair once."""
        first, last = np.searchsorted(self.tag, tag, "left"), np.searchsorted(self.tag, tag, "right")
        counts = last - first
        row = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        amounts = np.repeat(kg, counts) * self._share_of_tag(metal)[row]
        pair, place = np.unique(np.repeat(end, counts) * len(self.parents) + self.parent[row], return_inverse=True)
        sums: Vector = np.bincount(place, amounts, len(pair)).astype(np.float64)
        some = sums > 0.0
        ends, parents = np.divmod(pair[some], len(self.parents))
        return ends.astype(np.int32), parents.astype(np.int32), sums[some]

    def _share_of_tag(self, metal: int) -> Vector:
        """Share of each row in the metal of its tag; by mass where the composition knows no such metal."""
        starts = np.flatnonzero(np.diff(self.tag, prepend=-1))
        lengths = np.diff(np.append(starts, len(self.tag)))
        content = self.kg * self.composition[(*self.made_of, metal)]
        whole, mass = (np.repeat(np.add.reduceat(each, starts), lengths) for each in (content, self.kg))
        known = whole > 0.0
        return np.where(known, content, self.kg) / np.where(known, whole, mass)


def _intakes_of(tags: Tags, arisings: Arisings) -> _Intakes:
    taken = tags.intakes()
    order = np.lexsort((taken.kind, taken.part, taken.tag))
    order = order[taken.kg[order] > 0.0]
    numbers, place = np.unique(taken.part[order], return_inverse=True)
    origins = [tags[number] for number in numbers.tolist()]
    places = [(origin.zone, origin.channel, origin.year) for origin in origins]
    parents = tuple(sorted(set(places)))
    number = {parent: each for each, parent in enumerate(parents)}
    parent = _integers(number[each] for each in places)
    made_of = _made_of(origins, taken.kinds, arisings)
    rows = made_of[0][place], made_of[1][taken.kind[order]], made_of[2][place]
    return _Intakes(taken.tag[order], parent[place], taken.kg[order], parents, rows, arisings.composition)


def _made_of(origins: Sequence[Origin], kinds: Sequence[str], arisings: Arisings) -> tuple[Rows, Rows, Rows]:
    """Numbers of the countries of origins, of the groups of kinds, and of the years of origins in the composition of arisings.

    Raises
    ------
    ConservationError
        If something was discarded in a year the arisings know nothing of.
    """
    country = {name: index for index, name in enumerate(arisings.countries)}
    years = range(arisings.calendar.start, arisings.calendar.end + 1)
    for origin in origins:
        if origin.year not in years:
            raise ConservationError(f"lineage: {origin} was discarded outside the run, {years[0]} to {years[-1]}")
    return (
        _integers(country[origin.country] for origin in origins),
        _integers(arisings.groups.index(kind) for kind in kinds),
        _integers(origin.year - years[0] for origin in origins),
    )


def _integers(values: Iterable[int]) -> Rows:
    return np.array(list(values), dtype=np.int64)


def _require_known(metal: str, tag: Rows, kg: Vector, intakes: _Intakes, tags: Tags) -> None:
    missing = np.flatnonzero(~np.isin(tag, intakes.tag))
    if missing.size:
        which = int(missing[0])
        origin = tags[int(tag[which])]
        raise ConservationError(f"lineage: {kg[which]:.3g} kg of {metal} recovered from {origin}, which took nothing in")


def _columns(parts: list[_Part], ends: Sequence[tuple[int, str]], parents: Sequence[tuple[str, str, int]]) -> Columns:
    """The table, column by column, since it may be as large as everything else."""
    metal = np.repeat(np.arange(len(parts)), [len(part.end) for part in parts])
    columns: Columns = {"metal": _coded_rows([part.metal for part in parts], metal)}
    del metal
    columns["recovered_kg"] = np.concatenate([np.zeros(0), *(part.kg for part in parts)])
    none = np.zeros(0, dtype=np.int32)
    end = np.concatenate([none, *(part.end for part in parts)])
    parent = np.concatenate([none, *(part.parent for part in parts)])
    parts.clear()
    columns["year"] = np.array([year for year, _ in ends], dtype=np.int32)[end]
    columns["plant"] = _coded_rows([plant for _, plant in ends], end)
    columns["zone"] = _coded_rows([zone for zone, _, _ in parents], parent)
    columns["channel"] = _coded_rows([channel for _, channel, _ in parents], parent)
    columns["discard_year"] = np.array([year for *_, year in parents], dtype=np.int32)[parent]
    return from_columns("lineage", columns)


def _coded_rows(texts: Sequence[str], rows: NDArray[np.integer[Any]]) -> Coded:
    names = coded(texts)
    return Coded(names.codes[rows], names.values)
