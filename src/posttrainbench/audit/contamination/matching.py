"""Search sources with every matcher, document by document."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from ...benchmarks import TestItem
from ..reading.open_any import documents
from ..reading.shapes import Piece, UnreadError
from ..reading.vocabulary import vocabulary_of
from .answers_match import AnswerMatcher
from .calls_match import CallMatcher
from .code_match import CodeMatcher
from .gathering import Source
from .ids_match import IdMatcher
from .match_crowd import Crowd
from .ngrams import Index
from .parts_match import PartMatcher
from .records import Record, Records
from .scanner import Hit, Scanner
from .sightings import Matcher, Sighting, Weight

HEAD = 20_000
"""Characters of a document that are kept for telling what it is."""
KEPT = 5_000
"""Sightings of one document that are kept."""


@dataclass
class Document:
    """A file, or a file in an archive, and what was seen in it."""

    source: Source
    member: str = ""
    form: str = ""
    """As the reader tells it."""
    sightings: list[Sighting] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    """Places that hold an item's words; ``Matching.settle`` makes sightings of those that count."""
    head: str = ""
    characters: int = 0
    number: int = 0
    """Tells it from the other documents of a run."""
    unsearched: int = 0
    """Places with words of items that were too many to be looked at closely."""

    @property
    def seen(self) -> set[int]:
        """Items whose own content was seen, not only their ids."""
        return {s.item for s in self.sightings if s.weight != "trace" and s.item >= 0}


@dataclass
class Unread:
    """Why a source was not searched, or not whole."""

    source: Source
    why: str
    harmless: bool
    member: str = ""


class Matching:
    """All matchers for one list of items.

    Args:
        items: of the benchmark.
        base: folder of the base model, whose tokenizer reads token ids; ``None``: they stay unread.
    """

    def __init__(self, items: Sequence[TestItem], base: Path | None = None) -> None:
        self.index = Index([item.question for item in items])
        self.vocabulary = vocabulary_of(base) if base else None
        self._crowd = Crowd(self.index)
        self._numbers = count(1)
        made: list[CodeMatcher | CallMatcher | PartMatcher | AnswerMatcher | IdMatcher] = [
            CodeMatcher(items),
            CallMatcher(items),
            PartMatcher(items),
            AnswerMatcher(items),
            IdMatcher(items),
        ]
        self._matchers: list[Matcher] = [matcher for matcher in made if matcher]

    def search(self, source: Source, *, quick: bool = False) -> Iterator[Document | Unread]:
        """What one source holds.

        Args:
            source: is opened at once.
            quick: only the words of the items, as for installed packages.
        """
        if source.node is None:
            document = Document(source)
            self._search(document, [Piece(1, source.text)], quick=quick)
            yield document
            return
        try:
            descriptor = source.node.open()
        except OSError as error:
            yield Unread(source, error.strerror or str(error), harmless=False)
            return
        try:
            for found in documents(descriptor, source.node.name, self.vocabulary):
                document = Document(source, found.member, found.form)
                try:
                    self._search(document, found.pieces, quick=quick)
                except UnreadError as unread:
                    yield Unread(source, str(unread), unread.harmless, found.member)
                if document.unsearched:
                    why = f"{document.unsearched} places like items were too many to be compared"
                    yield Unread(source, why, harmless=False, member=found.member)
                yield document
        except OSError as error:
            yield Unread(source, error.strerror or str(error), harmless=False)
        finally:
            os.close(descriptor)

    def settle(self, found: Sequence[Document]) -> None:
        """Weigh the words seen in all documents together, once every one of them was searched."""
        by_name = {str(document.number): document for document in found}
        for hit in self._crowd.settle(hit for document in found for hit in document.hits):
            if document := by_name.get(hit.file):
                document.sightings.append(_of_hit(hit))

    def text(self, text: str) -> list[Sighting]:
        """Everything in a short text."""
        document = Document(Source("", "told", text=text))
        self._search(document, [Piece(1, text)], quick=False)
        return [*map(_of_hit, document.hits), *document.sightings]

    def _search(self, document: Document, parts: Iterable[Piece], *, quick: bool) -> None:
        document.number = next(self._numbers)
        scanner = Scanner(self.index, self._crowd, file=str(document.number))
        records = Records()
        matchers = [] if quick else self._matchers
        wanted: set[int] = set()
        """Matchers that found anything of theirs so far."""
        try:
            for piece in parts:
                if len(document.head) < HEAD and not piece.how:
                    document.head += piece.text[: HEAD - len(document.head)]
                document.characters += 0 if piece.how else len(piece.text)
                scanner.feed(piece)
                wants = {n for n, matcher in enumerate(matchers) if matcher.wants(piece.text)}
                wanted |= wants
                if wants or records.open:
                    self._look(document, records.feed(piece), wanted if records.open else wants)
        finally:
            scanner.finish()
            document.hits = list(scanner.found)
            document.unsearched = scanner.unsearched
            self._look(document, records.finish(), wanted)
            for number in wanted:
                self._add(document, matchers[number].finish())

    def _look(self, document: Document, records: Iterable[Record], wanted: set[int]) -> None:
        for record in records:
            for number in wanted:
                # What is nested too deep for Python holds no item that training could read.
                with suppress(RecursionError):
                    self._add(document, self._matchers[number].look(record))

    def _add(self, document: Document, found: Iterable[Sighting]) -> None:
        for sighting in found:
            if len(document.sightings) < KEPT:
                document.sightings.append(sighting)


def _of_hit(hit: Hit) -> Sighting:
    weight: Weight
    if not hit.certain:
        how, weight = f"{hit.how}, {hit.share:.0%} of its words", "resemblance"
    elif hit.how == "renamed":
        how, weight = "its words, names or numbers changed", "disguise"
    else:
        how, weight = f"its words, {hit.how}", "copy"
    if hit.via:
        how = f"{how}, read as {hit.via}"
    return Sighting(hit.item, how, weight, hit.line, hit.quote)
