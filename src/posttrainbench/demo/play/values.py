"""Samplers of argument values: each gives the words of the question and the value of the call.

A sampler is a line such as ``int 2 40`` or ``pick Euro=EUR|Yen=JPY``; the first word is one of the
methods below.  Numbers come as people write them, so that a model learns to read them: ``4.5%`` for
0.045, ``12,500`` for 12500, ``March 3, 2024`` for ``03-03-2024``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

_GOODS = {
    "apple": "apples", "bread": "loaves of bread", "milk": "bottles of milk", "egg": "eggs",
    "rice": "bags of rice", "tea": "boxes of tea", "tomato": "tomatoes", "cheese": "cheeses",
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """``shown`` stands in the question, ``value`` in the call."""

    shown: str
    value: Any


@dataclass
class Sampler:
    """Draws values; one a question, so that values that belong together agree."""

    random: random.Random
    _bought: dict[str, Value] = field(default_factory=dict)

    def draw(self, line: str) -> Value:
        """A value of the sampler that ``line`` describes."""
        kind, _, rest = line.partition(" ")
        method: Callable[[str], Value] = getattr(self, f"_{kind}")
        return method(rest)

    def _int(self, rest: str) -> Value:
        low, high, *step = (int(part) for part in rest.split())
        number = self.random.randrange(low, high + 1, *step)
        return Value(str(number), number)

    def _thousands(self, rest: str) -> Value:
        low, high, step = (int(part) for part in rest.split())
        number = self.random.randrange(low, high + 1, step)
        return Value(f"{number:,}" if self.random.random() < 0.75 else str(number), number)

    def _decimal(self, rest: str) -> Value:
        low, high, digits = rest.split()
        number = round(self.random.uniform(float(low), float(high)), int(digits))
        return Value(str(number), number)

    def _number(self, rest: str) -> Value:
        return self._int(rest) if self.random.random() < 0.6 else self._decimal(f"{rest} 1")

    def _percent(self, rest: str) -> Value:
        """Half of the time whole, shown as a percentage, meant as a fraction."""
        low, high = (int(part) for part in rest.split())
        tenths = self.random.randrange(low * 10, high * 10 + 1, self.random.choice((10, 10, 5)))
        shown = str(tenths // 10) if tenths % 10 == 0 else str(tenths / 10)
        return Value(shown + self.random.choice(("%", "%", " percent")), tenths / 1000)

    def _percents(self, rest: str) -> Value:
        least, most, low, high = rest.split()
        drawn = [self._percent(f"{low} {high}") for _ in self._count(least, most)]
        shown = [f"{value.shown.removesuffix(' percent').removesuffix('%')}%" for value in drawn]
        return Value(_enumerated(shown), [value.value for value in drawn])

    def _pick(self, rest: str) -> Value:
        shown, _, meant = self.random.choice(rest.split("|")).partition("=")
        return Value(shown, meant or shown)

    def _flag(self, rest: str) -> Value:
        truth = self.random.random() < 0.5
        return Value(rest.split("|")[0 if truth else 1], truth)

    def _code(self, rest: str) -> Value:
        """``A`` stands for a letter, ``F`` a hexadecimal digit, ``9`` a digit, ``b`` a bit."""
        kinds = {
            "A": "ABCDEFGHJKLMNPQRSTUVWXYZ",
            "F": "0123456789ABCDEF",
            "9": "0123456789",
            "b": "01",
        }
        text = "".join(self.random.choice(kinds.get(letter, letter)) for letter in rest)
        return Value(text, text)

    def _ip(self, _: str) -> Value:
        text = ".".join(str(self.random.randint(1, 254)) for _ in range(4))
        return Value(text, text)

    def _date(self, rest: str) -> Value:
        day = date(2021, 1, 1) + timedelta(days=self.random.randrange(2000))
        shown = self.random.choice(
            (f"{day:%B} {day.day}, {day.year}", f"{day:%B} {day.day} {day.year}")
        )
        return Value(shown, f"{day:{rest}}")

    def _ints(self, rest: str) -> Value:
        least, most, low, high = rest.split()
        numbers = [self.random.randint(int(low), int(high)) for _ in self._count(least, most)]
        return Value(self._listed(numbers), numbers)

    def _decimals(self, rest: str) -> Value:
        least, most, low, high = rest.split()
        numbers = [
            round(self.random.uniform(float(low), float(high)), 1) for _ in self._count(least, most)
        ]
        return Value(json.dumps(numbers), numbers)

    def _numbers(self, rest: str) -> Value:
        return self._ints(rest) if self.random.random() < 0.7 else self._decimals(rest)

    def _point(self, _: str) -> Value:
        pair = [round(self.random.uniform(-120, 120), 2) for _ in range(2)]
        return Value(f"({pair[0]}, {pair[1]})", pair)

    def _position(self, _: str) -> Value:
        latitude = round(self.random.uniform(-80, 80), 2)
        longitude = round(self.random.uniform(-170, 170), 2)
        shown = self.random.choice((
            f"{latitude} latitude and {longitude} longitude",
            f"latitude {latitude}, longitude {longitude}",
            f"a latitude of {latitude} and a longitude of {longitude}",
        ))  # fmt: skip
        return Value(shown, [latitude, longitude])

    def _pairs(self, rest: str) -> Value:
        pairs = [[self.random.randint(0, 12) for _ in range(2)] for _ in self._count(*rest.split())]
        if self.random.random() < 0.6:
            inner = [f"[{x},{y}]" for x, y in pairs]
            return Value(f"[{', '.join(inner)}]", pairs)
        return Value(_enumerated([f"({x},{y})" for x, y in pairs]), pairs)

    def _matrix(self, rest: str) -> Value:
        size = int(rest)
        rows = [[self.random.randint(0, 12) for _ in range(size)] for _ in range(size)]
        return Value(json.dumps(rows), rows)

    def _poly(self, rest: str) -> Value:
        """A polynomial as in a school book, meant as Python."""
        degree = self.random.choice((1, 2, 2, 3))
        shown, meant = "", ""
        for power in range(degree, -1, -1):
            factor = self.random.randint(1, 9)
            sign = "" if not shown else self.random.choice((" + ", " + ", " - "))
            visible = "" if factor == 1 and power else str(factor)
            shown += sign + visible + ("" if power == 0 else "x" if power == 1 else f"x^{power}")
            times = f"{factor}*" if visible and power else visible
            meant += sign + times + ("" if power == 0 else "x" if power == 1 else f"x**{power}")
        return Value(shown, f"lambda x: {meant}" if rest == "lambda" else meant)

    def _basket(self, rest: str) -> Value:
        """Names, counts and prices of one shopping list; its words stand with the names."""
        if not self._bought:
            names = self.random.sample(sorted(_GOODS), self.random.randint(2, 3))
            counts = [self.random.randint(2, 40) for _ in names]
            prices = [self.random.choice((1, 2, 3, 4, 0.5, 1.5, 0.2)) for _ in names]
            rows = zip(counts, names, prices, strict=True)
            texts = [f"{count} {_GOODS[name]} at ${price} each" for count, name, price in rows]
            shown = " and ".join(texts) if len(texts) == 2 else _enumerated(texts)
            self._bought = {
                "names": Value(shown, names),
                "counts": Value("", counts),
                "prices": Value("", prices),
            }
        return self._bought[rest]

    def _count(self, least: str, most: str) -> range:
        return range(self.random.randint(int(least), int(most)))

    def _listed(self, numbers: list[int]) -> str:
        way = self.random.random()
        if way < 0.4:
            return json.dumps(numbers)
        texts = [str(number) for number in numbers]
        return ", ".join(texts) if way < 0.7 else _enumerated(texts)


def _enumerated(texts: list[str]) -> str:
    return f"{', '.join(texts[:-1])}, and {texts[-1]}" if len(texts) > 1 else texts[0]
