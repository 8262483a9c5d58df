"""Decompressing streams that give what there is before they break, and never much at a time."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from .shapes import UnreadError

READ = Callable[[int], bytes]
_INPUT = 1 << 16
_MEMORY = 1 << 27
"""Bytes that a decompressor may keep as its dictionary."""

BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)
SEALED = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"\x04\x22\x4d\x18": "an lz4 file",
    b"LZIP\x01": "an lzip file",
    b"\x1f\x9d": "a file of compress",
    b"\xff\x06\x00\x00sNaPpY": "a snappy file",
    b"Salted__": "encrypted by openssl",
    b"age-encryption.org": "encrypted by age",
    b"-----BEGIN PGP MESSAGE-----": "encrypted by PGP",
    b"-----BEGIN AGE ENCRYPTED FILE-----": "encrypted by age",
    b"LUKS\xba\xbe": "an encrypted disk",
    b"PARE": "an encrypted parquet file",
    b"xar!": "a xar archive",
    b"MSCF\0\0\0\0": "a cabinet archive",
}
"""What nothing here opens, by the first bytes."""


class Decompressor(Protocol):
    """As of bz2 and lzma."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Zlib:
    """zlib's, under the names of the others."""

    def __init__(self, bits: int) -> None:
        self._inner = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def kind_of(head: bytes) -> str:
    """Which compression begins with ``head``: gzip, bzip2, xz, lzma, zstd, zlib, or empty."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zstd"
    if head.startswith(b"\x5d\0\0") and len(head) > 13 and head[12] in (0, 255):
        return "lzma" if _opens("lzma", head) else ""
    if head[:1] in (b"\x78", b"\x58", b"\x68") and len(head) > 8:
        sound = int.from_bytes(head[:2], "big") % 31 == 0
        return "zlib" if sound and _opens("zlib", head) else ""
    return ""


def sealed(head: bytes) -> str:
    """What it is, when nothing here opens it, else empty."""
    return next((what for magic, what in SEALED.items() if head.startswith(magic)), "")


def opened(kind: str, read: READ, *, lone: bool = False) -> READ:
    """A function that gives the next decompressed bytes, at most so many, none at the end.

    Args:
        kind: as :func:`kind_of` gives it, or ``deflate`` for a stream without a header.
        read: gives the packed bytes.
        lone: stop at the end of the first stream, whatever follows.

    Raises:
        UnreadError: what is needed to unpack it is not installed.
    """
    if kind == "zstd":
        return _zstd(read, across=not lone)
    return _Members(read, kind, lone).read


def _decompressor(kind: str) -> Decompressor:
    if kind == "gzip":
        return _Zlib(31)
    if kind == "zlib":
        return _Zlib(15)
    if kind == "deflate":
        return _Zlib(-15)
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(memlimit=_MEMORY)


def _opens(kind: str, head: bytes) -> bool:
    try:
        return bool(_decompressor(kind).decompress(head, 256))
    except BROKEN:
        return False


class _Members:
    """One compressed stream after another, as `cat a.gz b.gz` makes them, then whatever follows."""

    def __init__(self, read: READ, kind: str, lone: bool) -> None:
        self._read = read
        self._kind = kind
        self._lone = lone
        self._inner = _decompressor(kind)
        self._kept = b""
        self._plain = False

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            UnreadError: the stream is broken; everything before was given.
        """
        while True:
            if self._inner.eof and not self._plain:
                if self._lone:
                    return b""
                rest = self._inner.unused_data.lstrip(b"\0")
                rest = rest or self._read(_INPUT).lstrip(b"\0")
                if not rest:
                    return b""
                self._kept = rest
                self._plain = kind_of(rest) != self._kind
                if not self._plain:
                    self._inner = _decompressor(self._kind)
            if self._plain:
                part = self._kept or self._read(_INPUT)
                self._kept = part[size:]
                return part[:size]
            data, self._kept = self._kept, b""
            if not data and self._inner.needs_input:
                data = self._read(_INPUT)
                if not data:
                    if last := self._squeeze(b"", size):
                        return last
                    raise UnreadError("cannot be read to its end: it breaks off")
            if out := self._squeeze(data, size):
                return out

    def _squeeze(self, data: bytes, size: int) -> bytes:
        try:
            return self._inner.decompress(data, size)
        except BROKEN as error:
            raise UnreadError(f"cannot be decompressed: {error}") from None
        except MemoryError:
            raise UnreadError("cannot be decompressed: it needs too much memory") from None


def _zstd(read: READ, across: bool) -> READ:
    try:
        library: Any = import_module("zstandard")
    except ImportError:
        raise UnreadError("a zstd file, and the package zstandard is not installed") from None

    class Packed:
        def read(self, size: int) -> bytes:
            return read(size)

    inner = library.ZstdDecompressor(max_window_size=_MEMORY).stream_reader(
        Packed(), read_size=_INPUT, read_across_frames=across
    )

    def more(size: int) -> bytes:
        try:
            return bytes(inner.read(size))
        except (library.ZstdError, OSError, ValueError, MemoryError) as error:
            raise UnreadError(f"cannot be decompressed: {error}") from None

    return more
