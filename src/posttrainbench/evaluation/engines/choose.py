"""From logits to the next tokens, each row with its own random numbers.

The order of the steps is vLLM's: repetition penalty, temperature, min-p, top-k, top-p.  A token is
drawn by inverting the cumulative distribution at one uniform number of the row, so a row's tokens
depend on its own logits and seed, never on its neighbours in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from .. import Sampling

if TYPE_CHECKING:
    from torch import Tensor

GREEDY_BELOW = 1e-5
"""A temperature below this is greedy."""


def choose(
    logits: Tensor, sampling: Sampling, uniforms: Sequence[float], seen: Tensor | None = None
) -> Tensor:
    """One token id a row.

    Args:
        logits: ``[rows, vocabulary]``, float32, without NaN.
        uniforms: one number of ``[0, 1)`` a row.
        seen: ``[rows, vocabulary]`` booleans, the tokens of prompt and answer so far; needed for a
            repetition penalty other than 1.

    Returns:
        ``[rows]`` of int64.
    """
    if seen is not None and sampling.repetition_penalty != 1.0:
        penalty = sampling.repetition_penalty
        scaled = torch.where(logits > 0, logits / penalty, logits * penalty)
        logits = torch.where(seen, scaled, logits)
    if sampling.temperature < GREEDY_BELOW:
        return logits.argmax(dim=-1)
    logits = logits / sampling.temperature
    floor = float("-inf")
    if sampling.min_p > 0:
        probabilities = logits.softmax(dim=-1)
        lowest = sampling.min_p * probabilities.amax(dim=-1, keepdim=True)
        logits = logits.masked_fill(probabilities < lowest, floor)
    if 0 < sampling.top_k < logits.shape[-1]:
        smallest = logits.topk(sampling.top_k, dim=-1).values[..., -1:]
        logits = logits.masked_fill(logits < smallest, floor)
    probabilities = logits.softmax(dim=-1)
    if sampling.top_p < 1:
        probabilities = _nucleus(probabilities, sampling.top_p)
    cumulative = probabilities.cumsum(dim=-1, dtype=torch.float64)
    targets = torch.tensor(uniforms, dtype=torch.float64, device=logits.device).unsqueeze(-1)
    targets = targets * cumulative[..., -1:]
    drawn = torch.searchsorted(cumulative, targets, right=True).squeeze(-1)
    return drawn.clamp(max=logits.shape[-1] - 1)


def _nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    """Keep the smallest set of tokens whose mass reaches ``top_p``; never none."""
    ordered, index = probabilities.sort(dim=-1, descending=True)
    before = ordered.cumsum(dim=-1) - ordered
    kept = ordered.masked_fill(before >= top_p, 0.0)
    return torch.zeros_like(probabilities).scatter(-1, index, kept)
