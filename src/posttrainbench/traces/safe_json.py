"""JSON that every parser takes, from values that hostile programs had a hand in."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_DEEPEST = 64
"""Parsers have limits of their own; deeper values become text."""
_LARGEST_INTEGER = 10**18
_SURROGATE = re.compile("[\ud800-\udfff]")
_PIECE = 1 << 20
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def plain(value: Any, depth: int = 0) -> Any:
    """``value`` with nothing in it but what JSON knows.

    Numbers that JSON lacks, integers beyond 64 bits, values of other types, and what is nested more
    than 64 levels deep become text.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LARGEST_INTEGER else _text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= _DEEPEST:
        return _text(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner, depth + 1) for inner in value]
    return _text(value)


def encoded(value: Any) -> bytes:
    r"""JSON of a plain value.  Halves of surrogate pairs, which UTF-8 lacks, become ``\ud800``."""
    return _bytes(_encode(value))


def encoded_pieces(value: Any, size: int) -> Iterator[bytes]:
    """The same, in pieces if ``size`` (about its characters) is large, so that a value of many
    megabytes needs no second copy of itself."""
    if size > _PIECE:
        yield from _pieces(value)
    else:
        yield encoded(value)


def _pieces(value: Any) -> Iterator[bytes]:
    if isinstance(value, str):
        yield b'"'
        for begin in range(0, len(value), _PIECE):
            yield _bytes(_encode(value[begin : begin + _PIECE])[1:-1])
        yield b'"'
    elif isinstance(value, dict):
        for count, (key, inner) in enumerate(value.items()):
            yield (b", " if count else b"{") + encoded(key) + b": "
            yield from _pieces(inner)
        yield b"}" if value else b"{}"
    elif isinstance(value, list):
        for count, inner in enumerate(value):
            yield b", " if count else b"["
            yield from _pieces(inner)
        yield b"]" if value else b"[]"
    else:
        yield encoded(value)


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda match: f"\\\\u{ord(match[0]):04x}", text).encode()


def _key(key: Any) -> str:
    return key if isinstance(key, str) else _text(key)


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):
        pass
    try:
        return str(value)
    except (ValueError, RecursionError):
        return f"(a {type(value).__name__} that cannot be written down)"
