"""A token endpoint on loopback: one refresh token is worth one renewal."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import threading
import time
import urllib.parse
from types import TracebackType
from typing import Any


def jwt(**claims: Any) -> str:
    """A token that tells its claims, unsigned."""

    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return ".".join([part({"alg": "none"}), part(claims), part({"s": 1})])


class TokenServer:
    """``asked`` holds the fields of every request, ``kinds`` its content types."""

    def __init__(
        self,
        refresh: str = "refresh-0",
        *,
        seconds: int = 28_800,
        delay: float = 0.0,
        jwt_tokens: bool = False,
        answer: tuple[int, Any] | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.refresh = refresh
        self.asked: list[dict[str, str]] = []
        self.kinds: list[str] = []
        self.in_flight = threading.Event()
        lock = threading.Lock()
        server = self

        def renew(fields: dict[str, str]) -> tuple[int, Any]:
            with lock:
                server.asked.append(fields)
                server.in_flight.set()
                if answer is not None:
                    return answer
                if fields.get("refresh_token") != server.refresh:
                    return 400, {"error": "invalid_grant", "hint": fields.get("refresh_token")}
                number = len(server.asked)
                server.refresh = f"refresh-{number}"
            access = f"access-{number}"
            if jwt_tokens:
                access = jwt(iat=int(time.time()), exp=int(time.time()) + seconds, number=number)
            granted = {"access_token": access, "refresh_token": server.refresh}
            return 200, {**granted, "expires_in": seconds, "token_type": "Bearer", **more}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                kind = self.headers["Content-Type"]
                server.kinds.append(kind)
                form = "json" not in kind
                fields = dict(urllib.parse.parse_qsl(body)) if form else json.loads(body)
                status, told = renew(fields)
                time.sleep(delay)
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # the asker may be killed
                    super().handle()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 32

            def handle_error(self, *_: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Of the endpoint."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/oauth/token"

    def __enter__(self) -> TokenServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
