"""The body of a request: taken in whole, looked at, and sent on as it came."""

from __future__ import annotations

import asyncio
import json
import tempfile
import zlib
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import IO, Any

from aiohttp import web

from .refusals import Refused

LARGEST = 200 << 20
_IN_MEMORY = 2 << 20
_MOST_PARTS = 4_000_000
"""Commas and opening brackets in a JSON text; each costs Python up to a hundred bytes."""


@dataclass(frozen=True)
class Body:
    """What a client sent."""

    size: int
    data: dict[str, Any] | None
    """The JSON object in it; ``None`` where there was no body."""
    content: bytes = field(repr=False)
    file: IO[bytes] | None = None
    """In place of ``content``, for a large one."""

    @property
    def payload(self) -> bytes | IO[bytes] | None:
        """What is sent on."""
        return self.file or self.content or None


async def take(request: web.Request, large: asyncio.Lock, stack: AsyncExitStack) -> Body:
    """Read the body and its JSON object.

    Args:
        large: held from the point where the body is a large one, so that there is one at a time.
        stack: gives the lock and the file back when it is left.

    Raises:
        Refused: it is too large, or no JSON object.
    """
    content, size, file = bytearray(), 0, None
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > LARGEST:
            raise Refused(413, f"a request may have {LARGEST >> 20} MB")
        if file is None and size > _IN_MEMORY:
            await stack.enter_async_context(large)
            file = tempfile.TemporaryFile()  # noqa: SIM115 - the stack closes it
            stack.callback(file.close)
            file.write(content)
            content.clear()
        (content.extend if file is None else file.write)(chunk)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if file is None:
        raw = bytes(content)
        return Body(size, _object(raw, encoding) if raw else None, raw)
    data = await asyncio.to_thread(_object_in, file, encoding)
    return Body(size, data, b"", file)


def _object_in(file: IO[bytes], encoding: str) -> dict[str, Any]:
    file.seek(0)
    data = _object(file.read(), encoding)
    file.seek(0)
    return data


def _object(raw: bytes, encoding: str) -> dict[str, Any]:
    """The JSON object; strict, since the endpoint must not find another question in it than we do.

    Raises:
        Refused: with the reason.
    """
    if encoding in ("gzip", "deflate"):
        raw = _unpacked(raw)
    elif encoding not in ("", "identity"):
        raise Refused(415, f"the content encoding {encoding[:40]!r} cannot be looked into")
    if sum(raw.count(mark) for mark in (b",", b"[", b"{")) > _MOST_PARTS:
        raise Refused(413, "the request has too many parts")
    try:
        data = json.loads(raw.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, _TwiceError) else "it cannot be read"
        raise Refused(400, f"the request is no plain JSON: {why}") from None
    if not isinstance(data, dict):
        raise Refused(400, "the request is no JSON object")
    return data


def _unpacked(raw: bytes) -> bytes:
    worker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        content = worker.decompress(raw, LARGEST)
    except zlib.error:
        raise Refused(400, "the request's compression is damaged") from None
    if not worker.eof or worker.unused_data:
        raise Refused(400, "the request's compression is damaged, or hides something")
    return content


class _TwiceError(ValueError):
    """A key that stands twice: who reads it next might take the other one."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise _TwiceError("a key stands twice in an object")
    return data
