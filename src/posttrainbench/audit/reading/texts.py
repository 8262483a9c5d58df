"""Read whatever may hold text from hostile files: decoded, in pieces, with line numbers, bounded.

The content decides, not the name: text in any file is text.  Compressed files (gzip, bzip2, xz) are
read through, parquet by a confined child process, other binary files as loose text, so that a
pickled data set or an Arrow table is seen as well.  Weights and programs hold no text.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from .rows import RowsError, parquet_rows

CHUNK = 1 << 20
FILE_LIMIT = 4_000_000_000
"""Bytes (after decompression) that are read of one text file."""
BINARY_LIMIT = 64_000_000
"""Bytes: larger binary files are passed over, as they are mostly numbers."""

_NO_TEXT = (b"\x7fELF", b"!<arch>", b"GGUF")
_ARCHIVES = (b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd", b"Rar!")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b")
_LOOSE = bytes(code if code < 128 else 32 for code in range(256))
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)


class Stream(Protocol):
    """Anything that is read in pieces."""

    def read(self, size: int, /) -> bytes: ...


class Unpacked(Protocol):
    """A decompressing stream.  ``read1`` gives what there is, also before a broken end."""

    def read1(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Piece:
    """Whole lines of a file; a line over ``CHUNK`` bytes comes in several pieces."""

    line: int
    """Number of the first line, from 1."""
    text: str


class UnreadError(Exception):
    """Part of a file, or all of it, was not read; says why.

    ``harmless`` is for what is no text by its nature, and for formats that nothing here reads.
    """

    def __init__(self, why: str, *, harmless: bool = False) -> None:
        super().__init__(why)
        self.harmless = harmless


def pieces(descriptor: int, limit: int = FILE_LIMIT) -> Iterator[Piece]:
    """The text of an open file.

    Raises:
        UnreadError: what was not read, after everything that could be.
    """
    head = os.pread(descriptor, 8192, 0)
    if not head or head.startswith(_NO_TEXT) or _is_safetensors(head):
        return
    if head.startswith(b"PAR1"):
        yield from _rows(descriptor, limit)
        return
    archive = head.startswith(_ARCHIVES)
    with io.FileIO(descriptor, closefd=False) as raw:
        raw.seek(0)
        stream: Stream = raw
        if unpacked := _decompressed(raw, head):
            stream = peeked = _Peeked(unpacked)
            head = peeked.head
        elif (archive or _is_binary(head)) and os.fstat(descriptor).st_size > BINARY_LIMIT:
            raise UnreadError(f"a binary file of over {BINARY_LIMIT} bytes", harmless=True)
        yield from _lines(stream, _decoder(head), limit)
    if archive:
        raise UnreadError("an archive, read without unpacking it", harmless=True)


def _decoder(head: bytes) -> Callable[[bytes, bool], str]:
    """How the bytes become text: binary files lose everything but ASCII, for speed."""
    if _is_binary(head):
        return lambda chunk, _final: chunk.translate(_LOOSE).decode("ascii")
    encoding = "utf-16" if head.startswith(_UTF16) else "utf-8"
    decode = codecs.getincrementaldecoder(encoding)("replace").decode
    return lambda chunk, final: decode(chunk, final)


class _Peeked:
    """A decompressed stream whose beginning was looked at."""

    def __init__(self, stream: Unpacked) -> None:
        self._stream = stream
        try:
            self._left = self.head = stream.read1(8192)
        except _BROKEN as error:
            raise UnreadError(f"cannot be decompressed: {error}") from None

    def read(self, size: int, /) -> bytes:
        if self._left:
            first, self._left = self._left, b""
            return first
        return self._stream.read1(size)


def _decompressed(raw: io.FileIO, head: bytes) -> Unpacked | None:
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if head.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(raw)
    return None


def _lines(stream: Stream, decode: Callable[[bytes, bool], str], limit: int) -> Iterator[Piece]:
    line, rest, done = 1, "", 0
    while done < limit:
        try:
            chunk = stream.read(CHUNK)
        except _BROKEN as error:
            yield Piece(line, rest)
            raise UnreadError(f"cannot be read to its end: {error}") from None
        done += len(chunk)
        text = rest + decode(chunk, not chunk)
        if not chunk:
            yield Piece(line, text)
            return
        cut = text.rfind("\n") + 1
        if not cut and len(text) > CHUNK:
            # A line without an end is cut after a blank, so that no word is torn.
            cut = text.rfind(" ") + 1 or len(text)
        yield Piece(line, text[:cut])
        line += text.count("\n", 0, cut)
        rest = text[cut:]
    yield Piece(line, rest)
    raise UnreadError(f"larger than {limit} bytes")


def _rows(descriptor: int, limit: int) -> Iterator[Piece]:
    done = 0
    try:
        for number, row in enumerate(parquet_rows(descriptor), start=1):
            yield Piece(number, row)
            done += len(row)
            if done >= limit:
                raise UnreadError(f"larger than {limit} bytes")
    except RowsError as error:
        raise UnreadError(f"parquet: {error}", harmless=error.harmless) from None


def _is_binary(head: bytes) -> bool:
    """Whether more than a few control characters stand in it, as in no text of any alphabet."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls > len(head) // 32 and not head.startswith(_UTF16)


def _is_safetensors(head: bytes) -> bool:
    return head[5:9] == b"\0\0\0{" and head[9:10] in b'" }'
