"""The members of a zip archive, one at a time, however many its directory claims.

The directory at the end is read where there is one; without it the archive is walked from its
beginning, as far as that goes.  Python's own reader holds the whole directory in memory and knows
no zstd before 3.14.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .limits import Budget
from .shapes import UnreadError
from .sources import Source, Window
from .squeezed import READ, opened

_END, _END64, _LOCATOR = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_ENTRY, _LOCAL = b"PK\1\2", b"PK\3\4"
_METHODS = {8: "deflate", 12: "bzip2", 93: "zstd", 20: "zstd", 95: "xz"}
_STORED, _LZMA = 0, 14
_BIG = 0xFFFFFFFF


@dataclass(frozen=True)
class Member:
    """A file in an archive."""

    name: str
    source: Source | None
    why: str = ""
    """Why it has no source."""


@dataclass(frozen=True)
class _Entry:
    name: bytes
    flags: int
    method: int
    packed: int
    offset: int
    """Of its local header."""


def members(archive: Window, budget: Budget) -> Iterator[Member]:
    """All files in the archive.

    Raises:
        UnreadError: after those that could be found: the archive is broken, or holds too many.
    """
    directory = _directory(archive)
    if directory is None:
        yield from _walked(archive, budget)
        raise UnreadError("the archive has no directory: it breaks off")
    start, size, shift = directory
    total = 0
    for entry in _entries(archive.part(start, size)):
        budget.member()
        total += entry.packed
        if total > archive.size:
            raise UnreadError("members of the archive overlap: a decompression bomb")
        if not entry.name.endswith(b"/"):
            yield _member(archive, entry, shift, budget)


def ends_as_zip(file: Window) -> bool:
    """Whether a file ends with a zip archive's directory, whatever it begins with."""
    return file.at(file.size - 22, 4) == _END and _directory(file) is not None


def names(archive: Window, most: int) -> list[str]:
    """The first ``most`` names in the archive's directory; none where it is broken."""
    found: list[str] = []
    if directory := _directory(archive):
        try:
            for entry in _entries(archive.part(directory[0], directory[1])):
                found.append(_text(entry))
                if len(found) >= most:
                    break
        except UnreadError:
            pass
    return found


def _directory(archive: Window) -> tuple[int, int, int] | None:
    """Where the directory begins, its size, and by how much all offsets in it are too small."""
    tail_at = max(0, archive.size - (1 << 16) - 22)
    tail = archive.at(tail_at, (1 << 16) + 22)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        return None
    end = tail_at + place
    size, offset = struct.unpack_from("<II", tail, place + 12)
    locator = archive.at(end - 20, 20)
    if locator.startswith(_LOCATOR):
        where = struct.unpack_from("<Q", locator, 8)[0]
        for at in (where, end - 20 - 56):
            record = archive.at(at, 56)
            if record.startswith(_END64) and len(record) == 56:
                size, offset = struct.unpack_from("<QQ", record, 40)
                end = at
                break
    start = end - size
    if start < 0 or (size and not archive.at(start, 4).startswith(_ENTRY)):
        return None
    return start, size, start - offset


def _entries(directory: Window) -> Iterator[_Entry]:
    position = 0
    while position < directory.size:
        fixed = directory.at(position, 46)
        if len(fixed) < 46 or not fixed.startswith(_ENTRY):
            raise UnreadError("the archive's directory is broken")
        flags, method = struct.unpack_from("<HH", fixed, 8)
        packed, unpacked, named, extra, comment = struct.unpack_from("<IIHHH", fixed, 20)
        offset = struct.unpack_from("<I", fixed, 42)[0]
        rest = directory.at(position + 46, named + extra)
        packed, offset = _wide(rest[named:], packed, unpacked, offset)
        yield _Entry(rest[:named], flags, method, packed, offset)
        position += 46 + named + extra + comment


def _wide(extra: bytes, packed: int, unpacked: int, offset: int) -> tuple[int, int]:
    """Packed size and offset with what the zip64 field says."""
    place = 0
    while place + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, place)
        field = extra[place + 4 : place + 4 + size]
        place += 4 + size
        if kind != 1:
            continue
        numbers = list(struct.unpack_from(f"<{len(field) // 8}Q", field))
        if unpacked == _BIG and numbers:
            numbers.pop(0)
        if packed == _BIG and numbers:
            packed = numbers.pop(0)
        if offset == _BIG and numbers:
            offset = numbers.pop(0)
    return packed, offset


def _member(archive: Window, entry: _Entry, shift: int, budget: Budget) -> Member:
    name = _text(entry)
    at = entry.offset + shift
    local = archive.at(at, 30)
    if len(local) < 30 or not local.startswith(_LOCAL):
        return Member(name, None, "it is not where the archive's directory says")
    named, extra = struct.unpack_from("<HH", local, 26)
    data = archive.part(at + 30 + named + extra, entry.packed)
    return _opened(name, entry.flags, entry.method, data, budget)


def _opened(name: str, flags: int, method: int, data: Window, budget: Budget) -> Member:
    if flags & 1 or method == 99:
        return Member(name, None, "it is encrypted")
    packed = Source.of_window(data, budget)
    if method == _STORED:
        return Member(name, packed)
    try:
        if method == _LZMA:
            # Version (2 bytes), size of the properties (2), properties (5); an .lzma file has the
            # properties first, then the unpacked size.
            first = data.at(4, 5) + b"\xff" * 8
            packed = Source.of_window(data.part(9, data.size), budget)
            return Member(name, Source.of_stream(opened("lzma", _behind(first, packed)), budget))
        if kind := _METHODS.get(method):
            return Member(name, Source.of_stream(opened(kind, packed.read), budget))
    except UnreadError as error:
        return Member(name, None, str(error))
    return Member(name, None, f"it is packed by method {method}, which nothing here unpacks")


def _behind(first: bytes, rest: Source) -> READ:
    """Gives some bytes, then those of a source."""
    kept = [first]
    return lambda size: kept.pop() if kept else rest.read(size)


def _walked(archive: Window, budget: Budget) -> Iterator[Member]:
    """Members by their own headers, as long as these tell the sizes."""
    position = 0
    while True:
        local = archive.at(position, 30)
        if len(local) < 30 or not local.startswith(_LOCAL):
            return
        budget.member()
        flags, method = struct.unpack_from("<HH", local, 6)
        packed, unpacked, named, extra = struct.unpack_from("<IIHH", local, 18)
        rest = archive.at(position + 30, named + extra)
        packed, _ = _wide(rest[named:], packed, unpacked, 0)
        start = position + 30 + named + extra
        entry = _Entry(rest[:named], flags, method, packed, position)
        untold = bool(flags & 8) and not packed
        following = _next_local(archive, start) if untold else start + packed
        data = archive.part(start, (following if following >= 0 else archive.size) - start)
        if not entry.name.endswith(b"/"):
            yield _opened(_text(entry), flags, method, data, budget)
        if following < 0:
            return
        position = following


def _next_local(archive: Window, position: int) -> int:
    """Where the next header is, for a member whose size stands behind it; -1 if there is none."""
    while chunk := archive.at(position, 1 << 20):
        if (found := chunk.find(_LOCAL)) >= 0:
            return position + found
        if len(chunk) < 4:
            return -1
        position += len(chunk) - 3
    return -1


def _text(entry: _Entry) -> str:
    return entry.name.decode("utf-8" if entry.flags & 0x800 else "cp437", "replace")
