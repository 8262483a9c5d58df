"""Read an output file that a crash may have cut off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import RecordError

_LONGEST = 4 << 20
"""No line of ours is longer; anything that is, is damage and is skipped."""


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
    try:
        with path.open("rb") as file:
            while raw := file.readline(_LONGEST):
                line = _parse(raw)
                if line:
                    yield line
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordError(
            f"{path} cannot be read: {error.strerror or error}",
            advice="check the permissions of the run directory",
        ) from error


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
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
