"""Runs of gold answers, in the order of the test, without any question.

The chance that numbers of other origin stand in that order falls with every one; a run counts when
it is below one in 10^15 for one place, so that a billion places stay below one in a million.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ...benchmarks import TestItem
from .records import Record
from .sightings import Sighting

BITS = 50.0
"""Surprise that a run must carry."""
DIFFERENT = 5
"""Different answers that it must have."""
SEED = 4
"""Answers by which a run is begun to be followed."""
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_LETTER = re.compile(r"(?<![A-Za-z])[A-J](?![A-Za-z'])")
_LONGEST = 40
_BLOCK = 50_000

Values = list[tuple[str, int]]
"""Numbers, each with its line."""


class AnswerMatcher:
    """Looks for gold answers in order: all numbers of a text, the last of each line or record."""

    def __init__(self, items: Sequence[TestItem]) -> None:
        self._letters = bool(items) and all(
            len(item.gold) == 1 and item.gold.isalpha() for item in items
        )
        golds = [item.gold.upper() if self._letters else _number(item.gold) for item in items]
        self._golds = golds if len(golds) >= SEED and all(golds) else []
        counts = Counter(self._golds)
        self._bits = [-math.log2(counts[gold] / len(golds)) for gold in self._golds]
        self._seeds: dict[tuple[str, ...], list[int]] = {}
        for start in range(len(self._golds) - SEED + 1):
            key = tuple(self._golds[start : start + SEED])
            self._seeds.setdefault(key, []).append(start)
        self._last: Values = []

    def __bool__(self) -> bool:
        return bool(self._golds)

    def wants(self, text: str) -> bool:
        del text
        return bool(self._golds)

    def look(self, record: Record) -> Iterator[Sighting]:
        lines = [found for line in record.text.split("\n") if (found := self._all(line))]
        if not lines:
            return
        all_ = [(value, record.line) for line in lines for value in line]
        yield from self._runs(all_, "in one text")
        if len(all_) > len(lines):
            yield from self._runs([(line[-1], record.line) for line in lines], "one in a line")
        self._last.append(all_[-1])
        if len(self._last) >= _BLOCK:
            yield from self._runs(self._last, "one in each record")
            self._last = self._last[-len(self._golds) :]

    def finish(self) -> Iterator[Sighting]:
        last, self._last = self._last, []
        yield from self._runs(last, "one in each record")

    def _all(self, text: str) -> list[str]:
        if self._letters:
            return _LETTER.findall(text)
        return [_number(found) for found in _NUMBER.findall(text) if len(found) <= _LONGEST]

    def _runs(self, values: Values, where: str) -> Iterator[Sighting]:
        position = 0
        while position + SEED <= len(values):
            key = tuple(value for value, _ in values[position : position + SEED])
            start, length = max(
                (self._length(values, position, start) for start in self._seeds.get(key, ())),
                key=lambda run: run[1],
                default=(0, 0),
            )
            run = self._golds[start : start + length]
            if len(set(run)) >= DIFFERENT and sum(self._bits[start : start + length]) >= BITS:
                how = f"its answer, in a run of {length} in the order of the test, {where}"
                quote = ", ".join(run[:20])
                for number in range(start, start + length):
                    line = values[position + number - start][1]
                    yield Sighting(number, how, "answer", line, quote)
                position += length
            else:
                position += 1

    def _length(self, values: Values, position: int, start: int) -> tuple[int, int]:
        length = 0
        while (
            position + length < len(values)
            and start + length < len(self._golds)
            and values[position + length][0] == self._golds[start + length]
        ):
            length += 1
        return start, length


def _number(text: str) -> str:
    """A number by value, as text; empty for what is none."""
    plain = text.replace(",", "").strip()
    if not plain or len(plain) > _LONGEST:
        return ""
    try:
        value = float(plain)
    except ValueError:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
