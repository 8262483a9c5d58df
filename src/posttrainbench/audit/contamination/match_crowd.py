"""What many documents have in common says nothing about one item: templates and boilerplate.

Every place that holds an item's frame is noted by what fills it.  Where many documents fill the
same frame in many ways and the benchmark itself repeats that frame, or all of its sentences, in
several items, a generator made them all, and one more document of that kind is no copy of an item.
It is one still where

* so many of its numbers and names are one item's that chance does not explain it, given how often
  each stands in the crowd, or
* it is the odd one out: it has names or constants that the crowd, all of it, never uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .match_frames import NUMBER, Frame
from .match_hit import Hit
from .ngrams import Index

CROWD = 8
"""Other documents with the same frame from which it is called a template."""
BY_CHANCE = 0.3
"""Documents that may agree with an item by chance, at most, for a hit to count in a crowd."""
_SURELY = 0.02
_UNSURE = 0.6
"""Strength of what a crowd leaves in doubt."""
_ODD_CROWD = 50
"""Documents from which a crowd is known well enough to call one of them odd."""
_ODD_PART = 0.02
_GAP = 5
"""How many times rarer an odd value is than any that the crowd uses."""
_VALUES = 1024
"""Different values of one slot that are counted; with more, the slot is open to anything."""
_FILLINGS = 2_000_000
"""Fillings that are told apart, of all frames together."""
_KEPT = 4096, 40_000
"""Places of one frame, and of all, that are kept in case one of them turns out odd."""


@dataclass
class _Noted:
    """What fills one frame."""

    fillings: set[int] = field(default_factory=set)
    counts: list[Counter[str]] = field(default_factory=list)
    places: list[Hit] = field(default_factory=list)


class Crowd:
    """Notes all places of a run, over all files; then says which of them count."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._noted: dict[int, _Noted] = {}
        self._fillings = 0
        self._kept = 0
        self.log: list[Hit] | None = None
        """Where it is a list: takes every place that was new."""

    def note(self, hit: Hit) -> None:
        """Take note of a place, whatever it is worth."""
        noted = self._noted.setdefault(hit.frame, _Noted())
        filling = hash(hit.values)
        if filling in noted.fillings or self._fillings >= _FILLINGS:
            return
        noted.fillings.add(filling)
        if self.log is not None:
            self.log.append(hit)
        self._fillings += 1
        noted.counts += [Counter() for _ in range(len(hit.values) - len(noted.counts))]
        for count, value in zip(noted.counts, hit.values, strict=True):
            if value is not None and (value in count or len(count) < _VALUES):
                count[value] += 1
        if self._frame(hit).shared and len(noted.places) < _KEPT[0] and self._kept < _KEPT[1]:
            noted.places.append(hit)
            self._kept += 1

    def settle(self, hits: Iterable[Hit]) -> list[Hit]:
        """The hits that count, with the crowd weighed in; call it when all files are noted."""
        settled = [sure for hit in hits if (sure := self._settled(hit))]
        known = {(hit.file, hit.line, hit.item) for hit in settled}
        odd = (hit for frame in sorted(self._noted) for hit in self._odd(frame))
        return settled + [hit for hit in odd if (hit.file, hit.line, hit.item) not in known]

    def _frame(self, hit: Hit) -> Frame:
        return self._index.frames[hit.frame]

    def _settled(self, hit: Hit) -> Hit | None:
        noted = self._noted.get(hit.frame, _Noted())
        others = len(noted.fillings) - (hash(hit.values) in noted.fillings)
        hit = replace(hit, others=others)
        alone = not self._frame(hit).shared
        if others < CROWD or (alone and NUMBER not in self._frame(hit).words):
            return hit
        chance = self._chance(hit, noted) if not hit.numbers_differ else 1.0
        if chance <= _SURELY:
            return hit
        # Of an item that is the only one of its frame they may be variants, made on purpose.
        unsure = replace(hit, strength=min(hit.strength, _UNSURE))
        return unsure if alone or chance <= BY_CHANCE else None

    def _chance(self, hit: Hit, noted: _Noted) -> float:
        """How many documents of the crowd would agree with an item as much as this one does."""
        frame = self._frame(hit)
        member = next(member for member in frame.members if member.item == hit.item)
        likely: dict[str, float] = {}
        for count, mine, seen in zip(noted.counts, member.values, hit.values, strict=True):
            if seen == mine:
                total = count.total()
                likely[mine] = max(1, count[mine] - 1) / max(1, total)
        expected = float(len(noted.fillings) * len(frame.members))
        for part in likely.values():
            expected *= part
        return expected

    def _odd(self, frame: int) -> Iterator[Hit]:
        """Places that fill a slot as nothing else in the crowd does."""
        noted = self._noted[frame]
        if not self._index.frames[frame].shared or len(noted.fillings) < _ODD_CROWD:
            return
        odd = [_odd_values(count) for count in noted.counts]
        for hit in noted.places:
            strange = [v for v, values in zip(hit.values, odd, strict=True) if v in values]
            if strange and hit.numbers_differ:
                yield replace(hit, strength=_UNSURE, others=len(noted.fillings) - 1)


def _odd_values(count: Counter[str]) -> Sequence[str]:
    """The values below a gap: few documents have them, and all others stand in many."""
    total = count.total()
    if len(count) < 2 or len(count) * 10 > total:
        return ()
    ranked = count.most_common()[::-1]
    rare, best = 0, 0
    for k in range(len(ranked) - 1):
        rare += ranked[k][1]
        if rare > _ODD_PART * total:
            break
        if ranked[k + 1][1] >= _GAP * ranked[k][1]:
            best = k + 1
    return [value for value, _ in ranked[:best]]
