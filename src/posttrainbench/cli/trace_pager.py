"""Long output through the person's pager, as it comes and in colour."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rich.console import Console


class _PagerClosedError(Exception):
    """The person has seen enough."""


@contextmanager
def paged(terminal: Console, *, wanted: bool) -> Iterator[Console]:
    """A console whose output goes to ``$PAGER`` (default: less) where stdout is a terminal."""
    pager = _start() if wanted and sys.stdout.isatty() else None
    if pager is None or pager.stdin is None:
        yield terminal
        return
    try:
        yield _console(TextIOWrapper(pager.stdin, encoding="utf-8", write_through=True), terminal)
    except (_PagerClosedError, KeyboardInterrupt):
        pass
    finally:
        _finish(pager)


def _start() -> subprocess.Popen[bytes] | None:
    try:
        command = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    except ValueError:  # a quote that is never closed
        return None
    if shutil.which(command[0]) is None:
        return None
    # -R shows colours; without a wish of the person a short text also needs no pager.
    less = f"{os.environ.get('LESS') or '-F -X'} -R"
    return subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, "LESS": less})


def _console(pipe: IO[str], terminal: Console) -> Console:
    from rich.console import Console

    class PagerConsole(Console):
        def on_broken_pipe(self) -> NoReturn:
            raise _PagerClosedError

    return PagerConsole(
        file=pipe,
        width=terminal.width,
        force_terminal=True,
        no_color=terminal.no_color,
        highlight=False,
    )


def _finish(pager: subprocess.Popen[bytes]) -> None:
    """Wait until the person leaves the pager; Ctrl-C is for it, not for us."""
    try:
        if pager.stdin is not None:
            pager.stdin.close()
    except OSError:
        pass
    while True:
        try:
            pager.wait()
            return
        except KeyboardInterrupt:
            continue
