"""One question as a sample's input, after worked examples where they are asked for."""

from __future__ import annotations

from inspect_ai.model import ChatMessage, ChatMessageUser

from .. import TaskSetup
from .shot_turns import shot_turns


def question(benchmark_key: str, text: str, setup: TaskSetup) -> str | list[ChatMessage]:
    """The text alone, or the benchmark's examples as earlier turns and the text as the last."""
    if not setup.few_shot:
        return text
    return [*shot_turns(benchmark_key), ChatMessageUser(content=text)]
