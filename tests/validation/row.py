"""One published figure beside its modelled one."""

from __future__ import annotations

from dataclasses import dataclass

FACTOR_1_5 = (1 / 1.5, 1.5)
QUARTER = (0.75, 1.25)


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; `accepted` is the range of modelled over published that counts as right."""

    subject: str
    period: str
    unit: str
    published: float
    modelled: float
    basis: str
    accepted: tuple[float, float]
    source: str
    why: str = ""

    @property
    def ratio(self) -> float:
        return self.modelled / self.published

    @property
    def holds(self) -> bool:
        return self.accepted[0] <= self.ratio <= self.accepted[1]
