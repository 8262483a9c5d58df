"""A Hugging Face hub on the loopback interface, as small as the client allows."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" * 6 + "beef"


@dataclass
class Hub:
    """What the hub holds, and what it was asked."""

    address: str = ""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            hub.asked.append(path)
            found = re.match(r"/api/models/([^/]+/[^/]+)(/tree/[^/]+)?", path)
            if found and found[1] in hub.repositories:
                files = hub.repositories[found[1]]
                rows = [
                    {
                        "type": "file",
                        "path": name,
                        "size": len(content),
                        "oid": hashlib.sha1(content).hexdigest(),
                    }
                    for name, content in files.items()
                ]
                info = {"id": found[1], "sha": COMMIT, "siblings": []}
                self._answer(json.dumps(rows if found[2] else info).encode())
                return
            found = re.match(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
            if found and found[1] in hub.gated:
                self._answer(b"gated", 403, {"X-Error-Code": "GatedRepo"})
            elif found and found[2] in hub.broken:
                self._answer(b"down", 501)
            elif found and found[2] in hub.repositories.get(found[1], {}):
                content = hub.repositories[found[1]][found[2]]
                etag = f'"{hashlib.sha1(content).hexdigest()}"'
                self._answer(content, 200, {"ETag": etag, "X-Repo-Commit": COMMIT})
            else:
                self._answer(b"{}", 404, {"X-Error-Code": "RepoNotFound"})

        def _answer(
            self, content: bytes, code: int = 200, headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    return Handler


@contextmanager
def model_hub() -> Iterator[Hub]:
    """A hub that runs until the context is left."""
    held = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(held))
    held.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
