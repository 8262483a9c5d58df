"""Open what a hostile program left behind: no link followed, no fifo waited for, nothing run."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from .quoting import shown_name

Kind = Literal["file", "folder", "symlink", "other"]

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def kind_of(status: os.stat_result) -> Kind:
    """File, folder, symlink, or anything else (fifo, socket, device)."""
    if stat.S_ISREG(status.st_mode):
        return "file"
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    return "symlink" if stat.S_ISLNK(status.st_mode) else "other"


def open_regular(name: str, parent: int) -> int:
    """Open a regular file in an open folder: no link is followed, no fifo is waited for.

    Raises:
        OSError: it cannot be opened or is no regular file.
    """
    descriptor = os.open(name, FILE, dir_fd=parent)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{shown_name(name)} is no regular file")
    return descriptor


def open_below(root: Path, path: str) -> int:
    """Open the regular file at ``path`` below ``root``, following no link on the way.

    Raises:
        OSError: it is absent, a symlink, or no regular file.
    """
    *folders, name = path.split("/")
    parent = open_folder(root, folders)
    try:
        return open_regular(name, parent)
    finally:
        os.close(parent)


def open_folder(root: Path, names: Sequence[str]) -> int:
    """A descriptor of the folder reached from ``root`` through ``names``, following no link.

    Raises:
        OSError: one of them is absent, a symlink, no folder, or locked.
    """
    descriptor = os.open(root, FOLDER)
    for name in names:
        try:
            below = os.open(name, FOLDER, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def unlock(name: str, parent: int) -> bool:
    """Give the owner of a folder all rights on it; whether that worked."""
    try:
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        return False
    try:
        Path(f"/proc/self/fd/{handle}").chmod(0o700)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def identity(descriptor: int) -> tuple[int, int]:
    """Device and inode: what makes two descriptors the same file."""
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
