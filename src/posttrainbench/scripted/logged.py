"""What the scripted server writes down about every request."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Logged:
    """One request, and what became of it."""

    at: float
    """When it came: seconds of the monotonic clock."""
    method: str
    path: str
    """Without the query."""
    api: str = ""
    """``anthropic``, ``openai-responses``, ``openai-chat`` or ``gemini``."""
    model: str = ""
    step: int | None = None
    """Index into the steps; ``None`` for a request that the script says nothing to."""
    agent: str = ""
    """The words that made it a sub-agent's; empty for the main conversation."""
    kind: str = ""
    """What it got: of the script ``shell``, ``tool``, ``calls``, ``text``, ``status``, ``hang`` or
    ``cut``; beside it ``side``, ``count``, ``models`` or ``head``; or it was ``refused`` (wrong
    key), a ``websocket``, ``unknown`` (no such path), ``unreadable`` (the body) or a ``mismatch``
    (the step's tool is not offered).  Empty while the request is being read."""
    status: int = 0
    """Of the answer."""
    key: str = field(default="", repr=False)
    """The credential that came, wherever it stood."""
    user_agent: str = ""
    query: str = field(default="", repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    """The JSON object that was sent."""

    def write(self, file: Path) -> None:
        """Append it as a JSON line, without headers, query and key."""
        shown = {
            "at": round(self.at, 3), "method": self.method, "path": self.path, "api": self.api,
            "model": self.model, "step": self.step, "agent": self.agent, "kind": self.kind,
            "status": self.status, "user_agent": self.user_agent, "body": self.body,
        }  # fmt: skip
        with suppress(OSError), file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(shown) + "\n")
