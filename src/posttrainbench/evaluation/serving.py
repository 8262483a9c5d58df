"""An engine in a thread of its own, for an event loop that awaits answers one by one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from . import Completion, Engine, Prompt, Sampling
from .inbox import Request, Requests

_PATIENCE_S = 60.0
"""For the pass or the request that an engine is in when it is told to put everything down."""


class EngineThread:
    """Serves the requests of one event loop.

    Args:
        on_done: told the number of requests answered so far, from the engine's thread.
    """

    def __init__(
        self, engine: Engine, sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> None:
        self._engine = engine
        self._sampling = sampling
        self._on_done = on_done
        self._inbox = Requests()
        self._thread: threading.Thread | None = None
        self._open: dict[asyncio.Future[Completion], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._done = 0
        self.failure: BaseException | None = None
        """What the engine raised; every open and later request gets it, too."""

    async def complete(self, prompt: Prompt) -> Completion:
        """One completion.

        Raises:
            EngineError, DataError: what the engine raised, for this request or an earlier one.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Completion] = loop.create_future()
        with self._lock:
            if self.failure is not None:
                raise self.failure
            self._open[future] = loop
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="engine", daemon=True)
                self._thread.start()
        self._inbox.put(Request(prompt, lambda answer: self._finish(future, answer)))
        return await future

    def close(self) -> None:
        """End the thread; what is in work is put down, as nobody waits for it any more."""
        self._inbox.close(drop=True)
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)

    def _serve(self) -> None:
        try:
            self._engine.serve(self._inbox, self._sampling)
        except BaseException as error:
            with self._lock:
                self.failure = error
                open_now, self._open = self._open, {}
            for future, loop in open_now.items():
                _tell(loop, _fail, future, error)

    def _finish(self, future: asyncio.Future[Completion], answer: Completion) -> None:
        with self._lock:
            loop = self._open.pop(future, None)
            self._done += 1
            done = self._done
        if loop is not None:
            _tell(loop, _fulfil, future, answer)
        if self._on_done:
            self._on_done(done)


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *arguments: object) -> None:
    """Have the loop do something, unless it was closed: then nobody waits for it any more."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(what, *arguments)


def _fulfil(future: asyncio.Future[Completion], answer: Completion) -> None:
    if not future.done():
        future.set_result(answer)


def _fail(future: asyncio.Future[Completion], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
