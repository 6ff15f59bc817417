"""Where mass came from, as small numbers that lots can carry."""

from __future__ import annotations

from typing import NamedTuple


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


class Tags:
    """Interned origins: equal origins share a tag; tags count from 0 in order of first use."""

    __slots__ = ("_by_origin", "origins")

    def __init__(self) -> None:
        self.origins: list[Origin] = []
        self._by_origin: dict[Origin, int] = {}

    def of(self, origin: Origin) -> int:
        """The tag of an origin."""
        tag = self._by_origin.get(origin)
        if tag is None:
            tag = self._by_origin[origin] = len(self.origins)
            self.origins.append(origin)
        return tag

    def __getitem__(self, tag: int) -> Origin:
        """The origin of a tag."""
        return self.origins[tag]
