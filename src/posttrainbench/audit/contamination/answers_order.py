"""In which orders the numbers of a file can be read: all of them, the last of each line or record.

What a block ends with is kept, as a run may go on in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .blocks import Block
from .match_words import Places
from .numbers import Codes, Numbers
from .records import Record

_ALL = "in one text"
_LINES = "one in a line"
_RECORDS = "one in each record"
_KEPT = 50_000
"""Numbers of parsed records that are kept before they are looked through."""

_CARRIED = 64
"""Numbers at the end of a block that are kept: of a longer run, both parts are found."""

Order = tuple[str, Codes, Callable[[int], int]]
"""How it was read, the values, and what tells the line of each."""


@dataclass
class Orders:
    """The orders of one file."""

    longest: int
    """Values that a run has at most."""
    _kept: dict[tuple[int, str], tuple[Codes, list[int]]] = field(default_factory=dict)
    _last: list[tuple[int, int]] = field(default_factory=list)

    def of(self, way: int, block: Block, numbers: Numbers) -> Iterator[Order]:
        """All orders of a block, each with what is kept of the block before.

        Args:
            way: in which way of several the numbers were told from each other.
        """
        text = block.words.text
        numbers = numbers[(numbers.starts < block.stop) & ~_is_key(text, numbers)]
        lines = block.words.lines
        rows = block.breaks
        raw = np.frombuffer(b" " + text, np.uint8)
        end = (raw[1:] == 10) | ((raw[1:] == 110) & (raw[:-1] == 92))
        if len(rows) * 2 > len(lines):
            end |= (raw[1:] == 34) & (raw[:-1] != 92)
        ordered = {
            _ALL: np.arange(len(numbers)),
            _LINES: _last(numbers, np.flatnonzero(end)),
            _RECORDS: _last(numbers, rows if len(rows) else lines),
        }
        for where, which in ordered.items():
            before, known = self._kept.get((way, where), (numbers.values[:0], []))
            values = np.concatenate((before, numbers.values[which]))

            def line(
                place: int, known: Sequence[int] = known, starts: Places = numbers.starts[which]
            ) -> int:
                if place < len(known):
                    return known[place]
                return block.line(int(np.searchsorted(lines, starts[place - len(known)])))

            yield where, values, line
            places = range(max(0, len(values) - min(_CARRIED, self.longest)), len(values))
            self._kept[way, where] = values[places.start :], [line(place) for place in places]

    def of_record(self, record: Record, numbers: Numbers) -> Iterator[Order]:
        """All orders of a parsed record, and of the last numbers of all records so far."""
        if not len(numbers):
            return
        text = record.text.encode("utf-8", "replace")
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
        last = _last(numbers, ends)
        for where, which in ((_ALL, np.arange(len(numbers))), (_LINES, last)):
            values = numbers.values[which]
            yield where, values, lambda _place: record.line
        self._last.append((int(numbers.values[-1]), record.line))
        if len(self._last) >= _KEPT:
            yield from self.rest()
            self._last = self._last[-self.longest :]

    def rest(self) -> Iterator[Order]:
        """The last numbers of parsed records."""
        if self._last:
            told = self._last
            yield _RECORDS, np.array([value for value, _ in told]), lambda place: told[place][1]


def _is_key(text: bytes, numbers: Numbers) -> Places:
    """Which numbers end the name of a field in JSON: they are no values."""
    raw = np.frombuffer(text + b"   ", np.uint8)
    ends = numbers.ends
    slash = (raw[ends] == 92).astype(np.int64)
    found: Places = (raw[ends + slash] == 34) & (raw[ends + slash + 1] == 58)
    return found


def _last(numbers: Numbers, ends: Places) -> Places:
    """Which numbers are the last before one of the ends."""
    if not len(numbers):
        return np.zeros(0, np.int64)
    before = np.searchsorted(ends, numbers.starts)
    return np.flatnonzero(np.append(before[1:] > before[:-1], True))
