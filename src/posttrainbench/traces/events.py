"""What an agent's output says, in one vocabulary for all CLIs.

Each agent module reads its own CLI's stream into these events; the trajectory, the terminal view,
the counting and the causes of an end are made from them and know no CLI.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..records.usage import TokenUse


@dataclass(frozen=True, slots=True)
class Line:
    """One whole line of output, put together from its pieces."""

    at: str
    """When its end arrived: UTC, ISO 8601."""
    t: float
    """Seconds since the attempt began."""
    stream: str
    """``stdout``, ``stderr`` or ``ptb``."""
    text: str
    number: int
    """Of its first piece in the output file, from 1."""
    cut: int = 0
    """Characters that were left out because the line is longer than is read; they stand in the
    output file."""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """What all events have in common.

    ``parent`` names the tool call that started the sub-agent whose event this is; empty for the
    agent itself.  ``extra`` keeps what the CLI said beyond the vocabulary.
    """

    at: str
    line: int = 0
    parent: str = field(default="", kw_only=True)
    extra: Mapping[str, Any] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True, slots=True)
class Session(TraceEvent):
    """The CLI's session began, or went on."""

    session_id: str = ""
    model: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Message(TraceEvent):
    """Words.  Several with the same ``turn`` are one step of the agent, as are its calls."""

    role: Literal["agent", "user", "system"] = "agent"
    text: str = ""
    turn: str = ""
    model: str = ""
    partial: bool = False
    """A piece that continues the last message of the same turn."""


@dataclass(frozen=True, slots=True)
class Reasoning(TraceEvent):
    """Thoughts that the CLI shows."""

    text: str = ""
    turn: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Call(TraceEvent):
    """A tool was called."""

    call_id: str = ""
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    turn: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Output(TraceEvent):
    """What a tool gave back.  Several for one call replace each other: the last one counts."""

    call_id: str = ""
    text: str = ""
    exit_code: int | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Usage(TraceEvent):
    """Tokens by model.

    ``scope``: of one ``step`` (they add up), of the whole ``invocation`` of the CLI, or of the
    ``session`` with all earlier invocations.  The widest scope that was told wins.
    """

    scope: Literal["step", "invocation", "session"] = "step"
    models: Mapping[str, TokenUse] = field(default_factory=dict)
    turn: str = ""


@dataclass(frozen=True, slots=True)
class Trouble(TraceEvent):
    """The CLI reports an error, fatal or not."""

    text: str = ""
    status: int | None = None
    """HTTP status of the API's answer, where it says one."""
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class End(TraceEvent):
    """The CLI's own last word; without it the CLI was killed, whatever its exit code."""

    ok: bool = True
    reason: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Raw(TraceEvent):
    """A line that is no event: stderr, plain text, garbled or cut JSON, or a kind of event that
    the reader does not know.  Kept, so that nothing is lost."""

    stream: str = "stdout"
    text: str = ""


class EventReader(Protocol):
    """Reads one invocation of one CLI; made anew for each attempt."""

    def read(self, line: Line) -> Iterable[TraceEvent]:
        """The events of one line.  Never raises on what the agent wrote."""

    def close(self) -> Iterable[TraceEvent]:
        """What only the end of the stream tells, such as a call without an output."""


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a line holds, or ``None``."""
    if text.lstrip()[:1] != "{":
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


class PlainReader:
    """For agents that print plain text: every line is kept as it is."""

    def read(self, line: Line) -> Iterable[TraceEvent]:
        """The line itself."""
        yield Raw(line.at, line.number, stream=line.stream, text=line.text)

    def close(self) -> Iterable[TraceEvent]:
        """Nothing."""
        return ()
