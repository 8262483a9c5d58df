"""One pass over base, submission and references: the sums that everything else is computed from.

Every tensor is cut into segments (``weights.stretches``).  Of each segment are kept, with b the
base, d the submission minus the base and r a reference minus the base, all as they come out of the
coarser of the two types concerned:

* of the submission: b·b, b·d, d·d, and how many elements differ;
* of each reference: b·r, d·r, r·r.  Of one known by its fingerprint only, all six products, of the
  signed sums: the same in expectation, and noisy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from threading import local

import numpy as np
import numpy.typing as npt

from ..weights.names import EMBEDDING, HEAD, VOCABULARY
from ..weights.rounding import COARSENESS, Floats, meet
from ..weights.stretches import STRETCH, Lens, segment_bounds, stretches
from ..weights.tensors import ModelTensors
from .fingerprint import LEAST_ELEMENTS, THREADS, Doubles
from .reference import Reference
from .signs import Signs

Progress = Callable[[str], None]
TASK = 1 << 22
"""Elements that one thread takes at a time, about."""


@dataclass
class TensorSums:
    """The sums of one tensor; arrays have a column a segment."""

    name: str
    """Canonical, as the submission has it."""
    twin: str
    """Its counterpart in the base: the embedding for a head that the base does not have."""
    matrix: bool
    """Whether it is large enough to say something."""
    counts: npt.NDArray[np.int64]
    """Elements."""
    changed: npt.NDArray[np.int64]
    """Elements that differ from the base's."""
    own: Doubles
    """Rows b·b, b·d, d·d."""
    against: dict[int, Doubles] = field(default_factory=dict)
    """By the reference's number, rows b·r, d·r, r·r (for a fingerprint b·b, b·d, d·d, too); NaN
    where it has no such segment."""


def measure(
    base: ModelTensors,
    model: ModelTensors,
    references: Sequence[Reference] = (),
    progress: Progress | None = None,
) -> list[TensorSums]:
    """The sums of all tensors that both models have.

    Raises:
        SubmissionError: a file ended early.
    """
    eye = _Eye(base, model, references)
    sums = [eye.empty(name, twin) for name, twin in _pairs(base, model)]
    tasks = [(one, first, last) for one in sums for first, last in _tasks(one.counts)]
    tasks.sort(key=lambda task: -int(task[0].counts[task[1] : task[2]].sum()))
    with ThreadPoolExecutor(THREADS) as pool:
        futures: list[Future[None]] = [pool.submit(eye.look, *task) for task in tasks]
        try:
            for number, future in enumerate(futures, start=1):
                future.result()
                if progress and number % 200 == 0:
                    progress(f"provenance: {number} of {len(tasks)} parts of tensors compared")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return sums


def _pairs(base: ModelTensors, model: ModelTensors) -> Iterator[tuple[str, str]]:
    for name, stored in model.tensors.items():
        twin = EMBEDDING if name == HEAD and HEAD not in base.tensors else name
        if twin not in base.tensors:
            continue
        ours, theirs = base.tensors[twin].tensor, stored.tensor
        known = ours.dtype in COARSENESS and theirs.dtype in COARSENESS
        if known and 0 not in ours.shape and fits(ours.shape, theirs.shape, name):
            yield name, twin


def fits(ours: tuple[int, ...], theirs: tuple[int, ...], name: str) -> bool:
    """Whether two tensors can be compared: of one shape, or of a vocabulary with more or fewer
    rows."""
    if name in VOCABULARY and len(ours) == len(theirs) == 2:
        return ours[1:] == theirs[1:]
    return ours == theirs


