"""How far a model has moved from another one: relative distance and direction, tensor by tensor."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .names import VOCABULARY
from .safetensors_header import ITEM_BYTES
from .tensors import ModelTensors
from .values import round_to, to_float32, windows

SAMPLE = 4_000_000
"""Elements of a tensor that are compared at most; larger ones are sampled evenly."""
PIECES = 64
LEAST = 1024
"""Tensors with fewer elements (norms, biases) say little about where a model comes from."""

_COARSENESS = {"F64": 0, "F32": 1, "F16": 2, "BF16": 3, "F8_E4M3": 4, "F8_E5M2": 5}


@dataclass(frozen=True)
class Distance:
    """Over the weight matrices of both models, in the coarser of the two dtypes."""

    tensors: int
    """How many matrices were compared."""
    median: float
    """Median over the matrices of |model - base| / |base|; unrelated models have about 1.41."""
    largest: float
    overall: float
    """The same over all elements together."""
    cosine: float
    """Over all elements together: 1 is the same direction, 0 unrelated."""
    unchanged: float
    """Share of the matrices that did not change at all."""

    def measures(self) -> dict[str, float]:
        """For a finding, rounded to what is meaningful."""
        return {
            "tensors": self.tensors,
            "median_relative_distance": round(self.median, 6),
            "largest_relative_distance": round(self.largest, 6),
            "overall_relative_distance": round(self.overall, 6),
            "cosine": round(self.cosine, 7),
            "unchanged_share": round(self.unchanged, 4),
        }


def distance(
    base: ModelTensors, model: ModelTensors, progress: Callable[[str], None] | None = None
) -> Distance | None:
    """Compare the matrices that both models have; ``None`` when nothing can be compared."""
    names = [name for name in base.tensors if name in model.tensors and _comparable(base, name)]
    ratios: list[float] = []
    difference = reference = given = product = 0.0
    for number, name in enumerate(names, start=1):
        d2, b2, m2, bm = _sums(base, model, name)
        if b2 <= 0:
            continue
        ratios.append(math.sqrt(d2 / b2))
        difference, reference = difference + d2, reference + b2
        given, product = given + m2, product + bm
        if progress and number % 50 == 0:
            progress(f"provenance: {number} of {len(names)} tensors compared")
    if not ratios or given <= 0 or not math.isfinite(difference + given):
        return None
    return Distance(
        tensors=len(ratios),
        median=float(np.median(ratios)),
        largest=max(ratios),
        overall=math.sqrt(difference / reference),
        cosine=min(1.0, max(-1.0, product / math.sqrt(reference * given))),
        unchanged=sum(ratio == 0 for ratio in ratios) / len(ratios),
    )


def _comparable(base: ModelTensors, name: str) -> bool:
    shape = base.tensors[name].tensor.shape
    return len(shape) >= 2 and math.prod(shape) >= LEAST


def _sums(base: ModelTensors, model: ModelTensors, name: str) -> tuple[float, float, float, float]:
    """Squared distance, squared norms of base and model, and dot product, of one tensor."""
    ours, theirs = base.tensors[name].tensor, model.tensors[name].tensor
    rows = min(ours.shape[0], theirs.shape[0]) if name in VOCABULARY else ours.shape[0]
    elements = rows * math.prod(ours.shape[1:])
    coarse = max(ours.dtype, theirs.dtype, key=_COARSENESS.__getitem__)
    totals = np.zeros(4)
    for start, count in windows(elements, SAMPLE, PIECES, 1):
        b, m = (
            round_to(
                to_float32(
                    source.read(name, start * ITEM_BYTES[dtype], count * ITEM_BYTES[dtype]), dtype
                ),
                coarse,
            )
            for source, dtype in ((base, ours.dtype), (model, theirs.dtype))
        )
        with np.errstate(all="ignore"):  # what overflows is caught by the caller
            d = m - b
            totals += [np.dot(d, d), np.dot(b, b), np.dot(m, m), np.dot(b, m)]
    d2, b2, m2, bm = (float(total) for total in totals)
    return d2, b2, m2, bm
