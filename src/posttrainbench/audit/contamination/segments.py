"""Large texts in parts, so that several processes can search one file.

A part begins a little before the one before it ends, so that whatever stands across a cut, an item
or encoded data, is whole in one of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ..reading.encodings import encoding_of
from ..reading.limits import HEAD
from ..reading.runs import KINDS, goes_on
from ..reading.shapes import Form
from ..reading.sniff import form_of
from ..reading.sources import Window
from ..reading.zips import ends_as_zip

SIZE = 24_000_000
"""Bytes of a part, about."""
OVERLAP = 1 << 18
_SEEN = 2048
"""Bytes before a cut that must not all belong to encoded data."""
_SEARCHED = 1 << 16
_FORMS: frozenset[Form] = frozenset({"text", "jsonl", "csv", "python"})


@dataclass(frozen=True)
class Segment:
    """A part of a file."""

    form: Form
    start: int
    """Where it is read from, a line's beginning."""
    cut: int
    """From where on it is nobody else's."""
    end: int


def segments(descriptor: int, name: str) -> list[Segment]:
    """The parts of a file, fewer than two where it is to be read as a whole."""
    size = os.fstat(descriptor).st_size
    if size < 2 * SIZE:
        return []
    window = Window(descriptor, 0, size)
    head = window.at(0, HEAD)
    form = form_of(head, name)
    if form not in _FORMS or encoding_of(head[:8192]) != "utf-8" or ends_as_zip(window):
        return []
    if window.stored() < size:
        return []
    cuts = [0, *_cuts(window), size]
    return [Segment(form, _line_before(window, cut), cut, end) for cut, end in pairwise(cuts)]


def _cuts(window: Window) -> Iterator[int]:
    position = SIZE
    while position < window.size - SIZE // 2:
        start = position - _SEEN
        data = window.at(start, _SEARCHED)
        line = data.find(b"\n", _SEEN) + 1
        before = data[max(0, line - _SEEN) : line]
        if line and not any(goes_on(kind, before) for kind in KINDS):
            yield start + line
        position += SIZE


def _line_before(window: Window, cut: int) -> int:
    """The first line's beginning in the overlap; ``cut`` where there is none."""
    start = max(0, cut - OVERLAP)
    if not start:
        return 0
    line = window.at(start, cut - start).find(b"\n") + 1
    return start + line if line else cut


def lines_in(descriptor: int, start: int, end: int) -> int:
    """Line ends between two places."""
    window, count = Window(descriptor, start, end - start), 0
    for position in range(0, end - start, 1 << 20):
        count += window.at(position, min(1 << 20, end - start - position)).count(b"\n")
    return count
