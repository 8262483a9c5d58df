"""What both of OpenAI's APIs have in common: refusals and the list of models."""

from __future__ import annotations

from typing import Any

CALL_ID = "call"

_KINDS = {
    400: ("invalid_request_error", None), 401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"), 413: ("invalid_request_error", None),
    429: ("requests", "rate_limit_exceeded"),
}  # fmt: skip
_WORDS = {
    401: "Incorrect API key provided.", 429: "Rate limit reached for requests.",
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The engine is currently overloaded, please try again later.",
}  # fmt: skip
_USED_UP = "You exceeded your current quota, please check your plan and billing details."


def error(status: int, message: str, *, limit: bool = False, retry_after: int | None = None) -> Any:
    """The body of a refusal; ``retry_after`` stands in the header only."""
    del retry_after
    kind, code = _KINDS.get(status, ("server_error" if status >= 500 else "api_error", None))
    if limit:
        kind = code = "insufficient_quota"
    said = message or (_USED_UP if limit else _WORDS.get(status, "scripted error"))
    return {"error": {"message": said, "type": kind, "param": None, "code": code}}


def count() -> dict[str, Any]:
    """The answer to a request that only counts tokens."""
    return {"object": "response.input_tokens", "input_tokens": 10}


def models(names: list[str]) -> dict[str, Any]:
    """The list of models; codex reads its own ``models`` in it, and knows the missing ones."""
    data = [
        {"id": name, "object": "model", "created": 1767225600, "owned_by": "scripted"}
        for name in names
    ]
    return {"object": "list", "data": data, "models": []}
