"""What a process makes of what it is fed: shares of each substance, residue by difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

RESIDUE = "residue"
ANY = "*"
TOLERANCE = 1e-12  # of one substance in one input: shares may pass 1 by this much, and less than this is no residue

Masses = NDArray[np.float64]
Shares = Mapping[str, Mapping[str, Mapping[str, float]]]


class TransferTable:
    """Shares of each substance of each input that go to each output; what is left is residue.

    inputs : product groups or fractions. outputs : fractions or product forms, residue not among them.
    shares : shape (inputs, outputs, substances), each share from 0 to 1, sums over outputs at most 1.
    whole : the same with the residue as last output, shape (inputs, outputs + 1, substances); sums over outputs are 1. Where
        the residue is float dust, of either sign, there is none and the other shares are scaled.
    highest_sum : largest sum of shares met before they were scaled.
    """

    __slots__ = ("highest_sum", "inputs", "outputs", "shares", "substances", "whole")

    def __init__(self, inputs: Sequence[str], outputs: Sequence[str], substances: Sequence[str], shares: Masses) -> None:
        self.inputs, self.outputs, self.substances = tuple(inputs), tuple(outputs), tuple(substances)
        self.shares = shares
        self.highest_sum = float(shares.sum(axis=1).max(initial=0.0))
        self._require_shares()
        sums = shares.sum(axis=1, keepdims=True)
        full = np.abs(1.0 - sums) <= TOLERANCE
        self.whole = np.concatenate((shares / np.where(full, sums, 1.0), np.where(full, 0.0, 1.0 - sums)), axis=1)

    @classmethod
    def of(cls, transfer: Shares, inputs: Sequence[str], substances: Sequence[str], *, scale: bool = False) -> TransferTable:
        """Build from input -> output -> substance -> share.

        An input that is not named is treated as `"*"`; within an output, a substance that is not named has the
        share of `"*"`. A declared output called `residue` is what is left anyway and is passed over. With `scale`,
        shares that sum to more than 1 are divided by their sum: shares drawn one by one may pass 1 together.

        Raises
        ------
        ValueError
            If an input is neither named nor covered by `"*"`, a substance is unknown, or shares sum to more than 1.
        """
        outputs = tuple(dict.fromkeys(output for rows in transfer.values() for output in rows if output != RESIDUE))
        unknown = sorted({s for rows in transfer.values() for row in rows.values() for s in row} - {*substances, ANY})
        if unknown:
            raise ValueError(f"no substance is called {', '.join(unknown)}")
        shares = np.zeros((len(inputs), len(outputs), len(substances)))
        for i, name in enumerate(inputs):
            rows = transfer.get(name, transfer.get(ANY))
            if rows is None:
                raise ValueError(f"nothing is said of the input {name}")
            for output, row in rows.items():
                if output != RESIDUE:
                    rest = row.get(ANY, 0.0)
                    shares[i, outputs.index(output)] = [row.get(substance, rest) for substance in substances]
        sums = shares.sum(axis=1, keepdims=True)
        table = cls(inputs, outputs, substances, shares / np.maximum(sums, 1.0) if scale else shares)
        table.highest_sum = float(sums.max(initial=0.0))
        return table

    def _require_shares(self) -> None:
        if (self.shares < 0.0).any():
            raise ValueError("a transfer share is negative")
        sums = self.shares.sum(axis=1)
        if sums.size and sums.max() > 1.0 + TOLERANCE:
            i, s = np.unravel_index(int(sums.argmax()), sums.shape)
            raise ValueError(f"shares of {self.substances[s]} in {self.inputs[i]} sum to {sums[i, s]:.6g}, more than 1")

    @property
    def makes(self) -> NDArray[np.bool_]:
        """Which substances can reach which output at all, shape (outputs, substances)."""
        return np.asarray((self.shares > 0.0).any(axis=0))

    def divide(self, masses_kg: Masses) -> Masses:
        """Divide `masses_kg`, shape (..., inputs, substances), into outputs, shape (..., outputs + 1, substances).

        The last output is the residue. Each substance closes to rounding.
        """
        divided: Masses = np.einsum("...is,ios->...os", masses_kg, self.whole)
        return divided
