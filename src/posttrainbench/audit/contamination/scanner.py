"""Search the texts of files for benchmark items, block by block, in bounded memory.

    index = Index([item.question for item in items])
    crowd = Crowd(index)
    for file in files:
        scanner = Scanner(index, crowd, file=file)
        for piece in pieces(descriptor):
            scanner.feed(piece)
        scanner.finish()
        found += scanner.found
    hits = crowd.settle(found)

``Scanner(index)`` alone is enough for one file: ``hits`` then holds the strongest hit of each item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..reading.texts import Piece
from .blocks import Block
from .match_align import align
from .match_crowd import Crowd
from .match_frames import tidy
from .match_hit import Hit
from .match_rating import CERTAIN, How, rate
from .match_stream import Stream, records
from .match_words import Places, Words, read
from .ngrams import Index, Place

__all__ = ["CERTAIN", "Hit", "How", "Scanner"]

BLOCK = 1 << 20
"""Characters that are searched at a time."""
KEEP = 3
"""Places of one item in one file that are kept, the strongest."""
_QUOTED = 400
_PATIENCE = 20_000_000, 4_000_000
"""Steps of close looks for a file, and more for each block of it."""
FOLDED = frozenset({"entities"})
"""Other readings of a text that say nothing new here, as folding undoes the same."""


class Scanner:
    """Takes the pieces of one file.

    Args:
        also: called with every block of text, how it was gained, and whether it is the last of its
            kind.
    """

    def __init__(
        self,
        index: Index,
        crowd: Crowd | None = None,
        *,
        file: str = "",
        keep: int = KEEP,
        also: Callable[[Block, str, bool], None] | None = None,
    ) -> None:
        self.unsearched = 0
        """Places that were not looked at closely, as there were too many in the file."""
        self._index = index
        self._crowd = crowd or Crowd(index)
        self._file = file
        self._keep = keep
        self._also = also
        self._found: dict[int, list[Hit]] = {}
        self._text = Stream()
        self._asides: dict[str, Stream] = {}
        self._patience = _PATIENCE[0]

    @property
    def hits(self) -> dict[int, Hit]:
        """After ``finish``: the strongest hit of each item, weighed by the crowd up to now."""
        best: dict[int, Hit] = {}
        for hit in self._crowd.settle(self.found):
            if hit.file == self._file and (
                hit.item not in best or best[hit.item].strength < hit.strength
            ):
                best[hit.item] = hit
        return best

    @property
    def found(self) -> Iterator[Hit]:
        """All that was kept, for ``Crowd.settle`` once every file of a run was read."""
        for hits in self._found.values():
            yield from hits

    def feed(self, piece: Piece) -> None:
        """Take the next piece of the file."""
        if piece.how in FOLDED:
            return
        stream = self._asides.setdefault(piece.how, Stream()) if piece.how else self._text
        stream.add(piece)
        if stream.size >= BLOCK:
            self._search(stream, piece.how, last=False)

    def finish(self) -> None:
        """The file is over."""
        self._search(self._text, "", last=True)
        for how, stream in self._asides.items():
            self._search(stream, how, last=True)

    def _search(self, stream: Stream, how: str, last: bool) -> None:
        words = read(stream.text())
        breaks = np.union1d(records(words), stream.breaks(words.lines))
        stop = len(words.text) if last else _rest(words, breaks, self._index.longest_span)
        block = Block(words, breaks, stop, stream.line)
        if self._also:
            self._also(block, how, last)
        self._patience += _PATIENCE[1]
        for place in self._index.places(block):
            hits = self._look(words, place, stream, how)
            if hits:
                self._crowd.note(hits[0])
            for hit in hits:
                if hit.strength:
                    self._keep_best(hit)
        stream.forget(words, words.text[stop:].decode("utf-8", "replace"))

    def _look(self, words: Words, place: Place, stream: Stream, how: str) -> list[Hit]:
        """Compare one place with its item; several items may have the same words."""
        frame = self._index.frames[place.frame]
        cost = (place.last - place.first) * (6 + len(frame.words) // 64)
        if self._patience < cost:
            self.unsearched += 1
            return []
        seen = align(frame, tidy(words.between(place.first, place.last)))
        # Word for word it is quickly seen; a file full of one template does not wear it out.
        self._patience -= cost // 6 if seen and seen.share == seen.unbroken == 1 else cost
        rating = rate(frame, seen) if seen else None
        if not seen or not rating:
            return []
        start = int(words.starts[min(place.first + seen.first, place.last - 1)])
        stop = int(words.ends[min(place.first + seen.last, place.last - 1)])
        quoted = words.text[start : min(stop, start + _QUOTED)].decode("utf-8", "replace")
        hit = Hit(
            item=rating.member.item,
            line=stream.line(int(np.searchsorted(words.lines, start))),
            share=seen.share,
            quote=" ".join(quoted.split()),
            how=rating.how,
            strength=rating.strength,
            via=how,
            file=self._file,
            frame=place.frame,
            values=seen.values,
            numbers_differ=rating.numbers_differ,
        )
        twins = (m.item for m in frame.members if m.values == rating.member.values)
        return [replace(hit, item=item) for item in twins]

    def _keep_best(self, hit: Hit) -> None:
        kept = self._found.setdefault(hit.item, [])
        kept.append(hit)
        if len(kept) > self._keep:
            kept.sort(key=lambda hit: (-hit.strength, hit.line))
            kept.pop()


def _rest(words: Words, breaks: Places, span: int) -> int:
    """Where the end of a text begins in which an item may begin that goes on in the next."""
    if not len(words):
        return len(words.text)
    start = int(words.starts[max(0, len(words) - max(1, span))])
    if len(breaks):
        start = max(start, int(breaks[-1]) + 1)
    return start
