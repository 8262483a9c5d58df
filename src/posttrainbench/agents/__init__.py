"""An agent is one module: command line, files, environment, credentials, resume, its events.

Derive from :class:`CliAgent` for a CLI that talks to a model, from :class:`PlainAgent` for any
other program; ``docs/adding-an-agent.md`` walks through both.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..gateway import Api, Endpoint
from ..sandboxes import InlineFile, Mount
from ..spec import AgentChoice, Effort
from ..traces.events import EventReader, PlainReader


@dataclass(frozen=True)
class Package:
    """The npm package that a CLI comes in."""

    name: str
    pinned: str
    """The version that this release of ours was tested with."""
    program: str
    """Name of the command below ``node_modules/.bin``."""


@dataclass(frozen=True)
class Provider:
    """Where a choice of agent and model is served, as the outside sees it."""

    api: Api
    base_url: str
    """What the CLI would be given as its base URL."""
    key_variable: str
    """Environment variable of the worker that holds the key."""
    title: str = ""


@dataclass(frozen=True)
class LoginCopy:
    """A short-lived copy of a subscription login: what goes into the sandbox.

    It holds no refresh token.  ``env`` and ``files`` (below the private home) are secrets.
    """

    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    expires_at: float | None = None
    """Seconds since the epoch; ``None`` where it does not say."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name -> value of what must never be written down."""


@dataclass(frozen=True)
class Desk:
    """The workplace as the agent sees it: paths inside its sandbox, and the words it is told."""

    workspace: str
    prompt: str
    """The task; for an attempt that goes on with a session, what to say to it."""
    model: str
    """Folder of the base model, read-only."""
    home: str
    python: str
    """The interpreter that has everything evaluate.py needs."""
    budget_seconds: float
    """Of the whole run."""
    benchmark: str
    data: str
    """Folder of the benchmark's items, read-only; evaluate.py needs them, so agents see them."""
    endpoint: Endpoint | None = None
    """Where the model is asked; ``None`` for agents without one, and with a login."""
    login: LoginCopy | None = None
    session_id: str = ""
    """The session to go on with; empty: a new one."""
    network: bool = True
    """Whether there is an internet; without one, tools that the provider runs itself are off."""


@dataclass(frozen=True)
class AgentLaunch:
    """What to start.  The prompt goes in by stdin or by file, never by a process argument."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    home: Mapping[str, bytes] = field(default_factory=dict)
    """Files below the private home, written anew before every attempt: settings, a login."""
    files: tuple[InlineFile, ...] = ()
    mounts: tuple[Mount, ...] = ()


class Agent(Protocol):
    """One agent CLI (or a scripted stand-in)."""

    name: str
    title: str
    credentials: tuple[str, ...]
    """Further environment variables that it may be given, beside its provider's key; nothing else
    of ours reaches it."""
    resumable: bool
    """Whether a second attempt can go on in the same session with what is left of the budget."""
    end_signal: signal.Signals
    """What makes it end with its last words; TERM where nothing does better."""
    efforts: tuple[Effort, ...]
    """Reasoning efforts that can be chosen; none where the CLI has no such setting."""
    logins: bool
    """Whether it can use a subscription login."""

    def package(self) -> Package | None:
        """The npm package of its CLI; ``None`` where there is nothing to install."""

    def version(self, choice: AgentChoice | None = None) -> str:
        """The exact version that will run, for the record.

        Raises:
            MissingRequirementError: it is not installed; says how to install it.
        """

    def provider(self, choice: AgentChoice) -> Provider | None:
        """Where its model is served; ``None`` for an agent without one.

        Raises:
            SpecError: the choice makes no sense for this agent.
        """

    def check(self, choice: AgentChoice) -> None:
        """Refuse, before anything is started, what this agent cannot be asked for.

        Raises:
            SpecError: names the option, its value and what is possible.
        """

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        """The command for one attempt.

        Raises:
            SpecError: an option of ``choice`` is unknown to this agent.
        """

    def events(self) -> EventReader:
        """A reader for the output of one attempt."""


class PlainAgent:
    """Defaults for an agent that is a plain program: no model, no session, plain text."""

    credentials: tuple[str, ...] = ()
    resumable = False
    end_signal = signal.SIGTERM
    efforts: tuple[Effort, ...] = ()
    logins = False

    def package(self) -> Package | None:
        """Nothing to install."""
        return None

    def provider(self, choice: AgentChoice) -> Provider | None:  # noqa: ARG002 - the protocol's
        """No model."""
        return None

    def check(self, choice: AgentChoice) -> None:
        """Everything is left to ``launch``."""

    def events(self) -> EventReader:
        """Lines of text."""
        return PlainReader()
