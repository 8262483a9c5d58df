"""A block of a file's text on its way to the matchers, with what they all need of its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .match_words import Hashes, Places, Words, collapsed
from .word_grams import gram_step


@dataclass
class Block:
    """Text that was split into words."""

    words: Words
    breaks: Places
    """Where records end in it, as for ``Index.places``."""
    stop: int
    """Bytes of it that no later block begins with again."""
    line: Callable[[int], int]
    """The line of the file behind so many line ends of the block."""
    _grams: dict[bool, list[Hashes]] = field(default_factory=dict)

    @cached_property
    def collapsed(self) -> tuple[Places, Hashes]:
        """The words without repeated numbers: which they are, and their hashes."""
        return collapsed(self.words)

    def grams(self, size: int, *, exact: bool = False) -> Hashes:
        """The hash of each sequence of ``size`` words.

        Args:
            exact: of all words, numbers told apart; else of those in ``collapsed``.
        """
        hashes = self.words.exact if exact else self.collapsed[1]
        made = self._grams.setdefault(exact, [])
        while len(made) < size:
            made.append(gram_step(made[-1] if made else None, hashes, len(made)))
        return made[size - 1]

    def starts(self, *, exact: bool = False) -> Places:
        """Where the words stand of which ``grams`` are made."""
        return self.words.starts if exact else self.words.starts[self.collapsed[0]]

    def lines_at(self, places: Places) -> list[int]:
        """The lines of the file at these bytes of the text, each once, in order."""
        ends = np.unique(np.searchsorted(self.words.lines, places))
        return [self.line(end) for end in ends.tolist()]
