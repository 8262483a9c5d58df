"""Function calls to learn from: questions, the function on offer, and the one right call.

All of it comes from this package's own catalogue, ``functions.toml``.  The functions are shaped as
the evaluation sends them, key by key, because a small model learns the order of keys as well.
"""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from .values import Sampler

_BASIC = {"float": "number", "integer": "integer", "string": "string", "boolean": "boolean"}


@dataclass(frozen=True)
class Example:
    """One question with its function and the call that answers it."""

    question: str
    tool: dict[str, Any]
    """In OpenAI's shape: ``{"type": "function", "function": {...}}``."""
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(self.tool["function"]["name"])

    def messages(self) -> list[dict[str, Any]]:
        """The conversation: the question, then the assistant's call."""
        call = {"type": "function", "function": {"name": self.name, "arguments": self.arguments}}
        return [
            {"role": "user", "content": self.question},
            {"role": "assistant", "content": "", "tool_calls": [call]},
        ]


def lessons(seed: int, questions: int) -> Iterator[list[Example]]:
    """Endless lessons: each is one function with some questions.

    Every function comes once before any comes again.

    Args:
        seed: the same seed gives the same lessons.
        questions: how many a lesson has.
    """
    source = random.Random(seed)
    functions: list[dict[str, Any]] = _catalogue()["functions"]
    while True:
        for function in source.sample(functions, len(functions)):
            asks = _some(source, function["asks"], questions)
            yield [_example(source, function, ask) for ask in asks]


def tool_schema(function: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a catalogue entry."""
    parameters = function["parameters"]
    return {
        "type": "function",
        "function": {
            "name": function["name"],
            "description": function["about"],
            "parameters": {
                "type": "object",
                "properties": {
                    name: _property(kind, about) for name, kind, about, *_ in parameters
                },
                "required": [name for name, _, _, _, *optional in parameters if not optional],
                "additionalProperties": False,
            },
        },
    }


def _property(kind: str, about: str) -> dict[str, Any]:
    outer, _, inner = kind.partition(":")
    if not inner:
        return {"type": _BASIC[outer], "description": about}
    if inner == "pairs":
        pair = {"type": "array", "description": "A pair [x, y].", "items": {"type": "integer"}}
        return {"type": "array", "description": about, "items": pair}
    item = {"type": "array"} if inner == "array" else {"type": _BASIC[inner]}
    return {"type": "array", "description": about, "items": item}


def _example(source: random.Random, function: dict[str, Any], ask: str) -> Example:
    sampler = Sampler(source)
    named = set(re.findall(r"{(\w+)}", ask))
    shown: dict[str, str] = {}
    arguments: dict[str, Any] = {}
    for name, kind, _, line, *optional in function["parameters"]:
        if optional and name not in named:
            continue
        value = sampler.draw(line)
        shown[name] = value.shown
        arguments[name] = _typed(kind, value.value)
    question = _dressed(source, ask.format_map(shown))
    return Example(question, tool_schema(function), arguments)


def _typed(kind: str, value: Any) -> Any:
    """Some samplers give text where a number is meant, or a number where text is."""
    if kind == "string":
        return str(value)
    return json.loads(value) if isinstance(value, str) else value


def _dressed(source: random.Random, request: str) -> str:
    """People rarely ask in one sentence: something stands before it, or after it, or both."""
    parts = [request]
    if source.random() < 0.6:
        parts.insert(0, source.choice(_catalogue()["openings"]))
    if source.random() < 0.3:
        parts.append(source.choice(_catalogue()["closings"]))
    return " ".join(parts)


def _some(source: random.Random, asks: list[str], count: int) -> list[str]:
    chosen: list[str] = []
    while len(chosen) < count:
        chosen += source.sample(asks, min(len(asks), count - len(chosen)))
    return chosen


@cache
def _catalogue() -> dict[str, Any]:
    text = (files(__package__) / "functions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
