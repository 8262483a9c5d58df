"""Gather requests that come one by one and hand them to an engine in batches.

inspect runs its samples as concurrent tasks that each await one answer.  The collector waits until
no further request arrives, takes those of similar length together, and lets a worker thread run the
engine, so that the event loop stays free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from . import Completion, Engine, Prompt, Sampling

QUIET_S = 0.05
"""How long nothing new must arrive before a batch that is not full is started."""


class Collector:
    """Batches for one engine.  All methods are called from one event loop.

    Args:
        on_done: told the number of requests answered so far, from the event loop.
    """

    def __init__(
        self, engine: Engine, sampling: Sampling, on_done: Callable[[int], None] | None = None
    ) -> None:
        self._engine = engine
        self._sampling = sampling
        self._on_done = on_done
        self._waiting: list[tuple[Prompt, asyncio.Future[Completion]]] = []
        self._arrived = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self.done = 0
        self.failure: BaseException | None = None
        """What the engine raised; every later request gets it, too."""

    async def complete(self, prompt: Prompt) -> Completion:
        """One completion, when its batch is done.

        Raises:
            EngineError, DataError: what the engine raised for this batch or an earlier one.
        """
        if self.failure is not None:
            raise self.failure
        answer: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._waiting.append((prompt, answer))
        self._arrived.set()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            await self._settle()
            batch = self._take()
            prompts = [prompt for prompt, _ in batch]
            try:
                answers = await asyncio.to_thread(self._engine.generate, prompts, self._sampling)
            except Exception as error:
                self._fail(error, batch)
                return
            self.done += len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
            if self._on_done:
                self._on_done(self.done)

    async def _settle(self) -> None:
        """Wait until a batch is full or no request has come for a moment."""
        while len(self._waiting) < self._engine.max_batch:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), QUIET_S)
            except TimeoutError:
                return

    def _take(self) -> Sequence[tuple[Prompt, asyncio.Future[Completion]]]:
        """The longest waiting prompts, in shares of equal size."""
        self._waiting = [entry for entry in self._waiting if not entry[1].cancelled()]
        self._waiting.sort(key=lambda entry: -len(entry[0].text))
        rounds = -(-len(self._waiting) // self._engine.max_batch)
        size = -(-len(self._waiting) // max(1, rounds))
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        return batch

    def _fail(
        self, error: Exception, batch: Sequence[tuple[Prompt, asyncio.Future[Completion]]]
    ) -> None:
        self.failure = error
        for _, future in [*batch, *self._waiting]:
            if not future.done():
                future.set_exception(error)
        self._waiting.clear()
