"""What was read of a run: its commands, and its programs as they were started."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from ..code import Fact, Reading
from ..code.machine import Start
from ..deeds import Place, Program
from ..deeds.command import Command
from ..deeds.places import Places, ours
from ..files.quoting import quote


@dataclass(frozen=True)
class Ran:
    """One command."""

    command: Command
    place: Place
    told: bool
    """Whether the trace tells that it ran; else it stands in a program that may have run."""
    script: str = ""
    """The program that it stands in, as evidence names it."""
    outputs: tuple[str, ...] = ()
    """What the program that it stands in calls its standard output, where that takes it over."""

    @cached_property
    def prints(self) -> str:
        """What the standard output of the program that it starts is called."""
        command = self.command
        key = (self.place, self.script, command.argv, command.env, command.cwd, command.line,
               command.stdin, command.pipeline, command.position)  # fmt: skip
        digest = hashlib.sha256(repr(key).encode("utf-8", "replace")).hexdigest()[:16]
        return f"stdout:{digest}"

    @property
    def quote(self) -> str:
        """The command, for evidence."""
        return quote(" ".join(self.command.argv))


@dataclass(frozen=True)
class Acted:
    """One program, started in one way."""

    program: Program
    start: Start
    reading: Reading
    ran: bool | None
    """``None`` where it can't be told whether it ran."""
    places: Places
    known: Callable[[str], bool]
    """Whether a file or folder of this name was made, or lies there."""
    perhaps: bool = False
    """Whether nothing says that it starts, and it may only be something that nothing tells."""

    def place(self, fact: Fact) -> Place:
        """Where a fact stands."""
        if fact.file:
            return Place(ours(fact.file, "", self.places), fact.line)
        if self.program.path and self.program.left:
            return Place(self.program.path, fact.line)
        return self.program.place

    def quote(self, fact: Fact) -> str:
        """The line of the program."""
        if fact.file:
            shown = f"{fact.what}({', '.join(fact.targets)})"
        else:
            lines = self._lines
            shown = lines[fact.line - 1].strip() if 0 < fact.line <= len(lines) else fact.what
        return quote(shown)

    @cached_property
    def _lines(self) -> list[str]:
        return self.program.text.split("\n")


def output_node(line: int, program: Program) -> str:
    """What the output of a command that a program starts in a line is called in the graph."""
    return f"output:{line}:{program.path or f'{program.place.file}:{program.place.line}'}"


@dataclass
class Study:
    """Everything that was read."""

    ran: list[Ran] = field(default_factory=list)
    acted: list[Acted] = field(default_factory=list)
    unread: list[tuple[Place, str]] = field(default_factory=list)
    """Programs that could not be parsed, and why."""
    unparsed: list[tuple[Place, str]] = field(default_factory=list)
    """Passages of shell that could not be."""
    text_of: Callable[[str, str], str | None] = lambda _path, _cwd: None
    """The text of a small file of the agent's, by the name that it gave it and its folder."""
