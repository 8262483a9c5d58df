"""Compact fingerprints: what is kept of a model so that others can be compared with it.

Every weight matrix is cut into at most 32 equal, contiguous segments, and of each the sum of its
elements is kept, every element with a random sign.  Such projections keep inner products: those of
(reference - base) and of (submission - base) say how alike the two changes are, without the
reference's weights.  A model of some 250 matrices takes some 50 kB.

A seed that is known before a submission is made could be evaded with care (the submission would
have to be fitted to it).  So every fingerprint has a seed of its own, drawn when it is made.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError, model_validator

from ... import __version__
from ...errors import RecordError
from ...records import Source, now, write_bytes
from ...records.hashing import model_hash
from ...spec import Frozen
from ..weights.names import canonical
from ..weights.rounding import COARSENESS
from ..weights.stretches import Lens, segment_bounds, stretches
from ..weights.tensors import ModelTensors
from .signs import Signs

Progress = Callable[[str], None]
Doubles = npt.NDArray[np.float64]

LEAST_ELEMENTS = 1024
"""Smaller tensors, and vectors (norms, biases), say little about where a model comes from."""
THREADS = 2
LARGEST = 20_000_000
"""Bytes of a fingerprint file that are read at most; real ones have less than 200 kB."""


class Sketched(Frozen):
    """One tensor that the fingerprint covers."""

    name: str
    """Canonical name."""
    dtype: str
    shape: tuple[int, ...]


class Fingerprint(Frozen):
    """``NAME.json``: a model's fingerprint and where it comes from."""

    schema_version: Literal["fingerprint/1"] = "fingerprint/1"
    name: str
    """The model, as findings call it: its hub id where it has one."""
    source: Source
    """Its ``sha256`` is the model hash of the folder that the fingerprint was made from."""
    at: str
    by: str
    """Who made it."""
    official: bool = False
    """As whoever made it vouches: no agent can repeat the model's training, for want of its data or
    of computing.  The catalogue's known descendants count as such by their names."""
    package_version: str
    seed: str
    tensors: tuple[Sketched, ...]
    projections: str
    """Little-endian float32 in base64: the segments of each tensor in turn."""
    sha256: str = ""
    """Of the seed, the tensors and the projections, so that damage is seen."""

    @model_validator(mode="after")
    def _is_whole(self) -> Fingerprint:
        if self.sha256 != _checksum(self.seed, self.tensors, self.projections):
            raise ValueError("its checksum is wrong")
        if any(t.dtype not in COARSENESS or not _is_matrix(t.shape) for t in self.tensors):
            raise ValueError("it covers something else than matrices of floating-point numbers")
        wanted = sum(len(segment_bounds(prod(t.shape))) - 1 for t in self.tensors)
        if len(_decode(self.projections)) != wanted * 4:
            raise ValueError("it has too few or too many projections")
        return self

    def sketches(self) -> Iterator[tuple[Sketched, Doubles]]:
        """Every tensor with the projections of its segments."""
        flat = np.frombuffer(_decode(self.projections), "<f4").astype(np.float64)
        at = 0
        for tensor in self.tensors:
            count = len(segment_bounds(prod(tensor.shape))) - 1
            yield tensor, flat[at : at + count]
            at += count


def make_fingerprint(
    folder: Path,
    *,
    name: str,
    source: Source | None = None,
    by: str = "",
    official: bool = False,
    seed: str = "",
    progress: Progress | None = None,
) -> Fingerprint:
    """Take the fingerprint of the model in ``folder``, reading its weights once.

    Args:
        folder: a model in safetensors form, of ours: links in it are followed.
        name: what findings call it.
        source: where the folder comes from; without it, a local folder with its model hash.
        by: who takes it.
        official: whether no agent can repeat the model's training.
        seed: by default a fresh one.
        progress: called now and then with a line for a person.

    Raises:
        SubmissionError: the folder holds no model that can be read.
    """
    seed = seed or secrets.token_hex(16)
    signs = Signs(seed)
    with ModelTensors(folder, trusted=True) as model:
        chosen = tuple(_matrices(model))

        def sketch(tensor: Sketched) -> Doubles:
            return _project(model, tensor, signs)

        with ThreadPoolExecutor(THREADS) as pool:
            parts = []
            for number, part in enumerate(pool.map(sketch, chosen), start=1):
                parts.append(part)
                if progress and number % 50 == 0:
                    progress(f"fingerprint: {number} of {len(chosen)} tensors")
    flat = np.concatenate(parts) if parts else np.zeros(0)
    projections = base64.b64encode(flat.astype("<f4").tobytes()).decode()
    if source is None:
        digest = model_hash(folder.resolve(), progress=progress)
        source = Source(name=name, kind="local", revision=digest[:12], sha256=digest)
    return Fingerprint(
        name=name,
        source=source,
        at=now(),
        by=by,
        official=official,
        package_version=__version__,
        seed=seed,
        tensors=chosen,
        projections=projections,
        sha256=_checksum(seed, chosen, projections),
    )


def load_fingerprint(path: Path) -> Fingerprint:
    """Read a fingerprint file.

    Raises:
        RecordError: it cannot be read, is damaged, or has another schema.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST} bytes")
        return Fingerprint.model_validate_json(raw)
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise RecordError(f"{path} is no sound fingerprint: {why}") from None
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} is no sound fingerprint: {error}") from error


def save_fingerprint(fingerprint: Fingerprint, path: Path) -> None:
    """Write a fingerprint file; it appears whole or not at all.

    Raises:
        StorageError: the disk refuses.
    """
    write_bytes(path, fingerprint.model_dump_json().encode() + b"\n")


def _matrices(model: ModelTensors) -> Iterator[Sketched]:
    for name, stored in sorted(model.tensors.items()):
        tensor = stored.tensor
        if _is_matrix(tensor.shape) and tensor.dtype in COARSENESS:
            yield Sketched(name=canonical(name), dtype=tensor.dtype, shape=tensor.shape)


def _is_matrix(shape: tuple[int, ...]) -> bool:
    return len(shape) >= 2 and prod(shape) >= LEAST_ELEMENTS


def _project(model: ModelTensors, tensor: Sketched, signs: Signs) -> Doubles:
    lens = Lens(1)
    bounds = segment_bounds(prod(tensor.shape))
    plan = [stretches(int(a), int(b)) for a, b in pairwise(bounds)]
    stream = iter(signs.of(tensor.name, sum(map(len, plan))))
    sums = np.zeros(len(plan))
    for segment, parts in enumerate(plan):
        for start, count in parts:
            values = lens.look(0, model, tensor.name, start, count)
            flip, pattern = next(stream)
            sums[segment] += flip * float(np.dot(values, pattern[:count]))
    return sums


def _checksum(seed: str, tensors: tuple[Sketched, ...], projections: str) -> str:
    covered = [tensor.model_dump(mode="json") for tensor in tensors]
    digest = hashlib.sha256(json.dumps([seed, covered]).encode())
    digest.update(projections.encode())
    return digest.hexdigest()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its projections are no base64: {error}") from None
