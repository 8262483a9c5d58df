"""The exact value of one word that is written as a number, in any script.

The grammar is that of inspect's numeric scorers: what Python's ``float`` reads, several signs,
digits of any script with apostrophes between them, one fraction sign (``2½``), one exponent at the
end (``5²``; the sign belongs to the base), a numeral that is one sign (``Ⅻ``), Chinese numerals.
``nan`` and ``inf`` are no numbers.  Time is in proportion to the length, whatever the value.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from . import chinese

MAX_DIGITS = 300
"""A number that needs more digits when it is written out has no value here.  No answer has as many,
and a float can hold hardly more."""

_PLAIN = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?")
_MINUS, _PLUS = "-−﹣－", "+＋﹢"
_ALL_MINUS = _MINUS + chinese.MINUS
_SIGNS = _ALL_MINUS + _PLUS + chinese.PLUS
_DECIMAL_POINTS = ".٫．"
_SEPARATORS = ",，﹐、٬'’ʼ＇"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_TO_ASCII = str.maketrans(_SUPERSCRIPTS + "⁻⁺", "0123456789-+")


class ValuelessError(ValueError):
    """It is written as a number, but equals nothing: nobody can say its value."""


def value_of(word: str) -> Fraction | None:
    """What a word in lower case, without white space, is worth; ``None`` where that is too much.

    Raises:
        ValueError: it is no number.
        ValuelessError: signs of numbers in an order that has no value, such as ``35²13``.
    """
    plain = _PLAIN.fullmatch(word)
    if plain and (plain[2] or plain[3]):
        return _exact(plain[1], plain[2], plain[3] or "", plain[4] or "0")
    unsigned = word.lstrip(_SIGNS)
    negative = sum(word[: len(word) - len(unsigned)].count(sign) for sign in _ALL_MINUS) % 2
    try:
        return _without_sign(unsigned, -1 if negative else 1)
    except ValueError as error:
        if unsigned.isnumeric():
            raise ValuelessError("numerals in disorder") from error
        raise


def _without_sign(text: str, sign: int) -> Fraction | None:
    if len(text) == 1 and unicodedata.numeric(text, None) is not None:
        return sign * _numeral(text)
    base, exponent = _split_exponent(text)
    value = _with_fraction_sign(base)
    if value is None or exponent is None:
        return None if value is None else sign * value
    return _power(sign * value, exponent)


def _split_exponent(text: str) -> tuple[str, str | None]:
    """``("5", "2")`` for ``5²``; a text of superscripts alone has no exponent."""
    body = text.rstrip(_SEPARATORS)
    base = body.rstrip(_SUPERSCRIPTS)
    if base == body:
        return text, None
    if base and base[-1] in "⁻⁺":
        base = base[:-1]
    if not base:
        return text, None
    return base, body[len(base) :].translate(_TO_ASCII)


def _with_fraction_sign(text: str) -> Fraction | None:
    at = [] if text.isascii() else [i for i, char in enumerate(text) if _is_part(char)]
    if not at:
        return _digits(text)
    if len(at) > 1 or text[at[0] + 1 :].strip(_SEPARATORS):
        raise ValueError("a number has one fraction sign, at its end")
    head = text[: at[0]]
    whole = _digits(head) if head else Fraction(0)
    return None if whole is None else whole + _numeral(text[at[0]])


def _is_part(char: str) -> bool:
    return 0 < unicodedata.numeric(char, 0) < 1


def _numeral(char: str) -> Fraction:
    """The value of one numeric sign; those between two integers have small denominators.

    Raises:
        ValueError: it has no numeric value.
    """
    return Fraction(unicodedata.numeric(char)).limit_denominator(1000)


def _digits(text: str) -> Fraction | None:
    """Digits of any script with separators, one decimal point and one exponent ``e``."""
    ascii_text = chinese.to_ascii(text, _digit)
    if len(text) == 1 and not ascii_text and _digit(text) is None:
        return _numeral(text)
    ascii_text = ascii_text or _to_ascii(text)
    match = _PLAIN.fullmatch(ascii_text)
    if not match or match[1] or not (match[2] or match[3]):
        raise ValueError("no number")
    if any(char in _SUPERSCRIPTS for char in text):
        raise ValuelessError("superscripts among digits")
    return _exact("", match[2], match[3] or "", match[4] or "0")


def _to_ascii(text: str) -> str:
    plain = []
    previous = ""
    for char in text:
        digit = _digit(char)
        if digit is not None:
            plain.append(digit)
        elif char in _DECIMAL_POINTS:
            plain.append(".")
        elif char == "e":
            plain.append("e")
        elif previous == "e" and char in _MINUS + _PLUS:
            plain.append("-" if char in _MINUS else "+")
        elif char not in _SEPARATORS:
            raise ValueError("no number")
        previous = char
    return "".join(plain)


def _digit(char: str) -> str | None:
    digit = unicodedata.digit(char, None)
    return chinese.DIGITS.get(char) if digit is None else str(digit)


class _Digits(dict[int, str]):
    """A translation table to ASCII digits, filled as signs are met."""

    def __missing__(self, code: int) -> str:
        return self.setdefault(code, _digit(chr(code)) or chr(code))


_TABLE = _Digits()


def _exact(sign: str, whole: str, fraction: str, exponent: str) -> Fraction | None:
    digits = (whole + fraction).translate(_TABLE).lstrip("0")
    if not digits:
        return Fraction(0)
    power = _small_integer(exponent.translate(_TABLE))
    significant = digits.rstrip("0")
    if power is None:
        return None
    scale = power - len(fraction) + len(digits) - len(significant)
    if len(significant) + abs(scale) > MAX_DIGITS:
        return None
    value = int(significant) * Fraction(10) ** scale
    return -value if sign == "-" else value


def _small_integer(text: str) -> int | None:
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > 9:
        return None
    return -int(digits or "0") if text.startswith("-") else int(digits or "0")


def _power(base: Fraction, exponent: str) -> Fraction | None:
    power = _small_integer(exponent)
    if base == 0 and (power is None or power < 0):
        raise ValueError("a division by zero is no number")
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if power is None or (abs(base) not in (0, 1) and size * abs(power) > 3 * MAX_DIGITS):
        return None
    return base**power
