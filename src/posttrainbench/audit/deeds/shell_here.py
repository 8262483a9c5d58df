"""Reads a shell text in this process."""

from __future__ import annotations

from .command import Command, Commands
from .scope import DeepError, EnoughError, Scope, Work
from .shell_reading import Reading

LONGEST = 2_000_000
"""Characters of a text that are read."""


def read_here(
    text: str,
    cwd: str,
    args: tuple[str, ...] | None,
    env: tuple[tuple[str, str], ...],
    largest: int = LONGEST,
) -> Commands:
    """Read a text in this process.

    Raises:
        LargeError: something of more than ``largest`` bytes would have to be parsed.
    """
    work, out = Work(largest * 4), list[Command]()
    if len(text) > LONGEST:
        work.note(1, f"longer than {LONGEST} characters; the rest was left out")
    scope = Scope(cwd, args, dict(env), dict.fromkeys(name for name, _ in env))
    try:
        Reading(text[:LONGEST], work, out).run(scope)
    except EnoughError as enough:
        work.note(1, str(enough))
    except DeepError:
        work.note(1, "nested too deep")
    return Commands(tuple(out), tuple(work.notes), scope.cwd)
