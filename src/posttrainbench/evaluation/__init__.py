"""Evaluate one model on one benchmark: an engine generates, then scorers grade.

Generation and grading are two steps with a file between them, so that grading can be repeated (or
moved off the GPU machine) without generating again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from ..sandboxes import Mount


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


class Job(Protocol):
    """One request on its way through an engine."""

    prompt: Prompt

    def finish(self, completion: Completion) -> None:
        """Hand the answer back; called once, from any thread."""


class Inbox(Protocol):
    """Requests that wait for an engine.  Thread-safe."""

    dropped: bool
    """Nobody waits for any answer any more: put everything down, also what is in work."""

    def take(self, at_most: int, *, wait: bool) -> list[Job]:
        """Up to ``at_most`` waiting jobs, those with the longest prompts first.

        Args:
            wait: block until there is at least one, or no more will come; without it the list may
                be empty because nothing waits right now.

        Returns:
            With ``wait``, an empty list means that the inbox is closed: there is no more work.
        """


class Engine(Protocol):
    """A loaded model that completes prompts."""

    name: str
    capacity: int
    """How many requests are worth having in work at once."""
    gpu: str
    """Name of the accelerator; empty on a CPU."""
    side_files_restored: tuple[str, ...]
    """Tokenizer and processor files that the model lacked and the base model gave."""

    def versions(self) -> Mapping[str, str]:
        """Library versions, for the record."""

    def serve(self, inbox: Inbox, sampling: Sampling) -> None:
        """Complete the jobs of ``inbox`` until it is closed.

        A job joins as soon as there is room and leaves when it is done, so that a long answer
        never holds up the others.  When the inbox is ``dropped`` it returns at once.  An answer
        does not depend on its neighbours beyond floating-point noise.  It may be called again, for
        another run seed.

        Raises:
            EngineError: died; or OutOfMemoryError, EngineTimeoutError, BrokenModelError.
            DataError: tokenizer and model do not fit each other.
        """

    def close(self) -> None:
        """Free the model's memory and end every process of it."""


def _silent(_line: str) -> None:
    return


@dataclass(frozen=True)
class EngineOptions:
    """What to load, and within which limits."""

    model: Path
    """A folder, taken as data: no code of it, no chat template, no generation config."""
    base: Path | None = None
    """The base model's folder, for tokenizer files that ``model`` lacks."""
    max_tokens: int | None = None
    """The longest answer that will be asked for."""
    connections: int | None = None
    """At most so many requests at once; ``None`` leaves it to the engine."""
    gpu_memory_utilization: float | None = None
    """Share of the GPU's memory that a server may reserve; ``None``: the engine's default."""
    log: Path | None = None
    """Where a server process writes its output; ``None``: a temporary file."""
    report: Callable[[str], None] = field(default=_silent)
    """Told in a short line what goes on while it loads."""


@dataclass(frozen=True)
class EngineNeeds:
    """What a sandbox must show so that the engine works inside."""

    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


class EngineFactory(Protocol):
    """What the entry-point group ``posttrainbench.engines`` names."""

    def needs(self) -> EngineNeeds:
        """Mounts and environment beyond this interpreter's own.

        Raises:
            MissingRequirementError: the engine's program is not installed.
        """

    def load(self, options: EngineOptions) -> Engine:
        """Load a model.

        Raises:
            EngineError, DataError: it cannot be loaded, with the reason.
        """
