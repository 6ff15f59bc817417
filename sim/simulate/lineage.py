"""Where recovered metal came from: what was recovered of a treated tag, divided over what that tag took in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ConservationError
from sim.engine.tags import Shares, Tags
from sim.nodes.arisings import Arisings
from sim.results.tables import Coded, Columns, code_type, coded, from_columns
from sim.scenario.schema import ScenarioSpec

Vector = NDArray[np.float64]
Numbers = NDArray[np.integer[Any]]
FIRST_ROWS, GROWTH = 4096, 8  # a column that is full grows by an eighth


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
    told_of = set(out["metal"])
    headline = sorted(name for name, substance in spec.substances.items() if substance.headline and name in told_of)
    recovered, family = _Recovered.of(out, headline), _Family(tags, arisings)
    texts = {"metal": tuple(headline), "plant": recovered.plants, "zone": family.zones.values, "channel": family.channels.values}
    kinds = {name: code_type(values) for name, values in texts.items()}
    kinds |= {"year": np.dtype(np.int16), "discard_year": np.dtype(np.int16), "recovered_kg": np.dtype(np.float64)}
    columns = {name: _Growing(kind) for name, kind in kinds.items()}
    for year in np.unique(recovered.year).tolist():  # a year at a time, or memory would grow with all of them
        for metal, plant, parent, kg in _of_year(recovered.of_year(year), headline, family):
            told = {"year": year, "metal": metal, "plant": plant, **family.told(parent), "recovered_kg": kg}
            for name, column in columns.items():
                column.add(told[name], len(kg))
    wholes = {name: column.whole() for name, column in columns.items()}
    return from_columns("lineage", {name: Coded(each, texts[name]) if name in texts else each for name, each in wholes.items()})


class _Growing:
    """A column that grows in place: it may be as large as all else, so that a list of parts would count twice."""

    def __init__(self, kind: np.dtype[Any]) -> None:
        self._values, self._count = np.zeros(FIRST_ROWS, dtype=kind), 0

    def add(self, values: NDArray[Any] | int, count: int) -> None:
        """Put `count` values at the end, or one so often."""
        after = self._count + count
        if after > len(self._values):
            self._values.resize(after + after // GROWTH, refcheck=False)
        self._values[self._count : after] = values
        self._count = after

    def whole(self) -> NDArray[Any]:
        """All values; it grows no more."""
        self._values.resize(self._count, refcheck=False)
        return self._values


@dataclass(frozen=True, slots=True)
class _Recovered:
    """What was recovered, row by row; metals and plants as numbers in the order of their names."""

    tag: Numbers
    metal: Numbers
    plant: Numbers
    year: Numbers
    kg: Vector
    plants: tuple[str, ...]

    @classmethod
    def of(cls, out: Mapping[str, Any], headline: list[str]) -> _Recovered:
        """What was recovered of headline metals."""
        metal, plant = coded(out["metal"]), coded(out["plant"])
        number = np.array([headline.index(name) if name in headline else -1 for name in metal.values], dtype=np.int64)[metal.codes]
        kg = np.asarray(out["kg"], dtype=np.float64)
        some = np.flatnonzero((number >= 0) & (kg > 0.0))
        tag, year = (np.asarray(out[name], dtype=np.int64)[some] for name in ("tag", "year"))
        return cls(tag, number[some], plant.codes[some], year, kg[some], plant.values)

    def of_year(self, year: int) -> _Recovered:
        """What was recovered in one year."""
        some = np.flatnonzero(self.year == year)
        return _Recovered(self.tag[some], self.metal[some], self.plant[some], self.year[some], self.kg[some], self.plants)


class _Family:
    """Where tags come from: zones, channels and years of discard as numbers, and what treated tags took in."""

    def __init__(self, tags: Tags, arisings: Arisings) -> None:
        self.tags, self._arisings = tags, arisings
        self._taken = tags.intakes()
        countries, zones, channels, _, years = zip(*tags.origins, strict=True) if tags.origins else ((),) * 5
        self.zones, self.channels = coded(zones), coded(channels)
        number = {name: index for index, name in enumerate(arisings.countries)}
        self._country = np.array([number.get(name, -1) for name in countries], dtype=np.int64)
        self._first = arisings.calendar.start
        self._year = np.array(years, dtype=np.int64) - self._first
        self._shape = len(self.zones.values), len(self.channels.values), len(arisings.calendar.years)
        self._groups = np.array([arisings.groups.index(kind) for kind in tags.kinds], dtype=np.int64)

    @property
    def size(self) -> int:
        """Number of parents there can be."""
        return int(np.prod(self._shape))

    def took_in(self, wanted: Numbers) -> Shares:
        """What some tags, given in order, took in, blends divided; tags that took nothing in are left out."""
        first, last = (np.searchsorted(self._taken.tag, wanted, side) for side in ("left", "right"))
        rows = _spread(first, last - first)
        taken = self._taken.of(rows[self._taken.kg[rows] > 0.0])
        return self.tags.divided(taken)

    def parents(self, taken: Shares) -> Numbers:
        """Numbers of zone, channel and year of discard, in the order of their names.

        Raises
        ------
        ConservationError
            If something was discarded in a year the arisings know nothing of.
        """
        year = self._year[taken.part]
        unknown = np.flatnonzero((year < 0) | (year >= self._shape[2]))
        if unknown.size:
            years, origin = self._arisings.calendar.years, self.tags[int(taken.part[unknown[0]])]
            raise ConservationError(f"lineage: {origin} was discarded outside the run, {years[0]} to {years[-1]}")
        numbers: Numbers = np.ravel_multi_index((self.zones.codes[taken.part], self.channels.codes[taken.part], year), self._shape)
        return numbers

    def content(self, taken: Shares, metal: int) -> Vector:
        """Kilograms of a metal, the substance of this number, in what was taken in."""
        made_of = self._country[taken.part], self._groups[taken.kind], self._year[taken.part]
        content: Vector = taken.kg * self._arisings.composition[(*made_of, metal)]
        return content

    def told(self, parents: Numbers) -> dict[str, Numbers]:
        """Numbers of zones and channels, and years of discard, of parents."""
        zone, channel, year = np.unravel_index(parents, self._shape)
        return {"zone": zone, "channel": channel, "discard_year": self._first + year}

    def number(self, metal: str) -> int:
        """Number of a substance."""
        return self._arisings.substances.index(metal)


def _of_year(recovered: _Recovered, headline: list[str], family: _Family) -> Iterator[tuple[int, Numbers, Numbers, Vector]]:
    """Number of the metal, numbers of plants and of parents, and kilograms: what was recovered in a year, metal by metal."""
    taken = family.took_in(np.unique(recovered.tag))
    _require_known(recovered, headline, taken, family.tags)
    starts = np.flatnonzero(np.diff(taken.tag, prepend=-1))
    of_tag = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(taken.tag))))
    # the parents of each tag, and the pairs of a tag and a plant that recovered of it, each with those parents
    kin, kin_of = np.unique(of_tag * family.size + family.parents(taken), return_inverse=True)
    of_kin, parent = np.divmod(kin, family.size)
    place = np.searchsorted(taken.tag[starts], recovered.tag)
    pairs, pair_of = np.unique(place * len(recovered.plants) + recovered.plant, return_inverse=True)
    place, plant = np.divmod(pairs, len(recovered.plants))
    first, last = (np.searchsorted(of_kin, place, side) for side in ("left", "right"))
    row, pair = _spread(first, last - first), np.repeat(np.arange(len(pairs)), last - first)
    ends, end = np.unique(plant[pair] * family.size + parent[row], return_inverse=True)
    mass = np.add.reduceat(taken.kg, starts)
    for metal, name in enumerate(headline):  # in the order of the table, which then need not be sorted
        mine = np.flatnonzero(recovered.metal == metal)
        content = family.content(taken, family.number(name))
        whole = np.add.reduceat(content, starts)
        known = whole > 0.0
        # by mass where the composition knows no such metal
        share = np.where(known[of_tag], content, taken.kg) / np.where(known, whole, mass)[of_tag]
        of_kin_share = np.bincount(kin_of, share, len(kin))
        kg = np.bincount(pair_of[mine], recovered.kg[mine], len(pairs))
        sums: Vector = np.bincount(end, kg[pair] * of_kin_share[row], len(ends)).astype(np.float64)
        some = sums > 0.0
        yield metal, *np.divmod(ends[some], family.size), sums[some]


def _spread(first: Numbers, counts: Numbers) -> Numbers:
    """Numbers of `counts` rows from each `first` on."""
    rows: Numbers = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    return rows


def _require_known(recovered: _Recovered, headline: list[str], taken: Shares, tags: Tags) -> None:
    missing = np.flatnonzero(~np.isin(recovered.tag, taken.tag))
    if missing.size:
        row = int(missing[0])
        kg, metal, origin = recovered.kg[row], headline[recovered.metal[row]], tags[int(recovered.tag[row])]
        raise ConservationError(f"lineage: {kg:.3g} kg of {metal} recovered from {origin}, which took nothing in")
