"""Evaluate one model on one benchmark: an engine generates, then scorers grade.

Generation and grading are two steps with a file between them, so that grading can be repeated (or
moved off the GPU machine) without generating again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True)
class Sampling:
    """Decoding settings, resolved once per model and sent with every request on every engine."""

    temperature: float
    """0 is greedy."""
    top_p: float = 1.0
    top_k: int = 0
    """0 keeps all tokens."""
    min_p: float = 0.0
    repetition_penalty: float = 1.0


@dataclass(frozen=True)
class Prompt:
    """One request: text that is already rendered with the family's template."""

    text: str
    max_tokens: int
    seed: int
    """Derived from (run seed, sample, epoch, call), so that no two samples share their noise."""
    stop: tuple[str, ...]


@dataclass(frozen=True)
class Completion:
    """What the model wrote, without the stop text."""

    text: str
    stop_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int


class Engine(Protocol):
    """A loaded model that completes prompts; transformers on a CPU now, a vLLM server later."""

    name: str
    max_batch: int
    """How many prompts are worth sending at once."""
    gpu: str
    """Name of the accelerator; empty on a CPU."""
    side_files_restored: tuple[str, ...]
    """Tokenizer and processor files that the model lacked and the base model gave."""

    def versions(self) -> Mapping[str, str]:
        """Library versions, for the record."""

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Complete all prompts, in order.  The result does not depend on how prompts are batched
        beyond floating-point noise.

        Raises:
            EngineError: out of memory, died, or (BrokenModelError) produced NaN.
        """

    def close(self) -> None:
        """Free the model's memory and end every process of it."""


class EngineFactory(Protocol):
    """What the entry-point group ``posttrainbench.engines`` names."""

    def load(self, model: Path, base: Path | None = None) -> Engine:
        """Load a folder as data: no code of it, no chat template, no generation config.

        Args:
            base: the base model's folder, for tokenizer files that ``model`` lacks.

        Raises:
            EngineError, DataError: it cannot be loaded, with the reason.
        """
