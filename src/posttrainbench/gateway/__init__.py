"""The gateway: holds the provider's and the grader's key, so that the agent need not.

One a run, on loopback.  Inside the sandbox there is only a token that is worth nothing outside of
this run.  Requests and answers pass byte for byte; on the way tokens and dollars are counted, and
every request is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Api = Literal["anthropic", "openai-responses", "openai-chat", "gemini"]
"""The four protocols in which models are asked."""


@dataclass(frozen=True)
class Question:
    """One request, as a :attr:`Route.allow` sees it."""

    method: str
    path: str
    """Below the route, without the query."""
    body: Mapping[str, Any]
    """The JSON object that was sent; empty where there is none."""
    number: int
    """Requests that this route has passed on before."""


@dataclass(frozen=True)
class Route:
    """One upstream behind the gateway, under a path and a token of its own."""

    name: str
    """First part of the path: ``agent`` or ``grader``."""
    api: Api
    base_url: str
    """Where the rest of the path goes, such as ``https://host/v1``."""
    key: str = field(repr=False)
    """Takes the token's place on the way out.  Empty: an endpoint that wants none."""
    allow: Callable[[Question], str] | None = None
    """Why a request is refused, in words for the agent; an empty text lets it pass.  ``None`` lets
    everything pass that is a question to a model."""
    hosted_tools: bool = True
    """Whether the provider may run tools of its own, such as a web search."""


@dataclass(frozen=True)
class Endpoint:
    """Where a client inside the sandbox asks, and with what."""

    url: str
    key: str = field(repr=False)
    direct: bool = False
    """Whether the key is the real one."""


def inside_script() -> Path:
    """The first program in a sandbox with a network of its own; see :mod:`.door`."""
    return Path(__file__).with_name("inside.py")
