"""Render a conversation with the template of a model family.

The template files are plain jinja2 of the dialect that ``transformers`` uses (``messages``,
``tools``, ``add_generation_prompt``, ``enable_thinking``), so the very same file serves our
engines, a vLLM server and the agent's own training code.
"""

from __future__ import annotations

import datetime
import json
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

from jinja2 import Environment, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import SpecError, UnknownNameError

Message = dict[str, Any]
"""``role`` and ``content``, a text; an assistant's may carry ``tool_calls`` in OpenAI's shape, and
then have ``None`` for a content."""

PLAIN = "plain"
"""Text without chat markup, for base models that are asked with examples; not a model family."""

_CHATML = ("<|im_end|>",)
_STOPS = {
    "gemma3": ("<end_of_turn>",),
    "qwen3": _CHATML,
    "smollm2": _CHATML,
    "smollm3": _CHATML,
    PLAIN: ("=== Question ===", "=== Answer ===", "=== Result ==="),
}
_PREFIXES = {"gemma3": "<start_of_turn>model\n", PLAIN: "=== Answer ===\n"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def families() -> tuple[str, ...]:
    """Families that have a template."""
    return tuple(sorted(set(_STOPS) - {PLAIN}))


def template_source(family: str) -> str:
    """The jinja2 text of a family's template, or of ``PLAIN``.

    Raises:
        UnknownNameError: the family has no template in this version.
    """
    if family not in _STOPS:
        raise UnknownNameError("template family", family, _STOPS)
    return (files(__package__) / f"{family}.jinja").read_text(encoding="utf-8")


def stop_strings(family: str) -> tuple[str, ...]:
    """Texts that end the assistant's turn."""
    template_source(family)
    return _STOPS[family]


def assistant_prefix(family: str) -> str:
    """What opens an assistant's turn: the end of every prompt, unless thinking is turned off."""
    template_source(family)
    return _PREFIXES.get(family, "<|im_start|>assistant\n")


def render(
    family: str,
    messages: list[Message],
    tools: list[dict[str, Any]] | None = None,
    *,
    add_generation_prompt: bool = True,
    thinking: bool = True,
    today: datetime.date | None = None,
) -> str:
    """The prompt text for a conversation.

    Args:
        tools: JSON schemas of functions in OpenAI's shape (``{"type": "function", ...}``).
        thinking: ``False`` asks Qwen3 and SmolLM3 for an answer without thoughts.
        today: the date that SmolLM3 is told; without it the fixed one of the template, so that
            a score does not depend on the day.

    Raises:
        UnknownNameError: the family has no template.
        SpecError: the template cannot make sense of the messages or the tools.
    """
    template = _compiled(family)
    _check(family, messages)
    date = {} if today is None else {"today": _in_english(today)}
    try:
        return template.render(
            messages=messages,
            tools=tools or None,
            add_generation_prompt=add_generation_prompt,
            enable_thinking=thinking,
            **date,
        )
    except (TemplateError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise _refusal(family, error) from error


def _check(family: str, messages: list[Message]) -> None:
    """A content that is no text would be left out by some templates and spelled out by others."""
    for number, message in enumerate(messages, start=1):
        fields = message if isinstance(message, dict) else {}
        role, content = fields.get("role"), fields.get("content")
        silent = role == "assistant" and content is None and "content" in fields
        if not isinstance(role, str) or not (isinstance(content, str) or silent):
            raise _refusal(family, f"message {number} has no role or no text")


def _refusal(family: str, reason: object) -> SpecError:
    return SpecError(
        f"the template of {family} cannot render this conversation: {reason}",
        advice="give messages with a role and a text, and tools with a function",
    )


def _in_english(day: datetime.date) -> str:
    """``08 July 2025``, whatever the locale."""
    return f"{day.day:02} {_MONTHS[day.month - 1]} {day.year}"


@cache
def _compiled(family: str) -> Template:
    environment: Environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    environment.globals["raise_exception"] = _refuse
    return environment.from_string(template_source(family))


def _refuse(reason: str) -> NoReturn:
    raise TemplateError(reason)
