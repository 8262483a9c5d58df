"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .files import storage_error


@contextmanager
def alone_in(folder: Path, busy: Callable[[], None]) -> Iterator[None]:
    """Hold the folder's ``.lock``; the kernel lets go of it when the process ends, however it does.

    Args:
        folder: made where it is missing.
        busy: called when another process holds the lock; unless it raises, we wait for that one.

    Raises:
        StorageError: the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a")
    except OSError as error:
        raise storage_error(folder, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
