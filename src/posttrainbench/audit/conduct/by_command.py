"""What single commands change: which files, and how."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

from ..deeds.command import Command
from ..deeds.substitutions import sed_in_place

How = Literal["write", "copy", "delete"]
_COPIES = frozenset({"cp", "mv", "ln", "rsync", "install"})
_DOWNLOADS = {"curl": ("-o", "--output"), "wget": ("-O", "--output-document")}
_HEADER = re.compile(r"^\+\+\+ (?:[ab]/)?([^\t\n]+)|^--- (?:[ab]/)?([^\t\n]+)", re.MULTILINE)
_MOST = 200


class Touched(NamedTuple):
    """One file or folder, as the command names it."""

    path: str
    how: How
    source: str = ""
    """``copy``: where it comes from."""


def touched(command: Command) -> Iterator[Touched]:
    """All files that a command changes, or is to change."""
    for redirect in command.redirects:
        if redirect.writes:
            yield Touched(redirect.target, "write")
    name, args = command.name, command.argv[1:]
    words = [word for word in args if not word.startswith("-")]
    if name in ("tee", "touch", "truncate", "sponge", "ed", "ex"):
        yield from _written(words)
    elif name == "sed":
        changed = sed_in_place(args)
        yield from _written(changed[1] if changed is not None else [])
    elif name in ("perl", "ruby") and any(_in_place(word) for word in args):
        yield from _written(words[1:] or words)
    elif name in ("awk", "gawk") and "inplace" in args:
        yield from _written([word for word in words if word != "inplace"][1:])
    elif name in _COPIES and len(words) > 1:
        yield from _copied(name, words)
    elif name in ("rm", "shred", "unlink"):
        yield from (Touched(word, "delete") for word in words)
    elif name == "dd":
        yield from _written([word[3:] for word in words if word.startswith("of=")])
    elif name in _DOWNLOADS:
        yield from _written(_values(args, _DOWNLOADS[name]))


def patched(command: Command) -> tuple[str, str] | None:
    """Which patch a command applies.

    Returns:
        Its file, or its text; ``None`` for another command.
    """
    args = command.argv[1:]
    words = [word for word in args if not word.startswith("-")]
    if command.name == "git" and words[:1] == ["apply"]:
        words = words[1:]
    elif command.name == "patch":
        words = _values(args, ("-i", "--input")) or words[1:]
    else:
        return None
    if words:
        return words[0], ""
    incoming = [one.target for one in command.redirects if one.op == "<"]
    sources = (*incoming, *command.sources)
    return sources[0] if sources else "", command.stdin or ""


def files_of(patch: str) -> list[str]:
    """The files that a patch in the usual format is about."""
    names = (first or second for first, second in _HEADER.findall(patch))
    return list(dict.fromkeys(name.strip() for name in names if name != "/dev/null"))[:_MOST]


def _written(words: list[str]) -> Iterator[Touched]:
    for word in words:
        yield Touched(word, "write")


def _in_place(word: str) -> bool:
    """``-i``, ``-pi``, ``-i.bak``, but not the name of a module or a folder."""
    letters = word[1:].partition(".")[0] if word.startswith("-") else ""
    return "i" in letters and letters.isalpha() and len(letters) < 5 and letters[0] not in "IMm"


def _copied(name: str, words: list[str]) -> Iterator[Touched]:
    target = words[-1]
    for source in words[:-1]:
        yield Touched(target, "copy", source)
        if target.endswith(("/", ".")) or "." not in posixpath.basename(target):
            yield Touched(posixpath.join(target, posixpath.basename(source)), "copy", source)
        if name == "mv":
            yield Touched(source, "delete")


def _values(args: tuple[str, ...], flags: tuple[str, ...]) -> list[str]:
    """The words after some options."""
    found = [after for flag, after in pairwise(args) if flag in flags]
    joined = (word.partition("=") for word in args)
    return found + [value for flag, _, value in joined if value and flag in flags]
