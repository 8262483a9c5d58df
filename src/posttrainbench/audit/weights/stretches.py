"""Stretches of tensors as float32, read into buffers that are used again.

Arithmetic on weights is bound by memory: what a core looks at should fit into its cache, and
nothing should be copied that need not be.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .rounding import FLOAT8, Floats
from .safetensors_header import ITEM_BYTES
from .tensors import ModelTensors

STRETCH = 1 << 16
"""Elements looked at at a time."""
SEGMENTS = 32
"""Parts of a tensor that are summed up one by one, at most."""
LEAST = 32
"""Elements of a segment, at least."""


def segment_bounds(elements: int) -> npt.NDArray[np.int64]:
    """Where the equal, contiguous segments of a tensor begin, and where the last one ends."""
    count = min(SEGMENTS, max(1, elements // LEAST))
    return np.arange(count + 1, dtype=np.int64) * elements // count


def stretches(start: int, stop: int) -> list[tuple[int, int]]:
    """(first element, number of elements) of the stretches between two elements."""
    return [(at, min(STRETCH, stop - at)) for at in range(start, stop, STRETCH)]


class Lens:
    """Reads stretches of several models side by side; for one thread.

    Args:
        slots: how many stretches are in view at a time; a slot's values stay until it is used for
            the next one.
    """

    def __init__(self, slots: int) -> None:
        self._raw = [np.zeros(STRETCH * 8, np.uint8) for _ in range(slots)]
        self._wide = [np.zeros(STRETCH, np.float32) for _ in range(slots)]
        self._upper = [np.zeros(STRETCH, np.uint32) for _ in range(slots)]

    def look(self, slot: int, model: ModelTensors, name: str, start: int, count: int) -> Floats:
        """``count`` elements of a floating-point tensor; exact but for F64.

        Raises:
            SubmissionError: the file ended early (``unreadable``).
        """
        dtype = model.tensors[name].tensor.dtype
        item = ITEM_BYTES[dtype]
        raw = self._raw[slot][: count * item]
        model.read_into(name, start * item, raw.data)
        if dtype == "BF16":  # a bfloat16 is the upper half of a float32; the lower halves stay 0
            upper = self._upper[slot]
            upper.view("<u2")[1 : 2 * count : 2] = raw.view("<u2")
            return upper.view(np.float32)[:count]
        if dtype == "F32":
            return raw.view("<f4")
        wide = self._wide[slot][:count]
        if dtype in FLOAT8:
            np.take(FLOAT8[dtype], raw, out=wide)
        else:
            with np.errstate(over="ignore"):
                np.copyto(wide, raw.view("<f8" if dtype == "F64" else "<f2"), casting="same_kind")
        return wide

    @staticmethod
    def spare(count: int) -> list[Floats]:
        """Buffers for results, each as long as a stretch."""
        return [np.zeros(STRETCH, np.float32) for _ in range(count)]
