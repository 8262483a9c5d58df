"""Numbers in a model's text: which one counts, and whether it is the right one.

Which one counts is inspect's rule: the text is cut at white space, and the last word that reads as
a number counts.  What it is worth is an exact fraction instead of a float, so that two numbers are
equal or they are not.  A number whose value nobody can say (``35²13``, ``½½``) or that no answer
has (``10⁹⁹⁹``) still counts as the last one; it equals nothing.  docs/instrument.md lists what
differs from inspect.

The text is a model's: every step takes time in proportion to its length, and nothing is evaluated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .numerals import ValuelessError, value_of

_NO_NUMBER = re.compile(r"[\x00-\x20#%&/<=>@A-DF-Z^a-df-z|~\x7f]")
"""ASCII characters that no number has, quotes apart: most words end here."""
_MAY_COUNT = re.compile(r"[^\x00-/:-\x7f]")
"""A digit, or a sign beyond ASCII."""
_ESCAPED = re.compile(r"\\([$,£€*_])")
_FORMATTING = re.compile(r"[$,£€*_]")
_POINT = re.compile(r"\.(?!\d)")
_AROUND = "!?:;()[]{}'\"`"

_BOXED = "\\boxed{"
_DELIMITERS_ONLY = re.compile(r"[$*\-#\s]*")


@dataclass(frozen=True)
class Number:
    """A word of the text that counts as a number."""

    text: str
    """Without currency and thousands signs."""
    value: Fraction | None
    """``None``: nobody can say it, or it is too large; such a number equals nothing."""

    def equals(self, other: Number) -> bool:
        """Whether both have a value, and the same one."""
        return self.value is not None and self.value == other.value

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:60]}..."


def last_number(text: str) -> Number | None:
    """The last number anywhere in a text; ``None`` where there is none."""
    for word in reversed(text.split()):
        number = read_number(word)
        if number is not None:
            return number
    return None


def last_line_number(text: str) -> Number | None:
    r"""The last number of the last line that says something, ``\boxed{}`` around it removed.

    A line of nothing but ``$``, ``*``, ``#``, ``-`` and spaces says nothing.
    """
    lines = text.strip().splitlines()
    said = (line for line in reversed(lines) if not _DELIMITERS_ONLY.fullmatch(line))
    return last_number(_without_box(next(said, "")))


def read_number(word: str) -> Number | None:
    """The number that one word without white space stands for; ``None`` if it stands for none."""
    if _NO_NUMBER.search(word) or not _MAY_COUNT.search(word):
        return None
    word = _ESCAPED.sub(r"\1", word.casefold())
    word = _POINT.sub("", _FORMATTING.sub("", word)).strip(_AROUND)
    try:
        return Number(word, value_of(word))
    except ValuelessError:
        return Number(word, None)
    except ValueError:
        return None


def _without_box(line: str) -> str:
    start, end = line.find(_BOXED), line.rfind("}")
    inside = start + len(_BOXED)
    if start < 0 or end <= inside:
        return line
    return line[:start] + line[inside:end] + line[end + 1 :]
