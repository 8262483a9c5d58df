"""Shell text, read by a parser: which commands would it run, with which words?

``commands(text)`` gives every simple command, also those in branches that may not be taken, in
loops (unrolled over literal words), functions (at their calls), substitutions, ``bash -c '...'``,
``eval``, ``xargs`` and ``find -exec``.  Nothing is run or looked up; the text may be garbage.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from . import Deed, Deeds
from .command import Command, Commands, Redirect
from .scope import MOST_COMMANDS, LargeError
from .shell_apart import Helper
from .shell_here import LONGEST, read_here
from .shell_text import crude_lines

__all__ = ["LONGEST", "Command", "Commands", "Redirect", "commands", "commands_of", "ran"]

SMALL = 1000
"""Characters of a text, without its heredocs, that is harmless to parse whatever it holds."""
_KEPT = 20_000
"""Texts up to this length are remembered: several checks ask for the same ones."""


def commands(
    text: str,
    cwd: str = "",
    args: tuple[str, ...] | None = None,
    env: tuple[tuple[str, str], ...] = (),
) -> Commands:
    """The commands of a shell text.

    Args:
        cwd: the folder where it begins.
        args: positional parameters, ``$1`` first; ``None`` where they are not known.
        env: variables that are known before.
    """
    if len(text) <= _KEPT:
        return _remembered(text, cwd, args, env)
    return _read(text, cwd, args, env)


def commands_of(deed: Deed) -> Commands:
    """The commands of a shell deed, from its own folder; empty for any other."""
    return commands(deed.text, deed.cwd) if deed.kind == "shell" else Commands()


def ran(deeds: Deeds) -> Iterator[tuple[Deed, Command]]:
    """Every command that the agent ran from its shell tool, with the deed where it stands."""
    for deed in deeds.all:
        for command in commands_of(deed).all:
            yield deed, command


def _read(
    text: str, cwd: str, args: tuple[str, ...] | None, env: tuple[tuple[str, str], ...]
) -> Commands:
    try:
        return read_here(text, cwd, args, env, SMALL)
    except LargeError:
        found = _helper.read(text, cwd, args, env)
    if found is not None:
        return found
    words = islice(crude_lines(text), MOST_COMMANDS)
    told = (
        Command(tuple(argv), line, inside=("unparsed",), cwd=cwd, literal=False)
        for line, argv in words
    )
    return Commands(tuple(told), ((1, f"{text[:80]}: not understood within bounds"),), cwd)


_helper = Helper()
_remembered = lru_cache(maxsize=4096)(_read)
