"""Which events of a run a person wants to see."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from ..traces.events import Call, Output, TraceEvent
from ..traces.safe_json import plain

_MOST_CALLS = 100_000


@dataclass(frozen=True)
class Choice:
    """The options of `ptb trace`."""

    attempt: int | None = None
    tools: tuple[str, ...] = ()
    """Patterns; empty: everything, also what is no call."""
    grep: str = ""
    lines: int | None = None
    """Shown of an output; ``None``: all."""

    @property
    def filters(self) -> bool:
        """Whether anything is left out."""
        return bool(self.attempt is not None or self.tools or self.grep)


class Filter:
    """Remembers which tool a call was for, so that its output can be judged as well."""

    def __init__(self, choice: Choice) -> None:
        self._tools = [pattern.casefold() for pattern in choice.tools]
        self._needle = choice.grep.casefold()
        self._called: dict[str, str] = {}

    def tool_of(self, call_id: str) -> str:
        """The tool of a call that was seen; else nothing."""
        return self._called.get(call_id, "")

    def takes(self, event: TraceEvent) -> bool:
        """Whether the event shall be seen."""
        if isinstance(event, Call):
            self._called[event.call_id] = event.tool
            if len(self._called) > _MOST_CALLS:
                del self._called[next(iter(self._called))]
        if self._tools:
            if isinstance(event, Call):
                name = event.tool
            elif isinstance(event, Output):
                name = self.tool_of(event.call_id)
            else:
                return False
            if not any(fnmatchcase(name.casefold(), pattern) for pattern in self._tools):
                return False
        return self.finds(event)

    def finds(self, event: TraceEvent) -> bool:
        """Whether the text that is looked for stands in the event."""
        return not self._needle or any(self._needle in text.casefold() for text in _texts(event))

    def finds_text(self, text: str) -> bool:
        """The same for a text that is no event, such as the prompt."""
        return not self._tools and self._needle in text.casefold()


def as_row(event: TraceEvent, attempt: int) -> dict[str, Any]:
    """An event as one row of JSON."""
    names = [field.name for field in fields(event)]
    values = {name: getattr(event, name) for name in names}
    if "models" in values:
        values["models"] = {
            name: use.model_dump(mode="json") for name, use in values["models"].items()
        }
    row = {"attempt": attempt, "kind": type(event).__name__.lower(), **values}
    return {key: plain(value) for key, value in row.items()}


def _texts(event: TraceEvent) -> list[str]:
    texts = [getattr(event, "text", ""), getattr(event, "reason", "")]
    if isinstance(event, Call):
        values = [value for value in event.arguments.values() if isinstance(value, str)]
        everything = json.dumps(plain(event.arguments), ensure_ascii=False)
        texts = [event.tool, everything, *values]
    return texts
