"""The output of Codex CLI (``codex exec --json``) as events.

The stream names no model and no turns of the model: words and calls up to the next output are taken
as one turn.  Tokens are told at the end of an invocation, for the whole session.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
from .codex_items import ARGUMENTS, arguments_of, output_of, tool_of
from .stream_events import count_of, name_of, object_of, read_json, text_of, without

_PASSING = re.compile(r"Reconnecting\.\.\. ")
_STATUS = re.compile(r"\b(?:unexpected|last) status:? ([1-5]\d\d)\b")
_STATUS_BY_WORDS = (
    (re.compile(r"experiencing high demand|at capacity"), 503),
    (re.compile(r"Quota exceeded|usage limit|rate limit exceeded", re.IGNORECASE), 429),
    # A refused copy of a login makes the CLI ask for a fresh one, which it has no right to.
    (re.compile(r"access token could not be refreshed|auth\.openai\.com/oauth/token"), 401),
    (re.compile(r"To use Codex with your ChatGPT plan"), 403),
    (re.compile(r"ran out of room in the model's context window"), 400),
    (re.compile(r"stream disconnected|Connection failed|waiting for network|error sending "), 0),
    (re.compile(r'\{"error":'), 400),
)
"""The CLI replaces what some answers said by words of its own."""

_Items = Iterator[TraceEvent]


class CodexReader:
    """Reads one invocation."""

    def __init__(self) -> None:
        self._turn = 0
        self._open = False
        """Whether the turn may still grow: no output has come since it began."""
        self._running: dict[str, dict[str, Any]] = {}
        """Items that have begun and not ended."""
        self._last = Line("", 0.0, "stdout", "", 0)
        self._trouble = ""
        self._readers: dict[str, Callable[[_Place, dict[str, Any]], _Items]] = {
            "thread.started": self._thread,
            "turn.started": lambda _place, _data: iter(()),
            "turn.completed": self._completed,
            "turn.failed": self._failed,
            "item.started": self._item_started,
            "item.updated": self._item_updated,
            "item.completed": self._item_completed,
            "error": self._error,
        }

    def read(self, line: Line) -> Iterable[TraceEvent]:
        """The events of one line."""
        self._last = line
        data = read_json(line) if line.stream == "stdout" else None
        read = None if data is None else self._readers.get(name_of(data.get("type")))
        if data is None or read is None:
            return [_raw(line)]
        return read(_Place(line, {"cut": line.cut} if line.cut else {}), data)

    def close(self) -> Iterable[TraceEvent]:
        """Commands whose end is not told: they were killed with the CLI, or at its end."""
        line = self._last
        for call, item in self._running.items():
            text, code, _, extra = output_of(item)
            yield Output(line.at, line.number, call, text, code, extra={**extra, "ended": False})
        self._running = {}

    def _thread(self, place: _Place, data: dict[str, Any]) -> _Items:
        extra = place.extra | without(data, "type", "thread_id")
        yield Session(place.at, place.number, name_of(data.get("thread_id")), extra=extra)

    def _completed(self, place: _Place, data: dict[str, Any]) -> _Items:
        told = object_of(data.get("usage"))
        use = TokenUse(
            input=count_of(told.get("input_tokens")),
            cached=count_of(told.get("cached_input_tokens")),
            cache_write=count_of(told.get("cache_write_input_tokens")),
            output=count_of(told.get("output_tokens")),
            reasoning=count_of(told.get("reasoning_output_tokens")),
        )
        yield Usage(place.at, place.number, "session", {"": use})
        extra = place.extra | without(data, "type", "usage")
        yield End(place.at, place.number, ok=True, reason="turn.completed", extra=extra)

    def _failed(self, place: _Place, data: dict[str, Any]) -> _Items:
        text = text_of(object_of(data.get("error")).get("message"))
        if text != self._trouble:
            yield _trouble(place, text, fatal=True)
        extra = place.extra | without(data, "type", "error")
        yield End(place.at, place.number, ok=False, reason="turn.failed", text=text, extra=extra)

    def _error(self, place: _Place, data: dict[str, Any]) -> _Items:
        text = text_of(data.get("message"))
        fatal = _PASSING.match(text) is None
        self._trouble = text if fatal else self._trouble
        yield _trouble(place, text, fatal=fatal, more=without(data, "type", "message"))

    def _item_started(self, place: _Place, data: dict[str, Any]) -> _Items:
        item = object_of(data.get("item"))
        if name_of(item.get("type")) in ARGUMENTS:
            yield self._call(place, item)
            self._running[name_of(item.get("id"))] = item
        elif item.get("type") not in ("agent_message", "reasoning", "plan"):
            yield _raw(place.line)

    def _item_updated(self, place: _Place, data: dict[str, Any]) -> _Items:
        item = object_of(data.get("item"))
        call = name_of(item.get("id"))
        if call not in self._running:
            yield _raw(place.line)
            return
        text, code, failed, extra = output_of(item)
        yield Output(place.at, place.number, call, text, code, failed, extra=place.extra | extra)
        self._running[call] = item

    def _item_completed(self, place: _Place, data: dict[str, Any]) -> _Items:
        item = object_of(data.get("item"))
        kind, text = name_of(item.get("type")), text_of(item.get("text"))
        extra = place.extra | without(item, "id", "type", "text")
        if kind in ("agent_message", "plan"):
            extra |= {"plan": True} if kind == "plan" else {}
            yield Message(place.at, place.number, "agent", text, self._now(), extra=extra)
        elif kind == "reasoning":
            yield Reasoning(place.at, place.number, text, self._now(), extra=extra)
        elif kind == "error":
            yield _trouble(place, text_of(item.get("message")), fatal=False,
                           more=without(item, "id", "type", "message"))  # fmt: skip
        elif kind in ARGUMENTS:
            call = name_of(item.get("id"))
            if self._running.pop(call, None) is None:
                yield self._call(place, item)
            self._open = False
            text, code, failed, extra = output_of(item)
            yield Output(place.at, place.number, call, text, code, failed,
                         extra=place.extra | extra)  # fmt: skip
        else:
            yield _raw(place.line)

    def _call(self, place: _Place, item: dict[str, Any]) -> Call:
        return Call(place.at, place.number, name_of(item.get("id")), tool_of(item),
                    arguments_of(item), self._now(), extra=place.extra)  # fmt: skip

    def _now(self) -> str:
        """The turn in which something is said or called."""
        if not self._open:
            self._turn, self._open = self._turn + 1, True
        return str(self._turn)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event stands in the output."""

    line: Line
    extra: dict[str, Any]

    @property
    def at(self) -> str:
        """When it came."""
        return self.line.at

    @property
    def number(self) -> int:
        """Of the line."""
        return self.line.number


def _raw(line: Line) -> Raw:
    return Raw(line.at, line.number, stream=line.stream, text=line.text)


def _trouble(
    place: _Place, text: str, *, fatal: bool, more: dict[str, Any] | None = None
) -> Trouble:
    found = _STATUS.search(text)
    extra = place.extra | (more or {})
    status = int(found[1]) if found else None
    if status is None:
        status = next((number for words, number in _STATUS_BY_WORDS if words.search(text)), None)
        extra |= {} if status is None else {"status_from": "words"}
    return Trouble(place.at, place.number, text, status, fatal, extra=extra)
