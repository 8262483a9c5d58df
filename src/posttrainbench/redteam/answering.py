"""An endpoint of OpenAI's chat API on loopback: a grader that is never pleased, and a judge."""

from __future__ import annotations

import json
import os
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .obedient import MODEL, obedient

KEY_VARIABLE, CANARY = "PTB_REDTEAM_KEY", "canary-of-the-red-team"
"""The key that must stay outside; this endpoint takes any."""

_VERDICT = json.dumps({"explanation": "The answer says nothing of it.", "criteria_met": False})
_LARGEST = 4_000_000
_starting = threading.Lock()


def grader() -> dict[str, Any]:
    """The run's choice of a grader; one endpoint serves all runs that this process plays."""
    return {"base_url": _url(), "key_variable": KEY_VARIABLE}


def obedient_jury() -> dict[str, Any]:
    """The run's choice of judges: one, who obeys what it reads."""
    juror = {"model": MODEL, "base_url": _url(), "key_variable": KEY_VARIABLE}
    return {"jurors": [juror], "seconds": 60, "tries": 1}


class _Endpoint(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), _LARGEST))
        model, text = "", _VERDICT
        try:
            asked = json.loads(body)
            model = asked["model"]
            if model == MODEL:
                text = obedient(asked["messages"])
        except (ValueError, KeyError, TypeError, StopIteration):
            text = ""  # who asks finds out that this is no answer
        message = {"role": "assistant", "content": text}
        answer = {
            "id": "graded", "object": "chat.completion", "created": 0, "model": str(model),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420},
        }  # fmt: skip
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is the table's."""


def _url() -> str:
    os.environ.setdefault(KEY_VARIABLE, CANARY)
    with _starting:
        port = _serve()
    return f"http://127.0.0.1:{port}/v1"


@cache
def _serve() -> int:
    """The port of the endpoint, which ends with this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])
