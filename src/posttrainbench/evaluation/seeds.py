"""The seed of one request.

One seed sent with every request would make all samples share their noise; a stable hash of what the
request is gives each its own, the same on every machine and in any order.
"""

from __future__ import annotations

import hashlib


def request_seed(run_seed: int, sample_id: str | int, epoch: int = 1, call: int = 0) -> int:
    """A seed in ``[0, 2**63)``.

    Args:
        run_seed: the evaluation's seed.
        sample_id: the benchmark item.
        epoch: repetition of the item, from 1.
        call: how many requests the item made before.
    """
    text = f"ptb-request/1\0{run_seed}\0{type(sample_id).__name__}\0{sample_id}\0{epoch}\0{call}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
