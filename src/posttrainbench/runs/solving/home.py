"""Write an agent's settings into its private home, which it may have filled with traps since."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ...audit.files.opening import FOLDER, unlock
from ...errors import SandboxError
from ...records.files import storage_error
from ...sandboxes.private import remove_tree


def write_home(home: Path, files: Mapping[str, bytes]) -> None:
    """Replace these files below ``home``; whatever stands in their way is removed, never followed.

    Args:
        files: relative path -> content; readable by their owner alone.

    Raises:
        StorageError: the disk refused.
        SandboxError: a path leads out of the home.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            _write(home, name, content)
    except OSError as error:
        raise storage_error(home, error) from error


def _write(home: Path, name: str, content: bytes) -> None:
    *folders, last = Path(name).parts
    if Path(name).is_absolute() or ".." in folders or not last or last == "..":
        raise SandboxError(f"the agent's file {name!r} does not lie in its home")
    parent = os.open(home, FOLDER)
    try:
        for folder in folders:
            below = _below(parent, folder)
            os.close(parent)
            parent = below
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(os.lstat(last, dir_fd=parent).st_mode):
                remove_tree(Path(f"/proc/self/fd/{parent}") / last)
            else:
                os.unlink(last, dir_fd=parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(last, flags, 0o600, dir_fd=parent), "wb") as file:
            file.write(content)
    finally:
        os.close(parent)


def _below(parent: int, folder: str) -> int:
    """A descriptor of a real folder in ``parent``, made where something else stands."""
    try:
        found = os.lstat(folder, dir_fd=parent)
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(folder, dir_fd=parent)
            raise FileNotFoundError
        unlock(folder, parent)
    except FileNotFoundError:
        os.mkdir(folder, 0o700, dir_fd=parent)
    return os.open(folder, FOLDER, dir_fd=parent)
