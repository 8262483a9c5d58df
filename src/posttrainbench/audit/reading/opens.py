"""What the readers of single forms need of the one that opens documents; and records within one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Protocol

from .limits import Budget
from .literals import Literals
from .runs import runs
from .shapes import Document, Piece, UnreadError
from .sources import Source
from .views import joined_literals, views
from .vocabulary import Ids, Vocabulary

_SHORT = 40
"""Characters of a record in which nothing is hidden."""
_TOGETHER = 1 << 17
"""Bytes of records that are looked through at a time."""
_BETWEEN = b"\n\xff\n"
"""What no run goes beyond."""
_DISTINCT = 5
"""Numbers in a list with fewer different ones are a mask, or padding."""


class Opens(Protocol):
    """Opens documents inside documents, on one budget."""

    @property
    def budget(self) -> Budget: ...
    @property
    def vocabulary(self) -> Vocabulary | None: ...
    def open(self, source: Source, name: str, member: str, depth: int) -> Iterator[Document]:
        """All documents in a source."""

    def text(self, source: Source, depth: int, *, encoding: str | None = None) -> Iterator[Piece]:
        """The text of a source, of binary data (``encoding=""``) the ASCII in it."""

    def decoded(self, raw: bytes, depth: int) -> Iterator[Piece]:
        """The text of bytes that stood in a document; nothing if they have none."""

    def literals(self, depth: int) -> Literals:
        """A decoder of what is encoded in a text at this level."""


class Records:
    """The records of a table, a pickle, a notebook: each with what can be made of it."""

    def __init__(self, opener: Opens, depth: int) -> None:
        self._opener = opener
        self._depth = depth
        self._literals = opener.literals(depth)
        self._trouble: UnreadError | None = None
        self._waiting: list[tuple[int, bytes]] = []
        self._size = 0

    def text(self, number: int, text: str, *, code: bool = False) -> Iterator[Piece]:
        """A record's text; what is hidden in it may come a little later."""
        piece = Piece(number, text, record=True)
        yield piece
        if len(text) < _SHORT:
            return
        data = text.encode("utf-8", "replace")
        for view in (views, joined_literals) if code else (views,):
            for other in view(piece, data):
                yield Piece(number, other.text, other.how, record=True)
        self._waiting.append((number, data))
        self._size += len(data)
        if self._size > _TOGETHER:
            yield from self._hidden()

    def _hidden(self) -> Iterator[Piece]:
        """What is encoded in the records that wait: most have nothing, which one look tells."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        ends = list(accumulate(len(data) + len(_BETWEEN) for _, data in waiting))
        found = runs(_BETWEEN.join(data for _, data in waiting))
        for which in sorted({bisect_right(ends, run.start) for run in found}):
            number, data = waiting[which]
            for other in self._literals.feed(number, data, last=True):
                yield Piece(number, other.text, other.how, record=True)

    def raw(self, number: int, raw: bytes) -> Iterator[Piece]:
        """Bytes that a record holds."""
        try:
            for piece in self._opener.decoded(raw, self._depth + 1):
                yield Piece(number, piece.text, piece.how or "bytes", record=True)
        except UnreadError as error:
            if self._opener.budget.spent:
                raise
            if not error.harmless:
                self._trouble = self._trouble or error

    def numbers(self, number: int, ids: Ids, *, sure: bool = False) -> Iterator[Piece]:
        """Numbers that a record holds, if they are token ids.

        Args:
            sure: whether any but masks are taken for ids, language or not.
        """
        vocabulary = self._opener.vocabulary
        if vocabulary is None or len(set(ids[:4096].tolist())) < _DISTINCT:
            return
        if sure or vocabulary.is_text(ids):
            yield Piece(number, vocabulary.text(ids), "token ids", record=True)

    def finish(self) -> Iterator[Piece]:
        """The document is over.

        Raises:
            UnreadError: something in a record is data and could not be read.
        """
        yield from self._hidden()
        if trouble := self._trouble or self._literals.trouble:
            raise trouble
