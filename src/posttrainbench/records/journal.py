"""The journal: what happened in a run, one JSON line each, appended and fsynced, never rewritten.

It is what decides which stage is done.  A crash can leave half a last line; readers skip it and the
next append starts on a fresh line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ..errors import RecordError
from ..spec import Frozen
from .files import now, storage_error

EventKind = Literal[
    "run-created", "worker-started", "worker-ended", "lease-taken-over",
    "stage-started", "stage-done", "stage-failed", "attempt-started", "attempt-ended",
    "verdict-set", "judged", "note",
]  # fmt: skip


class Event(Frozen):
    """One line of ``journal.jsonl``."""

    at: str
    event: EventKind
    stage: str = ""
    data: dict[str, Any] = Field(default_factory=dict)


class Journal:
    """Append to and read one journal file.

    Args:
        path: the file; it need not exist.
        guard: called before every append; it raises when this process may no longer write.
    """

    def __init__(self, path: Path, guard: Callable[[], None] | None = None) -> None:
        self.path = path
        self._guard = guard

    def append(self, event: EventKind, stage: str = "", **data: Any) -> Event:
        """Write one event and wait until it is on the disk."""
        if self._guard:
            self._guard()
        line = Event(at=now(), event=event, stage=stage, data=data)
        encoded = json.dumps(line.model_dump(mode="json"), ensure_ascii=False).encode() + b"\n"
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                end = os.lseek(descriptor, 0, os.SEEK_END)
                if end and os.pread(descriptor, 1, end - 1) != b"\n":
                    encoded = b"\n" + encoded
                written = 0
                while written < len(encoded):
                    written += os.write(descriptor, encoded[written:])
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise storage_error(self.path, error) from error
        return line

    def events(self) -> Iterator[Event]:
        """All whole lines in order; a torn line (a crash in the middle of a write) is skipped."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise RecordError(f"{self.path} cannot be read: {error.strerror}") from error
        for line in content.split(b"\n"):
            try:
                data = json.loads(line)
                yield Event.model_validate(data)
            except (ValueError, RecursionError):
                continue

    def done_stages(self) -> dict[str, Event]:
        """For every stage whose last word is `done`, that event."""
        done: dict[str, Event] = {}
        for event in self.events():
            if event.event == "stage-done":
                done[event.stage] = event
            elif event.event in ("stage-started", "stage-failed"):
                done.pop(event.stage, None)
        return done

    def last(self, kind: EventKind, stage: str = "") -> Event | None:
        """The newest event of a kind (and of a stage, where one is given)."""
        found = None
        for event in self.events():
            if event.event == kind and (not stage or event.stage == stage):
                found = event
        return found
