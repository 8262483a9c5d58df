"""A package registry on loopback with toy packages, for the real npm."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


def tarball(manifest: dict[str, Any], files: dict[str, bytes]) -> bytes:
    """A package as npm packs it; every file is executable."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in {"package.json": json.dumps(manifest).encode(), **files}.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


@dataclass
class Registry:
    """What is published, and what was asked for."""

    url: str = ""
    manifests: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    tarballs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)
    """While it is not set, tarballs are not handed out."""
    waiting: threading.Event = field(default_factory=threading.Event)
    """Set once somebody waits for a tarball."""

    def publish(
        self, name: str, version: str, *, files: dict[str, bytes] | None = None, **more: Any
    ) -> None:
        """Add a version; the newest is ``latest``."""
        manifest = {"name": name, "version": version, **more}
        packed = tarball(manifest, files or {})
        path = f"/{name}/-/{version}.tgz"
        self.tarballs[path] = packed
        digest = base64.b64encode(hashlib.sha512(packed).digest()).decode()
        dist = {"tarball": self.url + path, "integrity": f"sha512-{digest}"}
        scripts = bool(more.get("scripts"))
        entry = {**manifest, "dist": dist, **({"hasInstallScript": True} if scripts else {})}
        self.manifests.setdefault(name, {})[version] = entry

    def answer(self, path: str) -> bytes | None:
        """The body for a path."""
        if path in self.tarballs:
            self.waiting.set()
            self.hang.wait(60)
            return self.tarballs[path]
        versions = self.manifests.get(path[1:])
        if versions is None:
            return None
        tags = {"latest": list(versions)[-1], "old": next(iter(versions))}
        return json.dumps({"name": path[1:], "dist-tags": tags, "versions": versions}).encode()


@contextmanager
def toy_registry() -> Iterator[Registry]:
    """A running registry, open for tarballs."""
    registry = Registry()
    registry.hang.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path)
            registry.asked.append(path)
            body = registry.answer(path)
            try:
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"{}")))
                self.end_headers()
                self.wfile.write(body or b"{}")
            except OSError:
                pass  # npm was killed

        def log_message(self, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    registry.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield registry
    finally:
        registry.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()
