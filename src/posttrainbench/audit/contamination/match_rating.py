"""How sure is it that a place is a copy of an item: one place, one number.

Numbers decide.  Where they are the item's own, half of its words are enough; where they are others,
all else has to be the item's, and even then a common template may be behind it, which is for
``match_crowd`` to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import eq
from typing import Literal

from .match_align import Alignment
from .match_frames import NUMBER, Frame, Member

How = Literal["verbatim", "edited", "renamed"]

CERTAIN = 0.8
"""Strength from which a hit has no honest explanation; below, it is for a judge to say."""
SHARE = 0.5
"""Part of an item that makes a copy where the numbers are its own."""
SHARE_RENAMED = 0.8
"""Part of an item, without names and numbers, that makes a copy where the numbers are others."""

_ALIKE = 0.75
"""Part of an item that makes an edited copy certain."""
_UNBROKEN = 0.8
"""How unbroken a renamed copy is at least."""
_ASKED = 0.65
"""Part of its question that a renamed copy asks at least."""
_LITERAL = 0.97
"""How unbroken a literal copy is: a markup word in it does not matter."""
_ENOUGH = 6.0
"""Weight of words, numbers and names that everyday language does not repeat by accident."""
_ENOUGH_RENAMED = 12.0


@dataclass(frozen=True)
class Rating:
    """One item beside one place."""

    member: Member
    """Of the frame's items the one that is most alike."""
    how: How
    strength: float
    """0 where it is of no account by itself, and only tells what a template is filled with."""
    numbers_differ: bool


@dataclass(frozen=True)
class _Slots:
    """How many numbers and names are the item's, others, or gone."""

    same_numbers: int = 0
    other_numbers: int = 0
    same_names: int = 0
    other_names: int = 0

    @property
    def differ(self) -> bool:
        """Whether more numbers are others than a slip explains."""
        return self.other_numbers * 8 > self.same_numbers + self.other_numbers


def rate(frame: Frame, seen: Alignment) -> Rating | None:
    """The item of the frame that a place is most like; ``None`` for no resemblance to speak of."""
    if seen.share < SHARE:
        return None
    member = _nearest(frame.members, seen.values)
    slots = _slots(frame, member, seen.values)
    if slots.differ:
        if min(seen.share / SHARE_RENAMED, seen.unbroken / _UNBROKEN, seen.ending / _ASKED) < 1:
            return None
        return Rating(member, "renamed", _renamed(seen), True)
    how: How = "edited"
    if slots.other_names > slots.same_names:
        how = "renamed"
    elif seen.unbroken >= _LITERAL and not slots.other_names and not slots.other_numbers:
        how = "verbatim"
    return Rating(member, how, _copied(seen, slots, how), False)


def _copied(seen: Alignment, slots: _Slots, how: How) -> float:
    """Numbers as in the item."""
    support = seen.said + slots.same_numbers + slots.same_names
    if how == "verbatim" or seen.share >= _ALIKE:
        strength = 1.0 if how == "verbatim" else 0.9
    elif seen.unbroken >= 0.9:
        strength = 0.85
    else:
        strength = CERTAIN * seen.share / _ALIKE
    whole = seen.share > 0.99 and seen.unbroken >= _LITERAL
    if support < _ENOUGH and not (whole and support >= _ENOUGH / 2):
        strength = min(strength, 0.6)
    return strength


def _renamed(seen: Alignment) -> float:
    """Numbers other than in the item: what other items say as well is no evidence."""
    if seen.own < _ENOUGH / 2:
        return 0.0
    if seen.share >= 0.95 and seen.unbroken >= 0.9 and seen.own >= _ENOUGH_RENAMED:
        return CERTAIN
    return 0.4 + 0.3 * seen.share * min(1.0, seen.own / _ENOUGH_RENAMED)


def _slots(frame: Frame, member: Member, values: Sequence[str | None]) -> _Slots:
    counts = [0, 0, 0, 0]
    for slot, mine, seen in zip(frame.slots, member.values, values, strict=True):
        if seen is not None:
            counts[2 * (frame.words[slot] != NUMBER) + (mine != seen)] += 1
    return _Slots(*counts)


def _nearest(members: Sequence[Member], values: Sequence[str | None]) -> Member:
    """The item that has most of the values; of several, the one with the nearest numbers."""
    if len(members) == 1:
        return members[0]
    equal = [sum(map(eq, member.values, values)) for member in members]
    most = max(equal)
    best = [member for member, count in zip(members, equal, strict=True) if count == most]
    return min(best, key=lambda member: _distance(member, values)) if len(best) > 1 else best[0]


def _distance(member: Member, values: Sequence[str | None]) -> float:
    return sum(
        abs(float(mine[:15]) - float(seen[:15]))
        for mine, seen in zip(member.values, values, strict=True)
        if seen and mine.isdecimal() and seen.isdecimal()
    )
