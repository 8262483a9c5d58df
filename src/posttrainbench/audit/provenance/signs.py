"""Random signs that any machine makes again from a seed.

A tensor's projection is the sum of its elements, each with a sign.  The signs come from one pool of
random bits; every stretch of a tensor takes them from another place in it, and all of them flipped
or not, as a stream of the tensor's own says.  Philox is a counter-based generator whose raw output
NumPy keeps the same in all versions, so nothing but the seed need be kept.
"""

from __future__ import annotations

import hashlib

import numpy as np

from ..weights.rounding import Floats
from ..weights.stretches import STRETCH

_POOL = 2 * STRETCH


class Signs:
    """The signs that belong to a seed, which may be any text."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        words = self._generator("").random_raw(_POOL // 64)
        bits = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")
        self._pool: Floats = (bits.astype(np.float32) * 2 - 1).astype(np.float32)

    def of(self, name: str, count: int) -> list[tuple[float, Floats]]:
        """For each of the ``count`` stretches of the tensor ``name``: a sign for all, and one for
        every element."""
        words = self._generator(name).random_raw(count).tolist() if count else []
        return [
            (1.0 if word >> 63 else -1.0, self._pool[word % STRETCH : word % STRETCH + STRETCH])
            for word in words
        ]

    def _generator(self, name: str) -> np.random.Philox:
        digest = hashlib.sha256(f"{self._seed}\0{name}".encode()).digest()
        return np.random.Philox(key=int.from_bytes(digest[:16], "little"))
