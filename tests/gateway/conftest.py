"""A gateway before a raw server, and a client for it."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from raw_upstream import RawUpstream, Received, Send, whole

from posttrainbench.gateway import Api, Question, Route
from posttrainbench.gateway.gateway import Gateway

KEY = "sk-real-0123456789abcdef"

PATHS = {
    "anthropic": "/v1/messages",
    "openai-responses": "/v1/responses",
    "openai-chat": "/v1/chat/completions",
    "gemini": "/v1beta/models/gemini-2.5-pro:generateContent",
}
HEADERS = {
    "anthropic": "x-api-key", "openai-responses": "Authorization", "openai-chat": "Authorization",
    "gemini": "x-goog-api-key",
}  # fmt: skip


@dataclass
class Place:
    """An upstream, a gateway before it, and how to ask."""

    upstream: RawUpstream
    gateway: Gateway
    api: Api
    log: Path

    @property
    def token(self) -> str:
        return self.gateway.endpoint("agent").key

    def fields(self, token: str | None = None) -> dict[str, str]:
        name = HEADERS[self.api]
        value = self.token if token is None else token
        return {name: f"Bearer {value}" if name == "Authorization" else value}

    def ask(
        self,
        body: Any = None,
        *,
        path: str | None = None,
        method: str = "POST",
        token: str | None = None,
        headers: dict[str, str] | None = None,
        route: str = "agent",
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, header fields and body of an answer."""
        raw = body if isinstance(body, bytes | type(None)) else json.dumps(body).encode()
        if body is None and method == "POST":
            raw = json.dumps({"model": "m", "messages": []}).encode()
        client = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=30)
        try:
            target = f"/{route}{PATHS[self.api] if path is None else path}"
            given = self.fields(token) if headers is None else headers
            client.request(method, target, raw, given)
            answer = client.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            client.close()

    def raw(self, head: str, body: bytes = b"") -> socket.socket:
        """Send a request of one's own making; its lines end with a line feed here."""
        connection = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=30)
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + body)
        return connection

    def lines(self, count: int = 1) -> list[dict[str, Any]]:
        """The log, once it has so many lines."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = self.log.read_text().splitlines() if self.log.exists() else []
            if len(found) >= count:
                return [json.loads(line) for line in found]
            time.sleep(0.01)
        raise AssertionError(f"the log has {len(found)} lines, not {count}")


def hello(_: Received, send: Send) -> None:
    send(whole({"id": "1"}, Content_Type="application/json"))


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Make one: ``place(answer, api=..., max_cost=...)``; further routes by name."""
    with ExitStack() as stack:

        def make(
            answer: Callable[[Received, Send], None] = hello,
            *,
            api: Api = "anthropic",
            allow: Callable[[Question], str] | None = None,
            base: str = "",
            key: str = KEY,
            more: tuple[Route, ...] = (),
            **rest: Any,
        ) -> Place:
            upstream = stack.enter_context(RawUpstream(answer))
            url = base if urlsplit(base).scheme else upstream.url + base
            log = rest.pop("log", tmp_path / "gateway.jsonl")
            routes = [Route("agent", api, url, key, allow), *more]
            gateway = stack.enter_context(Gateway(routes, log=log, **rest))
            return Place(upstream, gateway, api, log)

        yield make
