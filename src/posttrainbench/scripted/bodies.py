"""The body of a request, unpacked."""

from __future__ import annotations

import json
import zlib
from typing import Any

LARGEST = 200 << 20
"""Bytes of a body, packed or not."""

_ZLIB = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Window sizes by which zlib knows the wrapping."""


class UnreadableError(ValueError):
    """A body that cannot be used; ``status`` is what HTTP has for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def parse(raw: bytes, encoding: str) -> dict[str, Any]:
    """The JSON object in a body; an empty one where there is none.

    Raises:
        UnreadableError: another encoding, too large, or no JSON object.
    """
    raw = unpack(raw, encoding.strip().lower())
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(400, f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise UnreadableError(400, "the body is no JSON object")
    return body


def unpack(raw: bytes, encoding: str) -> bytes:
    """The body without its content encoding.

    Raises:
        UnreadableError: this server knows no such encoding, or the body is damaged or too large.
    """
    if encoding in ("", "identity"):
        return raw
    try:
        if encoding in _ZLIB:
            plain = _inflate(raw, _ZLIB[encoding])
        elif encoding == "zstd":
            plain = _unzstd(raw)
        else:
            raise UnreadableError(415, f"content encoding {encoding!r} is not known here")
    except zlib.error as error:
        if encoding != "deflate":
            raise UnreadableError(400, f"the body is no {encoding}: {error}") from None
        plain = _raw_deflate(raw)
    if len(plain) > LARGEST:
        raise UnreadableError(413, f"the body has more than {LARGEST} bytes")
    return plain


def _inflate(raw: bytes, window: int) -> bytes:
    return zlib.decompressobj(window).decompress(raw, LARGEST + 1)


def _raw_deflate(raw: bytes) -> bytes:
    """Some clients leave the wrapping of deflate out."""
    try:
        return _inflate(raw, -15)
    except zlib.error as error:
        raise UnreadableError(400, f"the body is no deflate: {error}") from None


def _unzstd(raw: bytes) -> bytes:
    """By the package zstandard: Python's own module comes with 3.14 only."""
    try:
        import zstandard
    except ImportError:
        raise UnreadableError(
            415, "this server reads zstd bodies only where the package zstandard is installed"
        ) from None
    try:
        with zstandard.ZstdDecompressor().stream_reader(raw) as reader:
            return reader.read(LARGEST + 1)
    except zstandard.ZstdError as error:
        raise UnreadableError(400, f"the body is no zstd: {error}") from None
