"""Render a conversation with the template of a model family.

The template files are plain jinja2 of the dialect that ``transformers`` uses (``messages``,
``tools``, ``add_generation_prompt``), so the very same file serves our engines, a vLLM server and
the agent's own training code.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import SpecError, UnknownNameError

Message = dict[str, Any]
"""``role`` and ``content``; an assistant's message may carry ``tool_calls`` in OpenAI's shape."""

_STOPS = {"smollm2": ("<|im_end|>",)}


def families() -> tuple[str, ...]:
    """Families that have a template."""
    return tuple(sorted(_STOPS))


def template_source(family: str) -> str:
    """The jinja2 text of a family's template.

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


def render(
    family: str,
    messages: list[Message],
    tools: list[dict[str, Any]] | None = None,
    *,
    add_generation_prompt: bool = True,
) -> str:
    """The prompt text for a conversation.

    Args:
        tools: JSON schemas of functions in OpenAI's shape (``{"type": "function", ...}``).

    Raises:
        UnknownNameError: the family has no template.
        SpecError: the template cannot make sense of the messages or the tools.
    """
    template = _compiled(family)
    try:
        return template.render(
            messages=messages, tools=tools or None, add_generation_prompt=add_generation_prompt
        )
    except (TemplateError, TypeError, AttributeError) as error:
        raise SpecError(
            f"the template of {family} cannot render this conversation: {error}",
            advice="give messages with a role and a text, and tools with a function",
        ) from error


@cache
def _compiled(family: str) -> Template:
    environment: Environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(template_source(family))
