"""An item as the model met it if it was trained on it: a conversation in the family's template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...benchmarks import TestItem
from ...benchmarks.reading.calls import parse_call
from ...templates import render
from .arithmetic import without_marks

_JSON_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}


@dataclass(frozen=True)
class Pieces:
    """A rendered conversation, cut where the probe scores."""

    before: str
    question: str
    between: str
    answer: str


def pieces(family: str, item: TestItem, question: str, answer: str | None) -> Pieces:
    """Template, question, template, answer.

    Args:
        item: for the function on offer.
        answer: ``None`` where none is to be scored.

    Raises:
        SpecError: the template cannot render it.
        ValueError: the answer is no call where one is due.
    """
    tools = [_tool(item.function)] if item.function else None
    text = render(family, [{"role": "user", "content": question}], tools)
    if question not in text:  # some templates strip the ends
        question = question.strip()
    before, _, between = text.rpartition(question)
    return Pieces(before, question, between, "" if answer is None else shown_answer(item, answer))


def shown_answer(item: TestItem, answer: str) -> str:
    """The answer as a model gives it: a tool call in the families' convention, else the text.

    Raises:
        ValueError: it is no call where one is due.
    """
    if not item.call:
        return without_marks(answer)
    call = parse_call(answer)
    body = json.dumps({"name": call.name, "arguments": dict(call.arguments)}, ensure_ascii=False)
    return f"<tool_call>\n{body}\n</tool_call>"


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    """BFCL's description of a function in JSON schema."""
    offered = {key: function.get(key, "") for key in ("name", "description")}
    parameters = _schema(function.get("parameters", {}))
    return {"type": "function", "function": {**offered, "parameters": parameters}}


def _schema(part: Any) -> Any:
    if isinstance(part, list):
        return [_schema(entry) for entry in part]
    if not isinstance(part, Mapping):
        return part
    made = {key: _schema(value) for key, value in part.items()}
    if isinstance(made.get("type"), str):
        made["type"] = _JSON_TYPES.get(made["type"], made["type"])
    return made
