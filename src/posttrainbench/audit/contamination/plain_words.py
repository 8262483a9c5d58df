"""The words of a short text: lower-case runs of letters and digits."""

from __future__ import annotations

import re
import unicodedata

_ASCII = bytes(ord(chr(c).lower()) if c < 128 and chr(c).isalnum() else 32 for c in range(256))
_WORD = re.compile(r"[^\W_]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")


def words(text: str) -> list[str]:
    """Case, punctuation, markup and the width of characters do not matter."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII).decode("ascii").split()
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return _WORD.findall(plain.lower())
