"""Which lines of a block deserve a look of the slow matchers: those with enough of a thing's words.

Whatever a matcher looks for leaves short word sequences in the text, however it is written: with
escapes, in JSON, in any case.  A block is asked for all of them at once, with NumPy, so that only a
line that holds enough of one thing is ever parsed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .blocks import Block
from .match_words import Hashes, Places, collapsed, read
from .word_grams import grams

NOWHERE: Places = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Thing:
    """What is looked for."""

    sequences: tuple[tuple[int, int], ...]
    """(number of words, hash) of each."""
    least: int
    """How many of them must stand near each other, in one record."""
    span: int
    """Within how many words."""


def sequences(text: str, size: int, *, exact: bool = False) -> list[tuple[int, int]]:
    """The sequences of ``size`` words of a text, or the one of all its words if it has fewer."""
    words = read(text)
    hashes = words.exact if exact else collapsed(words)[1]
    size = min(size, len(hashes))
    return [(size, gram) for gram in grams(hashes, size).tolist()] if size else []


class Spotter:
    """Looks for things.

    Args:
        exact: whether numbers count as they are, and not all as the same word.
    """

    def __init__(self, things: Iterable[Thing], *, exact: bool = False) -> None:
        self._exact = exact
        known = list(things)
        self._least = np.array([thing.least for thing in known], np.int64)
        self._span = np.array([thing.span for thing in known], np.int64)
        by_size: dict[int, list[tuple[int, int]]] = {}
        for number, thing in enumerate(known):
            for size, gram in dict.fromkeys(thing.sequences):
                by_size.setdefault(size, []).append((gram, number))
        self._tables = [_Table(size, entries) for size, entries in sorted(by_size.items())]

    def __bool__(self) -> bool:
        return bool(self._tables)

    def spots(self, block: Block) -> Places:
        """Bytes of the block's text at which enough of a thing stands."""
        found = [table.find(block, self._exact) for table in self._tables]
        at = np.concatenate([at for at, _ in found]) if found else NOWHERE
        if not len(at):
            return NOWHERE
        owner = np.concatenate([owner for _, owner in found])
        order = np.lexsort((at, owner))
        at, owner = at[order], owner[order]
        last = np.arange(len(at)) + self._least[owner] - 1
        inside = np.flatnonzero(last < len(at))
        last = last[inside]
        near = (owner[last] == owner[inside]) & (at[last] - at[inside] <= self._span[owner[inside]])
        where = block.starts(exact=self._exact)
        record = np.searchsorted(block.breaks, where[at])
        near &= record[last] == record[inside]
        spots: Places = where[np.union1d(at[inside[near]], at[last[near]])]
        return spots


class _Table:
    """The sequences of one length."""

    def __init__(self, size: int, entries: list[tuple[int, int]]) -> None:
        self._size = size
        entries.sort()
        hashes: Hashes = np.array([gram for gram, _ in entries], np.uint64)
        self._owners = np.array([owner for _, owner in entries], np.int64)
        self._grams, self._begins, self._counts = np.unique(
            hashes, return_index=True, return_counts=True
        )
        bits = min(22, max(14, (len(hashes) * 64).bit_length()))
        self._shift = np.uint64(64 - bits)
        self._known = np.zeros(1 << bits, np.bool_)
        self._known[hashes >> self._shift] = True

    def find(self, block: Block, exact: bool) -> tuple[Places, Places]:
        """(number of the word, thing) of every sequence that is known."""
        seen = block.grams(self._size, exact=exact)
        at = np.flatnonzero(self._known[seen >> self._shift])
        entry = np.minimum(np.searchsorted(self._grams, seen[at]), len(self._grams) - 1)
        real = self._grams[entry] == seen[at]
        at, entry = at[real], entry[real]
        counts = self._counts[entry]
        ends = np.cumsum(counts)
        rows = np.repeat(self._begins[entry] - ends + counts, counts) + np.arange(counts.sum())
        return np.repeat(at, counts), self._owners[rows]
