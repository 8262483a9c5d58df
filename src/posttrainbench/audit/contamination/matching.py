"""Search sources with every matcher, document by document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from pathlib import Path

from ...benchmarks import TestItem
from ..reading.open_any import documents, part_of
from ..reading.shapes import Piece, UnreadError
from ..reading.vocabulary import vocabulary_of
from .answers_match import AnswerMatcher
from .calls_match import CallMatcher
from .code_match import CodeMatcher
from .gathering import Source
from .ids_match import IdMatcher
from .looking import Looker
from .match_crowd import Crowd
from .ngrams import Index
from .parts_match import PartMatcher
from .scanner import FOLDED, KEEP, Hit, Scanner
from .segments import Segment
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

    def move(self, lines: int) -> None:
        """Count so many lines more before it: it is a part of a file."""
        self.hits = [replace(hit, line=hit.line + lines) for hit in self.hits]
        self.sightings = [replace(seen, line=seen.line + lines) for seen in self.sightings]

    def join(self, other: Document) -> None:
        """Take in what was seen in the next part of the same file, each place once."""
        known = {(hit.item, hit.line) for hit in self.hits}
        more = (hit for hit in other.hits if (hit.item, hit.line) not in known)
        best = sorted([*self.hits, *more], key=lambda hit: (hit.item, -hit.strength, hit.line))
        by_item = groupby(best, key=lambda hit: hit.item)
        self.hits = [hit for _, hits in by_item for hit in islice(hits, KEEP)]
        self.sightings = list(dict.fromkeys(self.sightings + other.sightings))[:KEPT]
        self.characters += other.characters
        self.unsearched += other.unsearched

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
        made: list[CodeMatcher | CallMatcher | PartMatcher | IdMatcher] = [
            CodeMatcher(items),
            CallMatcher(items),
            PartMatcher(items),
            IdMatcher(items),
        ]
        self._matchers: list[Matcher] = [matcher for matcher in made if matcher]
        self._answers = AnswerMatcher(items)

    @contextmanager
    def noting(self) -> Iterator[list[Hit]]:
        """Gather all that is noted of the crowd meanwhile, for ``note`` in another process."""
        log: list[Hit] = []
        self._crowd.log = log
        try:
            yield log
        finally:
            self._crowd.log = None

    def note(self, hit: Hit) -> None:
        """Take note of a place that another process saw."""
        self._crowd.note(hit)

    def search(
        self,
        source: Source,
        descriptor: int,
        segment: Segment | None = None,
        number: int = 1,
        *,
        quick: bool = False,
    ) -> Iterator[Document | Unread]:
        """What one source holds.

        Args:
            descriptor: of the open file, where the source is one.
            segment: the part of it that is searched; ``None``: all.
            number: of its first document; others of the same source follow.
            quick: only the words of the items, as for installed packages.
        """
        if source.node is None:
            document = Document(source, number=number)
            self._search(document, [Piece(1, source.text)], quick=quick)
            yield document
            return
        if segment is None:
            opened = documents(descriptor, source.node.name, self.vocabulary)
        else:
            opened = part_of(descriptor, segment.start, segment.end, segment.form, self.vocabulary)
        try:
            for found in opened:
                document = Document(source, found.member, found.form, number=number)
                number += 1
                inner = segment is not None and segment.start > 0
                try:
                    self._search(document, found.pieces, quick=quick, inner=inner)
                except UnreadError as unread:
                    yield Unread(source, str(unread), unread.harmless, found.member)
                if document.unsearched:
                    why = f"{document.unsearched} places like items were too many to be compared"
                    yield Unread(source, why, harmless=False, member=found.member)
                yield document
        except OSError as error:
            yield Unread(source, error.strerror or str(error), harmless=False)

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

    def _search(
        self, document: Document, parts: Iterable[Piece], *, quick: bool, inner: bool = False
    ) -> None:
        looker = None
        if not quick and (self._matchers or self._answers):
            looker = Looker(
                self._matchers,
                self._answers or None,
                lambda found: self._add(document, found),
                inner=inner,
            )
        scanner = Scanner(
            self.index,
            self._crowd,
            file=str(document.number),
            also=looker.block if looker else None,
        )
        try:
            for piece in parts:
                if len(document.head) < HEAD and not piece.how:
                    document.head += piece.text[: HEAD - len(document.head)]
                document.characters += 0 if piece.how else len(piece.text)
                if looker and piece.how in FOLDED:
                    looker.aside(piece)
                elif looker:
                    looker.feed(piece)
                scanner.feed(piece)
        finally:
            scanner.finish()
            document.hits = list(scanner.found)
            document.unsearched = scanner.unsearched
            if looker:
                looker.finish()

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
