"""What every matcher gives: an item was seen here, in this way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from .blocks import Block
from .match_words import Places
from .records import Record

Weight = Literal["copy", "disguise", "resemblance", "answer", "trace"]
"""How much it proves that the text holds an item.

``copy``: the item's own words.  ``disguise``: the item with names, numbers or code changed, without
another explanation.  ``resemblance``: it may be another text of the same kind.  ``answer``: the
item's answer without its question.  ``trace``: its id, or a mark of its publisher.
"""


@dataclass(frozen=True)
class Sighting:
    """One item, seen in one place."""

    item: int
    """Position in the list of items; -1 for a mark that all items share."""
    how: str
    """In words, for a person: ``words``, ``docstring, names changed``."""
    weight: Weight
    line: int
    quote: str


class Matcher(Protocol):
    """Looks for one kind of trace, record by record."""

    def spots(self, block: Block) -> Places:
        """Bytes of the block's text around which a record may hold anything; must be fast."""

    def look(self, record: Record) -> Iterable[Sighting]:
        """What stands in one record."""

    def finish(self) -> Iterator[Sighting]:
        """What only the whole file shows; forgets the file."""
