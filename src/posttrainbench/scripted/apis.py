"""The four APIs behind one face, and which one a request speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from . import anthropic, chat, gemini, responses
from .turn import Asked, Piece, Turn


class Api(Protocol):
    """One API: reads a request, words an answer."""

    CALL_ID: str
    """What its ids of calls begin with."""

    def read(self, body: Mapping[str, Any], path: str, /) -> Asked:
        """What a request asks; nonsense in the body counts as absent."""

    def whole(self, turn: Turn, /) -> dict[str, Any]:
        """The answer in one piece."""

    def pieces(self, turn: Turn, body: Mapping[str, Any], /) -> Iterator[Piece]:
        """The answer as events of a stream."""

    def error(
        self, status: int, message: str, *, limit: bool = ..., retry_after: int | None = ...
    ) -> Any:
        """The body of a refusal; an empty message leaves the words to the API."""

    def count(self) -> dict[str, Any]:
        """The answer to a request that only counts tokens."""

    def models(self, names: list[str], /) -> dict[str, Any]:
        """The list of models."""


APIS: dict[str, Api] = {
    "anthropic": anthropic, "openai-responses": responses, "openai-chat": chat, "gemini": gemini,
}  # fmt: skip
"""By the names that the gateway has for them."""

_PATHS = {
    "anthropic": re.compile(r"/messages(/count_tokens)?$"),
    "openai-responses": re.compile(r"/responses(/input_tokens)?$"),
    "openai-chat": re.compile(r"/chat/completions$"),
    "gemini": re.compile(r"/models/[^/:]+:(generateContent|streamGenerateContent|countTokens)$"),
}
_COUNTING = ("/count_tokens", "/input_tokens", ":countTokens")


def api_of(path: str, headers: Mapping[str, str]) -> str:
    """Name of the API that is spoken, by the path, else by the headers."""
    for name, pattern in _PATHS.items():
        if pattern.search(path):
            return name
    if "anthropic-version" in headers or "x-api-key" in headers:
        return "anthropic"
    return "gemini" if "/v1beta" in path or "x-goog-api-key" in headers else "openai-chat"


def is_question(path: str) -> bool:
    """Whether a model is asked there."""
    return any(pattern.search(path) for pattern in _PATHS.values())


def is_counting(path: str) -> bool:
    """Whether only tokens are counted there."""
    return path.endswith(_COUNTING)


def credential(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """The key that came, from wherever an API may put it; empty without one."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    for name in ("x-api-key", "x-goog-api-key", "api-key"):
        if name in headers:
            return headers[name]
    return query.get("key", "")
