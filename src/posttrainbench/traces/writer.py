"""The only way of an agent's output to the disk: redacted, timestamped, line by line, capped."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal

from ..records.files import storage_error
from ..units import format_size
from .redaction import Redactor

Stream = Literal["stdout", "stderr"]

LONGEST_PIECE = 65_536
"""A line of more bytes is written in pieces, all but the last marked ``more``."""

_MARKER_ROOM = 512
_encode = json.JSONEncoder(ensure_ascii=False).encode


class TraceWriter:
    """Writes one JSON line for each line of output; docs/records.md describes the fields.

    A line ends at a line feed or a carriage return, so that the steps of a progress bar become
    lines.  A trouble with the disk never reaches the agent's run: what cannot be written is counted
    in ``dropped_bytes``, and ``storage_failed`` says why.

    Args:
        path: the file, which must not exist.
        secrets: name -> value of what must never be written.
        cap_bytes: the most that the file may grow to; output beyond it is drained and counted.
        clock: seconds that never go backwards.

    Raises:
        StorageError: the file cannot be created.
    """

    def __init__(
        self,
        path: Path,
        *,
        secrets: Mapping[str, str],
        cap_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kept_bytes = 0
        self.dropped_bytes = 0
        self.storage_failed = ""
        self._redactor = Redactor(secrets)
        self._cap = cap_bytes
        self._clock = clock
        self._begin = clock()
        self._begin_utc = time.time()
        self._size = 0
        self._full = False
        self._open_lines: dict[Stream, bytes] = {"stdout": b"", "stderr": b""}
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o644)
        except OSError as error:
            raise storage_error(path, error) from error

    @property
    def redactions(self) -> int:
        """How many credentials were replaced."""
        return self._redactor.count

    def write(self, stream: Stream, chunk: bytes) -> None:
        """Take output as it comes, in pieces of any size."""
        if self._full:
            self.dropped_bytes += len(chunk)
            return
        for begin in range(0, len(chunk), LONGEST_PIECE):
            self._take(stream, chunk[begin : begin + LONGEST_PIECE])

    def close(self) -> None:
        """Write unfinished lines and wait until everything is on the disk."""
        if self._descriptor < 0:
            return
        for stream, rest in tuple(self._open_lines.items()):
            if rest:
                self._open_lines[stream] = b""
                self._put(stream, rest)
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self.storage_failed = self.storage_failed or str(error.strerror or error)
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, stream: Stream, chunk: bytes) -> None:
        content = self._open_lines[stream] + chunk
        self._open_lines[stream] = b""
        # A carriage return at the very end may be half of a CR LF.
        end = 1 + max(content.rfind(b"\n"), content.rfind(b"\r", 0, len(content) - 1))
        if end:
            self._put(stream, content[:end])
        rest = content[end:]
        while len(rest) >= LONGEST_PIECE + self._redactor.hold and not self._full:
            place = self._redactor.cut(rest, LONGEST_PIECE) or LONGEST_PIECE
            self._put(stream, rest[:place], more=True)
            rest = rest[place:]
        self._keep_open(stream, rest)

    def _keep_open(self, stream: Stream, rest: bytes) -> None:
        if self._full:
            self.dropped_bytes += len(rest)
            rest = b""
        self._open_lines[stream] = rest

    def _put(self, stream: Stream, raw: bytes, *, more: bool = False) -> None:
        """Write whole lines (or a piece of one); all of it is kept, or all of it is dropped."""
        if self._full:
            self.dropped_bytes += len(raw)
            return
        text = self._redactor.clean(raw).decode("utf-8", "backslashreplace")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if raw.endswith((b"\n", b"\r")):
            lines.pop()
        head = self._head(stream)
        tail = ', "more": true}\n' if more else "}\n"
        batch = "".join([f"{head}{_encode(line)}{tail}" for line in lines]).encode()
        if self._size + len(batch) + _MARKER_ROOM > self._cap:
            self._stop(f"the limit of {format_size(self._cap)} is reached", raw)
        elif self._append(batch):
            self.kept_bytes += len(raw)
        else:
            self._stop(f"the disk refused: {self.storage_failed}", raw)

    def _stop(self, reason: str, raw: bytes) -> None:
        """Write the one line that says that the trace ends here, and only count from now on."""
        self._full = True
        self.dropped_bytes += len(raw)
        for stream in self._open_lines:
            self.dropped_bytes += len(self._open_lines[stream])
            self._open_lines[stream] = b""
        note = f"{reason}; the output from here on is counted and not kept"
        self._append(f"{self._head('ptb')}{_encode(note)}}}\n".encode())

    def _head(self, stream: str) -> str:
        elapsed = self._clock() - self._begin
        at = datetime.fromtimestamp(self._begin_utc + elapsed, UTC)
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return f'{{"at": "{stamp}", "t": {elapsed:.3f}, "stream": "{stream}", "text": '

    def _append(self, batch: bytes) -> bool:
        try:
            done = 0
            while done < len(batch):
                done += os.write(self._descriptor, batch[done:] if done else batch)
        except OSError as error:
            self.storage_failed = self.storage_failed or str(error.strerror or error)
            try:
                os.ftruncate(self._descriptor, self._size)
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
            except OSError:
                pass  # then half a line stands at the end, which readers skip
            return False
        self._size += len(batch)
        return True
