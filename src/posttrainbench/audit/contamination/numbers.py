"""All numbers in a text, by value, without making a Python object of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .match_words import Places

Codes = npt.NDArray[np.int64]
_DIGITS = 15
"""Digits of the longest number that is told by value; a longer one is like no other."""
_GROUPS = 5
_FRACTION = 1 << 60
_NEITHER = -(1 << 62)


@dataclass(frozen=True)
class Numbers:
    """The numbers of a text, in order."""

    starts: Places
    ends: Places
    values: Codes
    """Whole numbers as they are; of all others something that is the same for the same number."""

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, which: Places | npt.NDArray[np.bool_]) -> Numbers:
        return Numbers(self.starts[which], self.ends[which], self.values[which])


def numbers_in(text: bytes, *, grouped: bool = True) -> Numbers:
    """Find them.

    Args:
        grouped: whether 1,000 is a thousand, or 1 and 0 in a list without blanks.
    """
    raw = np.frombuffer(b" " + text + b"  ", np.uint8)
    digit = (raw - np.uint8(48)) < 10
    edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
    starts, ends = edges[0::2], edges[1::2]
    if not len(starts):
        return Numbers(starts, ends, starts)
    lengths = ends - starts
    values = _values(raw, starts, lengths)
    near = np.zeros(len(starts), np.bool_)
    near[1:] = starts[1:] - ends[:-1] == 1
    between = raw[starts - 1]
    group = near & (between == 44) & (lengths == 3) if grouped else near & False
    place = np.arange(len(starts))
    head = np.maximum.accumulate(np.where(group, 0, place))
    head[group & (lengths[head] > 3)] = -1
    lost = head < 0
    group &= ~lost
    head[lost] = place[lost]
    for depth in range(1, _GROUPS):
        members = np.flatnonzero(group & (place - head == depth))
        if not len(members):
            break
        values[head[members]] = values[head[members]] * 1000 + values[members]
    # A fraction of nothing but zeros changes nothing.
    fraction = near & (between == 46) & ~group
    chained = fraction.copy()
    chained[1:] &= ~fraction[:-1]
    whole = np.flatnonzero(chained)
    owner = head[whole - 1]
    odd = values[whole] != 0
    values[owner[odd]] = _FRACTION + values[owner[odd]] * 1_000_003 + values[whole[odd]] * 31
    values[owner[odd]] += lengths[whole[odd]]
    first = ~group & ~chained
    stops = ends[np.append(np.flatnonzero(first)[1:], len(starts)) - 1]
    starts, values = starts[first], values[first]
    negative = raw[starts - 1] == 45
    values[negative] = -values[negative]
    return Numbers(starts - 1, stops - 1, values)


def _values(raw: npt.NDArray[np.uint8], starts: Places, lengths: Places) -> Codes:
    values: Codes = np.zeros(len(starts), np.int64)
    which = np.arange(len(starts))
    for k in range(_DIGITS):
        which = which[lengths[which] > k]
        if not len(which):
            break
        values[which] = values[which] * 10 + raw[starts[which] + k] - 48
    values[lengths > _DIGITS] = _NEITHER
    return values


def letters_in(text: bytes) -> Numbers:
    """Single letters from A to J that stand alone, as numbers from 0."""
    raw = np.frombuffer(b" " + text + b"  ", np.uint8)
    chosen = np.flatnonzero((raw - np.uint8(65)) < 10)
    lower = raw | 32
    letter = (lower - np.uint8(97)) < 26
    alone = ~letter[chosen - 1] & ~letter[chosen + 1] & (raw[chosen + 1] != 39)
    starts = chosen[alone]
    return Numbers(starts - 1, starts, raw[starts].astype(np.int64) - 65)
