"""What the judged did, as numbered text files: every event under the line of the output file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...audit.judge.clear_text import one_line, shortened
from ...traces.events import Call, End, Message, Output, Raw, Reasoning, TraceEvent, Trouble
from ...traces.safe_json import plain
from .case_files import CaseFiles

COMMANDS = "trace/commands.txt"
PART = 200_000
"""Characters of one file."""
MOST = 48_000_000
_SAID, _CALLED, _GIVEN, _TOLD = 20_000, 30_000, 8_000, 2_000
_COMMAND = 500
_ALL_COMMANDS = 3_000_000


@dataclass
class TraceFiles:
    """Writes the trace of one run into a case, attempt by attempt."""

    case: CaseFiles
    commands: list[str] = field(default_factory=list)
    """One line for every call: attempt, line, tool, arguments."""
    parts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    """By attempt: first line of the output file, and name, of every part."""
    _size: int = 0

    def add(self, attempt: int, events: Iterable[TraceEvent]) -> None:
        """Write the events of one attempt."""
        text: list[str] = []
        size = first = 0
        for event in events:
            shown = _shown(event)
            if shown is None or self._size > MOST:
                continue
            if isinstance(event, Call):
                self.commands.append(_command(attempt, event))
            text.append(f"--- line {event.line}: {shown}")
            first = first or event.line
            size += len(shown)
            self._size += len(shown)
            if size >= PART:
                self._write(attempt, first, text)
                text, size, first = [], 0, 0
        if self._size > MOST:
            self.case.notes.append(f"trace: attempt {attempt} is not shown to its end")
        if text:
            self._write(attempt, first, text)
        names = [name for _, name in self.parts.get(attempt, [])]
        if names:
            whole = names[0] if len(names) == 1 else f"trace/attempt-{attempt:03d}-part-*.txt"
            self.case.alias(f"attempts/{attempt:03d}.output.jsonl", whole)

    def close(self) -> None:
        """Write the list of commands."""
        text = "\n".join(self.commands)
        if len(text) > _ALL_COMMANDS:
            self.case.notes.append(f"{COMMANDS} is cut")
        self.case.put(COMMANDS, shortened(text, _ALL_COMMANDS) + "\n")

    def part_at(self, attempt: int, line: int) -> str:
        """The file that holds a line of an attempt's output; empty where there is none."""
        name = ""
        for first, part in self.parts.get(attempt, []):
            if first <= line or not name:
                name = part
        return name

    def _write(self, attempt: int, first: int, text: list[str]) -> None:
        parts = self.parts.setdefault(attempt, [])
        name = f"trace/attempt-{attempt:03d}-part-{len(parts) + 1:02d}.txt"
        self.case.put(name, "\n".join(text) + "\n")
        parts.append((first, name))


def _shown(event: TraceEvent) -> str | None:
    """A heading, and below it, indented, what was said or done; ``None``: nothing to read."""
    inside = " (a sub-agent)" if event.parent else ""
    match event:
        case Message(role="agent"):
            return _body(f"the agent says{inside}", event.text, _SAID)
        case Message():
            return _body(f"told by {event.role}{inside}", event.text, _SAID)
        case Reasoning():
            return _body(f"the agent thinks{inside}", event.text, _SAID)
        case Call():
            tool = one_line(event.tool, 80)
            arguments = "\n".join(_arguments(event.arguments))
            return _body(f"calls {tool}{inside}", arguments, _CALLED, empty=True)
        case Output():
            code = "" if event.exit_code is None else f", exit code {event.exit_code}"
            failed = ", failed" if event.failed else ""
            return _body(f"output{code}{failed}{inside}", event.text, _GIVEN, empty=True)
        case Raw():
            return _body(f"printed on {event.stream}", event.text, _GIVEN)
        case Trouble():
            return _body("trouble", event.text, _TOLD, empty=True)
        case End():
            reason = one_line(event.reason, 200)
            return _body(f"the program ends: {reason}", event.text, _TOLD, empty=True)
    return None


def _body(heading: str, text: str, limit: int, *, empty: bool = False) -> str | None:
    if not text.strip():
        return heading if empty else None
    lines = shortened(text, limit).replace("\r", "\n").split("\n")
    return "\n".join([heading, *(f"    {line}" for line in lines)])


def _arguments(arguments: Mapping[str, Any]) -> Iterator[str]:
    for name, value in plain(dict(arguments)).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{name}: {text}"


def _command(attempt: int, call: Call) -> str:
    words = one_line(" ".join(_arguments(call.arguments)), _COMMAND)
    return f"{attempt:03d}:{call.line} {one_line(call.tool, 60)}: {words}"
