"""What of an item can be exchanged: its frame, and the names and numbers that fill it.

Items with the same frame (made from one template, or one renamed from the other) share one
``Frame``, so that a place in a file is compared once with all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import mul

from .match_words import NUMBER_WORDS, Words, read

NUMBER, NAME = "#", "@"
"""Stand in a frame for a number or a name; no word is like them."""

_COMMON = """
a about above after all also an and any are as at be because been before being below between
both but by can could did do does each either every few find first for from get give given had
has have he her here hers him his how i if in into is it its just let like made make many may me
might more most much must my no nor not now of off on once one only or other our out over own
per same second shall she should since so some such suppose than that the their them then there
these they this those though through to too under until up us very was we were what when where
whether which while who whom whose why will with within would yes you your assume compute
determine evaluate calculate consider define denote express note please prove return show solve
use using write
"""
COMMON = frozenset(_COMMON.split())
"""Words that say little, and that begin sentences: no names."""
LIGHT = 0.3
"""Weight of a common word against any other."""
SHARED = 0.4
"""Part of its weight that is left of an item of which other items have all or most, too."""
_COMPANY = 4
"""Words in a row that are looked for in other items."""


@dataclass(frozen=True)
class Member:
    """One item of a frame."""

    item: int
    values: tuple[str, ...]
    """What stands at each of the frame's slots."""


@dataclass
class Frame:
    """The words of one or more items, with ``NUMBER`` and ``NAME`` for what can be exchanged."""

    words: tuple[str, ...]
    members: list[Member] = field(default_factory=list)
    rarity: tuple[float, ...] = ()
    """Of each word: 1 where no other item has it in this company, else far less."""

    @cached_property
    def slots(self) -> tuple[int, ...]:
        """Where the numbers and names stand."""
        return tuple(i for i, word in enumerate(self.words) if word in (NUMBER, NAME))

    @cached_property
    def plain_weights(self) -> tuple[float, ...]:
        """How much each word says: a slot nothing, as slots are counted by themselves."""
        return tuple(map(_weight, self.words))

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """How much each word says about this item: what many items have in common says little."""
        return tuple(map(mul, self.plain_weights, self.rarity))

    @cached_property
    def weight(self) -> float:
        """Of all words together."""
        return sum(self.weights)

    @cached_property
    def shared(self) -> bool:
        """Whether it is put together from what other items have, too."""
        return len(self.members) > 1 or self.weight < SHARED * sum(self.plain_weights)

    @cached_property
    def names(self) -> frozenset[str]:
        """All names of its items."""
        return frozenset(
            value
            for member in self.members
            for slot, value in zip(self.slots, member.values, strict=True)
            if self.words[slot] == NAME
        )

    @property
    def span(self) -> int:
        """Within how many words a copy stands."""
        return len(self.words) + len(self.words) // 2 + 16


def _weight(word: str) -> float:
    if word in (NUMBER, NAME):
        return 0.0
    return LIGHT if word in COMMON or len(word) < 2 else 1.0


def is_number(word: str) -> bool:
    """Whether a word is a number, in digits or letters."""
    return "0" <= word[:1] <= "9" or word in NUMBER_WORDS


def tidy(found: Iterable[str]) -> list[str]:
    """Words with the groups of a large number joined: 14 000 from ``14,000`` is 14000."""
    joined: list[str] = []
    grouped = False
    for word in found:
        grouped = (
            len(word) == 3
            and bool(joined)
            and word.isdecimal()
            and joined[-1].isdecimal()
            and (grouped or len(joined[-1]) <= 3)
            and joined[-1][0] != "0"
            and len(joined[-1]) < 15
        )
        if grouped:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def frames(texts: Sequence[str]) -> tuple[list[Frame], list[Words]]:
    """The frames of a list of texts, and the words of each text."""
    read_texts = [read(text) for text in texts]
    cased = [tidy(found.cased()) for found in read_texts]
    plain = {word for found in cased for word in found if word == word.lower()}
    known: dict[tuple[str, ...], Frame] = {}
    for item, found in enumerate(cased):
        words, values = _framed(found, plain)
        frame = known.setdefault(words, Frame(words))
        frame.members.append(Member(item, values))
    _rate_rarity(known.values())
    return list(known.values()), read_texts


def _rate_rarity(found: Collection[Frame]) -> None:
    """See how many items have each word of a frame in the same company."""
    items: Counter[tuple[str, ...]] = Counter()
    for frame in found:
        items.update(dict.fromkeys(_companies(frame.words), len(frame.members)))
    for frame in found:
        rarity = [0.0] * len(frame.words)
        for start, company in enumerate(_companies(frame.words)):
            for i in range(start, start + len(company)):
                rarity[i] = max(rarity[i], items[company] ** -2.0)
        frame.rarity = tuple(rarity)


def _companies(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [words[i : i + _COMPANY] for i in range(max(1, len(words) - _COMPANY + 1))]


def _framed(found: Sequence[str], plain: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A text's words with its slots, and what stands there.

    A name has a capital and is written in small letters nowhere in the benchmark.
    """
    shouted = sum(word[:1].isupper() for word in found) * 2 > len(found)
    words: list[str] = []
    values: list[str] = []
    for word in found:
        small = word.lower()
        if is_number(small):
            slot = NUMBER
        elif shouted or small == word or small in plain or small in COMMON:
            words.append(small)
            continue
        else:
            slot = NAME
        words.append(slot)
        values.append(small)
    return tuple(words), tuple(values)
