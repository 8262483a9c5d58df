"""Arrays of NumPy and safetensors: their headers are read here, nothing in them is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...errors import SubmissionError
from ..weights.safetensors_header import read_header
from .shapes import UnreadError
from .sources import Window

_HEADER_LIMIT = 1 << 16
_DESCRIBED = re.compile(r"'descr': *'([<>|=]?([iufcbSUVOmM?])\d{0,12})'")
_SHAPE = re.compile(r"'shape': *\(([\dL, ]*)\)")
_SIZE = re.compile(r"\d{1,18}")
INTEGERS = {
    "I64": "<i8", "I32": "<i4", "I16": "<u2", "U64": "<u8", "U32": "<u4", "U16": "<u2",
}  # fmt: skip
"""Types of safetensors that can hold token ids, as NumPy names them."""


@dataclass(frozen=True)
class Array:
    """What the header of an .npy file says, and where the numbers are."""

    form: str
    """NumPy's name of the type, such as ``<u2``; empty for records."""
    kind: str
    """``i``, ``u``, ``f``, ``S`` (bytes), ``U`` (text), ``O`` (pickled objects) ..."""
    row: int
    """Numbers in a row of a table; 0 for a plain list."""
    data: Window


def npy_array(window: Window) -> Array:
    """Read the header.

    Raises:
        UnreadError: it is broken.
    """
    start = window.at(0, 12)
    wide = len(start) > 6 and start[6] > 1
    length = int.from_bytes(start[8:12] if wide else start[8:10], "little")
    offset = 12 if wide else 10
    if length > _HEADER_LIMIT:
        raise UnreadError("the array's header is too long")
    text = window.at(offset, length).decode("latin-1")
    described, shape = _DESCRIBED.search(text), _SHAPE.search(text)
    if not shape:
        raise UnreadError("the array's header is broken")
    data = window.part(offset + length, window.size)
    if not described:
        return Array("", "V", 0, data)
    sizes = [int(size) for size in _SIZE.findall(shape[1])]
    row = sizes[-1] if len(sizes) > 1 and 0 < sizes[-1] < 1 << 20 else 0
    return Array(described[1], described[2], row, data)


def integer_tensors(window: Window) -> Iterator[tuple[str, int, Window]]:
    """(type, row, bytes) of every integer tensor in a safetensors file.

    Raises:
        UnreadError: the header cannot be believed.
    """
    if window.start:
        raise UnreadError("a safetensors file in an archive was not unpacked")
    try:
        tensors = read_header(window.descriptor, "the file")
    except SubmissionError as error:
        raise UnreadError(str(error)) from None
    for tensor in tensors.values():
        if form := INTEGERS.get(tensor.dtype):
            row = tensor.shape[-1] if len(tensor.shape) > 1 else 0
            yield form, row, window.part(tensor.begin, tensor.size)


def whole_numbers(data: bytes, form: str) -> bool:
    """Whether floating point numbers are all whole and not negative: ids that were cast."""
    size = np.dtype(form).itemsize
    values = np.frombuffer(data, form, len(data) // size)
    with np.errstate(invalid="ignore"):
        return bool(len(values)) and bool(np.all((values >= 0) & (values == np.floor(values))))