def _tasks(counts: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of segments, each of about ``TASK`` elements at most."""
    step = max(1, TASK // max(1, int(counts[0]))) if len(counts) else 1
    for first in range(0, len(counts), step):
        yield first, min(first + step, len(counts))


class _Eye:
    """Looks at the same stretch of all models at once; each thread has a lens of its own."""

    def __init__(
        self, base: ModelTensors, model: ModelTensors, references: Sequence[Reference]
    ) -> None:
        self._base, self._model = base, model
        self._exact = [(n, r.tensors) for n, r in enumerate(references) if r.tensors is not None]
        self._prints = {n: r.print for n, r in enumerate(references) if r.print is not None}
        self._signs = {n: Signs(p.seed) for n, p in self._prints.items()}
        self._sketched = {
            n: {tensor.name: (tensor, values) for tensor, values in p.sketches()}
            for n, p in self._prints.items()
        }
        self._local = local()

    def empty(self, name: str, twin: str) -> TensorSums:
        """Nothing summed up yet, the references that can be compared chosen."""
        shape, given = self._shape(self._base, twin), self._shape(self._model, name)
        bounds = segment_bounds(prod(shape))
        shared = prod(shape[1:]) * min(shape[0], given[0]) if shape else 1
        counts = np.where(bounds[1:] <= shared, np.diff(bounds), 0)
        count = len(counts)
        one = TensorSums(
            name=name,
            twin=twin,
            matrix=len(shape) >= 2 and prod(shape) >= LEAST_ELEMENTS,
            counts=counts,
            changed=np.zeros(count, np.int64),
            own=np.zeros((3, count)),
        )
        if not one.matrix:
            return one
        for number, tensors in self._exact:
            if (theirs := _counterpart(tensors, name)) is not None:
                rows = self._shape(tensors, theirs)
                if fits(shape, rows, name):
                    known = bounds[1:] <= prod(rows)
                    one.against[number] = np.where(known, np.zeros((3, count)), np.nan)
        for number, sketched in self._sketched.items():
            if name in sketched and sketched[name][0].shape == shape:
                one.against[number] = np.zeros((6, count))
        return one

    def look(self, one: TensorSums, first: int, last: int) -> None:
        """Sum up some segments of a tensor."""
        bounds = segment_bounds(prod(self._shape(self._base, one.twin))).tolist()
        lengths = [-(-(b - a) // STRETCH) for a, b in pairwise(bounds)]
        patterns = {
            number: self._signs[number].of(one.name, sum(lengths))
            for number in one.against
            if number in self._prints
        }
        with np.errstate(all="ignore"):  # what overflows is seen in the sums
            for segment in range(first, last):
                before = sum(lengths[:segment])
                projected = {number: np.zeros(2) for number in patterns}
                plan = (
                    stretches(bounds[segment], bounds[segment + 1]) if one.counts[segment] else []
                )
                for index, (start, count) in enumerate(plan, start=before):
                    signs = {number: pattern[index] for number, pattern in patterns.items()}
                    self._stretch(one, segment, start, count, signs, projected)
                for number, (b, d) in projected.items():
                    r = self._sketched[number][one.name][1][segment] - b
                    one.against[number][:, segment] = (
                        (b * r, d * r, r * r, b * b, b * d, d * d) if plan else np.nan
                    )

    def _stretch(
        self,
        one: TensorSums,
        segment: int,
        start: int,
        count: int,
        signs: dict[int, tuple[float, Floats]],
        projected: dict[int, Doubles],
    ) -> None:
        lens = self._lens()
        own = self._dtype(self._base, one.twin)
        given = self._dtype(self._model, one.name)
        raw = lens.look(0, self._base, one.twin, start, count)
        views = {own: raw}

        def base_as(dtype: str) -> Floats:
            if dtype not in views:
                views[dtype] = meet(raw, own, dtype)
            return views[dtype]

        b = base_as(given)
        f = meet(lens.look(1, self._model, one.name, start, count), given, own)
        d = np.subtract(f, b, out=self._local.moved[:count])
        dd = float(np.dot(d, d))
        bd = float(np.dot(b, d))
        one.own[:, segment] += (float(np.dot(b, b)), bd, dd)
        if dd != 0:
            one.changed[segment] += np.count_nonzero(np.not_equal(f, b))
        for slot, (number, tensors) in enumerate(self._exact, start=2):
            if number not in one.against or np.isnan(one.against[number][0, segment]):
                continue
            theirs = _counterpart(tensors, one.name) or one.name
            dtype = self._dtype(tensors, theirs)
            x = meet(lens.look(slot, tensors, theirs, start, count), dtype, own)
            r = np.subtract(x, base_as(dtype), out=self._local.other[:count])
            dr = float(np.dot(d, r)) if dd else 0.0
            one.against[number][:, segment] += (float(np.dot(b, r)), dr, float(np.dot(r, r)))
        for number, (flip, pattern) in signs.items():
            dtype = self._sketched[number][one.name][0].dtype
            line = pattern[:count]
            projected[number] += (
                flip * float(np.dot(base_as(dtype), line)),
                flip * float(np.dot(d, line)),
            )

    def _lens(self) -> Lens:
        if not hasattr(self._local, "lens"):
            self._local.lens = Lens(2 + len(self._exact))
            self._local.moved, self._local.other = self._local.lens.spare(2)
        lens: Lens = self._local.lens
        return lens

    @staticmethod
    def _shape(model: ModelTensors, name: str) -> tuple[int, ...]:
        return model.tensors[name].tensor.shape

    @staticmethod
    def _dtype(model: ModelTensors, name: str) -> str:
        return model.tensors[name].tensor.dtype


def _counterpart(tensors: ModelTensors, name: str) -> str | None:
    """The reference's tensor of that name; for a head that it does not have, its embedding."""
    if name in tensors.tensors:
        found = name
    elif name == HEAD and EMBEDDING in tensors.tensors:
        found = EMBEDDING
    else:
        return None
    return found if tensors.tensors[found].tensor.dtype in COARSENESS else None
