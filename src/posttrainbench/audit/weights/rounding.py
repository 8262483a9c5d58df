"""What a number becomes in a coarser floating-point type.

A cast is no training: two models are compared as both come out of the coarser of their types.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

COARSENESS = {"F64": 0, "F32": 1, "F16": 2, "BF16": 3, "F8_E4M3": 4, "F8_E5M2": 5}
"""Rank of the floating-point types, the finest first."""

_FLOAT8_SHAPE = {"F8_E4M3": (3, -6, 448.0), "F8_E5M2": (2, -14, 57344.0)}
"""Bits of the mantissa, least exponent, largest value."""


def common_dtype(ours: str, theirs: str) -> str:
    """The coarser of two types."""
    return max(ours, theirs, key=COARSENESS.__getitem__)


def round_to(values: Floats, dtype: str) -> Floats:
    """Values as they come out of storage in ``dtype``: F32 and F64 keep them, the others round."""
    if dtype == "F16":
        with np.errstate(over="ignore"):
            return values.astype(np.float16).astype(np.float32)
    if dtype in _FLOAT8_SHAPE:
        return _round_float8(values, *_FLOAT8_SHAPE[dtype])
    if dtype != "BF16":
        return values
    bits = values.view(np.uint32)
    half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))  # to nearest, ties to even
    rounded: Floats = ((bits + half) & np.uint32(0xFFFF_0000)).view(np.float32)
    return rounded


def meet(values: Floats, own: str, other: str) -> Floats:
    """Values stored as ``own``, made comparable with values stored as ``other``.

    They pass through both types: F16 and BF16, for one, each lack something of the other.
    """
    if own == other or other in ("F32", "F64"):
        return values
    rounded = round_to(values, other)
    common = common_dtype(own, other)
    return rounded if common == other else round_to(rounded, common)


def _round_float8(values: Floats, mantissa: int, least: int, largest: float) -> Floats:
    with np.errstate(all="ignore"):
        exponent = np.maximum(np.frexp(values)[1] - 1, least) - mantissa
        step = np.ldexp(np.float32(1), exponent)
        rounded: Floats = np.clip(np.rint(values / step) * step, -largest, largest)
    return rounded.astype(np.float32, copy=False)


def _float8(exponent_bits: int, mantissa_bits: int) -> Floats:
    codes = np.arange(256, dtype=np.int64)
    exponent = (codes >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = (codes & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    bias = (1 << (exponent_bits - 1)) - 1
    scale = np.exp2((np.maximum(exponent, 1) - bias).astype(np.float64))
    values = np.where(exponent > 0, 1 + mantissa, mantissa) * scale
    signed: Floats = np.where(codes >> 7 == 1, -values, values).astype(np.float32)
    return signed


FLOAT8 = {"F8_E4M3": _float8(4, 3), "F8_E5M2": _float8(5, 2)}
"""Value by code; the codes of NaN and infinity never get here."""
