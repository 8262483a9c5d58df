"""Attention for a batch in which every row has its own length.

One forward pass reads tokens of many rows, laid end to end without padding: one token of each row
that is being decoded, then pieces of new prompts.  The model computes everything but attention
as if they were one text; here each token meets the keys of its own row only.

It is registered with transformers like any attention, and gets its :class:`Step` as a keyword
argument through the model's forward call, the way the library's own paged attention gets its cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from .step import Piece, Run, Step
from .store import Layer

NAME = "ptb_rows"
_NOT_DONE_HERE = ("softcap", "s_aux", "position_bias")


class UnsupportedAttentionError(Exception):
    """The architecture's attention has parts that are not computed here."""


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None = None,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    ptb_step: Step | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Write the new keys and values to the store, and let each token look at its row.

    Args:
        query: ``[1, heads, tokens, width]``; key and value have fewer heads where they are shared.

    Returns:
        ``[1, tokens, heads, width]``.
    """
    if ptb_step is None:
        raise UnsupportedAttentionError("it does not pass keyword arguments on")
    if odd := _beyond_this(module, attention_mask, sliding_window, others):
        raise UnsupportedAttentionError(odd)
    step = ptb_step
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    layer = step.store.write(module.layer_idx, key[0], value[0], step.slots, step.places)
    out = query.new_empty(1, query.shape[2], query.shape[1], value.shape[-1])
    for run in step.runs:
        out[0, run.slots] = _run(run, layer, query[0, :, run.slots], scale, sliding_window)
    for piece in step.pieces:
        part = slice(piece.first, piece.first + piece.count)
        keys, values, mask = _row(piece, layer, sliding_window)
        out[:, part], _ = ALL_ATTENTION_FUNCTIONS["sdpa"](
            module, query[:, :, part], keys, values, mask, scaling=scale
        )
    return out, None


AttentionInterface.register(NAME, attend)


def _beyond_this(module: Any, mask: Any, window: int | None, others: dict[str, Any]) -> str:
    """What an architecture asks for and is not computed here; empty if nothing."""
    if odd := [name for name in _NOT_DONE_HERE if others.get(name) is not None]:
        return f"its attention uses {odd[0]}"
    if mask is not None or not getattr(module, "is_causal", True):
        return "its attention is not causal"
    kinds = getattr(module.config, "layer_types", None)
    kind = kinds[module.layer_idx] if kinds else "full_attention"
    known = kind == "full_attention" or (kind == "sliding_attention" and window is not None)
    return "" if known else f"its attention is of the kind {kind!r}"


def _run(run: Run, layer: Layer, query: Tensor, scale: float, window: int | None) -> Tensor:
    """One token of each of some neighbouring slots; ``[slots, heads, width]``."""
    heads, rows, width = query.shape
    key_heads = layer.keys.shape[0]
    # Queries that share a key head stand side by side, so that no key need be repeated.
    query = query.view(key_heads, heads // key_heads, rows, width).transpose(1, 2)
    view = run.view(window, query)
    keys = layer.keys[:, run.slots, view.own]
    values = layer.values[:, run.slots, view.own]
    if view.prefix is None or layer.prefix_keys is None or layer.prefix_values is None:
        out = scaled_dot_product_attention(
            query, keys, values, attn_mask=view.own_mask, scale=scale
        )
    else:
        out = _beside_prefix(
            query * scale,
            (layer.prefix_keys[:, view.prefix], layer.prefix_values[:, view.prefix]),
            (keys, values),
            (view.prefix_mask, view.own_mask),
        )
    return out.permute(1, 0, 2, 3).reshape(rows, heads, -1)


def _beside_prefix(
    query: Tensor,
    prefix: tuple[Tensor, Tensor],
    own: tuple[Tensor, Tensor],
    masks: tuple[Tensor, Tensor],
) -> Tensor:
    """All rows read the prefix in one product, as it is the same for all; one softmax over both."""
    heads, rows, group, width = query.shape
    shared = torch.matmul(
        query.reshape(heads, rows * group, width), prefix[0].transpose(-1, -2)
    ).view(heads, rows, group, -1)
    alone = torch.matmul(query, own[0].transpose(-1, -2))
    scores = torch.cat([shared + masks[0], alone + masks[1]], dim=-1)
    weights = scores.softmax(dim=-1, dtype=_exact(scores)).to(query.dtype)
    length = shared.shape[-1]
    out = torch.matmul(weights[..., :length].reshape(heads, rows * group, length), prefix[1])
    return out.view(heads, rows, group, -1) + torch.matmul(weights[..., length:], own[1])


def _exact(scores: Tensor) -> torch.dtype:
    return torch.float32 if scores.dtype.itemsize < 4 else scores.dtype


def _row(piece: Piece, layer: Layer, window: int | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Keys, values and mask that a piece of one row meets."""
    first, mask = piece.view(window, layer.keys.device)
    own = slice(max(first - piece.shared, 0), piece.own)
    keys, values = layer.keys[None, :, piece.slot, own], layer.values[None, :, piece.slot, own]
    if first < piece.shared and layer.prefix_keys is not None and layer.prefix_values is not None:
        part = slice(first, piece.shared)
        keys = torch.cat([layer.prefix_keys[None, :, part], keys], dim=2)
        values = torch.cat([layer.prefix_values[None, :, part], values], dim=2)
    return keys, values, mask
