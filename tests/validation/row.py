"""One published figure beside its modelled one."""

from __future__ import annotations

from dataclasses import dataclass

FACTOR_1_5 = (1 / 1.5, 1.5)
QUARTER = (0.75, 1.25)


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; `accepted` is the range of modelled over published that counts as right.

    strength : what the comparison is worth as a test; empty: see `worth`. inputs : the run or the tables the modelled figure comes
    from; empty where the subject says it.
    """

    subject: str
    period: str
    unit: str
    published: float
    modelled: float
    basis: str
    accepted: tuple[float, float]
    source: str
    why: str = ""
    strength: str = ""
    inputs: str = ""

    @property
    def ratio(self) -> float:
        return self.modelled / self.published

    @property
    def holds(self) -> bool:
        return self.accepted[0] <= self.ratio <= self.accepted[1]

    @property
    def fitted(self) -> bool:
        """Whether the model was set to the very figure, so that meeting it proves nothing."""
        return self.basis.startswith("fitted")

    @property
    def worth(self) -> str:
        """What the comparison is worth as a test of the model."""
        if self.strength:
            return self.strength
        if self.fitted:
            return "none: used"
        wide = self.accepted[1] - self.accepted[0] > 2 * (QUARTER[1] - 1.0)
        return "size only" if wide else "prediction"
