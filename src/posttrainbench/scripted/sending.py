"""How an answer goes out: in one piece or as a stream, with silence in it, or cut off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .turn import Piece

_WHOLE_EVENTS = 2
"""So many events arrive whole before a cut, which falls into the next one: no block of any API is
complete by then, so that no client keeps a part of the answer as a turn."""
_SSE = "text/event-stream"


@dataclass(frozen=True)
class Answer:
    """The bytes of an answer, in the chunks in which they go out."""

    chunks: Sequence[bytes]
    content_type: str = "application/json"

    @property
    def streams(self) -> bool:
        """Whether it comes event by event."""
        return self.content_type == _SSE

    def cut(self) -> list[bytes]:
        """What goes out of it before a cut."""
        whole = min(_WHOLE_EVENTS, len(self.chunks) - 1)
        broken = self.chunks[whole]
        return [*self.chunks[:whole], broken[: max(1, len(broken) // 2)]]


def at_once(data: Any) -> Answer:
    """An answer in one piece."""
    return Answer([json.dumps(data).encode()])


def streamed(pieces: Sequence[Piece]) -> Answer:
    """An answer as server-sent events."""
    return Answer([_event(name, data) for name, data in pieces], _SSE)


async def send(
    request: web.Request, answer: Answer, closing: asyncio.Event, *, hang: float, cut: bool
) -> web.StreamResponse:
    """Let an answer go out.

    Args:
        hang: seconds of silence after the first event, or before an answer without events.
        cut: close the connection in the middle.
    """
    response = web.StreamResponse()
    response.content_type = answer.content_type
    if answer.streams:
        response.headers["Cache-Control"] = "no-cache"
    else:
        response.content_length = len(answer.chunks[0])
    try:
        for number, chunk in enumerate(answer.cut() if cut else answer.chunks):
            if number == int(answer.streams) and not await pause(hang, closing):
                return broken(request, response)
            if number == 0:
                await response.prepare(request)
            await response.write(chunk)
        if cut:
            return broken(request, response)
        await response.write_eof()
    except ConnectionError:
        pass  # the client went away, which is its right
    return response


async def pause(seconds: float, closing: asyncio.Event) -> bool:
    """Wait; ``False`` when the server is being closed meanwhile."""
    if seconds <= 0:
        return True
    try:
        await asyncio.wait_for(closing.wait(), seconds)
    except TimeoutError:
        return True
    return False


def broken(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Close the connection without an end of the answer; what was written still goes out."""
    if request.transport is not None:
        request.transport.close()
    return response or web.Response()


def _event(name: str, data: Any) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()
