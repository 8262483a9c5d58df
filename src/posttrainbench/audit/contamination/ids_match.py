"""Ids of items, and the marks that publishers put beside them.

An id is no item; but in data for training it tells where the row came from.  Only ids that nobody
writes by chance are looked for: ``HumanEval/12``, ``exec_simple_3``, a hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...benchmarks import TestItem
from .blocks import Block
from .match_words import Places
from .records import Record
from .sightings import Sighting
from .spotting import Spotter, Thing, sequences

SHORTEST = 8
"""Characters of the shortest id that is told from other words."""
_HEX = re.compile(r"[0-9a-f]+(?:-[0-9a-f]+)*")
_RUN = re.compile(r"\d+")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AROUND = 80
_FIRST = 5
"""Words at its beginning by which a place is spotted."""


class IdMatcher:
    """Looks for ids and canaries."""

    def __init__(self, items: Sequence[TestItem]) -> None:
        self._ids: dict[str, int] = {}
        shapes = set()
        for number, item in enumerate(items):
            if len(item.id) >= SHORTEST and any(c.isdigit() for c in item.id):
                self._ids[item.id.lower()] = number
                shapes.add(_shape(item.id.lower()))
        self._shapes = re.compile("|".join(sorted(shapes))) if shapes else None
        # The part of a canary that is its own: other words may stand before it.
        self._canaries = {
            (guid[0] if (guid := _GUID.search(item.canary.lower())) else item.canary.lower())
            for item in items
            if item.canary
        }
        marks = sorted(self._ids.keys() | self._canaries)
        self._spotter = Spotter(
            (Thing(tuple(sequences(mark, _FIRST, exact=True)[:1]), 1, 0) for mark in marks),
            exact=True,
        )

    def __bool__(self) -> bool:
        return bool(self._ids or self._canaries)

    def spots(self, block: Block) -> Places:
        return self._spotter.spots(block)

    def look(self, record: Record) -> Iterator[Sighting]:
        text = record.text.lower()
        for canary in self._canaries:
            if (at := text.find(canary)) >= 0:
                yield Sighting(-1, "the publisher's canary", "trace", record.line, text[at:][:60])
        seen: set[int] = set()
        for found, number in self._found(text):
            if number not in seen:
                seen.add(number)
                start = max(0, found.start() - _AROUND)
                quote = text[start : found.end() + _AROUND]
                yield Sighting(number, "its id", "trace", record.line, quote)

    def finish(self) -> Iterator[Sighting]:
        return iter(())

    def _found(self, text: str) -> Iterator[tuple[re.Match[str], int]]:
        if self._shapes is None:
            return
        for found in self._shapes.finditer(text):
            if (number := self._ids.get(found[0])) is not None:
                yield found, number


def _shape(id_: str) -> str:
    """A pattern for all ids that are made alike."""
    if _HEX.fullmatch(id_):
        inner = "-".join(f"[0-9a-f]{{{len(part)}}}" for part in id_.split("-"))
    else:
        inner = r"\d+".join(re.escape(part) for part in _RUN.split(id_))
    return rf"(?<![0-9a-z]){inner}(?![0-9a-z])"
