"""Requests on their way to an engine: a thread-safe inbox, and the jobs in it.

inspect asks for answers one by one from an event loop; an engine works in a thread and takes as
many as it has room for.  Between the two stands :class:`Requests`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from . import Completion, Engine, Job, Prompt, Sampling

QUIET_S = 0.05
"""How long nothing new must arrive before an engine that has nothing to do begins: the first
requests come in a burst, and the longest of them should go first."""


@dataclass(eq=False)
class Request:
    """A prompt and whom to tell of its answer."""

    prompt: Prompt
    done: Callable[[Completion], None]

    def finish(self, completion: Completion) -> None:
        """Hand the answer over."""
        self.done(completion)


@dataclass
class Requests:
    """An inbox that is filled from one side and emptied from the other, by any threads."""

    quiet_s: float = QUIET_S
    dropped: bool = False
    _waiting: list[tuple[int, int, Job]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _number: count[int] = field(default_factory=count)
    _closed: bool = False
    _arrived: float = 0.0

    def put(self, job: Job) -> None:
        """Add one request."""
        with self._changed:
            self._waiting.append((-len(job.prompt.text), next(self._number), job))
            self._arrived = time.monotonic()
            self._changed.notify_all()

    def close(self, *, drop: bool = False) -> None:
        """No more will come; what waits or is in work is still served, unless it is dropped."""
        with self._changed:
            self._closed = True
            if drop:
                self.dropped = True
                self._waiting.clear()
            self._changed.notify_all()

    def take(self, at_most: int, *, wait: bool) -> list[Job]:
        """See :class:`posttrainbench.evaluation.Inbox`."""
        with self._changed:
            if wait:
                self._settle(at_most)
            self._waiting.sort(key=lambda entry: entry[:2])
            taken, self._waiting = self._waiting[:at_most], self._waiting[at_most:]
        return [job for _, _, job in taken]

    def _settle(self, wanted: int) -> None:
        """Until something waits and the burst is over, or nothing will come any more."""
        while not self._closed:
            if not self._waiting:
                self._changed.wait()
                continue
            left = self._arrived + self.quiet_s - time.monotonic()
            if left <= 0 or len(self._waiting) >= max(wanted, 1) * 64:
                return
            self._changed.wait(left)


def complete_all(engine: Engine, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
    """Complete a list of prompts, in its order.

    Raises:
        EngineError, DataError: as :meth:`Engine.serve`.
    """
    answers: dict[int, Completion] = {}
    inbox = Requests()
    for index, prompt in enumerate(prompts):
        inbox.put(Request(prompt, partial(answers.__setitem__, index)))
    inbox.close()
    engine.serve(inbox, sampling)
    return [answers[index] for index in range(len(prompts))]
