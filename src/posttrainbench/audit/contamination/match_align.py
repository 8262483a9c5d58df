"""Lay an item's frame beside the words of a file: what is there, what exchanged, what gone."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .match_frames import NAME, NUMBER, Frame, is_number

_LONGEST_NAME = 3
"""Words of a file that can stand for one name."""


@dataclass(frozen=True)
class Alignment:
    """A frame beside a stretch of words."""

    share: float
    """Weight of the frame's words that are there, in order, against all, between 0 and 1: the
    smaller part, whether or not words weigh less that other items have as well."""
    said: float
    """The weight of those words, other items left out of account."""
    own: float
    """Their weight as words of this item."""
    ending: float
    """The part that is there of the last quarter, where a problem asks its question."""
    values: tuple[str | None, ...]
    """What stands at each slot; ``None`` where nothing can be told."""
    first: int
    """First and last word of the stretch that belong to the frame."""
    last: int
    unbroken: float
    """Part of the words between the first and the last found that agree: 1 for a literal copy,
    also of a part."""


def align(frame: Frame, found: Sequence[str]) -> Alignment | None:
    """The best reading of a stretch of words as the frame, ``None`` when nothing is common."""
    masked = [NUMBER if is_number(word) else word for word in found]
    if (start := _literal(frame, masked)) is not None:
        values = tuple(found[start + slot] for slot in frame.slots)
        last = start + len(frame.words) - 1
        return Alignment(1.0, sum(frame.plain_weights), frame.weight, 1.0, values, start, last, 1.0)
    pairs = common_pairs(frame.words, masked)
    told = _values(frame, found, pairs)
    pairs = list(_in_company(pairs, told))
    if not pairs:
        return None
    there = {i for i, _ in pairs}
    own = sum(frame.weights[i] for i in there)
    said = sum(frame.plain_weights[i] for i in there)
    shares = (own / frame.weight, said / sum(frame.plain_weights)) if frame.weight else (0.0,)
    (low, first), (high, last) = pairs[0], pairs[-1]
    filled = sum(1 for i in told if low <= i <= high and i not in there)
    longest = max(high - low + 1, last - first + 1)
    return Alignment(
        share=min(shares),
        said=said,
        own=own,
        ending=_ending(frame, there),
        values=tuple(told.get(slot) for slot in frame.slots),
        first=first,
        last=last,
        unbroken=min(1.0, (len(there) + filled) / longest),
    )


def _ending(frame: Frame, there: Container[int]) -> float:
    last = range(len(frame.words) * 3 // 4, len(frame.words))
    weight = sum(frame.plain_weights[i] for i in last)
    said = sum(frame.plain_weights[i] for i in last if i in there)
    return said / weight if weight else 1.0


def _literal(frame: Frame, masked: Sequence[str]) -> int | None:
    """Where the frame stands word for word, its slots filled with one word each."""
    anchor = next((i for i, word in enumerate(frame.words) if word != NAME), None)
    if anchor is None:
        return None
    word, size = frame.words[anchor], len(frame.words)
    for start in range(len(masked) - size + 1):
        if masked[start + anchor] == word and all(
            mine in (theirs, NAME)
            for mine, theirs in zip(frame.words, masked[start : start + size], strict=True)
        ):
            return start
    return None


def common_pairs(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of a longest common subsequence; ``NAME`` in ``left`` equals nothing.

    Bit-parallel: one step a word of ``right``, on integers with a bit for each word of ``left``.
    """
    masks: dict[str, int] = {}
    for i, word in enumerate(left):
        if word != NAME:
            masks[word] = masks.get(word, 0) | 1 << i
    full = (1 << len(left)) - 1
    state, states = full, []
    for word in right:
        hit = state & masks.get(word, 0)
        state = ((state + hit) | (state - hit)) & full
        states.append(state)
    pairs = []
    i, j = len(left) - 1, len(right) - 1
    while i >= 0 and j >= 0:
        if states[j] >> i & 1:
            i -= 1
        elif j > 0 and not states[j - 1] >> i & 1:
            j -= 1
        else:
            pairs.append((i, j))
            i -= 1
            j -= 1
    return pairs[::-1]


def _values(frame: Frame, found: Sequence[str], pairs: Sequence[tuple[int, int]]) -> dict[int, str]:
    """What stands at the slots: the number aligned with one, the words between two neighbours."""
    values = {i: found[j] for i, j in pairs if frame.words[i] == NUMBER}
    before = (-1, -1)
    for after in (*pairs, (len(frame.words), len(found))):
        gap = range(before[0] + 1, after[0])
        names = [i for i in gap if frame.words[i] == NAME]
        if names:
            between = found[before[1] + 1 : after[1]]
            if before[0] < 0:
                between = between[-len(gap) :]
            elif after[0] == len(frame.words):
                between = between[: len(gap)]
            values.update(_named(frame, gap, names, between))
        before = after
    return values


def _named(
    frame: Frame, gap: range, names: Sequence[int], between: Sequence[str]
) -> Iterator[tuple[int, str]]:
    known = [word for word in between if word in frame.names]
    if len(known) == len(names):
        yield from zip(names, known, strict=True)
    elif len(gap) == len(between):
        yield from ((i, between[i - gap.start]) for i in names)
    elif len(gap) == 1 and 0 < len(between) <= _LONGEST_NAME:
        yield names[0], " ".join(between)


def _in_company(
    pairs: Sequence[tuple[int, int]], values: Mapping[int, str]
) -> Iterator[tuple[int, int]]:
    """Without words that stand alone: a common word that happens to come in the right order."""
    for k, (i, j) in enumerate(pairs):
        before = pairs[k - 1] if k else (-9, -9)
        after = pairs[k + 1] if k + 1 < len(pairs) else (-9, -9)
        if (
            before == (i - 1, j - 1)
            or after == (i + 1, j + 1)
            or (i - 1 in values and before == (i - 2, j - 2))
            or (i + 1 in values and after == (i + 2, j + 2))
        ):
            yield i, j
