"""The words for splits, and which part of files or of a container they stand for.

A part is named by a text: ``train`` or ``train+valid`` are what is called so, ``!test`` is all but
that, and ``?`` is a part that is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(
    r"(?<![a-z])(?:(train)(?:ing|set|data)?|(test)(?:ing|set|data|s)?|"
    r"(?:val(?:id|idation|set)?|dev(?:set)?|eval(?:uation|set)?|held[_-]?out|holdout))(?![a-z])"
)
UNKNOWN_PART = "?"
_ALL = ("train", "valid", "test")
_HUB = {"valid": "validation"}


def splits_named(text: str) -> frozenset[str]:
    """The splits that a name tells of: ``train``, ``test``, ``valid``."""
    return frozenset(found[1] or found[2] or "valid" for found in _WORD.finditer(text.lower()))


def part_named(words: Iterable[str], *, but: bool = False) -> str:
    """The part of these splits, or of all but them; empty where there are none."""
    names = "+".join(sorted(words))
    return f"!{names}" if but and names else names


def opposite(part: str) -> str:
    """All but a part."""
    if part in ("", UNKNOWN_PART):
        return part
    return part[1:] if part.startswith("!") else f"!{part}"


def both(first: str, second: str) -> str:
    """What two conditions take together; the first one where they say no more or differ."""
    if not first or not second or first == second:
        return first or second
    if UNKNOWN_PART in (first, second):
        return second if first == UNKNOWN_PART else first
    one, two = (frozenset(part.removeprefix("!").split("+")) for part in (first, second))
    if first.startswith("!") and second.startswith("!"):
        return part_named(one | two, but=True)
    if first.startswith("!"):
        return part_named(two - one) or second
    return part_named(one - two if second.startswith("!") else one & two) or first


def hub_splits(part: str) -> list[str]:
    """A part as a hub names its splits; none where that can't be told."""
    if part in ("", UNKNOWN_PART):
        return []
    return [_HUB.get(word, word) for word in _ALL if takes(part, frozenset({word})) == 3]


def takes(part: str, words: frozenset[str]) -> int:
    """How surely a part takes what is named by these words: 3 sure, 2 maybe, 0 not at all."""
    names = frozenset(part.removeprefix("!").split("+"))
    if part == UNKNOWN_PART or not words:
        return 3 if part.startswith("!") else 2
    if part.startswith("!"):
        return 0 if words & names else 3
    if not words & names:
        return 0
    return 3 if words <= names else 2
