"""What becomes of one request: refused, or passed on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from . import Question, bodies, credentials, heads
from .hosted import hosted_tool
from .log import RequestLog
from .passage import Desk, Passage, Sent, break_if_begun
from .paths import is_answered, model_in, refusal
from .refusals import Refused, refuse


class Relay:
    """Answers requests; lives in the gateway's event loop.

    Args:
        desks: by the first part of the path.
        client: asks the upstreams.
        log: gets a line for every request.
    """

    def __init__(
        self, desks: Mapping[str, Desk], client: aiohttp.ClientSession, log: RequestLog
    ) -> None:
        self._desks, self._client, self._log = desks, client, log
        self._large = asyncio.Lock()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        try:
            return await self._handle(request)
        except ConnectionError:
            raise  # the client is gone, and nobody waits for an answer
        except Exception as error:  # a broken request, or a defect of ours: neither may end us
            why = f"the request could not be handled ({type(error).__name__})"
            self._log.write(method=request.method, path=request.path, status=500, error=why)
            break_if_begun(request)
            return refuse("openai-chat", 500, why)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        name, _, rest = path.removeprefix("/").partition("/")
        desk = self._desks.get(name)
        facts: dict[str, Any] = {
            "route": name if desk else "",
            "method": request.method,
            "path": f"/{rest}" if desk else path,
            "user_agent": request.headers.get("User-Agent", ""),
        }
        if desk is None:
            self._log.write(**facts, status=404, refused="there is no such route")
            return refuse("openai-chat", 404, "there is no such route")
        if request.method == "HEAD" and not rest:
            self._log.write(**facts, status=200)
            return web.Response()  # a client's question whether anybody is there
        async with AsyncExitStack() as stack:
            try:
                sent = await self._checked(request, desk, f"/{rest}", query, facts, stack)
            except Refused as fate:
                desk.ledger.count(passed=False)
                self._log.write(**facts, status=fate.status, refused=fate.why)
                return refuse(desk.route.api, fate.status, fate.why)
            return await self._pass_on(request, desk, sent, facts)
        raise AssertionError("unreachable")  # mypy cannot know that the stack swallows nothing

    async def _checked(
        self,
        request: web.Request,
        desk: Desk,
        path: str,
        query: str,
        facts: dict[str, Any],
        stack: AsyncExitStack,
    ) -> Sent:
        """Everything that must hold before a request goes out.

        Raises:
            Refused: with the reason in words.
        """
        route, ledger = desk.route, desk.ledger
        if request.headers.get("Upgrade", "").lower() == "websocket":
            raise Refused(426, "no websockets here")
        fields = heads.request_fields(request.raw_headers)
        if not credentials.carries_token(fields, query, desk.token):
            raise Refused(401, "this is not the run's token for this route")
        if why := refusal(route.api, request.method, path, query):
            raise Refused(403, why)
        if ledger.over_cost:
            raise Refused(403, "the run has reached its limit of cost (agent.max_cost)")
        try:
            body = await bodies.take(request, self._large, stack)
        except ConnectionError:
            raise  # the client's
        except OSError as error:
            raise Refused(503, f"the request cannot be stored: {error.strerror}") from None
        data = body.data or {}
        model, answered = (
            str(data.get("model") or model_in(path)),
            is_answered(request.method, path),
        )
        facts |= {
            "model": model,
            "request_bytes": body.size,
            "messages": _length(data, "messages", "input", "contents"),
            "tools": _length(data, "tools"),
        }
        _check_question(request.method, desk, path, query, body)
        if answered and ledger.max_cost is not None:
            ledger.check_price(model)
        # From here to the counting nothing waits, so that the number that `allow` saw holds.
        fields, query = credentials.with_key(fields, query, route.key)
        target = route.base_url.rstrip("/") + path + (f"?{query}" if query else "")
        return Sent(URL(target, encoded=True), fields, body, model, answered)

    async def _pass_on(
        self, request: web.Request, desk: Desk, sent: Sent, facts: dict[str, Any]
    ) -> web.StreamResponse:
        began = time.monotonic()
        desk.ledger.count(passed=True)
        passage = Passage(desk, sent)
        try:
            return await passage.run(request, self._client)
        finally:
            use = passage.counted()
            if use is not None:
                facts |= use
            self._log.write(
                **facts,
                status=passage.status,
                stream=passage.stream,
                answer_bytes=passage.size,
                error=passage.trouble,
                seconds=round(time.monotonic() - began, 3),
            )


def _check_question(method: str, desk: Desk, path: str, query: str, body: bodies.Body) -> None:
    route, data = desk.route, body.data
    if method == "POST" and data is None:
        raise Refused(400, "the request has no body")
    if method != "POST" and data is not None:
        raise Refused(400, "such a request has no body")
    for key, value in (data or {}).items():
        if key.lower() == "background" and value:
            raise Refused(403, "answers in the background would outlive the run")
    if not route.hosted_tools and (tool := hosted_tool(data or {})):
        raise Refused(403, f"the run has no network, and {tool} would use the provider's")
    if route.allow is None:
        return
    if data is None or query:
        raise Refused(403, "only plain questions pass here")
    try:
        why = route.allow(Question(method, path, data, desk.ledger.passed))
    except Exception as error:  # a defect of the guard must not open the door
        why = f"the request could not be examined ({type(error).__name__})"
    if why:
        raise Refused(403, why)


def _length(data: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = data.get(name)
        if isinstance(value, list):
            return len(value)
    return None
