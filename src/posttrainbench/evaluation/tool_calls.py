"""Tool calls in a model's text: ``<tool_call>{"name": ..., "arguments": {...}}</tool_call>``.

All our families use this (hermes) convention.  What stands before the last ``</think>`` is thought,
not answer.  A block that cannot be read still counts as a call, one that is wrong.  Where vLLM's
hermes parser reads otherwise: docs/chat-templates.md, with an example of each.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_BLOCK = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)
_THOUGHT_END = "</think>"
_MAX_BLOCK = 100_000
_MAX_CALLS = 64


@dataclass(frozen=True)
class ParsedCall:
    """One block; ``error`` says why it could not be read."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class ParsedAnswer:
    """The text beside the calls (with its thoughts), and the calls."""

    text: str
    calls: tuple[ParsedCall, ...]


def parse_answer(text: str) -> ParsedAnswer:
    """Split a model's text; never raises.  An unclosed last block is read like a closed one."""
    thought, mark, answer = text.rpartition(_THOUGHT_END)
    blocks = _BLOCK.findall(answer)
    calls = tuple(_parse_block(block) for block in blocks[:_MAX_CALLS])
    return ParsedAnswer(thought + mark + _BLOCK.sub("", answer).strip(), calls)


def _parse_block(block: str) -> ParsedCall:
    if len(block) > _MAX_BLOCK:
        return ParsedCall("", error=f"the tool call is longer than {_MAX_BLOCK} characters")
    try:
        content = _clean(json.loads(block, parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        return ParsedCall("", error=f"the tool call is not JSON: {str(error)[:200]}")
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        return ParsedCall("", error="the tool call has no name")
    arguments = content.get("arguments")
    if not isinstance(arguments, dict):
        return ParsedCall(content["name"], error="the tool call's arguments are no object")
    return ParsedCall(content["name"], arguments)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _clean(value: Any) -> Any:
    """What a log file can hold: no lone surrogates, no infinity, no astronomic integers."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise ValueError("a number is too large")
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(part) for key, part in value.items()}
    return value
