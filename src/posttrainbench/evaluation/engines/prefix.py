"""What prompts begin with in common: read once, kept once."""

from __future__ import annotations

from collections.abc import Sequence

LEAST = 64
"""A shorter common beginning is not worth keeping apart."""


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens at the start are equal."""
    differ = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differ, min(len(one), len(other)))


def shared_length(prefix: Sequence[int], prompt: Sequence[int]) -> int:
    """How many tokens of a kept prefix a prompt can use; its last token is always read itself."""
    length = min(common_length(prefix, prompt), len(prompt) - 1)
    return length if length >= LEAST else 0


def best_prefix(prompts: Sequence[Sequence[int]]) -> list[int]:
    """The longest beginning that at least half of the prompts, and at least two, share."""
    ordered = sorted(list(prompt[:-1]) for prompt in prompts)
    reach = max(2, (len(ordered) + 1) // 2) - 1
    # In sorted order, prompts with the same beginning stand side by side.
    pairs = zip(ordered, ordered[reach:], strict=False)
    best = max((one[: common_length(one, other)] for one, other in pairs), key=len, default=[])
    return best if len(best) >= LEAST else []
