"""Find copies of benchmark items in text by shared word sequences.

An item is found where at least half of its distinct 8-word sequences stand close together; an item
of five to seven words where it stands whole.  Words are lower-case runs of letters and digits, so
that case, punctuation, markup and line breaks do not matter.  Paraphrase is not found.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

N = 8
SHARE = 0.5
"""Part of an item's word sequences that makes a copy."""
SHORTEST = 5
"""Words of the shortest item that can be told from everyday language."""

BREAK = "\0"
"""A word that no text can hold; put between records."""

_BITS = 22
_ASCII = bytes(ord(chr(c).lower()) if c < 128 and chr(c).isalnum() else 32 for c in range(256))
_WORD = re.compile(r"[^\W_]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")

Hashes = npt.NDArray[np.uint64]


def words(text: str) -> list[str]:
    """Lower-case runs of letters and digits; invisible characters and width variants are undone."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII).decode("ascii").split()
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return _WORD.findall(plain.lower())


def unescape(text: str) -> str:
    """Undo one level of backslash escapes, as in JSON or source code, without parsing either.

    Escaped quotes stay as they are: neither they nor their backslash belong to a word.
    """
    if "\\" not in text:
        return text
    text = text.replace("\\\\", "\0")
    if "\\u" in text:
        text = _UNICODE_ESCAPE.sub(_character, text)
    for escape in ("\\n", "\\r", "\\t", "\\f", "\\b"):
        text = text.replace(escape, " ")
    return text.replace("\0", "\\")


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return " " if 0xD800 <= code < 0xE000 else chr(code)


@dataclass(frozen=True)
class Match:
    """A copy of an item in the words that were searched."""

    item: int
    """Position of the item in the list that the index was made from."""
    position: int
    """Of its first word."""
    share: float


@dataclass(frozen=True)
class _Pattern:
    item: int
    grams: int
    """How many distinct word sequences it has."""
    span: int
    """Within how many words they must stand."""


class Index:
    """The word sequences of a list of texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._patterns: list[_Pattern] = []
        self._grams: dict[int, dict[tuple[str, ...], list[int]]] = {}
        self._vocabulary: dict[str, int] = {}
        self.unusable: list[int] = []
        """Items too short to be recognised."""
        for item, text in enumerate(texts):
            # The second form is how text with LaTeX in it reads after `unescape`.
            forms = {tuple(words(text)), tuple(words(unescape(text)))}
            if max(map(len, forms)) < SHORTEST:
                self.unusable.append(item)
            for form in sorted(form for form in forms if len(form) >= SHORTEST):
                self._add(item, form)
        self.longest_span = max((pattern.span for pattern in self._patterns), default=0)
        weights = np.random.default_rng(0).integers(1, 1 << 62, N, dtype=np.uint64)
        self._weights: Hashes = weights * np.uint64(2) + np.uint64(1)
        self._tables = {n: self._table(n) for n in self._grams}

    def _add(self, item: int, form: tuple[str, ...]) -> None:
        n = min(N, len(form))
        grams = {form[i : i + n] for i in range(len(form) - n + 1)}
        number = len(self._patterns)
        self._patterns.append(_Pattern(item, len(grams), 2 * len(form) + 2 * N))
        table = self._grams.setdefault(n, {})
        for gram in grams:
            table.setdefault(gram, []).append(number)
        for word in form:
            self._vocabulary.setdefault(word, len(self._vocabulary) + 1)

    def _table(self, n: int) -> npt.NDArray[np.bool_]:
        flat = [word for gram in self._grams[n] for word in gram]
        table = np.zeros(1 << _BITS, np.bool_)
        table[self._slots(self._numbers(flat), n)[::n]] = True
        return table

    def _numbers(self, found: Sequence[str]) -> Hashes:
        numbers = np.fromiter(map(self._vocabulary.get, found, repeat(0)), np.int64, len(found))
        return numbers.view(np.uint64)

    def _slots(self, numbers: Hashes, n: int) -> Hashes:
        """Where each sequence of ``n`` words stands in the table."""
        last = len(numbers) - n + 1
        if last <= 0:
            return np.zeros(0, np.uint64)  # fewer words than one sequence has
        total = np.zeros(last, np.uint64)
        for k in range(n):
            total += numbers[k : last + k] * self._weights[k]
        return total >> np.uint64(64 - _BITS)

    def search(self, found: Sequence[str], breaks: Sequence[int] = ()) -> list[Match]:
        """All copies in a list of words, at most one an item and segment.

        Args:
            found: the words; at a break stands a word that no text has (``BREAK``).
            breaks: positions of the breaks, ascending: no copy reaches across one.
        """
        numbers = self._numbers(found)
        hits: dict[int, list[tuple[int, tuple[str, ...]]]] = {}
        for n, table in self._tables.items():
            for position in np.flatnonzero(table[self._slots(numbers, n)]).tolist():
                gram = tuple(found[position : position + n])
                for number in self._grams[n].get(gram, ()):
                    hits.setdefault(number, []).append((position, gram))
        matches: list[Match] = []
        for number, places in hits.items():
            pattern = self._patterns[number]
            if len(places) >= SHARE * pattern.grams:
                matches += self._close_together(pattern, places, breaks)
        return sorted(matches, key=lambda match: (match.position, match.item))

    def _close_together(
        self, pattern: _Pattern, places: list[tuple[int, tuple[str, ...]]], breaks: Sequence[int]
    ) -> Iterable[Match]:
        """The best place of each segment where enough sequences stand within the span."""
        best: dict[int, Match] = {}
        inside: Counter[tuple[str, ...]] = Counter()
        start = 0
        for position, gram in places:
            segment = bisect_right(breaks, position)
            inside[gram] += 1
            while (
                position - places[start][0] > pattern.span
                or bisect_right(breaks, places[start][0]) != segment
            ):
                old = places[start][1]
                inside[old] -= 1
                if not inside[old]:
                    del inside[old]
                start += 1
            share = len(inside) / pattern.grams
            if share >= SHARE and (segment not in best or share > best[segment].share):
                best[segment] = Match(pattern.item, places[start][0], share)
        return best.values()
