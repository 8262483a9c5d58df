"""Delete a tree that a hostile program made, however deep, locked or oddly named it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .opening import unlock
from .quoting import shown_name
from .walk import Node, Walk


@dataclass
class Erased:
    """What was deleted, and what withstood."""

    files: int = 0
    size: int = 0
    """Bytes that the deleted files took on the disk."""
    failures: list[str] = field(default_factory=list)


def erase_below(root: Path, doomed: Callable[[Node], bool]) -> Erased:
    """Delete everything below ``root`` that ``doomed`` names; never follows a symlink.

    A folder goes when it is doomed and nothing is left in it, so a rule that names a folder must
    name what is in it, too.
    """
    done = Erased()
    folders: set[tuple[int, int]] = set()

    def leave(parent: int, name: str, identity: tuple[int, int]) -> None:
        if identity in folders:
            folders.discard(identity)
            _remove(parent, name, os.rmdir, done)

    for node in (walk := Walk(root, max_path=None, leave=leave, unlock=True, max_entries=1 << 40)):
        if not doomed(node):
            continue
        if node.kind == "folder":
            folders.add((node.status.st_dev, node.status.st_ino))
        elif _remove(node.parent, node.name, os.unlink, done):
            done.files += 1
            done.size += node.status.st_blocks * 512
    done.failures += walk.gaps
    return done


def erase(folder: Path) -> Erased:
    """Delete ``folder`` itself with everything in it; ``failures`` says what could not be."""
    done = erase_below(folder, lambda _node: True)
    try:
        folder.rmdir()
    except OSError as error:
        done.failures.append(f"{folder}: {error.strerror}")
    return done


def _remove(parent: int, name: str, remove: Callable[..., None], done: Erased) -> bool:
    for last in (False, True):
        try:
            remove(name, dir_fd=parent)
            return True
        except OSError as error:
            # A folder whose owner may not write to it: we are that owner.
            if last or not unlock(".", parent):
                if len(done.failures) < 100:
                    done.failures.append(f"{shown_name(name)}: {error.strerror}")
                return False
    return False
