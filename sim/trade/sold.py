"""What was sold in a month: counted lot by lot, folded when the month ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.core.lot import Lot
from sim.engine.ledger import sums_by
from sim.engine.pending import Pending
from sim.engine.world import World

Array = NDArray[np.float64]
Sums = dict[tuple[str, str, str], Array]


class Sold:
    """Lots that industries took since the last fold."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers: dict[tuple[str, str, str, str, str], int] = {}  # of seller, country, contract, place and origin
        self._pending = Pending()

    def count(self, seller: str, country: str, contract: str, place: str, lots: Sequence[Lot]) -> None:
        """Note lots that a seller in `place` gave to the industry of a country."""
        tags, known, pending = self._world.tags, self._numbers, self._pending
        for lot in lots:
            sale = seller, country, contract, place, tags[lot.tag].country
            pending.numbers.append(known.setdefault(sale, len(known)))
            pending.refs.append(lot.ref)
            pending.kg.append(lot.kg)

    def fold(self) -> tuple[Sums, Sums]:
        """Kg of each substance by (country, origin, place) and by (seller, country, contract); begins anew."""
        numbers, masses = self._pending.folded(self._world.composition)
        self._pending = Pending()
        sales = list(self._numbers)
        some = [sales[number] for number in numbers.tolist()]
        came = _summed([(country, origin, place) for _, country, _, place, origin in some], masses)
        return came, _summed([sale[:3] for sale in some], masses)


def _summed(keys: Sequence[tuple[str, str, str]], masses: Array) -> Sums:
    """Masses, shape (keys, substances), added up by key."""
    number: dict[tuple[str, str, str], int] = {}
    group = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    return dict(zip(number, sums_by(group, masses, len(number)), strict=True))
