"""Chinese numerals, everyday and financial forms, as ASCII digits."""

from __future__ import annotations

from collections.abc import Callable

DIGITS = dict(
    zip(
        "零〇○一二三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖两兩幺",
        "000123456789122334566789221",
        strict=True,
    )
)
MINUS, PLUS = "负負", "正"
_ZEROS = "零〇○"
_TENS = {"廿": 20, "卅": 30, "卌": 40}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_GROUPS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
_POINTS = "点點"
_ALL = frozenset([*DIGITS, *_TENS, *_UNITS, *_GROUPS, *_POINTS, *MINUS, *PLUS])


def to_ascii(text: str, digit: Callable[[str], str | None]) -> str:
    """``"一万二千"`` as ``"12000"``; empty where the text is no Chinese numeral.

    Args:
        text: without sign, exponent and fraction sign.
        digit: the value of a digit of any script, Chinese ones too, as one ASCII digit.
    """
    if _ALL.isdisjoint(text):
        return ""
    whole, part = text, ""
    for point in (*_POINTS, "．", "."):
        if point in text:
            whole, _, part = text.partition(point)
            break
    counted = any(char in _TENS or char in _UNITS or char in _GROUPS for char in whole)
    integer = _counted(whole, digit) if counted else _listed(whole, digit)
    decimals = _listed(part, digit)
    return "" if integer is None or decimals is None else f"{integer or '0'}.{decimals}"


def _listed(text: str, digit: Callable[[str], str | None]) -> str | None:
    """Digit by digit: ``二〇二五``."""
    digits = [digit(char) for char in text]
    return None if None in digits else "".join(map(str, digits))


def _counted(text: str, digit: Callable[[str], str | None]) -> str | None:
    """With words for tens and above: ``三千零五``."""
    total = section = number = 0
    for char in text:
        found = digit(char)
        if char in _TENS:
            section += _TENS[char]
        elif char in _UNITS:
            section += (number or 1) * _UNITS[char]
            number = 0
        elif char in _GROUPS:
            total += (section + number) * _GROUPS[char]
            section = number = 0
        elif found is None:
            return None
        elif char not in _ZEROS:
            number = int(found)
    return str(total + section + number)
