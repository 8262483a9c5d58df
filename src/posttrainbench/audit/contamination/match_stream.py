"""Text on its way to the search: which line of the file is which, and where records end."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from ..reading.texts import Piece
from .match_words import Places, Words


class Stream:
    """Text that is still to be searched, and which line of the file each of its lines is."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[str] = []
        self._lines = 0
        """Line ends in the parts."""
        self._begins: list[int] = []
        """Line ends before each piece, and beside it the piece's line and whether lines count."""
        self._numbers: list[tuple[int, bool]] = []
        self._next = 0
        self._open = False
        """Whether the last piece ended within a line."""
        self._ends: list[int] = []
        """After how many line ends a piece that stands for itself is over."""

    def add(self, piece: Piece) -> None:
        """Take a piece; what stands for itself gets a line end and a break behind it."""
        alone = piece.record or bool(piece.how)
        text = piece.text
        if self._open and (alone or piece.line != self._next):
            self._parts.append("\n")
            self._lines += 1
        self._begins.append(self._lines)
        self._numbers.append((piece.line, not piece.record))
        count = text.count("\n")
        self._open = not text.endswith("\n")
        if alone and self._open:
            text += "\n"
            count += 1
            self._open = False
        self._parts.append(text)
        self._lines += count
        self._next = piece.line + count
        self.size += len(text)
        if alone:
            self._ends.append(self._lines)

    def text(self) -> str:
        """All of it."""
        return "".join(self._parts)

    def breaks(self, lines: Places) -> Places:
        """Where the pieces end that stand for themselves, given where lines end."""
        ends = np.array(self._ends, np.int64) - 1
        found: Places = lines[ends[(ends >= 0) & (ends < len(lines))]]
        return found

    def line(self, ends: int) -> int:
        """The line of the file behind so many line ends."""
        k = max(0, bisect_right(self._begins, ends) - 1)
        number, counts = self._numbers[k]
        return number + counts * (ends - self._begins[k])

    def forget(self, words: Words, rest: str) -> None:
        """Drop all but the end of the text."""
        gone = len(words.lines) - rest.count("\n")
        k = max(0, bisect_right(self._begins, gone) - 1)
        self._begins = [begin - gone for begin in self._begins[k:]]
        self._numbers = self._numbers[k:]
        self._ends = [end - gone for end in self._ends if end > gone]
        self._lines -= gone
        self._parts, self.size = [rest], 0


def records(words: Words) -> Places:
    """Ends of the lines that stand for themselves, as in JSON Lines: no item goes on behind."""
    stops = words.lines
    if not len(stops):
        return stops
    raw = np.frombuffer(words.text, np.uint8)
    starts = np.concatenate((np.zeros(1, np.int64), stops[:-1] + 1))
    firsts, lasts = raw[starts], raw[np.maximum(stops - 1, starts)]
    opened = (firsts == 123) | (firsts == 91)
    whole = opened & ((lasts == 125) | (lasts == 93)) & (stops - starts > 1)
    # With blanks around it or a comma behind it, it has to be looked at.
    rough = ~whole & (opened | (firsts == 32) | (firsts == 9))
    rough &= (lasts == 125) | (lasts == 93) | (lasts == 44) | (lasts == 32) | (lasts == 13)
    for k in np.flatnonzero(rough).tolist():
        whole[k] = _is_record(words.text, int(starts[k]), int(stops[k]))
    found: Places = stops[whole]
    return found


def _is_record(data: bytes, start: int, stop: int) -> bool:
    """Whether a line begins like an object or a list and ends like one."""
    head = data[start : min(stop, start + 64)].lstrip()
    tail = data[max(start, stop - 64) : stop].rstrip().rstrip(b",")
    return len(head) > 1 and head[:1] in (b"{", b"[") and tail[-1:] in (b"}", b"]")
