"""Search the texts of one file for benchmark items, block by block."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..reading.texts import Piece
from .ngrams import BREAK, Index, Match, unescape, words

BLOCK = 60_000
"""Words that are searched at a time; a block fits the processor's cache."""
PART = 4096
"""Characters of a line that are split into words at a time."""
LEVELS = 3
"""How many levels of backslash escapes are undone: JSON in a string of JSON in source code."""
_QUOTED_WORDS = 40
_ESCAPED = re.compile(r"\\[nrtfbu\\]")


@dataclass(frozen=True)
class Hit:
    """A benchmark item that stands in a file."""

    item: int
    line: int
    share: float
    quote: str
    """How the place reads, as lower-case words."""


@dataclass
class Scanner:
    """Takes the pieces of one file; ``hits`` holds the first place of each item."""

    index: Index
    hits: dict[int, Hit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._streams = [_Stream(self.index, self.hits) for _ in range(LEVELS)]

    def feed(self, piece: Piece) -> None:
        """Take the next piece of the file."""
        text = piece.text
        for stream in self._streams:
            text = unescape(text) if "\\" in text else text
            stream.feed(Piece(piece.line, text))
            if not _ESCAPED.search(text):
                return

    def finish(self) -> None:
        """The file is over."""
        for stream in self._streams:
            stream.flush()


class _Stream:
    """The words of a file as they read with one level of escapes undone."""

    def __init__(self, index: Index, hits: dict[int, Hit]) -> None:
        self._index = index
        self._hits = hits
        self._words: list[str] = []
        self._breaks: list[int] = []
        self._starts: list[int] = []
        """Position of the first word of a line, and beside it the line's number."""
        self._lines: list[int] = []

    def feed(self, piece: Piece) -> None:
        for offset, line in enumerate(piece.text.split("\n")):
            self._starts.append(len(self._words))
            self._lines.append(piece.line + offset)
            for part in _parts(line):
                self._words += words(part)
            if _is_record(line):
                self._breaks.append(len(self._words))
                self._words.append(BREAK)
            if len(self._words) >= BLOCK:
                self.flush(keep=self._index.longest_span)

    def flush(self, keep: int = 0) -> None:
        """Search what has come; keep the last words, where an item may go on."""
        for match in self._index.search(self._words, self._breaks):
            if match.item not in self._hits:
                self._hits[match.item] = self._hit(match)
        cut = max(0, len(self._words) - keep) if keep else len(self._words)
        first = max(0, bisect_right(self._starts, cut) - 1)
        self._words = self._words[cut:]
        self._breaks = [position - cut for position in self._breaks if position >= cut]
        self._starts = [max(0, start - cut) for start in self._starts[first:]]
        self._lines = self._lines[first:]

    def _hit(self, match: Match) -> Hit:
        line = self._lines[max(0, bisect_right(self._starts, match.position) - 1)]
        seen = self._words[match.position : match.position + _QUOTED_WORDS]
        quote = " ".join(word for word in seen if word != BREAK)
        return Hit(match.item, line, match.share, quote)


def _parts(line: str) -> Iterator[str]:
    """A long line in parts, cut at blanks: most of them are plain ASCII, which is read faster."""
    start = 0
    while len(line) - start > PART and (cut := line.find(" ", start + PART)) >= 0:
        yield line[start:cut]
        start = cut
    yield line[start:] if start else line


def _is_record(line: str) -> bool:
    """Whether a line stands for itself, as in JSON Lines: no item goes on in the next."""
    line = line.strip()
    return len(line) > 1 and line[0] in "{[" and line.rstrip(",")[-1:] in ("}", "]")
