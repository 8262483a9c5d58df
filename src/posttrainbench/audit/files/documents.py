"""Small JSON documents of hostile origin."""

from __future__ import annotations

import json
import os
from typing import Any

from .opening import FILE

LIMIT = 4_000_000
"""Bytes of the largest document that is read; real configuration files have a few thousand."""


class DocumentError(ValueError):
    """Too large, not UTF-8, not JSON, nested too deep, or not what was expected; says which."""


def load_json(descriptor: int, *, limit: int = LIMIT) -> Any:
    """Parse what an open file holds.

    Raises:
        DocumentError: with the reason in a few words.
    """
    raw = read_bounded(descriptor, limit)
    try:
        return json.loads(raw.decode("utf-8"))
    except RecursionError:
        raise DocumentError("it is nested too deep") from None
    except ValueError as error:
        raise DocumentError(f"it is not JSON ({str(error)[:120]})") from None


def load_object(path: str | os.PathLike[str], *, limit: int = LIMIT) -> dict[str, Any]:
    """The JSON object in a file; a symlink is not followed.

    Raises:
        DocumentError: with the reason in a few words.
    """
    try:
        descriptor = os.open(path, FILE)
    except OSError as error:
        raise DocumentError(error.strerror or "it cannot be opened") from None
    try:
        data = load_json(descriptor, limit=limit)
    finally:
        os.close(descriptor)
    if not isinstance(data, dict):
        raise DocumentError(f"it holds a {type(data).__name__}, not an object")
    return data


def read_bounded(descriptor: int, limit: int) -> bytes:
    """All of an open file, from its beginning.

    Raises:
        DocumentError: it holds more than ``limit`` bytes, or cannot be read.
    """
    parts: list[bytes] = []
    position = 0
    try:
        while chunk := os.pread(descriptor, min(1 << 20, limit + 1 - position), position):
            parts.append(chunk)
            position += len(chunk)
    except OSError as error:
        raise DocumentError(error.strerror or "it cannot be read") from None
    if position > limit:
        raise DocumentError(f"it is larger than {limit} bytes")
    return b"".join(parts)


def has_key(document: Any, keys: frozenset[str]) -> str:
    """The first of ``keys`` that stands anywhere in a parsed document, or an empty string."""
    pending = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if found := keys.intersection(node):
                return min(found)
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return ""
