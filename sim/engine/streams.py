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
        """A fresh generator for `name` and `ordinal`; the same call gives the same draws.

        The counter-based Philox (Salmon et al. 2011, doi:10.1145/2063384.2063405) needs no warm-up, so a stream per name is cheap.
        """
        key = f"{self._seed}/{self._replication}/{ordinal}/{name}".encode()
        entropy = np.frombuffer(blake2b(key, digest_size=16).digest(), dtype="<u4")  # four words: sooner read than one large number
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))
