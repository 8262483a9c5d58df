"""Anthropic's Messages API, spoken by the scripted model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .schemas import mapping, objects
from .steps import Tokens
from .turn import Asked, Piece, Tool, Turn, Use, count_turns, halves, new_id, words

CALL_ID = "toolu"

_SIGNATURE = "c2NyaXB0ZWQgdGhpbmtpbmc="
_KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error",
    529: "overloaded_error",
}  # fmt: skip
_WORDS = {
    401: "invalid x-api-key", 429: "This request would exceed your account's rate limit.",
    500: "Internal server error", 529: "Overloaded",
}  # fmt: skip
_USED_UP = "You have reached your specified API usage limits. You will regain access next month."


def read(body: Mapping[str, Any], _path: str) -> Asked:
    """What is asked."""
    messages = objects(body.get("messages"))
    own = [message.get("role") == "assistant" for message in messages]
    before = messages[: own.index(True)] if True in own else messages
    format_ = mapping(mapping(body.get("output_config")).get("format"))
    format_ = format_ or mapping(body.get("output_format"))
    return Asked(
        model=str(body.get("model", "")),
        stream=body.get("stream") is True,
        turns=count_turns(zip(own, map(_call_ids, messages), strict=True)),
        opening="\n".join(words(message.get("content")) for message in before),
        tools=tuple(
            Tool(str(tool.get("name")), mapping(tool.get("input_schema")))
            for tool in objects(body.get("tools"))
        ),
        wanted=mapping(format_.get("schema")) if format_ else None,
    )


def whole(turn: Turn) -> dict[str, Any]:
    """The answer in one piece."""
    return {
        **_envelope(turn),
        "content": [block for block, _ in _blocks(turn)],
        "stop_reason": _stop_reason(turn),
        "usage": _usage(turn.tokens),
    }


def pieces(turn: Turn, _body: Mapping[str, Any]) -> Iterator[Piece]:
    """The answer as events.  The first one knows the prompt's tokens, the last but one all."""
    usage = _usage(turn.tokens)
    begun = {**_envelope(turn), "usage": {**usage, "output_tokens": 1}}
    yield "message_start", {"type": "message_start", "message": begun}
    for index, (block, deltas) in enumerate(_blocks(turn)):
        empty = {**block, **{key: {} if key == "input" else "" for key in _GROWING & block.keys()}}
        yield _event("content_block_start", index, content_block=empty)
        for delta in deltas:
            yield _event("content_block_delta", index, delta=delta)
        yield _event("content_block_stop", index)
    end = {"stop_reason": _stop_reason(turn), "stop_sequence": None}
    yield "message_delta", {"type": "message_delta", "delta": end, "usage": usage}
    yield "message_stop", {"type": "message_stop"}


def error(status: int, message: str, *, limit: bool = False, retry_after: int | None = None) -> Any:
    """The body of a refusal; ``retry_after`` stands in the header only."""
    del retry_after
    kind = _KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    said = message or (_USED_UP if limit else _WORDS.get(status, "scripted error"))
    return {"type": "error", "error": {"type": kind, "message": said}}


def count() -> dict[str, Any]:
    """The answer to a request that only counts tokens."""
    return {"input_tokens": 10}


def models(names: list[str]) -> dict[str, Any]:
    """The list of models."""
    data = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
        for name in names
    ]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}


_GROWING = {"thinking", "signature", "text", "input"}


def _envelope(turn: Turn) -> dict[str, Any]:
    return {
        "id": new_id("msg_"), "type": "message", "role": "assistant", "model": turn.model,
        "content": [], "stop_reason": None, "stop_sequence": None,
    }  # fmt: skip


def _stop_reason(turn: Turn) -> str:
    return "tool_use" if turn.uses else "end_turn"


def _usage(tokens: Tokens) -> dict[str, Any]:
    """Here the input is what came from no cache and went into none."""
    return {
        "input_tokens": tokens.input - tokens.cached - tokens.cache_write,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation_input_tokens": tokens.cache_write,
        "output_tokens": tokens.output,
        "output_tokens_details": {"thinking_tokens": tokens.reasoning},
    }


def _blocks(turn: Turn) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every block of the content, with the deltas that bring it."""
    if turn.reasoning:
        deltas = [{"type": "thinking_delta", "thinking": part} for part in halves(turn.reasoning)]
        deltas.append({"type": "signature_delta", "signature": _SIGNATURE})
        yield {"type": "thinking", "thinking": turn.reasoning, "signature": _SIGNATURE}, deltas
    if turn.text:
        deltas = [{"type": "text_delta", "text": part} for part in halves(turn.text)]
        yield {"type": "text", "text": turn.text}, deltas
    for use in turn.uses:
        deltas = [
            {"type": "input_json_delta", "partial_json": part} for part in halves(_arguments(use))
        ]
        block = {"type": "tool_use", "id": use.id, "name": use.tool.name, "input": use.arguments}
        yield block, deltas


def _arguments(use: Use) -> str:
    return Use(use.id, use.tool, use.arguments).json


def _event(kind: str, index: int, **more: Any) -> Piece:
    return kind, {"type": kind, "index": index, **more}


def _call_ids(message: Mapping[str, Any]) -> list[str]:
    return [str(part.get("id")) for part in objects(message.get("content")) if "id" in part]
