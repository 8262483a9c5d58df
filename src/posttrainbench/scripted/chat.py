"""OpenAI's Chat Completions API, which many endpoints speak, spoken by the scripted model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from .openai_errors import CALL_ID, count, error, models
from .schemas import mapping, objects
from .steps import Tokens
from .turn import Asked, Piece, Tool, Turn, Use, count_turns, halves, new_id, words

__all__ = ["CALL_ID", "count", "error", "models", "pieces", "read", "whole"]


def read(body: Mapping[str, Any], _path: str) -> Asked:
    """What is asked."""
    messages = objects(body.get("messages"))
    own = [message.get("role") == "assistant" for message in messages]
    before = messages[: own.index(True)] if True in own else messages
    functions = [mapping(tool.get("function")) for tool in objects(body.get("tools"))]
    format_ = mapping(body.get("response_format"))
    schema = mapping(mapping(format_.get("json_schema")).get("schema"))
    return Asked(
        model=str(body.get("model", "")),
        stream=body.get("stream") is True,
        turns=count_turns(zip(own, map(_call_ids, messages), strict=True)),
        opening="\n".join(
            words(message.get("content")) for message in before if message.get("role") == "user"
        ),
        tools=tuple(Tool(str(f.get("name")), mapping(f.get("parameters"))) for f in functions),
        wanted=schema if "json" in str(format_.get("type")) else None,
    )


def whole(turn: Turn) -> dict[str, Any]:
    """The answer in one piece."""
    message: dict[str, Any] = {"role": "assistant", "content": turn.text or None}
    if turn.reasoning:
        message["reasoning_content"] = turn.reasoning
    if turn.uses:
        message["tool_calls"] = [_call(use, use.json) for use in turn.uses]
    choice = {"index": 0, "message": message, "finish_reason": _reason(turn)}
    usage = _usage(turn.tokens)
    return {**_base(turn, "chat.completion"), "choices": [choice], "usage": usage}


def pieces(turn: Turn, body: Mapping[str, Any]) -> Iterator[Piece]:
    """The answer as chunks; the usage comes last, where it is asked for."""
    base = _base(turn, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], reason: str | None = None) -> Piece:
        return "", {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    yield chunk({"role": "assistant", "content": ""})
    for part in halves(turn.reasoning):
        yield chunk({"reasoning_content": part})
    for part in halves(turn.text):
        yield chunk({"content": part})
    for index, use in enumerate(turn.uses):
        yield chunk({"tool_calls": [{"index": index, **_call(use, "")}]})
        for part in halves(use.json):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield chunk({}, _reason(turn))
    if mapping(body.get("stream_options")).get("include_usage") is True:
        yield "", {**base, "choices": [], "usage": _usage(turn.tokens)}
    yield "", "[DONE]"


def _base(turn: Turn, kind: str) -> dict[str, Any]:
    return {
        "id": new_id("chatcmpl-"), "object": kind, "created": int(time.time()), "model": turn.model
    }  # fmt: skip


def _reason(turn: Turn) -> str:
    return "tool_calls" if turn.uses else "stop"


def _call(use: Use, arguments: str) -> dict[str, Any]:
    function = {"name": use.tool.name, "arguments": arguments}
    return {"id": use.id, "type": "function", "function": function}


def _usage(tokens: Tokens) -> dict[str, Any]:
    """Here cached tokens are a part of the prompt, and reasoning of the completion."""
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def _call_ids(message: Mapping[str, Any]) -> list[str]:
    return [str(call.get("id")) for call in objects(message.get("tool_calls"))]
