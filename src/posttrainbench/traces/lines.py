"""Whole lines of output, put together from the pieces in which long ones are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .events import Line
from .reader import OutputLine, numbered_output

LONGEST = 64 << 20
"""Characters of a line that are read; an agent can print a line of any length."""


@dataclass(slots=True)
class _Open:
    """A line of one stream of which some pieces have come."""

    number: int
    parts: list[str] = field(default_factory=list)
    size: int = 0
    cut: int = 0
    at: str = ""
    t: float = 0.0

    def add(self, piece: OutputLine, longest: int) -> None:
        room = longest - self.size
        kept = piece.text if len(piece.text) <= room else piece.text[:room]
        if kept:
            self.parts.append(kept)
        self.size += len(kept)
        self.cut += len(piece.text) - len(kept)
        self.at, self.t = piece.at, piece.t

    def line(self, stream: str) -> Line:
        text = "".join(self.parts)
        return Line(self.at, self.t, stream, text, self.number, self.cut)


def read_lines(
    path: Path, *, longest: int = LONGEST, follow: Callable[[], bool] | None = None
) -> Iterator[Line]:
    """The lines of an output file, in the order in which their ends arrived.

    The last line is given even if its end is missing; damaged lines of the file are skipped.

    Args:
        longest: of a line with more characters only so many are kept; ``cut`` counts the others.
        follow: says whether the writer is still at work; until it is not, more is waited for, also
            for a file that does not exist yet.

    Raises:
        RecordError: the file is there but cannot be read.
    """
    begun: dict[str, _Open] = {}
    for number, piece in numbered_output(path, follow=follow):
        part = begun.setdefault(piece.stream, _Open(number))
        part.add(piece, longest)
        if not piece.more:
            del part  # its pieces would otherwise be held beside the line
            yield begun.pop(piece.stream).line(piece.stream)
    for stream, part in begun.items():
        yield part.line(stream)
