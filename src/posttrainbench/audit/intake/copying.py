"""Copy a file so that nothing is shared with the agent but, at most, copy-on-write blocks."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from ...errors import SubmissionError
from ...records.files import storage_error
from ..files.quoting import shown_name

Method = Literal["reflink", "copy"]

_FICLONE = 0x40049409
"""The Linux request "make this file share that file's blocks until either is written"."""
_CHUNK = 4 << 20


def copy_file(
    source: int, target: Path, *, limit: int, progress: Callable[[int], None] | None = None
) -> Method:
    """Write what the open file ``source`` holds to the new file ``target``, mode 0644.

    Args:
        source: descriptor of a regular file.
        target: must not exist.
        limit: bytes that the file had when it was measured; a file that grew since is refused.
        progress: called with the bytes of each piece.

    Raises:
        StorageError: our disk refuses.
        SubmissionError: the source cannot be read (``unreadable``) or grew (``too-large``).
    """
    try:
        out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise storage_error(target, error) from error
    try:
        method: Method = "reflink" if _reflink(source, out) else "copy"
        if method == "copy":
            _copy(source, out, target, limit, progress)
        elif progress:
            progress(os.fstat(source).st_size)
        if os.fstat(out).st_size > limit:
            raise SubmissionError("too-large", f"{shown_name(target.name)} grew while it was read")
        os.fchmod(out, 0o644)
        os.fsync(out)
    except OSError as error:
        raise storage_error(target, error) from error
    finally:
        os.close(out)
    return method


def _reflink(source: int, out: int) -> bool:
    try:
        fcntl.ioctl(out, _FICLONE, source)
    except OSError:
        return False
    return True


def _copy(
    source: int, out: int, target: Path, limit: int, progress: Callable[[int], None] | None
) -> None:
    position = 0
    while position <= limit:
        try:
            chunk = os.pread(source, _CHUNK, position)
        except OSError as error:
            raise SubmissionError(
                "unreadable", f"{shown_name(target.name)} cannot be read: {error.strerror}"
            ) from error
        if not chunk:
            return
        view = memoryview(chunk)
        while view:
            view = view[os.write(out, view) :]
        position += len(chunk)
        if progress:
            progress(len(chunk))
