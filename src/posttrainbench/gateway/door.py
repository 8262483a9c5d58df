"""The gateway's door into a sandbox that has a network of its own."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import CancelledError
from contextlib import suppress

from .gateway import Gateway

_JOIN_S = 2.0


class Door:
    """Waits for the listening socket that :mod:`.inside` makes in the sandbox, and serves on it.

    ``pass_fd`` goes to the sandboxed program as DESCRIPTOR, ``port`` as PORT: the same number as
    outside, so that the gateway's addresses hold inside as well.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._wait, name="ptb-door", daemon=True)

    @property
    def pass_fd(self) -> int:
        """To be inherited by the command."""
        return self._theirs.fileno()

    @property
    def port(self) -> int:
        """On which the command's loopback is to listen."""
        return self._gateway.port

    def __enter__(self) -> Door:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join(_JOIN_S)
        self._ours.close()
        self._theirs.close()

    def _wait(self) -> None:
        """The first message brings the socket; a second would be the agent's, and is not read."""
        # The gateway may be closing, or the context ended before the sandbox began.
        with suppress(OSError, RuntimeError, TimeoutError, CancelledError):
            _, descriptors, _, _ = socket.recv_fds(self._ours, 1, 1)
            for descriptor in descriptors:
                self._gateway.serve(socket.socket(fileno=descriptor))
