"""Lines that are no events: a run of them is one step, of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from .events import Raw
from .step import Step
from .stream import instant

_LARGEST = 64 << 10
"""Characters of one step."""
_LONGEST_PAUSE = timedelta(seconds=60)
"""After a longer pause a new step begins, so that its time tells something."""


class RawRun:
    """A step that takes one line after another."""

    def __init__(self, step: Step, first: Raw) -> None:
        self.step = step
        self._stream = first.stream
        self._room = _LARGEST
        self._last = instant(first.at)
        step.extra = {"kind": "raw", "stream": first.stream}

    @staticmethod
    def pieces(event: Raw) -> Iterator[Raw]:
        """A line in pieces that fit into a step."""
        if len(event.text) <= _LARGEST:
            yield event
            return
        for begin in range(0, len(event.text), _LARGEST):
            extra = {**event.extra, "characters_from": begin}
            yield replace(event, text=event.text[begin : begin + _LARGEST], extra=extra)

    def takes(self, event: Raw) -> bool:
        """Whether the line belongs to this run.  One with something to add stands alone."""
        at = instant(event.at)
        paused = at is not None and self._last is not None and at - self._last > _LONGEST_PAUSE
        alone = bool(event.extra or self.step.details)
        return (
            event.stream == self._stream
            and len(event.text) < self._room
            and not (alone or paused or self.step.full)
        )

    def add(self, event: Raw) -> int:
        """Put the line behind the others; by how much the step grows."""
        self._last = instant(event.at) or self._last
        if self.step.message:
            self.step.message.append("\n")
        self.step.message.append(event.text)
        self._room -= len(event.text) + 1
        return len(event.text) + 1 + self.step.note(event, "raw")
