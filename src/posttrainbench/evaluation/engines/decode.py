"""Decode one batch: left-padded, each row with its own end; a finished row leaves the batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from ...errors import BrokenModelError
from .. import Sampling
from .choose import choose

_GROUP = 4
"""Prompts that are read at once; measured on two cores, where 2 to 8 are about the same."""


@dataclass(eq=False)
class Row:
    """One prompt on its way; ``tokens`` grows until ``stop_reason`` is set."""

    prompt: list[int]
    max_tokens: int
    seed: int
    ended: Callable[[list[int]], bool]
    """Whether the tokens so far end the answer."""
    tokens: list[int] = field(default_factory=list)
    stop_reason: Literal["stop", "length", ""] = ""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def restart(self) -> None:
        """Forget what was decoded, for another attempt."""
        self.random.seed(self.seed)
        self.tokens.clear()
        self.stop_reason = ""

    def take(self, token: int) -> bool:
        """Add a token; true when the row is finished."""
        self.tokens.append(token)
        if self.ended(self.tokens):
            self.stop_reason = "stop"
        elif len(self.tokens) >= self.max_tokens:
            self.stop_reason = "length"
        return bool(self.stop_reason)


def decode(model: Any, rows: Sequence[Row], sampling: Sampling, pad: int) -> None:
    """Complete all rows, in place.

    Args:
        model: a causal language model of transformers, in evaluation mode.
        rows: prompts of at least one token, allowed at least one more.
        pad: any valid token id; it is masked out.

    Raises:
        BrokenModelError: the logits are NaN or infinite.
        RuntimeError: out of memory, as torch says it.
    """
    device = model.device
    logits, cache, mask = _prefill(model, rows, pad)
    positions = (mask.cumsum(dim=-1) - 1).clamp(min=0)
    active = list(rows)
    seen: torch.Tensor | None = None
    with torch.inference_mode():
        while True:
            _require_usable(logits)
            if sampling.repetition_penalty != 1.0 and seen is None:
                seen = _seen(active, logits)
            uniforms = [row.random.random() for row in active]
            tokens = choose(logits, sampling, uniforms, seen)
            finished = [row.take(token) for row, token in zip(active, tokens.tolist(), strict=True)]
            if all(finished):
                return
            ids = tokens.unsqueeze(-1)
            mask = torch.cat([mask, mask.new_ones(len(active), 1)], dim=-1)
            positions = positions[:, -1:] + 1
            if seen is not None:
                seen.scatter_(-1, ids, True)
            if any(finished):
                kept = [index for index, done in enumerate(finished) if not done]
                active = [active[index] for index in kept]
                select = torch.tensor(kept, device=device)
                cache.batch_select_indices(select)
                ids, mask, positions = ids[select], mask[select], positions[select]
                seen = None if seen is None else seen[select]
            logits = _forward(model, ids, mask, positions, cache)


def _forward(
    model: Any, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: Any
) -> torch.Tensor:
    """Logits of the next token, ``[rows, vocabulary]``; the cache grows by ``ids``."""
    output = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    logits: torch.Tensor = output.logits[:, -1, :].float()
    return logits


def _prefill(model: Any, rows: Sequence[Row], pad: int) -> tuple[torch.Tensor, Any, torch.Tensor]:
    """Read the prompts: next-token logits, cache and mask of all rows, padded on the left.

    A few rows at a time, so that a short prompt is not computed at the length of the longest; on a
    processor that halves the time.  Caches that are no plain tensors a layer (sliding windows)
    cannot be put together, and are filled in one go.
    """
    whole = [_prefill_group(model, rows[:_GROUP], pad)]
    cache = whole[0][1]
    if len(rows) <= _GROUP:
        return whole[0]
    if any(type(layer) is not DynamicLayer for layer in cache.layers):
        return _prefill_group(model, rows, pad)
    for start in range(_GROUP, len(rows), _GROUP):
        whole.append(_prefill_group(model, rows[start : start + _GROUP], pad))
    longest = max(mask.shape[-1] for _, _, mask in whole)
    joined = DynamicCache(config=model.config)
    with torch.inference_mode():
        for index in range(len(cache.layers)):
            layers = [part.layers[index] for _, part, _ in whole]
            keys = torch.cat([_pad_left(layer.keys, longest, -2) for layer in layers])
            values = torch.cat([_pad_left(layer.values, longest, -2) for layer in layers])
            joined.update(keys, values, index)
        logits = torch.cat([part for part, _, _ in whole])
        mask = torch.cat([_pad_left(part, longest, -1) for _, _, part in whole])
    return logits, joined, mask


def _prefill_group(
    model: Any, rows: Sequence[Row], pad: int
) -> tuple[torch.Tensor, Any, torch.Tensor]:
    longest = max(len(row.prompt) for row in rows)
    ids = torch.full((len(rows), longest), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, longest - len(row.prompt) :] = torch.tensor(row.prompt)
        mask[index, longest - len(row.prompt) :] = 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    positions = (mask.cumsum(dim=-1) - 1).clamp(min=0)
    cache = DynamicCache(config=model.config)
    with torch.inference_mode():
        return _forward(model, ids, mask, positions, cache), cache, mask


def _pad_left(tensor: torch.Tensor, length: int, dim: int) -> torch.Tensor:
    """Zeros in front along ``dim`` (-1 or -2) up to ``length``; the mask hides them."""
    missing = length - tensor.shape[dim]
    return torch.nn.functional.pad(tensor, (missing, 0) if dim == -1 else (0, 0, missing, 0))


def _seen(rows: Sequence[Row], logits: torch.Tensor) -> torch.Tensor:
    seen = torch.zeros_like(logits, dtype=torch.bool)
    for index, row in enumerate(rows):
        seen[index, torch.tensor(row.prompt, device=logits.device)] = True
    return seen


def _require_usable(logits: torch.Tensor) -> None:
    top = logits.amax(dim=-1)  # NaN and +inf both come through a maximum
    if not bool(torch.isfinite(top).all()):
        raise BrokenModelError(
            "the model's logits are NaN or infinite",
            advice="its weights hold NaN, or its training has diverged; keep an earlier checkpoint",
        )
