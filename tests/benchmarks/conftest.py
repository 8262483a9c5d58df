"""A loopback hub and a folder of wheels: the outside world of these tests."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from outside_world import Hub

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(autouse=True)
def no_files_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person who runs the tests keeps is not used."""
    for name in ("PTB_DATA", "PTB_ARENA_BASELINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shared() -> Path:
    """Real data beside the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no copy of the published data beside the repository")
    return SHARED_DATA


@pytest.fixture
def no_sources(no_hub: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a hub nor an index of packages."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PTB_OFFLINE", "1")


RESOLVE = re.compile(r"/(?:(datasets)/)?([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub on the loopback, with an empty client cache."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            hub.asked.append(self.path)
            match = RESOLVE.fullmatch(self.path)
            content = b"" if self.path == "/" else None
            if match:
                kind = "dataset" if match[1] else "model"
                content = hub.files.get((kind, match[2], match[3], match[4]))
                allowed = self.headers.get("Authorization") == f"Bearer {hub.token}"
                if match[2] in hub.gated and not allowed:
                    self.send_response(hub.gated[match[2]])
                    self.send_header("X-Error-Code", "GatedRepo")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
            start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
            if content is not None and start:
                self.send_response(206)
                first = int(start[1])
                self.send_header(
                    "Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}"
                )
            else:
                self.send_response(200 if content is not None else 404)
            if content is None:
                self.send_header("X-Error-Code", "EntryNotFound")
            if match:
                self.send_header("X-Repo-Commit", match[3])
                self.send_header("ETag", f'"{hashlib.sha1(content or b"").hexdigest()}"')
            sent = (content or b"")[int(start[1]) if start else 0 :]
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            if self.command == "GET" and sent:
                if match and match[4] in hub.cut:
                    hub.cut.remove(match[4])
                    sent = sent[: len(sent) // 2]
                self.wfile.write(sent)

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "PTB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A hub that is told to be out of reach, and an empty client cache."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))


@pytest.fixture
def wheels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only place where pip finds wheels."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder
