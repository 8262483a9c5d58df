"""Look into weights, tensor by tensor, with NumPy alone: no torch, no loader, bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...units import format_size
from .names import EMBEDDING, HEAD
from .tensors import ModelTensors

Floats = npt.NDArray[np.float32]

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


def to_float32(data: bytes, dtype: str) -> Floats:
    """Raw elements as float32; exact but for F64."""
    if dtype == "BF16":
        widened: Floats = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
        return widened
    if dtype.startswith("F8_"):
        decoded: Floats = _FLOAT8[dtype][np.frombuffer(data, np.uint8)]
        return decoded
    kind = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[dtype]
    with np.errstate(over="ignore"):
        values: Floats = np.frombuffer(data, kind).astype(np.float32)
    return values


def round_to(values: Floats, dtype: str) -> Floats:
    """Values as they come out of storage in ``dtype``: BF16 and F16 round, the others keep."""
    if dtype == "F16":
        with np.errstate(over="ignore"):
            return values.astype(np.float16).astype(np.float32)
    if dtype != "BF16":
        return values
    bits = values.view(np.uint32)
    half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))  # to nearest, ties to even
    rounded: Floats = ((bits + half) & np.uint32(0xFFFF_0000)).view(np.float32)
    return rounded


def windows(size: int, wanted: int, pieces: int, item: int) -> Iterator[tuple[int, int]]:
    """Which bytes of a tensor to look at: all, or ``pieces`` equal stretches evenly spread.

    Args:
        size: bytes of the tensor.
        wanted: bytes to look at, at most.
        pieces: how many stretches.
        item: bytes of one element; the stretches begin and end between elements.

    Yields:
        (first byte, number of bytes).
    """
    if size <= wanted:
        yield 0, size
        return
    length = wanted // pieces // item * item
    for index in range(pieces):
        yield (size - length) * index // (pieces - 1) // item * item, length


def _float8(exponent_bits: int, mantissa_bits: int) -> Floats:
    codes = np.arange(256, dtype=np.int64)
    exponent = (codes >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = (codes & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    bias = (1 << (exponent_bits - 1)) - 1
    scale = np.exp2((np.maximum(exponent, 1) - bias).astype(np.float64))
    values = np.where(exponent > 0, 1 + mantissa, mantissa) * scale
    signed: Floats = np.where(codes >> 7 == 1, -values, values).astype(np.float32)
    return signed


_FLOAT8 = {"F8_E4M3": _float8(4, 3), "F8_E5M2": _float8(5, 2)}
"""Value by code; the codes of NaN and infinity never get here."""
