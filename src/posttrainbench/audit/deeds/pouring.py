"""Programs that are poured through filters: ``sed s/a/b/ t.py > u.py``, ``head -99 t.py | python``.

What comes out is a program of its own, which no file may hold any more when the run is over.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .command import Command
from .substitutions import sed_in_place, substituted

POURED = (".py", ".pyw", ".sh", ".bash")
"""Names of files that are followed: programs, and no data."""
_READERS = frozenset({"cat", "head", "tail", "sed", "tee", "cp", "mv", "install", "rsync", "dd"})
_SHOWING = ("cat", "head", "tail", "sed")
_COUNT = re.compile(r"-n?(\d{1,9})|-n|--lines=(\d{1,9})")
_SUBSTITUTED = re.compile(r"[$<]\((?:cat\s+|<\s*)([\w./~-]+)\s*\)")
_HOW = ("-E", "-r", "-u", "-s", "-e")

TextOf = Callable[[str], str | None]
"""The whole text of a file of a command, by the name that it is called in it."""


def read_by(command: Command) -> list[str]:
    """Programs that a command passes on or copies."""
    if command.name not in _READERS or (command.name == "sed" and sed_in_place(command.argv[1:])):
        return []
    goes_on = command.pipeline or any(sign.takes_stdout for sign in command.redirects)
    if command.name in _SHOWING and not goes_on:
        return []
    words = [word.removeprefix("if=") for word in command.argv[1:]]
    words += [sign.target for sign in command.redirects if sign.op == "<"]
    return [word for word in (*words, *command.sources) if word.endswith(POURED)]


def poured(command: Command, came: str | None, text_of: TextOf) -> str | None:
    """What a filter prints; ``None`` where that can't be told.

    Args:
        came: what the command before it in the pipeline prints.
    """
    name, args = command.name, list(command.argv[1:])
    if name == "sed":
        return _edited(tuple(args), command, came, text_of)
    files = [arg for arg in args if arg.endswith(POURED)]
    options = [arg for arg in args if arg not in files]
    if name == "cat" and not options:
        return _whole(files, command, came, text_of)
    if name == "tee":
        return _whole([], command, came, text_of)
    if name not in ("head", "tail"):
        return None
    text = _whole(files, command, came, text_of)
    count = _count(options)
    if text is None or count is None:
        return None
    lines = text.splitlines(keepends=True)
    return "".join(lines[:count] if name == "head" else lines[-count:] if count else [])


def file_within(word: str) -> str:
    """The file of ``$(cat t.py)`` and ``<(cat t.py)``; empty for any other word."""
    found = _SUBSTITUTED.fullmatch(word.strip())
    return found[1] if found else ""


def _whole(files: list[str], command: Command, came: str | None, text_of: TextOf) -> str | None:
    if not files:
        files = [sign.target for sign in command.redirects if sign.op == "<"]
        files = files or list(command.sources)
        if not files:
            return command.stdin if command.stdin is not None else came
    texts = [text_of(file) if file.endswith(POURED) else None for file in files[:50]]
    return None if None in texts else "".join(text for text in texts if text is not None)


def _edited(
    args: tuple[str, ...], command: Command, came: str | None, text_of: TextOf
) -> str | None:
    if any(arg.startswith("-") and len(arg) > 1 and arg not in _HOW for arg in args):
        return None
    scripts, files = sed_in_place(("-i", *args)) or ([], [])
    text = _whole(files, command, came, text_of)
    return None if text is None else substituted(text, scripts)


def _count(options: list[str]) -> int | None:
    """How many lines; ``None`` where other things are asked for."""
    if not options:
        return 10
    found = _COUNT.fullmatch(options[0])
    if found is None or len(options) > 2:
        return None
    if options[0] == "-n":
        return int(options[1]) if len(options) > 1 and options[1].isdecimal() else None
    return int(found[1] or found[2]) if len(options) == 1 else None
