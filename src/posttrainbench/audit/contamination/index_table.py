"""The word sequences of all items in one table, and where a text has enough of one item's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .blocks import Block
from .match_words import Hashes, Places
from .word_grams import grams

N = 5
"""Words of a sequence."""
PART = 0.15
"""Weight of an item's sequences that a place must hold to be looked at."""

Member = tuple[int, Hashes, Places]
"""The frame of an item, its words without repeated numbers, and where they stand in it."""


@dataclass(frozen=True)
class Cluster:
    """Sequences of one item that stand near each other."""

    frame: int
    first: int
    """Positions of the first and the last, in the words without repeated numbers."""
    last: int
    offset: int
    """Where these two stand in the item."""
    last_offset: int


class Table:
    """The sequences of ``n`` words of some items."""

    def __init__(self, n: int, members: Sequence[Member], spans: Places) -> None:
        self._n = n
        self._spans = spans
        entries: dict[tuple[int, int], int] = {}
        for frame, hashes, kept in members:
            for gram, offset in zip(grams(hashes, n).tolist(), kept.tolist(), strict=False):
                entries.setdefault((gram, frame), offset)
        ordered = sorted(entries)
        values = np.array([gram for gram, _ in ordered], np.uint64)
        self._frames = np.array([frame for _, frame in ordered], np.int64)
        self._offsets = np.array([entries[key] for key in ordered], np.int64)
        self._grams, self._begins, self._counts = np.unique(
            values, return_index=True, return_counts=True
        )
        self._weights: npt.NDArray[np.float64] = np.repeat(1.0 / self._counts, self._counts)
        self._totals = self._total(members)
        bits = min(24, max(14, (len(values) * 64).bit_length()))
        self._shift = np.uint64(64 - bits)
        self._known = np.zeros(1 << bits, np.bool_)
        self._known[values >> self._shift] = True

    def _total(self, members: Sequence[Member]) -> npt.NDArray[np.float64]:
        """The weight of one item of each frame: items of a frame differ in their names only."""
        totals = np.zeros(len(self._spans), np.float64)
        np.add.at(totals, self._frames, self._weights)
        sizes: dict[int, list[int]] = {}
        for frame, hashes, _ in members:
            sizes.setdefault(frame, []).append(len(hashes))
        for frame, lengths in sizes.items():
            totals[frame] = min(totals[frame], sum(lengths) / len(lengths))
        return totals

    def clusters(self, block: Block) -> Iterator[Cluster]:
        """Where enough of an item's sequences stand in the same record."""
        seen, starts, breaks = block.grams(self._n), block.starts(), block.breaks
        at = np.flatnonzero(self._known[seen >> self._shift])
        entry = np.minimum(np.searchsorted(self._grams, seen[at]), len(self._grams) - 1)
        real = self._grams[entry] == seen[at]
        at, entry = at[real], entry[real]
        if not len(at):
            return
        counts = self._counts[entry]
        ends = np.cumsum(counts)
        rows = np.repeat(self._begins[entry] - ends + counts, counts) + np.arange(ends[-1])
        position = np.repeat(at, counts)
        order = np.lexsort((position, self._frames[rows]))
        rows, position = rows[order], position[order]
        frame, where = self._frames[rows], np.searchsorted(breaks, starts[position])
        fresh = np.ones(len(rows), np.bool_)
        fresh[1:] = (
            (frame[1:] != frame[:-1])
            | (where[1:] != where[:-1])
            | (position[1:] - position[:-1] > self._spans[frame[1:]])
        )
        begins = np.flatnonzero(fresh)
        weight = np.add.reduceat(self._weights[rows], begins)
        stops = np.append(begins[1:], len(rows))
        for k in np.flatnonzero(weight >= PART * self._totals[frame[begins]]).tolist():
            inside = slice(begins[k], stops[k])
            yield from self._windows(int(frame[begins[k]]), rows[inside], position[inside])

    def _windows(self, frame: int, rows: Places, position: Places) -> Iterator[Cluster]:
        """Cut a cluster where the item is over or begins anew."""
        offsets, places = self._offsets[rows].tolist(), position.tolist()
        span, total = int(self._spans[frame]), float(self._totals[frame])
        crowded = places[-1] - places[0] > span
        begin = 0
        for k in range(1, len(rows) + 1):
            if (
                k < len(rows)
                and places[k] - places[begin] <= span
                and not (crowded and offsets[k] + span // 3 < offsets[k - 1])
            ):
                continue
            weight = float(self._weights[np.unique(rows[begin:k])].sum())
            if weight >= PART * total:
                yield Cluster(frame, places[begin], places[k - 1], offsets[begin], offsets[k - 1])
            begin = k
