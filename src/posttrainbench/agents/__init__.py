"""An agent is one module: command line, files, environment, credentials, resume, its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..sandboxes import InlineFile, Mount
from ..spec import AgentChoice


@dataclass(frozen=True)
class Desk:
    """The workplace as the agent sees it: paths inside its sandbox, and the words it is told."""

    workspace: str
    prompt: str
    model: str
    """Folder of the base model, read-only."""
    home: str
    python: str
    """The interpreter that has everything evaluate.py needs."""
    budget_seconds: float
    benchmark: str
    data: str
    """Folder of the benchmark's items, read-only; evaluate.py needs them, so agents see them."""


@dataclass(frozen=True)
class AgentLaunch:
    """What to start.  The prompt goes in by stdin or by file, never by a process argument."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    files: tuple[InlineFile, ...] = ()
    mounts: tuple[Mount, ...] = ()


class Agent(Protocol):
    """One agent CLI (or a scripted stand-in)."""

    name: str
    title: str
    credentials: tuple[str, ...]
    """Names of the environment variables that it may be given; nothing else of ours reaches it."""
    resumable: bool
    """Whether a second attempt can go on in the same session with what is left of the budget."""

    def version(self) -> str:
        """The version that will run, for the record."""

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        """The command for one attempt.

        Raises:
            SpecError: an option of ``choice`` is unknown to this agent.
        """
