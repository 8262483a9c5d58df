"""The deeds of a run, from the output of its attempts.

An agent whose output is plain text tells no deeds: what looks like a shell's trace in it may be
printed by anybody, and is not believed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import InputError, RecordError
from ...registry import make
from ...traces.events import (
    Call,
    EventReader,
    Output,
    PlainReader,
    Raw,
    Session,
    TraceEvent,
    json_object,
)
from ...traces.lines import read_lines
from ...traces.stream import events_of
from . import OUTPUT, Deed, Deeds, Place, tools
from .shell import commands

MOST_DEEDS = 200_000
MOST_TEXT = 200_000_000
"""Characters of all deeds together."""
MOST_OUTPUT = 100_000_000
_NUMBER = re.compile(r"(\d+)\.output\.jsonl")
_RESET = re.compile(r"Shell cwd was reset to (\S+)")
_NO_FOLDER = re.compile(r"\bcd: .{0,300}(?:No such file|Not a directory)")
_TOLD_AT_THE_END = ("web_search", "file_change")
"""Tools of Codex whose arguments may be told in full only with their result."""


def deeds_of(agent: str, outputs: Sequence[Path]) -> Deeds:
    """What the agent did, in order, through the reader of its CLI.

    Args:
        agent: its name; one that is not installed (any more) tells nothing.
        outputs: ``attempts/NNN.output.jsonl`` of every attempt.
    """
    gaps: list[str] = []
    reader = _reader(agent, gaps)
    if isinstance(reader, PlainReader):
        return Deeds(gaps=tuple(gaps))
    taken = _Taken(gaps=gaps)
    for path in outputs:
        _read(path, _reader(agent, []), taken)
    return Deeds(tuple(_placed(taken)), True, tuple(taken.gaps))


def _reader(agent: str, gaps: list[str]) -> EventReader:
    try:
        reader: EventReader = make("agent", agent).events()
    except InputError:
        gaps.append(f"agent {agent!r} is not installed here: its output cannot be read as calls")
        reader = PlainReader()
    return reader


@dataclass(slots=True)
class _Made:
    """Deeds of one call."""

    call: tools.Call
    parent: str
    deeds: list[Deed]


@dataclass(slots=True)
class _Taken:
    """What has been read so far."""

    gaps: list[str]
    calls: list[_Made] = field(default_factory=list)
    deeds: int = 0
    text: int = 0
    output: int = 0
    full: bool = False


def _read(path: Path, reader: EventReader, taken: _Taken) -> None:
    found = _NUMBER.fullmatch(path.name)
    name = f"attempts/{path.name}"
    if not path.is_file():
        taken.gaps.append(f"{name} is missing")
        return
    attempt = _Attempt(name, int(found[1]) if found else 1, taken)
    try:
        for event in events_of(read_lines(path), reader):
            attempt.add(event)
    except RecordError as error:
        taken.gaps.append(f"{name} could not be read to its end: {error}"[:300])
    attempt.finish()


@dataclass(slots=True)
class _Attempt:
    """One attempt: its calls by id, and what is missing."""

    name: str
    number: int
    taken: _Taken
    cwd: str = ""
    made: dict[str, _Made] = field(default_factory=dict)
    parents: set[str] = field(default_factory=set)
    """Calls of which a sub-agent's events have come."""
    started: dict[str, int] = field(default_factory=dict)
    """Calls that start a sub-agent, and their lines."""
    missing: Counter[str] = field(default_factory=Counter)

    def add(self, event: TraceEvent) -> None:
        """One event."""
        if "cut" in event.extra:
            self.missing["lines were longer than is read"] += 1
        if event.parent:
            self.parents.add(event.parent)
        if isinstance(event, Session):
            told = event.extra.get("cwd")
            self.cwd = told if isinstance(told, str) and told.startswith("/") else self.cwd
        elif isinstance(event, Call):
            self._call(event)
        elif isinstance(event, Output):
            self._output(event)
        elif isinstance(event, Raw):
            self._raw(event)

    def finish(self) -> None:
        """Say what is missing."""
        unseen = [line for call, line in self.started.items() if call not in self.parents]
        if unseen:
            where = ", ".join(str(line) for line in unseen[:5])
            self.taken.gaps.append(
                f"{self.name}: {len(unseen)} sub-agent(s) whose calls are not told (line {where})"
            )
        self.taken.gaps += [f"{self.name}: {count} {what}" for what, count in self.missing.items()]

    def _raw(self, event: Raw) -> None:
        if "reader_failed" in event.extra:
            self.missing["lines at which the reader failed"] += 1
            return
        meant = event.stream == "stdout" and event.text.lstrip()[:1] == "{"
        if meant and json_object(event.text) is None:
            self.missing["lines of the CLI are garbled"] += 1

    def _call(self, event: Call) -> None:
        call = tools.Call(
            event.tool,
            event.arguments,
            Place(self.name, max(1, event.line)),
            self.number,
            self.cwd,
            bool(event.parent),
        )
        tool = event.tool.lower()
        if tool in tools.SUB_AGENTS and len(self.started) < MOST_DEEDS:
            self.started[event.call_id] = event.line
        deeds = tools.deeds_of_call(call)
        if not self._room(deeds):
            return
        made = _Made(replace(call, arguments={}), event.parent, deeds)
        if tool in _TOLD_AT_THE_END:
            made.call = call
        self.taken.calls.append(made)
        self.made[event.call_id] = made

    def _room(self, deeds: list[Deed]) -> bool:
        """Whether there is room for more deeds; says so once when there is not."""
        taken = self.taken
        size = sum(len(deed.text) + len(deed.old) for deed in deeds)
        if any(len(deed.text) >= tools.LONGEST for deed in deeds):
            self.missing["texts were too long to be kept whole"] += 1
        if taken.deeds + len(deeds) > MOST_DEEDS or taken.text + size > MOST_TEXT:
            if not taken.full:
                taken.gaps.append(f"{self.name}: more deeds than are kept; the rest was left out")
            taken.full = True
            return False
        taken.deeds, taken.text = taken.deeds + len(deeds), taken.text + size
        return True

    def _output(self, event: Output) -> None:
        made = self.made.get(event.call_id)
        if made is None:
            return
        if made.call.tool in _TOLD_AT_THE_END and made.call.arguments:
            told = json_object(event.text)
            if told:
                made.call = replace(made.call, arguments={**made.call.arguments, **told})
                fresh = tools.deeds_of_call(made.call)
                if len(fresh) <= len(made.deeds) or self._room(fresh[len(made.deeds) :]):
                    made.deeds = fresh
        text = _shortened(event.text)
        if self.taken.output + len(text) > MOST_OUTPUT:
            self.missing["results were left out: there are too many"] += 1
            text = ""
        self.taken.output += len(text)
        made.deeds = [
            replace(deed, output=text, exit_code=event.exit_code, failed=event.failed)
            for deed in made.deeds
        ]


def _shortened(text: str) -> str:
    """The first and the last characters."""
    if len(text) <= OUTPUT:
        return text
    half = OUTPUT // 2
    return f"{text[: half - 1]}…{text[-half:]}"


def _placed(taken: _Taken) -> list[Deed]:
    """All deeds; those of Claude Code's one lasting shell from the folder where ``cd`` left it."""
    deeds: list[Deed] = []
    folders: dict[tuple[int, str], str] = {}
    for made in taken.calls:
        if made.call.tool != "Bash":
            deeds += made.deeds
            continue
        key = (made.call.attempt, made.parent)
        for deed in made.deeds:
            if deed.kind == "shell":
                deed = replace(deed, cwd=folders.get(key, deed.cwd))
                folders[key] = _moved(deed)
            deeds.append(deed)
    return deeds


def _moved(deed: Deed) -> str:
    """The folder of a lasting shell after a command."""
    reset = _RESET.search(deed.output)
    if reset:
        return reset[1]
    moves = ("cd" in deed.text or "pushd" in deed.text) and not _NO_FOLDER.search(deed.output)
    return commands(deed.text, deed.cwd).cwd if moves else deed.cwd
