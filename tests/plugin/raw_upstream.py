"""An HTTP server of bare sockets: it shows what came byte by byte, and breaks as a test wants.

    def answer(request, send):
        send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")

    with RawUpstream(answer) as server:
        ...  # server.url, server.received

After ``answer`` returns the connection is closed; raise :class:`Reset` to reset it instead.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Send = Callable[[bytes], None]


class Reset(Exception):
    """End the connection with a reset."""


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    target: str
    method: str
    fields: list[tuple[str, str]]
    body: bytes
    connection: socket.socket

    def values(self, name: str) -> list[str]:
        """All fields of this name."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


class RawUpstream:
    """A server in threads of its own; a context manager."""

    def __init__(
        self, answer: Callable[[Received, Send], None], tls: ssl.SSLContext | None = None
    ) -> None:
        self.answer = answer
        self._tls = tls
        self.received: list[Received] = []
        self.ended = threading.Event()
        """Set when a client closed its connection while the answer was being sent."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> RawUpstream:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        if self._tls is not None:
            with connection, contextlib.suppress(OSError):
                self._converse(self._tls.wrap_socket(connection, server_side=True))
            return
        self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(60)
            request = _read(connection)
            if request is None:
                return
            self.received.append(request)
            try:
                self.answer(request, connection.sendall)
            except Reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                self.ended.set()


def _read(connection: socket.socket) -> Received | None:
    file = connection.makefile("rb")
    first = file.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    fields = []
    while line := file.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        fields.append((name, value.strip()))
    size = next((int(v) for n, v in fields if n.lower() == "content-length"), 0)
    return Received(first[1], first[0], fields, file.read(size), connection)


def head(status: str = "200 OK", **fields: str) -> bytes:
    """An answer's head; underscores in names become dashes."""
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(body: bytes | dict[str, Any], status: str = "200 OK", **fields: str) -> bytes:
    """An answer with its length."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(status, Content_Length=str(len(raw)), **fields) + raw


def chunk(data: bytes) -> bytes:
    """One chunk of an answer in chunks."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(data: dict[str, Any] | str, name: str = "") -> bytes:
    """A server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def stream(*events: bytes) -> bytes:
    """A whole answer of server-sent events."""
    begin = head(Content_Type="text/event-stream", Transfer_Encoding="chunked")
    return begin + b"".join(chunk(part) for part in events) + b"0\r\n\r\n"
