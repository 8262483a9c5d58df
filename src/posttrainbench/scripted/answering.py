"""From a request to its answer: who asks, which step it is, and whether it goes wrong."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from .apis import APIS, Api, api_of, credential, is_counting, is_question
from .bodies import LARGEST, UnreadableError, parse
from .calls import MismatchError, is_side, side_turn, turn_of
from .logged import Logged
from .script import Script
from .sending import Answer, at_once, broken, pause, send, streamed
from .steps import Step
from .turn import Asked, Turn


@dataclass
class Playing:
    """A script, and how often each step of it was asked for."""

    script: Script
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)

    def step(self, asked: Asked) -> tuple[str, int, Step]:
        """Whose step it is, its index, and what it says this time."""
        agent, steps = self.script.steps(asked.opening)
        index = min(asked.turns, len(steps) - 1)
        step = steps[index]
        self.counts[agent, index] += 1
        if step.times is not None and self.counts[agent, index] > step.times:
            step = step.healthy()
        return agent, index, step


@dataclass
class Answerer:
    """Answers every request of one server; lives in its loop."""

    playing: Playing
    requests: list[Logged]
    closing: asyncio.Event
    key: str | None = field(repr=False)
    models: list[str]
    side_requests: bool
    log: Path | None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The handler for all methods and paths."""
        logged = Logged(
            at=time.monotonic(),
            method=request.method,
            path=request.path,
            key=credential(request.headers, request.query),
            user_agent=request.headers.get("User-Agent", ""),
            query=request.query_string,
            headers=dict(request.headers),
        )
        self.requests.append(logged)
        try:
            return await self._sorted(request, logged)
        finally:
            if self.log is not None:
                logged.write(self.log)

    async def _sorted(self, request: web.Request, logged: Logged) -> web.StreamResponse:
        """Answer what is no question to the model, and hand on what is one."""
        logged.api = api_of(request.path, request.headers)
        api = APIS[logged.api]
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return _told(logged, "websocket", api.error(426, "no websockets here"), 426)
        if request.method == "HEAD":
            return _told(logged, "head", {})
        try:
            encoding = request.headers.get("Content-Encoding", "")
            logged.body = body = parse(await request.read(), encoding)
        except web.HTTPRequestEntityTooLarge:
            return _told(logged, "unreadable", api.error(413, f"more than {LARGEST} bytes"), 413)
        except UnreadableError as error:
            return _told(logged, "unreadable", api.error(error.status, str(error)), error.status)
        if self.key is not None and logged.key != self.key:
            return _told(logged, "refused", api.error(401, ""), 401)
        if request.method == "GET" and request.path.endswith("/models"):
            return _told(logged, "models", api.models(self.models))
        if request.method != "POST" or not is_question(request.path):
            missing = f"nothing at {request.method} {request.path}"
            return _told(logged, "unknown", api.error(404, missing), 404)
        if is_counting(request.path):
            return _told(logged, "count", api.count())
        asked = api.read(body, request.path)
        logged.model = asked.model
        conversation = self.playing.script.steps(asked.opening)[0]
        if self.side_requests and is_side(asked, conversation):
            logged.kind, logged.status = "side", 200
            answer = _worded(request, logged, asked, side_turn(asked))
            return await send(request, answer, self.closing, hang=0, cut=False)
        return await self._played(request, logged, api, asked)

    async def _played(
        self, request: web.Request, logged: Logged, api: Api, asked: Asked
    ) -> web.StreamResponse:
        """Answer as the script says."""
        logged.agent, logged.step, step = self.playing.step(asked)
        logged.kind = step.kind
        if not await pause(step.delay, self.closing):
            return broken(request)
        if step.status is not None:
            told = api.error(
                step.status, step.message, limit=step.limit, retry_after=step.retry_after
            )
            later = {} if step.retry_after is None else {"Retry-After": str(step.retry_after)}
            return _told(logged, "status", told, step.status, later)
        try:
            turn = turn_of(step, asked, api.CALL_ID)
        except MismatchError as error:
            wrong = f"step {logged.step} of the script: {error}"
            return _told(logged, "mismatch", api.error(400, wrong), 400)
        logged.status = 200
        answer = _worded(request, logged, asked, turn)
        return await send(request, answer, self.closing, hang=step.hang, cut=step.cut)


def _worded(request: web.Request, logged: Logged, asked: Asked, turn: Turn) -> Answer:
    """The turn in the words and the shape that were asked for."""
    api = APIS[logged.api]
    if not asked.stream:
        return at_once(api.whole(turn))
    pieces = list(api.pieces(turn, logged.body))
    if logged.api == "gemini" and request.query.get("alt") != "sse":
        return at_once([data for _, data in pieces])  # Gemini's other way to stream: one array
    return streamed(pieces)


def _told(
    logged: Logged,
    kind: str,
    data: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    logged.kind, logged.status = kind, status
    return web.json_response(data, status=status, headers=headers)
