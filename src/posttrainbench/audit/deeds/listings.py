"""What ``ls``, ``find`` and their kin print, as far as their words tell: patterns stay patterns."""

from __future__ import annotations

import posixpath
from itertools import islice

_MOST = 100
_ORDER = frozenset("1dtrSvUcuaAX")
"""Options of ``ls`` that leave the names as they are."""
_FILES = (".py", ".sh", ".ipynb", ".json", ".jsonl", ".csv", ".txt", ".parquet", ".yaml", ".yml")
"""Endings that no folder has."""
_TESTS = frozenset({
    "-name", "-iname", "-type", "-maxdepth", "-mindepth", "-size", "-mtime", "-newer", "-mmin",
})  # fmt: skip


def paths_printed(name: str, args: list[str]) -> str | None:
    """The paths that a command prints, one a line; ``None`` where that is not told."""
    if name == "ls":
        return _lines(_listed(args))
    if name == "find":
        return _lines(_found(args))
    words = [arg for arg in args if not arg.startswith("-")]
    if not words:
        return None
    if name == "dirname":
        return _lines([posixpath.dirname(word.rstrip("/")) or "." for word in words])
    if name == "basename":
        last = posixpath.basename(words[0].rstrip("/"))
        return _lines([last.removesuffix(words[1]) if len(words) > 1 else last])
    if name == "readlink" and len(words) == len(args):
        return None  # one link's text, and not where it leads
    return _lines(words)


def _listed(args: list[str]) -> list[str]:
    """Names that ``ls`` prints just as they were given."""
    letters = "".join(arg[1:] for arg in args if arg.startswith("-"))
    words = [arg for arg in args if not arg.startswith("-")]
    if not set(letters) <= _ORDER:
        return []
    files = all(
        "." in posixpath.basename(word) and ("*" in word or word.endswith(_FILES)) for word in words
    )
    return [word.rstrip("/") for word in words] if "d" in letters or files else []


def _found(args: list[str]) -> list[str]:
    folders: list[str] = []
    names: list[str] = []
    place = 0
    while place < len(args):
        word = args[place]
        if word in _TESTS and place + 1 < len(args):
            names += [args[place + 1]] if word.endswith("name") else []
            place += 1
        elif word.startswith("-") and word not in ("-print", "-L", "-follow"):
            return []
        elif not word.startswith("-"):
            folders.append(word.rstrip("/") or "/")
        place += 1
    ends = [end for name in names for end in ((name,) if "*" in name[:1] else (name, f"*/{name}"))]
    found = (f"{folder}/{end}" for folder in folders or ["."] for end in ends or ["*"])
    return list(islice(found, _MOST))


def _lines(words: list[str]) -> str | None:
    return "".join(f"{word}\n" for word in words) if words else None
