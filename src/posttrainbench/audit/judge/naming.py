"""Names under which a judge sees the files of the judged.

No file keeps its own name: all get ``.txt`` behind it, and what begins with a dot begins with
``dot-``.  So nothing that a CLI looks for by its name is there, today's files (``AGENTS.md``,
``.claude/``, ``opencode.json``, ``.mcp.json`` ...) or tomorrow's.  A name that is long, strange or
speaks to its reader is replaced by a number; the listing has the original.
"""

from __future__ import annotations

import re

from .steering import speaks

SUFFIX = ".txt"
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+=-]{0,63}")
_DEEPEST = 12
_WORDS = re.compile(r"[._+=-]+")


class Names:
    """Gives every file of a tree a name of its own, always the same for the same order."""

    def __init__(self) -> None:
        self._folders: dict[tuple[str, ...], str] = {(): ""}
        self._used: set[str] = set()
        self._number = 0

    def of(self, path: str) -> str:
        """The name for the file at ``path``, which is relative and parted by ``/``."""
        *folders, name = path.split("/")
        if len(folders) > _DEEPEST:
            folders, name = [*folders[:_DEEPEST], "deeper"], ""
        parent = ""
        for depth in range(1, len(folders) + 1):
            key = tuple(folders[:depth])
            if key not in self._folders:
                self._folders[key] = f"{self._free(parent, folders[depth - 1], 'folder', '')}/"
            parent = self._folders[key]
        return self._free(parent, name, "file", SUFFIX)

    def _free(self, parent: str, name: str, kind: str, suffix: str) -> str:
        plain = neutral(name)
        wanted = f"{parent}{plain}{suffix}" if plain else ""
        while not wanted or wanted.lower() in self._used:
            self._number += 1
            wanted = f"{parent}{kind}-{self._number:04d}{suffix}"
        self._used.add(wanted.lower())
        return wanted


def neutral(name: str) -> str:
    """A plain name without a dot before it; empty where it must be replaced."""
    bare = name.lstrip(".")
    dots = len(name) - len(bare)
    words = _WORDS.sub(" ", bare.rpartition(".")[0] or bare)
    if dots > 1 or not _PLAIN.fullmatch(bare) or speaks(f"{words}:"):
        return ""
    return f"dot-{bare}" if dots else bare
