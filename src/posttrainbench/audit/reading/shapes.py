"""What reading gives: documents made of pieces, and why a part was not read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Form = Literal[
    "text", "json", "jsonl", "csv", "python", "markup", "notebook", "inspect-log", "parquet",
    "arrow", "orc", "sqlite", "array", "pickle", "safetensors", "binary", "compressed", "zip",
    "tar", "sealed", "nothing",
]  # fmt: skip
"""How a document is written, told by its content.  ``sealed``: encrypted, or packed in a way that
nothing here opens; ``compressed``, ``zip`` and ``tar`` only where the packing itself is broken;
``nothing``: empty."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a document, or one record of it.

    Pieces without ``how`` follow one another as in the document, so that a text may go on from one
    to the next; a line that is very long comes in several.  A piece with ``how`` stands for itself.
    """

    line: int
    """Number of the first line or of the record, from 1."""
    text: str
    how: str = ""
    """How text was gained that does not stand there so: ``base64``, ``token ids``, ``rot13`` ..."""
    record: bool = False
    """Whether ``line`` numbers a record: line breaks in the text do not count."""


@dataclass(frozen=True)
class Document:
    """A file, or a file in an archive."""

    member: str
    """Path inside an archive as the archive says it (hostile text); empty for the file itself."""
    form: Form
    pieces: Iterator[Piece]
    """To be read before the next document is asked for, or never.  Ends in :class:`UnreadError`
    when not everything was read."""


class UnreadError(Exception):
    """Part of a document, or all of it, was not read; says why.

    ``harmless`` is for what is no text by its nature, and for formats that hold none.
    """

    def __init__(self, why: str, *, harmless: bool = False) -> None:
        super().__init__(why)
        self.harmless = harmless
