"""The identity of files and of models: SHA-256, streamed.

A model's identity is one hash over every regular file of its folder.  It changes with any byte of
any file and with any file name, and with nothing else: neither times nor modes nor the folder's
place matter.
Symlinks and special files have no place in a model folder and are refused, so that the hash covers
everything a loader could read there.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..errors import SubmissionError
from ..units import format_size

CHUNK = 4 << 20
"""Bytes read at a time."""

REPORT_SECONDS = 1.0
"""Shortest time between two lines of progress."""

_VERSION = b"posttrainbench-model/1\n"


def file_hash(path: Path, *, progress: Callable[[int], None] | None = None) -> str:
    """SHA-256 of one regular file, in hexadecimal.

    Args:
        path: the file; a symlink as its last part is refused, never followed.
        progress: called with the number of bytes of each chunk that was read.

    Raises:
        SubmissionError: not a regular file (``special-file``), gone or unreadable (``unreadable``).
    """
    descriptor = _open_regular(path)
    try:
        return descriptor_hash(descriptor, progress=progress)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(descriptor)


def descriptor_hash(
    descriptor: int, *, limit: int | None = None, progress: Callable[[int], None] | None = None
) -> str:
    """SHA-256 of what an open file holds from its present position, at most ``limit`` bytes."""
    digest = hashlib.sha256()
    left = limit
    while chunk := os.read(descriptor, CHUNK if left is None else min(CHUNK, left)):
        digest.update(chunk)
        if left is not None:
            left -= len(chunk)
        if progress:
            progress(len(chunk))
    return digest.hexdigest()


def model_hash(folder: Path, *, progress: Callable[[str], None] | None = None) -> str:
    """The identity of the model in ``folder``: one SHA-256 over all its files, in hexadecimal.

    It is the hash of a version line followed by ``name NUL sha256 newline`` for every regular file
    below the folder, sorted by the bytes of the relative name.  Empty subfolders do not count.

    Args:
        folder: the model folder; it may itself be reached through a symlink, its content may not.
        progress: called about once a second with a line for a person.

    Raises:
        SubmissionError: no folder (``missing``), no file in it (``empty``), a symlink or special
            file in it (``special-file``), or something that cannot be read (``unreadable``).
    """
    return combine(hash_files(folder, progress=progress))


def hash_files(folder: Path, *, progress: Callable[[str], None] | None = None) -> dict[str, str]:
    """SHA-256 of every file below ``folder`` by its relative name; refuses what model_hash does."""
    sizes = dict(_regular_files(folder))
    if not sizes:
        raise SubmissionError(
            "empty", f"{folder} holds no file", advice="give a folder with a saved model in it"
        )
    meter = _Meter(sum(sizes.values()), progress)
    return {name: file_hash(folder / name, progress=meter.add) for name in sorted(sizes)}


def combine(hashes: Mapping[str, str]) -> str:
    """The model hash that belongs to these file hashes (by relative name)."""
    digest = hashlib.sha256(_VERSION)
    for name in sorted(hashes, key=os.fsencode):
        digest.update(os.fsencode(name) + b"\0" + hashes[name].encode() + b"\n")
    return digest.hexdigest()


def _regular_files(folder: Path) -> Iterator[tuple[str, int]]:
    """Relative name and size of every file below ``folder``, without recursion."""
    if not folder.is_dir():
        raise SubmissionError(
            "missing", f"{folder} is no folder", advice="give a folder with a saved model in it"
        )
    pending = [""]
    while pending:
        parent = pending.pop()
        try:
            with os.scandir(folder / parent) as entries:
                for entry in entries:
                    name = f"{parent}/{entry.name}" if parent else entry.name
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        pending.append(name)
                    elif stat.S_ISREG(status.st_mode):
                        yield name, status.st_size
                    else:
                        raise _special(folder / name)
        except OSError as error:
            raise _unreadable(folder / parent, error) from error


def _open_regular(path: Path) -> int:
    """Open without following a link and without waiting for the other end of a fifo."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise _special(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _special(path)
    return descriptor


def _special(path: Path) -> SubmissionError:
    return SubmissionError(
        "special-file",
        f"{str(path)!r} is a symlink or no regular file; a model folder holds regular files only",
        advice="replace it by a copy of the file that it stands for",
    )


def _unreadable(path: Path, error: OSError) -> SubmissionError:
    return SubmissionError(
        "unreadable",
        f"{str(path)!r} cannot be read: {error.strerror or error}",
        advice="check that the file exists and that its permissions let it be read",
    )


class _Meter:
    """Adds up bytes and says now and then how far the work is."""

    def __init__(self, total: int, progress: Callable[[str], None] | None) -> None:
        self._total = total
        self._done = 0
        self._progress = progress
        self._said = time.monotonic()

    def add(self, count: int) -> None:
        self._done += count
        if self._progress and time.monotonic() - self._said >= REPORT_SECONDS:
            self._said = time.monotonic()
            self._progress(f"hashing: {format_size(self._done)} of {format_size(self._total)}")
