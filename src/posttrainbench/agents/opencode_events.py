"""The output of OpenCode (``run --format json``) as events.

The stream names no model (so usage stands under an empty name), tells a tool's call and output at
once when it is done, and shows of a sub-agent only the call that started it and its last words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..records.usage import TokenUse
from ..traces.events import (
    Call,
    End,
    Line,
    Message,
    Output,
    Raw,
    Reasoning,
    Session,
    TraceEvent,
    Trouble,
    Usage,
)
from .stream_events import (
    code_of,
    count_of,
    dollars_of,
    name_of,
    object_of,
    read_json,
    text_of,
    without,
)

_IDS = ("id", "messageID", "sessionID", "type")
_NO_CONNECTION = "Cannot connect to API"
_GOES_ON = ("tool-calls", "unknown", "")


class OpenCodeReader:
    """Reads one invocation."""

    def __init__(self) -> None:
        self._session = ""
        self._end: End | None = None
        """What the last step would mean if nothing comes after it."""

    def read(self, line: Line) -> Iterable[TraceEvent]:
        """The events of one line."""
        data = read_json(line) if line.stream == "stdout" else None
        if data is None:
            yield Raw(line.at, line.number, stream=line.stream, text=line.text)
            return
        session = name_of(data.get("sessionID"))
        if session and session != self._session:
            self._session = session
            yield Session(line.at, line.number, session)
        self._end = None
        part = object_of(data.get("part"))
        extra = {"cut": line.cut} if line.cut else {}
        match data.get("type"):
            case "step_start":
                pass
            case "text":
                extra |= without(part, *_IDS, "text")
                yield Message(line.at, line.number, "agent", text_of(part.get("text")),
                              name_of(part.get("messageID")), extra=extra)  # fmt: skip
            case "reasoning":
                extra |= without(part, *_IDS, "text")
                yield Reasoning(line.at, line.number, text_of(part.get("text")),
                                name_of(part.get("messageID")), extra=extra)  # fmt: skip
            case "tool_use":
                yield from _tool(line, part, extra)
            case "step_finish":
                yield from self._step(line, part, extra)
            case "error":
                yield _trouble(line, object_of(data.get("error")), extra)
            case _:
                yield Raw(line.at, line.number, stream=line.stream, text=line.text)

    def close(self) -> Iterable[TraceEvent]:
        """The end, which the CLI does not tell: a last step after which nothing was left to do."""
        return () if self._end is None else (self._end,)

    def _step(
        self, line: Line, part: dict[str, Any], extra: dict[str, Any]
    ) -> Iterator[TraceEvent]:
        turn, reason = name_of(part.get("messageID")), name_of(part.get("reason"))
        extra |= without(part, *_IDS, "tokens", "cost", "snapshot")
        use = _use(object_of(part.get("tokens")), part.get("cost"))
        yield Usage(line.at, line.number, "step", {"": use}, turn, extra=extra)
        if reason not in _GOES_ON:
            self._end = End(line.at, line.number, reason == "stop", reason)


def _tool(line: Line, part: dict[str, Any], extra: dict[str, Any]) -> Iterator[TraceEvent]:
    state = object_of(part.get("state"))
    metadata = object_of(state.get("metadata"))
    call, time = name_of(part.get("callID")), object_of(state.get("time"))
    given = state.get("input")
    arguments = given if isinstance(given, dict) else {} if given is None else {"input": given}
    begun = {"started_ms": time["start"]} if "start" in time else {}
    yield Call(line.at, line.number, call, name_of(part.get("tool")), arguments,
               name_of(part.get("messageID")), extra=begun)  # fmt: skip
    extra |= without(part, *_IDS, "state", "callID", "tool")
    extra |= without(state, "status", "input", "output", "error", "metadata")
    told = text_of(state.get("output"))
    more = without(metadata, *(("output",) if metadata.get("output") == told else ()))
    if more:
        extra["metadata"] = more
    yield Output(line.at, line.number, call, told or text_of(state.get("error")),
                 exit_code=code_of(metadata.get("exit")), failed=state.get("status") == "error",
                 extra=extra)  # fmt: skip


def _trouble(line: Line, error: dict[str, Any], extra: dict[str, Any]) -> Trouble:
    data = object_of(error.get("data"))
    name = text_of(error.get("name"))
    text, status = text_of(data.get("message")) or name, code_of(data.get("statusCode"))
    if status is None and text.startswith(_NO_CONNECTION):
        status = 0
    extra |= {"name": name, **without(data, "message", "statusCode", "responseHeaders")}
    return Trouble(line.at, line.number, text, status, fatal=True, extra=extra)


def _use(tokens: dict[str, Any], cost: object) -> TokenUse:
    """Input is told without what the cache held, output without the reasoning."""
    cache = object_of(tokens.get("cache"))
    cached, written = count_of(cache.get("read")), count_of(cache.get("write"))
    thought = count_of(tokens.get("reasoning"))
    dollars = dollars_of(cost)
    return TokenUse(
        input=count_of(tokens.get("input")) + cached + written,
        cached=cached,
        cache_write=written,
        output=count_of(tokens.get("output")) + thought,
        reasoning=thought,
        requests=1,
        cost_usd=dollars,
        cost_source="" if dollars is None else "cli",
    )
