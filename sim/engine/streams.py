"""Random streams by name: who draws never depends on who drew before.

A stream is keyed by seed, replication, name and ordinal (a year, a month, a route number), so adding a plant
leaves every other stream as it was and two scenarios share their common random numbers.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


class Streams:
    """Streams of one replication; the hash is stable over processes, unlike `hash()`."""

    __slots__ = ("_replication", "_seed")

    def __init__(self, seed: int, replication: int) -> None:
        self._seed, self._replication = seed, replication

    def of(self, name: str, ordinal: int = 0) -> np.random.Generator:
        """A fresh generator for `name` and `ordinal`; the same call gives the same draws (Philox, Salmon et al. 2011)."""
        digest = blake2b(name.encode(), digest_size=16).digest()
        words = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
        sequence = np.random.SeedSequence(self._seed, spawn_key=(self._replication, *words, ordinal))
        return np.random.Generator(np.random.Philox(sequence))
