"""The members of a tar archive, read in one go from a stream.

Python's own reader keeps every member and takes headers of any size into memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from .limits import CHUNK, Budget
from .shapes import UnreadError
from .sources import Source
from .zips import Member

_BLOCK = 512
_HEADER_LIMIT = 1 << 20
"""Bytes of the longest long name or extended header that is taken."""


def is_tar(head: bytes) -> bool:
    """Whether ``head`` begins with a sound header of a tar member."""
    return len(head) >= _BLOCK and head[0] != 0 and _sound(head[:_BLOCK])


def members(archive: Source, budget: Budget) -> Iterator[Member]:
    """All files in the archive.  A member's source ends when the next one is asked for.

    Raises:
        UnreadError: after those before: the archive is broken, or holds too many.
    """
    stream = _Blocks(archive)
    name, size = "", -1
    while header := stream.take(_BLOCK):
        if not header.strip(b"\0"):
            continue  # the end is two such blocks; what is appended behind them is read as well
        if len(header) < _BLOCK or not _sound(header):
            raise UnreadError("the archive breaks off, or is broken")
        budget.member()
        kind = header[156:157]
        told = _number(header[124:136])
        if kind in (b"L", b"K", b"x", b"g"):
            content = stream.take(min(told, _HEADER_LIMIT))
            stream.skip(told - len(content) + -told % _BLOCK)
            if kind == b"L":
                name = _text(content)
            elif kind == b"x":
                name, size = _extended(content, name, size)
            continue
        size = told if size < 0 else size
        if kind in (b"1", b"2", b"3", b"4", b"5", b"6"):
            size = 0  # links, devices, folders and fifos have no content, whatever they say
        if not name:
            prefix = _text(header[345:500]) if header[257:262] == b"ustar" else ""
            name = (prefix + "/" if prefix else "") + _text(header[:100])
        if size:
            part = _Part(stream, size)
            yield Member(name, Source.of_stream(part.read, budget))
            part.read_out()
            if part.left:
                raise UnreadError("the archive breaks off")
            stream.skip(-size % _BLOCK)
        name, size = "", -1


class _Blocks:
    """A stream from which exact amounts are taken."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept = b""
        self._at = 0

    def some(self, size: int) -> bytes:
        """At least one byte and at most ``size``; none at the end."""
        if self._at >= len(self._kept):
            self._kept, self._at = self._source.read(CHUNK), 0
        part = self._kept[self._at : self._at + size]
        self._at += len(part)
        return part

    def take(self, size: int) -> bytes:
        """So many bytes; fewer only at the end."""
        parts: list[bytes] = []
        while size > 0 and (part := self.some(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        while size > 0 and (part := self.some(min(size, CHUNK))):
            size -= len(part)


class _Part:
    """The content of one member."""

    def __init__(self, stream: _Blocks, size: int) -> None:
        self._stream = stream
        self.left = size

    def read(self, size: int) -> bytes:
        """Some of what is left, none at the end."""
        if self.left <= 0:
            return b""
        part = self._stream.some(min(size, self.left))
        self.left -= len(part)
        return part

    def read_out(self) -> None:
        """Pass over what nobody has read."""
        while self.left and self.read(CHUNK):
            pass


def _sound(header: bytes) -> bool:
    """Whether the header's checksum is right, by either way of adding it up."""
    told = _number(header[148:156])
    blank = header[:148] + b" " * 8 + header[156:]
    return told in (sum(blank), sum(byte - 256 if byte > 127 else byte for byte in blank))


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0")[0].strip()
    try:
        return max(0, int(digits, 8)) if digits else 0
    except ValueError:
        return 0


def _extended(content: bytes, name: str, size: int) -> tuple[str, int]:
    """Name and size with what a pax header says: lines of ``length key=value``."""
    position = 0
    while position < len(content):
        length = content[position : position + 20].split(b" ")[0]
        if not length.isdigit() or len(length) > 10 or int(length) < 5:
            break
        line = content[position + len(length) + 1 : position + int(length) - 1]
        key, _, value = line.partition(b"=")
        if key in (b"path", b"GNU.sparse.name"):
            name = _text(value)
        elif key == b"size" and value.isdigit() and len(value) < 20:
            size = int(value)
        position += int(length)
    return name, size


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "backslashreplace")
