"""Parts of an item that are long texts themselves: turns of a conversation, criteria, choices.

One turn of a conversation makes it known, if it is long enough to be nobody else's; of criteria and
choices it takes several in one record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ...benchmarks import TestItem
from .blocks import Block
from .match_words import Places
from .plain_words import words
from .records import Record
from .sightings import Sighting
from .spotting import Spotter, Thing, sequences

ALIAS = 16
"""Words of the shortest turn that is looked for."""
PART = 7
"""Words of the shortest part."""
TOGETHER = 2
"""Parts in one record that make an item known."""
LONG = 40
"""Words of parts in one record by which a single one does, where an item has only one."""
GRAM = 6
SHARE = 0.6
"""Part of a text's word sequences that makes a copy of it."""
SPOT = 0.4
"""Part of them that makes a place worth a look."""
_SHOWN = 40

Gram = tuple[str, ...]


class PartMatcher:
    """Looks for turns, criteria and choices that belong to one item alone."""

    def __init__(self, items: Sequence[TestItem]) -> None:
        self._owner: list[tuple[int, bool, int]] = []
        """(item, whether it is a part, words) of each text."""
        self._grams: dict[Gram, list[int]] = {}
        self._size: list[int] = []
        self._parts = Counter[int]()
        told = [(n, tuple(words(t)), False) for n, i in enumerate(items) for t in i.aliases]
        told += [(n, tuple(words(t)), True) for n, i in enumerate(items) for t in i.parts]
        owners: dict[tuple[str, ...], set[int]] = {}
        for number, text, _ in told:
            owners.setdefault(text, set()).add(number)
        things = []
        for number, text, is_part in dict.fromkeys(told):
            if len(text) >= (PART if is_part else ALIAS) and len(owners[text]) == 1:
                found = set(_grams(text))
                for gram in found:
                    self._grams.setdefault(gram, []).append(len(self._owner))
                self._size.append(len(found))
                self._owner.append((number, is_part, len(text)))
                self._parts[number] += is_part
                seen = tuple(sequences(" ".join(text), GRAM))
                least = max(1, int(SPOT * len(set(seen))))
                things.append(Thing(seen, least, 2 * len(text)))
        self._spotter = Spotter(things)

    def __bool__(self) -> bool:
        return bool(self._owner)

    def spots(self, block: Block) -> Places:
        return self._spotter.spots(block)

    def look(self, record: Record) -> Iterator[Sighting]:
        told = words(record.text)
        found: dict[int, set[Gram]] = {}
        for gram in _grams(told):
            for text in self._grams.get(gram, ()):
                found.setdefault(text, set()).add(gram)
        parts: dict[int, list[int]] = {}
        quotes: dict[int, str] = {}
        for text, hits in found.items():
            if len(hits) < SHARE * self._size[text]:
                continue
            number, is_part, length = self._owner[text]
            quotes.setdefault(number, _quote(told, hits))
            if is_part:
                parts.setdefault(number, []).append(length)
            else:
                how = "one of its turns"
                yield Sighting(number, how, "copy", record.line, quotes[number])
        for number, lengths in parts.items():
            need = min(TOGETHER, self._parts[number])
            if len(lengths) >= need and (len(lengths) > 1 or sum(lengths) >= LONG):
                how = f"{len(lengths)} of its criteria or choices"
                yield Sighting(number, how, "copy", record.line, quotes[number])

    def finish(self) -> Iterator[Sighting]:
        return iter(())


def _grams(told: Sequence[str]) -> Iterator[Gram]:
    return zip(*(told[start:] for start in range(GRAM)), strict=False)


def _quote(told: Sequence[str], hits: set[Gram]) -> str:
    """The words around the first of the sequences."""
    start = next(n for n, gram in enumerate(_grams(told)) if gram in hits)
    return " ".join(told[start : start + _SHOWN])
