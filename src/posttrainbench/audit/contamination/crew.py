"""Search sources with several processes: batches of small files, and parts of large texts.

Every batch gets a process of its own, forked when its files are open, so that nothing is sent to it
and a file that brings it down costs no more than its batch.  Results are given in the order of the
sources, whatever finished first; only so many batches are under way at a time.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing import connection, get_context
from typing import IO, Any

from .gathering import Source
from .match_hit import Hit
from .matching import Document, Matching, Unread
from .natures import is_package
from .segments import Segment, lines_in, segments

MOST = 8
"""Processes at most."""
BATCH = 24_000_000
"""Bytes of files that are searched by one process."""
FILES = 200
"""Files of one batch, which are open together."""
_NUMBERS = 1 << 24
_BROKEN = "the search of it broke off"


@dataclass
class _Job:
    """A source, or a part of one."""

    source: Source
    descriptor: int = -1
    segment: Segment | None = None
    last: bool = True
    """Whether no other part of the source follows."""
    number: int = 0


@dataclass
class _Answer:
    """What came of a job."""

    found: list[Document | Unread]
    notes: list[Hit]
    lines: int = 0
    """Line ends in the part that is nobody else's, and before it."""
    before: int = 0


@dataclass
class _Batch:
    jobs: list[_Job] = field(default_factory=list)
    size: int = 0
    process: Any = None
    answers: IO[bytes] | None = None


class Crew:
    """Searches sources.

    Args:
        processes: how many may work at a time; 0: as many as there are processors, ``MOST`` at
            most; 1: only this one.
        progress: called with the bytes that were searched so far.
    """

    def __init__(
        self,
        matching: Matching,
        processes: int = 0,
        progress: Callable[[int], None] = lambda _size: None,
    ) -> None:
        self._matching = matching
        self._most = processes or min(MOST, len(os.sched_getaffinity(0)))
        self._progress = progress
        self._numbers = count(1)
        self._done = 0
        self._parts: list[Document | Unread] = []
        """Of a file in parts, so far; and its lines."""
        self._lines = 0

    def search(self, sources: Iterable[Source]) -> Iterator[tuple[Source, list[Document | Unread]]]:
        """Every source, with what it holds; a large text may come in several parts."""
        running: deque[_Batch] = deque()
        try:
            for batch in self._batches(sources):
                whole = all(job.segment is None for job in batch.jobs)
                alone = self._most == 1 or (not running and whole and batch.size < BATCH)
                if not alone:
                    self._start(batch)
                running.append(batch)
                while running and (alone or self._full(running)):
                    yield from self._settled(running.popleft())
            while running:
                yield from self._settled(running.popleft())
        finally:
            for batch in running:
                _end(batch)

    def _full(self, running: deque[_Batch]) -> bool:
        """Wait until one more may be started; whether the first is to be taken before."""
        working = [batch.process.sentinel for batch in running if batch.process.is_alive()]
        while len(working) >= self._most:
            connection.wait(working)
            working = [batch.process.sentinel for batch in running if batch.process.is_alive()]
        return len(running) > 2 * self._most or not running[0].process.is_alive()

    def _batches(self, sources: Iterable[Source]) -> Iterator[_Batch]:
        batch = _Batch()
        for source in sources:
            for job, size in self._jobs(source):
                batch.jobs.append(job)
                batch.size += size
                if batch.size >= BATCH or len(batch.jobs) >= FILES:
                    yield batch
                    batch = _Batch()
        if batch.jobs:
            yield batch

    def _jobs(self, source: Source) -> Iterator[tuple[_Job, int]]:
        number = next(self._numbers) * _NUMBERS
        if source.node is None:
            yield _Job(source, number=number), source.size
            return
        try:
            descriptor = source.node.open()
        except OSError as error:
            yield _Job(source, number=-(error.errno or 1)), 0
            return
        parts = segments(descriptor, source.node.name) if self._most > 1 else []
        for part in parts if len(parts) > 1 else ():
            last = part is parts[-1]
            handle = descriptor if last else os.dup(descriptor)
            yield _Job(source, handle, part, last, number), part.end - part.cut
        if len(parts) < 2:
            yield _Job(source, descriptor, number=number), source.size

    def _start(self, batch: _Batch) -> None:
        batch.answers = tempfile.TemporaryFile()  # noqa: SIM115 - until the batch is settled
        batch.process = get_context("fork").Process(target=self._work, args=(batch,), daemon=True)
        batch.process.start()
        _close(batch)

    def _work(self, batch: _Batch) -> None:
        """In the process of a batch."""
        assert batch.answers is not None
        for job in batch.jobs:
            answer = self._answer(job)
            for found in answer.found:
                found.source = _NOWHERE
            pickle.dump(answer, batch.answers)
        batch.answers.flush()

    def _answer(self, job: _Job) -> _Answer:
        source, part = job.source, job.segment
        if job.number < 0:
            return _Answer([Unread(source, os.strerror(-job.number), harmless=False)], [])
        with self._matching.noting() as notes:
            found = list(
                self._matching.search(
                    source, job.descriptor, part, job.number, quick=is_package(source.path)
                )
            )
        answer = _Answer(found, notes)
        if part:
            answer.lines = lines_in(job.descriptor, part.cut, part.end)
            answer.before = lines_in(job.descriptor, part.start, part.cut)
        return answer

    def _settled(self, batch: _Batch) -> Iterator[tuple[Source, list[Document | Unread]]]:
        """The answers of a batch; of a file in parts when the last of them is there."""
        forked = batch.process is not None
        answers = self._read(batch) if forked else map(self._answer, batch.jobs)
        for job, answer in zip(batch.jobs, answers, strict=True):
            moved = self._lines - answer.before if self._parts else 0
            if forked:
                for hit in answer.notes:
                    self._matching.note(replace(hit, line=hit.line + moved))
            for found in answer.found:
                found.source = job.source
                if isinstance(found, Document):
                    found.move(moved)
            self._parts = _joined(self._parts, answer.found)
            self._lines += answer.lines
            self._done += job.segment.end - job.segment.cut if job.segment else job.source.size
            self._progress(self._done)
            if job.last:
                yield job.source, self._parts
                self._parts, self._lines = [], 0
        _end(batch)

    def _read(self, batch: _Batch) -> Iterator[_Answer]:
        batch.process.join()
        assert batch.answers is not None
        batch.answers.seek(0)
        for job in batch.jobs:
            try:
                answer: _Answer = pickle.load(batch.answers)  # noqa: S301 - our own process wrote it
            except (EOFError, pickle.UnpicklingError):
                answer = _Answer([Unread(job.source, _BROKEN, harmless=False)], [])
            yield answer


_NOWHERE = Source("", "told")


def _joined(
    parts: list[Document | Unread], more: list[Document | Unread]
) -> list[Document | Unread]:
    """What was found in a file, with what was found in its next part."""
    first = next((found for found in parts if isinstance(found, Document)), None)
    joined = list(parts)
    for found in more:
        if first and isinstance(found, Document):
            first.join(found)
        else:
            joined.append(found)
    return joined


def _close(batch: _Batch) -> None:
    for job in batch.jobs:
        if job.descriptor >= 0:
            os.close(job.descriptor)
            job.descriptor = -1


def _end(batch: _Batch) -> None:
    if batch.process is not None:
        batch.process.kill()
        batch.process.join()
    if batch.answers:
        batch.answers.close()
    _close(batch)
