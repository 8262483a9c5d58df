"""Does the submission descend from the base model?  What the sums say about the two alone.

Post-training moves weights little: a LoRA of a minute by some 0.2 % of their length, a long full
fine-tuning by some per cent.  Independently trained models of one architecture have nothing in
common: a cosine of 0, a distance of 1.41.  Scaling a whole tensor is taken out first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .measure import TensorSums

NEAR = 0.35
"""Median relative distance below which a model counts as trained from the base."""
STRANGE = 0.2
"""Cosine below which a matrix has nothing of the base's.  Chance gives 0.03 at 1,024 elements; a
training that tripled the length of a matrix by noise would still leave 0.3."""


@dataclass(frozen=True)
class Kinship:
    """Over the matrices of both models, each in the coarser of the two types."""

    matrices: int
    distance: float
    """Median over the matrices of |submission - base| / |base|, a scale of each taken out."""
    largest: float
    overall: float
    """The same over all elements together, scales left in."""
    cosine: float
    """Over all elements together: 1 is the same direction, 0 unrelated."""
    scale: float
    """Median factor by which matrices are longer than the base's, along the base's direction."""
    unchanged: float
    """Share of the matrices that did not change at all."""
    unchanged_elements: float
    all_unchanged: bool
    """Whether no tensor that both have differs, small ones included."""
    strange: tuple[str, ...]
    """Matrices that have nothing of the base's."""

    @property
    def strange_share(self) -> float:
        return len(self.strange) / self.matrices

    def measures(self) -> dict[str, float]:
        """For a finding, rounded to what is meaningful."""
        return {
            "tensors": self.matrices,
            "median_relative_distance": round(self.distance, 6),
            "largest_relative_distance": round(self.largest, 6),
            "overall_relative_distance": round(self.overall, 6),
            "cosine": round(self.cosine, 7),
            "scale": round(self.scale, 5),
            "unchanged_share": round(self.unchanged, 4),
            "unchanged_elements": round(self.unchanged_elements, 4),
            "strange_tensors": len(self.strange),
        }


def kinship(sums: Sequence[TensorSums]) -> Kinship | None:
    """Sum up; ``None`` when nothing can be compared or the numbers are beyond reckoning."""
    used = [one for one in sums if one.matrix and one.counts.any()]
    if not used:
        return None
    bb, bd, dd = np.array([one.own.sum(axis=1) for one in used]).T
    ff = bb + 2 * bd + dd
    if not np.isfinite(bb + bd + dd).all() or not (bb > 0).any():
        return None
    used = [one for one, length in zip(used, bb, strict=True) if length > 0]
    bb, bd, dd, ff = (x[bb > 0] for x in (bb, bd, dd, ff))
    if ff.sum() <= 0:
        return None
    cosines = np.where(ff > 0, (bb + bd) / np.sqrt(bb * np.maximum(ff, 1e-300)), 0.0)
    scale = 1 + bd / bb
    # The noise of a scaled tensor is scaled, too; strangers, whose scale is 0, stay as they are.
    scaled = np.where(np.abs(scale) < STRANGE, 1.0, np.abs(scale))
    left = np.sqrt(np.maximum(0.0, dd - bd * bd / bb) / bb) / scaled
    counts = sum(int(one.counts.sum()) for one in used)
    changed = sum(int(one.changed.sum()) for one in used)
    return Kinship(
        matrices=len(used),
        distance=float(np.median(left)),
        largest=float(left.max()),
        overall=float(np.sqrt(dd.sum() / bb.sum())),
        cosine=float(np.clip((bb + bd).sum() / np.sqrt(bb.sum() * ff.sum()), -1, 1)),
        scale=float(np.median(scale)),
        unchanged=float(np.mean(dd == 0)),
        unchanged_elements=1 - changed / counts,
        all_unchanged=not any(one.changed.any() for one in sums),
        strange=tuple(
            one.name for one, cosine in zip(used, cosines, strict=True) if abs(cosine) < STRANGE
        ),
    )
