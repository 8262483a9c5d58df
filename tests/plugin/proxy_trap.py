"""A proxy that connects nobody and remembers who asked, to see what a program contacts."""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType


class ProxyTrap:
    """Usable as ``HTTPS_PROXY``; ``asked`` holds the first line of every request."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                asked.append(self.rfile.readline(8192).decode(errors="replace").strip())
                self.wfile.write(b"HTTP/1.1 502 Nobody\r\nContent-Length: 0\r\n\r\n")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)

    @property
    def env(self) -> dict[str, str]:
        """What sends a program's connections here, except those to this machine."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        here = "127.0.0.1,localhost"
        both = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), url)
        lower = {name.lower(): value for name, value in both.items()}
        return {**both, **lower, "NO_PROXY": here, "no_proxy": here}

    def __enter__(self) -> ProxyTrap:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
