"""Where in a block code may stand that belongs to a programming task: calls, asserts, solutions.

The same traces as in ``code_match``, told from the bytes of the text, in which quotes and line
breaks may be escaped; what only looks like one costs time, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from .blocks import Block
from .code_shapes import balanced, condition
from .match_words import Hashes, Places, read
from .word_grams import grams

KEYWORDS = (
    "for", "while", "if", "elif", "else", "return", "and", "or", "not", "in", "lambda", "def",
    "try", "except", "break", "continue", "yield",
)  # fmt: skip
_NEAR = 20_000
"""Bytes within which two of them must stand."""
_BEGINNING = 5
_LONGEST = 2_000
_LOOK = 64
_LITERAL = re.compile(r"""\s*[\d"'\[({\-.TFN]""")
_ASSERT = re.compile(rb"assert\b")
_MARKS = (re.compile(rb"def "), re.compile(rb"assert"), re.compile(rb">>>"))
_LINE_END = re.compile(rb"\n|\\+n")


class CodeSpots:
    """Looks for calls and asserts of the tasks, and for solutions with their keywords in order.

    Args:
        calls: canonical arguments.
        conditions: canonical conditions of asserts.
        keywords: of every solution, in order.
    """

    def __init__(
        self,
        calls: Iterable[str],
        conditions: Iterable[str],
        keywords: Iterable[tuple[str, ...]],
    ) -> None:
        self._calls = frozenset(map(_bare, calls))
        self._beginnings = frozenset((call + ")")[:_BEGINNING] for call in self._calls)
        self._firsts = np.zeros(256, np.bool_)
        self._firsts[[*b" \t\r\n\\", *{ord(call[0]) & 255 for call in self._beginnings}]] = True
        self._firsts[34] |= self._firsts[39]
        self._conditions = frozenset(map(_bare, conditions))
        self._solutions = _solutions(keywords)
        self._keywords = np.sort(_hashes(KEYWORDS))

    def spots(self, block: Block) -> Places:
        """Bytes around which a record deserves a look."""
        text = block.words.text
        seen = [np.array(sorted(self._called(text)), np.int64), self._solved(block)]
        if self._conditions and b"assert" in text:
            seen.append(_crowded(np.array(list(self._asserted(text)), np.int64)))
        seen[0] = _crowded(seen[0])
        return np.concatenate(seen)

    def _called(self, text: bytes) -> Iterator[int]:
        raw = np.frombuffer(text + b"  ", np.uint8)
        opens = np.flatnonzero(raw[1:-1] == 40) + 1
        before = raw[opens - 1]
        name = ((before | 32) - np.uint8(97) < 26) | (before - np.uint8(48) < 10) | (before == 95)
        name |= before > 127
        for place in opens[name & self._firsts[raw[opens + 1]]].tolist():
            start = text[place + 1 : place + _LOOK]
            if _bare(start.decode("latin-1"))[:_BEGINNING] not in self._beginnings:
                continue
            # Backslashes are taken out first, as quotes may be escaped.
            whole = text[place + 1 : place + _LONGEST].decode("utf-8", "replace")
            for inner in (balanced(whole, 0), balanced(_unescaped(whole), 0)):
                if inner is not None and _bare(inner).rstrip(",") in self._calls:
                    yield place
                    break

    def _asserted(self, text: bytes) -> Iterator[int]:
        for found in _ASSERT.finditer(text):
            end = _LINE_END.search(text, found.end(), found.end() + _LONGEST)
            line = text[found.end() : end.start() if end else found.end() + _LONGEST]
            told = _unescaped(line.decode("utf-8", "replace")).strip()
            if _bare(condition(told)) in self._conditions:
                yield found.start()

    def _solved(self, block: Block) -> Places:
        words = block.words
        place = np.minimum(np.searchsorted(self._keywords, words.exact), len(self._keywords) - 1)
        at = np.flatnonzero(self._keywords[place] == words.exact)
        raw = np.frombuffer(words.text + b" ", np.uint8)
        small = raw[words.starts[at]] > 96
        small &= (raw[words.starts[at] - 1] != 95) & (raw[words.ends[at]] != 95)
        at = at[small]
        hashes = words.exact[at]
        found = []
        for size, known in self._solutions.items():
            seen = hashes if size == 1 else _rolled(hashes, size)
            entry = np.minimum(np.searchsorted(known, seen), len(known) - 1)
            found.append(np.flatnonzero(known[entry] == seen))
        which = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
        return words.starts[at[which]]


def code_marks(text: bytes) -> Places:
    """Where code begins: functions, asserts, sessions of Python."""
    found = [mark.start() for marks in _MARKS for mark in marks.finditer(text)]
    return np.array(sorted(found), np.int64)


def near(places: Places, marks: Places) -> Places:
    """The places that have a mark near."""
    after = np.searchsorted(marks, places)
    edged = np.concatenate(([-(1 << 40)], marks, [1 << 60]))
    gap = np.minimum(places - edged[after], edged[after + 1] - places)
    kept: Places = places[gap <= _NEAR]
    return kept


def _bare(text: str) -> str:
    """Without blanks, and without what escaping adds."""
    return "".join(_unescaped(text).split()).replace('"', "'")


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return text.replace("\\n", " ").replace("\\t", " ").replace("\\", "")


def _crowded(places: Places) -> Places:
    """Those that have another one near."""
    near = np.flatnonzero(np.diff(places) <= _NEAR)
    return places[np.union1d(near, near + 1)] if len(near) else places[:0]


def _hashes(words: Iterable[str]) -> Hashes:
    return read(" ".join(words)).exact


def _solutions(keywords: Iterable[tuple[str, ...]]) -> dict[int, Hashes]:
    """The hashes of all solutions, by their number of keywords."""
    by_size: dict[int, set[int]] = {}
    for told in keywords:
        if told:
            hashes = _hashes(told)
            (value,) = (hashes if len(told) == 1 else _rolled(hashes, len(told))).tolist()
            by_size.setdefault(len(told), set()).add(value)
    return {size: np.array(sorted(found), np.uint64) for size, found in by_size.items()}


def _rolled(hashes: Hashes, size: int) -> Hashes:
    """One hash for each sequence of any length."""
    total = grams(hashes, min(8, size))
    for start in range(8, size, 8):
        more = grams(hashes[start:], min(8, size - start))
        total = total[: len(more)] * np.uint64(0x9E3779B97F4A7C15) + more
    return total
