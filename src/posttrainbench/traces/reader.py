"""Read an output file that a crash may have cut off, also while it is still being written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import RecordError

_LONGEST = 4 << 20
"""No line of ours is longer; anything that is, is damage and is skipped."""
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line of an agent's output, or a piece of a very long one."""

    at: str
    """When its end arrived: UTC, ISO 8601."""
    t: float
    """Seconds since the attempt began."""
    stream: str
    """``stdout``, ``stderr``, or ``ptb`` for the writer's own note that the trace ends here."""
    text: str
    more: bool = False
    """Whether the line goes on in the next piece of the same stream."""


def read_output(path: Path) -> Iterator[OutputLine]:
    """All whole lines in order; damaged ones are skipped.  A file that is not there holds none.

    Raises:
        RecordError: the file is there but cannot be read.
    """
    return (line for _, line in numbered_output(path))


def numbered_output(
    path: Path, *, follow: Callable[[], bool] | None = None
) -> Iterator[tuple[int, OutputLine]]:
    """The same with each line's number in the file, from 1.

    Args:
        follow: says whether the writer is still at work.  While it is, the end of the file is
            waited at, and so is a file that does not exist yet.

    Raises:
        RecordError: the file is there but cannot be read.
    """
    try:
        file = _open(path, follow)
        if file is not None:
            with file:
                yield from _lines(file, follow)
    except OSError as error:
        raise RecordError(
            f"{path} cannot be read: {error.strerror or error}",
            advice="check the permissions of the run directory",
        ) from error


def _open(path: Path, follow: Callable[[], bool] | None) -> BinaryIO | None:
    while True:
        goes_on = follow is not None and follow()
        try:
            return path.open("rb")
        except FileNotFoundError:
            if not goes_on:
                return None
            time.sleep(_POLL_SECONDS)


def _lines(file: BinaryIO, follow: Callable[[], bool] | None) -> Iterator[tuple[int, OutputLine]]:
    number, begun, damaged = 1, b"", False
    while True:
        goes_on = follow is not None and follow()  # asked first: what came before its end is read
        while raw := file.readline(_LONGEST):
            damaged = damaged or len(begun) + len(raw) > _LONGEST
            begun = b"" if damaged else begun + raw
            if raw.endswith(b"\n"):
                line = _parse(begun)
                if line:
                    yield number, line
                number, begun, damaged = number + 1, b"", False
        if not goes_on:
            break
        time.sleep(_POLL_SECONDS)
    line = _parse(begun)
    if line:
        yield number, line


def _parse(raw: bytes) -> OutputLine | None:
    try:
        data = json.loads(raw)
        return OutputLine(
            at=str(data["at"]),
            t=float(data["t"]),
            stream=str(data["stream"]),
            text=str(data["text"]),
            more=data.get("more") is True,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
