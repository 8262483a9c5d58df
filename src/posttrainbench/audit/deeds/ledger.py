"""Which text each file held at which time, as far as a trace tells."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from . import Language, Place

MOST_VERSIONS = 200_000
MOST_RUNS = 1000
"""Runs of one text that are kept."""
_MOST_LINKS = 1000
_LONGEST = 2_000_000
MOST_TEXT = 500_000_000
_MOST_FOLDERS = 64
_MOST_LOOKED = 50_000_000

MoveKind = Literal["move", "copy", "link"]


@dataclass(frozen=True)
class Move:
    """A file or folder got another name; both as evidence names them."""

    place: Place
    kind: MoveKind
    source: str
    target: str


@dataclass(slots=True, eq=False)
class Version:
    """One text of one file."""

    path: str
    place: Place
    text: str | None
    """``None``: it was written, and the trace does not tell what."""
    whole: bool = True
    """Whether ``text`` is all of it, and nothing in it was left to guess."""
    runs: list[Place] = field(default_factory=list)
    language: Language | None = None
    """That it was run as."""
    ended: Place | None = None
    """The first deed that deleted, moved away or overwrote it."""
    guessed: bool = False
    """Whether the trace does not tell it, and it is what lies there in the end."""
    lasts: bool = True
    """Whether it is the file's last text, for all that the trace tells."""

    def ran(self, place: Place, language: Language | None) -> None:
        """It was started."""
        if len(self.runs) < MOST_RUNS and place not in self.runs[-1:]:
            self.runs.append(place)
        self.language = self.language or language


