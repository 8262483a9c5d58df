"""Printing for people: one console, and a reporter that shows stages as they pass."""

from __future__ import annotations

import sys
import time
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from ..sandboxes import Sandbox


@cache
def console() -> Console:
    """Standard output; wide enough for tables when it is not a terminal."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def printable(text: str) -> str:
    """Hostile text for a terminal, as rich's ``Text`` takes it: control characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def safe(text: str) -> str:
    """Hostile text within rich markup: control characters escaped, markup inert."""
    from rich.markup import escape

    return escape(printable(text))


def warn_if_open(sandbox: Sandbox) -> None:
    """A banner where the agent is not kept from other files."""
    if not sandbox.isolates_files:
        console().print(
            f"[bold yellow]WARNING[/] [yellow]the sandbox {safe(sandbox.name)!r} does not isolate "
            "files: the agent can read and change everything that you can. Install bubblewrap to "
            "confine it.[/]"
        )


class TerminalReporter:
    """Stages as lines; progress as a spinner on a terminal, as a rare line elsewhere."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = f"{prefix:18s}" if prefix else ""
        self._status: Status | None = None
        self._stage = ""
        self._last_line = 0.0

    def stage(self, name: str, state: str, detail: str = "") -> None:
        """Print what became of a stage."""
        self._stage = name
        if state == "started":
            self._last_line = time.monotonic()
            if console().is_terminal:
                self._spin(f"{self._prefix}{name}")
            return
        self._stop()
        mark = {"done": "[green]✓[/]", "failed": "[red]✗[/]"}.get(state, "·")
        console().print(f"{self._prefix}{mark} {name:<9} [dim]{safe(detail)}[/]")

    def progress(self, text: str) -> None:
        """Show what is going on within a stage."""
        line = f"{self._prefix}{self._stage}{': ' if self._stage else ''}{safe(text)}"
        if console().is_terminal:
            self._spin(line)
        elif time.monotonic() - self._last_line > 20:
            self._last_line = time.monotonic()
            console().print(f"[dim]{line}[/]")

    def _spin(self, line: str) -> None:
        if self._status is None:
            self._status = console().status(line)
            self._status.start()
        self._status.update(line)

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._stop()
