"""What a run of letters or numbers in a text may encode: quick looks first, then every alphabet."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import string
from collections.abc import Iterator

import numpy as np

from .runs import RunKind
from .vocabulary import Ids

FEWEST_NUMBERS = 16
SAMPLE = 8192
"""Bytes of a run by which it is told whether decoding it is worth while."""
_PARSED = 1 << 20

_BLANKS = bytes(32 if byte in b"\"'\\,()\t\r\n\v\f" else byte for byte in range(256))
"""What stands between the parts of a value, as blanks."""
_PLUS = re.compile(rb"\s\+(?=\s)")
_HEX = re.compile(rb"[0-9a-fA-F]+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+")
_BASE32 = re.compile(rb"[A-Z2-7]+")
_OTHERS = re.compile(rb"[\s\"',.:\\\[\]]")
"""What the alphabet of base85 has not."""
_STANDARD = bytes.maketrans(b"-_", b"+/")
_OFFSET = re.compile(rb"(?m)^[0-9a-fA-F]{6,8}:")
_NUMBER = re.compile(rb"-?[0-9]+")
_ONE_CASE = re.compile(rb"[\s(]*(?:[0-9a-f]{32}|[0-9A-F]{32}|[A-Z2-7]{32})")
"""As in hex and base32."""
_HEX_LETTER = re.compile(rb"[a-fA-F]")
_NO_HEX = bytes(byte for byte in range(256) if byte not in b"0123456789abcdefABCDEF")
_CAPITALS, _SMALL = string.ascii_uppercase.encode(), string.ascii_lowercase.encode()
_LETTERS_DIGITS = _CAPITALS + _SMALL + string.digits.encode()
_FERNET = re.compile(rb"(?<![\w+/=-])gAAAAAB[\w-]{100,}={0,2}", re.ASCII)


def is_promising(kind: RunKind, sample: bytes) -> bool:
    """Whether a run that begins with ``sample`` may encode anything."""
    if kind == "escapes":
        return True
    if kind == "numbers":
        sample = sample[:SAMPLE]
        if _HEX_LETTER.search(sample):
            return bool(hex_bytes(sample))
        return len(_HEX.findall(sample)) >= FEWEST_NUMBERS
    sample = sample[:400]
    if kind == "ascii85":
        # A third of its characters are signs; base64 has next to none, words have fewer.
        signs = len(sample.translate(None, _LETTERS_DIGITS))
        return signs * 5 > len(sample) and len(set(sample)) > 30
    if len(set(sample)) < 8:
        return False  # a line drawn across the page
    capitals = len(sample) - len(sample.translate(None, _CAPITALS))
    small = len(sample) - len(sample.translate(None, _SMALL))
    # Paths and addresses are in small letters.
    return min(capitals, small) > 3 or _ONE_CASE.match(sample) is not None


def is_encrypted(data: bytes) -> bool:
    """Whether it begins with a token of Fernet, of which nobody without its key knows the text."""
    return _FERNET.search(data[:400]) is not None


def parts_of(data: bytes) -> list[bytes]:
    """The lines of an encoded value, or the values of a list."""
    if b"\\" in data:
        for escape in (b"\\n", b"\\r", b"\\t"):
            data = data.replace(escape, b" ")
    if b" + " in data or b"\n+" in data or b"+\n" in data:
        data = _PLUS.sub(b" ", data)
    return data.translate(_BLANKS).split()


def plain(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, content) by every alphabet up to base64 that has all the letters."""
    bare = data.rstrip(b"=")
    if _HEX.fullmatch(bare) and len(bare) % 2 == 0:
        yield "hex", bytes.fromhex(bare.decode())
    if _BASE32.fullmatch(bare):
        with contextlib.suppress(ValueError):
            yield "base32", base64.b32decode(bare + b"=" * (-len(bare) % 8))
    segments = [part for part in data.split(b"=") if part]
    if all(_BASE64.fullmatch(part) for part in segments):
        yield "base64", b"".join(map(_base64, segments))


def base85(data: bytes) -> bytes:
    """The content of what stands up to the first character that base85 has not; or nothing."""
    if _BASE64.fullmatch(data[:400]):
        return b""
    first = _OTHERS.split(data, maxsplit=1)[0]
    if _BASE64.fullmatch(first.rstrip(b"=")):
        return b""
    try:
        return base64.b85decode(first)
    except (ValueError, OverflowError):
        return b""


def ascii85(data: bytes) -> bytes:
    """The content by the older alphabet of base85; or nothing."""
    bare = b"".join(data.split())
    try:
        return base64.a85decode(bare.removeprefix(b"<~").removesuffix(b"~>"))
    except (ValueError, OverflowError):
        return b""


def hex_bytes(data: bytes) -> bytes | None:
    """The bytes in a list of hexadecimal numbers; ``None`` when it is no such list."""
    if not _HEX_LETTER.search(data, 0, SAMPLE):
        return None
    numbers = _HEX.findall(_OFFSET.sub(b"", data[:SAMPLE]).replace(b"0x", b" "))[1:-1]
    if len(numbers) < FEWEST_NUMBERS - 2 or any(len(number) % 2 for number in numbers):
        return b""
    bare = _OFFSET.sub(b"", data).replace(b"0x", b"").translate(None, _NO_HEX)
    return bytes.fromhex(bare[: len(bare) // 2 * 2].decode())


def numbers_in(data: bytes) -> Ids:
    """All whole numbers of up to nine digits in a list."""
    found = []
    start = 0
    while start < len(data):
        end = start + _PARSED
        while end < len(data) and data[end : end + 1].isdigit() and end < start + 2 * _PARSED:
            end += 1
        part = _NUMBER.findall(data, start, end)
        found.append(np.array([int(number) for number in part if len(number) < 10], np.int64))
        start = end
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def are_characters(ids: Ids) -> bool:
    """Whether the numbers are codes of a text's characters."""
    if ids.min() < 9 or ids.max() > 0x10FFFF:
        return False
    blanks = np.count_nonzero(ids == 32)
    letters = np.count_nonzero((ids > 64) & (ids < 123))
    return bool(blanks * 30 >= len(ids) and letters * 2 >= len(ids))


def characters(ids: Ids) -> str:
    """The text of character codes."""
    sound = ((ids >= 0) & (ids < 0xD800)) | ((ids >= 0xE000) & (ids <= 0x10FFFF))
    codes = np.where(sound, ids, 32).astype("<u4")
    return codes.tobytes().decode("utf-32-le")


def _base64(segment: bytes) -> bytes:
    segment = segment.translate(_STANDARD)
    segment = segment[: len(segment) - (len(segment) % 4 == 1)]
    return binascii.a2b_base64(segment + b"=" * (-len(segment) % 4))
