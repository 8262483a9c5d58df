"""Messages over a socket: four bytes of length, then one JSON document.

JSON and not pickle, because the other end may be hostile; a bound on the length, because it may
send without end; a deadline, because it may send nothing.
"""

from __future__ import annotations

import json
import os
import select
import time
from typing import Any

MAX_BYTES = 1 << 20
"""Longest message that is read."""
_HEADER = 4
_CHUNK = 1 << 16


class WireError(Exception):
    """The other end closed the connection or sent something that is no message."""


class LateError(Exception):
    """Nothing, or not everything, came before the deadline."""


class Wire:
    """One end of the connection; closing the descriptor is left to the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()

    def send(self, document: object, deadline: float | None = None) -> None:
        """Send one message.

        Raises:
            WireError: the other end is gone.
            LateError: it did not take the message before the deadline (monotonic seconds).
        """
        content = json.dumps(document).encode()
        view = memoryview(len(content).to_bytes(_HEADER, "big") + content)
        while view:
            self._wait(select.POLLOUT, deadline)
            try:
                view = view[os.write(self._descriptor, view[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireError("the connection was closed") from error

    def receive(self, deadline: float | None = None) -> Any:
        """The next message.

        Raises:
            WireError: the other end is gone, or this is no message.
            LateError: it did not come before the deadline (monotonic seconds).
        """
        size = int.from_bytes(self._read(_HEADER, deadline), "big")
        if size > MAX_BYTES:
            raise WireError(f"a message of {size} bytes; {MAX_BYTES} are read")
        content = self._read(size, deadline)
        try:
            return json.loads(content.decode("ascii"))
        except (ValueError, RecursionError) as error:
            raise WireError("a message that is no JSON document") from error

    def _read(self, size: int, deadline: float | None) -> bytes:
        content = bytearray()
        while len(content) < size:
            self._wait(select.POLLIN, deadline)
            try:
                chunk = os.read(self._descriptor, min(_CHUNK, size - len(content)))
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireError("the connection was closed") from error
            if not chunk:
                raise WireError("the connection was closed")
            content += chunk
        return bytes(content)

    def _wait(self, event: int, deadline: float | None) -> None:
        self._poll.register(self._descriptor, event)
        left = None if deadline is None else deadline - time.monotonic()
        # Late is late, even where the message has come meanwhile.
        if left is not None and left <= 0:
            raise LateError
        if not self._poll.poll(None if left is None else left * 1000):
            raise LateError
