"""A request that may pass, on its way out, and its answer on the way back."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import HttpVersion11, web
from multidict import CIMultiDict
from yarl import URL

from . import Route, bodies, heads
from .ledger import Ledger
from .mask import Mask
from .outside import Way
from .refusals import refuse
from .usage import UsageReader

_OWN_FIELDS = ("Date", "Server", "Content-Type")
"""What aiohttp's server adds to an answer without them."""
_STALE_TRIES = 3


@dataclass
class Desk:
    """A route with its token and its counters."""

    route: Route
    token: str = field(repr=False)
    ledger: Ledger
    proxy: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Sent:
    """A request that may pass, as it goes out."""

    url: URL
    fields: heads.Fields = field(repr=False)
    body: bodies.Body = field(repr=False)
    model: str
    answered: bool
    """Whether a model answers it, and so tokens are used."""


class _Answer(web.StreamResponse):
    """An answer that is passed on, with the names of the fields that it came with."""

    came_with: frozenset[str] = frozenset()


async def only_what_came(_: web.Request, response: web.StreamResponse) -> None:
    """For ``on_response_prepare``: take out what the server would add to an upstream's answer."""
    if isinstance(response, _Answer):
        for name in _OWN_FIELDS:
            if name.lower() not in response.came_with:
                response.headers.pop(name, None)


class Passage:
    """One request on its way out, and its answer on the way back."""

    def __init__(self, desk: Desk, sent: Sent) -> None:
        self._desk, self._sent = desk, sent
        self.status: int | None = None
        self.stream = False
        self.size = 0
        self.trouble = "the client went away"
        self._whole = False
        self._reader: UsageReader | None = None

    async def run(self, request: web.Request, client: aiohttp.ClientSession) -> web.StreamResponse:
        """Ask, and hand the answer on as it comes; what breaks on one side breaks on the other."""
        desk, sent = self._desk, self._sent
        try:
            answer = await self._asked(request.method, client)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return self._unreachable(error)
        async with answer:
            self.status = answer.status
            desk.ledger.answered(answer.status)
            if 300 <= answer.status < 400:
                self.trouble = "the endpoint points elsewhere, and a key is carried nowhere else"
                return refuse(desk.route.api, 502, self.trouble)
            kind = answer.headers.get("Content-Type", "")
            self.stream = kind.lower().startswith("text/event-stream")
            self._reader = UsageReader(
                desk.route.api, sent.model, kind, answer.headers.get("Content-Encoding", "")
            )
            mask = Mask(desk.route.key)
            response = _begin(answer, mask)
            try:
                await response.prepare(request)
                await self._carry(answer, response, mask, self._reader)
            except _BrokenError as error:
                self.trouble = str(error)
                desk.ledger.answered(None)
                break_off(request)
                return response
            except ConnectionError:
                return response  # the client went away; leaving the context ends the answer
            self._whole, self.trouble = True, ""
            return response

    async def _asked(self, method: str, client: aiohttp.ClientSession) -> aiohttp.ClientResponse:
        """Ask; once more where a connection of before was closed meanwhile, as browsers do."""
        sent = self._sent
        for last in (*[False] * _STALE_TRIES, True):
            way = Way()
            try:
                return await client.request(
                    method, sent.url, headers=CIMultiDict(sent.fields), data=sent.body.payload,
                    allow_redirects=False, proxy=self._desk.proxy, trace_request_ctx=way,
                )  # fmt: skip
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                if last or not way.reused or sent.body.file is not None:
                    raise
        raise AssertionError("unreachable")

    async def _carry(
        self,
        answer: aiohttp.ClientResponse,
        response: web.StreamResponse,
        mask: Mask,
        reader: UsageReader,
    ) -> None:
        chunks = answer.content.iter_any().__aiter__()
        while True:
            try:
                chunk = await chunks.__anext__()
            except StopAsyncIteration:
                break
            except (aiohttp.ClientError, OSError) as error:
                raise _BrokenError(f"the answer broke off: {_words(error)}") from None
            self.size += len(chunk)
            reader.feed(chunk)
            if ready := mask.feed(chunk):
                await response.write(ready)
        if rest := mask.rest():
            await response.write(rest)
        await response.write_eof()

    def _unreachable(self, error: Exception) -> web.Response:
        self.trouble = f"no answer: {_words(error)}"
        self._desk.ledger.answered(None)
        return refuse(self._desk.route.api, 502, "the model's endpoint cannot be reached")

    def counted(self) -> dict[str, Any] | None:
        """Count what was used; what of it goes into the log."""
        if self._reader is None or not self._sent.answered or self.status not in range(200, 300):
            return None
        use = self._reader.finish()
        if use is None and not self._whole:
            return None  # cut before it said what it used
        ledger, model = self._desk.ledger, self._reader.model
        use = ledger.used(model, use, self._reader.written_for_an_hour)
        return {"model": model, **use.model_dump(exclude_defaults=True)}


class _BrokenError(Exception):
    """The upstream's answer ended before its end."""


def _begin(answer: aiohttp.ClientResponse, mask: Mask) -> _Answer:
    """The answer's head as it came."""
    response = _Answer(status=answer.status, reason=answer.reason)
    fields = heads.answer_fields(answer.raw_headers)
    response.came_with = frozenset(name.lower() for name, _ in fields)
    for name, value in fields:
        response.headers.add(name, mask.text(value))
    return response


def break_if_begun(request: web.Request) -> None:
    if request.writer.output_size:
        break_off(request)


def break_off(request: web.Request) -> None:
    """A clean end would look like a whole answer."""
    transport = request.transport
    if transport is None:
        return
    if request.version >= HttpVersion11:
        transport.close()  # an answer in chunks lacks its last one; what was sent still arrives
        return
    with suppress(OSError):
        # Before HTTP/1.1 the end of the connection is the end of the answer: only a reset tells.
        link = transport.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
