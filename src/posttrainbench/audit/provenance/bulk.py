"""What two changes have in common apart from the few directions that every training goes.

Trainings of one base meet in the leading singular directions of their changes: those follow from
the base and from what instruction data have in common.  What is left when these are taken out of
both is each training's own.  A copy or a merge has the reference's own part, too, with the same
coefficient; another training has next to nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..weights.names import VOCABULARY
from ..weights.rounding import Floats, meet
from ..weights.stretches import Lens, stretches
from ..weights.tensors import ModelTensors

MATRICES = 8
SIDE = 400
"""Rows and columns of the corner of a matrix that is looked at."""
LEADING = 9
"""One direction in so many is taken out as the reference's, then half as many again as those of
what the reference does not explain of the submission."""


@dataclass(frozen=True)
class Bulk:
    """Medians over some matrices."""

    share: float
    """Coefficient of the reference's own part."""
    correlation: float

    def measures(self) -> dict[str, float]:
        """For a finding, rounded to what is meaningful."""
        return {
            "own_part_share": round(self.share, 4),
            "own_part_correlation": round(self.correlation, 4),
        }


def bulk(
    base: ModelTensors, model: ModelTensors, reference: ModelTensors, names: Sequence[str]
) -> Bulk | None:
    """Compare the own parts of both changes in up to ``MATRICES`` matrices, evenly chosen.

    Args:
        base: the base model.
        model: the submission.
        reference: the known model.
        names: canonical names of matrices that all three have.

    Returns:
        ``None`` where none of the matrices has such a part.

    Raises:
        SubmissionError: a file ended early.
    """
    fit = [n for n in names if n not in VOCABULARY and len(base.tensors[n].tensor.shape) == 2]
    chosen = (
        [fit[i] for i in np.unique(np.linspace(0, len(fit) - 1, MATRICES).astype(int))]
        if fit
        else []
    )
    found = [
        pair
        for name in chosen
        if (pair := _own_parts(corner(base, model, name), corner(base, reference, name)))
    ]
    if not found:
        return None
    shares, correlations = np.array(found).T
    return Bulk(float(np.median(shares)), float(np.median(correlations)))


def corner(base: ModelTensors, other: ModelTensors, name: str) -> Floats:
    """The upper left corner of a matrix of ``other``, minus the base's."""
    ours, theirs = base.tensors[name].tensor, other.tensors[name].tensor
    b = meet(read_corner(base, name), ours.dtype, theirs.dtype)
    x = meet(read_corner(other, name), theirs.dtype, ours.dtype)
    return x - b


def read_corner(model: ModelTensors, name: str) -> Floats:
    """The upper left corner of a matrix."""
    rows, columns = model.tensors[name].tensor.shape
    height, width = min(rows, SIDE), min(columns, SIDE)
    lens = Lens(1)
    values = np.empty(height * width, np.float32)
    at = 0
    for row in range(height):
        for start, count in stretches(row * columns, row * columns + width):
            values[at : at + count] = lens.look(0, model, name, start, count)
            at += count
    return values.reshape(height, width)


def _own_parts(d: Floats, r: Floats) -> tuple[float, float] | None:
    """Coefficient and correlation of what is left of d and r."""
    cut = max(1, min(r.shape) // LEADING)
    try:
        left, _, right = np.linalg.svd(r, full_matrices=False)
        d, r = left[:, cut:].T @ d @ right[cut:].T, left[:, cut:].T @ r @ right[cut:].T
        rest = d - r * (np.vdot(d, r) / max(float(np.vdot(r, r)), 1e-30))
        left, _, right = np.linalg.svd(rest, full_matrices=False)
    except np.linalg.LinAlgError:
        return None
    cut = max(1, cut // 2)
    d, r = left[:, cut:].T @ d @ right[cut:].T, left[:, cut:].T @ r @ right[cut:].T
    dd, dr, rr = (float(np.vdot(*pair)) for pair in ((d, d), (d, r), (r, r)))
    if not np.isfinite(dd + rr) or dd <= 0 or rr <= 0:
        return None
    return dr / rr, dr / float(np.sqrt(dd * rr))
