"""The output of Gemini CLI (``--output-format stream-json``) as events.

The stream tells no thoughts, no ids of turns, and an exit code only of a command without output;
the CLI's own session file below ``~/.gemini/tmp`` has the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
    Session,
    TraceEvent,
    Trouble,
    Usage,
)
from .stream_events import count_of, name_of, object_of, read_json, text_of, without

_EXIT = re.compile(r"Command exited with code: (\d{1,9})")
_STATUS_IN_MESSAGE = re.compile(r'"code":\s*([1-5]\d\d)\b|\bstatus:? ([1-5]\d\d)\b')
_STATUS_ON_STDERR = re.compile(
    r"\s+status: ([1-5]\d\d),?\s*|.*\bfailed with status ([1-5]\d\d)\b.*"
)
_RETRY = re.compile(r"Attempt \d+ failed\b")
_API_ERROR = re.compile(r"\[API Error: (.*?)\](?:\n.*)?", re.DOTALL)
_NO_CONNECTION = "fetch failed"
_LOGIN_OVER = re.compile(r"No refresh token is set|Manual authorization is required")
"""The short-lived copy of a login has run out, or was refused from the start."""


class GeminiReader:
    """Reads one invocation."""

    def __init__(self) -> None:
        self._model = ""
        self._turn = 0
        self._state = ""
        """``talking``: the last message goes on; ``calling``: tools of the turn were called."""
        self._status: int | None = None
        """The last one that stderr named: the result's own message often lacks it."""
        self._readers = {
            "init": self._init,
            "message": self._message,
            "tool_use": self._tool_use,
            "tool_result": self._tool_result,
            "error": self._error,
            "result": self._result,
        }

    def read(self, line: Line) -> Iterable[TraceEvent]:
        """The events of one line."""
        if line.stream != "stdout":
            return self._stderr(line)
        data = read_json(line)
        read = None if data is None else self._readers.get(name_of(data.get("type")))
        if data is None or read is None:
            return [Raw(line.at, line.number, stream=line.stream, text=line.text)]
        extra = {"cut": line.cut} if line.cut else {}
        return read(_Place(line.at, line.number), data, extra)

    def close(self) -> Iterable[TraceEvent]:
        """Nothing: a result says itself that it is the end."""
        return ()

    def _stderr(self, line: Line) -> Iterator[TraceEvent]:
        found = _STATUS_ON_STDERR.fullmatch(line.text)
        if found:
            self._status = int(found[1] or found[2])
        if _RETRY.match(line.text):
            yield Trouble(line.at, line.number, text=line.text, status=_status_in(line.text))
        elif _LOGIN_OVER.search(line.text):
            yield Trouble(line.at, line.number, text=line.text, status=401, fatal=True)
        else:
            yield Raw(line.at, line.number, stream=line.stream, text=line.text)

    def _init(
        self, place: _Place, data: dict[str, Any], extra: dict[str, Any]
    ) -> Iterator[TraceEvent]:
        self._model = name_of(data.get("model"))
        extra |= without(data, "type", "timestamp", "session_id", "model")
        yield Session(place.at, place.number, name_of(data.get("session_id")), self._model,
                      extra=extra)  # fmt: skip

    def _message(
        self, place: _Place, data: dict[str, Any], extra: dict[str, Any]
    ) -> Iterator[TraceEvent]:
        extra |= without(data, "type", "timestamp", "role", "content", "delta")
        text = text_of(data.get("content"))
        if data.get("role") != "assistant":
            self._state = ""
            role = "user" if data.get("role") == "user" else "system"
            yield Message(place.at, place.number, role, text, extra=extra)  # type: ignore[arg-type]
            return
        going_on = self._state == "talking" and data.get("delta") is True
        if not going_on:
            self._turn += 1
        self._state = "talking"
        yield Message(place.at, place.number, "agent", text, str(self._turn), self._model,
                      partial=going_on, extra=extra)  # fmt: skip

    def _tool_use(
        self, place: _Place, data: dict[str, Any], extra: dict[str, Any]
    ) -> Iterator[TraceEvent]:
        if not self._state:
            self._turn += 1
        self._state = "calling"
        extra |= without(data, "type", "timestamp", "tool_name", "tool_id", "parameters")
        arguments = data.get("parameters")
        if not isinstance(arguments, dict):
            arguments = {} if arguments is None else {"parameters": arguments}
        yield Call(place.at, place.number, name_of(data.get("tool_id")),
                   name_of(data.get("tool_name")), arguments, str(self._turn), self._model,
                   extra=extra)  # fmt: skip

    def _tool_result(
        self, place: _Place, data: dict[str, Any], extra: dict[str, Any]
    ) -> Iterator[TraceEvent]:
        self._state = ""
        extra |= without(data, "type", "timestamp", "tool_id", "status", "output", "error")
        text, error = text_of(data.get("output")), object_of(data.get("error"))
        if error:
            extra["error"] = error
        code = _EXIT.fullmatch(text)
        yield Output(place.at, place.number, name_of(data.get("tool_id")),
                     text or text_of(error.get("message")),
                     exit_code=int(code[1]) if code else None,
                     failed=data.get("status") == "error", extra=extra)  # fmt: skip

    def _error(
        self, place: _Place, data: dict[str, Any], extra: dict[str, Any]
    ) -> Iterator[TraceEvent]:
        extra |= without(data, "type", "timestamp", "message")
        yield Trouble(place.at, place.number, text_of(data.get("message")), extra=extra)

    def _result(
        self, place: _Place, data: dict[str, Any], extra: dict[str, Any]
    ) -> Iterator[TraceEvent]:
        stats = object_of(data.get("stats"))
        models = object_of(stats.get("models"))
        uses = {name: _use(object_of(use)) for name, use in models.items()}
        yield Usage(place.at, place.number, "invocation", uses,
                    extra=without(stats, "models"))  # fmt: skip
        ok = data.get("status") == "success"
        error = object_of(data.get("error"))
        message = text_of(error.get("message"))
        api = _API_ERROR.fullmatch(message)
        text = api[1] if api else message  # without the CLI's advice, which always names quotas
        if error:
            status = _status_in(message)
            if status is None and _LOGIN_OVER.search(message):
                status = 401
            elif status is None:
                status = 0 if _NO_CONNECTION in message else self._status
            yield Trouble(place.at, place.number, text, status, fatal=not ok,
                          extra={"error": error})  # fmt: skip
        extra |= without(data, "type", "timestamp", "status", "stats", "error")
        yield End(place.at, place.number, ok, text_of(data.get("status")), text, extra=extra)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event stands in the output."""

    at: str
    number: int


def _use(stats: dict[str, Any]) -> TokenUse:
    """The CLI counts thoughts, and what tools of the model itself read, only in the total."""
    given, taken = count_of(stats.get("input_tokens")), count_of(stats.get("output_tokens"))
    beyond = max(0, count_of(stats.get("total_tokens")) - given - taken)
    return TokenUse(
        input=given,
        cached=min(given, count_of(stats.get("cached"))),
        output=taken + beyond,
        reasoning=beyond,
    )


def _status_in(message: str) -> int | None:
    found = _STATUS_IN_MESSAGE.search(message)
    return int(found[1] or found[2]) if found else None
