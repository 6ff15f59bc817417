"""Where mass came from, as small numbers that lots can carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Origin(NamedTuple):
    """Origin of a lot. Before treatment `plant` is empty; after it `zone` and `channel` are.

    Treatment mixes lots within one plant, year and country of origin; `lineage` expands a treated origin again
    by what that plant took in that year.
    """

    country: str
    zone: str = ""
    channel: str = ""
    plant: str = ""
    year: int = 0


class Blend(NamedTuple):
    """What a tag was mixed of: tags of the parts, and the kilograms of each, which may still change."""

    tags: NDArray[np.integer[Any]]
    kg: NDArray[np.float64]


class Shares(NamedTuple):
    """What tags took in, row by row: `kg` of `part`, a tag or a blend, of the kind numbered `kind` in `Tags.kinds`."""

    tag: NDArray[np.integer[Any]]
    part: NDArray[np.integer[Any]]
    kind: NDArray[np.integer[Any]]
    kg: NDArray[np.float64]

    def of(self, rows: NDArray[np.intp]) -> Shares:
        """Some rows."""
        return Shares(self.tag[rows], self.part[rows], self.kind[rows], self.kg[rows])


NOTHING = Blend(np.zeros(0, dtype=np.int32), np.zeros(0))


class Tags:
    """Interned origins: equal origins share a tag; tags count from 0 in order of first use.

    blends : parts of the tags that stand for a mixture. kinds : number of each kind of material that was taken in.
    """

    __slots__ = ("_by_origin", "_intake", "_left", "_packed", "blends", "kinds", "origins")

    def __init__(self) -> None:
        self.origins: list[Origin] = []
        self.blends: dict[int, Blend] = {}
        self.kinds: dict[str, int] = {}
        self._by_origin: dict[Origin, int] = {}
        self._intake: dict[tuple[int, int, int], list[float]] = {}  # tag, part and kind -> kg
        self._packed: list[Shares] = []
        self._left: NDArray[np.integer[Any]] = NOTHING.tags  # parts of the blend packed last

    def of(self, origin: Origin) -> int:
        """The tag of an origin."""
        tag = self._by_origin.get(origin)
        if tag is None:
            tag = self._by_origin[origin] = len(self.origins)
            self.origins.append(origin)
        return tag

    def blend(self, common: Origin, parts: Blend) -> int:
        """A new tag for a mixture of `parts`, of which `common` says what they share."""
        tag = len(self.origins)
        self.origins.append(common)
        self.blends[tag] = parts
        return tag

    def pack(self, tag: int) -> None:
        """Forget the parts of a blend that are nothing; nothing may be added to it any more."""
        parts, kg = self.blends[tag]
        some = np.flatnonzero(kg > 0.0)
        left: NDArray[np.integer[Any]] = parts[some].astype(np.int32)
        if np.array_equal(left, self._left):
            left = self._left  # cargo of one load mostly comes from the same places
        self.blends[tag] = Blend(left, kg[some]) if some.size else NOTHING
        self._left = left

    def intake(self, tag: int, part: int, kind: str) -> list[float]:
        """The cell that counts how much of a tag, or of a blend, and of a kind of material was taken in under `tag` [kg]."""
        return self._intake.setdefault((tag, part, self.kinds.setdefault(kind, len(self.kinds))), [0.0])

    def pack_intakes(self, year: int) -> None:
        """Keep what was taken in before `year` in a tenth of the memory; nothing may be added to it any more."""
        over = {key: cell for key, cell in self._intake.items() if self.origins[key[0]].year < year}
        if over:
            self._packed.append(_shares(over))
            self._intake = {key: cell for key, cell in self._intake.items() if key not in over}

    def intakes(self) -> Shares:
        """All that was taken in, in order of tags; a blend is one part."""
        parts = [*self._packed, _shares(self._intake)]
        whole = Shares(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        return whole.of(np.lexsort((whole.kind, whole.part, whole.tag)))

    def divided(self, taken: Shares) -> Shares:
        """The same, blends divided into their parts, which stay together."""
        none, one, count = NOTHING, np.ones(1), len(taken.tag)
        parts = [self.blends.get(part) or Blend(np.array([part]), one) for part in taken.part.tolist()]
        row = np.repeat(np.arange(count), [len(part.kg) for part in parts])
        tags, kg = (np.concatenate(column) for column in zip(none, *parts, strict=True))
        some = kg > 0.0
        row, tags, kg = row[some], tags[some], kg[some]
        return Shares(taken.tag[row], tags, taken.kind[row], taken.kg[row] * kg / np.bincount(row, kg, count)[row])

    def __getitem__(self, tag: int) -> Origin:
        """The origin of a tag."""
        return self.origins[tag]


def _shares(cells: Mapping[tuple[int, int, int], list[float]]) -> Shares:
    tag, part, kind = np.array(list(cells), dtype=np.int32).reshape(-1, 3).T.copy()
    return Shares(tag, part, kind, np.array(list(cells.values()), dtype=np.float64).reshape(-1))
