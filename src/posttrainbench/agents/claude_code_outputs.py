"""What Claude Code's tools gave back: text, exit code, and what the text does not say."""

from __future__ import annotations

import re
from typing import Any, Protocol

from ..traces.events import Output
from .stream_events import name_of, object_of, text_of, without

_EXIT = re.compile(r"Exit code (\d{1,9})(?:\n|$)")
_SHELL = "Bash"
_LONGEST_FACT = 2000
_MOST_CALLS = 100_000
_IN_THE_CALL = ("content", "file", "filePath", "newString", "oldString", "originalFile")


class Place(Protocol):
    """Where an event stands."""

    @property
    def at(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def parent(self) -> str: ...
    @property
    def extra(self) -> dict[str, Any]: ...


class ToolOutputs:
    """Makes outputs; remembers which calls were of the shell."""

    def __init__(self) -> None:
        self._shell_calls: set[str] = set()

    def begun(self, call: str, tool: str) -> None:
        """A tool was called."""
        if tool == _SHELL and len(self._shell_calls) < _MOST_CALLS:
            self._shell_calls.add(call)

    def output(self, place: Place, block: dict[str, Any], facts: dict[str, Any]) -> Output:
        """The output that a block of a message holds.

        Args:
            facts: what the line says about it beside the block.
        """
        call = name_of(block.get("tool_use_id"))
        text, failed = words_of(block.get("content")), block.get("is_error") is True
        told = facts.get("tool_use_result")
        result = object_of(told)
        extra = {
            **place.extra,
            **without(block, "type", "tool_use_id", "content", "is_error"),
            **({"result": shown} if (shown := _beyond(result, text)) else {}),
            **({"meta": more} if (more := _unusual(facts.get("tool_result_meta"))) else {}),
        }
        return Output(place.at, place.number, call, text, self._exit_code(call, text, failed, told),
                      failed, parent=place.parent, extra=extra)  # fmt: skip

    def _exit_code(self, call: str, text: str, failed: bool, told: object) -> int | None:
        """A failed command's code stands in its text; one that succeeded and is not told to have
        ended otherwise ended with 0."""
        if call not in self._shell_calls:
            return None
        if failed:
            found = _EXIT.match(text)
            return int(found[1]) if found else None
        result = object_of(told)
        otherwise = ("backgroundTaskId", "returnCodeInterpretation", "timedOutAfterMs")
        if result.get("interrupted") is True or any(name in result for name in otherwise):
            return None
        return 0


def blocks_of(content: object) -> list[dict[str, Any]]:
    """The blocks of a message's content; a plain text is one."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def words_of(content: object) -> str:
    """A content as text; images and the like become a note."""
    return "\n".join(_words(block) for block in blocks_of(content)) or (
        "" if isinstance(content, list | str) else text_of(content)
    )


def _words(block: dict[str, Any]) -> str:
    if block.get("type") == "text":
        return text_of(block.get("text"))
    source = object_of(block.get("source"))
    if "data" in source:
        kind = name_of(source.get("media_type")) or "?"
        return f"[{name_of(block.get('type'))}: {kind}, {len(text_of(source['data']))} characters]"
    return text_of(block)


def _beyond(result: dict[str, Any], text: str) -> dict[str, Any]:
    """What a tool's own account of its result says beyond text and arguments: numbers, short words
    and the patch of an edit; not the file that was read, written or edited."""
    shown: dict[str, Any] = {}
    for key, value in result.items():
        empty = value is None or value is False or value in ("", [], {})
        told = isinstance(value, str) and (len(value) > _LONGEST_FACT or value in text)
        nested = isinstance(value, dict | list) and key != "structuredPatch"
        if not (empty or told or nested or key in _IN_THE_CALL):
            shown[key] = value
    return shown


def _unusual(meta: object) -> list[Any]:
    """What is told of a result, without that it was allowed, which everything is."""
    told = meta if isinstance(meta, list) else []
    return [
        one
        for one in told
        if object_of(object_of(one).get("permission_decision")).get("decision") != "accept"
    ]
