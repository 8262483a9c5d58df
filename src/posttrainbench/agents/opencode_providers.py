"""Which provider, API and thinking options a model's name means to OpenCode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..errors import SpecError
from ..gateway import Api
from ..spec import AgentChoice
from . import Provider


@dataclass(frozen=True)
class Kind:
    """How one provider is asked."""

    api: Api
    package: str
    """Of the AI SDK; all that are named here come with the CLI."""
    base_url: str = ""
    key_variable: str = ""
    efforts: tuple[str, ...] = ("minimal", "low", "medium", "high", "xhigh", "max")
    in_catalogue: bool = True
    """Whether the CLI knows its models, with their limits and prices."""


@dataclass(frozen=True)
class Thinking:
    """What makes a model think as much as was chosen."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the model, in the configuration; they go into every request."""
    variant: str = ""
    """Or the CLI's own name for it."""


_COMPATIBLE = "@ai-sdk/openai-compatible"


def _compatible(base_url: str, key_variable: str) -> Kind:
    return Kind("openai-chat", _COMPATIBLE, base_url, key_variable)


KINDS: dict[str, Kind] = {
    "anthropic": Kind(
        "anthropic", "@ai-sdk/anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY",
        ("low", "medium", "high", "xhigh", "max"),
    ),
    "openai": Kind(
        "openai-responses", "@ai-sdk/openai", "https://api.openai.com/v1", "OPENAI_API_KEY"
    ),
    "google": Kind(
        "gemini", "@ai-sdk/google", "https://generativelanguage.googleapis.com/v1beta",
        "GEMINI_API_KEY", ("minimal", "low", "medium", "high"),
    ),
    "openrouter": Kind(
        "openai-chat", "@openrouter/ai-sdk-provider", "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
    ),
    "zai": _compatible("https://api.z.ai/api/paas/v4", "ZHIPU_API_KEY"),
    "zhipuai": _compatible("https://open.bigmodel.cn/api/paas/v4", "ZHIPU_API_KEY"),
    "moonshotai": _compatible("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
    "moonshotai-cn": _compatible("https://api.moonshot.cn/v1", "MOONSHOT_API_KEY"),
    "alibaba": _compatible(
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"
    ),
    "alibaba-cn": _compatible(
        "https://dashscope.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"
    ),
    "deepseek": _compatible("https://api.deepseek.com", "DEEPSEEK_API_KEY"),
}  # fmt: skip
"""Addresses and variables as in the catalogue that comes with the CLI."""

_BY_BUDGET = re.compile(
    r"claude-(?:3|(?:opus|sonnet|haiku)-4-(?:[0-5]\b|20\d\d)|haiku-4)|gemini-2\.5\b"
)
"""Models that think by a number of tokens; the CLI has two for them, ``high`` and ``max``."""


def find_provider(choice: AgentChoice) -> tuple[Provider, Kind]:
    """Where the chosen model is served, and how it is asked.

    Raises:
        SpecError: no model, an unknown provider without an endpoint, or no key variable.
    """
    name, slash, model = (choice.model or "").partition("/")
    if not (name and slash and model):
        raise SpecError(
            f"agent 'opencode' needs a model as provider/model (got {choice.model!r})",
            advice=f"providers: {', '.join(KINDS)}; or any name, with agent.base_url",
        )
    kind = KINDS.get(name)
    if kind is None:
        if choice.base_url is None:
            raise SpecError(
                f"agent 'opencode' knows no provider {name!r} (agent.model {choice.model!r})",
                advice=f"one of: {', '.join(KINDS)}; or name its endpoint with agent.base_url",
            )
        if choice.key_variable is None and urlsplit(choice.base_url).scheme == "https":
            raise SpecError(
                f"which key does {choice.base_url} want?",
                advice="set agent.key_variable to the variable that holds it",
            )
        kind = Kind("openai-chat", _COMPATIBLE, in_catalogue=False)
    provider = Provider(
        api=kind.api,
        base_url=choice.base_url or kind.base_url,
        key_variable=choice.key_variable or kind.key_variable,
        title=name,
    )
    return provider, kind


def thinking(choice: AgentChoice) -> Thinking:
    """What the chosen effort means for the chosen model.

    Raises:
        SpecError: the provider knows no such effort, or there is no such provider.
    """
    effort = choice.reasoning_effort
    if effort is None:
        return Thinking()
    kind = find_provider(choice)[1]
    by_budget = kind.api in ("anthropic", "gemini") and _BY_BUDGET.search(choice.model or "")
    possible = ("high", "max") if by_budget else kind.efforts
    if effort not in possible:
        raise SpecError(
            f"{choice.model} has no reasoning effort {effort!r}",
            advice=f"one of: {', '.join(possible)}; or leave it out",
        )
    if by_budget:
        return Thinking(variant=effort)
    if kind.api == "anthropic":
        return Thinking(
            {"thinking": {"type": "adaptive", "display": "summarized"}, "effort": effort}
        )
    if kind.api == "gemini":
        return Thinking({"thinkingConfig": {"includeThoughts": True, "thinkingLevel": effort}})
    if kind.api == "openai-responses":
        return Thinking(
            {
                "reasoningEffort": effort,
                "reasoningSummary": "auto",
                "include": ["reasoning.encrypted_content"],
            }
        )
    if kind.package == _COMPATIBLE:
        return Thinking({"reasoningEffort": effort})
    return Thinking({"reasoning": {"effort": effort}})
