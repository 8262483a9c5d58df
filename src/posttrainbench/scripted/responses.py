"""OpenAI's Responses API, spoken by the scripted model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from .openai_errors import CALL_ID, count, error, models
from .schemas import mapping, objects
from .steps import Tokens
from .turn import Asked, Piece, Tool, Turn, Use, count_turns, halves, new_id, words

__all__ = ["CALL_ID", "count", "error", "models", "pieces", "read", "whole"]

_ENCRYPTED = "c2NyaXB0ZWQgcmVhc29uaW5n"
_TOOLS = "additional_tools"
"""An item of the input in which codex hands over tools; nobody said it."""


def read(body: Mapping[str, Any], _path: str) -> Asked:
    """What is asked."""
    given = body.get("input")
    items = objects(given)
    if isinstance(given, str):
        items = [{"role": "user", "content": given}]
    said = [item for item in items if item.get("type") != _TOOLS]
    own = [_is_own(item) for item in said]
    before = said[: own.index(True)] if True in own else said
    format_ = mapping(mapping(body.get("text")).get("format"))
    return Asked(
        model=str(body.get("model", "")),
        stream=body.get("stream") is True,
        turns=count_turns(
            (ours, [str(item.get("call_id"))]) for ours, item in zip(own, said, strict=True)
        ),
        opening="\n".join(
            words(item.get("content")) for item in before if item.get("role") == "user"
        ),
        tools=tuple(_tools(body, items)),
        wanted=mapping(format_.get("schema")) if "json" in str(format_.get("type")) else None,
    )


def whole(turn: Turn) -> dict[str, Any]:
    """The answer in one piece."""
    return _finished(_response(turn), _items(turn), turn.tokens)


def pieces(turn: Turn, _body: Mapping[str, Any]) -> Iterator[Piece]:
    """The answer as events, numbered."""
    for number, (kind, data) in enumerate(_events(turn)):
        yield kind, {"type": kind, "sequence_number": number, **data}


def _is_own(item: Mapping[str, Any]) -> bool:
    kind = str(item.get("type", ""))
    return item.get("role") == "assistant" or kind == "reasoning" or kind.endswith("_call")


def _tools(body: Mapping[str, Any], items: list[dict[str, Any]]) -> Iterator[Tool]:
    """All tools: codex puts some into the input, and some into a namespace."""
    offered = objects(body.get("tools"))
    for item in items:
        if item.get("type") == _TOOLS:
            offered += objects(item.get("tools"))
    todo = [(tool, "") for tool in offered]
    while todo:
        tool, namespace = todo.pop(0)
        if tool.get("type") == "namespace":
            todo += [(inner, str(tool.get("name", ""))) for inner in objects(tool.get("tools"))]
            continue
        yield Tool(
            str(tool.get("name") or tool.get("type")),
            mapping(tool.get("parameters")),
            tool.get("type") == "custom",
            namespace,
        )


def _response(turn: Turn) -> dict[str, Any]:
    return {
        "id": new_id("resp_"), "object": "response", "created_at": int(time.time()),
        "model": turn.model, "status": "in_progress", "output": [], "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {},
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": None,
    }  # fmt: skip


def _finished(
    response: dict[str, Any], items: list[dict[str, Any]], tokens: Tokens
) -> dict[str, Any]:
    return {**response, "status": "completed", "output": items, "usage": _usage(tokens)}


def _usage(tokens: Tokens) -> dict[str, Any]:
    """Here cached tokens are a part of the input, and reasoning of the output."""
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cached},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }


def _items(turn: Turn) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if turn.reasoning:
        summary = [{"type": "summary_text", "text": turn.reasoning}]
        items.append({"type": "reasoning", "id": new_id("rs_"), "summary": summary,
                      "encrypted_content": _ENCRYPTED})  # fmt: skip
    if turn.text:
        part = {"type": "output_text", "text": turn.text, "annotations": []}
        items.append({"type": "message", "id": new_id("msg_"), "role": "assistant",
                      "status": "completed", "content": [part]})  # fmt: skip
    return [*items, *map(_call, turn.uses)]


def _call(use: Use) -> dict[str, Any]:
    item: dict[str, Any] = {"call_id": use.id, "name": use.tool.name, "status": "completed"}
    if use.tool.namespace:
        item["namespace"] = use.tool.namespace
    if use.tool.free:
        return {"type": "custom_tool_call", "id": new_id("ctc_"), "input": use.json, **item}
    return {"type": "function_call", "id": new_id("fc_"), "arguments": use.json, **item}


def _events(turn: Turn) -> Iterator[tuple[str, dict[str, Any]]]:
    response, items = _response(turn), _items(turn)
    yield "response.created", {"response": response}
    yield "response.in_progress", {"response": response}
    for index, item in enumerate(items):
        yield "response.output_item.added", {"output_index": index, "item": _begun(item)}
        yield from _growing(item, {"output_index": index, "item_id": item["id"]})
        yield "response.output_item.done", {"output_index": index, "item": item}
    yield "response.completed", {"response": _finished(response, items, turn.tokens)}


def _growing(item: dict[str, Any], at: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The content of an item, piece by piece."""
    if item["type"] in ("message", "reasoning"):
        own = item["type"] == "message"
        [part] = item["content" if own else "summary"]
        here = {**at, "content_index" if own else "summary_index": 0}
        of_part = f"response.{'content' if own else 'reasoning_summary'}_part"
        of_text = f"response.{'output' if own else 'reasoning_summary'}_text"
        yield f"{of_part}.added", {**here, "part": {**part, "text": ""}}
        for piece in halves(part["text"]):
            yield f"{of_text}.delta", {**here, "delta": piece}
        yield f"{of_text}.done", {**here, "text": part["text"]}
        yield f"{of_part}.done", {**here, "part": part}
        return
    free = item["type"] == "custom_tool_call"
    key = "input" if free else "arguments"
    kind = "response.custom_tool_call_input" if free else "response.function_call_arguments"
    for piece in halves(item[key]):
        yield f"{kind}.delta", {**at, "delta": piece}
    yield f"{kind}.done", {**at, key: item[key]}


def _begun(item: dict[str, Any]) -> dict[str, Any]:
    """The item as it is announced, without what comes piece by piece."""
    empty = {"content": [], "summary": [], "arguments": "", "input": "", "status": "in_progress"}
    return {key: empty.get(key, value) for key, value in item.items()}
