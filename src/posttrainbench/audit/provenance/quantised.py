"""Is one model another one, bit by bit or only stored more coarsely?

Whatever the scheme (float8, 8 or 4 bits; one scale a tensor, a row or a group of weights): among
weights that share a scale, the larger one never comes out smaller.  Training keeps no such order.
Schemes that make up for one weight's error in the others (GPTQ) keep none either; their result
counts as near, not as quantised.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..weights.rounding import Floats, meet
from ..weights.stretches import STRETCH, Lens
from ..weights.tensors import ModelTensors

GROUP = 32
"""Neighbours that share a scale in all usual schemes."""
MATRICES = 8
LEAST = 2e-3
"""Relative distance from which the order says something: half a step of bfloat16."""
TORN = 0.05
"""Share of equal neighbours that may become unequal: the first model may itself be rounded."""


def is_same(first: ModelTensors, second: ModelTensors, names: Sequence[str]) -> bool:
    """Whether the beginnings of all these tensors are equal, each in the coarser of both types.

    Args:
        first: a model.
        second: another one.
        names: canonical names of tensors that both have in one shape.

    Raises:
        SubmissionError: a file ended early.
    """
    lens = Lens(2)
    for name in names:
        one, other = first.tensors[name].tensor, second.tensors[name].tensor
        count = min(STRETCH, int(np.prod(one.shape)), int(np.prod(other.shape)))
        a = meet(lens.look(0, first, name, 0, count), one.dtype, other.dtype)
        b = meet(lens.look(1, second, name, 0, count), other.dtype, one.dtype)
        if not np.array_equal(a, b):
            return False
    return bool(names)


def keeps_order(first: ModelTensors, second: ModelTensors, names: Sequence[str]) -> bool:
    """Whether in every group of neighbours ``second`` has the order of ``first``.

    Looks at the beginnings of up to ``MATRICES`` tensors, evenly chosen.

    Args:
        first: a model.
        second: another one.
        names: canonical names of tensors that both have, whose rows are multiples of ``GROUP``.

    Raises:
        SubmissionError: a file ended early.
    """
    lens, looked = Lens(2), False
    fit = [name for name in names if first.tensors[name].tensor.shape[-1] % GROUP == 0]
    for index in sorted({round(i * (len(fit) - 1) / (MATRICES - 1)) for i in range(MATRICES)}):
        if not fit:
            break
        name = fit[index]
        elements = min(
            STRETCH, *(int(np.prod(m.tensors[name].tensor.shape)) for m in (first, second))
        )
        elements -= elements % GROUP
        if not elements:
            continue
        a = lens.look(0, first, name, 0, elements).reshape(-1, GROUP)
        b = lens.look(1, second, name, 0, elements).reshape(-1, GROUP)
        if not _keeps_order(a, b):
            return False
        looked = True
    return looked


def _keeps_order(a: Floats, b: Floats) -> bool:
    """The same for rows of values; equals of ``a`` must stay equal, but for a few."""
    by_b = np.argsort(b, axis=1)
    a, b = np.take_along_axis(a, by_b, 1), np.take_along_axis(b, by_b, 1)
    by_a = np.argsort(a, axis=1, kind="stable")
    a, b = np.take_along_axis(a, by_a, 1), np.take_along_axis(b, by_a, 1)
    step = np.diff(b, axis=1)
    equal = np.diff(a, axis=1) == 0
    torn = np.count_nonzero(step[equal])
    return bool(not (step < 0).any() and torn <= TORN * np.count_nonzero(equal))
