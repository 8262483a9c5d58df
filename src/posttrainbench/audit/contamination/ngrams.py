"""Where benchmark items may stand in text: places that share short word sequences with them.

The first of two stages.  It works on whole blocks with NumPy and lets through every place that
holds a seventh or so of an item; ``match_align`` then looks closely.  Sequences that many items
have weigh little, and any number counts as the same word, so that other numbers hide nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .blocks import Block
from .index_table import Cluster, Member, N, Table
from .match_frames import Frame, frames
from .match_words import Places, Words, collapsed

SHORTEST = 5
"""Words of the shortest item that can be told from everyday language."""


@dataclass(frozen=True)
class Place:
    """Words of a text that may be a copy of an item."""

    frame: int
    """Number of the frame in the index."""
    first: int
    """First word, and the word behind the last."""
    last: int


class Index:
    """The items to look for; ``texts`` are their questions, and a hit names a position in them."""

    def __init__(self, texts: Sequence[str]) -> None:
        found, words = frames(texts)
        self.frames: list[Frame] = []
        self.unusable: list[int] = []
        """Items too short to be recognised."""
        for frame in found:
            if len(frame.words) < SHORTEST or frame.weight <= 0:
                self.unusable += [member.item for member in frame.members]
            else:
                self.frames.append(frame)
        self.unusable.sort()
        self.longest_span = max((frame.span for frame in self.frames), default=0)
        """Words within which any item stands."""
        by_n: dict[int, list[Member]] = {}
        for number, frame in enumerate(self.frames):
            for member in frame.members:
                kept, hashes = collapsed(words[member.item])
                n = min(N, max(1, len(hashes) - 2))
                by_n.setdefault(n, []).append((number, hashes, kept))
        spans = np.array([frame.span for frame in self.frames], np.int64)
        self._tables = [Table(n, members, spans) for n, members in by_n.items()]

    def places(self, block: Block) -> Iterator[Place]:
        """Places that deserve a closer look; no copy goes beyond the end of a record."""
        kept = block.collapsed[0]
        for table in self._tables:
            for cluster in table.clusters(block):
                yield self._place(block.words, block.breaks, kept, cluster)

    def _place(self, words: Words, breaks: Places, kept: Places, cluster: Cluster) -> Place:
        """The words of a cluster and as many around it as the rest of the item needs."""
        size = len(self.frames[cluster.frame].words)
        slack = 4 + size // 8
        low, high = int(kept[cluster.first]), int(kept[cluster.last])
        start = low - cluster.offset - slack
        stop = high + max(0, size - cluster.last_offset) + slack
        edge = int(np.searchsorted(breaks, words.starts[low]))
        if edge > 0:
            start = max(start, int(np.searchsorted(words.starts, breaks[edge - 1])))
        if edge < len(breaks):
            stop = min(stop, int(np.searchsorted(words.starts, breaks[edge])))
        start = max(0, start)
        return Place(cluster.frame, start, min(len(words), stop, start + 3 * size + 64))
