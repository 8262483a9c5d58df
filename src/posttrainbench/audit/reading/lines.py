"""A text of any size in pieces of whole lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .encodings import decoder
from .limits import CHUNK, Budget
from .literals import Literals
from .shapes import Piece, UnreadError
from .views import View


def text_pieces(
    read: Callable[[int], bytes],
    encoding: str,
    budget: Budget,
    literals: Literals,
    views: tuple[View, ...],
) -> Iterator[Piece]:
    """The text, and behind each piece what can be made of it.

    Args:
        read: gives the next bytes, none at the end.
        encoding: empty for binary data, of which the ASCII is kept.

    Raises:
        UnreadError: after everything that could be read.
    """
    trouble: UnreadError | None = None
    for piece, last in _lines(read, encoding, budget):
        if isinstance(piece, UnreadError):
            trouble = piece
            continue
        data = piece.text.encode("utf-8", "replace")
        if piece.text:
            yield piece
            for view in views:
                yield from view(piece, data)
        yield from literals.feed(piece.line, data, last=last)
    trouble = trouble or literals.trouble
    if trouble:
        raise trouble


def _lines(
    read: Callable[[int], bytes], encoding: str, budget: Budget
) -> Iterator[tuple[Piece | UnreadError, bool]]:
    """Pieces, whether each is the last, and behind the last why there are no more."""
    decode = decoder(encoding)
    line, rest = 1, ""
    trouble: UnreadError | None = None
    while True:
        chunk = b""
        if not trouble:
            try:
                chunk = _filled(read)
                budget.read(len(chunk))
            except _StoppedError as stopped:
                chunk, trouble = stopped.chunk, stopped.why
            except UnreadError as error:
                trouble = error
            except OSError as error:
                trouble = UnreadError(error.strerror or "cannot be read")
        text = rest + decode(chunk, not chunk)
        if not chunk:
            yield Piece(line, text), True
            if trouble:
                yield trouble, True
            return
        cut = _cut(text)
        if cut:
            yield Piece(line, text[:cut]), False
            line += text.count("\n", 0, cut)
        rest = text[cut:]


def _cut(text: str) -> int:
    cut = text.rfind("\n") + 1
    if cut or len(text) <= CHUNK:
        return cut
    return max(text.rfind(" "), text.rfind(",")) + 1 or len(text)


def _filled(read: Callable[[int], bytes]) -> bytes:
    """About ``CHUNK`` bytes, also from a stream that gives little at a time."""
    first = read(CHUNK)
    if not first or len(first) >= CHUNK // 2:
        return first
    parts, size = [first], len(first)
    try:
        while size < CHUNK // 2 and (part := read(CHUNK - size)):
            parts.append(part)
            size += len(part)
    except UnreadError as error:
        raise _StoppedError(b"".join(parts), error) from None
    return b"".join(parts)


class _StoppedError(Exception):
    """A stream broke behind these bytes."""

    def __init__(self, chunk: bytes, why: UnreadError) -> None:
        super().__init__()
        self.chunk = chunk
        self.why = why
