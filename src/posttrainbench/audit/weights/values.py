"""Look into weights, tensor by tensor, with NumPy alone: no torch, no loader, bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...units import format_size
from .names import EMBEDDING, HEAD
from .tensors import ModelTensors

CHUNK = 8 << 20
"""Bytes looked at at a time; a multiple of every element size."""

_UNSIGNED = {"F64": np.uint64, "F32": np.uint32, "F16": np.uint16, "BF16": np.uint16}
_INFINITY = {
    "F64": 0x7FF0_0000_0000_0000, "F32": 0x7F80_0000, "F16": 0x7C00, "BF16": 0x7F80,
}  # fmt: skip
"""Bits of the exponent: all of them set means infinity or NaN."""


@dataclass(frozen=True)
class Inspection:
    """What one pass over a submission's weights showed."""

    not_finite: str
    """Stored name of the first tensor that holds NaN or infinity, or empty."""
    identical: bool
    """Whether every tensor has the very bytes of the base model's."""


def inspect(
    model: ModelTensors, base: ModelTensors, progress: Callable[[str], None] | None = None
) -> Inspection:
    """Look for NaN and infinity and compare with the base model, reading each file once."""
    names = base.tensors.keys() - {HEAD}
    identical = names == model.tensors.keys() - {HEAD}
    total = sum(stored.tensor.size for stored in model.tensors.values())
    done = said = 0
    for name, stored in model.tensors.items():
        twin = name if name in base.tensors else EMBEDDING
        identical = identical and _alike(model, name, base, twin)
        for start in range(0, stored.tensor.size, CHUNK):
            piece = model.read(name, start, min(CHUNK, stored.tensor.size - start))
            if holds_not_finite(piece, stored.tensor.dtype):
                return Inspection(stored.tensor.name, False)
            identical = identical and piece == base.read(twin, start, len(piece))
            done += len(piece)
            if progress and done - said >= 1_000_000_000:
                said = done
                progress(f"weights: {format_size(done)} of {format_size(total)} looked at")
    return Inspection("", identical)


def _alike(model: ModelTensors, name: str, base: ModelTensors, twin: str) -> bool:
    ours, theirs = base.tensors[twin].tensor, model.tensors[name].tensor
    return (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)


def holds_not_finite(data: bytes, dtype: str) -> bool:
    """Whether raw elements of a floating-point dtype hold NaN or infinity."""
    if dtype == "F8_E4M3":  # has no infinity; NaN is all bits but the sign
        return bool((np.frombuffer(data, np.uint8) & 0x7F == 0x7F).any())
    if dtype == "F8_E5M2":
        return bool((np.frombuffer(data, np.uint8) & 0x7C == 0x7C).any())
    bits = np.frombuffer(data, _UNSIGNED[dtype])
    mask = bits.dtype.type(_INFINITY[dtype])
    return bool(((bits & mask) == mask).any())
