"""Walk through a folder that a hostile program has filled.

Nothing is followed: every name is looked up relative to an open folder, and a symlink is only
listed.  There is no recursion, and one descriptor is open at a time, so that a tree of ten
thousand levels costs neither stack nor descriptors.  The way up is ``..``, checked against the
folder we came from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from .opening import FOLDER, Kind, identity, kind_of, open_folder, open_regular, unlock
from .quoting import shown_name

MAX_ENTRIES = 1_000_000
MAX_PATH = 4096
"""Bytes of the longest relative path that is entered; no ordinary program reaches beyond either."""


@dataclass(frozen=True)
class Node:
    """One path; ``path``, ``open`` and ``readlink`` work until the walk goes on."""

    name: str
    """Bytes that are no UTF-8 stand as surrogates."""
    kind: Kind
    status: os.stat_result
    parent: int
    """Descriptor of the folder that holds it."""
    depth: int
    """0 for what lies directly in the root."""
    walk: Walk

    @property
    def path(self) -> str:
        """The path relative to the root of the walk."""
        return self.walk.path_of(self.name)

    def open(self) -> int:
        """A descriptor for reading the regular file.

        Raises:
            OSError: it cannot be opened, or it is no regular file any more.
        """
        return open_regular(self.name, self.parent)

    def readlink(self) -> str:
        """Where the symlink points, as text; ``?`` when it cannot be read."""
        try:
            return os.readlink(self.name, dir_fd=self.parent)
        except OSError:
            return "?"


@dataclass
class _Frame:
    name: str
    names: Iterator[str]
    identity: tuple[int, int]
    path_bytes: int


@dataclass
class Walk:
    """Iterate over everything below ``root``, folders before their content, names in order.

    Args:
        root: a folder; itself it must not be a symlink.
        max_entries: how many paths are listed at most.
        max_path: longest relative path in bytes that is entered; ``None`` enters all.
        leave: called with (descriptor of the parent, name, identity) when a folder was walked.
        unlock: open folders up that their owner has locked (changes their mode).

    ``gaps`` says in words what was not seen; it is complete when the iteration is over.
    """

    root: Path
    max_entries: int = MAX_ENTRIES
    max_path: int | None = MAX_PATH
    leave: Callable[[int, str, tuple[int, int]], None] | None = None
    unlock: bool = False
    gaps: list[str] = field(default_factory=list)
    _stack: list[_Frame] = field(default_factory=list)
    _left: int = 0

    def __iter__(self) -> Iterator[Node]:
        self._stack, self._left = [], self.max_entries
        try:
            current = os.open(self.root, FOLDER)
        except OSError as error:
            self.gaps.append(f"{self.root}: {error.strerror}")
            return
        try:
            self._stack.append(self._frame("", current, 0))
            while self._stack:
                name = next(self._stack[-1].names, None)
                if name is None:
                    current = self._ascend(current)
                elif node := self._node(name, current):
                    yield node
                    if node.kind == "folder":
                        current = self._descend(name, current)
        except _LostWayError as lost:
            self.gaps.append(
                f"{shown_name(str(lost))}: cannot be entered again; the rest is unseen"
            )
        finally:
            os.close(current)

    def _node(self, name: str, current: int) -> Node | None:
        try:
            status = os.stat(name, dir_fd=current, follow_symlinks=False)
        except OSError as error:
            self._gap(self.path_of(name), error.strerror or "unreadable")
            return None
        return Node(name, kind_of(status), status, current, len(self._stack) - 1, self)

    def _descend(self, name: str, current: int) -> int:
        length = self._stack[-1].path_bytes + len(os.fsencode(name)) + 1
        if self.max_path is not None and length > self.max_path:
            self._gap(self.path_of(name), f"folders nested beyond {self.max_path} bytes of path")
            return current
        try:
            if self.unlock and not os.access(name, os.R_OK | os.X_OK, dir_fd=current):
                unlock(name, current)
            below = os.open(name, FOLDER, dir_fd=current)
        except OSError as error:
            self._gap(self.path_of(name), error.strerror or "unreadable")
            return current
        self._stack.append(self._frame(name, below, length))
        os.close(current)
        return below

    def _frame(self, name: str, descriptor: int, path_bytes: int) -> _Frame:
        status = os.fstat(descriptor)
        names: list[str] = []
        try:
            with os.scandir(descriptor) as entries:
                names = sorted(entry.name for entry in islice(entries, self._left + 1))
        except OSError as error:
            self._gap(name, error.strerror or "unreadable")
        if len(names) > self._left:
            self.gaps.append(f"more than {self.max_entries} paths; the rest was not looked at")
            names = names[: self._left]
        self._left -= len(names)
        return _Frame(name, iter(names), (status.st_dev, status.st_ino), path_bytes)

    def _ascend(self, current: int) -> int:
        done = self._stack.pop()
        if not self._stack:
            return current
        try:
            parent = os.open("..", FOLDER, dir_fd=current)
        except OSError:
            parent = -1
        if parent < 0 or identity(parent) != self._stack[-1].identity:
            if parent >= 0:
                os.close(parent)
            parent = self._reopen()
        if self.leave:
            self.leave(parent, done.name, done.identity)
        os.close(current)
        return parent

    def _reopen(self) -> int:
        """The folder on top of the stack, step by step from the root: for locked folders."""
        try:
            return open_folder(self.root, [frame.name for frame in self._stack[1:]])
        except OSError as error:
            raise _LostWayError(self.path_of("")) from error

    def path_of(self, name: str) -> str:
        """The relative path of ``name`` in the folder where the walk is now."""
        return "/".join([frame.name for frame in self._stack[1:]] + [name])

    def _gap(self, path: str, why: str) -> None:
        if len(self.gaps) < 100:
            self.gaps.append(f"{shown_name(path)}: {why}")


class _LostWayError(Exception):
    """The folder above cannot be opened any more."""
