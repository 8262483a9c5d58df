"""One request on its way through the decoder."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(eq=False)
class Row:
    """A prompt of at least one token; ``tokens`` grows until ``stop_reason`` is set."""

    prompt: list[int]
    max_tokens: int
    seed: int
    ended: Callable[[list[int]], bool]
    """Whether the tokens so far end the answer."""
    tokens: list[int] = field(default_factory=list)
    stop_reason: Literal["stop", "length", ""] = ""
    read: int = 0
    """Tokens of prompt and answer whose keys and values are stored, the shared ones included."""
    shared: int = 0
    """Of these, how many stand in the shared prefix instead of in the row's own slot."""
    seen: Tensor | None = None
    """Which tokens of the vocabulary stand in prompt and answer; kept for a repetition penalty."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    @property
    def own(self) -> int:
        """Tokens in the row's own slot."""
        return self.read - self.shared

    @property
    def unread(self) -> int:
        """Tokens that the model must read before it can say the next one."""
        return len(self.prompt) + len(self.tokens) - self.read

    def next_to_read(self, count: int) -> list[int]:
        """The next ``count`` of them."""
        start, length = self.read, len(self.prompt)
        if start >= length:
            return self.tokens[start - length : start - length + count]
        return (self.prompt[start : start + count] + self.tokens)[:count]

    def take(self, token: int) -> bool:
        """Add a token of the answer; true when the row is finished."""
        self.tokens.append(token)
        if self.ended(self.tokens):
            self.stop_reason = "stop"
        elif len(self.tokens) >= self.max_tokens:
            self.stop_reason = "length"
        return bool(self.stop_reason)

    def put_back(self) -> None:
        """Lose the slot, and keep what was decoded: it will be read again like a prompt."""
        self.read = self.shared = 0
