"""The text that one file of the judged holds, bounded, and writing it where a judge reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ...audit.files.opening import open_below
from ...audit.reading.texts import UnreadError, pieces
from ...records.files import storage_error
from ...units import format_size

HEAD, TAIL = 400_000, 100_000
"""Bytes of a longer file that are shown."""
PACKED = "packed or binary"
_PACKED = (b"PAR1", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_PACKED_TEXT = 200_000
_STRINGS = re.compile(r"[\t -~]{6,}")


def text_of(root: Path, path: str, *, packed: bool = True) -> tuple[str | None, str]:
    """The text of the file at ``path`` below ``root``, with a note where it is not all of it.

    No link is followed, nothing is unpickled or run.  ``None``: it holds no text; the note says
    why.

    Args:
        packed: whether to look into packed and binary files; their notes begin with ``PACKED``.
    """
    try:
        descriptor = open_below(root, path)
    except (OSError, ValueError) as error:
        return None, f"cannot be read: {getattr(error, 'strerror', None) or error}"
    try:
        size = os.fstat(descriptor).st_size
        head = os.pread(descriptor, HEAD if size > HEAD + TAIL else HEAD + TAIL, 0)
        binary = b"\0" in head[:8192]
        if binary or head.startswith(_PACKED):
            if not packed:
                return None, f"{PACKED}, not looked into"
            return _loose(descriptor, strings=binary and not head.startswith(_PACKED))
        text = head.decode("utf-8", "backslashreplace")
        if size <= HEAD + TAIL:
            return text, ""
        tail = os.pread(descriptor, TAIL, size - TAIL).decode("utf-8", "backslashreplace")
        left = size - HEAD - TAIL
        return f"{text}\n[... {left} bytes left out ...]\n{tail}", f"cut: {left} bytes left out"
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    finally:
        os.close(descriptor)


def write_file(path: Path, text: str) -> None:
    """Write a new text that nobody can run or change by accident.

    Raises:
        StorageError: the disk refused.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise storage_error(path, error) from error


def _loose(descriptor: int, *, strings: bool) -> tuple[str | None, str]:
    """What text there is in a packed or binary file."""
    found: list[str] = []
    size, why = 0, ""
    try:
        for piece in pieces(descriptor, _PACKED_TEXT):
            found.append(piece.text)
            size += len(piece.text)
            if size >= _PACKED_TEXT:
                break
    except UnreadError as error:
        why = str(error)
    text = "\n".join(found)[:_PACKED_TEXT]
    if strings:
        text = "\n".join(_STRINGS.findall(text))
    if not text.strip():
        return None, f"{PACKED}, without text{': ' if why else ''}{why}"
    return text, f"{PACKED}, cut to the first {format_size(len(text))} of its text"
