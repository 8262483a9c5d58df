"""Runs of gold answers, in the order of the test, without any question.

The chance that numbers of other origin stand in that order falls with every one; a run counts when
it is below one in 10^15 for one place, so that a billion places stay below one in a million.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...benchmarks import TestItem
from .answers_order import Orders
from .blocks import Block
from .numbers import Codes, Numbers, letters_in, numbers_in
from .records import Record
from .sightings import Sighting

BITS = 50.0
"""Surprise that a run must carry."""
DIFFERENT = 5
"""Different answers that it must have, where the test has so many."""
_SEED = 12
"""Answers by which a run is found at most, before it is followed."""
_UNKNOWN = -1


class AnswerMatcher:
    """Looks for gold answers in order: all numbers of a text, the last of each line or record."""

    def __init__(self, items: Sequence[TestItem]) -> None:
        self._letters = bool(items) and all(
            len(item.gold) == 1 and item.gold.isalpha() for item in items
        )
        golds = [self._gold(item.gold) for item in items]
        self._known = np.unique(np.array([gold for gold in golds if gold is not None], np.int64))
        self._golds: list[int] = []
        if all(gold is not None for gold in golds):
            self._golds = np.searchsorted(self._known, np.array(golds, np.int64)).tolist()
        counts = Counter(self._golds)
        self._bits = [-math.log2(counts[gold] / len(golds)) for gold in self._golds]
        fewest = math.ceil(BITS / max(self._bits, default=1.0) - 1e-9) if any(self._bits) else 0
        self._seed = min(_SEED, max(DIFFERENT, fewest))
        self._different = min(DIFFERENT, len(counts))
        self._seeds: dict[tuple[int, ...], list[int]] = {}
        for start in range(len(self._golds) - self._seed + 1 if fewest else 0):
            key = tuple(self._golds[start : start + self._seed])
            self._seeds.setdefault(key, []).append(start)
        self._table = np.unique(self._hashes(np.array(self._golds, np.int64)))
        self._orders = Orders(len(golds))

    def __bool__(self) -> bool:
        return bool(self._seeds)

    def block(self, block: Block, *, alone: bool = False) -> Iterator[Sighting]:
        """Runs in a block of text; ``alone`` for what stands beside the file's own text."""
        text = block.words.text
        ways = [self._numbers(text)]
        if not self._letters and b"," in text and len(ways[0]):
            apart = numbers_in(text, grouped=False)
            if len(apart) > len(ways[0]):
                ways.append(apart)
        orders = Orders(len(self._golds)) if alone else self._orders
        for way, numbers in enumerate(ways):
            for order in orders.of(way, block, numbers):
                yield from self._runs(*order)

    def look(self, record: Record) -> Iterator[Sighting]:
        """A record of a document that was parsed as a whole."""
        numbers = self._numbers(record.text.encode("utf-8", "replace"))
        for order in self._orders.of_record(record, numbers):
            yield from self._runs(*order)

    def finish(self) -> Iterator[Sighting]:
        orders, self._orders = self._orders, Orders(len(self._golds))
        for order in orders.rest():
            yield from self._runs(*order)

    def _numbers(self, text: bytes) -> Numbers:
        return letters_in(text) if self._letters else numbers_in(text)

    def _gold(self, text: str) -> int | None:
        found = self._numbers(text.upper().strip().encode("utf-8", "replace"))
        plain = len(found) == 1 and found.ends[0] - found.starts[0] >= len(text.strip().lstrip("-"))
        return int(found.values[0]) if plain else None

    def _hashes(self, codes: Codes) -> Codes:
        """One number for each sequence that is as long as a seed."""
        last = len(codes) - self._seed + 1
        total: Codes = np.zeros(max(0, last), np.int64)
        for k in range(self._seed if last > 0 else 0):
            total = total * 1_000_003 + codes[k : last + k] + 1
        return total

    def _runs(self, where: str, values: Codes, line: Callable[[int], int]) -> Iterator[Sighting]:
        """Runs among values in order."""
        if len(values) < self._seed:
            return
        place = np.minimum(np.searchsorted(self._known, values), len(self._known) - 1)
        codes = np.where(self._known[place] == values, place, _UNKNOWN)
        hashes = self._hashes(codes)
        entry = np.minimum(np.searchsorted(self._table, hashes), len(self._table) - 1)
        done = 0
        for position in np.flatnonzero(self._table[entry] == hashes).tolist():
            if position < done:
                continue
            told = codes[position : position + len(self._golds)].tolist()
            start, length = max(
                (
                    (start, self._length(told, start))
                    for start in self._seeds.get(tuple(told[: self._seed]), ())
                ),
                key=lambda run: run[1],
                default=(0, 0),
            )
            run = self._golds[start : start + length]
            if len(set(run)) >= self._different and sum(self._bits[start : start + length]) >= BITS:
                how = f"its answer, in a run of {length} in the order of the test, {where}"
                quote = ", ".join(map(self._shown, run[:20]))
                for number in range(start, start + length):
                    at = line(position + number - start)
                    yield Sighting(number, how, "answer", at, quote)
                done = position + length

    def _shown(self, code: int) -> str:
        value = int(self._known[code])
        return "ABCDEFGHIJ"[value] if self._letters else str(value)

    def _length(self, told: Sequence[int], start: int) -> int:
        length = 0
        while (
            length < len(told)
            and start + length < len(self._golds)
            and told[length] == self._golds[start + length]
        ):
            length += 1
        return length
