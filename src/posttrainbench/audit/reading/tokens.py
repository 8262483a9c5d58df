"""Files full of numbers that may be token ids: told by whether they decode to language."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .limits import Budget
from .shapes import Piece
from .sources import Window
from .vocabulary import Ids, Vocabulary

_BLOCK = 1 << 21
_SAMPLES = 12
_SAMPLE_BYTES = 1 << 14
_FORMS = ("<i8", "<u4", "<u2", ">i8", ">u4", ">u2")
"""Widest first: small numbers in eight bytes also look like pairs of smaller ones and zeros."""


def integer_form(window: Window, vocabulary: Vocabulary, forms: tuple[str, ...] = _FORMS) -> str:
    """In which of the forms the bytes are token ids of a text; empty if in none.

    Args:
        forms: NumPy's names of integer types.
    """
    step = max(_SAMPLE_BYTES, window.size // _SAMPLES // 8 * 8)
    places = range(0, max(1, window.size - 16), step)
    samples = [window.at(place, _SAMPLE_BYTES) for place in places][: _SAMPLES + 1]
    for form in forms:
        if sum(vocabulary.is_text(_numbers(sample, form)) for sample in samples) * 3 >= len(
            samples
        ):
            return form
    return ""


def integers(window: Window, form: str) -> Iterator[Ids]:
    """All numbers, some at a time."""
    position = 0
    while block := window.at(position, _BLOCK):
        position += len(block)
        yield _numbers(block, form)


def token_pieces(
    window: Window, form: str, vocabulary: Vocabulary, budget: Budget, row: int = 0
) -> Iterator[Piece]:
    """The text of a file of token ids.

    Args:
        row: how many ids make a record; 0 when special tokens end the records.
    """
    line = done = 0
    rest = np.zeros(0, np.int64)
    for ids in integers(window, form):
        budget.read(ids.nbytes)
        if row:
            ids = np.concatenate([rest, ids]) if len(rest) else ids
            whole = len(ids) // row * row
            ids, rest = ids[:whole], ids[whole:]
            for record in ids.reshape(-1, row) if row >= 64 else [ids]:
                yield Piece(done // row + 1, vocabulary.text(record), "token ids", record=True)
                done += len(record)
        else:
            text = vocabulary.text(ids)
            yield Piece(line + 1, text, "token ids")
            line += text.count("\n")
    if len(rest):
        yield Piece(done // row + 1, vocabulary.text(rest), "token ids", record=True)


def _numbers(data: bytes, form: str) -> Ids:
    kind: npt.DTypeLike = np.dtype(form)
    size = np.dtype(form).itemsize
    found = np.frombuffer(data, kind, len(data) // size)
    with np.errstate(invalid="ignore"):
        return found.astype(np.int64)
