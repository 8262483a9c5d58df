"""What a piece of shell would run: simple commands, in order, with all that is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import basename


@dataclass(frozen=True, slots=True)
class Redirect:
    """``> file`` and its kin; heredocs and here-strings stand in ``Command.stdin``."""

    op: str
    """``>``, ``>>``, ``>|``, ``&>``, ``&>>``, ``<``, ``<>``, ``>&``, ``<&``."""
    target: str
    fd: int | None = None
    """The descriptor, where one is named."""

    @property
    def writes(self) -> bool:
        """Whether a file is written (and not a descriptor copied, or a file read)."""
        copies = self.op == ">&" and (self.target.isdigit() or self.target == "-")
        return ">" in self.op and not copies

    @property
    def takes_stdout(self) -> bool:
        """Whether what the command prints goes into the file."""
        return self.writes and self.fd in (None, 1) and self.op != "<>"


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command.

    Wrappers (``nohup timeout 5 python f.py``) are taken off: ``argv`` is ``python f.py``.  What a
    command runs in turn (``bash -c``, ``xargs``, ``find -exec``) follows as commands of its own.
    """

    argv: tuple[str, ...]
    """Quotes and escapes resolved; an expansion whose value is not known stands as it was written
    (``$X``, ``$(date)``).  Empty for a bare redirection (``> file``)."""
    line: int = 1
    """Where it stands in the text."""
    env: tuple[tuple[str, str], ...] = ()
    """Assignments before the command, of ``env``, and variables exported earlier."""
    redirects: tuple[Redirect, ...] = ()
    stdin: str | None = None
    """Text that comes in by heredoc, here-string, or a pipe from a command with known output."""
    stdout: str | None = None
    """Text that it prints, where the command alone tells: echo, printf, cat of a heredoc."""
    sources: tuple[str, ...] = ()
    """Files whose content comes in, by ``<`` or a pipe from ``cat``."""
    wrappers: tuple[str, ...] = ()
    """Names of what was taken off, outermost first: ``nohup``, ``timeout``, ``uv run``."""
    inside: tuple[str, ...] = ()
    """What it stands in, outermost first: ``bash -c``, ``eval``, ``xargs``, ``find -exec``,
    ``ssh``, ``$()``, ``()``, ``loop``, ``if``, ``function NAME``."""
    cwd: str = ""
    """The folder where it runs, as far as ``cd`` tells; empty when nothing tells."""
    background: bool = False
    pipeline: int = 0
    """The same number for all commands of a pipeline; 0 for one that stands alone."""
    position: int = 0
    """In its pipeline, from 0."""
    literal: bool = True
    """``False`` when an expansion in its words or input could not be resolved."""

    @property
    def name(self) -> str:
        """What runs, without its folder: ``python`` for ``/usr/bin/python``."""
        return basename(self.argv[0]) if self.argv else ""


@dataclass(frozen=True, slots=True)
class Commands:
    """All commands of one text."""

    all: tuple[Command, ...] = ()
    unparsed: tuple[tuple[int, str], ...] = ()
    """(line, what) of passages that could not be understood, or were left out by a bound."""
    cwd: str = ""
    """The folder at the end of the text."""
