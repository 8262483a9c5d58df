"""The output of Claude Code (``--output-format stream-json --verbose``) as events.

An invocation can have several results: the CLI waits for background tasks and goes on when one of
them ends.  The last result is its last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..records.usage import TokenUse
from ..traces.events import (
    Call,
    End,
    Line,
    Message,
    Raw,
    Reasoning,
    Session,
    TraceEvent,
    Trouble,
    Usage,
)
from .claude_code_outputs import ToolOutputs, blocks_of, words_of
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

_ENVELOPE = (
    "type", "message", "parent_tool_use_id", "session_id", "uuid", "timestamp", "request_id",
    "tool_use_result", "tool_result_meta",
)  # fmt: skip
_TICKS = ("thinking_tokens", "background_tasks_changed")
"""Many lines that say nothing which others do not say."""
_MENUS = ("slash_commands", "terminal_slash_commands", "skills")
"""Of people at a terminal."""
_TOLD = ("compact_boundary", "task_notification")
"""What the model is told by the CLI, beside tool results."""
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


class ClaudeCodeReader:
    """Reads one invocation."""

    def __init__(self) -> None:
        self._outputs = ToolOutputs()
        self._models: dict[str, TokenUse] = {}
        """Of all results so far: each tells what came since the one before."""
        self._end: End | None = None
        self._told: Mapping[str, Any] = {}
        """What the last ``init`` said; every turn repeats it."""
        self._readers = {
            "system": self._system,
            "assistant": self._assistant,
            "user": self._user,
            "result": self._result,
        }

    def read(self, line: Line) -> Iterable[TraceEvent]:
        """The events of one line."""
        data = read_json(line) if line.stream == "stdout" else None
        read = None if data is None else self._readers.get(name_of(data.get("type")))
        if data is None or read is None:
            return [_raw(line)]
        at = name_of(data.get("timestamp")) or line.at
        return read(_Place(line, at, name_of(data.get("parent_tool_use_id"))), data)

    def close(self) -> Iterable[TraceEvent]:
        """The last result, if no further turn was begun after it."""
        return () if self._end is None else (self._end,)

    def _system(self, place: _Place, data: dict[str, Any]) -> Iterator[TraceEvent]:
        kind = name_of(data.get("subtype"))
        extra = without(data, *_ENVELOPE)
        if kind == "init":
            self._end = None
            told = without(extra, "subtype", "model", "claude_code_version", *_MENUS)
            session = name_of(data.get("session_id"))
            yield Session(place.at, place.number, session, name_of(data.get("model")),
                          name_of(data.get("claude_code_version")),
                          extra={} if told == self._told else place.extra | told)  # fmt: skip
            self._told = told
        elif kind == "api_retry":
            yield Trouble(place.at, place.number, text_of(data.get("error")),
                          code_of(data.get("error_status")) or 0, parent=place.parent,
                          extra=without(extra, "error", "error_status"))  # fmt: skip
        elif kind in _TOLD:
            text = text_of(data.get("summary")) or kind
            yield Message(place.at, place.number, "system", text,
                          extra=place.extra | without(extra, "summary"))  # fmt: skip
        elif kind not in _TICKS:
            yield _raw(place.line)

    def _assistant(self, place: _Place, data: dict[str, Any]) -> Iterator[TraceEvent]:
        if not place.parent:
            self._end = None
        message = object_of(data.get("message"))
        turn, model = name_of(message.get("id")), name_of(message.get("model"))
        extra = place.extra | without(data, *_ENVELOPE)
        if message.get("stop_reason") is not None:
            extra["stop_reason"] = message["stop_reason"]
        if data.get("is_api_error_message") is True:
            yield self._api_error(place, words_of(message.get("content")), data)
            return
        for block in blocks_of(message.get("content")):
            kind = name_of(block.get("type"))
            if kind == "text":
                yield Message(place.at, place.number, "agent", text_of(block.get("text")), turn,
                              model, parent=place.parent, extra=extra)  # fmt: skip
            elif kind in ("thinking", "redacted_thinking"):
                hidden = {"redacted": True} if kind == "redacted_thinking" else {}
                yield Reasoning(place.at, place.number, text_of(block.get("thinking")), turn,
                                model, parent=place.parent, extra=extra | hidden)  # fmt: skip
            elif kind in _CALLS:
                yield self._call(place, block, turn, model, extra)
            elif "tool_use_id" in block:
                yield self._outputs.output(place, block, {})
            else:
                yield Raw(place.at, place.number, text=text_of(block), parent=place.parent)

    def _call(
        self, place: _Place, block: dict[str, Any], turn: str, model: str, extra: dict[str, Any]
    ) -> Call:
        call, tool, given = name_of(block.get("id")), name_of(block.get("name")), block.get("input")
        self._outputs.begun(call, tool)
        arguments = given if isinstance(given, dict) else {} if given is None else {"input": given}
        more = without(block, "type", "id", "name", "input")
        return Call(place.at, place.number, call, tool, arguments, turn, model,
                    parent=place.parent, extra=extra | more)  # fmt: skip

    def _user(self, place: _Place, data: dict[str, Any]) -> Iterator[TraceEvent]:
        blocks = blocks_of(object_of(data.get("message")).get("content"))
        results = [block for block in blocks if block.get("type") == "tool_result"]
        told: tuple[str, ...] = ("tool_use_result", "tool_result_meta")
        facts = {key: data[key] for key in told if key in data}
        extra = place.extra | without(data, *_ENVELOPE)
        for block in blocks:
            if block.get("type") == "tool_result":
                yield self._outputs.output(place, block, facts if len(results) == 1 else {})
            else:
                yield Message(place.at, place.number, "user", words_of([block]),
                              parent=place.parent, extra=extra)  # fmt: skip

    def _result(self, place: _Place, data: dict[str, Any]) -> Iterator[TraceEvent]:
        since = data.get("model_usage_since_last_result")
        fresh = object_of(data.get("modelUsage") if since is None else since)
        for name, use in fresh.items():
            used = _use(object_of(use))
            self._models[name] = self._models[name].plus(used) if name in self._models else used
        yield Usage(
            place.at, place.number, "invocation", dict(self._models),
            extra=without(data, *_ENVELOPE, "result", "model_usage_since_last_result"),
        )  # fmt: skip
        text = text_of(data.get("result"))
        if not text and isinstance(data.get("errors"), list):
            text = "; ".join(text_of(one) for one in data["errors"])
        ok = data.get("is_error") is False and data.get("subtype") == "success"
        reason = name_of(data.get("terminal_reason")) or name_of(data.get("subtype"))
        if not ok and data.get("subtype") != "success" and not reason.startswith("aborted"):
            yield Trouble(place.at, place.number, text, fatal=True)
        self._end = End(place.at, place.number, ok, reason, text, extra=place.extra)

    def _api_error(self, place: _Place, text: str, data: dict[str, Any]) -> Trouble:
        """A message that the CLI says in the model's place."""
        status = code_of(data.get("api_error_status"))
        if status is None and data.get("api_error") == "connection_failed":
            status = 0
        extra = without(data, *_ENVELOPE, "is_api_error_message", "api_error_status")
        return Trouble(place.at, place.number, text, status, fatal=not place.parent,
                       parent=place.parent, extra=place.extra | extra)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event stands in the output."""

    line: Line
    at: str
    parent: str

    @property
    def number(self) -> int:
        """Of the line."""
        return self.line.number

    @property
    def extra(self) -> dict[str, Any]:
        """How much of the line is missing."""
        return {"cut": self.line.cut} if self.line.cut else {}


def _raw(line: Line) -> Raw:
    return Raw(line.at, line.number, stream=line.stream, text=line.text)


def _use(told: dict[str, Any]) -> TokenUse:
    """Input is told without what the cache held; a model without a known price costs "unknown"."""
    cached = count_of(told.get("cacheReadInputTokens"))
    written = count_of(told.get("cacheCreationInputTokens"))
    dollars = None if told.get("costBasis") == "unknown" else dollars_of(told.get("costUSD"))
    return TokenUse(
        input=count_of(told.get("inputTokens")) + cached + written,
        cached=cached,
        cache_write=written,
        output=count_of(told.get("outputTokens")),
        reasoning=count_of(told.get("thinkingTokens")),
        cost_usd=dollars,
        cost_source="" if dollars is None else "cli",
    )
