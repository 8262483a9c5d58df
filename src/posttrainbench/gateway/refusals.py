"""Refusing a request in the words of its API, so that every client shows the reason."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from . import Api

_OPENAI_KINDS = {401: "authentication_error", 403: "permission_error", 413: "request_too_large"}
_GEMINI_STATES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
}  # fmt: skip


class Refused(Exception):
    """A request that is not passed on.

    Args:
        status: of the answer.
        why: in words, for the client and for the log.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def refuse(api: Api, status: int, why: str) -> web.Response:
    """The answer to a request that is not passed on, or that could not be."""
    words = f"posttrainbench gateway: {why}"
    kind = _OPENAI_KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    if api == "anthropic":
        document: dict[str, Any] = {"type": "error", "error": {"type": kind, "message": words}}
    elif api == "gemini":
        state = _GEMINI_STATES.get(status, "UNAVAILABLE")
        document = {"error": {"code": status, "message": words, "status": state}}
    else:
        document = {"error": {"message": words, "type": kind, "param": None, "code": None}}
    return web.json_response(document, status=status)