class Ledger:
    """All versions of all files, and what is where now."""

    def __init__(self, is_folder: Callable[[str], bool]) -> None:
        """Begin with nothing known; ``is_folder`` asks the disk."""
        self.versions: list[Version] = []
        self.moves: list[Move] = []
        self.now: dict[str, Version] = {}
        self.gaps: list[str] = []
        self.size = 0
        """Characters of all texts that were written."""
        self._links: dict[str, str] = {}
        self._folders: Counter[str] = Counter()
        """How many files lie below each folder now."""
        self._looked = 0
        self._is_folder = is_folder

    def real(self, path: str) -> str:
        """A path with the symlinks followed that the trace has set."""
        for _ in range(8):
            if not self._links:
                break
            parts = path.split("/")
            for count in range(len(parts), 0, -1):
                head = "/".join(parts[:count])
                if head in self._links:
                    path = "/".join([self._links[head], *parts[count:]])
                    break
            else:
                break
        return path[:4096]

    def write(self, path: str, place: Place, text: str | None, *, whole: bool = True) -> None:
        """A file gets a new text."""
        path = self.real(path)
        before = self.now.get(path)
        if before is not None and before.text is not None and before.text == text:
            before.whole = before.whole or whole
            return
        self._end(path, place)
        if len(self.versions) >= MOST_VERSIONS:
            self.gap("more writes than are followed")
            return
        if text is not None:
            text = text[:_LONGEST]
            self.size += len(text)
            if self.size > MOST_TEXT:
                self.gap("more text was written than is followed")
                text = None
        version = Version(path, place, text, whole)
        self.versions.append(version)
        self.now[path] = version
        self._folders.update(_folders(path))

    def guess(self, path: str, place: Place, text: str) -> None:
        """A file of which nothing was told yet: most likely it holds what lies there in the end."""
        self.write(path, place, text)
        if path in self.now:
            self.now[path].guessed = True

    def append(self, path: str, place: Place, text: str | None, *, whole: bool = True) -> None:
        """A file grows."""
        before = self._sure(self.real(path))
        if text is None:
            self.write(path, place, None)
        elif before is not None and before.text is not None:
            if before.runs or self.size + len(before.text) > MOST_TEXT:
                self.write(path, place, before.text + text, whole=whole and before.whole)
                return
            # Nobody used the shorter text: the longer one stands for both.
            self.size += len(before.text) + len(text)
            before.text = (before.text + text)[:_LONGEST]
            before.whole = before.whole and whole
        else:
            self.write(path, place, text, whole=False)

    def edit(self, path: str, place: Place, old: str, new: str, *, everywhere: bool) -> None:
        """A passage of a file is replaced."""
        path = self.real(path)
        before = self._sure(path)
        text = before.text if before is not None and before.whole else None
        if not old and (before is None or text == ""):
            self.write(path, place, new)
        elif old and text is not None and old in text:
            self.write(path, place, text.replace(old, new, -1 if everywhere else 1))
        else:
            self.write(path, place, new, whole=False)

    def change(self, path: str, place: Place, how: Callable[[str], str | None]) -> None:
        """A file is changed by a rule; ``how`` gives the new text, or ``None`` if it cannot."""
        path = self.real(path)
        before = self._sure(path)
        known = before is not None and before.whole and before.text is not None
        self.write(path, place, how(before.text or "") if known and before else None)

    def _sure(self, path: str) -> Version | None:
        """What a file holds, where the trace tells it: a guess is what it holds after a change."""
        version = self.now.get(path)
        return None if version is not None and version.guessed else version

    def delete(self, path: str, place: Place) -> None:
        """A file or folder is gone; ``path`` may be a pattern."""
        if path in self._links:
            del self._links[path]
            return
        for name in self.below(self.real(path)):
            self._end(name, place)

    def move(self, kind: MoveKind, source: str, target: str, place: Place, *, into: bool) -> None:
        """A file or folder gets another name, or a second one.

        Args:
            into: whether the target is told to be a folder.
        """
        if kind == "link":
            if into or self.holds(target):
                target = posixpath.join(target, posixpath.basename(source))
            if len(self._links) < _MOST_LINKS and source != target:
                self._links[target] = source
            self._told(Move(place, kind, source, target))
            return
        names = self.below(self.real(source))
        if into or self.holds(target):
            target = posixpath.join(target, posixpath.basename(source))
        self._told(Move(place, kind, source, target))
        for name in names:
            before = self.now[name]
            rest = name[len(self.real(source)) :] if name.startswith(self.real(source)) else ""
            if kind == "move":
                self._end(name, place)
            self.write(target + rest, place, before.text, whole=before.whole)

    def holds(self, path: str) -> bool:
        """Whether a path is a folder, by the disk or by what was written into it."""
        real = self.real(path).rstrip("/")
        return self._folders[real] > 0 or self._is_folder(real)

    def below(self, path: str) -> list[str]:
        """Files that are there now, at a path, below it, or matching it as a pattern."""
        path = path.rstrip("/")
        pattern = any(sign in path for sign in "*?[")
        if not pattern and (path in self.now or not self._folders[path]):
            return [path] if path in self.now else []
        self._looked += len(self.now)
        if self._looked > _MOST_LOOKED:
            self.gap("too many changes of whole folders; not all were followed")
            return []
        stem = f"{path}/"
        if not pattern:
            return [name for name in self.now if name.startswith(stem)]
        match = re.compile(f"(?:{fnmatch.translate(path)}|{fnmatch.translate(path + '/*')})").match
        return [name for name in self.now if match(name)]

    def gap(self, what: str) -> None:
        """Something is not followed."""
        if what not in self.gaps:
            self.gaps.append(what)

    def _told(self, move: Move) -> None:
        if len(self.moves) < MOST_VERSIONS:
            self.moves.append(move)

    def _end(self, path: str, place: Place) -> None:
        before = self.now.pop(path, None)
        if before is not None:
            before.ended, before.lasts = before.ended or place, False
            self._folders.subtract(_folders(path))


def _folders(path: str) -> list[str]:
    """The folders above a file, the nearest of very many."""
    found: list[str] = []
    while (cut := path.rfind("/")) > 0 and len(found) < _MOST_FOLDERS:
        path = path[:cut]
        found.append(path)
    return found
