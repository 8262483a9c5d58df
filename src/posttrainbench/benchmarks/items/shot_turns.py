"""Worked examples as earlier turns of a conversation.  Imports inspect."""

from __future__ import annotations

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser

from .shots import shots


def shot_turns(benchmark_key: str) -> list[ChatMessage]:
    """A benchmark's examples, one user and one assistant turn each."""
    turns: list[ChatMessage] = []
    for shot in shots(benchmark_key):
        turns += [ChatMessageUser(content=shot.user), ChatMessageAssistant(content=shot.assistant)]
    return turns
