"""Twins of an item with the names, numbers and arguments of other items of the benchmark.

What is exchanged comes from the same places in other items, so a twin is as likely a text of the
benchmark as the original: to a model that never met the items, which of the two was published is a
toss-up, whatever it has learnt about their style.  Answers are changed along, and stay right.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from ...benchmarks import TestItem
from ...benchmarks.reading.calls import parse_call
from .arithmetic import has_steps, rework
from .given_names import GIVEN_NAMES

_NUMBER = re.compile(
    r"(?<![\w.,:/^-])(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*|0(?=\.))(?:\.\d+)?(?!\w|[.,:/^-]\w|%)"
)
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_WORD = re.compile(r"[A-Z][a-z]+\b")
_WORDS_FOR = {
    "2": "two|both|twice|double|pair|half", "3": "three|thrice|triple|third", "4": "four|quarter",
    "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine", "10": "ten", "11": "eleven",
    "12": "twelve|dozen", "20": "twenty", "100": "hundred",
}  # fmt: skip
"""A number that also stands there as a word is left alone."""
_TRIES = 100
_LEAST_POOL = 3

Shape = tuple[str, ...]


@dataclass(frozen=True)
class Twin:
    """Question and answer with other particulars."""

    question: str
    answer: str | None
    """``None`` where no answer can be made that is as right as the original's."""


class _Pool:
    """What stands in one place in all items, as often as it does."""

    def __init__(self) -> None:
        self._all: list[str] = []
        self._kinds: set[str] = set()

    def add(self, value: str) -> None:
        self._all.append(value)
        self._kinds.add(value.replace(",", ""))

    def draw(self, taken: Set[str], source: random.Random) -> str | None:
        """One that is not taken; ``None`` where hardly any other is left."""
        if len(self._kinds) - len(self._kinds & taken) < _LEAST_POOL:
            return None
        while True:
            value = source.choice(self._all)
            if value.replace(",", "") not in taken:
                return value


class Exchange:
    """Makes twins from the particulars of all items.

    Args:
        items: of the benchmark; they are where names and numbers are taken from.
    """

    def __init__(self, items: Sequence[TestItem]) -> None:
        self._numbers: dict[Shape, _Pool] = defaultdict(_Pool)
        self._names: dict[str, _Pool] = defaultdict(_Pool)
        self._arguments: dict[tuple[str, str], list[str]] = defaultdict(list)
        for item in items:
            for number in _numbers(item.question):
                self._numbers[_shape(number)].add(number)
            for name in _names(item.question):
                self._names[GIVEN_NAMES[name]].add(name)
            for place, value in _texts(item).items():
                self._arguments[place].append(value)

    def twins(self, item: TestItem, count: int, source: random.Random) -> list[Twin]:
        """Up to ``count`` different twins; fewer, or none, where little can be exchanged.

        Where the answer can be changed along, every twin has one.
        """
        found: dict[str, Twin] = {}
        silent: dict[str, Twin] = {}
        wanted = found if item.call or has_steps(item.answer) else silent
        for _ in range(_TRIES):
            if len(wanted) == count:
                break
            twin = self._twin(item, source)
            if twin.question != item.question:
                (silent if twin.answer is None else found).setdefault(twin.question, twin)
        return list((found or silent).values())[:count]

    def _twin(self, item: TestItem, source: random.Random) -> Twin:
        names = self._other_names(item.question, source)
        numbers = self._other_numbers(item.question, source)
        texts = self._other_texts(item, source)
        question = _replaced(_replaced(item.question, _NUMBER, numbers), _WORD, names)
        for old, new in texts.items():
            question = question.replace(old, new)
        if item.call:
            return Twin(question, _call(item.call, numbers, texts))
        if has_steps(item.answer):
            plain = {old.replace(",", ""): new.replace(",", "") for old, new in numbers.items()}
            answer = rework(item.answer, plain)
            return Twin(question, answer and _replaced(answer, _WORD, names))
        return Twin(question, None)

    def _other_numbers(self, question: str, source: random.Random) -> dict[str, str]:
        """New numbers of the same shape, different ones for different ones."""
        old = _numbers(question)
        taken = {number.replace(",", "") for number in old}
        chosen: dict[str, str] = {}
        for number in old:
            if fresh := self._numbers[_shape(number)].draw(taken, source):
                chosen[number] = fresh
                taken.add(fresh.replace(",", ""))
        return chosen

    def _other_names(self, question: str, source: random.Random) -> dict[str, str]:
        old = _names(question)
        taken = set(old)
        chosen: dict[str, str] = {}
        for name in old:
            if fresh := self._names[GIVEN_NAMES[name]].draw(taken, source):
                chosen[name] = fresh
                taken.add(fresh)
        return chosen

    def _other_texts(self, item: TestItem, source: random.Random) -> dict[str, str]:
        chosen = {}
        for place, value in _texts(item).items():
            fresh = [other for other in self._arguments[place] if other not in item.question]
            if fresh:
                chosen[value] = source.choice(fresh)
        return chosen


