"""Backslash escapes of ``$'...'``, ``echo -e`` and ``printf``."""

from __future__ import annotations

import re

_ANSI = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))",
    re.DOTALL,
)
_OCTAL = re.compile(r"\\0([0-7]{1,3})")
_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r",
            "t": "\t", "v": "\v"}  # fmt: skip


def ansi(text: str, *, octal_zero: bool = False) -> str:
    """Escapes replaced as in ``$'...'``; with ``octal_zero`` as ``echo -e`` and ``%b`` do."""
    if "\\" not in text:
        return text
    return _ANSI.sub(_one, _OCTAL.sub(r"\\\1", text) if octal_zero else text)


def _one(found: re.Match[str]) -> str:
    digits = next((found[n] for n in (1, 2, 3) if found[n]), None)
    if digits is not None:
        code = int(digits, 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "?"
    if found[4] is not None:
        return chr(int(found[4], 8) & 0xFF)
    return _LETTERS.get(found[5], found[5] if found[5] in "\\'\"?" else found[0])
