"""Programming tasks under other names: docstrings, examples and asserts, solutions.

A docstring whose words agree, or several calls with the task's own arguments, have no honest
explanation.  A solution alone has: short functions for common tasks are written alike by everyone,
so only a long one counts, and only as a resemblance.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ...benchmarks import TestItem
from .blocks import Block
from .code_shapes import (
    GRAM,
    arguments,
    beginning,
    checks,
    functions,
    grams,
    keywords,
    masked,
    names_in,
    outline,
    shape,
    telling,
)
from .code_spots import CodeSpots, code_marks, near
from .match_words import Places, collapsed, read
from .records import Record
from .sightings import Sighting
from .spotting import NOWHERE, Spotter, Thing
from .word_grams import grams as grams_of

SHARE = 0.5
"""Part of a docstring's word sequences that makes a copy."""
SPOT = 0.25
"""Part of those without names that makes a place worth a look."""
_FEW = 6
_MASKED = "qqqqqq"
FEWEST = 10
"""Word sequences that must agree; a docstring of fewer must agree whole."""
CALLS = 3
"""Calls with a task's own arguments that make it known."""
LONG_CALLS = 90
"""Characters of arguments by which fewer of them do: two at least."""
FEWEST_CHECKS = 4
CHECKED = 0.75
"""Part of a task's asserts, and their least number, that make it known."""
NODES = 70
"""Parts of the shortest solution that is anything but common."""
_QUOTE = 160


class CodeMatcher:
    """Looks for programming tasks."""

    def __init__(self, items: Sequence[TestItem]) -> None:
        self._grams: dict[tuple[str, ...], set[int]] = {}
        self._size: dict[int, int] = {}
        self._calls: dict[str, set[int]] = {}
        self._checks: dict[str, set[int]] = {}
        self._checked: dict[int, int] = {}
        self._outlines: set[str] = set()
        self._solutions: dict[str, int] = {}
        self._things: list[Thing] = []
        keys: set[tuple[str, ...]] = set()
        for number, item in enumerate(items):
            if item.code:
                keys |= self._add(number, item)
        self._docstrings = Spotter(self._things)
        self._calls = {call: who for call, who in self._calls.items() if len(who) == 1}
        self._beginnings = frozenset(map(beginning, self._calls))
        self._spots = CodeSpots(self._calls, self._checks, keys)

    def __bool__(self) -> bool:
        return bool(self._size)

    def _add(self, number: int, item: TestItem) -> set[tuple[str, ...]]:
        """Take an item; gives the keywords of its solution in order."""
        names = {**names_in(item.code), item.entry_point: "f"}
        docstring = _docstring(item)
        found = grams(masked(docstring, names))
        self._size[number] = len(found)
        self._things += _spotted(docstring, names)
        for gram in found:
            self._grams.setdefault(gram, set()).add(number)
        for call in {*arguments(docstring), *arguments(item.tests)}:
            if telling(call):
                self._calls.setdefault(call, set()).add(number)
        conditions = checks(item.tests)
        self._checked[number] = len(conditions)
        for condition in conditions:
            self._checks.setdefault(condition, set()).add(number)
        keys = set()
        for source in functions(item.code):
            made = shape(source)
            if made and made.nodes >= NODES and f"def {item.entry_point}(" in source:
                self._solutions.setdefault(made.form, number)
                self._outlines.add(outline(source))
                keys.add(keywords(source))
        return keys

    def spots(self, block: Block) -> Places:
        marks = code_marks(block.words.text)
        if not len(marks):
            return NOWHERE
        told = near(self._docstrings.spots(block), marks)
        return np.concatenate((told, self._spots.spots(block)))

    def look(self, record: Record) -> Iterator[Sighting]:
        text = record.text
        if not any(mark in text for mark in ("def ", "assert", ">>>")):
            return
        seen: set[int] = set()
        for how, number in self._strong(text):
            if number not in seen:
                seen.add(number)
                yield Sighting(number, how, "disguise", record.line, _quoted(text))
        for source in functions(text):
            if len(source) < NODES or outline(source) not in self._outlines:
                continue
            made = shape(source)
            number = self._solutions.get(made.form, -1) if made else -1
            if number >= 0 and number not in seen:
                seen.add(number)
                how = "solution, names changed"
                yield Sighting(number, how, "resemblance", record.line, _quoted(source))

    def finish(self) -> Iterator[Sighting]:
        return iter(())

    def _strong(self, text: str) -> Iterator[tuple[str, int]]:
        shared: Counter[int] = Counter()
        for gram in grams(masked(text, names_in(text))):
            for number in self._grams.get(gram, ()):
                shared[number] += 1
        for number, count in shared.items():
            size = self._size[number]
            if count >= (SHARE * size if size > 2 * FEWEST else max(0.9 * size, min(FEWEST, size))):
                yield "docstring, names changed", number
        lengths: dict[int, list[int]] = {}
        for call in set(arguments(text, self._beginnings)):
            for number in self._calls.get(call, ()):
                lengths.setdefault(number, []).append(len(call))
        for number, found in lengths.items():
            if len(found) >= CALLS or (len(found) > 1 and sum(found) >= LONG_CALLS):
                yield "arguments of its examples and tests", number
        passed: Counter[int] = Counter()
        for condition in checks(text) if "assert" in text else ():
            for number in self._checks.get(condition, ()):
                passed[number] += 1
        for number, count in passed.items():
            if count >= max(FEWEST_CHECKS, CHECKED * self._checked[number]):
                yield "its tests", number


def _docstring(item: TestItem) -> str:
    """The words that tell the task."""
    try:
        tree = ast.parse(item.code)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return item.question
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == item.entry_point:
            texts = [
                part.value.value
                for part in node.body
                if isinstance(part, ast.Expr)
                and isinstance(part.value, ast.Constant)
                and isinstance(part.value.value, str)
            ]
            return texts[0] if texts else item.question
    return item.question


def _spotted(docstring: str, names: Mapping[str, str]) -> Iterator[Thing]:
    """By which words a docstring is spotted whatever its names are: those that are none."""
    named = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    words = read(named.sub(_MASKED, docstring))
    kept, hashes = collapsed(words)
    told = words.lower.decode("utf-8", "replace").split()
    free = [told[place] != _MASKED for place in kept.tolist()]
    for size, part in ((GRAM, SPOT), (3, 0.5), (2, 0.9)):
        found = {
            gram
            for start, gram in enumerate(grams_of(hashes, size).tolist())
            if all(free[start : start + size])
        }
        if len(found) >= _FEW or size == 2:
            least = max(min(2, len(found)), round(part * len(found)))
            yield Thing(
                tuple((size, gram) for gram in found), least, len(hashes) + len(hashes) // 2 + 8
            )
            return


def _quoted(text: str) -> str:
    start = max(0, text.find("def "))
    return text[start : start + _QUOTE]
