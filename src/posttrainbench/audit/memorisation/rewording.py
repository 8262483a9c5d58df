"""Twins of an item in slightly other words: synonyms, short forms, another order of sentences."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from ...benchmarks import TestItem
from .exchange import Twin

_GROUPS = """
begin start|begins starts|began started|buy purchase|buys purchases|bought purchased|big large
|little small|quick fast|quickly rapidly|also additionally|however but|because since
|get receive|gets receives|got received|give hand|gives hands|gave handed|find determine
|show demonstrate|shows demonstrates|calculate compute|total overall|each every|whole entire
|remaining leftover|daily everyday|many numerous|several various|need require|needs requires
|needed required|want wish|wants wishes|wanted wished|help assist|create make|creates makes
|write compose|describe depict|story tale|end finish|ends finishes|ended finished|near close
|child kid|children kids|job task|shop store|car vehicle|house home|trip journey|present gift
|happy glad|sad unhappy|rich wealthy|difficult hard|easy simple|important crucial|often frequently
|sometimes occasionally|usually normally|maybe perhaps|about approximately|around roughly
|list sequence|number figure|value quantity|check verify|checks verifies|return yield
|returns yields|given provided|contains holds|string text|element entry|elements entries
|doctor physician|symptoms signs|pain ache|medicine medication|illness sickness|recommend suggest
|explain clarify|provide supply|provides supplies|ensure guarantee|if whether|currently presently
|particular specific|amount sum|answer reply|question query|tell inform|look glance|keep retain
|choose select|chosen selected|correct right|different distinct|equal identical|true valid
|increase growth|reaction process|energy power|constant fixed|observed seen|measure gauge
|using with|therefore thus|assume suppose|consider examine|obtain get|possible feasible
"""
_PAIRS: dict[str, str] = {}
for _first, _second in (group.split() for group in _GROUPS.replace("\n", "").split("|")):
    _PAIRS.setdefault(_first, _second)
    _PAIRS.setdefault(_second, _first)
_SHORT = [
    ("I am", "I'm"), ("I have", "I've"), ("do not", "don't"), ("does not", "doesn't"),
    ("is not", "isn't"), ("can not", "can't"), ("cannot", "can't"), ("it is", "it's"),
    ("It is", "It's"), ("you are", "you're"), ("will not", "won't"), ("I would", "I'd"),
    ("that is", "that's"), ("did not", "didn't"), ("are not", "aren't"), ("let us", "let's"),
]  # fmt: skip
_FORMS = dict([*_SHORT, *((short, long) for long, short in _SHORT)])
_FORM = re.compile("|".join(rf"\b{re.escape(form)}\b" for form in _FORMS))
_WORD = re.compile(r"[A-Za-z]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_SHARE = 0.8
"""Of the words that have a synonym, so many are replaced."""
_LEAST_CHANGES = 2
_TRIES = 12


def reworded(item: TestItem, count: int, source: random.Random) -> list[Twin]:
    """Up to ``count`` different twins, each changed in at least two places.

    They have no answers of their own: other words in a question hardly move its answer.
    """
    found: dict[str, Twin] = {}
    for _ in range(_TRIES):
        if len(found) == count:
            break
        question, changes = _changed(item.question, source)
        if changes >= _LEAST_CHANGES:
            found.setdefault(question, Twin(question, None))
    return list(found.values())


def _changed(text: str, source: random.Random) -> tuple[str, int]:
    """The text in other words, and in how many places."""
    changes = 0

    def synonym(match: re.Match[str]) -> str:
        nonlocal changes
        other = _PAIRS.get(match[0].lower())
        if other is None or source.random() > _SHARE:
            return match[0]
        changes += 1
        return other.capitalize() if match[0][0].isupper() else other

    def form(match: re.Match[str]) -> str:
        nonlocal changes
        changes += 1
        return _FORMS[match[0]]

    other = _FORM.sub(form, _WORD.sub(synonym, text))
    moved = "\n".join(_swapped(other, source))
    return moved, changes + (moved != other)


def _swapped(text: str, source: random.Random) -> Iterator[str]:
    """Two neighbouring sentences change places; never the first, nor the last, which asks."""
    done = False
    for line in text.split("\n"):
        sentences = _SENTENCE.split(line)
        if done or len(sentences) < 4:
            yield line
            continue
        at = source.randrange(1, len(sentences) - 2)
        sentences[at : at + 2] = reversed(sentences[at : at + 2])
        done = True
        yield " ".join(sentences)
