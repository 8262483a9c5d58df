"""Login files: read with care, locked between workers, replaced in one step."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...errors import AgentError, RecordError, StorageError

_MOST_BYTES = 1 << 20
_LOCK_WAIT_S = 120.0
_POLL_S = 0.05
_FOREIGN_STALE_S = 60.0
"""A CLI that renews touches its lock every few seconds."""


def read(path: Path) -> dict[str, Any] | None:
    """The login file; ``None`` where there is none.

    Raises:
        RecordError: it is no JSON object, even after a moment: a CLI may just be writing it.
        StorageError: it cannot be read.
    """
    for patience in (0.1, 0.4, 0.0):
        try:
            content = _content(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}") from None
        document = _object(content)
        if document is not None:
            return document
        time.sleep(patience)
    raise RecordError(f"{path} is not a JSON object", advice="log in again with the CLI")


@contextmanager
def locked(path: Path, foreign: Path | None = None) -> Iterator[None]:
    """Hold the file for this process alone; the lock goes with the process, even when killed.

    Args:
        foreign: a folder that the CLI makes while it renews the login itself; we do as it does.

    Raises:
        AgentError: another holder keeps it for too long.
        StorageError: no lock can be made there.
    """
    beside = _target(path)
    lock = beside.with_name(f".{beside.name}.ptb-lock")
    until = time.monotonic() + _LOCK_WAIT_S
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(lock, flags, 0o600)
    except OSError as error:
        raise StorageError(f"{lock} cannot be made: {error.strerror}", advice=_OWN) from None
    try:
        while not _try_lock(descriptor, lock):
            _wait(until, lock)
        if foreign is not None:
            while not _try_folder(foreign):
                _wait(until, foreign)
        try:
            yield
        finally:
            if foreign is not None:
                with suppress(OSError):
                    foreign.rmdir()
    finally:
        os.close(descriptor)


class Draft:
    """The successor of a login file, opened before the old token is spent.

    What cannot be written is so found out while nothing is lost yet.
    """

    def __init__(self, path: Path) -> None:
        """Raises: StorageError: the folder refuses it, or the file is another user's."""
        self._path = _target(path)
        self._new = self._path.with_name(f".{self._path.name}.ptb-new")
        try:
            self._new.unlink(missing_ok=True)  # of a process that was killed
            self._descriptor = os.open(
                self._new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise self._refusal(error) from None
        try:
            owner = self._path.stat()
            os.fchmod(self._descriptor, 0o600)
            if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(self._descriptor, owner.st_uid, owner.st_gid)
            room = 2 * owner.st_size + 8192
            if os.pwrite(self._descriptor, b" " * room, 0) != room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.close()
            raise self._refusal(error) from None

    def replace(self, document: dict[str, Any]) -> None:
        """Put it into the old one's place.

        Raises:
            StorageError: not possible.
        """
        content = json.dumps(document, indent=2).encode()
        try:
            with os.fdopen(self._descriptor, "wb", closefd=False) as file:
                file.write(content)
                file.truncate()
                file.flush()
                os.fsync(self._descriptor)
            self._new.replace(self._path)
        except OSError as error:
            raise self._refusal(error) from None

    def close(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):
            os.close(self._descriptor)
        with suppress(OSError):
            self._new.unlink(missing_ok=True)

    def _refusal(self, error: OSError) -> StorageError:
        what = f"{self._path} cannot be replaced: {error.strerror}"
        return StorageError(what, advice=_OWN)


_OWN = "the login must be the worker's own, in a folder that it can write"


def _target(path: Path) -> Path:
    """The file that a link stands for: a link is kept, and its target is replaced."""
    return Path(os.path.realpath(path))


def _content(path: Path) -> bytes:
    """Nothing of what is no regular file; a pipe must not make us wait."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_MOST_BYTES + 1)
    finally:
        os.close(descriptor)


def _object(content: bytes) -> dict[str, Any] | None:
    if len(content) > _MOST_BYTES:
        return None
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _try_lock(descriptor: int, lock: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StorageError(f"{lock} cannot be locked: {error.strerror}", advice=_OWN) from None
    return True


def _try_folder(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _FOREIGN_STALE_S:
                folder.rmdir()
        return False
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}", advice=_OWN) from None
    return True


def _wait(until: float, lock: Path) -> None:
    if time.monotonic() > until:
        raise AgentError(
            f"another process has kept {lock} for {_LOCK_WAIT_S:.0f} s",
            advice="it renews the same login; try again",
        )
    time.sleep(_POLL_S)
