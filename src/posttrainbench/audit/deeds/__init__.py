"""What the agent did, step by step, in one vocabulary for all CLIs; and the programs it wrote.

Everything here is read from what the agent's CLI printed and from the files that it left.  A trace
tells much and not all: commands of a sub-agent may be missing, a CLI may not show what it wrote,
and a program may do what its text does not say.  So absence of a deed proves nothing;
``Deeds.gaps`` says what is known to be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DeedKind = Literal["shell", "write", "edit", "delete", "read", "fetch", "search", "other"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person finds it."""

    file: str
    """``attempts/001.output.jsonl``, or a file below ``workspace/`` or ``scratch/``."""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Deed:
    """One tool call of the agent."""

    place: Place
    """The line of the output file where the call stands."""
    attempt: int
    kind: DeedKind
    text: str = ""
    """``shell``: the command.  ``write``: the new content.  ``edit``: the new text of the passage.
    ``fetch``: the address.  ``search``: the words.  ``other``: the tool and its arguments."""
    path: str = ""
    """Of the file, as the agent named it, made absolute by the call's working folder if told."""
    old: str = ""
    """``edit``: the passage that was replaced; empty where the CLI does not tell."""
    content_told: bool = True
    """``False`` where a CLI says that a file was written, but not what (codex' file changes)."""
    output: str = ""
    """What came back: the first and last characters, at most ``OUTPUT`` of them."""
    exit_code: int | None = None
    failed: bool = False
    sub_agent: bool = False
    cwd: str = ""
    """``shell``: the folder where the command began; empty for the workspace, or not known."""
    everywhere: bool = False
    """``edit``: every occurrence of ``old`` was replaced, not the only one."""


OUTPUT = 16_000


@dataclass(frozen=True)
class Deeds:
    """All deeds of a run, in order."""

    all: tuple[Deed, ...] = ()
    told: bool = False
    """Whether the agent's output tells its tool calls at all; a plain program's does not."""
    gaps: tuple[str, ...] = ()
    """What is known to be missing, in words: dropped output, cut lines, sub-agents unseen."""


Language = Literal["python", "shell"]


@dataclass(frozen=True)
class Program:
    """A piece of code that the agent left in a file, wrote at some time, or ran inline.

    A file that changed is several programs: each text that the trace tells, and the last one as it
    lies on the disk.  Notebooks are the Python of their cells, magics taken out.
    """

    place: Place
    language: Language
    text: str
    path: str = ""
    """Where it lies, as evidence names it (``workspace/train.py``); empty for inline code."""
    left: bool = False
    """Whether it still lies there at the end."""
    runs: tuple[Place, ...] = ()
    """Commands of the trace that ran it; inline code is its own run."""
    whole: bool = True
    """``False`` when only a passage of the file is told, as by an edit of a file never shown."""
    written: Place | None = None
    """Where the trace tells this text, when ``place`` is the file itself."""


@dataclass(frozen=True)
class Programs:
    """All programs of a run that could be read."""

    all: tuple[Program, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    """(file, why) of programs that could not be read or parsed."""
    runs_told: bool = False
    """Whether the trace tells which programs ran: then one without ``runs`` was not started by
    name from the agent's shell (it may be imported by one that was)."""
