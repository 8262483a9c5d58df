"""Carry a command's input and output without ever waiting for one of them alone."""

from __future__ import annotations

import fcntl
import os
import selectors
from contextlib import suppress
from typing import IO, Literal, cast

from . import Output
from .processes import Processes

_CHUNK = 1 << 18
_PIPE_BYTES = 1 << 20
_DRAIN_BYTES = 1 << 22
_TAIL_BYTES = 4096

Stream = Literal["stdout", "stderr"]


class Pipes:
    """The three standard streams of the processes, served by one thread."""

    def __init__(self, processes: Processes, content: bytes, output: Output) -> None:
        self._output = output
        self._content = memoryview(content)
        self._tail = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(processes.ended_fd, selectors.EVENT_READ, "ended")
        self._files: list[IO[bytes]] = []
        for name in ("stdin", "stdout", "stderr"):
            file = getattr(processes.keeper, name)
            if file is None:
                continue
            self._files.append(file)
            os.set_blocking(file.fileno(), False)
            with suppress(OSError):
                # Bigger pipes mean fewer turns in a flood; refused over a user's quota.
                fcntl.fcntl(file.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            event = selectors.EVENT_WRITE if name == "stdin" else selectors.EVENT_READ
            self._selector.register(file, event, name)

    def __enter__(self) -> Pipes:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for file in self._files:
            with suppress(OSError):
                file.close()

    @property
    def tail(self) -> str:
        """The last of what came on stderr."""
        return self._tail.decode(errors="replace").strip()

    def serve(self, seconds: float) -> None:
        """Move what can be moved; return after ``seconds``, or when something happened."""
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.data == "stdin":
                self._feed(cast("IO[bytes]", key.fileobj))
            elif key.data != "ended":
                self._take(cast("IO[bytes]", key.fileobj), key.data)

    def drain(self) -> None:
        """Take what still stands in the pipes after the end; a held-open pipe does not stop us."""
        for key in list(self._selector.get_map().values()):
            left = _DRAIN_BYTES
            while key.data in ("stdout", "stderr") and left > 0:
                taken = self._take(cast("IO[bytes]", key.fileobj), key.data)
                if not taken:
                    break
                left -= taken

    def _feed(self, file: IO[bytes]) -> None:
        try:
            self._content = self._content[os.write(file.fileno(), self._content[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._content = self._content[:0]
        if not self._content:
            self._selector.unregister(file)
            file.close()

    def _take(self, file: IO[bytes], stream: Stream) -> int:
        """Hand one chunk on; 0 at the end of the stream or when there is nothing now."""
        try:
            chunk = os.read(file.fileno(), _CHUNK)
        except BlockingIOError:
            return 0
        if not chunk:
            self._selector.unregister(file)
            return 0
        if stream == "stderr":
            self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
        self._output.write(stream, chunk)
        return len(chunk)
