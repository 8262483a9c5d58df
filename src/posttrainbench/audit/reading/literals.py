"""Data that is encoded within a text: base64, base32, base85, hex, numbers, escaped bytes.

What comes out is given to whoever opens documents, so that a gzip in base64 in a Python string is
opened as well; what is neither a known form nor language is dropped, as most long runs of letters
encode nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .alphabets import (
    FEWEST_NUMBERS,
    SAMPLE,
    are_characters,
    ascii85,
    base85,
    characters,
    hex_bytes,
    is_encrypted,
    is_promising,
    numbers_in,
    parts_of,
    plain,
)
from .escapes import unescaped_bytes
from .runs import Run, RunKind, goes_on, runs
from .shapes import Piece, UnreadError
from .vocabulary import Ids, Vocabulary

LITERAL_LIMIT = 16_000_000
"""Bytes of a run that are kept to be decoded together."""
_PARTS = 100_000
"""Values of a list that are decoded each for itself."""
_SHORTEST = 40

Decoded = Callable[[bytes], Iterator[Piece]]
"""Opens decoded bytes: their text, or nothing when they are no data."""


class Literals:
    """Takes a text part by part; a run may reach from one part into the next."""

    def __init__(self, decoded: Decoded, vocabulary: Vocabulary | None) -> None:
        self._decoded = decoded
        self._vocabulary = vocabulary
        self._kept: list[bytes] = []
        self._kept_size = 0
        self._kept_line = 1
        self._kept_kind: RunKind = "letters"
        self.trouble: UnreadError | None = None
        """The first thing that is data and could not be read."""

    def feed(self, line: int, data: bytes, *, last: bool = False) -> Iterator[Piece]:
        """What is encoded in the next part, which begins in ``line``."""
        if self._kept:
            self._kept.append(data)
            self._kept_size += len(data)
            if not last and self._kept_size < LITERAL_LIMIT and goes_on(self._kept_kind, data):
                return
            data, line = b"".join(self._kept), self._kept_line
            self._kept, self._kept_size = [], 0
        counted, number = 0, line
        for run in runs(data):
            if not is_promising(run.kind, data[run.start : min(run.end, run.start + SAMPLE)]):
                continue
            if not last and run.end == len(data) and run.end - run.start < LITERAL_LIMIT:
                if len(data) - run.start > self._kept_size:
                    self._kept, self._kept_size = [data[run.start :]], len(data) - run.start
                    self._kept_kind = run.kind
                    self._kept_line = line + data.count(b"\n", 0, run.start)
                continue
            if run.start < counted:
                counted, number = 0, line
            number += data.count(b"\n", counted, run.start)
            counted = run.start
            for text, how in self._decode(run, data[run.start : run.end]):
                yield Piece(number, text, how, record=True)

    def _decode(self, run: Run, data: bytes) -> Iterator[tuple[str, str]]:
        if run.kind == "numbers":
            yield from self._numbers(data)
        elif run.kind == "escapes":
            for raw in unescaped_bytes(data):
                yield from self._open("escaped bytes", raw)
        elif run.kind == "ascii85":
            yield from self._open("base85", ascii85(data))
        else:
            if is_encrypted(data):
                self._note("an encrypted token (Fernet)")
            yield from self._open("base85", base85(data))
            yield from self._letters(data)

    def _letters(self, data: bytes) -> Iterator[tuple[str, str]]:
        parts = parts_of(data)
        given = False
        for how, raw in plain(b"".join(parts)):
            for found in self._open(how, raw):
                given = True
                yield found
            if given:
                break
        if len(parts) > 1 and (b"," in data or not given):
            # Values of a list: each for itself, in case that they were no lines of one.
            for part in parts[:_PARTS]:
                if len(part) >= _SHORTEST:
                    for how, raw in plain(part):
                        yield from self._open(how, raw)

    def _numbers(self, data: bytes) -> Iterator[tuple[str, str]]:
        raw = hex_bytes(data)
        if raw is not None:
            yield from self._open("hex", raw)
            return
        for place in sorted({0, len(data) // 2, max(0, len(data) - SAMPLE)}):
            how = self._reads(numbers_in(data[place : place + SAMPLE]))
            if how == "character codes":
                yield characters(numbers_in(data)), how
            elif how and self._vocabulary:
                yield self._vocabulary.text(numbers_in(data)), how
            if how:
                return

    def _reads(self, ids: Ids) -> str:
        """What the numbers are, if anything that can be read."""
        if len(ids) < FEWEST_NUMBERS:
            return ""
        if are_characters(ids):
            return "character codes"
        return "token ids" if self._vocabulary and self._vocabulary.is_text(ids) else ""

    def _open(self, how: str, raw: bytes) -> Iterator[tuple[str, str]]:
        given = False
        try:
            for piece in self._decoded(raw):
                given = True
                yield piece.text, f"{how}, {piece.how}" if piece.how else how
        except UnreadError as error:
            if given and not error.harmless:
                self._note(f"encoded in the text: {error}")

    def _note(self, why: str) -> None:
        self.trouble = self.trouble or UnreadError(why)
