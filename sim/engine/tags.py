"""Where mass came from, as small numbers that lots can carry."""

from __future__ import annotations

from typing import NamedTuple

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

    tags: NDArray[np.int64]
    kg: NDArray[np.float64]


class Shares(NamedTuple):
    """What tags took in, row by row: `kg` of `part`, a tag that is no blend, of the kind numbered `kind` in `kinds`."""

    tag: NDArray[np.int64]
    part: NDArray[np.int64]
    kind: NDArray[np.int64]
    kg: NDArray[np.float64]
    kinds: tuple[str, ...]


class Tags:
    """Interned origins: equal origins share a tag; tags count from 0 in order of first use.

    blends : parts of the tags that stand for a mixture.
    """

    __slots__ = ("_by_origin", "_intake", "blends", "origins")

    def __init__(self) -> None:
        self.origins: list[Origin] = []
        self.blends: dict[int, Blend] = {}
        self._by_origin: dict[Origin, int] = {}
        self._intake: dict[tuple[int, int, str], list[float]] = {}

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
        self.blends[tag] = Blend(parts[some], kg[some])

    def intake(self, tag: int, part: int, kind: str) -> list[float]:
        """The cell that counts how much of a tag, or of a blend, and of a kind of material was taken in under `tag` [kg]."""
        return self._intake.setdefault((tag, part, kind), [0.0])

    def intakes(self) -> Shares:
        """All that was taken in, blends divided into their parts."""
        kinds = {kind: number for number, kind in enumerate(sorted({kind for _, _, kind in self._intake}))}
        parts = [self._divided(part, kg) for (_, part, _), (kg,) in self._intake.items()]
        counts = [len(tags) for tags, _ in parts]
        rows = np.array([(tag, kinds[kind]) for tag, _, kind in self._intake], dtype=np.int64).reshape(-1, 2)
        tag, kind = np.repeat(rows, counts, axis=0).T
        none = np.zeros(0, dtype=np.int64)
        part = np.concatenate([none, *(tags for tags, _ in parts)])
        return Shares(tag, part, kind, np.concatenate([np.zeros(0), *(kg for _, kg in parts)]), tuple(kinds))

    def _divided(self, part: int, kg: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Tags that are no blends, and how much of `kg` is theirs."""
        blend = self.blends.get(part)
        if blend is None:
            return np.array([part]), np.array([kg])
        some = np.flatnonzero(blend.kg > 0.0)
        of = blend.kg[some]
        return blend.tags[some], kg * of / of.sum()

    def __getitem__(self, tag: int) -> Origin:
        """The origin of a tag."""
        return self.origins[tag]