def _numbers(question: str) -> list[str]:
    """Numbers that may be exchanged, each once: they stand alone, and nowhere as a word."""
    alone = _NUMBER.findall(question)
    everywhere = [digits.strip(",") for digits in _DIGITS.findall(question)]
    lower = question.lower()
    return [
        number
        for number in dict.fromkeys(alone)
        if float(number.replace(",", "")) != 1
        and alone.count(number) == everywhere.count(number)
        and not (number in _WORDS_FOR and re.search(rf"\b({_WORDS_FOR[number]})s?\b", lower))
    ]


def _shape(number: str) -> Shape:
    whole, _, decimals = number.partition(".")
    if len(whole) == 4 and not decimals and "1900" <= whole <= "2100":
        return ("year",)
    below_one = "0" if whole == "0" else ""
    return ("," if "," in whole else "", below_one, str(len(whole)), str(len(decimals)))


def _names(question: str) -> list[str]:
    return [word for word in dict.fromkeys(_WORD.findall(question)) if word in GIVEN_NAMES]


def _texts(item: TestItem) -> dict[tuple[str, str], str]:
    """Text arguments of the right call that stand word for word in the question."""
    if not item.call:
        return {}
    try:
        call = parse_call(item.call)
    except ValueError:
        return {}
    return {
        (call.name, name): value
        for name, value in call.arguments.items()
        if isinstance(value, str) and len(value) > 1 and value in item.question
    }


def _call(call: str, numbers: Mapping[str, str], texts: Mapping[str, str]) -> str | None:
    """The call with other arguments, value by value; ``None`` where none of them is exchanged."""
    try:
        parsed = parse_call(call)
    except ValueError:
        return None
    values = {float(old.replace(",", "")): new.replace(",", "") for old, new in numbers.items()}
    renewed = {name: _renewed(value, values, texts) for name, value in parsed.arguments.items()}
    if renewed == dict(parsed.arguments):
        return None
    return f"{parsed.name}({', '.join(f'{name}={value!r}' for name, value in renewed.items())})"


def _renewed(value: object, numbers: Mapping[float, str], texts: Mapping[str, str]) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        new = numbers.get(float(value))
        return value if new is None else json.loads(new)
    if isinstance(value, str):
        return texts.get(value, value)
    if isinstance(value, list):
        return [_renewed(part, numbers, texts) for part in value]
    if isinstance(value, tuple):
        return tuple(_renewed(part, numbers, texts) for part in value)
    if isinstance(value, dict):
        return {key: _renewed(part, numbers, texts) for key, part in value.items()}
    return value


def _replaced(text: str, pattern: re.Pattern[str], table: Mapping[str, str]) -> str:
    return pattern.sub(lambda match: table.get(match[0], match[0]), text)
