"""Compressed streams in the middle of unknown binary files: git packs, HDF5, PDF, databases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .opens import Opens
from .shapes import Piece, UnreadError
from .sources import Held, Source
from .squeezed import kind_of, opened

CANDIDATES = 20_000
"""Places that are tried in one file; most are no stream at all and cost next to nothing."""
LARGEST = 64_000_000
"""Bytes that are taken of one stream."""
_FEWEST = 48

_STARTS = re.compile(
    rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|\x28\xb5\x2f\xfd|BZh[1-9]1AY|\xfd7zXZ\x00"
)


def carved(opener: Opens, data: bytes, depth: int) -> Iterator[Piece]:
    """The text of whatever can be decompressed in ``data``.

    Raises:
        UnreadError: the budget is spent.
    """
    position = tried = 0
    while (match := _STARTS.search(data, position)) and tried < CANDIDATES:
        tried += 1
        position = match.start() + 1
        kind = kind_of(data[match.start() : match.start() + 4096])
        if not kind:
            continue
        packed = Source.of_window(Held(data, match.start()), opener.budget)
        raw = _unpacked(Source.of_stream(opened(kind, packed.read, lone=True), opener.budget))
        if opener.budget.spent:
            raise UnreadError(opener.budget.spent)
        if len(raw) >= _FEWEST:
            for piece in opener.decoded(raw, depth + 1):
                how = f"{kind}, {piece.how}" if piece.how else kind
                yield Piece(1, piece.text, how, record=True)


def _unpacked(source: Source) -> bytes:
    """What comes out before the stream ends or breaks: behind it stands something else."""
    parts: list[bytes] = []
    size = 0
    try:
        while size < LARGEST and (part := source.read()):
            parts.append(part)
            size += len(part)
    except UnreadError:
        pass
    return b"".join(parts)
