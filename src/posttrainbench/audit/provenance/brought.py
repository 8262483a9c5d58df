"""Is the submission made from a model that lies among what the agent left?

A model that was brought here is a reference like any other.  A checkpoint of which nothing says so
may be the run's own, as every honest run has it: a resemblance to it only informs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from ...errors import SubmissionError
from ...records import Evidence
from ..files.quoting import quote
from .candidates import Candidates
from .downloads import Download, Way
from .reference import Reference
from .regression import Resemblance
from .weighing import Word

BATCH, OPEN_FILES = 4, 256
"""Models that are compared at a time, and files that they may have together; one model is a batch
however many it has."""
_SHOWN = 10
_PLACES: dict[Way, str] = {
    "cache": "weights in the agent's own hub cache",
    "folder": "weights that were downloaded into a folder",
    "own": "weights in the run's folders",
}


class Compare(Protocol):
    """Compares the submission with some references: the number, in the order given, of each that
    there is something to say about.

    Raises:
        SubmissionError: a file ended early.
    """

    def __call__(
        self, references: Sequence[Reference]
    ) -> Sequence[tuple[int, Word, Resemblance]]: ...


@dataclass
class Brought:
    """What the comparison with all that the agent left gives."""

    about: list[tuple[Word, Resemblance]] = field(default_factory=list)
    """What there is to say about models that were surely brought here."""
    words: list[Word] = field(default_factory=list)
    """What there is to say about all others."""


def against_leftovers(found: Candidates, official: Sequence[str], compare: Compare) -> Brought:
    """Compare with every candidate, some at a time.

    Args:
        found: the candidates.
        official: hub ids of the base's known descendants.
        compare: how.
    """
    made = Brought()
    unseen, passed, alike = list(found.unseen), list(found.passed), []
    for download, word, like in _each(found, official, compare, unseen, passed):
        if download.way == "cache" or (download.way == "folder" and download.is_certain()):
            made.about.append((word, like))
        else:
            alike.append(f"{download.place}: {word.summary}")
    if unseen:
        made.words.append(_told("references-unseen", unseen, "were brought here and not compared"))
    if alike or passed:
        count = f"{len(alike)} that the submission resembles"
        made.words.append(
            _told("checkpoints-left", [*alike, *passed], f"lie in the run's folders, {count}")
        )
    return made


def _each(
    found: Candidates,
    official: Sequence[str],
    compare: Compare,
    unseen: list[str],
    passed: list[str],
) -> Iterator[tuple[Download, Word, Resemblance]]:
    for batch in _batches([*found.brought, *found.own]):
        with ExitStack() as stack:
            opened = []
            for download in batch:
                target = passed if download.way == "own" else unseen
                try:
                    reference = _reference(download, official, stack)
                except SubmissionError as error:
                    target.append(f"{download.repository}: {error.what}")
                else:
                    opened.append((download, reference))
            try:
                told = compare([reference for _, reference in opened])
            except SubmissionError as error:
                unseen += [f"{download.repository}: {error.what}" for download, _ in opened]
                continue
            for number, word, like in told:
                yield opened[number][0], word, like


def _batches(downloads: Sequence[Download]) -> Iterator[list[Download]]:
    batch: list[Download] = []
    for download in downloads:
        files = sum(len(one.files) for one in [*batch, download])
        if batch and (len(batch) == BATCH or files > OPEN_FILES):
            yield batch
            batch = []
        batch.append(download)
    if batch:
        yield batch


def _reference(download: Download, official: Sequence[str], stack: ExitStack) -> Reference:
    tensors = stack.enter_context(download.open())
    return Reference(
        download.repository,
        f"{_PLACES[download.way]} ({json.dumps(download.place)})",
        tensors,
        ours=False,
        official=download.way != "own" and download.repository in official,
        is_certain=download.is_certain,
    )


def _told(kind: str, what: Sequence[str], words: str) -> Word:
    summary = f"{len(what)} models {words}, such as {quote(what[0], 160)}"
    notes = tuple(Evidence(quote=quote(line)) for line in what[:_SHOWN])
    return Word(kind, summary, {"models": len(what)}, notes)
