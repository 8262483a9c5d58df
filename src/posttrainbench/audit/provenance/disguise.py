"""Matrices that look like strangers: the rows or columns of a known model in another order?

Neurons can be renumbered and the residual stream can be rotated without changing what a model
says.  A rotation of the columns keeps the length of every row, and the other way round; a
renumbering keeps the lengths themselves, in another order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..weights.stretches import Lens, stretches
from ..weights.tensors import ModelTensors
from .fingerprint import Doubles

MATRICES = 6
ALIKE = 0.003
"""Median relative difference of sorted lengths; independent models differ by per cents."""
LARGEST = 1 << 24
"""Elements of a matrix that is looked at."""


def rearranged(known: ModelTensors, model: ModelTensors, names: Sequence[str]) -> bool:
    """Whether most of these matrices have the lengths of rows or of columns of the known model's.

    Args:
        known: a model.
        model: the submission.
        names: canonical names of matrices that look like strangers.

    Raises:
        SubmissionError: a file ended early.
    """
    fit = [name for name in names if _shape(known, name) == _shape(model, name) is not None]
    step = max(1, len(fit) // MATRICES)
    chosen = fit[::step][:MATRICES]
    if not chosen:
        return False
    alike = 0
    for name in chosen:
        pairs = zip(_lengths(known, name), _lengths(model, name), strict=True)
        alike += any(_same(ours, theirs) for ours, theirs in pairs)
    return alike * 2 > len(chosen)


def _shape(model: ModelTensors, name: str) -> tuple[int, ...] | None:
    if name not in model.tensors:
        return None
    shape = model.tensors[name].tensor.shape
    return shape if len(shape) == 2 and shape[0] * shape[1] <= LARGEST else None


def _lengths(model: ModelTensors, name: str) -> tuple[Doubles, Doubles]:
    """Lengths of the rows and of the columns, each sorted."""
    rows, columns = model.tensors[name].tensor.shape
    lens, flat = Lens(1), np.empty(rows * columns, np.float32)
    for start, count in stretches(0, rows * columns):
        flat[start : start + count] = lens.look(0, model, name, start, count)
    squares = flat.reshape(rows, columns).astype(np.float64) ** 2
    return np.sort(np.sqrt(squares.sum(axis=1))), np.sort(np.sqrt(squares.sum(axis=0)))


def _same(ours: Doubles, theirs: Doubles) -> bool:
    if ours[-1] < 1.02 * ours[0]:  # all of one length: that says nothing
        return False
    with np.errstate(all="ignore"):
        return bool(np.median(np.abs(theirs / ours - 1)) < ALIKE)
