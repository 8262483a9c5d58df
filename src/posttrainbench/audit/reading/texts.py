"""The text of one open file: everything in it, as one row of pieces."""

from __future__ import annotations

from collections.abc import Iterator

from .limits import BINARY_LIMIT, CHUNK, FILE_LIMIT
from .open_any import documents
from .shapes import Piece, UnreadError
from .vocabulary import Vocabulary

__all__ = ["BINARY_LIMIT", "CHUNK", "FILE_LIMIT", "Piece", "UnreadError", "pieces"]


def pieces(
    descriptor: int, limit: int = FILE_LIMIT, *, name: str = "", tokenizer: Vocabulary | None = None
) -> Iterator[Piece]:
    """The text of an open file, and of everything in it when it is an archive.

    Args:
        limit: bytes that are read of it, unpacked or not.
        name: its name, where the content leaves a doubt.
        tokenizer: the base model's vocabulary, for token ids.

    Raises:
        UnreadError: what was not read, after everything that could be.
    """
    trouble: UnreadError | None = None
    for document in documents(descriptor, name, tokenizer, limit=limit):
        try:
            yield from document.pieces
        except UnreadError as error:
            if trouble is None or (trouble.harmless and not error.harmless):
                trouble = error
    if trouble:
        raise trouble
