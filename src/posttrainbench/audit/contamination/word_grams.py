"""One hash for each sequence of so many words."""

from __future__ import annotations

import numpy as np

from .match_words import Hashes

_LONGEST = 8
_WEIGHTS = np.random.default_rng(0).integers(1, 1 << 62, _LONGEST, dtype=np.uint64) * np.uint64(2)
_WEIGHTS += np.uint64(1)


def grams(hashes: Hashes, n: int) -> Hashes:
    """The hash of each sequence of ``n`` words, 8 at most."""
    total: Hashes | None = None
    for k in range(n):
        total = gram_step(total, hashes, k)
    return np.zeros(0, np.uint64) if total is None else total


def gram_step(shorter: Hashes | None, hashes: Hashes, k: int) -> Hashes:
    """The hashes of all sequences of ``k + 1`` words, given those of ``k``."""
    total: Hashes = hashes[k:] * _WEIGHTS[k]
    if shorter is not None:
        total += shorter[: len(total)]
    return total
