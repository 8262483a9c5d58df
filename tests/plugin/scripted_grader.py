"""A grader on a loopback port that speaks OpenAI's chat API and answers as a test says.

    with ScriptedGrader(lambda request: "[[A>B]]") as server:
        ...  # OPENAI_BASE_URL=server.url, OPENAI_API_KEY=anything

The script gets the request's body and returns a text or a :class:`Reply`; it runs in the server's
thread.  ``rubric_of`` and ``game_of`` take a graded benchmark's prompt apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Request = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer, or one way to fail."""

    text: str | None = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    """The body's ``error`` where the status is not 200."""
    fault: Literal["", "hang", "cut", "garbage", "no-choices", "reset"] = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 100
    cached_tokens: int = 0
    completion_tokens: int = 20
    reasoning_tokens: int = 10
    delay: float = 0.0


Script = Callable[[Request], str | Reply]

DOWN = Reply(status=503, error={"message": "overloaded"})
BUSY = Reply(status=429, headers={"Retry-After": "0"}, error={"message": "rate limit"})
NO_CREDIT = Reply(status=429, error={"message": "no credit", "code": "insufficient_quota"})
WRONG_KEY = Reply(status=401, error={"message": "Incorrect API key provided"})


class ScriptedGrader:
    """A server in a thread of its own; a context manager.

    Attributes:
        requests: bodies of all requests, in the order of their arrival.
        headers: of all requests, names in lower case.
        peak: the most requests that were open at once.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self.peak = 0
        self._open = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> ScriptedGrader:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def start() -> asyncio.Server:
            return await asyncio.start_server(self._client, "127.0.0.1", self.port)

        server = self._loop.run_until_complete(start())
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.run_until_complete(server.wait_closed())
        self._loop.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        names = [line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line]
        headers = {name.lower().strip(): value.strip() for name, value in names}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self._open += 1
        self.peak = max(self.peak, self._open)
        try:
            request: Request = json.loads(body or b"{}")
            self.requests.append(request)
            self.headers.append(headers)
            scripted = self.script(request)
            reply = Reply(scripted) if isinstance(scripted, str) else scripted
            await asyncio.sleep(reply.delay)
            return await self._send(reply, request, writer)
        finally:
            self._open -= 1

    async def _send(self, reply: Reply, request: Request, writer: asyncio.StreamWriter) -> bool:
        if reply.fault == "hang":
            await asyncio.sleep(3600)
        if reply.fault == "reset":
            writer.transport.abort()
            return False
        content = _body(reply, request)
        lines = {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **reply.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        if reply.fault == "cut":
            content = content[: len(content) // 2]
        writer.write(f"HTTP/1.1 {reply.status} Scripted\r\n{head}\r\n".encode() + content)
        await writer.drain()
        return reply.fault != "cut"


def _body(reply: Reply, request: Request) -> bytes:
    if reply.fault == "garbage":
        return b'{"choices": [{"mess'
    if reply.status != 200:
        return json.dumps({"error": reply.error or {"message": "scripted"}}).encode()
    message = {"role": "assistant", "content": reply.text}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    document = {
        "id": "scripted",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.get("model", ""),
        "choices": [] if reply.fault == "no-choices" else [choice],
        "usage": {
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "total_tokens": reply.prompt_tokens + reply.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
        },
    }
    return json.dumps(document).encode()


def criteria_met(met: bool) -> str:
    """A rubric verdict as graders write it."""
    return f'```json\n{{"explanation": "scripted", "criteria_met": {json.dumps(met)}}}\n```'


def rubric_of(request: Request) -> tuple[float, str]:
    """Points and criterion of a HealthBench request."""
    text = request["messages"][-1]["content"]
    item = text.rpartition("\n# Rubric item\n")[2].partition("\n\n# Instructions\n")[0]
    points, _, criterion = item.removeprefix("[").partition("] ")
    return float(points), criterion


def game_of(request: Request) -> tuple[str, str, str]:
    """Question, answer A and answer B of an Arena-Hard request."""
    text = request["messages"][-1]["content"]
    question, _, rest = text.partition("\n\n<|The Start of Assistant A's Answer|>\n")
    first, _, rest = rest.partition("\n<|The End of Assistant A's Answer|>\n\n")
    second = rest.removeprefix("<|The Start of Assistant B's Answer|>\n")
    second = second.removesuffix("\n<|The End of Assistant B's Answer|>")
    return question.removeprefix("<|User Prompt|>\n"), first, second
