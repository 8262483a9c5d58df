"""The header of a safetensors file, read without trusting it and without loading a tensor.

Layout: eight bytes little-endian length N, N bytes of JSON, then the tensors' bytes without a gap.
Everything that the header claims is held against the file before anyone acts on it.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

from ...errors import SubmissionError
from ..files.quoting import shown_name

MAX_HEADER = 100_000_000
"""Bytes, the bound of the format itself.  A model of 70 B parameters has about 100 kB."""
MAX_TENSORS = 200_000

ITEM_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
"""Bytes of one element by the dtype's name in the file."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies in its file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    """Offset of its first byte from the start of the file."""
    size: int
    """Bytes."""


def read_header(descriptor: int, label: str) -> dict[str, Tensor]:
    """All tensors of an open safetensors file by name, in the order of their bytes.

    Args:
        descriptor: the open file.
        label: the file's name, for messages.

    Raises:
        SubmissionError: ``safetensors-corrupt``, with what is wrong.
    """
    try:
        return _read(descriptor)
    except _BadHeaderError as error:
        raise SubmissionError(
            "safetensors-corrupt", f"{shown_name(label)} is no sound safetensors file: {error}"
        ) from None
    except OSError as error:
        raise SubmissionError(
            "unreadable", f"{shown_name(label)} cannot be read: {error.strerror}"
        ) from error


def _read(descriptor: int) -> dict[str, Tensor]:
    total = os.fstat(descriptor).st_size
    prefix = os.pread(descriptor, 8, 0)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8:
        raise _BadHeaderError(f"it has {total} bytes, too few for a header")
    if not 2 <= length <= min(MAX_HEADER, total - 8):
        raise _BadHeaderError(f"it claims a header of {length} bytes in a file of {total}")
    header = _parse(_read_exactly(descriptor, length, 8))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _BadHeaderError("__metadata__ is not a map from text to text")
    if not header:
        raise _BadHeaderError("it holds no tensor")
    if len(header) > MAX_TENSORS:
        raise _BadHeaderError(f"it lists {len(header)} tensors")
    start = 8 + length
    tensors = [_tensor(name, fields, start) for name, fields in header.items()]
    tensors.sort(key=lambda tensor: (tensor.begin, tensor.size))
    position = start
    for tensor in tensors:
        if tensor.begin != position:
            relation = "overlap" if tensor.begin < position else "leave a gap"
            raise _BadHeaderError(f"the bytes of {shown_name(tensor.name)} {relation}")
        position += tensor.size
    if position != total:
        raise _BadHeaderError(f"its tensors end at byte {position}, the file at {total}")
    return {tensor.name: tensor for tensor in tensors}


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
    except RecursionError:
        raise _BadHeaderError("its header is nested too deep") from None
    except ValueError as error:
        raise _BadHeaderError(f"its header is not JSON ({str(error)[:100]})") from None
    if not isinstance(header, dict):
        raise _BadHeaderError("its header is not a JSON object")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _BadHeaderError("its header names something twice")
    return found


def _tensor(name: str, fields: Any, start: int) -> Tensor:
    shown = shown_name(name)
    if not isinstance(fields, dict) or set(fields) != {"dtype", "shape", "data_offsets"}:
        raise _BadHeaderError(f"{shown} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise _BadHeaderError(f"{shown} has the unknown dtype {shown_name(str(dtype)[:40])}")
    if not _counts(shape) or len(shape) > 16:
        raise _BadHeaderError(f"{shown} has no valid shape")
    if not _counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _BadHeaderError(f"{shown} has no valid offsets")
    begin, end = offsets
    if math.prod(shape) * ITEM_BYTES[dtype] != end - begin:
        raise _BadHeaderError(f"{shown} has {end - begin} bytes, which its shape does not need")
    return Tensor(name, dtype, tuple(shape), start + begin, end - begin)


def _counts(values: Any) -> bool:
    """Whether this is a list of plain integers from 0 below 2**63."""
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 1 << 63 for v in values)


def _read_exactly(descriptor: int, length: int, position: int) -> bytes:
    parts: list[bytes] = []
    while length:
        chunk = os.pread(descriptor, min(length, 1 << 22), position)
        if not chunk:
            raise _BadHeaderError("it ends within its header")
        parts.append(chunk)
        position += len(chunk)
        length -= len(chunk)
    return b"".join(parts)


class _BadHeaderError(Exception):
    """Why a header cannot be believed."""
