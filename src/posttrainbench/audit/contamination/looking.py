"""From the lines of a file that deserve a look to records, and from records to what stands in them.

What belongs to one training example is a row in JSON Lines, a record of a table, and in other text
a window of lines.  Only rows and windows around a spot are parsed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from ..reading.shapes import Piece
from .answers_match import AnswerMatcher
from .blocks import Block
from .match_words import read
from .records import WINDOW, Record, Records, alone, around
from .sightings import Matcher, Sighting

_CARRIED = 2 * WINDOW
"""Lines that are kept of a block, for windows that reach into the next."""

Told = Callable[[Iterable[Sighting]], None]


class Looker:
    """All matchers on one file.

    Args:
        told: takes what is found.
        inner: whether it is a part of a file that does not hold its beginning.
    """

    def __init__(
        self,
        matchers: Sequence[Matcher],
        answers: AnswerMatcher | None,
        told: Told,
        *,
        inner: bool = False,
    ) -> None:
        self._matchers = matchers
        self._answers = answers
        self._told = told
        self._records = Records(begun=inner)
        self._spots: dict[int, set[int]] = {}
        """Spots in the document that is kept, by line, and who has one there."""
        self._next = 1
        self._pieces: dict[str, list[Piece]] = {}
        self._lines: list[str] = []
        """The last lines of the block before, and the line of the first."""
        self._first = 1
        self._open: dict[int, set[int]] = {}
        """Spots among them, whose windows are not complete."""

    def feed(self, piece: Piece) -> None:
        """The next piece, before it comes in a block."""
        self._pieces.setdefault(piece.how, []).append(piece)

    def aside(self, piece: Piece) -> None:
        """A piece that comes in no block, as its words are those of another."""
        words = read(piece.text)
        counts = 0 if piece.record else 1
        lines = Block(words, words.lines, len(words.text), lambda ends: piece.line + counts * ends)
        self.feed(piece)
        self.block(lines, piece.how, last=True)

    def block(self, block: Block, how: str, last: bool) -> None:
        """The next block of what was fed: look where it deserves it."""
        pieces = self._pieces.pop(how, [])
        spots: dict[int, set[int]] = {}
        for number, matcher in enumerate(self._matchers):
            for line in block.lines_at(matcher.spots(block)):
                spots.setdefault(line, set()).add(number)
        if self._answers and not (self._records.keeps and not how):
            self._told(self._answers.block(block, alone=bool(how)))
        if how or any(piece.record for piece in pieces):
            self._alone(pieces, spots)
            if how:
                return
            pieces = [piece for piece in pieces if not piece.record]
        if not self._in_row(pieces):
            self._alone(pieces, spots)
            return
        for line, wanted in spots.items():
            self._spots.setdefault(line, set()).update(wanted)
        if not self._records.takes(pieces):
            spots, self._spots = self._spots, {}
            self._text(pieces, spots, last)
        elif last:
            self._document()

    def finish(self) -> None:
        """The file is over."""
        for matcher in (*self._matchers, *([self._answers] if self._answers else ())):
            self._told(matcher.finish())

    def _document(self) -> None:
        """The document that was kept is whole."""
        if not self._spots and not self._answers:
            return
        wanted = set[int]().union(*self._spots.values())
        for record in self._records.finish():
            self._look(record, wanted)
            if self._answers:
                with suppress(RecursionError):
                    self._told(self._answers.look(record))

    def _in_row(self, pieces: Sequence[Piece]) -> bool:
        """Whether the pieces follow each other, as islands of text in binary data do not."""
        for piece in pieces:
            if piece.line != self._next:
                return False
            self._next += piece.text.count("\n")
        return True

    def _alone(self, pieces: Sequence[Piece], spots: dict[int, set[int]]) -> None:
        """Pieces that stand for themselves."""
        if not spots:
            return
        where = sorted(spots)
        for piece in pieces:
            end = piece.line + (0 if piece.record else piece.text.count("\n"))
            inside = where[bisect_right(where, piece.line - 1) : bisect_right(where, end)]
            if inside:
                for record in alone(piece):
                    self._look(record, set().union(*(spots[line] for line in inside)))

    def _text(self, pieces: Sequence[Piece], spots: dict[int, set[int]], last: bool) -> None:
        """Lines, with those that were kept of the block before."""
        for line, wanted in self._open.items():
            spots.setdefault(line, set()).update(wanted)
        self._open = {}
        if not spots and not pieces:
            return
        text = "".join(piece.text for piece in pieces)
        if spots:
            lines = ("\n".join(self._lines) + text).split("\n")
            first = self._first
            end = first + len(lines) - (0 if last else WINDOW)
            self._open = {line: found for line, found in spots.items() if line >= end}
            now = {line - first: found for line, found in spots.items() if first <= line < end}
            for record, wanted in around(lines, first, now):
                self._look(record, wanted)
            self._lines = lines[-_CARRIED:]
            self._first = first + len(lines) - len(self._lines)
        elif pieces:
            kept = _tail("\n".join(self._lines) + text, _CARRIED)
            self._first = self._next - kept.count("\n")
            self._lines = kept.split("\n")

    def _look(self, record: Record, wanted: Iterable[int]) -> None:
        for number in wanted:
            # What is nested too deep for Python holds no item that training could read.
            with suppress(RecursionError):
                self._told(self._matchers[number].look(record))


def _tail(text: str, lines: int) -> str:
    """The last lines of a text."""
    start = len(text)
    for _ in range(lines):
        start = text.rfind("\n", 0, start)
        if start < 0:
            return text
    return text[start + 1 :]
